//! Sinks, which receive records from Kafka.
//!
//! ```
//! use weir_sdk::harness::{KafkaRecord, SinkHarness};
//! use weir_sdk::sink::{RowFailures, Sink, SinkBatch, SinkContext};
//! use weir_sdk::{Error, RowError};
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
//!     fn put(&mut self, batch: &SinkBatch) -> Result<RowFailures, Error> {
//!         let mut failures = RowFailures::none();
//!         for record in batch.records() {
//!             match record.value().as_str().and_then(|text| text.parse::<i64>().ok()) {
//!                 Some(number) => self.0 += number,
//!                 None => failures.add(&record, RowError::new("not a number")),
//!             }
//!         }
//!         Ok(failures)
//!     }
//! }
//!
//! let mut task = SinkHarness::<Adder>::start([("topics", "numbers")]).unwrap();
//! task.open(&[("numbers", 0)]).unwrap();
//! let numbers = ["1", "x", "2"].map(|text| KafkaRecord::text("numbers", 0, text));
//! let failures = task.put(&numbers).unwrap();
//! assert_eq!(task.task().0, 3);
//! assert_eq!(failures[0].row, 1);
//! ```

mod batch;
mod context;

pub use batch::{RowFailures, SinkBatch, SinkRecord};
pub use context::SinkContext;

pub use crate::bindings::host::weir::connect::data::{TopicPartition, TopicPartitionOffset};
pub use crate::bindings::sink::interface::TimestampType;
use crate::config::{Capability, ConfigValue};
use crate::connector::{Connector, ConnectorContext, EqualTasks};
use crate::{Config, Error};

/// A sink task, and the functions that concern its connector as a whole.
///
/// Order of calls: `start`, `open` with the assigned partitions, then `put` and `pre_commit` repeatedly. When partitions
/// are revoked, `pre_commit` and `close` are called for them; when partitions are assigned, `open`. At the end:
/// `pre_commit`, `close`, `stop`. Calls never overlap.
pub trait Sink: Sized + 'static {
    /// The name that users write in `connector.class`: a fully qualified class name. A plugin that replaces one of Kafka
    /// Connect's uses the name of that class.
    const CLASS: &'static str;
    /// The plugin's version, usually `env!("CARGO_PKG_VERSION")`.
    const VERSION: &'static str;
    /// The typed configuration.
    type Config: Config;

    /// Starts a task with one of the connector's task configurations. An error makes the task FAILED.
    fn start(config: Self::Config, context: &SinkContext) -> Result<Self, Error>;

    /// Processes records. Each partition's records are passed in offset order. Called without records if none arrive for
    /// some time.
    ///
    /// `Ok` means that the sink has accepted all records except the returned failures, which are handled according to
    /// `errors.tolerance`. Accepted records need not be durable yet; [`pre_commit`](Sink::pre_commit) reports that. On
    /// [`Error::Retry`] no record was accepted, and the same records are passed again.
    fn put(&mut self, batch: &SinkBatch) -> Result<RowFailures, Error>;

    /// Returns the offsets that the runtime may commit. By default all of `offsets`.
    ///
    /// `offsets` holds, for each partition, the offset after the last record passed to `put`. All records before a
    /// returned offset must be durable. A sink that still buffers records returns smaller offsets, or omits the
    /// partition. On an error nothing is committed, and the records since the last commit are delivered again.
    fn pre_commit(&mut self, offsets: Vec<TopicPartitionOffset>) -> Result<Vec<TopicPartitionOffset>, Error> {
        Ok(offsets)
    }

    /// Assigns these partitions to the task, in addition to those it already has. Called before any of their records are
    /// passed to `put`.
    fn open(&mut self, partitions: &[TopicPartition]) -> Result<(), Error> {
        let _ = partitions;
        Ok(())
    }

    /// Removes these partitions from the task. Called after their last `pre_commit`, or without one if the partitions
    /// were lost.
    fn close(&mut self, partitions: &[TopicPartition]) -> Result<(), Error> {
        let _ = partitions;
        Ok(())
    }

    /// Called once, as the last call.
    fn stop(&mut self) {}

    /// Returns what a task needs from outside its sandbox with this configuration. By default nothing.
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

    /// Starts the connector, which divides the work into tasks. By default there are `tasks.max` tasks with the
    /// connector's own configuration, and Kafka divides the partitions among them.
    fn connector(config: Self::Config, context: ConnectorContext) -> Result<Box<dyn Connector>, Error> {
        let _ = config;
        Ok(Box::new(EqualTasks(context.config)))
    }

    /// Asks whether an operator may replace the offsets of the stopped connector with these; -1 deletes an offset.
    /// `Ok(false)`, the default, means that the plugin does not handle offset changes. An error rejects the change, and
    /// its text is shown to the operator.
    fn alter_offsets(config: &Self::Config, offsets: &[TopicPartitionOffset]) -> Result<bool, Error> {
        let _ = (config, offsets);
        Ok(false)
    }
}
