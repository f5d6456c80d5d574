//! Implements the interface `sink`.

use std::cell::RefCell;

use super::{config_map, find};
use crate::bindings::host::weir::connect::data::{Fault, RowFailure, TopicPartition, TopicPartitionOffset};
use crate::bindings::sink::interface as wit;
use crate::sink::{RowFailures, Sink, SinkBatch, SinkContext};
use crate::{Config, ConfigMap, Error, logging};

/// A sink type that can be started.
pub struct SinkEntry {
    class: &'static str,
    start: Start,
}

impl SinkEntry {
    /// Creates the entry of a type.
    pub fn of<S: Sink>() -> SinkEntry {
        SinkEntry {
            class: S::CLASS,
            start: |config, context| Ok(Box::new(S::start(S::Config::parse(config)?, context)?)),
        }
    }
}

type Start = fn(&ConfigMap, &SinkContext) -> Result<Box<dyn AnySink>, Error>;

/// The sinks of a component.
pub trait Sinks {
    /// Returns all sinks.
    fn sinks() -> Vec<SinkEntry>;
}

/// A running sink of any type.
trait AnySink {
    fn open(&mut self, partitions: &[TopicPartition]) -> Result<(), Error>;
    fn put(&mut self, batch: &SinkBatch) -> Result<RowFailures, Error>;
    fn pre_commit(&mut self, offsets: Vec<TopicPartitionOffset>) -> Result<Vec<TopicPartitionOffset>, Error>;
    fn close(&mut self, partitions: &[TopicPartition]) -> Result<(), Error>;
    fn stop(&mut self);
}

impl<S: Sink> AnySink for S {
    fn open(&mut self, partitions: &[TopicPartition]) -> Result<(), Error> {
        Sink::open(self, partitions)
    }

    fn put(&mut self, batch: &SinkBatch) -> Result<RowFailures, Error> {
        Sink::put(self, batch)
    }

    fn pre_commit(&mut self, offsets: Vec<TopicPartitionOffset>) -> Result<Vec<TopicPartitionOffset>, Error> {
        Sink::pre_commit(self, offsets)
    }

    fn close(&mut self, partitions: &[TopicPartition]) -> Result<(), Error> {
        Sink::close(self, partitions)
    }

    fn stop(&mut self) {
        Sink::stop(self);
    }
}

thread_local! {
    static TASK: RefCell<Option<Box<dyn AnySink>>> = const { RefCell::new(None) };
}

fn running<T>(call: impl FnOnce(&mut dyn AnySink) -> Result<T, Error>) -> Result<T, Fault> {
    logging::enter();
    TASK.with_borrow_mut(|task| match task {
        Some(task) => call(task.as_mut()).map_err(Fault::from),
        None => Err(Fault::Fatal("the task was not started".into())),
    })
}

impl<S: Sinks> wit::Guest for S {
    fn start(context: wit::TaskContext) -> Result<(), Fault> {
        logging::enter();
        let entry = find(S::sinks(), &context.class, |entry| entry.class).map_err(Fault::Fatal)?;
        let config = config_map(context.config);
        let context = SinkContext { connector: context.connector, task: context.task, config };
        TASK.set(Some((entry.start)(&context.config, &context)?));
        Ok(())
    }

    fn open(partitions: Vec<TopicPartition>) -> Result<(), Fault> {
        running(|task| task.open(&partitions))
    }

    fn put(batch: wit::SinkBatch) -> Result<Vec<RowFailure>, Fault> {
        running(|task| task.put(&SinkBatch::new(batch))).map(RowFailures::into_list)
    }

    fn pre_commit(offsets: Vec<TopicPartitionOffset>) -> Result<Vec<TopicPartitionOffset>, Fault> {
        running(|task| task.pre_commit(offsets))
    }

    fn close(partitions: Vec<TopicPartition>) -> Result<(), Fault> {
        running(|task| task.close(&partitions))
    }

    fn stop() {
        logging::enter();
        if let Some(mut task) = TASK.take() {
            task.stop();
        }
    }
}
