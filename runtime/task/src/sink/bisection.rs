//! The search for the records for which a sink's `put` fails without naming them. It uses neither Kafka nor the plugin: it is told which
//! records were passed together when a `put` failed, and determines which records are to be passed together next. `bisect.rs` acts on it.
//!
//! A batch that failed is split into two pieces, and records of different pieces are never passed together from then on. A piece that
//! fails is split again, until it is one record: that record is bad. Of `n` records that come in one batch, `k` bad ones are found with at
//! most `k * (log2(n) + 1)` calls that fail, and each costs an instance and reading again what was not committed.
//!
//! Records are identified by partition and offset, so that they are recognized when they are read again, whatever the batch.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use weir_plugin::TopicPartition;

use super::fetch::FetchedBatch;

/// Maximum number of bad records of one search. A sink that fails for more since its last commit is considered broken.
pub(super) const MAX_BAD: u32 = 100;
/// Maximum time spent in failed calls, in multiples of the plugin's call timeout: a record that makes a plugin loop costs a timeout each
/// time.
const MAX_TIMEOUTS: u32 = 30;
/// Maximum number of records that the plugin has named and whose failure is remembered until their offsets are committed. Beyond it, a
/// record that is read again may be reported again.
const MAX_KNOWN: usize = 10_000;

/// A record: index of its partition, and offset.
pub(super) type RecordId = (usize, i64);

/// What to do after a failed `put`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Read again; the records are then passed in smaller pieces.
    Split,
    /// The only record that was passed is bad.
    Bad(RecordId),
    /// More than a few records fail. The text says what was tried.
    GiveUp(String),
}

/// Which of the records that were read may be passed to the plugin now.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cut {
    /// The number of records from the front that belong together.
    pub(super) records: usize,
    /// Whether they are part of a batch that failed.
    pub(super) risky: bool,
}

/// Records of a partition that are passed in pieces: from an offset, up to but without another one, and the piece.
type Ranges = BTreeMap<i64, (i64, u32)>;

/// A search, and the records that it found. See the head of this file.
#[derive(Debug, Default)]
pub(super) struct Bisection {
    ranges: HashMap<TopicPartition, Ranges>,
    /// Records that failed and were reported, and are not yet committed.
    failed: HashMap<TopicPartition, BTreeSet<i64>>,
    /// The number of those records.
    known: usize,
    pieces: u32,
    /// The effort of the current search.
    pub(super) effort: Effort,
}

/// The cost of a search.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Effort {
    /// The number of failed calls.
    pub(super) failed: u32,
    /// The maximum number of failed calls.
    limit: u32,
    /// The number of bad records that were found.
    pub(super) bad: u32,
    /// The time spent in failed calls.
    spent: Duration,
}

impl Bisection {
    /// Returns whether records are being isolated.
    pub(super) fn is_searching(&self) -> bool {
        !self.ranges.is_empty()
    }

    /// Returns whether nothing is remembered.
    pub(super) fn is_idle(&self) -> bool {
        self.ranges.is_empty() && self.failed.is_empty()
    }

    /// Handles a `put` of these records that failed after `took`. `records` are in the order in which they were passed, each once.
    pub(super) fn put_failed(
        &mut self,
        partitions: &[TopicPartition],
        records: &[RecordId],
        took: Duration,
        call_timeout: Duration,
    ) -> Verdict {
        if !self.is_searching() {
            let depth = usize::BITS - records.len().leading_zeros();
            self.effort = Effort { limit: MAX_BAD * (depth + 1), ..Effort::default() };
        }
        let effort = &mut self.effort;
        effort.failed += 1;
        effort.spent += took;
        if effort.spent > call_timeout * MAX_TIMEOUTS {
            return Verdict::GiveUp(format!("{} calls of put failed, after {:?} in all", effort.failed, effort.spent));
        }
        if effort.failed > effort.limit {
            return Verdict::GiveUp(format!("{} calls of put failed since the last commit", effort.failed));
        }
        if let [record] = records {
            effort.bad += 1;
            if effort.bad > MAX_BAD {
                return Verdict::GiveUp(format!("more than {MAX_BAD} records since the last commit, each sent alone"));
            }
            // A search of one record, too, lasts until that record is committed.
            self.assign(partitions, records, &[]);
            // Whatever else is known: the search would find it again. There are at most `MAX_BAD` of them.
            if let Some(id) = partitions.get(record.0) {
                self.remember(id, record.1);
            }
            return Verdict::Bad(*record);
        }
        let (first, second) = records.split_at(records.len() / 2);
        self.assign(partitions, first, second);
        self.assign(partitions, second, &[]);
        Verdict::Split
    }

    /// Makes a piece of these records. In each partition it extends to the first of the `next` ones, so that records between the two,
    /// which were dropped, do not form a piece of their own.
    fn assign(&mut self, partitions: &[TopicPartition], records: &[RecordId], next: &[RecordId]) {
        self.pieces += 1;
        let piece = self.pieces;
        let next = extents(next);
        for (partition, (from, last)) in extents(records) {
            let Some(id) = partitions.get(partition) else { continue };
            let to = next.get(&partition).map_or(last + 1, |(next, _)| (*next).max(last + 1));
            carve(self.ranges.entry(id.clone()).or_default(), from, to, piece);
        }
    }

    /// A record failed and was reported: it is not to be passed or reported again before it is committed.
    pub(super) fn remember_failed(&mut self, id: &TopicPartition, offset: i64) {
        if self.known < MAX_KNOWN {
            self.remember(id, offset);
        }
    }

    fn remember(&mut self, id: &TopicPartition, offset: i64) {
        let is_new = match self.failed.get_mut(id) {
            Some(offsets) => offsets.insert(offset),
            None => self.failed.insert(id.clone(), BTreeSet::from([offset])).is_none(),
        };
        self.known += usize::from(is_new);
    }

    /// Returns whether one of these records failed when it was read before, or is to be passed in its piece.
    pub(super) fn affects(&self, fetched: &FetchedBatch) -> bool {
        self.is_searching()
            || !self.failed.is_empty()
                && fetched.partitions.iter().any(|partition| {
                    self.failed.get(&partition.id).and_then(BTreeSet::last).is_some_and(|last| partition.first <= *last)
                })
    }

    /// Determines which of the records that are still to be passed belong together with the first of them.
    pub(super) fn cut(&self, fetched: &FetchedBatch) -> Cut {
        let ranges: Vec<_> = fetched.partitions.iter().map(|partition| self.ranges.get(&partition.id)).collect();
        let mut front = None;
        for (index, (&partition, &offset)) in fetched.partition.iter().zip(&fetched.offsets).enumerate() {
            if self.has_failed(fetched, partition, offset) {
                continue;
            }
            let piece = ranges.get(partition as usize).copied().flatten().and_then(|ranges| piece(ranges, offset));
            if *front.get_or_insert(piece) != piece {
                return Cut { records: index, risky: front.flatten().is_some() };
            }
        }
        Cut { records: fetched.offsets.len(), risky: front.flatten().is_some() }
    }

    /// Returns whether the record failed before.
    pub(super) fn has_failed(&self, fetched: &FetchedBatch, partition: u32, offset: i64) -> bool {
        let id = fetched.partitions.get(partition as usize).map(|partition| &partition.id);
        id.and_then(|id| self.failed.get(id)).is_some_and(|offsets| offsets.contains(&offset))
    }

    /// Records below this offset are committed, and will not be read again. Returns whether the search has ended with it.
    pub(super) fn committed(&mut self, id: &TopicPartition, offset: i64) -> bool {
        if let Some(failed) = self.failed.get_mut(id) {
            let before = failed.len();
            *failed = failed.split_off(&offset);
            self.known -= before - failed.len();
            if failed.is_empty() {
                self.failed.remove(id);
            }
        }
        let Some(ranges) = self.ranges.get_mut(id) else { return false };
        ranges.retain(|_, (to, _)| *to > offset);
        if ranges.is_empty() {
            self.ranges.remove(id);
        }
        self.ranges.is_empty()
    }

    /// The partition was revoked or lost.
    pub(super) fn forget(&mut self, id: &TopicPartition) {
        self.known -= self.failed.remove(id).map_or(0, |failed| failed.len());
        self.ranges.remove(id);
    }
}

/// The lowest and the highest offset of the records in each partition.
fn extents(records: &[RecordId]) -> HashMap<usize, (i64, i64)> {
    let mut extents = HashMap::new();
    for &(partition, offset) in records {
        let (low, high) = extents.entry(partition).or_insert((offset, offset));
        (*low, *high) = (offset.min(*low), offset.max(*high));
    }
    extents
}

fn piece(ranges: &Ranges, offset: i64) -> Option<u32> {
    let (_, (to, piece)) = ranges.range(..=offset).next_back()?;
    (offset < *to).then_some(*piece)
}

/// Makes `from..to` part of a piece, and removes it from other pieces.
fn carve(ranges: &mut Ranges, from: i64, to: i64, piece: u32) {
    let overlapping: Vec<_> = ranges
        .range(..to)
        .filter(|(_, (end, _))| *end > from)
        .map(|(&start, &(end, piece))| (start, end, piece))
        .collect();
    for (start, end, other) in overlapping {
        ranges.remove(&start);
        if start < from {
            ranges.insert(start, (from, other));
        }
        if end > to {
            ranges.insert(to, (end, other));
        }
    }
    ranges.insert(from, (to, piece));
}

#[cfg(test)]
mod tests;
