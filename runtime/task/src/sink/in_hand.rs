//! The records that were fetched and that the plugin has not accepted yet.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

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
    pub(super) originals: Option<Arc<Originals>>,
    /// The same records as they were fetched, while failing records are isolated.
    pub(super) fetched: Option<FetchedBatch>,
    /// The offsets that were read, including those of dropped records.
    pub(super) read: Vec<Read>,
    /// How often the plugin asked for a retry.
    pub(super) retries: u32,
    /// When they are to be passed to the plugin.
    pub(super) due: Instant,
    /// Records that come after these, and cannot be passed together with them.
    pub(super) rest: Option<Box<Pending>>,
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
            + self.originals.as_deref().map_or(0, Originals::size)
            + self.fetched.as_ref().map_or(0, FetchedBatch::size)
            + self.rest.as_ref().map_or(0, |rest| rest.size())
    }

    /// The first offset of each partition.
    pub(super) fn starts(&self) -> Vec<(TopicPartition, i64)> {
        let own = self.read.iter().map(|read| (read.id.clone(), read.first));
        let mut starts: Vec<_> = own.collect();
        for (id, first) in self.rest.iter().flat_map(|rest| rest.starts()) {
            if !starts.iter().any(|(known, _)| *known == id) {
                starts.push((id, first));
            }
        }
        starts
    }

    /// Cuts the batch down to the records that may be passed together, and returns those after them. The first record of the rest may stem
    /// from the last one of this: then that offset counts as read only with the rest.
    pub(super) fn cut(&mut self, max: u64) -> Option<Self> {
        let pieces = self.batch.records.pieces(max);
        let [first, _, ..] = &pieces[..] else { return None };
        let at = first.end as usize;
        let batch = &mut self.batch;
        let rest = SinkBatch {
            records: batch.records.piece(first.end..batch.records.count),
            topic_partitions: batch.topic_partitions.clone(),
            topic_partition: batch.topic_partition.split_off(at.min(batch.topic_partition.len())),
            offsets: batch.offsets.split_off(at.min(batch.offsets.len())),
            timestamp_types: batch.timestamp_types.clone(),
        };
        batch.records = batch.records.piece(first.clone());
        // Where each partition continues in the rest.
        let mut starts: HashMap<&TopicPartition, i64> = HashMap::new();
        for (record, &offset) in rest.offsets.iter().enumerate() {
            let index = rest.topic_partition.get(record).map_or(0, |&index| index as usize);
            if let Some(id) = rest.topic_partitions.get(index) {
                starts.entry(id).or_insert(offset);
            }
        }
        let mut read = Vec::new();
        for part in &mut self.read {
            let Some(&start) = starts.get(&part.id) else { continue };
            let start = start.clamp(part.first, part.next);
            read.push(Read { id: part.id.clone(), first: start, next: part.next });
            part.next = start;
        }
        self.read.retain(|part| part.first < part.next);
        // Not the same records any more: they are read again if `put` fails.
        self.fetched = None;
        let (originals, due) = (self.originals.clone(), self.due);
        Some(Self { batch: rest, originals, fetched: None, read, retries: 0, due, rest: None })
    }

    fn drop_partitions(&mut self, gone: &[TopicPartition]) {
        if let Some(rest) = &mut self.rest {
            rest.drop_partitions(gone);
        }
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
