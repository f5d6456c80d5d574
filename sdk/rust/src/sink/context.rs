//! What a sink task is told when it starts, and may ask for.

use std::time::Duration;

use super::{TopicPartition, TopicPartitionOffset};
use crate::error::milliseconds;
use crate::{ConfigMap, host};

/// What a sink task is told when it starts. Clone and keep it to ask for something later; each request takes effect when the
/// current call has returned.
#[derive(Clone, Debug)]
pub struct SinkContext {
    /// The connector's name.
    pub connector: String,
    /// The number of this task, from 0.
    pub task: u32,
    /// The task's configuration as text, with keys that the definition does not have.
    pub config: ConfigMap,
}

impl SinkContext {
    /// Reads these partitions again from these offsets: for sinks that keep their own, in `open`. Rows that were read but not
    /// yet given to `put` are dropped.
    pub fn rewind(&self, offsets: &[TopicPartitionOffset]) {
        host::rewind(offsets);
    }

    /// Gives no more rows of these partitions until [`resume`](SinkContext::resume).
    pub fn pause(&self, partitions: &[TopicPartition]) {
        host::pause(partitions);
    }

    /// Undoes [`pause`](SinkContext::pause).
    pub fn resume(&self, partitions: &[TopicPartition]) {
        host::resume(partitions);
    }

    /// Asks for `pre_commit` before the next `put`.
    pub fn request_commit(&self) {
        host::request_commit();
    }

    /// Asks that `put` be called within this time even if nothing arrives. Holds for the next call only.
    pub fn timeout(&self, time: Duration) {
        host::timeout(milliseconds(time));
    }
}
