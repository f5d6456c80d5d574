//! Sees each record of the batches in flight to Kafka, or to the decision that the record itself is at fault.
//!
//! Records are given to producers in the order of the source ([`Delivery::pump`]). What a producer reports as failed is classified
//! ([`Delivery::absorb`]): it is rejected, fails the task, or waits to be sent again, in order (`gates.rs`). Records of a producer
//! that has failed wait for another one ([`Delivery::give_back`]).

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use tokio::sync::Notify;
use tokio::time::Instant;
use weir_data::topic_name;
use weir_kafka::{KafkaError, RDKafkaErrorCode};

use super::batch::{Attempt, Batch, Piece, State};
use super::gates::{Gates, Next, Passage, QueuePosition};
use super::in_flight::InFlight;
use super::options::{PUMP_RECORDS, QUEUE_FULL_DELAY};
use crate::Error;
use weir_kafka::fault::Fault;
use weir_kafka::lanes::{Failed, Lane, Lanes};
use weir_kafka::producer::{
    MAX_RECORDS, Outcome, OutgoingRecord, Outstanding, SendFailure, Sent, TopicId, Tracked, describe,
};

/// The producers, as this file uses them.
pub(super) trait Outlet {
    /// The lane with the configured settings.
    fn configured(&self) -> Lane;
    /// Opens a lane that is not open.
    fn open_lane(&mut self, lane: Lane) -> Result<(), KafkaError>;
    /// Looks a topic up in an open lane. An error is about the name.
    fn topic(&mut self, lane: Lane, name: &str) -> Result<TopicId, KafkaError>;
    /// Begins to track records.
    fn track(&mut self, lane: Lane, outstanding: Arc<Outstanding>) -> Result<Tracked, KafkaError>;
    /// Puts a record into a producer's queue.
    fn send(&mut self, lane: Lane, tracked: &Tracked, index: usize, record: &OutgoingRecord<'_>) -> Sent;
}

impl Outlet for Lanes {
    fn configured(&self) -> Lane {
        Self::configured(self)
    }

    fn open_lane(&mut self, lane: Lane) -> Result<(), KafkaError> {
        Self::open_lane(self, lane)
    }

    fn topic(&mut self, lane: Lane, name: &str) -> Result<TopicId, KafkaError> {
        Self::topic(self, lane, name)
    }

    fn track(&mut self, lane: Lane, outstanding: Arc<Outstanding>) -> Result<Tracked, KafkaError> {
        Self::track(self, lane, outstanding)
    }

    fn send(&mut self, lane: Lane, tracked: &Tracked, index: usize, record: &OutgoingRecord<'_>) -> Sent {
        Self::send(self, lane, tracked, index, record)
    }
}

/// Sends the records of a task, and again where Kafka did not accept them.
pub(super) struct Delivery {
    gates: Gates,
    /// `errors.tolerance=all`.
    tolerates: bool,
    /// Notified when a piece is settled or a record has failed.
    wake: Arc<Notify>,
    /// Most records that a piece has room for: few while the producer's queue is full, so that a task that gives it a record at a time
    /// does not hold much memory for each.
    room: usize,
}

impl Delivery {
    pub(super) fn new(tolerates: bool, wake: Arc<Notify>) -> Self {
        Self { gates: Gates::default(), tolerates, wake, room: MAX_RECORDS }
    }

    /// Looks at what producers have reported as failed.
    ///
    /// # Errors
    ///
    /// A record cannot be sent, and the task may not go on without it. It is an error again with each later call.
    pub(super) fn absorb(&mut self, in_flight: &mut InFlight, outlet: &impl Outlet, now: Instant) -> Result<(), Error> {
        in_flight.queue.iter_mut().for_each(|batch| self.absorb_batch(batch, now));
        self.advance(&mut in_flight.queue, outlet.configured(), now);
        in_flight.queue.iter().try_for_each(Batch::accepted)
    }

    /// Takes the oldest batch out of the queue if each of its records is acknowledged or rejected. While a topic has a gate, batches
    /// stay: some of their records may have to be sent again after those that failed.
    ///
    /// # Errors
    ///
    /// As [`Delivery::absorb`], of a record of the oldest batch. The batch stays in the queue: it never settles.
    pub(super) fn take_settled(&mut self, in_flight: &mut InFlight, now: Instant) -> Result<Option<Batch>, Error> {
        let Some(first) = in_flight.queue.front_mut() else { return Ok(None) };
        first.accepted()?;
        if !first.is_reported() || !self.gates.are_open() {
            return Ok(None);
        }
        // All reports are there, so a failure among them is seen here at the latest.
        self.absorb_batch(first, now);
        first.accepted()?;
        Ok(if first.waiting == 0 { in_flight.pop() } else { None })
    }

    fn absorb_batch(&mut self, batch: &mut Batch, now: Instant) {
        for piece in 0..batch.pieces.len() {
            if batch.pieces[piece].closed {
                continue;
            }
            for failure in batch.pieces[piece].tracked.outstanding.take_failures() {
                self.failed(batch, piece, failure, now);
            }
        }
    }

    fn failed(&mut self, batch: &mut Batch, piece: usize, failure: SendFailure, now: Instant) {
        let Some(&index) = batch.pieces[piece].members.get(failure.index) else { return };
        let Some(&sent) = batch.sent.get(index as usize) else { return };
        let lane = batch.pieces[piece].lane;
        let alone = failure.alone || lane == 1 || batch.payload.record(sent.number).size() > lane;
        let fault = match Fault::of(failure.code) {
            Fault::RequestSize | Fault::Request if alone => Fault::Record,
            fault => fault,
        };
        match fault {
            Fault::Setup => batch.refuse(index as usize, failure.message, fault),
            Fault::Record | Fault::Timeout if !self.tolerates => batch.refuse(index as usize, failure.message, fault),
            Fault::Record => {
                batch.set(index as usize, State::Rejected);
                batch.rejected.push((index, failure));
            }
            Fault::RequestSize | Fault::Request | Fault::Timeout | Fault::Transient => {
                batch.wait(index as usize, Attempt::Retry);
                let at = (batch.first_record, index);
                self.gates.close(batch.topic(&sent), fault, &failure, at, now);
            }
        }
    }

    /// Takes back the records of a lane whose producer has failed: they are sent again with another producer, or, if an operator has to
    /// do something first, fail the task. Returns how many there are.
    pub(super) fn give_back(&mut self, in_flight: &mut InFlight, failed: &Failed, now: Instant) -> usize {
        let (lane, fault) = (failed.lane, Fault::of(failed.code));
        let mut count = 0;
        for batch in &mut in_flight.queue {
            // What was reported before counts: it says in which partition a record is missing.
            self.absorb_batch(batch, now);
            for number in 0..batch.pieces.len() {
                let piece = &mut batch.pieces[number];
                if piece.lane != lane || piece.closed {
                    continue;
                }
                piece.closed = true;
                piece.tracked.release();
                let members = std::mem::take(&mut piece.members);
                let outstanding = Arc::clone(&piece.tracked.outstanding);
                for (slot, &index) in members.iter().enumerate() {
                    let State::Given { piece, index: given, attempt } = batch.sent[index as usize].state else {
                        continue;
                    };
                    let is_here = piece as usize == number && usize::from(given) == slot;
                    if is_here && !matches!(outstanding.outcome(slot), Some(Outcome::Acknowledged { .. })) {
                        match fault {
                            Fault::Setup => batch.refuse(index as usize, producer_failed(failed), fault),
                            _ => batch.wait(index as usize, attempt),
                        }
                        count += 1;
                    }
                }
            }
        }
        count
    }

    /// Takes the topics that have to be looked up again before their records can be sent.
    pub(super) fn take_unknown(&mut self) -> Vec<String> {
        self.gates.take_unknown()
    }

    /// Passes waiting records to producers, in order, as far as queues have space and gates are open. Returns when to call it again;
    /// `None` if only reports have to be waited for.
    ///
    /// # Errors
    ///
    /// A producer cannot be opened, or a record was refused and fails the task, as [`Delivery::absorb`]. No record is sent then: after a
    /// restart, the source brings those that wait, and the refused one before them.
    pub(super) fn pump(
        &mut self,
        in_flight: &mut InFlight,
        outlet: &mut impl Outlet,
        now: Instant,
    ) -> Result<Option<Instant>, Error> {
        in_flight.queue.iter().try_for_each(Batch::accepted)?;
        let mut wake = self.advance(&mut in_flight.queue, outlet.configured(), now);
        let mut left = PUMP_RECORDS;
        for batch in in_flight.queue.iter_mut().filter(|batch| batch.waiting > 0) {
            let again = match self.pump_batch(batch, outlet, &mut left)? {
                Pumped::All => {
                    self.room = MAX_RECORDS;
                    continue;
                }
                // Acknowledgements free space, also those of other tasks' records.
                Pumped::QueueFull(given) => {
                    self.room = (given * 2).clamp(LEAST_ROOM, MAX_RECORDS);
                    now + QUEUE_FULL_DELAY
                }
                Pumped::Enough => now,
                Pumped::Refused => return batch.accepted().map(|()| wake),
            };
            wake = Some(wake.map_or(again, |wake| wake.min(again)));
            break;
        }
        Ok(wake)
    }

    /// Returns when to look at the gates again; `None` if that is with the next report.
    fn advance(&mut self, queue: &mut VecDeque<Batch>, configured: Lane, now: Instant) -> Option<Instant> {
        let mut wake: Option<Instant> = None;
        if self.gates.are_open() {
            return None;
        }
        let opened = {
            let (mut flying, mut retrying) = (HashSet::new(), HashSet::new());
            for batch in queue.iter() {
                for (index, sent) in batch.sent.iter().enumerate() {
                    match sent.state {
                        State::Waiting(Attempt::Retry) => retrying.insert(batch.topic(sent)),
                        State::Given { .. } if batch.outcome(index).is_none() => flying.insert(batch.topic(sent)),
                        _ => false,
                    };
                }
            }
            self.gates.advance(&flying, &retrying, configured, now)
        };
        for (topic, next) in opened {
            match next {
                Next::At(at) => wake = Some(wake.map_or(at, |wake| wake.min(at))),
                Next::Opened(holes) => {
                    for (partition, hole) in holes {
                        send_after(queue, &topic, partition, hole);
                    }
                    // Batches may be ready to leave the queue.
                    wake = Some(now);
                }
            }
        }
        wake
    }

    fn target(&self, topic: &str, outlet: &mut impl Outlet) -> Result<Target, Error> {
        let passage = self.gates.passage(topic, outlet.configured());
        let (Passage::Open(lane) | Passage::Retry(lane)) = passage else { return Ok(Target::Closed) };
        // Kafka's brokers refuse such a name only after the client has asked for it until its patience ends.
        if let Some(why) = topic_name::fault(topic) {
            let shown: String = topic.chars().take(80).collect();
            return Ok(Target::Invalid(format!("topic {shown:?}: Kafka does not allow the name: {why}")));
        }
        outlet.open_lane(lane).map_err(|cause| Error::Kafka { what: "cannot open a producer", cause })?;
        Ok(match outlet.topic(lane, topic) {
            Ok(id) if matches!(passage, Passage::Open(_)) => Target::Open(lane, id),
            Ok(id) => Target::Retry(lane, id),
            Err(error) => Target::Invalid(format!("topic {topic}: {}", describe(&error))),
        })
    }

    fn pump_batch(&mut self, batch: &mut Batch, outlet: &mut impl Outlet, left: &mut usize) -> Result<Pumped, Error> {
        let mut pieces = OpenPieces { open: Vec::new(), room: self.room };
        let pumped = self.fill(&mut pieces, batch, outlet, left);
        // Also after an error: the reports of records that were passed to a producer before are still awaited.
        pieces.close(batch);
        pumped
    }

    fn fill(
        &self,
        pieces: &mut OpenPieces,
        batch: &mut Batch,
        outlet: &mut impl Outlet,
        left: &mut usize,
    ) -> Result<Pumped, Error> {
        // Looked up when the first record goes there: names that no record has cost nothing.
        let mut targets: HashMap<u32, Target> = HashMap::new();
        let (mut pumped, begin) = (Pumped::All, batch.waiting);
        // The first record that stays waiting.
        let mut first_waiting = None;
        for index in batch.first_waiting..batch.sent.len() {
            if batch.waiting == 0 {
                break;
            }
            let sent = batch.sent[index];
            let State::Waiting(attempt) = sent.state else { continue };
            if *left == 0 {
                pumped = Pumped::Enough;
                first_waiting.get_or_insert(index);
                break;
            }
            let target = match targets.entry(sent.topic) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => unknown.insert(self.target(batch.topic(&sent), outlet)?),
            };
            let (lane, id) = match target {
                Target::Open(lane, id) => (*lane, *id),
                Target::Retry(lane, id) if attempt == Attempt::Retry => (*lane, *id),
                Target::Retry(..) | Target::Closed => {
                    first_waiting.get_or_insert(index);
                    continue;
                }
                Target::Invalid(message) if self.tolerates => {
                    let (code, message) = (RDKafkaErrorCode::InvalidTopic, message.clone());
                    let failure = SendFailure { index: 0, partition: -1, code, message, alone: true };
                    batch.set(index, State::Rejected);
                    batch.waiting -= 1;
                    batch.rejected.push((u32::try_from(index).unwrap_or(u32::MAX), failure));
                    continue;
                }
                Target::Invalid(message) => {
                    batch.refuse(index, message.clone(), Fault::Record);
                    batch.waiting -= 1;
                    pumped = Pumped::Refused;
                    first_waiting.get_or_insert(index);
                    break;
                }
            };
            let number = pieces.of(lane, batch, outlet, &self.wake)?;
            let record = batch.payload.record(sent.number);
            let outgoing = OutgoingRecord {
                topic: id,
                partition: record.partition,
                key: record.key,
                value: record.value,
                timestamp: record.timestamp,
                headers: &record.headers,
            };
            let piece = &batch.pieces[number];
            let slot = piece.members.len();
            if outlet.send(lane, &piece.tracked, slot, &outgoing) == Sent::QueueFull {
                pumped = Pumped::QueueFull(begin - batch.waiting);
                first_waiting.get_or_insert(index);
                break;
            }
            batch.pieces[number].members.push(u32::try_from(index).unwrap_or(u32::MAX));
            let (piece, slot) = (u32::try_from(number).unwrap_or(u32::MAX), u16::try_from(slot).unwrap_or(u16::MAX));
            batch.set(index, State::Given { piece, index: slot, attempt });
            batch.waiting -= 1;
            *left -= 1;
        }
        batch.first_waiting = first_waiting.unwrap_or(batch.sent.len());
        Ok(pumped)
    }
}

/// Why a producer that has failed fails the task, too.
pub(super) fn producer_failed(failed: &Failed) -> String {
    format!("the producer failed: {}", failed.reason)
}

/// Where the records of one topic go.
enum Target {
    /// All of them.
    Open(Lane, TopicId),
    /// Those that failed before.
    Retry(Lane, TopicId),
    /// None yet.
    Closed,
    /// Kafka does not allow the name.
    Invalid(String),
}

#[derive(Debug, PartialEq, Eq)]
enum Pumped {
    /// Everything that may be sent.
    All,
    /// The producer's queue is full. This many records were passed to it before, or rejected.
    QueueFull(usize),
    /// The maximum was reached, so that other tasks get their turn.
    Enough,
    /// A record fails the task.
    Refused,
}

/// Room of a piece while the producer's queue is full.
const LEAST_ROOM: usize = 64;

/// The pieces that are being filled: one for each lane, with the number of records it has room for.
struct OpenPieces {
    open: Vec<(Lane, usize, usize)>,
    /// The most that one may have room for.
    room: usize,
}

impl OpenPieces {
    /// The piece of a lane that has room.
    fn of(
        &mut self,
        lane: Lane,
        batch: &mut Batch,
        outlet: &mut impl Outlet,
        wake: &Arc<Notify>,
    ) -> Result<usize, Error> {
        let known = self.open.iter().position(|(known, _, _)| *known == lane);
        if let Some(known) = known {
            let (_, piece, room) = self.open[known];
            if batch.pieces[piece].members.len() < room {
                return Ok(piece);
            }
            self.open.swap_remove(known);
        }
        let room = batch.waiting.min(self.room);
        let outstanding = Arc::new(Outstanding::new(room, Arc::clone(wake)));
        let tracked =
            outlet.track(lane, outstanding).map_err(|cause| Error::Kafka { what: "cannot track records", cause })?;
        let piece = batch.add_piece(Piece::new(lane, tracked, room));
        self.open.push((lane, piece, room));
        Ok(piece)
    }

    /// Ends the pieces: room that no record took is not waited for. Pieces at the end that nothing refers to are dropped: while the
    /// producer's queue is full, each attempt opens one.
    fn close(self, batch: &mut Batch) {
        for (_, number, room) in self.open {
            let piece = &batch.pieces[number];
            let unused = room.saturating_sub(piece.members.len());
            piece.tracked.outstanding.leave_out(u32::try_from(unused).unwrap_or(u32::MAX));
        }
        while batch.pieces.pop_if(|piece| piece.is_unused()).is_some() {}
    }
}

/// Lets records be sent again that are in a partition before an earlier one, and those that follow: a reader that takes the last of
/// equal records sees them in the source's order. `first` is the first record that failed.
fn send_after(queue: &mut VecDeque<Batch>, topic: &str, partition: i32, (first_record, first): QueuePosition) {
    let mut highest = i64::MIN;
    let mut found = false;
    for batch in queue.iter_mut().filter(|batch| batch.first_record >= first_record) {
        let Some(wanted) = batch.topics().iter().position(|name| name == topic) else { continue };
        for index in 0..batch.sent.len() {
            let is_before = batch.first_record == first_record && index < first as usize;
            if batch.sent[index].topic as usize != wanted || is_before {
                continue;
            }
            let Some(Outcome::Acknowledged { partition: of, offset }) = batch.outcome(index) else { continue };
            if of != partition {
                continue;
            }
            found |= offset < highest;
            highest = highest.max(offset);
            if found {
                batch.wait(index, Attempt::InOrder);
            }
        }
    }
}

#[cfg(test)]
mod tests;
