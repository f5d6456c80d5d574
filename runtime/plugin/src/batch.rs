//! The data that passes between the runtime and plugins apart from [`Records`]: the types of `wit/source.wit`, `wit/sink.wit`,
//! `wit/connector.wit` and `wit/transform.wit`. Vectors are moved between these and the bindings; no column is copied.

use std::fmt;
use std::time::Duration;

use indexmap::IndexMap;
use weir_data::records::{Column, Records};
pub use weir_data::timestamp::TimestampType;
pub use weir_data::topic_partition::{TopicPartition, TopicPartitionOffset};

/// A configuration, in the order in which it was given.
pub type ConfigMap = IndexMap<String, String>;

/// A configuration as a plugin receives it: in the order in which it was given, with marks on secret values.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PluginConfig(Vec<Entry>);

#[derive(Clone, PartialEq, Eq)]
struct Entry {
    key: String,
    value: String,
    secret: bool,
}

impl PluginConfig {
    /// Adds an entry. `secret` is true if the value is a password, or came from a secret.
    pub fn push(&mut self, key: String, value: String, secret: bool) {
        self.0.push(Entry { key, value, secret });
    }

    /// Returns each key and value, and whether the value is secret.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str, bool)> {
        self.0.iter().map(|Entry { key, value, secret }| (key.as_str(), value.as_str(), *secret))
    }

    /// Returns the value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|entry| entry.key == key).map(|entry| entry.value.as_str())
    }
}

/// Converts entries without secret values.
impl From<&ConfigMap> for PluginConfig {
    fn from(config: &ConfigMap) -> Self {
        let entry = |(key, value): (&String, &String)| Entry { key: key.clone(), value: value.clone(), secret: false };
        Self(config.iter().map(entry).collect())
    }
}

impl fmt::Debug for PluginConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.iter().map(|(key, value, secret)| (key, if secret { "[hidden]" } else { value }));
        f.debug_map().entries(entries).finish()
    }
}

/// Which acknowledgements a source wants. None by default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Acknowledgements {
    /// Whether `settled` is called.
    pub settled: bool,
    /// Whether `committed` is called.
    pub committed: bool,
}

/// The limits of a `poll`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// The maximum number of records. Returning more is a trap.
    pub max_records: u32,
    /// The maximum number of bytes of keys and values. The last record may exceed it.
    pub max_bytes: u32,
    /// How long the call may wait for records, in whole milliseconds.
    pub max_wait: Duration,
}

/// The result of a `poll`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Polled {
    /// The records, or `None` if there is nothing to send now.
    pub batch: Option<SourceBatch>,
    /// How long to wait before the next `poll`; zero to call it at once.
    pub idle: Duration,
}

/// The records of a source. They were checked: each index is in its table, and each partition and offset is a flat JSON object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceBatch {
    /// The records.
    pub records: Records,
    /// The source partitions, each a JSON object as the source wrote it.
    pub source_partitions: Vec<String>,
    /// The index of each record's partition in `source_partitions`. Empty if all records have the first one.
    pub source_partition: Vec<u32>,
    /// The offset at which the source continues after each record: a JSON object, or null.
    pub source_offsets: Column,
    /// The ends of transactions, in the order of the records. Empty unless the source defines them.
    pub boundaries: Vec<TransactionBoundary>,
}

/// The end of a transaction of a source with exactly-once support.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransactionBoundary {
    /// The index of the last record, or `None` for the last one of the batch.
    pub index: Option<u32>,
    /// Whether the transaction is aborted.
    pub abort: bool,
}

/// The outcomes of a source's records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SettledRecords {
    /// The numbers of the records.
    pub numbers: Vec<u64>,
    /// The Kafka partitions of the records.
    pub topic_partitions: Vec<TopicPartition>,
    /// For each record the index of its partition in `topic_partitions`, or [`SETTLED_DROPPED`] or [`SETTLED_SKIPPED`].
    pub topic_partition: Vec<i32>,
    /// The offset of each record in Kafka, or -1 if it has none.
    pub offsets: Vec<i64>,
}

/// A transform dropped the record.
pub const SETTLED_DROPPED: i32 = -1;
/// The record failed and was skipped because of `errors.tolerance`.
pub const SETTLED_SKIPPED: i32 = -2;

/// Records for a sink.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SinkBatch {
    /// The records, with the topics and partitions that transforms set.
    pub records: Records,
    /// The Kafka partitions from which the records were read.
    pub topic_partitions: Vec<TopicPartition>,
    /// The index of each record's partition in `topic_partitions`. Empty if all records have the first one.
    pub topic_partition: Vec<u32>,
    /// The offset of each record in that partition.
    pub offsets: Vec<i64>,
    /// The type of the timestamps of each entry of `topic_partitions`.
    pub timestamp_types: Vec<TimestampType>,
}

/// A record that a sink could not process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordFailure {
    /// The index of the record in the batch.
    pub index: u32,
    /// The plugin's error message.
    pub message: String,
}

/// What a sink requested through `sink-context` since the last time. Later requests of a call replace earlier ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SinkRequests {
    /// Read these partitions again from these offsets.
    pub rewind: Vec<TopicPartitionOffset>,
    /// Stop passing records of these partitions.
    pub pause: Vec<TopicPartition>,
    /// Pass records of these partitions again.
    pub resume: Vec<TopicPartition>,
    /// Call `pre-commit` before the next `put`.
    pub commit: bool,
    /// Call `put` within this time even if no records arrive.
    pub timeout: Option<Duration>,
}

/// A step of a chain of transforms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The name that the user chose.
    pub alias: String,
    /// Its class, a transformation of the component.
    pub class: String,
    /// Its configuration, without the prefix.
    pub config: PluginConfig,
    /// The condition for records to which it applies, or `None` for all.
    pub predicate: Option<StepPredicate>,
}

/// The condition of a step, which is tested in the same component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepPredicate {
    /// Its class, a predicate of the component.
    pub class: String,
    /// Its configuration, without the prefix.
    pub config: PluginConfig,
    /// Whether the step applies to the records for which the predicate is false.
    pub negate: bool,
}

/// The columns that a chain or a predicate reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Columns {
    /// The keys.
    pub keys: bool,
    /// The values.
    pub values: bool,
    /// The headers.
    pub headers: bool,
}

/// What a connector requested through `connector-context` since the last time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConnectorRequests {
    /// Call `task-configs` again.
    pub reconfigure: bool,
    /// Fail the connector with this text.
    pub error: Option<String>,
}

/// The offsets that an operator sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OffsetChange {
    /// Source partitions and offsets, each a JSON object; `None` deletes the offset.
    Source(Vec<(String, Option<String>)>),
    /// Kafka offsets; -1 deletes the offset.
    Sink(Vec<TopicPartitionOffset>),
}
