//! A model of Kafka as a source task sees it: producers that queue, acknowledge, fail and end, a clock, and a store of offsets.
//! Whatever happens, no offset is stored beyond a record that is not settled, no record is skipped that is not itself at fault, and
//! each partition ends in the order of the source.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::source::testing;

const LANE: Lane = 1000;
const TOPICS: [&str; 3] = ["t0", "t1", "not/valid"];
const PARTITIONS: i32 = 2;

/// A record in a producer's queue.
struct Queued {
    outstanding: Arc<Outstanding>,
    index: usize,
    topic: usize,
    partition: i32,
    value: String,
}

/// The producers of a task, and the broker.
#[derive(Default)]
struct Model {
    queues: BTreeMap<Lane, Vec<Queued>>,
    /// The number of next records for which the queue is full.
    full: usize,
    /// No more records than these are put into queues, all together.
    capacity: Option<usize>,
    /// Records that were put into a queue.
    given: usize,
    /// What each partition holds, in order.
    log: BTreeMap<(usize, i32), Vec<String>>,
}

impl Outlet for Model {
    fn configured(&self) -> Lane {
        LANE
    }

    fn open_lane(&mut self, lane: Lane) -> Result<(), KafkaError> {
        self.queues.entry(lane).or_default();
        Ok(())
    }

    fn topic(&mut self, lane: Lane, name: &str) -> Result<TopicId, KafkaError> {
        assert!(self.queues.contains_key(&lane), "the lane is open");
        let index = TOPICS.iter().position(|topic| *topic == name).unwrap();
        if index == 2 { Err(KafkaError::MessageProduction(RDKafkaErrorCode::InvalidTopic)) } else { Ok(TopicId(index)) }
    }

    fn track(&mut self, _: Lane, outstanding: Arc<Outstanding>) -> Result<Tracked, KafkaError> {
        Ok(Tracked::untracked(outstanding))
    }

    fn send(&mut self, lane: Lane, tracked: &Tracked, index: usize, record: &OutgoingRecord<'_>) -> Sent {
        if self.capacity.is_some_and(|capacity| self.given >= capacity) {
            return Sent::QueueFull;
        }
        if self.full > 0 {
            self.full -= 1;
            return Sent::QueueFull;
        }
        self.given += 1;
        let value = String::from_utf8(record.value.unwrap().to_vec()).unwrap();
        let partition = if record.partition >= 0 { record.partition } else { number(&value) as i32 % PARTITIONS };
        let outstanding = Arc::clone(&tracked.outstanding);
        self.queues.get_mut(&lane).unwrap().push(Queued {
            outstanding,
            index,
            topic: record.topic.0,
            partition,
            value,
        });
        Sent::Queued
    }
}

/// The number of a record is the first word of its value.
fn number(value: &str) -> u64 {
    value.split(' ').next().unwrap().parse().unwrap()
}

/// Whether Kafka refuses the record, whatever other records are in the request. Its value determines this.
fn is_at_fault(value: &str) -> bool {
    value.contains("large") || value.contains("invalid")
}

impl Model {
    /// Takes the next request for a partition out of a lane's queue: with at most this many records, and bytes as the lane allows.
    fn request(&mut self, lane: Lane, topic: usize, partition: i32, most: usize) -> Vec<Queued> {
        let Some(queue) = self.queues.get_mut(&lane) else { return Vec::new() };
        let (mut request, mut bytes) = (Vec::new(), 0);
        let mut at = 0;
        while at < queue.len() && request.len() < most {
            let queued = &queue[at];
            if (queued.topic, queued.partition) != (topic, partition) {
                at += 1;
                continue;
            }
            if !request.is_empty() && bytes + queued.value.len() > lane {
                break;
            }
            bytes += queued.value.len();
            request.push(queue.remove(at));
        }
        request
    }

    fn write(&mut self, queued: &Queued) -> i64 {
        let log = self.log.entry((queued.topic, queued.partition)).or_default();
        log.push(queued.value.clone());
        log.len() as i64 - 1
    }

    fn fail(queued: &Queued, code: RDKafkaErrorCode) {
        let (index, partition) = (queued.index, queued.partition);
        let message = "refused by the model".to_owned();
        queued.outstanding.fail(SendFailure { index, partition, code, message, alone: false });
    }

    /// Answers a request as a broker does that works.
    fn answer(&mut self, request: &[Queued]) {
        let code = if request.iter().any(|queued| queued.value.contains("large")) {
            RDKafkaErrorCode::MessageSizeTooLarge
        } else if request.iter().any(|queued| queued.value.contains("invalid")) {
            RDKafkaErrorCode::InvalidRecord
        } else {
            for queued in request {
                let offset = self.write(queued);
                queued.outstanding.acknowledge(queued.index, queued.partition, offset);
            }
            return;
        };
        request.iter().for_each(|queued| Self::fail(queued, code));
    }
}

#[derive(Debug, Clone)]
enum Event {
    /// The source brings records: source partition, topic, partition, kind.
    Poll(Vec<(u32, u32, i32, u8)>),
    /// A broker answers a request.
    Answer {
        lane: usize,
        topic: usize,
        partition: i32,
        most: usize,
    },
    /// A request fails, although this many of its records are written.
    Fail {
        lane: usize,
        topic: usize,
        partition: i32,
        most: usize,
        written: usize,
        code: RDKafkaErrorCode,
    },
    /// A producer fails; this many of its records are written for each partition.
    End {
        lane: usize,
        written: usize,
    },
    Full(usize),
    Pass(u64),
    Work,
    Store,
}

fn codes() -> Vec<RDKafkaErrorCode> {
    use RDKafkaErrorCode as Code;
    vec![
        Code::Fatal,
        Code::PurgeQueue,
        Code::PurgeInflight,
        Code::OutOfOrderSequenceNumber,
        Code::InvalidProducerEpoch,
        Code::UnknownTopicOrPartition,
        Code::UnknownPartition,
        Code::NotEnoughReplicasAfterAppend,
        Code::NotLeaderForPartition,
        Code::RequestTimedOut,
        Code::MessageTimedOut,
        Code::BrokerTransportFailure,
        Code::InvalidDifferentRecord,
        Code::KafkaStorageError,
        // All records of the request are good: it was too large as a whole.
        Code::MessageSizeTooLarge,
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let record = (0u32..2, prop_oneof![8 => Just(0u32), 4 => Just(1), 1 => Just(2)], -1..PARTITIONS, 0u8..20);
    let place = || (0usize..3, 0usize..2, 0..PARTITIONS, 1usize..5);
    prop_oneof![
        3 => prop::collection::vec(record, 1..8).prop_map(Event::Poll),
        6 => place().prop_map(|(lane, topic, partition, most)| Event::Answer { lane, topic, partition, most }),
        3 => (place(), 0usize..3, prop::sample::select(codes())).prop_map(
            |((lane, topic, partition, most), written, code)| Event::Fail { lane, topic, partition, most, written, code }
        ),
        1 => (0usize..3, 0usize..3).prop_map(|(lane, written)| Event::End { lane, written }),
        1 => (1usize..4).prop_map(Event::Full),
        2 => (1u64..3000).prop_map(Event::Pass),
        6 => Just(Event::Work),
        2 => Just(Event::Store),
    ]
}

/// A broker refuses a request for a reason that an operator has to remove.
fn refusal() -> impl Strategy<Value = Event> {
    (0usize..3, 0usize..2, 0..PARTITIONS, 1usize..5).prop_map(|(lane, topic, partition, most)| Event::Fail {
        lane,
        topic,
        partition,
        most,
        written: 0,
        code: RDKafkaErrorCode::TopicAuthorizationFailed,
    })
}

struct Task {
    model: Model,
    delivery: Delivery,
    in_flight: InFlight,
    now: Instant,
    /// Of each record: source partition, value, whether its topic's name is valid.
    brought: Vec<(u32, String, bool)>,
    skipped: BTreeSet<u64>,
    stored: HashMap<String, u64>,
}

impl Task {
    fn new(tolerates: bool) -> Self {
        Self {
            model: Model::default(),
            delivery: Delivery::new(tolerates, Arc::new(Notify::new())),
            in_flight: InFlight::default(),
            now: Instant::now(),
            brought: Vec::new(),
            skipped: BTreeSet::new(),
            stored: HashMap::new(),
        }
    }

    /// Whether a record was refused that fails the task.
    fn is_refused(&self) -> bool {
        self.in_flight.queue.iter().any(|batch| batch.accepted().is_err())
    }

    /// The n-th lane that is open.
    fn lane(&self, number: usize) -> Lane {
        self.model.queues.keys().rev().nth(number).copied().unwrap_or(LANE)
    }

    fn happens(&mut self, event: Event) -> Result<(), Error> {
        match event {
            Event::Poll(records) => {
                // As in the task's loop: what waits comes first.
                if self.in_flight.waiting() > 0 || self.in_flight.records() > 200 {
                    return Ok(());
                }
                let first = self.in_flight.next_record();
                let value = |index: usize, kind: u8| {
                    let kind = match kind {
                        0 => format!("large{}", ".".repeat(300)),
                        1 => "invalid".to_owned(),
                        2 => format!("long{}", ".".repeat(400)),
                        _ => "good".to_owned(),
                    };
                    format!("{} {kind}", first + index as u64)
                };
                let values: Vec<String> =
                    records.iter().enumerate().map(|(index, (_, _, _, kind))| value(index, *kind)).collect();
                let brought: Vec<_> = records
                    .iter()
                    .zip(&values)
                    .map(|((source, topic, partition, _), value)| (*source, *topic, *partition, value.as_str()))
                    .collect();
                for (source, topic, _, value) in &brought {
                    self.brought.push((*source, (*value).to_owned(), *topic < 2));
                }
                self.in_flight.push(testing::batch(first, &TOPICS, &brought));
                Ok(())
            }
            Event::Answer { lane, topic, partition, most } => {
                let request = self.model.request(self.lane(lane), topic, partition, most);
                self.model.answer(&request);
                Ok(())
            }
            Event::Fail { lane, topic, partition, most, written, code } => {
                let request = self.model.request(self.lane(lane), topic, partition, most);
                if code == RDKafkaErrorCode::MessageSizeTooLarge && request.len() < 2 {
                    // Alone it would be the record's own fault, which its value has to say.
                    self.model.answer(&request);
                    return Ok(());
                }
                // A broker writes what is before the failure, and only what it accepts.
                let accepted = request.iter().take(written).take_while(|queued| !is_at_fault(&queued.value)).count();
                for queued in &request[..accepted] {
                    self.model.write(queued);
                }
                request.iter().for_each(|queued| Model::fail(queued, code));
                Ok(())
            }
            Event::End { lane, written } => {
                let lane = self.lane(lane);
                for topic in 0..2 {
                    for partition in 0..PARTITIONS {
                        let request = self.model.request(lane, topic, partition, written);
                        for queued in request.iter().take_while(|queued| !is_at_fault(&queued.value)) {
                            self.model.write(queued);
                        }
                    }
                }
                self.model.queues.insert(lane, Vec::new());
                let failed = Failed { lane, code: RDKafkaErrorCode::OutOfOrderSequenceNumber, reason: String::new() };
                self.delivery.give_back(&mut self.in_flight, &failed, self.now);
                Ok(())
            }
            Event::Full(records) => {
                self.model.full = records;
                Ok(())
            }
            Event::Pass(millis) => {
                self.now += Duration::from_millis(millis);
                Ok(())
            }
            Event::Work => self.work(),
            Event::Store => {
                self.store();
                Ok(())
            }
        }
    }

    fn work(&mut self) -> Result<(), Error> {
        self.delivery.absorb(&mut self.in_flight, &self.model, self.now)?;
        self.reap_and_pump()
    }

    /// Like the loop that waits for records in flight when the task ends.
    fn finish(&mut self) -> Result<(), Error> {
        let absorbed = self.delivery.absorb(&mut self.in_flight, &self.model, self.now);
        self.reap_and_pump().and(absorbed)
    }

    fn reap_and_pump(&mut self) -> Result<(), Error> {
        for batch in &self.in_flight.queue {
            let mut given = vec![0; batch.pieces.len()];
            for sent in &batch.sent {
                if let State::Given { piece, .. } = sent.state {
                    given[piece as usize] += 1;
                }
            }
            assert_eq!(batch.pieces.iter().map(|piece| piece.given).collect::<Vec<_>>(), given);
        }
        while let Some(mut batch) = self.delivery.take_settled(&mut self.in_flight, self.now)? {
            let (all, acknowledged) = (batch.sent.len() as u64, batch.acknowledged());
            let rejected = batch.take_rejected();
            assert_eq!(acknowledged + rejected.len() as u64, all);
            self.skipped.extend(rejected.iter().map(|(origin, _)| batch.first_record + u64::from(*origin)));
        }
        self.delivery.pump(&mut self.in_flight, &mut self.model, self.now).map(drop)
    }

    /// Checks that no offset beyond an unsettled record is stored.
    fn store(&mut self) {
        let arrived: BTreeSet<u64> = self.model.log.values().flatten().map(|value| number(value)).collect();
        for (partition, offset) in self.in_flight.take_committable() {
            let offset: u64 = offset.trim_start_matches("{\"o\":").trim_end_matches('}').parse().unwrap();
            let source = u32::from(partition == "b");
            for number in 0..=offset {
                let (of, value, _) = &self.brought[number as usize];
                let is_settled = arrived.contains(&number) || self.skipped.contains(&number);
                assert!(*of != source || is_settled, "offset {offset} is stored, and record {value:?} is not settled");
            }
            // It may go back while records are sent again for the sake of their order.
            self.stored.insert(partition, offset);
        }
    }

    /// Everything works from now on, until nothing is in flight.
    fn recover(&mut self) {
        self.model.full = 0;
        for _ in 0..5000 {
            self.work().expect("nothing fails the task");
            if self.in_flight.batches() == 0 {
                return;
            }
            self.now += Duration::from_secs(2);
            for lane in self.model.queues.keys().copied().collect::<Vec<_>>() {
                for topic in 0..2 {
                    for partition in 0..PARTITIONS {
                        let request = self.model.request(lane, topic, partition, usize::MAX);
                        self.model.answer(&request);
                    }
                }
            }
        }
        panic!("{} records wait for ever", self.in_flight.waiting());
    }

    /// Checks that all records arrived except those at fault, and that their last copies are in the source's order.
    fn check_end(&mut self) {
        let arrived: BTreeSet<u64> = self.model.log.values().flatten().map(|value| number(value)).collect();
        for (number, (_, value, is_valid_topic)) in self.brought.iter().enumerate() {
            let number = number as u64;
            let at_fault = is_at_fault(value) || !is_valid_topic;
            assert_eq!(self.skipped.contains(&number), at_fault, "skipped: {value:?}");
            assert_eq!(arrived.contains(&number), !at_fault, "arrived: {value:?}");
        }
        for ((topic, partition), log) in &self.model.log {
            let mut seen = BTreeSet::new();
            let mut last: Vec<u64> =
                log.iter().rev().map(|value| number(value)).filter(|number| seen.insert(*number)).collect();
            last.reverse();
            assert!(last.is_sorted(), "the last copies of {topic}-{partition} are {last:?}");
        }
        self.store();
        for (source, name) in [(0, "a"), (1, "b")] {
            let last = self.brought.iter().rposition(|(of, _, _)| *of == source).map(|number| number as u64);
            assert_eq!(self.stored.get(name).copied(), last, "the last offset of {name}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn with_tolerance_all_each_record_arrives_or_is_at_fault_itself(events in prop::collection::vec(event(), 1..120)) {
        let mut task = Task::new(true);
        for event in events {
            task.happens(event).expect("nothing fails the task");
        }
        task.recover();
        task.check_end();
    }

    /// A task that fails waits for what is in flight before it ends.
    #[test]
    fn a_failed_task_stores_nothing_beyond_however_long_it_goes_on(
        events in prop::collection::vec(prop_oneof![12 => event(), 1 => refusal()], 1..120),
        tolerates: bool,
    ) {
        let mut task = Task::new(tolerates);
        let mut has_failed = false;
        for event in events {
            // A failed task asks its source for nothing more.
            if has_failed && matches!(event, Event::Poll(_)) {
                continue;
            }
            let (was_refused, given) = (task.is_refused(), task.model.given);
            has_failed |= match event {
                Event::Work if has_failed => task.finish(),
                event => task.happens(event),
            }
            .is_err();
            prop_assert!(!was_refused || task.model.given == given, "a record is sent although one before it was refused");
            prop_assert!(tolerates || task.skipped.is_empty());
        }
        task.store();
    }
}

/// Creates a task with this many records of one topic and partition, passed to the producer.
fn task(values: &[&str], tolerates: bool) -> Task {
    let mut task = Task::new(tolerates);
    let brought: Vec<_> = values.iter().map(|value| (0, 0, 0, *value)).collect();
    for value in values {
        task.brought.push((0, (*value).to_owned(), true));
    }
    task.in_flight.push(testing::batch(0, &TOPICS, &brought));
    task.work().unwrap();
    task
}

#[test]
fn every_error_of_librdkafka_is_a_skip_only_if_the_record_was_alone() {
    for code in weir_kafka::fault::codes() {
        for tolerates in [false, true] {
            let mut task = task(&["0 good", "1 good"], tolerates);
            let request = task.model.request(LANE, 0, 0, 2);
            request.iter().for_each(|queued| Model::fail(queued, code));
            let worked = task.work();
            let fault = Fault::of(code);
            assert_eq!(task.skipped.is_empty(), fault != Fault::Record || !tolerates, "{code:?}");
            let fails = match fault {
                Fault::Setup => true,
                Fault::Record | Fault::Timeout => !tolerates,
                Fault::RequestSize | Fault::Request | Fault::Transient => false,
            };
            assert_eq!(worked.is_err(), fails, "{code:?} with tolerance {tolerates}");
            // The loop looks once more before the task ends.
            assert_eq!(task.finish().is_err(), fails, "{code:?} with tolerance {tolerates}, again");
            assert!(fault == Fault::Record && tolerates || task.in_flight.take_committable().is_empty(), "{code:?}");
        }
    }
}

#[test]
fn a_request_that_is_too_large_is_divided_until_its_records_fit() {
    let values: Vec<String> = (0..20).map(|number| format!("{number} {}", "x".repeat(90))).collect();
    let mut task = task(&values.iter().map(String::as_str).collect::<Vec<_>>(), false);
    // The topic takes 200 bytes.
    for _ in 0..100 {
        for lane in task.model.queues.keys().copied().collect::<Vec<_>>() {
            let request = task.model.request(lane, 0, 0, usize::MAX);
            if request.iter().map(|queued| queued.value.len()).sum::<usize>() > 200 {
                request.iter().for_each(|queued| Model::fail(queued, RDKafkaErrorCode::MessageSizeTooLarge));
            } else {
                task.model.answer(&request);
            }
        }
        task.work().unwrap();
    }
    assert_eq!(task.in_flight.batches(), 0);
    assert_eq!(task.model.log[&(0, 0)], values, "each once, in order");
    assert_eq!(task.delivery.gates.lane("t0", LANE), 250, "what was learned stays");
}

#[test]
fn a_topic_that_is_not_there_is_waited_for_and_others_go_on() {
    let mut task = Task::new(true);
    let brought = [(0, 0, 0, "0 good"), (1, 1, 0, "1 good"), (0, 0, 0, "2 good")];
    task.in_flight.push(testing::batch(0, &TOPICS, &brought));
    for (source, _, _, value) in brought {
        task.brought.push((source, value.to_owned(), true));
    }
    for _ in 0..50 {
        task.work().unwrap();
        for queued in task.model.request(LANE, 0, 0, usize::MAX) {
            Model::fail(&queued, RDKafkaErrorCode::UnknownTopicOrPartition);
        }
        let request = task.model.request(LANE, 1, 0, usize::MAX);
        task.model.answer(&request);
        task.now += Duration::from_secs(30);
        assert!(task.in_flight.queue[0].pieces.len() <= 2, "attempts leave nothing behind");
    }
    assert_eq!(task.in_flight.take_committable().into_keys().collect::<Vec<_>>(), ["b"]);
    assert_eq!(task.model.log[&(1, 0)].len(), 1, "once");
    task.recover();
    task.check_end();
    assert_eq!(task.model.log[&(0, 0)], ["0 good", "2 good"]);
}

#[test]
fn attempts_of_some_records_leave_nothing_behind_while_others_are_in_flight() {
    let mut task = Task::new(true);
    let brought = [(0, 0, 0, "0 good"), (0, 0, 1, "1 good"), (1, 1, 0, "2 good")];
    task.in_flight.push(testing::batch(0, &TOPICS, &brought));
    for (source, _, _, value) in brought {
        task.brought.push((source, value.to_owned(), true));
    }
    // Each topic has its own lane, and the last piece is that of a record without an answer.
    task.delivery.gates.set_lane("t1", 1);
    for _ in 0..50 {
        task.work().unwrap();
        for partition in 0..PARTITIONS {
            for queued in task.model.request(LANE, 0, partition, usize::MAX) {
                Model::fail(&queued, RDKafkaErrorCode::UnknownTopicOrPartition);
            }
        }
        task.now += Duration::from_secs(30);
        assert!(task.in_flight.queue[0].pieces.len() <= 3, "attempts leave nothing behind");
    }
    task.recover();
    task.check_end();
}

#[test]
fn an_unused_name_is_not_looked_up_and_an_invalid_one_is_the_records_own_fault() {
    let mut task = Task::new(true);
    task.in_flight.push(testing::batch(0, &TOPICS, &[(0, 0, 0, "0 good")]));
    task.work().unwrap();
    let mut failed = Task::new(false);
    failed.in_flight.push(testing::batch(0, &TOPICS, &[(0, 2, 0, "0 good")]));
    assert!(matches!(failed.work(), Err(Error::Delivery { .. })));
    let mut skipped = Task::new(true);
    skipped.in_flight.push(testing::batch(0, &TOPICS, &[(0, 2, 0, "0 good")]));
    skipped.work().unwrap();
    skipped.work().unwrap();
    assert_eq!(skipped.skipped, BTreeSet::from([0]));
}

#[test]
fn nothing_is_sent_after_a_refused_record_and_what_is_in_flight_is_waited_for() {
    let mut task = Task::new(false);
    let brought = [(0, 0, 0, "0 good"), (0, 0, 0, "1 good"), (1, 0, 1, "2 good")];
    task.in_flight.push(testing::batch(0, &TOPICS, &brought));
    task.in_flight.push(testing::batch(3, &TOPICS, &[(0, 0, 0, "3 good"), (0, 0, 0, "4 good")]));
    for (source, _, _, value) in brought.into_iter().chain([(0, 0, 0, "3 good"), (0, 0, 0, "4 good")]) {
        task.brought.push((source, value.to_owned(), true));
    }
    // Room for the first batch only.
    task.model.capacity = Some(3);
    task.work().unwrap();
    assert_eq!((task.model.given, task.in_flight.waiting()), (3, 2));
    task.model.capacity = None;
    let request = task.model.request(LANE, 0, 0, 2);
    task.model.answer(&request[..1]);
    Model::fail(&request[1], RDKafkaErrorCode::TopicAuthorizationFailed);
    assert!(task.work().is_err());
    for _ in 0..3 {
        assert!(task.finish().is_err());
        assert_eq!(task.model.given, 3, "the second batch is not sent");
        assert!(task.in_flight.has_unreported(), "record 2 is in flight");
    }
    let request = task.model.request(LANE, 0, 1, 1);
    task.model.answer(&request);
    assert!(task.finish().is_err() && !task.in_flight.has_unreported());
    task.store();
    assert_eq!(task.stored, HashMap::from([("a".to_owned(), 0), ("b".to_owned(), 2)]));
}

#[test]
fn a_topic_whose_name_is_invalid_fails_the_task_and_records_before_it_still_settle() {
    let mut task = Task::new(false);
    let brought = [(0, 0, 0, "0 good"), (0, 2, 0, "1 good"), (0, 0, 0, "2 good")];
    task.in_flight.push(testing::batch(0, &TOPICS, &brought));
    for (source, _, _, value) in brought {
        task.brought.push((source, value.to_owned(), true));
    }
    assert!(matches!(task.work(), Err(Error::Delivery { .. })));
    assert!(task.is_refused() && task.in_flight.has_unreported());
    let request = task.model.request(LANE, 0, 0, 3);
    assert_eq!(request.len(), 1, "the record after it is not sent");
    task.model.answer(&request);
    assert!(task.finish().is_err());
    assert!(!task.in_flight.has_unreported(), "room that no record took is not waited for");
    assert_eq!(task.model.given, 1);
    task.store();
    assert_eq!(task.stored, HashMap::from([("a".to_owned(), 0)]));
}

#[test]
fn each_lane_that_has_failed_gives_its_records_back() {
    let mut task = Task::new(false);
    let brought = [(0, 0, 0, "0 good"), (0, 1, 0, "1 good")];
    task.in_flight.push(testing::batch(0, &TOPICS, &brought));
    // Each topic has its own lane.
    task.delivery.gates.set_lane("t1", 1);
    task.work().unwrap();
    let failed = |lane, code| Failed { lane, code, reason: "gone".to_owned() };
    let refused = failed(LANE, RDKafkaErrorCode::ClusterAuthorizationFailed);
    assert_eq!(task.delivery.give_back(&mut task.in_flight, &refused, task.now), 1);
    assert_eq!(task.delivery.give_back(&mut task.in_flight, &failed(1, RDKafkaErrorCode::Fatal), task.now), 1);
    assert!(task.is_refused() && !task.in_flight.has_unreported());
    let error = task.finish().expect_err("fails").to_string();
    assert!(error.contains("the producer failed: gone") && error.contains(Fault::Setup.next()), "{error}");
    assert_eq!(task.model.given, 2, "nothing is sent again");
}

#[test]
fn attempts_to_fill_a_queue_that_is_full_leave_nothing_behind() {
    let mut task = Task::new(false);
    let values: Vec<String> = (0..1000).map(|number| format!("{number} good")).collect();
    let brought: Vec<_> = values.iter().map(|value| (0, 0, 0, value.as_str())).collect();
    task.in_flight.push(testing::batch(0, &TOPICS, &brought));
    task.brought.extend(values.iter().map(|value| (0, value.clone(), true)));
    task.model.capacity = Some(10);
    for _ in 0..100 {
        task.work().unwrap();
    }
    assert_eq!((task.model.given, task.in_flight.queue[0].pieces.len()), (10, 1));
    assert_eq!(task.delivery.room, LEAST_ROOM, "while there is room for a few, memory is taken for a few");
    task.model.capacity = None;
    task.recover();
    task.check_end();
    assert_eq!(task.delivery.room, MAX_RECORDS);
}
