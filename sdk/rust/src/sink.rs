//! Sinks: what takes rows out of Kafka.
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

/// A task that takes rows out of Kafka, and the little that concerns its connector as a whole.
///
/// The life of one: `start`, `open` with the partitions it got, then `put` and `pre_commit` again and again; when partitions
/// are taken away `pre_commit` and `close` for them, when others come `open`; at the end `pre_commit`, `close`, `stop`.
/// Calls never overlap.
pub trait Sink: Sized + 'static {
    /// The name users write in `connector.class`: a full class name, Kafka Connect's own where this stands in for one.
    const CLASS: &'static str;
    /// The plugin's version, usually `env!("CARGO_PKG_VERSION")`.
    const VERSION: &'static str;
    /// The typed configuration.
    type Config: Config;

    /// Starts a task with one of the connector's task configurations. An error makes the task FAILED.
    fn start(config: Self::Config, context: &SinkContext) -> Result<Self, Error>;

    /// Takes rows, in offset order for each partition; with none at all when time passes and nothing arrives. `Ok` = taken, all
    /// but the rows that failed alone, which go the way of `errors.tolerance`. Taken is not yet durable:
    /// [`pre_commit`](Sink::pre_commit) says that. [`Error::Retry`]: nothing was taken, and the same rows come again.
    fn put(&mut self, batch: &SinkBatch) -> Result<RowFailures, Error>;

    /// Which offsets are safe. Given are the places behind the last rows of `put` for each partition; all rows below an
    /// offset in the answer must be durable. A sink that holds rows back answers with less, or leaves the partition out.
    /// An error: nothing is committed, and the rows since the last commit come again. By default all is safe.
    fn pre_commit(&mut self, offsets: Vec<TopicPartitionOffset>) -> Result<Vec<TopicPartitionOffset>, Error> {
        Ok(offsets)
    }

    /// These partitions are now the task's too. Called before any of their rows.
    fn open(&mut self, partitions: &[TopicPartition]) -> Result<(), Error> {
        let _ = partitions;
        Ok(())
    }

    /// These partitions are no longer the task's. Called after their last `pre_commit`, or without one when they were lost
    /// already.
    fn close(&mut self, partitions: &[TopicPartition]) -> Result<(), Error> {
        let _ = partitions;
        Ok(())
    }

    /// Called once, last.
    fn stop(&mut self) {}

    /// What a task with this configuration needs from outside its sandbox. By default nothing.
    fn capabilities(config: &Self::Config) -> Result<Vec<Capability>, Error> {
        let _ = config;
        Ok(Vec::new())
    }

    /// Checks a configuration beyond what the definition says; only keys that are not in order need an entry. May look at
    /// the other side with what [`capabilities`](Sink::capabilities) asked for.
    fn validate(config: &Self::Config) -> Vec<ConfigValue> {
        let _ = config;
        Vec::new()
    }

    /// Starts the connector: what divides the work into tasks. By default there are `tasks.max` tasks with the connector's
    /// own configuration, and Kafka divides the partitions among them.
    fn connector(config: Self::Config, context: ConnectorContext) -> Result<Box<dyn Connector>, Error> {
        let _ = config;
        Ok(Box::new(EqualTasks(context.config)))
    }

    /// Asks whether an operator may replace the offsets of the stopped connector by these (-1 = forget). `Ok(false)`, the
    /// default, says nothing about it; an error refuses, and the operator sees its text.
    fn alter_offsets(config: &Self::Config, offsets: &[TopicPartitionOffset]) -> Result<bool, Error> {
        let _ = (config, offsets);
        Ok(false)
    }
}
