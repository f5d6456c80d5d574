//! Holds the rows of a source task that Kafka has not acknowledged, in the order in which the source brought them, and says
//! which source offsets may be stored. It never talks to Kafka; the task's loop, its only caller, does.
//!
//! Invariant 1: an offset is handed out for storing only when its row, and every earlier row of the same source partition,
//! is acknowledged by Kafka, dropped by a transform, or skipped by `errors.tolerance`.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use weir_data::records::Column;
use weir_plugin::{SettledRows, TopicPartition};

use super::options::MAX_SETTLED_BYTES;
use crate::kafka::producer::{Outcome, SendFailure, Tracked};
use crate::task::active_topics::TopicNotes;
use crate::task::errors::Polled;

/// Where the rows of a batch came from, as the source said.
pub(super) struct Places {
    /// Source partitions, JSON objects.
    pub(super) partitions: Vec<String>,
    /// For each row an index into `partitions`; empty = all the first.
    pub(super) partition: Vec<u32>,
    /// For each row its offset, a JSON object.
    pub(super) offsets: Column,
}

impl Places {
    fn partition(&self, row: usize) -> usize {
        self.partition.get(row).map_or(0, |&index| index as usize)
    }

    /// Source partition and offset of a row, as the source wrote them. Looks at all rows before it.
    pub(super) fn of(&self, row: u32) -> (&str, &str) {
        let row = row as usize;
        let partition = self.partitions.get(self.partition(row)).map_or("{}", String::as_str);
        let rows = u32::try_from(self.offsets.lengths.len()).unwrap_or(u32::MAX);
        let offset = self.offsets.iter(rows).nth(row).flatten().and_then(|offset| std::str::from_utf8(offset).ok());
        (partition, offset.unwrap_or("null"))
    }
}

/// What the way to Kafka did with the rows of a batch before it was sent.
pub(super) struct SentRow {
    /// Index of the row in the source's batch.
    pub(super) origin: u32,
    /// Index of its topic in [`Batch::topics`].
    pub(super) topic: u32,
}

/// A batch of the source.
pub(super) struct Batch {
    /// Number of the first row in the task's life.
    pub(super) first_row: u64,
    /// Rows as the source brought them.
    pub(super) rows: u32,
    /// For each row that was sent, which row of the source it stems from. Never decreasing.
    pub(super) sent: Vec<SentRow>,
    /// The names of the topics that the rows were sent to.
    pub(super) topics: Vec<String>,
    /// Rows of the source that failed and were skipped. Sorted.
    pub(super) skipped: Vec<u32>,
    /// The rows that were sent, in pieces that the producer tracks.
    pub(super) tracked: Vec<Tracked>,
    pub(super) places: Places,
    /// The rows as the source brought them, if the log wants them should one fail.
    pub(super) originals: Option<Polled>,
    /// Bytes that count against the task's limit.
    pub(super) bytes: usize,
}

impl Batch {
    fn is_settled(&self) -> bool {
        self.tracked.iter().all(|piece| piece.outstanding.is_settled())
    }

    /// Rows that Kafka has. Looks at each row only if one of them failed.
    pub(super) fn acknowledged(&self) -> u64 {
        if self.tracked.iter().all(|piece| piece.outstanding.failure().is_none()) {
            return self.sent.len() as u64;
        }
        let taken = |sent: &usize| matches!(self.outcome(*sent), Some(Outcome::Acknowledged { .. }));
        (0..self.sent.len()).filter(taken).count() as u64
    }

    /// The rows that Kafka did not take: which of the source's they stem from, and why. A row of the source that became several is
    /// there for each of them.
    pub(super) fn take_failures(&self) -> Vec<(u32, SendFailure)> {
        let size = crate::kafka::producer::MAX_ROWS;
        let mut failures: Vec<(u32, SendFailure)> = Vec::new();
        for (piece, tracked) in self.tracked.iter().enumerate() {
            let named = tracked.outstanding.take_failures().into_iter();
            failures.extend(named.filter_map(|failure| {
                let sent = self.sent.get(piece * size + failure.row)?;
                Some((sent.origin, failure))
            }));
        }
        failures.sort_by_key(|(origin, _)| *origin);
        failures
    }

    fn outcome(&self, sent: usize) -> Option<Outcome> {
        let size = crate::kafka::producer::MAX_ROWS;
        self.tracked.get(sent / size).and_then(|piece| piece.outstanding.outcome(sent % size))
    }

    /// Notes the topics that have got a row of this batch. Called once all of it is settled. Rows are looked at, in one pass, only
    /// if there is a topic that is not noted yet.
    pub(super) fn note_topics(&self, notes: &mut TopicNotes) {
        let mut new: Vec<bool> = self.topics.iter().map(|name| notes.is_new(name)).collect();
        if !new.contains(&true) {
            return;
        }
        for (number, sent) in self.sent.iter().enumerate() {
            let (Some(new), Some(name)) = (new.get_mut(sent.topic as usize), self.topics.get(sent.topic as usize))
            else {
                continue;
            };
            if *new && matches!(self.outcome(number), Some(Outcome::Acknowledged { .. })) {
                notes.note(name);
                *new = false;
            }
        }
    }

    /// What `settled` tells the source about this batch. Called once all of it is settled.
    pub(super) fn settled_rows(&self) -> SettledRows {
        let mut told = SettledRows::default();
        // By the index of the topic and the partition.
        let mut known: HashMap<(u32, i32), usize> = HashMap::new();
        let mut next = 0;
        for row in 0..self.rows {
            let mut place = (if self.skipped.binary_search(&row).is_ok() { -2 } else { -1 }, -1);
            while let Some(sent) = self.sent.get(next).filter(|sent| sent.origin == row) {
                place = match self.outcome(next) {
                    Some(Outcome::Acknowledged { partition, offset }) => {
                        let index = *known.entry((sent.topic, partition)).or_insert_with(|| {
                            let topic = self.topics.get(sent.topic as usize).cloned().unwrap_or_default();
                            told.topic_partitions.push(TopicPartition { topic, partition });
                            told.topic_partitions.len() - 1
                        });
                        (i32::try_from(index).unwrap_or(-1), offset)
                    }
                    Some(Outcome::Failed) | None => (-2, -1),
                };
                next += 1;
            }
            told.rows.push(self.first_row + u64::from(row));
            told.topic_partition.push(place.0);
            told.offsets.push(place.1);
        }
        told
    }
}

/// Offsets to be stored: source partition to offset, both JSON objects.
pub(super) type Committable = BTreeMap<String, String>;

/// Offsets of batches that have left the queue, not yet stored.
#[derive(Default)]
struct Settled {
    offsets: Committable,
    /// What they take in memory, about.
    bytes: usize,
}

impl Settled {
    /// What a map takes for an entry, about, its texts aside.
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
    queue: VecDeque<Batch>,
    bytes: usize,
    next_row: u64,
    settled: Settled,
}

impl InFlight {
    /// The number of the next row that the source brings.
    pub(super) fn next_row(&self) -> u64 {
        self.next_row
    }

    /// All rows below this number are settled.
    pub(super) fn settled_below(&self) -> u64 {
        self.queue.front().map_or(self.next_row, |batch| batch.first_row)
    }

    /// Bytes that are not acknowledged.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Rows that are not acknowledged, those before them in their batch included.
    pub(super) fn rows(&self) -> u64 {
        self.next_row - self.settled_below()
    }

    /// Batches that are not acknowledged.
    pub(super) fn batches(&self) -> usize {
        self.queue.len()
    }

    /// Whether so many offsets wait to be stored that it is to be done now.
    pub(super) fn has_many_offsets(&self) -> bool {
        self.settled.bytes >= MAX_SETTLED_BYTES
    }

    /// Adds the source's next batch. `batch.first_row` is [`InFlight::next_row`].
    pub(super) fn push(&mut self, batch: Batch) {
        debug_assert_eq!(batch.first_row, self.next_row, "rows are numbered without gaps");
        self.next_row += u64::from(batch.rows);
        self.bytes += batch.bytes;
        self.queue.push_back(batch);
    }

    /// Takes the oldest batch out if all of it is settled.
    pub(super) fn pop_settled(&mut self) -> Option<Batch> {
        if !self.queue.front()?.is_settled() {
            return None;
        }
        let batch = self.queue.pop_front()?;
        self.bytes -= batch.bytes;
        last_offsets(&batch.places, &mut self.settled);
        Some(batch)
    }

    /// The first delivery failure among what is in the queue.
    pub(super) fn failure(&self) -> Option<&str> {
        self.queue.iter().flat_map(|batch| &batch.tracked).find_map(|piece| piece.outstanding.failure())
    }

    /// The offsets that may be stored now, and were not yet. Batches that have left the queue count whole; in those that are
    /// still in it each source partition counts up to its first row that is not acknowledged.
    pub(super) fn take_committable(&mut self) -> Committable {
        let mut committable = std::mem::take(&mut self.settled).offsets;
        let mut blocked: HashSet<&str> = HashSet::new();
        for batch in &self.queue {
            let mut next = 0;
            let mut offset_start = 0;
            for row in 0..batch.rows as usize {
                let mut acknowledged = true;
                while batch.sent.get(next).is_some_and(|sent| sent.origin as usize == row) {
                    acknowledged &= matches!(batch.outcome(next), Some(Outcome::Acknowledged { .. }));
                    next += 1;
                }
                let length = batch.places.offsets.lengths.get(row).copied().unwrap_or(-1);
                let offset_end = offset_start + usize::try_from(length).unwrap_or(0);
                let Some(partition) = batch.places.partitions.get(batch.places.partition(row)) else { break };
                if !acknowledged {
                    blocked.insert(partition);
                } else if length >= 0 && !blocked.contains(partition.as_str()) {
                    // Invariant 1: nothing before this row of the same source partition is pending.
                    let offset = &batch.places.offsets.bytes[offset_start..offset_end];
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

/// The last offset of each source partition in a batch, into `settled`. From the end, so that the usual batch of one source
/// partition is looked at once.
fn last_offsets(places: &Places, settled: &mut Settled) {
    let mut seen = vec![false; places.partitions.len()];
    let mut missing = seen.len();
    let mut end = places.offsets.bytes.len();
    for (row, &length) in places.offsets.lengths.iter().enumerate().rev() {
        if missing == 0 {
            return;
        }
        let Ok(length) = usize::try_from(length) else { continue };
        let start = end - length;
        let partition = places.partition(row);
        if let (Some(seen), Some(name)) = (seen.get_mut(partition), places.partitions.get(partition))
            && !std::mem::replace(seen, true)
        {
            missing -= 1;
            let offset = String::from_utf8_lossy(&places.offsets.bytes[start..end]).into_owned();
            settled.insert(name, offset);
        }
        end = start;
    }
}

#[cfg(test)]
#[path = "in_flight_tests.rs"]
mod tests;
