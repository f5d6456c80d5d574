//! The records that were fetched and that the plugin has not accepted yet.

use std::collections::VecDeque;

use tokio::time::Instant;
use weir_plugin::{SinkBatch, TopicPartition};

use super::fetch::FetchedBatch;
use super::originals::Originals;
use crate::chain::pick;
use crate::memory::Held;

/// Records in hand, counted in the worker's budget.
pub(super) struct InHand {
    /// Records that are passed to the plugin next, or again.
    pub(super) pending: Option<Pending>,
    /// Records that follow the pending ones, while failing records are isolated.
    pub(super) queued: VecDeque<FetchedBatch>,
    memory: Held,
}

/// Records that are ready for the plugin.
pub(super) struct Pending {
    pub(super) batch: SinkBatch,
    /// The records as they were consumed, if the log or the dead letter queue needs them.
    pub(super) originals: Option<Originals>,
    /// The same records as they were fetched, while failing records are isolated.
    pub(super) fetched: Option<FetchedBatch>,
    /// The offsets that were read, including those of dropped records.
    pub(super) read: Vec<Read>,
    /// How often the plugin asked for a retry.
    pub(super) retries: u32,
    /// When they are to be passed to the plugin.
    pub(super) due: Instant,
}

/// The offsets that were read of a partition.
pub(super) struct Read {
    pub(super) id: TopicPartition,
    /// The first one.
    pub(super) first: i64,
    /// The one after the last.
    pub(super) next: i64,
}

impl InHand {
    pub(super) fn new(memory: Held) -> Self {
        Self { pending: None, queued: VecDeque::new(), memory }
    }

    /// Counts the records in the budget. A sink does not wait for memory: it fetches no more before the plugin has accepted these.
    pub(super) fn account(&mut self) {
        let queued = self.queued.iter().map(FetchedBatch::size).sum::<usize>();
        let pending = self.pending.as_ref().map_or(0, Pending::size);
        self.memory.resize((queued + pending) as u64);
    }

    /// Drops the pending records of these partitions: they were revoked, or are read again.
    pub(super) fn drop_pending(&mut self, gone: &[TopicPartition]) {
        if let Some(pending) = &mut self.pending {
            pending.drop_partitions(gone);
        }
    }
}

impl Pending {
    fn size(&self) -> usize {
        self.batch.records.size()
            + size_of_val(self.batch.offsets.as_slice())
            + self.originals.as_ref().map_or(0, Originals::size)
            + self.fetched.as_ref().map_or(0, FetchedBatch::size)
    }

    fn drop_partitions(&mut self, gone: &[TopicPartition]) {
        self.read.retain(|read| !gone.contains(&read.id));
        // Drop the fetched records too: if `put` fails, they must not be passed again with the remaining ones.
        self.fetched = self.fetched.take().and_then(|fetched| fetched.without(gone));
        let batch = &mut self.batch;
        let kept: Vec<u32> = (0..batch.records.count)
            .filter(|&record| {
                let index = batch.topic_partition.get(record as usize).map_or(0, |&index| index as usize);
                batch.topic_partitions.get(index).is_none_or(|id| !gone.contains(id))
            })
            .collect();
        if kept.len() == batch.records.count as usize {
            return;
        }
        batch.records = batch.records.select(&kept);
        batch.offsets = pick(&batch.offsets, &kept);
        if !batch.topic_partition.is_empty() {
            batch.topic_partition = pick(&batch.topic_partition, &kept);
        }
    }
}
