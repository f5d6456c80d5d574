//! `data`: moves columns and converts small values. Schemas, which are the only data that would be copied for each batch, are cached.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use wasmtime::Store;
use weir_data::records::{Column, Encoding, Format, Headers, Records, Topics, Values};
use weir_data::schema::{Schema, SchemaNode, SchemaType};
use weir_data::text::{MAX_MESSAGE, bounded};

use super::imports::data as wit;
use crate::batch::{PluginConfig, RecordFailure, TopicPartition, TopicPartitionOffset};
use crate::call::CallError;
use crate::store::StoreState;

/// The number of cached schemas from a guest. The batches of a task usually have the same few.
const REMEMBERED: usize = 32;
/// The maximum number of bytes of the cached schemas: a guest chooses their size, and the host stores them.
const REMEMBERED_BYTES: usize = 4 << 20;

/// The formats of the last batches of an instance, in both directions.
#[derive(Default)]
pub(super) struct FormatMemory {
    /// The table of the last batch that was passed to the guest, and its converted form.
    host: Vec<Format>,
    guest: Vec<wit::Format>,
    /// Schemas from the guest, the latest last. Using the same `Arc` again lets later stages compare addresses.
    out: VecDeque<(Arc<Schema>, usize)>,
    /// The bytes of these schemas.
    out_bytes: usize,
}

impl FormatMemory {
    fn lower(&mut self, formats: &[Format]) -> Vec<wit::Format> {
        let same = |known: &Format, new: &Format| {
            known.encoding == new.encoding
                && match (&known.schema, &new.schema) {
                    (None, None) => true,
                    (Some(known), Some(new)) => Arc::ptr_eq(known, new),
                    _ => false,
                }
        };
        let guest = std::mem::take(&mut self.guest);
        if self.host.len() == formats.len() && self.host.iter().zip(formats).all(|(known, new)| same(known, new)) {
            return guest;
        }
        self.host = formats.to_vec();
        formats.iter().map(to_format).collect()
    }

    /// Caches the table of the last batch, unless it is large.
    fn keep(&mut self, guest: Vec<wit::Format>) {
        let schemas = self.host.iter().filter_map(|format| format.schema.as_deref());
        if schemas.map(Schema::weight).sum::<usize>() <= REMEMBERED_BYTES {
            self.guest = guest;
        } else {
            self.host = Vec::new();
        }
    }

    /// Converts formats from the guest.
    pub(super) fn lift(&mut self, formats: Vec<wit::Format>) -> Vec<Format> {
        formats
            .into_iter()
            .map(|format| Format {
                encoding: encoding(format.encoding),
                schema: format.schema.map(|schema| self.lift_schema(schema)),
            })
            .collect()
    }

    fn lift_schema(&mut self, schema: wit::Schema) -> Arc<Schema> {
        let schema = Schema { nodes: schema.nodes.into_iter().map(schema_node).collect() };
        let bytes = schema.weight();
        if let Some((known, _)) = self.out.iter().find(|(known, size)| *size == bytes && **known == schema) {
            return Arc::clone(known);
        }
        let schema = Arc::new(schema);
        if bytes > REMEMBERED_BYTES {
            return schema;
        }
        while self.out.len() >= REMEMBERED || self.out_bytes + bytes > REMEMBERED_BYTES {
            let Some((_, size)) = self.out.pop_front() else { break };
            self.out_bytes -= size;
        }
        self.out_bytes += bytes;
        self.out.push_back((Arc::clone(&schema), bytes));
        schema
    }
}

/// Moves columns to the bindings for the duration of a call. `give_back` reverts `lend`.
pub(super) fn lend(records: &mut Records, memory: &mut FormatMemory) -> wit::Records {
    wit::Records {
        count: records.count,
        formats: memory.lower(&records.formats),
        topics: to_topics(std::mem::take(&mut records.topics)),
        partitions: std::mem::take(&mut records.partitions),
        timestamps: std::mem::take(&mut records.timestamps),
        keys: to_values(std::mem::take(&mut records.keys)),
        values: to_values(std::mem::take(&mut records.values)),
        headers: to_headers(std::mem::take(&mut records.headers)),
    }
}

/// See [`lend`]. The table of formats is not moved.
pub(super) fn give_back(lent: wit::Records, records: &mut Records, memory: &mut FormatMemory) {
    memory.keep(lent.formats);
    records.topics = topics(lent.topics);
    records.partitions = lent.partitions;
    records.timestamps = lent.timestamps;
    records.keys = values(lent.keys);
    records.values = values(lent.values);
    records.headers = headers(lent.headers);
}

/// Converts records that a guest returned.
pub(super) fn records(records: wit::Records, memory: &mut FormatMemory) -> Records {
    Records {
        count: records.count,
        formats: memory.lift(records.formats),
        topics: topics(records.topics),
        partitions: records.partitions,
        timestamps: records.timestamps,
        keys: values(records.keys),
        values: values(records.values),
        headers: headers(records.headers),
    }
}

pub(super) fn column(wit::Column { lengths, bytes }: wit::Column) -> Column {
    Column { lengths, bytes }
}

pub(super) fn values(wit::Values { lengths, bytes, format_index }: wit::Values) -> Values {
    Values { lengths, bytes, formats: format_index }
}

fn to_values(Values { lengths, bytes, formats }: Values) -> wit::Values {
    wit::Values { lengths, bytes, format_index: formats }
}

pub(super) fn topics(wit::TopicColumn { names, name_index }: wit::TopicColumn) -> Topics {
    Topics { names, name_index }
}

fn to_topics(Topics { names, name_index }: Topics) -> wit::TopicColumn {
    wit::TopicColumn { names, name_index }
}

pub(super) fn headers(wit::HeaderColumns { counts, names, values: of }: wit::HeaderColumns) -> Headers {
    Headers { counts, names: column(names), values: values(of) }
}

fn to_headers(Headers { counts, names: Column { lengths, bytes }, values }: Headers) -> wit::HeaderColumns {
    wit::HeaderColumns { counts, names: wit::Column { lengths, bytes }, values: to_values(values) }
}

fn encoding(encoding: wit::Encoding) -> Encoding {
    match encoding {
        wit::Encoding::Bytes => Encoding::Bytes,
        wit::Encoding::Utf8 => Encoding::Utf8,
        wit::Encoding::Json => Encoding::Json,
    }
}

fn to_format(format: &Format) -> wit::Format {
    let encoding = match format.encoding {
        Encoding::Bytes => wit::Encoding::Bytes,
        Encoding::Utf8 => wit::Encoding::Utf8,
        Encoding::Json => wit::Encoding::Json,
    };
    let schema = format.schema.as_ref();
    let schema = schema.map(|schema| wit::Schema { nodes: schema.nodes.iter().map(to_schema_node).collect() });
    wit::Format { encoding, schema }
}

fn schema_node(node: wit::SchemaNode) -> SchemaNode {
    let kind = match node.kind {
        wit::SchemaType::Int8 => SchemaType::Int8,
        wit::SchemaType::Int16 => SchemaType::Int16,
        wit::SchemaType::Int32 => SchemaType::Int32,
        wit::SchemaType::Int64 => SchemaType::Int64,
        wit::SchemaType::Float32 => SchemaType::Float32,
        wit::SchemaType::Float64 => SchemaType::Float64,
        wit::SchemaType::Boolean => SchemaType::Boolean,
        wit::SchemaType::String => SchemaType::String,
        wit::SchemaType::Bytes => SchemaType::Bytes,
        wit::SchemaType::Array => SchemaType::Array,
        wit::SchemaType::Map => SchemaType::Map,
        wit::SchemaType::Struct => SchemaType::Struct,
    };
    SchemaNode {
        kind,
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

fn to_schema_node(node: &SchemaNode) -> wit::SchemaNode {
    let kind = match node.kind {
        SchemaType::Int8 => wit::SchemaType::Int8,
        SchemaType::Int16 => wit::SchemaType::Int16,
        SchemaType::Int32 => wit::SchemaType::Int32,
        SchemaType::Int64 => wit::SchemaType::Int64,
        SchemaType::Float32 => wit::SchemaType::Float32,
        SchemaType::Float64 => wit::SchemaType::Float64,
        SchemaType::Boolean => wit::SchemaType::Boolean,
        SchemaType::String => wit::SchemaType::String,
        SchemaType::Bytes => wit::SchemaType::Bytes,
        SchemaType::Array => wit::SchemaType::Array,
        SchemaType::Map => wit::SchemaType::Map,
        SchemaType::Struct => wit::SchemaType::Struct,
    };
    wit::SchemaNode {
        kind,
        optional: node.optional,
        name: node.name.clone(),
        version: node.version,
        doc: node.doc.clone(),
        parameters: node.parameters.clone(),
        default: node.default.clone(),
        children: node.children.clone(),
        field_names: node.field_names.clone(),
    }
}

pub(super) fn to_config(config: &PluginConfig) -> Vec<wit::ConfigEntry> {
    let entry = |(key, value, secret): (&str, &str, bool)| wit::ConfigEntry {
        key: key.to_owned(),
        value: value.to_owned(),
        secret,
    };
    config.iter().map(entry).collect()
}

pub(super) fn to_partitions(partitions: &[TopicPartition]) -> Vec<wit::TopicPartition> {
    let partition =
        |TopicPartition { topic, partition }: &_| wit::TopicPartition { topic: topic.clone(), partition: *partition };
    partitions.iter().map(partition).collect()
}

pub(super) fn partition(wit::TopicPartition { topic, partition }: wit::TopicPartition) -> TopicPartition {
    TopicPartition { topic, partition }
}

pub(super) fn to_offsets(offsets: &[TopicPartitionOffset]) -> Vec<wit::TopicPartitionOffset> {
    let offset = |TopicPartitionOffset { topic, partition, offset }: &_| wit::TopicPartitionOffset {
        topic: topic.clone(),
        partition: *partition,
        offset: *offset,
    };
    offsets.iter().map(offset).collect()
}

pub(super) fn offset(offset: wit::TopicPartitionOffset) -> TopicPartitionOffset {
    let wit::TopicPartitionOffset { topic, partition, offset } = offset;
    TopicPartitionOffset { topic, partition, offset }
}

pub(super) fn record_failure(wit::RecordFailure { index, message }: wit::RecordFailure) -> RecordFailure {
    RecordFailure { index, message: said(message) }
}

/// Converts the error of a call that can be repeated, and adds the cause that the host knows.
pub(super) fn fault(store: &Store<StoreState>) -> impl FnOnce(wit::Fault) -> CallError {
    move |fault| match fault {
        wit::Fault::Retriable(wit::Retriable { message, after_ms }) => CallError::Retry {
            message: explained(store, message),
            after: after_ms.map(|millis| Duration::from_millis(millis.into())),
        },
        wit::Fault::Fatal(message) => CallError::Fatal(explained(store, message)),
    }
}

/// Like [`fault`], for a call that cannot be repeated.
pub(super) fn fatal(store: &Store<StoreState>) -> impl FnOnce(String) -> CallError {
    |message| CallError::Fatal(explained(store, message))
}

fn explained(store: &Store<StoreState>, message: String) -> String {
    store.data().trouble().explain(said(message))
}

/// Limits a message of the guest.
pub(super) fn said(message: String) -> String {
    bounded(message, MAX_MESSAGE)
}

/// Converts to whole milliseconds, up to the maximum.
pub(super) fn to_millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(doc: usize, name: &str) -> wit::Schema {
        let node = SchemaNode {
            doc: Some("d".repeat(doc)),
            name: Some(name.to_owned()),
            ..SchemaNode::new(SchemaType::String)
        };
        wit::Schema { nodes: vec![to_schema_node(&node)] }
    }

    #[test]
    fn schemas_are_remembered_within_bounds() {
        let mut memory = FormatMemory::default();
        let first = memory.lift_schema(schema(10, "a"));
        assert!(Arc::ptr_eq(&first, &memory.lift_schema(schema(10, "a"))));
        for number in 0..100 {
            memory.lift_schema(schema(REMEMBERED_BYTES / 4, &number.to_string()));
            assert!(memory.out_bytes <= REMEMBERED_BYTES && memory.out.len() <= REMEMBERED);
            assert_eq!(memory.out_bytes, memory.out.iter().map(|(schema, _)| schema.weight()).sum::<usize>());
        }
        memory.lift_schema(schema(REMEMBERED_BYTES, "large"));
        assert!(memory.out.iter().all(|(schema, _)| schema.weight() < REMEMBERED_BYTES));
        assert!(!Arc::ptr_eq(&first, &memory.lift_schema(schema(10, "a"))), "it was forgotten");
    }
}
