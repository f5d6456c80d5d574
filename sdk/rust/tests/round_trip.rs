//! Any batch that the host writes, the SDK reads the same, and any batch that the SDK writes, the host takes and reads the same.
//! The model is the plainest there is: a list of records. (runtime/plugin's tests send batches through a real sandbox.)

use std::sync::Arc;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use weir_data::records::{self as host, Encoding};
use weir_data::schema as host_schema;
use weir_sdk::batch::{BatchBuilder, Budget};
use weir_sdk::bindings::host::weir::connect::data as sdk;
use weir_sdk::record::{Data, RecordIter};
use weir_sdk::schema::{Schema, SchemaRef};

/// A key, a value or a header's value: its bytes, how they are to be read, and its schema.
#[derive(Clone, Debug, PartialEq)]
struct Cell {
    bytes: Option<Vec<u8>>,
    encoding: Encoding,
    schema: Option<Schema>,
}

#[derive(Clone, Debug, PartialEq)]
struct Record {
    topic: String,
    partition: Option<i32>,
    timestamp: Option<i64>,
    key: Cell,
    value: Cell,
    headers: Vec<(String, Cell)>,
}

fn schemas() -> Vec<Schema> {
    vec![
        Schema::int32().optional().build(),
        Schema::structure("s")
            .field("a", Schema::array(Schema::decimal(2)))
            .field("b", Schema::date())
            .version(3)
            .build(),
        Schema::map(Schema::string(), Schema::int8().default_json("1").doc("d")).build(),
    ]
}

fn cell() -> impl Strategy<Value = Cell> {
    let new = |encoding, bytes: Vec<u8>, schema| Cell { bytes: Some(bytes), encoding, schema };
    let text = Schema::string().optional().build();
    let bytes = Schema::bytes().build();
    prop_oneof![
        Just(Cell { bytes: None, encoding: Encoding::Bytes, schema: None }),
        vec(any::<u8>(), 0..6).prop_map(move |bytes| new(Encoding::Bytes, bytes, None)),
        vec(any::<u8>(), 0..6).prop_map(move |some| new(Encoding::Bytes, some, Some(bytes.clone()))),
        "[a-zäß€]{0,5}".prop_map(move |some| new(Encoding::Utf8, some.into_bytes(), None)),
        "[a-zäß€]{0,5}".prop_map(move |some| new(Encoding::Utf8, some.into_bytes(), Some(text.clone()))),
        any::<i32>().prop_map(move |number| new(Encoding::Json, number.to_string().into_bytes(), None)),
        prop::sample::select(schemas()).prop_map(move |schema| new(Encoding::Json, b"{}".to_vec(), Some(schema))),
        prop::sample::select(schemas())
            .prop_map(|schema| { Cell { bytes: None, encoding: Encoding::Json, schema: Some(schema) } }),
    ]
}

fn record() -> impl Strategy<Value = Record> {
    let topic = prop::sample::select(vec!["a", "b", "a.longer-topic_name"]).prop_map(String::from);
    let partition = prop::option::of(0..9_i32);
    let timestamp = prop::option::of(0..9_i64);
    (topic, partition, timestamp, cell(), cell(), vec(("[a-zü]{0,3}", cell()), 0..3)).prop_map(
        |(topic, partition, timestamp, key, value, headers)| Record {
            topic,
            partition,
            timestamp,
            key,
            value,
            headers,
        },
    )
}

/// Records of which some columns are the same throughout, because those have short forms.
fn records() -> impl Strategy<Value = Vec<Record>> {
    (vec(record(), 0..12), record(), any::<[bool; 6]>()).prop_map(|(mut records, one, same)| {
        let [topic, partition, timestamp, key, value, headers] = same;
        for record in &mut records {
            if topic {
                record.topic.clone_from(&one.topic);
            }
            if partition {
                record.partition = None;
            }
            if timestamp {
                record.timestamp = None;
            }
            if key {
                record.key = Cell { bytes: None, encoding: Encoding::Bytes, schema: None };
            }
            if value {
                record.value = one.value.clone();
            }
            if headers {
                record.headers.clear();
            }
        }
        records
    })
}

fn data(cell: &Cell) -> Data<'_> {
    let text = |bytes| std::str::from_utf8(bytes).expect("the model's texts are texts");
    match (&cell.bytes, cell.encoding) {
        (None, _) => Data::Null,
        (Some(bytes), Encoding::Bytes) => Data::Bytes(bytes),
        (Some(bytes), Encoding::Utf8) => Data::Text(text(bytes)),
        (Some(bytes), Encoding::Json) => Data::Json(text(bytes)),
    }
}

/// As an author writes it.
fn written_by_the_sdk(records: &[Record]) -> sdk::Records {
    let mut batch =
        BatchBuilder::new(Budget { max_records: u32::MAX, max_bytes: u32::MAX, max_wait: Duration::ZERO }, 0);
    for record in records {
        let mut written = batch.record(&record.topic).key(data(&record.key)).value(data(&record.value));
        if let Some(partition) = record.partition {
            written = written.partition(partition);
        }
        if let Some(timestamp) = record.timestamp {
            written = written.timestamp(timestamp);
        }
        if let Some(schema) = &record.key.schema {
            written = written.key_schema(schema);
        }
        if let Some(schema) = &record.value.schema {
            written = written.value_schema(schema);
        }
        for (name, value) in &record.headers {
            written = written.header(name, data(value), value.schema.as_ref());
        }
        written.push();
    }
    batch.finish().expect("the budget is large").records
}

/// As an author reads it.
fn read_by_the_sdk(records: &sdk::Records) -> Vec<Record> {
    let cell = |data: Data<'_>, schema: Option<SchemaRef<'_>>| Cell {
        bytes: data.as_bytes().map(<[u8]>::to_vec),
        encoding: match data {
            Data::Bytes(_) => Encoding::Bytes,
            Data::Text(_) => Encoding::Utf8,
            Data::Json(_) => Encoding::Json,
            Data::Null => of_null(schema.is_some()),
        },
        schema: schema.map(SchemaRef::to_schema),
    };
    RecordIter::new(records)
        .map(|record| Record {
            topic: record.topic().into(),
            partition: record.partition(),
            timestamp: record.timestamp(),
            key: cell(record.key(), record.key_schema()),
            value: cell(record.value(), record.value_schema()),
            headers: record.headers().map(|header| (header.name.into(), cell(header.value, header.schema))).collect(),
        })
        .collect()
}

/// A null's encoding says nothing; the model has one for each case.
fn of_null(schema: bool) -> Encoding {
    if schema { Encoding::Json } else { Encoding::Bytes }
}

/// As the runtime reads it.
fn read_by_the_host(records: &host::Records) -> Vec<Record> {
    let cell = |bytes: Option<&[u8]>, format: &host::Format| Cell {
        bytes: bytes.map(<[u8]>::to_vec),
        encoding: if bytes.is_some() { format.encoding } else { of_null(format.schema.is_some()) },
        schema: format
            .schema
            .as_deref()
            .map(|schema| Schema::from_nodes(schema.nodes.iter().map(to_sdk_node).collect())),
    };
    let count = records.count;
    let formats = &records.formats;
    let columns = records.keys.iter(count).zip(records.values.iter(count)).zip(records.headers.per_record(count));
    columns
        .enumerate()
        .map(|(record, ((key, value), headers))| Record {
            topic: records.topics.topic(record).into(),
            partition: records.partition(record),
            timestamp: records.timestamp(record),
            key: cell(key, records.keys.format_of(record, formats)),
            value: cell(value, records.values.format_of(record, formats)),
            headers: headers
                .map(|header| {
                    let format = formats.get(header.format).unwrap_or(&host::NO_FORMAT);
                    (String::from_utf8_lossy(header.name).into_owned(), cell(header.value, format))
                })
                .collect(),
        })
        .collect()
}

/// As the runtime writes it: every column at full length, where the SDK would write the short form.
fn written_by_the_host(records: &[Record]) -> host::Records {
    let mut formats = Vec::new();
    let mut values = |cells: Vec<&Cell>| {
        let mut column = host::Values::default();
        for cell in cells {
            column.push_bytes(cell.bytes.as_deref());
            let schema = cell.schema.as_ref().map(|schema| {
                Arc::new(host_schema::Schema { nodes: schema.nodes().iter().map(to_host_node).collect() })
            });
            let encoding = match cell.schema.as_ref().map(Schema::kind) {
                Some(sdk::SchemaType::String) => Encoding::Utf8,
                Some(sdk::SchemaType::Bytes) => Encoding::Bytes,
                _ => cell.encoding,
            };
            column.formats.push(host::Format { encoding, schema }.index_in(&mut formats));
        }
        column
    };
    let (keys, all) = (
        values(records.iter().map(|record| &record.key).collect()),
        records.iter().map(|record| &record.value).collect(),
    );
    let (all, headers): (Vec<_>, Vec<_>) = (all, records.iter().flat_map(|record| &record.headers).collect());
    let of = values(all);
    let header_values = values(headers.iter().map(|(_, value)| value).collect());
    let mut names: Vec<String> = records.iter().map(|record| record.topic.clone()).collect();
    names.sort();
    names.dedup();
    let topic = |record: &Record| names.iter().position(|name| *name == record.topic).unwrap_or_default() as u32;
    host::Records {
        count: records.len() as u32,
        topics: host::Topics { name_index: records.iter().map(topic).collect(), names },
        partitions: records.iter().map(|record| record.partition.unwrap_or(-1)).collect(),
        timestamps: records.iter().map(|record| record.timestamp.unwrap_or(-1)).collect(),
        keys,
        values: of,
        headers: host::Headers {
            counts: records.iter().map(|record| record.headers.len() as u32).collect(),
            names: host::Column::from_entries(headers.iter().map(|(name, _)| Some(name))),
            values: header_values,
        },
        formats,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn the_host_takes_and_reads_what_the_sdk_writes(records in records()) {
        let written = written_by_the_sdk(&records);
        prop_assert_eq!(&read_by_the_sdk(&written), &records);
        let taken = to_host(written);
        prop_assert_eq!(taken.check(), Ok(()));
        prop_assert_eq!(read_by_the_host(&taken), records);
    }

    #[test]
    fn the_sdk_reads_what_the_host_writes(records in records()) {
        let written = written_by_the_host(&records);
        prop_assert_eq!(written.check(), Ok(()));
        prop_assert_eq!(read_by_the_sdk(&to_sdk(written)), records);
    }
}

// What crosses the boundary field by field: the two sides have types of their own for it.

fn to_host(records: sdk::Records) -> host::Records {
    let column = |column: sdk::Column| host::Column { lengths: column.lengths, bytes: column.bytes };
    let values = |of: sdk::Values| host::Values { lengths: of.lengths, bytes: of.bytes, formats: of.format_index };
    host::Records {
        count: records.count,
        topics: host::Topics { names: records.topics.names, name_index: records.topics.name_index },
        partitions: records.partitions,
        timestamps: records.timestamps,
        formats: records
            .formats
            .into_iter()
            .map(|format| host::Format {
                encoding: match format.encoding {
                    sdk::Encoding::Bytes => Encoding::Bytes,
                    sdk::Encoding::Utf8 => Encoding::Utf8,
                    sdk::Encoding::Json => Encoding::Json,
                },
                schema: format.schema.map(|schema| {
                    Arc::new(host_schema::Schema { nodes: schema.nodes.iter().map(to_host_node).collect() })
                }),
            })
            .collect(),
        keys: values(records.keys),
        values: values(records.values),
        headers: host::Headers {
            counts: records.headers.counts,
            names: column(records.headers.names),
            values: values(records.headers.values),
        },
    }
}

fn to_sdk(records: host::Records) -> sdk::Records {
    let column = |column: host::Column| sdk::Column { lengths: column.lengths, bytes: column.bytes };
    let values = |of: host::Values| sdk::Values { lengths: of.lengths, bytes: of.bytes, format_index: of.formats };
    sdk::Records {
        count: records.count,
        topics: sdk::TopicColumn { names: records.topics.names, name_index: records.topics.name_index },
        partitions: records.partitions,
        timestamps: records.timestamps,
        formats: records
            .formats
            .into_iter()
            .map(|format| sdk::Format {
                encoding: match format.encoding {
                    Encoding::Bytes => sdk::Encoding::Bytes,
                    Encoding::Utf8 => sdk::Encoding::Utf8,
                    Encoding::Json => sdk::Encoding::Json,
                },
                schema: format
                    .schema
                    .map(|schema| sdk::Schema { nodes: schema.nodes.iter().map(to_sdk_node).collect() }),
            })
            .collect(),
        keys: values(records.keys),
        values: values(records.values),
        headers: sdk::HeaderColumns {
            counts: records.headers.counts,
            names: column(records.headers.names),
            values: values(records.headers.values),
        },
    }
}

/// The types, one beside the other.
const KINDS: [(sdk::SchemaType, host_schema::SchemaType); 12] = [
    (sdk::SchemaType::Int8, host_schema::SchemaType::Int8),
    (sdk::SchemaType::Int16, host_schema::SchemaType::Int16),
    (sdk::SchemaType::Int32, host_schema::SchemaType::Int32),
    (sdk::SchemaType::Int64, host_schema::SchemaType::Int64),
    (sdk::SchemaType::Float32, host_schema::SchemaType::Float32),
    (sdk::SchemaType::Float64, host_schema::SchemaType::Float64),
    (sdk::SchemaType::Boolean, host_schema::SchemaType::Boolean),
    (sdk::SchemaType::String, host_schema::SchemaType::String),
    (sdk::SchemaType::Bytes, host_schema::SchemaType::Bytes),
    (sdk::SchemaType::Array, host_schema::SchemaType::Array),
    (sdk::SchemaType::Map, host_schema::SchemaType::Map),
    (sdk::SchemaType::Struct, host_schema::SchemaType::Struct),
];

fn to_host_node(node: &sdk::SchemaNode) -> host_schema::SchemaNode {
    let node = node.clone();
    host_schema::SchemaNode {
        kind: KINDS.iter().find(|(kind, _)| *kind == node.kind).expect("all are listed").1,
        optional: node.optional,
        name: node.name,
        version: node.version,
        doc: node.doc,
        parameters: node.parameters,
        default: node.default,
        children: node.children,
        field_names: node.field_names,
    }
}

fn to_sdk_node(node: &host_schema::SchemaNode) -> sdk::SchemaNode {
    let node = node.clone();
    sdk::SchemaNode {
        kind: KINDS.iter().find(|(_, kind)| *kind == node.kind).expect("all are listed").0,
        optional: node.optional,
        name: node.name,
        version: node.version,
        doc: node.doc,
        parameters: node.parameters,
        default: node.default,
        children: node.children,
        field_names: node.field_names,
    }
}
