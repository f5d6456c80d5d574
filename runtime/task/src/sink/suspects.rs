//! The search for the rows for which a sink's `put` fails without naming them. It knows no Kafka and no plugin: it is told which
//! rows were given together when a `put` failed, and says which rows are to be given together next.
//!
//! A batch that failed is divided into two pieces, and rows of different pieces are never given together from then on. A piece that
//! fails is divided again, until it is one row: that row is bad. Of `n` rows that come in one batch, `k` bad ones are so found with
//! at most `k * (log2(n) + 1)` calls that fail, and each costs an instance and reading again what was not committed.
//!
//! Rows are known by partition and offset, so that they are recognised when they are read again, in whatever company.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use weir_plugin::TopicPartition;

use super::gather::Gathered;

/// Most bad rows of one search. A sink that fails for more since its last commit is not disturbed by a few rows, it is broken.
pub(super) const MAX_BAD: u32 = 100;
/// Most time spent in calls that failed, in times of the plugin's call timeout: a row that makes a plugin spin costs a timeout at
/// each try.
const MAX_TIMEOUTS: u32 = 30;
/// Most rows whose failure is remembered until their offsets are committed. Beyond it a row that is read again may be reported
/// again.
const MAX_KNOWN: usize = 10_000;

/// A row: index of its partition, and offset.
pub(super) type RowId = (usize, i64);

/// What to do after a `put` that failed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Read again; the rows will come in smaller pieces.
    Divide,
    /// The only row that was given is bad.
    Bad(RowId),
    /// It is no matter of a few rows. The text says what was tried.
    GiveUp(String),
}

/// What of rows that were read may be given to the plugin now.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cut {
    /// So many rows from the front belong together.
    pub(super) rows: usize,
    /// They are part of a batch that failed.
    pub(super) risky: bool,
}

/// Rows of a partition that are given in pieces: from an offset, up to but without another one, and the piece.
type Ranges = BTreeMap<i64, (i64, u32)>;

/// See the head of this file.
#[derive(Debug, Default)]
pub(super) struct Suspects {
    ranges: HashMap<TopicPartition, Ranges>,
    /// Rows that failed and were reported, and are not yet committed.
    known: HashMap<TopicPartition, BTreeSet<i64>>,
    pieces: u32,
    /// Of the search that is going on.
    pub(super) effort: Effort,
}

/// What a search has cost.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Effort {
    /// Calls that failed.
    pub(super) failed: u32,
    /// Most of them.
    limit: u32,
    /// Rows that were found.
    pub(super) bad: u32,
    /// Time in those calls.
    spent: Duration,
}

impl Suspects {
    /// True = a search is going on.
    pub(super) fn searching(&self) -> bool {
        !self.ranges.is_empty()
    }

    /// True = nothing is remembered.
    pub(super) fn is_idle(&self) -> bool {
        self.ranges.is_empty() && self.known.is_empty()
    }

    /// A `put` of these rows failed, after so long. `rows` in the order in which they were given, each once.
    pub(super) fn failed(
        &mut self,
        partitions: &[TopicPartition],
        rows: &[RowId],
        took: Duration,
        call_timeout: Duration,
    ) -> Verdict {
        if !self.searching() {
            let depth = usize::BITS - rows.len().leading_zeros();
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
        if let [row] = rows {
            effort.bad += 1;
            if effort.bad > MAX_BAD {
                return Verdict::GiveUp(format!("more than {MAX_BAD} rows since the last commit, each given alone"));
            }
            // Also a search of one row lasts until that row is behind a commit.
            self.assign(partitions, rows, &[]);
            return Verdict::Bad(*row);
        }
        let (first, second) = rows.split_at(rows.len() / 2);
        self.assign(partitions, first, second);
        self.assign(partitions, second, &[]);
        Verdict::Divide
    }

    /// Makes a piece of these rows. In each partition it reaches up to the first of the `next` ones, so that rows between the two,
    /// which something dropped, are no piece of their own.
    fn assign(&mut self, partitions: &[TopicPartition], rows: &[RowId], next: &[RowId]) {
        self.pieces += 1;
        let piece = self.pieces;
        for (index, id) in partitions.iter().enumerate() {
            let own = |rows: &[RowId]| {
                let offsets = rows.iter().filter(|(partition, _)| *partition == index).map(|(_, offset)| *offset);
                offsets.fold(None, |found: Option<(i64, i64)>, offset| {
                    Some(found.map_or((offset, offset), |(low, high)| (low.min(offset), high.max(offset))))
                })
            };
            let Some((from, last)) = own(rows) else { continue };
            let to = own(next).map_or(last + 1, |(next, _)| next.max(last + 1));
            carve(self.ranges.entry(id.clone()).or_default(), from, to, piece);
        }
    }

    /// A row failed and was reported: it is not to be given or reported again before it is committed.
    pub(super) fn know(&mut self, id: &TopicPartition, offset: i64) {
        let count: usize = self.known.values().map(BTreeSet::len).sum();
        // A row that the search has found has to be left out: it would be found again. There are not many.
        if count < MAX_KNOWN || self.searching() {
            match self.known.get_mut(id) {
                Some(offsets) => {
                    offsets.insert(offset);
                }
                None => {
                    self.known.insert(id.clone(), BTreeSet::from([offset]));
                }
            }
        }
    }

    /// True = one of these rows was read before and failed, or is to be given in its piece.
    pub(super) fn concerns(&self, gathered: &Gathered) -> bool {
        self.searching()
            || !self.known.is_empty()
                && gathered.partitions.iter().any(|partition| {
                    self.known.get(&partition.id).and_then(BTreeSet::last).is_some_and(|last| partition.first <= *last)
                })
    }

    /// Which of the rows that are still to be given belong together with the first of them.
    pub(super) fn cut(&self, gathered: &Gathered) -> Cut {
        let ranges: Vec<_> = gathered.partitions.iter().map(|partition| self.ranges.get(&partition.id)).collect();
        let mut front = None;
        for (row, (&partition, &offset)) in gathered.partition.iter().zip(&gathered.offsets).enumerate() {
            if self.is_known(gathered, partition, offset) {
                continue;
            }
            let piece = ranges.get(partition as usize).copied().flatten().and_then(|ranges| piece(ranges, offset));
            if *front.get_or_insert(piece) != piece {
                return Cut { rows: row, risky: front.flatten().is_some() };
            }
        }
        Cut { rows: gathered.offsets.len(), risky: front.flatten().is_some() }
    }

    /// True = the row failed before.
    pub(super) fn is_known(&self, gathered: &Gathered, partition: u32, offset: i64) -> bool {
        let id = gathered.partitions.get(partition as usize).map(|partition| &partition.id);
        id.and_then(|id| self.known.get(id)).is_some_and(|offsets| offsets.contains(&offset))
    }

    /// Rows below this offset are committed, and will not be read again. True = the search has ended with it.
    pub(super) fn committed(&mut self, id: &TopicPartition, offset: i64) -> bool {
        if let Some(known) = self.known.get_mut(id) {
            *known = known.split_off(&offset);
            if known.is_empty() {
                self.known.remove(id);
            }
        }
        let Some(ranges) = self.ranges.get_mut(id) else { return false };
        ranges.retain(|_, (to, _)| *to > offset);
        if ranges.is_empty() {
            self.ranges.remove(id);
        }
        self.ranges.is_empty()
    }

    /// The partition is somebody else's now.
    pub(super) fn forget(&mut self, id: &TopicPartition) {
        self.known.remove(id);
        self.ranges.remove(id);
    }
}

fn piece(ranges: &Ranges, offset: i64) -> Option<u32> {
    let (_, (to, piece)) = ranges.range(..=offset).next_back()?;
    (offset < *to).then_some(*piece)
}

/// Makes `from..to` part of a piece, and cuts away what was there.
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
#[path = "suspects_tests.rs"]
mod tests;
