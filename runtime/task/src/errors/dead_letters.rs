//! The dead letter queue of a sink task: records that failed, as they were consumed, with headers that say why (KIP-298).
//!
//! A record counts as written when Kafka has acknowledged it. The task commits no offset at or above a record that is not
//! ([`DeadLetters::unsettled`]), and fails when Kafka refuses one: where Kafka Connect only logs that, the record would be lost.
//! What is not the record's own fault is sent again.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tracing::{error, info, warn};
use weir_data::topic_partition::TopicPartition;
use weir_kafka::RDKafkaErrorCode;

use super::log::RecordLocation;
use super::{Failure, Stage};
use crate::common::retry_delay;
use crate::control::Stopping;
use crate::memory::Held;
use crate::{Error, TaskId};
use weir_config::DeadLetterQueue;
use weir_kafka::Properties;
use weir_kafka::admin::{self, Admins, Creation, NewTopic};
use weir_kafka::fault::Fault;
use weir_kafka::lanes::{Lane, Lanes};
use weir_kafka::producer::{Outcome, OutgoingRecord, Outstanding, Producers, SendFailure, Sent, Tracked, describe};
use weir_metrics::TaskMetrics;

/// Maximum number of bytes of unacknowledged records; the task waits if there are more.
const MAX_BYTES: usize = 4 << 20;
/// Maximum number of unacknowledged records.
const MAX_RECORDS: usize = 10_000;
/// The memory that a dead letter takes in addition to its bytes.
const OVERHEAD: usize = 1 << 10;
/// What to do if Kafka refuses a dead letter.
const FIX_TOPIC: &str = "make the topic accept the record, and restart the task, which reads it again";
/// How long to wait when the producer's queue is full.
const QUEUE_FULL_DELAY: Duration = Duration::from_millis(5);
/// Pause before dead letters that Kafka did not accept are sent again: the first, and the longest.
const RETRY_DELAYS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));

/// A record as it was consumed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DeadLetter<'a> {
    pub(crate) key: Option<&'a [u8]>,
    pub(crate) value: Option<&'a [u8]>,
    /// Milliseconds since 1970; `None` if it had none.
    pub(crate) timestamp: Option<i64>,
    pub(crate) headers: Vec<(&'a str, Option<&'a [u8]>)>,
}

/// A dead letter, kept until Kafka has acknowledged it.
struct Unacknowledged {
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    timestamp: Option<i64>,
    headers: Vec<(String, Option<Vec<u8>>)>,
    /// The bytes of key, value and headers.
    size: usize,
    /// Where the record was consumed.
    id: TopicPartition,
    offset: i64,
    /// `None` until it is passed to a producer, and again when it has to be sent again.
    sent: Option<(Lane, Tracked)>,
}

impl Unacknowledged {
    fn new(letter: &DeadLetter<'_>, own: Vec<(&'static str, String)>, location: &RecordLocation<'_>) -> Self {
        let theirs = letter.headers.iter().map(|(name, value)| ((*name).to_owned(), value.map(<[u8]>::to_vec)));
        let ours = own.into_iter().map(|(name, value)| (name.to_owned(), Some(value.into_bytes())));
        let headers: Vec<_> = theirs.chain(ours).collect();
        let size = letter.key.map_or(0, <[u8]>::len)
            + letter.value.map_or(0, <[u8]>::len)
            + headers.iter().map(|(name, value)| name.len() + value.as_ref().map_or(0, Vec::len)).sum::<usize>();
        Self {
            key: letter.key.map(<[u8]>::to_vec),
            value: letter.value.map(<[u8]>::to_vec),
            timestamp: letter.timestamp,
            headers,
            size,
            id: location.id.clone(),
            offset: location.offset,
            sent: None,
        }
    }

    fn is_acknowledged(&self) -> bool {
        let outcome = self.sent.as_ref().and_then(|(_, tracked)| tracked.outstanding.outcome(0));
        matches!(outcome, Some(Outcome::Acknowledged { .. }))
    }
}

/// What serves the queue.
pub struct DeadLetterClients {
    /// Settings of the producer.
    pub producer: Properties,
    /// Settings of the client that looks for the topic and creates it.
    pub admin: Properties,
    /// The worker's producers.
    pub producers: Producers,
    /// The worker's admin clients.
    pub admins: Admins,
}

/// A task's access to the queue.
pub(crate) struct DeadLetters {
    queue: DeadLetterQueue,
    properties: Properties,
    producers: Producers,
    metrics: Arc<TaskMetrics>,
    stopping: Stopping,
    /// Opened with the first record: most tasks never have one.
    lanes: Option<Lanes>,
    /// The lane in use: that of the settings, or a smaller one once the topic has refused a request for its size.
    lane: Lane,
    /// Dead letters that Kafka has not acknowledged, in order.
    pending: VecDeque<Unacknowledged>,
    bytes: usize,
    /// The dead letters and the producer's copies of them, in the worker's budget.
    memory: Held,
    /// Failures since the last acknowledgement, and when to send again.
    failures: u32,
    resume: Option<Instant>,
    /// Why Kafka refuses a dead letter permanently. Waiting for its acknowledgement would not end.
    refusal: Option<String>,
    /// Notified when a dead letter is acknowledged, or has failed.
    wake: Arc<Notify>,
}

/// What happens to a wait when the task is to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnStop {
    /// It ends.
    End,
    /// It continues: it is a step of the stop itself.
    Continue,
}

impl DeadLetters {
    /// Makes sure that the topic exists: looks for it, and creates it with one partition if it does not.
    ///
    /// # Errors
    ///
    /// It does not exist, and cannot be created.
    pub(crate) async fn open(
        queue: &DeadLetterQueue,
        clients: &DeadLetterClients,
        metrics: Arc<TaskMetrics>,
        stopping: Stopping,
        memory: Held,
    ) -> Result<Self, Error> {
        ensure(queue, clients)
            .await
            .map_err(|cause| Error::DeadLetterTopic { topic: queue.topic.clone(), cause: cause_text(&cause, queue) })?;
        Ok(Self {
            queue: queue.clone(),
            properties: clients.producer.clone(),
            producers: clients.producers.clone(),
            metrics,
            stopping,
            lanes: None,
            lane: 0,
            pending: VecDeque::new(),
            bytes: 0,
            memory,
            failures: 0,
            resume: None,
            refusal: None,
            wake: Arc::new(Notify::new()),
        })
    }

    /// Sends a record to the queue.
    ///
    /// # Errors
    ///
    /// Kafka refuses this record or one before it, or the task was stopped while it waited.
    pub(super) async fn send(
        &mut self,
        id: &TaskId,
        failure: &Failure,
        location: &RecordLocation<'_>,
        letter: &DeadLetter<'_>,
    ) -> Result<(), Error> {
        loop {
            let again = self.pump()?;
            if self.bytes <= MAX_BYTES && self.pending.len() < MAX_RECORDS {
                break;
            }
            let (woken, ended) = (self.wake.notified(), self.producer_ended());
            tokio::select! {
                () = self.stopping.asked() => return Err(Error::Stopped),
                () = woken => {}
                () = ended => {}
                () = until(again) => {}
            }
        }
        self.metrics.dead_letter_requested();
        let own = if self.queue.context_headers { context(id, failure, location) } else { Vec::new() };
        let kept = Unacknowledged::new(letter, own, location);
        self.bytes += kept.size;
        self.pending.push_back(kept);
        self.account();
        self.pump().map(drop)
    }

    /// Waits until Kafka has acknowledged every record that was sent, at most for `patience`. Returns whether it has.
    ///
    /// # Errors
    ///
    /// Kafka refuses one.
    pub(crate) async fn settle(&mut self, patience: Duration, on_stop: OnStop) -> Result<bool, Error> {
        let deadline = Instant::now() + patience;
        loop {
            let again = self.pump()?;
            if self.pending.is_empty() {
                return Ok(true);
            }
            if Instant::now() >= deadline {
                return Ok(false);
            }
            let again = again.map_or(deadline, |again| again.min(deadline));
            let (woken, ended) = (self.wake.notified(), self.producer_ended());
            // The next iteration handles what arrives until the deadline.
            tokio::select! {
                () = self.stopping.asked(), if on_stop == OnStop::End => return Ok(false),
                () = woken => {}
                () = ended => {}
                () = tokio::time::sleep_until(again) => {}
            }
        }
    }

    /// Returns when a producer can no longer be used while dead letters are unacknowledged: it reports nothing more. Then
    /// [`DeadLetters::serve`] has something to do. Safe to drop.
    pub(super) fn producer_ended(&self) -> impl Future<Output = ()> + Send + use<> {
        let ended = self.lanes.as_ref().filter(|_| !self.pending.is_empty()).map(Lanes::ended);
        async move {
            match ended {
                Some(ended) => drop(ended.await),
                None => std::future::pending().await,
            }
        }
    }

    /// Handles the outcomes of dead letters, and sends those that wait.
    ///
    /// # Errors
    ///
    /// Kafka refuses one, or the producer.
    pub(super) fn serve(&mut self) -> Result<(), Error> {
        self.pump().map(drop)
    }

    /// Returns where the records were consumed that Kafka has not acknowledged.
    pub(crate) fn unsettled(&self) -> impl Iterator<Item = (&TopicPartition, i64)> {
        self.pending.iter().map(|letter| (&letter.id, letter.offset))
    }

    /// Reads the outcome of dead letters, and passes those that wait to the producer. Returns when to call it again; `None` if there is
    /// nothing to wait for except reports.
    fn pump(&mut self) -> Result<Option<Instant>, Error> {
        if let Some(cause) = &self.refusal {
            return Err(Error::DeadLetter { topic: self.queue.topic.clone(), cause: cause.clone() });
        }
        if self.pending.is_empty() {
            return Ok(None);
        }
        let now = Instant::now();
        self.check_refused()?;
        self.replace_failed(now)?;
        self.absorb(now)?;
        while let Some(letter) = self.pending.pop_front_if(|letter| letter.is_acknowledged()) {
            self.bytes -= letter.size;
            self.failures = 0;
        }
        self.account();
        if let Some(resume) = self.resume.filter(|resume| now < *resume) {
            return Ok(Some(resume));
        }
        self.resume = None;
        self.give(now)
    }

    /// Dead letters wait only for their own limit: a sink that has one to send can do nothing else.
    fn account(&mut self) {
        self.memory.resize((self.bytes * 2 + self.pending.len() * OVERHEAD) as u64);
    }

    /// Closes producers that a broker refuses.
    ///
    /// # Errors
    ///
    /// One of them has dead letters. librdkafka would report them only after `delivery.timeout.ms`.
    fn check_refused(&mut self) -> Result<(), Error> {
        let Some(lanes) = &mut self.lanes else { return Ok(()) };
        for (lane, reason) in lanes.take_refused() {
            let has_letter = |letter: &Unacknowledged| {
                !letter.is_acknowledged() && letter.sent.as_ref().is_some_and(|(sent, _)| *sent == lane)
            };
            if self.pending.iter().any(has_letter) {
                return Err(self.refused(format!(
                    "Kafka refuses its producer (the settings are producer.* of the worker and producer.override.* of the \
                     connector): {reason}"
                )));
            }
        }
        Ok(())
    }

    /// Dead letters of a producer that has failed are sent again with another one.
    fn replace_failed(&mut self, now: Instant) -> Result<(), Error> {
        let Some(lanes) = &mut self.lanes else { return Ok(()) };
        for failed in lanes.take_failed() {
            if Fault::of(failed.code) == Fault::Setup {
                return Err(self.refused(with_next(&failed.reason, Fault::Setup.next())));
            }
            warn!(
                error = failed.reason,
                "Kafka producer of the dead letter queue failed; sending unacknowledged records again"
            );
            for letter in self.pending.iter_mut().filter(|letter| !letter.is_acknowledged()) {
                letter.sent.take_if(|(lane, _)| *lane == failed.lane);
            }
            self.resume = Some(now + retry_delay(None, self.failures, RETRY_DELAYS));
            self.failures = self.failures.saturating_add(1);
        }
        Ok(())
    }

    fn absorb(&mut self, now: Instant) -> Result<(), Error> {
        let mut failed: Option<SendFailure> = None;
        let (mut count, mut smaller) = (0u64, None);
        for number in 0..self.pending.len() {
            let letter = &mut self.pending[number];
            let Some((lane, tracked)) = &letter.sent else { continue };
            let Some(failure) = tracked.outstanding.take_failures().pop() else { continue };
            let alone = failure.alone || *lane == 1 || letter.size > *lane;
            match Fault::of(failure.code) {
                Fault::Setup => return Err(self.refused(with_next(&failure.message, Fault::Setup.next()))),
                Fault::Record => return Err(self.refused(with_next(&failure.message, FIX_TOPIC))),
                Fault::RequestSize | Fault::Request if alone => {
                    return Err(self.refused(with_next(&failure.message, FIX_TOPIC)));
                }
                Fault::RequestSize | Fault::Request => smaller = Some((*lane / 2).max(1)),
                Fault::Timeout | Fault::Transient => {
                    self.resume.get_or_insert(now + retry_delay(None, self.failures, RETRY_DELAYS));
                }
            }
            letter.sent = None;
            count += 1;
            failed.get_or_insert(failure);
        }
        if let Some(lane) = smaller {
            self.lane = self.lane.min(lane);
        }
        if let Some(failure) = failed {
            self.failures = self.failures.saturating_add(1);
            // A line for each doubling: a broker may be unavailable for hours.
            if self.failures.is_power_of_two() {
                warn!(
                    error = failure.message,
                    records = count,
                    "the dead letter queue did not accept records; sending them again"
                );
            }
        }
        Ok(())
    }

    fn give(&mut self, now: Instant) -> Result<Option<Instant>, Error> {
        let failed = |cause: weir_kafka::KafkaError| Error::DeadLetterTopic {
            topic: self.queue.topic.clone(),
            cause: describe(&cause),
        };
        if self.lanes.is_none() {
            let lanes = Lanes::open(&self.producers, &self.properties, &self.metrics.connections).map_err(failed)?;
            info!(topic = self.queue.topic, "opened the dead letter queue");
            self.lane = lanes.configured();
            self.lanes = Some(lanes);
        }
        let Some(lanes) = &mut self.lanes else { return Ok(None) };
        let lane = self.lane;
        for letter in self.pending.iter_mut().filter(|letter| letter.sent.is_none()) {
            lanes.open_lane(lane).map_err(failed)?;
            let topic = lanes.topic(lane, &self.queue.topic).map_err(failed)?;
            let outstanding = Arc::new(Outstanding::new(1, Arc::clone(&self.wake)));
            let tracked = lanes
                .track(lane, outstanding)
                .map_err(|cause| Error::Kafka { what: "cannot track a dead letter", cause })?;
            let headers: Vec<_> =
                letter.headers.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
            let record = OutgoingRecord {
                topic,
                partition: -1,
                key: letter.key.as_deref(),
                value: letter.value.as_deref(),
                timestamp: letter.timestamp,
                headers: &headers,
            };
            if lanes.send(lane, &tracked, 0, &record) == Sent::QueueFull {
                return Ok(Some(now + QUEUE_FULL_DELAY));
            }
            letter.sent = Some((lane, tracked));
        }
        Ok(None)
    }

    fn refused(&mut self, cause: String) -> Error {
        self.refusal = Some(cause.clone());
        self.metrics.dead_letter_failed();
        error!(exception = cause, "Could not produce message to dead letter queue. topic={}", self.queue.topic);
        Error::DeadLetter { topic: self.queue.topic.clone(), cause }
    }
}

/// A cause, and what to do about it.
fn with_next(cause: &str, next: &str) -> String {
    format!("{cause}\nNext: {next}")
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Why the topic cannot be created, with the key that fixes it.
fn cause_text(cause: &admin::Error, queue: &DeadLetterQueue) -> String {
    const FACTOR: &str = "errors.deadletterqueue.topic.replication.factor";
    match cause {
        admin::Error::Kafka(RDKafkaErrorCode::InvalidReplicationFactor) => format!(
            "{cause}: the cluster has fewer brokers than the {} replicas that {FACTOR} asks for (3 unless set). Set it to at most the \
             number of brokers, or create the topic yourself",
            queue.replication_factor
        ),
        cause => format!("{cause}; {FACTOR}={}", queue.replication_factor),
    }
}

async fn ensure(queue: &DeadLetterQueue, clients: &DeadLetterClients) -> Result<(), admin::Error> {
    let admin = clients.admins.get(&clients.admin)?;
    if admin.describe_topic(&queue.topic).await?.is_some() {
        return Ok(());
    }
    // Kafka Connect's words and level.
    error!("Topic {} doesn't exist. Will attempt to create topic.", queue.topic);
    let topic = NewTopic {
        name: queue.topic.clone(),
        partitions: 1,
        replication_factor: queue.replication_factor,
        configs: BTreeMap::new(),
    };
    match admin.create_topic(&topic).await {
        Ok(Creation::Created | Creation::Exists) => Ok(()),
        // The broker of `weir dev` creates topics when records are sent to them.
        Err(admin::Error::Kafka(RDKafkaErrorCode::UnsupportedFeature | RDKafkaErrorCode::UnsupportedVersion)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Returns the headers that describe the failure, which follow those of the record. Kafka Connect writes them in this order.
fn context(id: &TaskId, failure: &Failure, location: &RecordLocation<'_>) -> Vec<(&'static str, String)> {
    let Failure { stage, class, exception } = failure;
    vec![
        ("__connect.errors.topic", location.id.topic.clone()),
        ("__connect.errors.partition", location.id.partition.to_string()),
        ("__connect.errors.offset", location.offset.to_string()),
        ("__connect.errors.connector.name", id.connector.clone()),
        ("__connect.errors.task.id", id.task.to_string()),
        ("__connect.errors.stage", Stage::name(*stage).to_owned()),
        ("__connect.errors.class.name", class.clone()),
        ("__connect.errors.exception.class.name", exception.class.to_owned()),
        ("__connect.errors.exception.message", exception.message.clone()),
        ("__connect.errors.exception.stacktrace", exception.trace()),
    ]
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::memory::InFlightMemory;

    #[test]
    fn the_headers_are_kafka_connects_in_name_order_and_form() {
        let id = TaskId { connector: "c".to_owned(), task: 2 };
        let topic_partition = TopicPartition::new("t", 1);
        let location = RecordLocation { id: &topic_partition, offset: 40, timestamp: None };
        let found = context(&id, &Failure::of_put("no\nmore"), &location);
        let expected = [
            ("topic", "t"),
            ("partition", "1"),
            ("offset", "40"),
            ("connector.name", "c"),
            ("task.id", "2"),
            ("stage", "TASK_PUT"),
            ("class.name", "org.apache.kafka.connect.sink.SinkTask"),
            ("exception.class.name", "org.apache.kafka.connect.errors.ConnectException"),
            ("exception.message", "no"),
            ("exception.stacktrace", "org.apache.kafka.connect.errors.ConnectException: no\nmore\n"),
        ];
        assert_eq!(found.len(), expected.len());
        for ((name, value), (expected_name, expected_value)) in found.iter().zip(expected) {
            assert_eq!(name.strip_prefix("__connect.errors."), Some(expected_name));
            assert_eq!(value, expected_value, "{name}");
        }
    }

    #[test]
    fn the_error_for_a_replication_factor_that_is_too_large_names_the_key() {
        let queue = DeadLetterQueue { topic: "dead".to_owned(), replication_factor: 3, context_headers: false };
        let text = cause_text(&admin::Error::Kafka(RDKafkaErrorCode::InvalidReplicationFactor), &queue);
        assert!(text.contains("fewer brokers than the 3 replicas"), "{text}");
        assert!(text.contains("errors.deadletterqueue.topic.replication.factor"), "{text}");
    }

    /// A queue whose broker cannot be reached, and what stops its task.
    fn away() -> (DeadLetters, tokio::sync::watch::Sender<crate::control::Wanted>) {
        let properties = Properties::from([("bootstrap.servers".to_owned(), "127.0.0.1:1".to_owned())]);
        let (wanted, stopping) = Stopping::channel();
        let sampling = weir_metrics::Sampling::default();
        let metrics = TaskMetrics::new(sampling, Arc::new(weir_metrics::WorkerMetrics::new(sampling)));
        let letters = DeadLetters {
            queue: DeadLetterQueue { topic: "dead".to_owned(), replication_factor: 1, context_headers: true },
            properties,
            producers: Producers::default(),
            metrics: Arc::new(metrics),
            stopping,
            lanes: None,
            lane: 0,
            pending: VecDeque::new(),
            bytes: 0,
            memory: InFlightMemory::new(1 << 20).take(0),
            failures: 0,
            resume: None,
            refusal: None,
            wake: Arc::new(Notify::new()),
        };
        (letters, wanted)
    }

    async fn send(letters: &mut DeadLetters, offset: i64, value: &[u8]) -> Result<(), Error> {
        let id = TaskId { connector: "c".to_owned(), task: 0 };
        let letter = DeadLetter { value: Some(value), ..DeadLetter::default() };
        let topic_partition = TopicPartition::new("t", 1);
        let location = RecordLocation { id: &topic_partition, offset, timestamp: None };
        letters.send(&id, &Failure::of_put("no"), &location, &letter).await
    }

    #[tokio::test]
    async fn a_stop_ends_the_wait_for_room_and_what_is_unsettled_is_known() {
        let (mut letters, wanted) = away();
        let value = vec![b'x'; 900_000];
        for offset in 0..5 {
            send(&mut letters, offset, &value).await.expect("there is room");
        }
        assert_eq!(letters.unsettled().next(), Some((&TopicPartition::new("t", 1), 0)));
        assert!(!letters.settle(Duration::from_millis(10), OnStop::Continue).await.expect("nothing is refused"));
        let stop = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            wanted.send_replace(crate::control::Wanted::Stopped);
        };
        let (sent, ()) = futures_util::future::join(send(&mut letters, 5, &value), stop).await;
        assert!(matches!(sent, Err(Error::Stopped)), "{sent:?}");
    }

    #[tokio::test]
    async fn a_stop_ends_the_wait_of_a_commit_but_not_that_of_the_stop_itself() {
        let (mut letters, wanted) = away();
        send(&mut letters, 0, b"x").await.expect("there is room");
        let stop = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            wanted.send_replace(crate::control::Wanted::Stopped);
        };
        let began = Instant::now();
        let wait = letters.settle(Duration::from_secs(60), OnStop::End);
        let (settled, ()) = futures_util::future::join(wait, stop).await;
        assert!(!settled.expect("nothing is refused") && began.elapsed() < Duration::from_secs(30));
        let (began, patience) = (Instant::now(), Duration::from_millis(50));
        assert!(!letters.settle(patience, OnStop::Continue).await.expect("nothing is refused"));
        assert!(began.elapsed() >= patience);
    }

    /// Answers each connection with something that is not TLS.
    fn not_a_tls_broker() -> String {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let _ = connection.and_then(|mut connection| connection.write_all(b"this is not TLS at all, is it?\n"));
            }
        });
        address
    }

    #[tokio::test]
    async fn a_producer_that_a_broker_refuses_fails_the_task_and_the_error_names_the_queue() {
        let (mut letters, _wanted) = away();
        letters.properties = Properties::from([
            ("bootstrap.servers".to_owned(), not_a_tls_broker()),
            ("security.protocol".to_owned(), "ssl".to_owned()),
        ]);
        send(&mut letters, 0, b"x").await.expect("there is room");
        let error = letters.settle(Duration::from_secs(60), OnStop::Continue).await.expect_err("refused").to_string();
        for part in [
            "Could not produce message to dead letter queue. topic=dead\nCaused by: Kafka refuses its producer",
            "producer.override.*",
            "\nNext: check that the address is one of the broker's TLS listeners",
        ] {
            assert!(error.contains(part), "{part:?} is not in {error}");
        }
        assert!(send(&mut letters, 1, b"x").await.is_err(), "it stays refused");
        assert_eq!(letters.unsettled().next(), Some((&TopicPartition::new("t", 1), 0)));
    }

    #[tokio::test]
    async fn a_refusal_ends_every_later_wait_and_is_counted_once() {
        let (mut letters, _wanted) = away();
        send(&mut letters, 0, b"x").await.expect("there is room");
        let (_, tracked) = letters.pending[0].sent.as_ref().expect("a producer has it");
        tracked.outstanding.fail(SendFailure {
            index: 0,
            partition: -1,
            code: RDKafkaErrorCode::TopicAuthorizationFailed,
            message: "no".to_owned(),
            alone: true,
        });
        let began = Instant::now();
        for _ in 0..3 {
            let settled = letters.settle(Duration::from_secs(60), OnStop::Continue).await;
            assert!(matches!(settled, Err(Error::DeadLetter { .. })), "{settled:?}");
        }
        let sent = send(&mut letters, 1, b"x").await;
        assert!(matches!(sent, Err(Error::DeadLetter { .. })), "{sent:?}");
        assert!(began.elapsed() < Duration::from_secs(30));
        assert_eq!(
            letters.unsettled().next(),
            Some((&TopicPartition::new("t", 1), 0)),
            "no offset above it is committed"
        );
    }
}
