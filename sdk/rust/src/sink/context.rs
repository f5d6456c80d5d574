//! The context of a sink task.

use std::fmt;
use std::time::Duration;

use super::{TopicPartition, TopicPartitionOffset};
use crate::config::{Secrets, Shown};
use crate::error::milliseconds;
use crate::{ConfigMap, host};

/// The context of a sink task: its name and configuration, and requests to the runtime.
///
/// Clone and keep it to make requests later. Each request takes effect after the current call has returned.
#[derive(Clone)]
pub struct SinkContext {
    /// The connector's name.
    pub connector: String,
    /// The number of this task, starting at 0.
    pub task: u32,
    /// The task's configuration as text, including keys that are not in the definition.
    pub config: ConfigMap,
    pub(crate) secrets: Secrets,
}

/// Written by hand, because the configuration may contain secrets.
impl fmt::Debug for SinkContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SinkContext")
            .field("connector", &self.connector)
            .field("task", &self.task)
            .field("config", &Shown(&self.config, &self.secrets))
            .finish()
    }
}

impl SinkContext {
    /// Creates the context of the running task.
    pub(crate) fn new(config: ConfigMap, secrets: Secrets) -> SinkContext {
        SinkContext { connector: host::connector_name(), task: host::task_number().unwrap_or(0), config, secrets }
    }

    /// Returns whether the value of this key is a password, or came from a secret. Do not log it.
    pub fn is_secret(&self, key: &str) -> bool {
        self.secrets.contains(key)
    }

    /// Returns a number that is greater at each start of this task, see
    /// [`task_generation`](crate::context::task_generation).
    pub fn generation(&self) -> u64 {
        host::task_generation()
    }

    /// Returns the consumer group of the connector. A sink that keeps offsets in its own system stores them under this name.
    pub fn consumer_group(&self) -> String {
        host::consumer_group()
    }

    /// Continues reading these partitions from these offsets, for sinks that keep their own offsets and call this in
    /// [`Partitions::assigned`](super::Partitions::assigned). Records that were read but not yet passed to `put` are dropped.
    pub fn rewind(&self, offsets: &[TopicPartitionOffset]) {
        host::rewind(offsets);
    }

    /// Stops passing records of these partitions to `put` until [`resume`](SinkContext::resume).
    pub fn pause(&self, partitions: &[TopicPartition]) {
        host::pause(partitions);
    }

    /// Reverts [`pause`](SinkContext::pause).
    pub fn resume(&self, partitions: &[TopicPartition]) {
        host::resume(partitions);
    }

    /// Requests a commit before the next `put`.
    pub fn request_commit(&self) {
        host::request_commit();
    }

    /// Requests that `put` is called within this time even if no records arrive. Applies to the next call only.
    pub fn timeout(&self, time: Duration) {
        host::timeout(milliseconds(time));
    }
}
