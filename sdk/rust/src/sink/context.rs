//! The context of a sink task.

use std::time::Duration;

use super::{TopicPartition, TopicPartitionOffset};
use crate::error::milliseconds;
use crate::{ConfigMap, host};

/// The context of a sink task: its name and configuration, and requests to the runtime.
///
/// Clone and keep it to make requests later. Each request takes effect after the current call has returned.
#[derive(Clone, Debug)]
pub struct SinkContext {
    /// The connector's name.
    pub connector: String,
    /// The number of this task, starting at 0.
    pub task: u32,
    /// The task's configuration as text, including keys that are not in the definition.
    pub config: ConfigMap,
}

impl SinkContext {
    /// Continues reading these partitions from these offsets, for sinks that keep their own offsets and call this in
    /// `open`. Records that were read but not yet passed to `put` are dropped.
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

    /// Requests a call of `pre_commit` before the next `put`.
    pub fn request_commit(&self) {
        host::request_commit();
    }

    /// Requests that `put` is called within this time even if no records arrive. Applies to the next call only.
    pub fn timeout(&self, time: Duration) {
        host::timeout(milliseconds(time));
    }
}
