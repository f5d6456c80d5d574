//! Implements the interfaces `sink`, `sink-commit`, `sink-partitions` and `sink-offsets`.

use std::any::Any;
use std::cell::RefCell;

use super::find;
use crate::bindings::host::weir::connect::data::{
    ConfigEntry, Fault, RecordFailure, TopicPartition, TopicPartitionOffset,
};
use crate::bindings::sink::interface as wit;
use crate::bindings::{sink_commit, sink_offsets, sink_partitions};
use crate::config::received;
use crate::sink::{AlterOffsets, Commit, Partitions, RecordFailures, Sink, SinkBatch, SinkContext};
use crate::{Config, ConfigMap, Error, logging};

/// A sink type that can be started.
#[expect(missing_debug_implementations, reason = "made of functions")]
pub struct SinkEntry {
    class: &'static str,
    start: Start,
}

type Start = fn(&ConfigMap, &SinkContext) -> Result<Box<dyn AnySink>, Error>;

impl SinkEntry {
    /// Creates the entry of a type.
    pub fn of<S: Sink>() -> SinkEntry {
        SinkEntry {
            class: S::CLASS,
            start: |config, context| Ok(Box::new(S::start(S::Config::parse(config)?, context)?)),
        }
    }
}

/// The sinks of a component.
pub trait Sinks {
    /// Returns all sinks.
    fn entries() -> Vec<SinkEntry>;
}

/// A running sink of any type.
trait AnySink {
    fn put(&mut self, batch: &SinkBatch) -> Result<RecordFailures, Error>;
    fn stop(&mut self);
    fn as_any(&mut self) -> &mut dyn Any;
}

impl<S: Sink> AnySink for S {
    fn put(&mut self, batch: &SinkBatch) -> Result<RecordFailures, Error> {
        Sink::put(self, batch)
    }

    fn stop(&mut self) {
        Sink::stop(self);
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

thread_local! {
    static TASK: RefCell<Option<Box<dyn AnySink>>> = const { RefCell::new(None) };
}

fn running<T>(call: impl FnOnce(&mut dyn AnySink) -> Result<T, Error>) -> Result<T, Error> {
    logging::enter();
    TASK.with_borrow_mut(|task| match task {
        Some(task) => call(task.as_mut()),
        None => Err(Error::fatal("the task was not started")),
    })
}

impl<S: Sinks> wit::Guest for S {
    fn start(class: String, config: Vec<ConfigEntry>) -> Result<(), String> {
        logging::enter();
        let entry = find(S::entries(), &class, |entry| entry.class)?;
        let (config, secrets) = received(config);
        let context = SinkContext::new(config, secrets);
        TASK.set(Some((entry.start)(&context.config, &context).map_err(Error::into_text)?));
        Ok(())
    }

    fn put(batch: wit::SinkBatch) -> Result<Vec<RecordFailure>, Fault> {
        Ok(running(|task| task.put(&SinkBatch::new(batch))).map(RecordFailures::into_list)?)
    }

    fn stop() {
        logging::enter();
        if let Some(mut task) = TASK.take() {
            task.stop();
        }
    }
}

/// A sink type that reports what is durable.
#[expect(missing_debug_implementations, reason = "made of functions")]
pub struct CommitEntry(fn(&mut dyn Any) -> Option<&mut dyn AnyCommit>);

impl CommitEntry {
    /// Creates the entry of a type.
    pub fn of<S: Commit>() -> CommitEntry {
        CommitEntry(|task| task.downcast_mut::<S>().map(|task| task as &mut dyn AnyCommit))
    }
}

/// The sinks of a component that report what is durable.
pub trait Commits {
    /// Returns all of them.
    fn entries() -> Vec<CommitEntry>;
}

/// A running sink of any type that reports what is durable.
trait AnyCommit {
    fn pre_commit(&mut self, offsets: Vec<TopicPartitionOffset>) -> Result<Vec<TopicPartitionOffset>, Error>;
}

impl<S: Commit> AnyCommit for S {
    fn pre_commit(&mut self, offsets: Vec<TopicPartitionOffset>) -> Result<Vec<TopicPartitionOffset>, Error> {
        Commit::pre_commit(self, offsets)
    }
}

impl<S: Commits> sink_commit::interface::Guest for S {
    fn pre_commit(offsets: Vec<TopicPartitionOffset>) -> Result<Vec<TopicPartitionOffset>, String> {
        running(|task| match S::entries().iter().find(|entry| (entry.0)(task.as_any()).is_some()) {
            // A sink without `Commit` is durable when `put` returns.
            None => Ok(offsets),
            Some(entry) => (entry.0)(task.as_any()).map_or(Ok(Vec::new()), |task| task.pre_commit(offsets)),
        })
        .map_err(Error::into_text)
    }
}

/// A sink type that learns its partitions.
#[expect(missing_debug_implementations, reason = "made of functions")]
pub struct PartitionsEntry(fn(&mut dyn Any) -> Option<&mut dyn AnyPartitions>);

impl PartitionsEntry {
    /// Creates the entry of a type.
    pub fn of<S: Partitions>() -> PartitionsEntry {
        PartitionsEntry(|task| task.downcast_mut::<S>().map(|task| task as &mut dyn AnyPartitions))
    }
}

/// The sinks of a component that learn their partitions.
pub trait PartitionsList {
    /// Returns all of them.
    fn entries() -> Vec<PartitionsEntry>;
}

/// A running sink of any type that learns its partitions.
trait AnyPartitions {
    fn assigned(&mut self, partitions: &[TopicPartition]) -> Result<(), Error>;
    fn revoked(&mut self, partitions: &[TopicPartition]) -> Result<(), Error>;
    fn lost(&mut self, partitions: &[TopicPartition]) -> Result<(), Error>;
}

impl<S: Partitions> AnyPartitions for S {
    fn assigned(&mut self, partitions: &[TopicPartition]) -> Result<(), Error> {
        Partitions::assigned(self, partitions)
    }

    fn revoked(&mut self, partitions: &[TopicPartition]) -> Result<(), Error> {
        Partitions::revoked(self, partitions)
    }

    fn lost(&mut self, partitions: &[TopicPartition]) -> Result<(), Error> {
        Partitions::lost(self, partitions)
    }
}

/// Calls the running task if it learns its partitions.
fn told<S: PartitionsList>(call: impl Fn(&mut dyn AnyPartitions) -> Result<(), Error>) -> Result<(), String> {
    running(|task| S::entries().iter().find_map(|entry| (entry.0)(task.as_any()).map(&call)).unwrap_or(Ok(())))
        .map_err(Error::into_text)
}

impl<S: PartitionsList> sink_partitions::interface::Guest for S {
    fn assigned(partitions: Vec<TopicPartition>) -> Result<(), String> {
        told::<S>(|task| task.assigned(&partitions))
    }

    fn revoked(partitions: Vec<TopicPartition>) -> Result<(), String> {
        told::<S>(|task| task.revoked(&partitions))
    }

    fn lost(partitions: Vec<TopicPartition>) -> Result<(), String> {
        told::<S>(|task| task.lost(&partitions))
    }
}

/// A sink type that checks offsets.
#[expect(missing_debug_implementations, reason = "made of functions")]
pub struct SinkOffsetsEntry {
    class: &'static str,
    alter: fn(&ConfigMap, &[TopicPartitionOffset]) -> Result<bool, Error>,
}

impl SinkOffsetsEntry {
    /// Creates the entry of a type.
    pub fn of<S: AlterOffsets>() -> SinkOffsetsEntry {
        SinkOffsetsEntry {
            class: S::CLASS,
            alter: |config, offsets| S::alter_offsets(&S::Config::parse(config)?, offsets),
        }
    }
}

/// The sinks of a component that check offsets.
pub trait SinkOffsets {
    /// Returns all of them.
    fn entries() -> Vec<SinkOffsetsEntry>;
}

impl<S: SinkOffsets> sink_offsets::interface::Guest for S {
    fn alter(class: String, config: Vec<ConfigEntry>, offsets: Vec<TopicPartitionOffset>) -> Result<bool, String> {
        logging::enter();
        match S::entries().iter().find(|entry| entry.class == class) {
            Some(entry) => (entry.alter)(&received(config).0, &offsets).map_err(Error::into_text),
            None => Ok(false),
        }
    }
}
