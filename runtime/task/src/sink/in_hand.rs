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

#[cfg(test)]
mod tests {
    use weir_data::records::{Records, Topics, Values};

    use super::*;

    fn id(partition: i32) -> TopicPartition {
        TopicPartition { topic: "t".into(), partition }
    }

    /// Records with these partitions, offsets and sizes, of which these offsets were read.
    fn pending(records: &[(i32, i64, i32)], read: &[(i32, i64, i64)]) -> Pending {
        let lengths: Vec<i32> = records.iter().map(|&(_, _, length)| length).collect();
        let bytes = vec![b'v'; lengths.iter().map(|&length| length as usize).sum()];
        let batch = SinkBatch {
            records: Records {
                count: records.len() as u32,
                topics: Topics::all("t"),
                values: Values { lengths, bytes, formats: vec![] },
                ..Records::default()
            },
            topic_partitions: vec![id(0), id(1)],
            topic_partition: records.iter().map(|&(partition, _, _)| partition as u32).collect(),
            offsets: records.iter().map(|&(_, offset, _)| offset).collect(),
            timestamp_types: vec![],
        };
        let read = read.iter().map(|&(partition, first, next)| Read { id: id(partition), first, next }).collect();
        Pending { batch, originals: None, fetched: None, read, retries: 0, due: Instant::now(), rest: None }
    }

    fn locations(pending: &Pending) -> Vec<(u32, i64)> {
        pending.batch.topic_partition.iter().copied().zip(pending.batch.offsets.iter().copied()).collect()
    }

    fn read(pending: &Pending) -> Vec<(i32, i64, i64)> {
        pending.read.iter().map(|read| (read.id.partition, read.first, read.next)).collect()
    }

    #[test]
    fn a_batch_above_the_bound_is_cut_and_each_part_knows_what_was_read_for_it() {
        // Offsets 11 and 22 were dropped by a transform.
        let records = [(0, 10, 4), (0, 12, 4), (1, 20, 4), (1, 21, 4), (0, 13, 4)];
        let mut first = pending(&records, &[(0, 10, 14), (1, 20, 23)]);
        let rest = first.cut(8).expect("a rest");
        assert_eq!((locations(&first), read(&first)), (vec![(0, 10), (0, 12)], vec![(0, 10, 13)]));
        assert_eq!(first.batch.records.values.lengths, [4, 4]);
        assert_eq!(locations(&rest), [(1, 20), (1, 21), (0, 13)]);
        assert_eq!(read(&rest), [(0, 13, 14), (1, 20, 23)]);
        assert_eq!(rest.starts(), [(id(0), 13), (id(1), 20)]);

        let mut second = rest;
        let last = second.cut(8).expect("a rest");
        // The partition has nothing more in the rest, so what was dropped after its records counts as read.
        assert_eq!((locations(&second), read(&second)), (vec![(1, 20), (1, 21)], vec![(1, 20, 23)]));
        assert_eq!((locations(&last), read(&last)), (vec![(0, 13)], vec![(0, 13, 14)]));
    }

    #[test]
    fn a_batch_within_the_bound_and_a_large_record_are_not_cut() {
        let mut small = pending(&[(0, 1, 4), (0, 2, 4)], &[(0, 1, 3)]);
        assert!(small.cut(8).is_none());
        assert_eq!(locations(&small).len(), 2);
        assert!(pending(&[(0, 1, 100)], &[(0, 1, 2)]).cut(8).is_none());
    }

    #[test]
    fn an_offset_whose_records_are_in_both_parts_is_read_with_the_second() {
        let mut first = pending(&[(0, 5, 4), (0, 6, 4), (0, 6, 4)], &[(0, 5, 7)]);
        let rest = first.cut(8).expect("a rest");
        assert_eq!((read(&first), read(&rest)), (vec![(0, 5, 6)], vec![(0, 6, 7)]));
    }

    #[test]
    fn records_of_a_revoked_partition_leave_the_rest_too() {
        let mut first = pending(&[(0, 1, 4), (1, 1, 4), (0, 2, 4)], &[(0, 1, 3), (1, 1, 2)]);
        let rest = first.cut(4).expect("a rest");
        first.rest = Some(Box::new(rest));
        assert_eq!(first.starts(), [(id(0), 1), (id(1), 1)]);
        first.drop_partitions(&[id(0)]);
        assert_eq!((locations(&first), read(&first)), (vec![], vec![]));
        let rest = first.rest.as_deref().expect("a rest");
        assert_eq!((locations(rest), read(rest)), (vec![(1, 1)], vec![(1, 1, 2)]));
    }
}
