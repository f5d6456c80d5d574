//! Converts batches between the types of the runtime and those of the SDK, as the bindings do in a worker.

use weir_data::records::{self as host, Column, Encoding, Format, Headers, Records, Topics, Values};
use weir_data::schema as host_schema;
use weir_data::transformed::{StepFailure, Transformed};
use weir_sdk::bindings::host::weir::connect::data as guest;
use weir_sdk::bindings::transform::interface as transform;
use weir_sdk::schema::{SchemaNode, SchemaType};

const KINDS: [(SchemaType, host_schema::SchemaType); 12] = [
    (SchemaType::Int8, host_schema::SchemaType::Int8),
    (SchemaType::Int16, host_schema::SchemaType::Int16),
    (SchemaType::Int32, host_schema::SchemaType::Int32),
    (SchemaType::Int64, host_schema::SchemaType::Int64),
    (SchemaType::Float32, host_schema::SchemaType::Float32),
    (SchemaType::Float64, host_schema::SchemaType::Float64),
    (SchemaType::Boolean, host_schema::SchemaType::Boolean),
    (SchemaType::String, host_schema::SchemaType::String),
    (SchemaType::Bytes, host_schema::SchemaType::Bytes),
    (SchemaType::Array, host_schema::SchemaType::Array),
    (SchemaType::Map, host_schema::SchemaType::Map),
    (SchemaType::Struct, host_schema::SchemaType::Struct),
];

const ENCODINGS: [(guest::Encoding, Encoding); 3] = [
    (guest::Encoding::Bytes, Encoding::Bytes),
    (guest::Encoding::Utf8, Encoding::Utf8),
    (guest::Encoding::Json, Encoding::Json),
];

pub(crate) fn to_guest(records: Records, offset: i64) -> guest::TransformBatch {
    let records = guest::Records {
        count: records.count,
        topics: guest::TopicColumn { names: records.topics.names, name_index: records.topics.name_index },
        partitions: records.partitions,
        timestamps: records.timestamps,
        formats: records.formats.iter().map(format_to_guest).collect(),
        keys: values_to_guest(records.keys),
        values: values_to_guest(records.values),
        headers: guest::HeaderColumns {
            counts: records.headers.counts,
            names: guest::Column { lengths: records.headers.names.lengths, bytes: records.headers.names.bytes },
            values: values_to_guest(records.headers.values),
        },
    };
    guest::TransformBatch { records, offsets: vec![offset] }
}

pub(crate) fn to_host(answer: transform::Transformed) -> Transformed {
    let failure = |failure: transform::StepFailure| StepFailure {
        index: failure.index,
        step: failure.step,
        message: failure.message,
        retriable: failure.retriable,
    };
    Transformed {
        origins: answer.origins,
        topics: answer.topics.map(|topics| Topics { names: topics.names, name_index: topics.name_index }),
        partitions: answer.partitions,
        timestamps: answer.timestamps,
        added_formats: answer.added_formats.iter().map(format_to_host).collect(),
        keys: answer.keys.map(values_to_host),
        values: answer.values.map(values_to_host),
        headers: answer.headers.map(|headers| Headers {
            counts: headers.counts,
            names: Column { lengths: headers.names.lengths, bytes: headers.names.bytes },
            values: values_to_host(headers.values),
        }),
        failures: answer.failures.into_iter().map(failure).collect(),
    }
}

fn values_to_guest(values: Values) -> guest::Values {
    guest::Values { lengths: values.lengths, bytes: values.bytes, format_index: values.formats }
}

fn values_to_host(values: guest::Values) -> Values {
    Values { lengths: values.lengths, bytes: values.bytes, formats: values.format_index }
}

fn format_to_guest(format: &Format) -> guest::Format {
    let node = |node: &host_schema::SchemaNode| SchemaNode {
        kind: KINDS.iter().find(|(_, kind)| *kind == node.kind).expect("a kind").0,
        optional: node.optional,
        name: node.name.clone(),
        version: node.version,
        doc: node.doc.clone(),
        parameters: node.parameters.clone(),
        default: node.default.clone(),
        children: node.children.clone(),
        field_names: node.field_names.clone(),
    };
    let encoding = ENCODINGS.iter().find(|(_, encoding)| *encoding == format.encoding).expect("an encoding").0;
    let schema = format.schema.as_ref().map(|schema| guest::Schema { nodes: schema.nodes.iter().map(node).collect() });
    guest::Format { encoding, schema }
}

fn format_to_host(format: &guest::Format) -> host::Format {
    let node = |node: &SchemaNode| host_schema::SchemaNode {
        kind: KINDS.iter().find(|(kind, _)| *kind == node.kind).expect("a kind").1,
        optional: node.optional,
        name: node.name.clone(),
        version: node.version,
        doc: node.doc.clone(),
        parameters: node.parameters.clone(),
        default: node.default.clone(),
        children: node.children.clone(),
        field_names: node.field_names.clone(),
    };
    let encoding = ENCODINGS.iter().find(|(encoding, _)| *encoding == format.encoding).expect("an encoding").1;
    let schema =
        format.schema.as_ref().map(|schema| host_schema::Schema { nodes: schema.nodes.iter().map(node).collect() });
    host::Format { encoding, schema: schema.map(Into::into) }
}
