//! A batch of a source that is being sent: the source positions of its records, the outcome of each, and the bytes for sending again.

use std::collections::HashMap;
use std::sync::Arc;

use weir_data::record_starts::Starts;
use weir_data::records::Column;
use weir_plugin::{SettledRecords, TopicPartition};

use super::payload::Payload;
use crate::Error;
use crate::active_topics::TopicNotes;
use crate::errors::Polled;
use weir_kafka::fault::Fault;
use weir_kafka::lanes::Lane;
use weir_kafka::producer::{Outcome, SendFailure, Tracked};

/// Source partition and offset of each record of a batch, as the source wrote them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct SourcePositions {
    /// Source partitions, JSON objects.
    pub(super) partitions: Vec<String>,
    /// For each record an index into `partitions`; empty if all have the first.
    pub(super) partition: Vec<u32>,
    /// For each record its offset, a JSON object.
    pub(super) offsets: Column,
}

impl SourcePositions {
    pub(super) fn partition(&self, record: usize) -> usize {
        self.partition.get(record).map_or(0, |&index| index as usize)
    }

    /// Returns where each offset begins, in one pass.
    pub(super) fn starts(&self) -> Starts {
        Starts::of(&self.offsets.lengths)
    }

    /// Returns source partition and offset of a record.
    pub(super) fn of<'a>(&'a self, record: u32, starts: &Starts) -> (&'a str, &'a str) {
        let record = record as usize;
        let partition = self.partitions.get(self.partition(record)).map_or("{}", String::as_str);
        let offset = starts.entry(&self.offsets.lengths, &self.offsets.bytes, record);
        (partition, offset.and_then(|offset| std::str::from_utf8(offset).ok()).unwrap_or("null"))
    }

    /// Returns the bytes that they need in memory.
    pub(super) fn size(&self) -> usize {
        let partitions = self.partitions.iter().map(|partition| size_of::<String>() + partition.len());
        partitions.sum::<usize>() + size_of_val(self.partition.as_slice()) + self.offsets.size()
    }

    /// Returns the positions of the records from `from` to before `to`, with the partitions that occur. `start` is where the first offset
    /// begins, and becomes where the next one does.
    pub(super) fn part(&self, from: u32, to: u32, start: &mut usize) -> SourcePositions {
        let records = from as usize..to as usize;
        let lengths = self.offsets.lengths.get(records.clone()).unwrap_or_default().to_vec();
        let size: usize = lengths.iter().map(|&length| usize::try_from(length).unwrap_or(0)).sum();
        let bytes = self.offsets.bytes.get(*start..*start + size).unwrap_or_default().to_vec();
        *start += size;
        let mut partitions = Vec::new();
        let mut known: HashMap<usize, u32> = HashMap::new();
        let partition = records.map(|record| {
            let index = self.partition(record);
            *known.entry(index).or_insert_with(|| {
                partitions.push(self.partitions.get(index).cloned().unwrap_or_default());
                u32::try_from(partitions.len() - 1).unwrap_or(u32::MAX)
            })
        });
        let partition = partition.collect();
        SourcePositions { partitions, partition, offsets: Column { lengths, bytes } }
    }
}

/// A record that goes to Kafka.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SentRecord {
    /// Index of the record in the source's batch that it stems from. Never decreasing.
    pub(super) origin: u32,
    /// The record's number in the batch's [`Payload`].
    pub(super) number: u32,
    /// The index of its topic in [`Batch::topics`].
    pub(super) topic: u32,
    pub(super) state: State,
}

/// The state of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It has to be passed to a producer.
    Waiting(Attempt),
    /// A producer has it: which piece of the batch, and its index there.
    Given { piece: u32, index: u16, attempt: Attempt },
    /// Kafka does not accept it, and the record is at fault.
    Rejected,
    /// Kafka did not accept it, and the task must not continue without it. It never settles: a task that ends stores the offsets of the
    /// records before it, and no others.
    Refused,
}

/// Why a record is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    /// It was not sent yet, or is sent again to keep the order.
    InOrder,
    /// Kafka did not accept it before.
    Retry,
}

/// Records of a batch that were passed to one producer together.
pub(super) struct Piece {
    pub(super) lane: Lane,
    pub(super) tracked: Tracked,
    /// For each record that is tracked its index in [`Batch::sent`].
    pub(super) members: Vec<u32>,
    /// Whether its producer has failed, so that no reports follow.
    pub(super) closed: bool,
    /// The number of records whose state refers to it.
    pub(super) given: usize,
}

impl Piece {
    pub(super) fn new(lane: Lane, tracked: Tracked, room: usize) -> Self {
        Self { lane, tracked, members: Vec::with_capacity(room), closed: false, given: 0 }
    }

    /// Whether nothing is known by it: each of its records was passed to a producer again, or was rejected, and no report follows.
    pub(super) fn is_unused(&self) -> bool {
        self.given == 0 && (self.closed || self.tracked.outstanding.is_settled())
    }
}

/// A batch of the source.
pub(super) struct Batch {
    /// The number of its first record, counted since the task was started.
    pub(super) first_record: u64,
    /// The number of records that the source returned.
    pub(super) records: u32,
    /// The records that go to Kafka, in order.
    pub(super) sent: Vec<SentRecord>,
    /// Their bytes.
    pub(super) payload: Payload,
    /// Records of the source that failed before they could be sent, and were skipped. Sorted.
    pub(super) skipped: Vec<u32>,
    pub(super) pieces: Vec<Piece>,
    /// The number of records that are [`State::Waiting`].
    pub(super) waiting: usize,
    /// No record before this index is [`State::Waiting`].
    pub(super) first_waiting: usize,
    /// Why the first [`State::Refused`] record was refused.
    pub(super) refusal: Option<(String, Fault)>,
    /// The records that were rejected, by their index in `sent`.
    pub(super) rejected: Vec<(u32, SendFailure)>,
    pub(super) positions: SourcePositions,
    /// The records as the source returned them, if failures are logged with them, and the index of the first one of this batch.
    pub(super) originals: Option<(Arc<Polled>, u32)>,
    /// Bytes of keys and values: they keep the producer busy.
    pub(super) bytes: usize,
    /// The memory of the batch, including the producer's copies.
    pub(super) weight: usize,
}

impl Batch {
    /// The names of the topics that the records go to.
    pub(super) fn topics(&self) -> &[String] {
        self.payload.topics()
    }

    /// Returns the name of a record's topic.
    pub(super) fn topic(&self, sent: &SentRecord) -> &str {
        self.topics().get(sent.topic as usize).map_or("", String::as_str)
    }

    /// Changes the state of a record, and counts it in its piece.
    pub(super) fn set(&mut self, index: usize, state: State) {
        let Some(sent) = self.sent.get_mut(index) else { return };
        let before = std::mem::replace(&mut sent.state, state);
        if let Some(piece) = self.piece_of(before) {
            piece.given -= 1;
        }
        if let Some(piece) = self.piece_of(state) {
            piece.given += 1;
        }
    }

    fn piece_of(&mut self, state: State) -> Option<&mut Piece> {
        match state {
            State::Given { piece, .. } => self.pieces.get_mut(piece as usize),
            State::Waiting(_) | State::Rejected | State::Refused => None,
        }
    }

    /// Adds a piece, and returns its number. It has the number of one that is not used any more, if there is one: otherwise each attempt
    /// to send a record that Kafka does not accept would add a piece.
    pub(super) fn add_piece(&mut self, piece: Piece) -> usize {
        match self.pieces.iter().position(Piece::is_unused) {
            Some(number) => {
                self.pieces[number] = piece;
                number
            }
            None => {
                self.pieces.push(piece);
                self.pieces.len() - 1
            }
        }
    }

    /// Lets a record wait until it is passed to a producer again.
    pub(super) fn wait(&mut self, index: usize, attempt: Attempt) {
        if index < self.sent.len() {
            self.set(index, State::Waiting(attempt));
            self.waiting += 1;
            self.first_waiting = self.first_waiting.min(index);
        }
    }

    /// Notes that Kafka did not accept a record and that the task must not continue without it.
    pub(super) fn refuse(&mut self, index: usize, cause: String, fault: Fault) {
        if index < self.sent.len() {
            self.set(index, State::Refused);
            self.refusal.get_or_insert((cause, fault));
        }
    }

    /// # Errors
    ///
    /// A record is [`State::Refused`].
    pub(super) fn accepted(&self) -> Result<(), Error> {
        match &self.refusal {
            Some((cause, fault)) => Err(Error::Delivery { cause: cause.clone(), next: fault.next() }),
            None => Ok(()),
        }
    }

    /// Whether each record was acknowledged, or has failed and the failure was not looked at yet.
    pub(super) fn is_reported(&self) -> bool {
        self.waiting == 0 && !self.has_unreported()
    }

    /// Whether a producer has records of it of which it has not reported yet.
    pub(super) fn has_unreported(&self) -> bool {
        self.pieces.iter().any(|piece| !piece.closed && !piece.tracked.outstanding.is_settled())
    }

    /// Records that Kafka has. Called once all of the batch is settled.
    pub(super) fn acknowledged(&self) -> u64 {
        (self.sent.len() - self.rejected.len()) as u64
    }

    /// Takes the records that Kafka did not accept: which of the source's they stem from, and why, in the order of the batch. A
    /// record of the source that became several is there for each of them.
    pub(super) fn take_rejected(&mut self) -> Vec<(u32, SendFailure)> {
        let mut rejected = std::mem::take(&mut self.rejected);
        rejected.sort_by_key(|(sent, _)| *sent);
        let origin = |sent: u32| self.sent.get(sent as usize).map_or(0, |sent| sent.origin);
        rejected.into_iter().map(|(sent, failure)| (origin(sent), failure)).collect()
    }

    /// Returns the outcome of a record, by its index in `sent`; `None` if it is not known yet, or if the record is sent again.
    pub(super) fn outcome(&self, sent: usize) -> Option<Outcome> {
        match self.sent.get(sent)?.state {
            State::Waiting(_) | State::Refused => None,
            State::Rejected => Some(Outcome::Failed),
            State::Given { piece, index, .. } => {
                let outcome = self.pieces.get(piece as usize)?.tracked.outstanding.outcome(index as usize);
                // Whether a failure is the record's own is decided elsewhere.
                outcome.filter(|outcome| *outcome != Outcome::Failed)
            }
        }
    }

    /// Notes the topics that have got a record of this batch. Called once all of it is settled. Records are looked at, in one pass,
    /// only if there is a topic that is not noted yet.
    pub(super) fn note_topics(&self, notes: &mut TopicNotes) {
        let mut new: Vec<bool> = self.topics().iter().map(|name| notes.is_new(name)).collect();
        if !new.contains(&true) {
            return;
        }
        for (number, sent) in self.sent.iter().enumerate() {
            let (Some(new), Some(name)) = (new.get_mut(sent.topic as usize), self.topics().get(sent.topic as usize))
            else {
                continue;
            };
            if *new && matches!(self.outcome(number), Some(Outcome::Acknowledged { .. })) {
                notes.note(name);
                *new = false;
            }
        }
    }

    /// Returns what `settled` reports to the source about this batch. Called once all of it is settled.
    pub(super) fn settled_records(&self) -> SettledRecords {
        let mut told = SettledRecords::default();
        // By the index of the topic and the partition.
        let mut known: HashMap<(u32, i32), usize> = HashMap::new();
        let mut next = 0;
        for record in 0..self.records {
            let mut place = (if self.skipped.binary_search(&record).is_ok() { -2 } else { -1 }, -1);
            while let Some(sent) = self.sent.get(next).filter(|sent| sent.origin == record) {
                place = match self.outcome(next) {
                    Some(Outcome::Acknowledged { partition, offset }) => {
                        let index = *known.entry((sent.topic, partition)).or_insert_with(|| {
                            let topic = self.topic(sent).to_owned();
                            told.topic_partitions.push(TopicPartition { topic, partition });
                            told.topic_partitions.len() - 1
                        });
                        (i32::try_from(index).unwrap_or(-1), offset)
                    }
                    Some(Outcome::Failed) | None => (-2, -1),
                };
                next += 1;
            }
            told.numbers.push(self.first_record + u64::from(record));
            told.topic_partition.push(place.0);
            told.offsets.push(place.1);
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_of_a_part_are_those_of_its_records() {
        let positions = SourcePositions {
            partitions: vec!["{}".to_owned(), r#"{"a":1}"#.to_owned()],
            partition: vec![0, 1, 1, 0],
            offsets: Column::from_entries([Some("1"), None, Some("33"), Some("4")]),
        };
        let mut start = 0;
        for (from, to) in [(0, 1), (1, 3), (3, 3), (3, 4)] {
            let part = positions.part(from, to, &mut start);
            for record in from..to {
                assert_eq!(part.of(record - from, &part.starts()), positions.of(record, &positions.starts()));
            }
            assert!(part.partitions.len() <= (to - from) as usize);
        }
        // Short forms.
        let positions = SourcePositions { partitions: vec!["{}".to_owned()], ..SourcePositions::default() };
        let part = positions.part(1, 3, &mut 0);
        assert_eq!(part.of(1, &part.starts()), ("{}", "null"));
    }

    /// If each position were looked for from the first one, this would take hours.
    #[test]
    fn all_positions_of_a_large_batch_are_found() {
        let records = 2_000_000;
        let positions = SourcePositions {
            partitions: vec!["{}".to_owned()],
            offsets: Column { lengths: vec![1; records], bytes: vec![b'7'; records] },
            ..SourcePositions::default()
        };
        let starts = positions.starts();
        assert!((0..records as u32).all(|record| positions.of(record, &starts) == ("{}", "7")));
    }
}
