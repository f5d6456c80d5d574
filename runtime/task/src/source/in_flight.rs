//! Holds the batches of a source task that Kafka has not acknowledged, in the order of the source, and determines which source offsets may
//! be stored. It does not access Kafka; its callers are `delivery.rs`, which does, and the task's loop.
//!
//! Invariant 1: an offset is handed out for storing only when its record, and every earlier record of the same source partition,
//! is acknowledged by Kafka, dropped by a transform, or skipped by `errors.tolerance`.

use std::collections::{BTreeMap, HashSet, VecDeque};

use super::batch::{Batch, SourcePositions};
use super::options::MAX_SETTLED_BYTES;
use weir_kafka::producer::Outcome;

/// Offsets to be stored: source partition to offset, both JSON objects.
pub(super) type Committable = BTreeMap<String, String>;

/// Offsets of batches that have left the queue, not yet stored.
#[derive(Default)]
struct Settled {
    offsets: Committable,
    /// Their approximate size in memory.
    bytes: usize,
}

impl Settled {
    /// The approximate size of an entry of a map, without its texts.
    const ENTRY_BYTES: usize = 128;

    fn insert(&mut self, partition: &str, offset: String) {
        self.bytes += offset.len();
        match self.offsets.get_mut(partition) {
            Some(old) => self.bytes -= std::mem::replace(old, offset).len(),
            None => {
                self.bytes += partition.len() + Self::ENTRY_BYTES;
                self.offsets.insert(partition.to_owned(), offset);
            }
        }
    }
}

/// The queue of batches.
#[derive(Default)]
pub(super) struct InFlight {
    pub(super) queue: VecDeque<Batch>,
    bytes: usize,
    weight: usize,
    next_record: u64,
    settled: Settled,
}

impl InFlight {
    /// Returns the number of the next record that the source brings.
    pub(super) fn next_record(&self) -> u64 {
        self.next_record
    }

    /// Returns a number below which all records are settled.
    pub(super) fn settled_below(&self) -> u64 {
        self.queue.front().map_or(self.next_record, |batch| batch.first_record)
    }

    /// Returns the bytes that are not acknowledged.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the memory of the batches.
    pub(super) fn weight(&self) -> usize {
        self.weight
    }

    /// Returns the number of records that are not acknowledged, with those before them in their batch.
    pub(super) fn records(&self) -> u64 {
        self.next_record - self.settled_below()
    }

    /// Returns the number of batches that are not acknowledged.
    pub(super) fn batches(&self) -> usize {
        self.queue.len()
    }

    /// Whether enough offsets wait to be stored that they should be stored now.
    pub(super) fn has_many_offsets(&self) -> bool {
        self.settled.bytes >= MAX_SETTLED_BYTES
    }

    /// Adds the source's next batch. `batch.first_record` is [`InFlight::next_record`].
    pub(super) fn push(&mut self, batch: Batch) {
        debug_assert_eq!(batch.first_record, self.next_record, "records are numbered without gaps");
        self.next_record += u64::from(batch.records);
        self.bytes += batch.bytes;
        self.weight += batch.weight;
        self.queue.push_back(batch);
    }

    /// Removes the oldest batch, which must be settled.
    pub(super) fn pop(&mut self) -> Option<Batch> {
        let batch = self.queue.pop_front()?;
        self.bytes -= batch.bytes;
        self.weight -= batch.weight;
        last_offsets(&batch.positions, &mut self.settled);
        Some(batch)
    }

    /// Returns the number of records that have to be passed to a producer.
    pub(super) fn waiting(&self) -> usize {
        self.queue.iter().map(|batch| batch.waiting).sum()
    }

    /// Whether a producer has records of which it has not reported yet.
    pub(super) fn has_unreported(&self) -> bool {
        self.queue.iter().any(Batch::has_unreported)
    }

    /// Returns the offsets that may be stored now, and were not yet. Batches that have left the queue count whole; in those that are
    /// still in it each source partition counts up to its first record that is not acknowledged.
    pub(super) fn take_committable(&mut self) -> Committable {
        let mut committable = std::mem::take(&mut self.settled).offsets;
        let mut blocked: HashSet<&str> = HashSet::new();
        for batch in &self.queue {
            let mut next = 0;
            let mut offset_start = 0;
            for record in 0..batch.records as usize {
                let mut acknowledged = true;
                while batch.sent.get(next).is_some_and(|sent| sent.origin as usize == record) {
                    acknowledged &= matches!(batch.outcome(next), Some(Outcome::Acknowledged { .. }));
                    next += 1;
                }
                let length = batch.positions.offsets.lengths.get(record).copied().unwrap_or(-1);
                let offset_end = offset_start + usize::try_from(length).unwrap_or(0);
                let Some(partition) = batch.positions.partitions.get(batch.positions.partition(record)) else { break };
                if !acknowledged {
                    blocked.insert(partition);
                } else if length >= 0 && !blocked.contains(partition.as_str()) {
                    // Invariant 1: nothing before this record of the same source partition is pending.
                    let offset = &batch.positions.offsets.bytes[offset_start..offset_end];
                    committable.insert(partition.clone(), String::from_utf8_lossy(offset).into_owned());
                }
                offset_start = offset_end;
            }
        }
        committable
    }

    /// Puts offsets back that could not be stored. Newer ones win.
    pub(super) fn put_back(&mut self, offsets: Committable) {
        for (partition, offset) in offsets {
            if !self.settled.offsets.contains_key(&partition) {
                self.settled.insert(&partition, offset);
            }
        }
    }
}

/// Adds the last offset of each source partition in a batch to `settled`. From the end, so that the usual batch of one source
/// partition is looked at once.
fn last_offsets(positions: &SourcePositions, settled: &mut Settled) {
    let mut seen = vec![false; positions.partitions.len()];
    let mut missing = seen.len();
    let mut end = positions.offsets.bytes.len();
    for (record, &length) in positions.offsets.lengths.iter().enumerate().rev() {
        if missing == 0 {
            return;
        }
        let Ok(length) = usize::try_from(length) else { continue };
        let start = end - length;
        let partition = positions.partition(record);
        if let (Some(seen), Some(name)) = (seen.get_mut(partition), positions.partitions.get(partition))
            && !std::mem::replace(seen, true)
        {
            missing -= 1;
            let offset = String::from_utf8_lossy(&positions.offsets.bytes[start..end]).into_owned();
            settled.insert(name, offset);
        }
        end = start;
    }
}

#[cfg(test)]
mod tests;
