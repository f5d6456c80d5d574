//! Random batches that follow all rules of `wit/data.wit`.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use weir_data::records::{Column, Encoding, Format, Headers, Records, Topics, Values};
use weir_data::schema::{Schema, SchemaNode, SchemaType};

/// Generates a batch of up to 40 records.
pub(crate) fn records() -> impl Strategy<Value = Records> {
    (0_usize..40, vec(format(), 0..4)).prop_flat_map(|(count, formats)| {
        let columns = (
            topics(count),
            entries_or_none(-1_i32..1000, count),
            entries_or_none(-1_i64..i64::MAX, count),
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

/// Generates one entry for each record, or none.
fn entries_or_none<T: Strategy + Clone>(entry: T, count: usize) -> impl Strategy<Value = Vec<T::Value>>
where
    T::Value: Clone,
{
    prop_oneof![Just(Vec::new()), vec(entry, count)]
}

fn topics(count: usize) -> impl Strategy<Value = Topics> {
    vec("[a-zA-Z0-9_-]{1,20}", 1..4).prop_flat_map(move |names| {
        let name_index = entries_or_none(0..names.len() as u32, count);
        name_index.prop_map(move |name_index| Topics { names: names.clone(), name_index })
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
        entries_or_none(0..formats.len() as u32, count).boxed()
    };
    indexes
        .prop_flat_map(move |indexes| {
            let entry = |index: usize| {
                let index = indexes.get(index).copied().unwrap_or(0) as usize;
                option::weighted(0.8, bytes(formats.get(index).map_or(Encoding::Bytes, |format| format.encoding)))
            };
            let entries: Vec<_> = (0..count).map(entry).collect();
            (Just(indexes), entries, any::<bool>()).prop_map(|(formats, entries, short)| {
                let Column { lengths, bytes } = Column::from_entries(entries);
                // Only a column of nulls may have the short form.
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
    entries_or_none(0_u32..3, count)
        .prop_flat_map(move |counts| {
            let total = counts.iter().sum::<u32>() as usize;
            (Just(counts), vec(".{0,10}", total), values(formats.clone(), total))
        })
        .prop_map(|(counts, names, values)| Headers {
            counts,
            names: Column::from_entries(names.iter().map(Some)),
            values,
        })
        .boxed()
}
