//! Random batches that keep every promise of `wit/data.wit`.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use weir_data::records::{Column, Encoding, Format, Headers, Records, Topics, Values};
use weir_data::schema::{Schema, SchemaNode, SchemaType};

/// A batch of up to 40 rows.
pub(crate) fn records() -> impl Strategy<Value = Records> {
    (0_usize..40, vec(format(), 0..4)).prop_flat_map(|(count, formats)| {
        let columns = (
            topics(count),
            rows_or_none(-1_i32..1000, count),
            rows_or_none(-1_i64..i64::MAX, count),
            values(formats.clone(), count),
            values(formats.clone(), count),
            headers(formats.clone(), count),
        );
        columns.prop_map(move |(topics, partitions, timestamps, keys, values, headers)| Records {
            count: count as u32,
            topics,
            partitions,
            timestamps,
            formats: formats.clone(),
            keys,
            values,
            headers,
        })
    })
}

/// One entry for each row, or none at all.
fn rows_or_none<T: Strategy + Clone>(entry: T, count: usize) -> impl Strategy<Value = Vec<T::Value>>
where
    T::Value: Clone,
{
    prop_oneof![Just(Vec::new()), vec(entry, count)]
}

fn topics(count: usize) -> impl Strategy<Value = Topics> {
    vec("[a-zA-Z0-9_-]{1,20}", 1..4).prop_flat_map(move |names| {
        let rows = rows_or_none(0..names.len() as u32, count);
        rows.prop_map(move |rows| Topics { names: names.clone(), rows })
    })
}

fn format() -> impl Strategy<Value = Format> {
    let plain = prop_oneof![Just(Encoding::Bytes), Just(Encoding::Utf8), Just(Encoding::Json)].prop_map(Format::plain);
    let with = |encoding, schema: BoxedStrategy<Schema>| {
        schema.prop_map(move |schema| Format::with_schema(encoding, Arc::new(schema)))
    };
    prop_oneof![
        plain,
        with(Encoding::Bytes, leaf(SchemaType::Bytes)),
        with(Encoding::Utf8, leaf(SchemaType::String)),
        with(Encoding::Json, schema()),
    ]
}

fn leaf(kind: SchemaType) -> BoxedStrategy<Schema> {
    let texts = (option::of(".{0,8}"), option::of(".{0,8}"), vec((".{0,5}", ".{0,5}"), 0..3));
    let rest = (any::<bool>(), option::of(any::<i32>()), option::of(Just("null".to_owned())));
    (texts, rest)
        .prop_map(move |((name, doc, parameters), (optional, version, default))| {
            let node = SchemaNode { optional, name, version, doc, parameters, default, ..SchemaNode::new(kind) };
            Schema { nodes: vec![node] }
        })
        .boxed()
}

fn schema() -> BoxedStrategy<Schema> {
    let leaves = prop_oneof![
        leaf(SchemaType::Int8),
        leaf(SchemaType::Int64),
        leaf(SchemaType::Float64),
        leaf(SchemaType::Boolean),
        leaf(SchemaType::String),
    ];
    leaves
        .prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                inner.clone().prop_map(Schema::array),
                (inner.clone(), inner.clone()).prop_map(|(key, value)| Schema::map(key, value)),
                vec(inner, 0..4).prop_map(|fields| {
                    let named = fields.into_iter().enumerate();
                    Schema::structure(named.map(|(index, schema)| (format!("field {index} ü"), schema)))
                }),
            ]
        })
        .boxed()
}

fn values(formats: Vec<Format>, count: usize) -> BoxedStrategy<Values> {
    let indexes = if formats.is_empty() {
        Just(Vec::new()).boxed()
    } else {
        rows_or_none(0..formats.len() as u32, count).boxed()
    };
    indexes
        .prop_flat_map(move |indexes| {
            let row = |row: usize| {
                let index = indexes.get(row).copied().unwrap_or(0) as usize;
                option::weighted(0.8, bytes(formats.get(index).map_or(Encoding::Bytes, |format| format.encoding)))
            };
            let rows: Vec<_> = (0..count).map(row).collect();
            (Just(indexes), rows, any::<bool>()).prop_map(|(formats, rows, short)| {
                let Column { lengths, bytes } = Column::from_rows(rows);
                // Nulls only may be written the short way.
                let lengths = if short && lengths.iter().all(|&length| length == -1) { Vec::new() } else { lengths };
                Values { lengths, bytes, formats }
            })
        })
        .boxed()
}

fn bytes(encoding: Encoding) -> BoxedStrategy<Vec<u8>> {
    match encoding {
        Encoding::Bytes => vec(any::<u8>(), 0..60).boxed(),
        Encoding::Utf8 => ".{0,30}".prop_map(String::into_bytes).boxed(),
        Encoding::Json => prop_oneof![
            any::<i64>().prop_map(|number| number.to_string()),
            "[a-zäöü ]{0,20}".prop_map(|text| format!("\"{text}\"")),
            "[a-z]{1,5}".prop_map(|name| format!("{{\"{name}\":[1,null,true]}}")),
        ]
        .prop_map(String::into_bytes)
        .boxed(),
    }
}

fn headers(formats: Vec<Format>, count: usize) -> BoxedStrategy<Headers> {
    rows_or_none(0_u32..3, count)
        .prop_flat_map(move |counts| {
            let total = counts.iter().sum::<u32>() as usize;
            (Just(counts), vec(".{0,10}", total), values(formats.clone(), total))
        })
        .prop_map(|(counts, names, values)| Headers {
            counts,
            names: Column::from_rows(names.iter().map(Some)),
            values,
        })
        .boxed()
}
