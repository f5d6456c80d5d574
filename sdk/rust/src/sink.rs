//! Sinks, which receive records from Kafka.
//!
//! ```
//! use weir_sdk::harness::{KafkaRecord, SinkHarness};
//! use weir_sdk::sink::{RecordFailures, Sink, SinkBatch, SinkContext};
//! use weir_sdk::{Error, RecordError};
//!
//! /// Adds up numbers.
//! struct Adder(i64);
//!
//! impl Sink for Adder {
//!     const CLASS: &'static str = "org.example.AdderSink";
//!     const VERSION: &'static str = "1.0.0";
//!     type Config = ();
//!
//!     fn start(_: (), _: &SinkContext) -> Result<Adder, Error> {
//!         Ok(Adder(0))
//!     }
//!
//!     fn put(&mut self, batch: &SinkBatch) -> Result<RecordFailures, Error> {
//!         let mut failures = RecordFailures::none();
//!         for record in batch.records() {
//!             match record.value().as_str().and_then(|text| text.parse::<i64>().ok()) {
//!                 Some(number) => self.0 += number,
//!                 None => failures.add(&record, RecordError::new("not a number")),
//!             }
//!         }
//!         Ok(failures)
//!     }
//! }
//!
//! let mut task = SinkHarness::<Adder>::start([("topics", "numbers")]).unwrap();
//! task.assign(&[("numbers", 0)]).unwrap();
//! let numbers = ["1", "x", "2"].map(|text| KafkaRecord::text("numbers", 0, text));
//! let failures = task.put(&numbers).unwrap();
//! assert_eq!(task.task().0, 3);
//! assert_eq!(failures[0].index, 1);
//! ```

mod batch;
mod context;

pub use batch::{RecordFailures, SinkBatch, SinkRecord};
pub use context::SinkContext;

pub use crate::bindings::host::weir::connect::data::{TopicPartition, TopicPartitionOffset};
pub use crate::bindings::sink::interface::TimestampType;
use crate::config::{Capability, ConfigValue};
use crate::{Config, Error};

/// A sink task, and the functions that concern its connector as a whole.
///
/// Order of calls: `start`, then `put` repeatedly, and finally `stop`. Calls never overlap. Optional functions are in traits of
/// their own, and the type is listed in a group of [`export!`](crate::export!) for each that it implements:
///
/// | Trait | Group | Without it |
/// | --- | --- | --- |
/// | [`Commit`] | `commit` | what [`put`](Sink::put) accepted is durable, and is committed |
/// | [`Partitions`] | `partitions` | the sink does not learn which partitions it has |
/// | [`AlterOffsets`] | `sink_offsets` | an operator may alter offsets freely |
/// | [`Connector`](crate::connector::Connector), for another type | `connectors` | `tasks.max` tasks with the connector's configuration |
///
/// With these traits the order of calls is: `start`, `assigned`, then `put` and `pre_commit` repeatedly. When partitions are
/// revoked, `pre_commit` and `revoked`; when partitions are assigned, `assigned`. At the end: `pre_commit`, `revoked`, `stop`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a sink",
    label = "not a sink",
    note = "implement `weir_sdk::Sink` for `{Self}`; in `weir_sdk::export!` a source belongs to `sources: [...]`, a transform to \
            `transforms: [...]`"
)]
pub trait Sink: Sized + 'static {
    /// The name that users write in `connector.class`: a fully qualified class name. A plugin that replaces one of Kafka
    /// Connect's uses the name of that class.
    const CLASS: &'static str;
    /// The plugin's version, usually `env!("CARGO_PKG_VERSION")`.
    const VERSION: &'static str;
    /// What the plugin does, in one paragraph for users.
    const DOC: Option<&'static str> = None;
    /// The number of bytes of memory that a task needs at most. The worker uses it instead of `weir.task.memory.max` if the
    /// operator's bound allows it.
    const MEMORY: Option<u64> = None;
    /// The typed configuration.
    type Config: Config;

    /// Starts a task with one of the connector's task configurations. An error makes the task FAILED.
    fn start(config: Self::Config, context: &SinkContext) -> Result<Self, Error>;

    /// Processes records. Each partition's records are passed in offset order. Called without records if none arrive for
    /// some time.
    ///
    /// `Ok` means that the sink has accepted all records except the returned failures, which are handled according to
    /// `errors.tolerance`. Accepted records are durable, unless the sink implements [`Commit`]. On a retriable error no record
    /// was accepted, and the same records are passed again. On a fatal error the task becomes FAILED.
    fn put(&mut self, batch: &SinkBatch) -> Result<RecordFailures, Error>;

    /// Called once, as the last call.
    fn stop(&mut self) {}

    /// Returns what a task needs from outside its sandbox with this configuration. By default nothing. An error is shown to
    /// the user as a configuration error.
    fn capabilities(config: &Self::Config) -> Result<Vec<Capability>, Error> {
        let _ = config;
        Ok(Vec::new())
    }

    /// Performs checks that the definition cannot express. Valid keys need no entry. The function may access the external
    /// system with what [`capabilities`](Sink::capabilities) requested.
    fn validate(config: &Self::Config) -> Vec<ConfigValue> {
        let _ = config;
        Vec::new()
    }
}

/// A sink that buffers records, so that `Ok` from [`Sink::put`] does not mean that they are durable. Export it in the group
/// `commit`.
///
/// ```
/// use weir_sdk::harness::{KafkaRecord, SinkHarness};
/// use weir_sdk::sink::{Commit, RecordFailures, Sink, SinkBatch, SinkContext, TopicPartitionOffset};
/// use weir_sdk::Error;
///
/// /// Writes what it has buffered when the runtime asks what is durable.
/// #[derive(Default)]
/// struct Buffer {
///     held: Vec<String>,
///     written: Vec<String>,
/// }
///
/// impl Sink for Buffer {
///     const CLASS: &'static str = "org.example.BufferSink";
///     const VERSION: &'static str = "1.0.0";
///     type Config = ();
///
///     fn start(_: (), _: &SinkContext) -> Result<Buffer, Error> {
///         Ok(Buffer::default())
///     }
///
///     fn put(&mut self, batch: &SinkBatch) -> Result<RecordFailures, Error> {
///         self.held.extend(batch.records().filter_map(|record| record.value().as_str().map(String::from)));
///         Ok(RecordFailures::none())
///     }
/// }
///
/// impl Commit for Buffer {
///     fn pre_commit(&mut self, offsets: Vec<TopicPartitionOffset>) -> Result<Vec<TopicPartitionOffset>, Error> {
///         self.written.append(&mut self.held);
///         Ok(offsets)
///     }
/// }
///
/// weir_sdk::export!(sinks: [Buffer], commit: [Buffer]);
///
/// let mut task = SinkHarness::<Buffer>::start([("topics", "lines")]).unwrap().with_commit();
/// task.assign(&[("lines", 0)]).unwrap();
/// task.put(&[KafkaRecord::text("lines", 0, "a")]).unwrap();
/// assert_eq!(task.commit().unwrap()[0].offset, 1);
/// assert_eq!(task.task().written, ["a"]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not implement `Commit`",
    note = "the group `commit` of `weir_sdk::export!` lists sinks that implement `weir_sdk::sink::Commit`"
)]
pub trait Commit: Sink {
    /// Returns the offsets that the runtime may commit.
    ///
    /// `offsets` holds, for each partition, the offset after the last record passed to `put`. All records before a
    /// returned offset must be durable. Return the same offset, a smaller one if the sink still buffers records, or nothing
    /// for a partition that must not be committed. On an error nothing is committed. Unless partitions are being revoked, the
    /// records since the last commit are then delivered again.
    fn pre_commit(&mut self, offsets: Vec<TopicPartitionOffset>) -> Result<Vec<TopicPartitionOffset>, Error>;
}

/// A sink that learns which partitions it has, for instance so that it can open a file for each. Export it in the group
/// `partitions`. None of the lists is empty. An error makes the task FAILED.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not implement `Partitions`",
    note = "the group `partitions` of `weir_sdk::export!` lists sinks that implement `weir_sdk::sink::Partitions`"
)]
pub trait Partitions: Sink {
    /// Assigns these partitions to the task, in addition to those it already has. Called before any of their records are
    /// passed to `put`.
    fn assigned(&mut self, partitions: &[TopicPartition]) -> Result<(), Error>;

    /// Removes these partitions from the task. Their offsets have just been committed as far as possible. Called on a
    /// rebalance and before `stop`.
    fn revoked(&mut self, partitions: &[TopicPartition]) -> Result<(), Error>;

    /// Removes these partitions from the task, without a commit before: another task may already be reading them.
    fn lost(&mut self, partitions: &[TopicPartition]) -> Result<(), Error>;
}

/// A sink that checks offsets which an operator wants to set (KIP-875). Export it in the group `sink_offsets`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not implement `AlterOffsets`",
    note = "the group `sink_offsets` of `weir_sdk::export!` lists sinks that implement `weir_sdk::sink::AlterOffsets`"
)]
pub trait AlterOffsets: Sink {
    /// Asks whether an operator may replace the offsets of the stopped connector with these; -1 deletes an offset.
    /// `Ok(true)` accepts the change and states that no other system keeps offsets for this connector. `Ok(false)` means that
    /// the plugin does not handle offset changes. An error rejects the change, and its text is shown to the operator.
    fn alter_offsets(config: &Self::Config, offsets: &[TopicPartitionOffset]) -> Result<bool, Error>;
}
