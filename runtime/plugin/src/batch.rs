//! What crosses the boundary besides [`Records`]: twins of the types in `wit/source.wit`, `wit/sink.wit`, `wit/connector.wit`
//! and `wit/transform.wit`. Vectors move between these and the bindings; no column is copied.

use std::fmt;
use std::time::Duration;

use indexmap::IndexMap;
use weir_data::records::{Column, Records};
pub use weir_data::timestamp::TimestampType;
pub use weir_data::topic_partition::{TopicPartition, TopicPartitionOffset};

/// A configuration, in the order in which it was given.
pub type ConfigMap = IndexMap<String, String>;

/// A configuration as a plugin receives it: in the order in which it was given, with a mark on what must not be shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PluginConfig(Vec<Entry>);

#[derive(Clone, PartialEq, Eq)]
struct Entry {
    key: String,
    value: String,
    secret: bool,
}

impl PluginConfig {
    /// Adds an entry. `secret`: the value is a password, or came from a secret.
    pub fn push(&mut self, key: String, value: String, secret: bool) {
        self.0.push(Entry { key, value, secret });
    }

    /// Key, value, and whether the value is secret.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str, bool)> {
        self.0.iter().map(|Entry { key, value, secret }| (key.as_str(), value.as_str(), *secret))
    }

    /// The value of this key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|entry| entry.key == key).map(|entry| entry.value.as_str())
    }
}

/// Nothing in it is marked as secret.
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

/// What a source wants to learn about its records. Nothing, unless it says so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Acknowledgements {
    /// True = `settled` is to be called.
    pub settled: bool,
    /// True = `committed` is to be called.
    pub committed: bool,
}

/// What one `poll` may take at the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Rows; more than that is a trap.
    pub rows: u32,
    /// Bytes of keys and values together, give or take one row.
    pub bytes: u32,
    /// How long the call may wait for rows. Cut to whole milliseconds.
    pub wait: Duration,
}

/// The answer of one `poll`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Polled {
    /// The records; none = nothing to send now.
    pub batch: Option<SourceBatch>,
    /// How long to wait before `poll` is worth calling again; zero = call at once.
    pub idle: Duration,
}

/// Rows of a source. Checked: every index is inside its table, every partition and offset is a flat JSON object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceBatch {
    /// The rows.
    pub records: Records,
    /// The source partitions that occur, each a JSON object as the source wrote it.
    pub source_partitions: Vec<String>,
    /// For each row an index into `source_partitions`. Empty = every row has the first one.
    pub source_partition: Vec<u32>,
    /// For each row where the source goes on after it: a JSON object, or null.
    pub source_offsets: Column,
    /// Ends of transactions, in row order. Empty unless the source marks them.
    pub boundaries: Vec<TransactionBoundary>,
}

/// Where a transaction of an exactly-once source ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransactionBoundary {
    /// The row after which it ends; none = after the whole batch.
    pub row: Option<u32>,
    /// True = the transaction is aborted.
    pub abort: bool,
}

/// What became of rows of a source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SettledRows {
    /// Row numbers.
    pub rows: Vec<u64>,
    /// The Kafka partitions that occur below.
    pub topic_partitions: Vec<TopicPartition>,
    /// For each row an index into `topic_partitions`; [`SETTLED_DROPPED`] or [`SETTLED_SKIPPED`].
    pub topic_partition: Vec<i32>,
    /// For each row the offset it got; -1 where it has none.
    pub offsets: Vec<i64>,
}

/// A transform dropped the row.
pub const SETTLED_DROPPED: i32 = -1;
/// The row failed, and `errors.tolerance` skipped it.
pub const SETTLED_SKIPPED: i32 = -2;

/// Rows for a sink.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SinkBatch {
    /// The rows, with the topics and partitions that transforms left.
    pub records: Records,
    /// The Kafka partitions that the rows were read from.
    pub topic_partitions: Vec<TopicPartition>,
    /// For each row an index into `topic_partitions`. Empty = every row has the first one.
    pub topic_partition: Vec<u32>,
    /// For each row its offset in that partition.
    pub offsets: Vec<i64>,
    /// For each entry of `topic_partitions` the kind of its timestamps.
    pub timestamp_types: Vec<TimestampType>,
}

/// A row that a sink could not handle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFailure {
    /// Index of the row in the batch.
    pub row: u32,
    /// Why, in the plugin's words.
    pub message: String,
}

/// What a sink asked for through `sink-context` since it was asked last. Within one call later requests win.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SinkRequests {
    /// Read these partitions again from these offsets.
    pub rewind: Vec<TopicPartitionOffset>,
    /// Give no more rows of these partitions.
    pub pause: Vec<TopicPartition>,
    /// Give rows of these partitions again.
    pub resume: Vec<TopicPartition>,
    /// Call `pre-commit` before the next `put`.
    pub commit: bool,
    /// Call `put` within this time even if nothing arrives.
    pub timeout: Option<Duration>,
}

/// A step of a chain of transforms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The name the user gave it.
    pub alias: String,
    /// Its class, a transformation of the component.
    pub class: String,
    /// Its configuration, without the prefix.
    pub config: PluginConfig,
    /// Which rows it is for; none = all.
    pub predicate: Option<StepPredicate>,
}

/// The condition of a step, tested inside the same component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepPredicate {
    /// Its class, a predicate of the component.
    pub class: String,
    /// Its configuration, without the prefix.
    pub config: PluginConfig,
    /// True = the step is for the rows for which the predicate is false.
    pub negate: bool,
}

/// Columns that a chain or a predicate wants to see.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Columns {
    /// The keys.
    pub keys: bool,
    /// The values.
    pub values: bool,
    /// The headers.
    pub headers: bool,
}

/// What a connector asked for through `connector-context` since it was asked last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConnectorRequests {
    /// `task-configs` is to be called again.
    pub reconfigure: bool,
    /// The connector is to fail with this text.
    pub error: Option<String>,
}

/// The offsets that an operator asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OffsetChange {
    /// Source partition and offset, each a JSON object; none = forget the offset.
    Source(Vec<(String, Option<String>)>),
    /// Kafka offsets; -1 = forget the offset.
    Sink(Vec<TopicPartitionOffset>),
}
