//! Producers, shared by all tasks whose client settings are equal, and the tracking of what they have not acknowledged.
//!
//! A row is identified towards librdkafka by one machine word: the place of its batch in a slab and its index in the batch.
//! A delivery report costs two atomic stores, and a lock-free look-up for each run of rows of a batch; no row takes a lock.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use rdkafka::ClientContext;
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::producer::{BaseProducer, NoCustomPartitioner, Producer as _, ProducerContext};
use sharded_slab::{Config, Entry, Slab};
use tokio::sync::{Notify, watch};
use tracing::{debug, error, info, warn};

use super::connection::{Connection, Connections};
use super::internal_topics;
use super::native::{Events, OutgoingMessage, Topic};
use super::refusal::refusal;
use super::{Properties, client_config};

/// Most rows one tracked batch may have: its row numbers share a word with the batch's place in the slab.
pub const MAX_ROWS: usize = 1 << ROW_BITS;
const ROW_BITS: u32 = 16;

struct SlabConfig;

// 10 bits for threads and 26 for places leave 12 for telling a place's users apart, beside the row's 16.
impl Config for SlabConfig {
    const MAX_THREADS: usize = 1024;
    const MAX_PAGES: usize = 20;
    const INITIAL_PAGE_SIZE: usize = 32;
    const RESERVED_BITS: usize = ROW_BITS as usize;
}

/// A row that has not been acknowledged.
const PENDING: i64 = -1;
/// A row that will not be.
const FAILED: i64 = -2;

/// Rows that were given to a producer together, and what became of each.
pub struct Outstanding {
    /// For each row the offset it got, or [`PENDING`], or [`FAILED`].
    offsets: Box<[AtomicI64]>,
    /// For each row the partition it went to.
    partitions: Box<[AtomicI32]>,
    remaining: AtomicU32,
    /// Records that failed, in the order of their reports. Locked only when a record fails.
    failures: Mutex<Vec<SendFailure>>,
    has_failures: AtomicBool,
    /// The task that waits for these rows.
    wake: Arc<Notify>,
}

impl Outstanding {
    /// Tracks `rows` rows; `wake` is notified when the last of them is settled, and when one fails.
    pub fn new(rows: usize, wake: Arc<Notify>) -> Self {
        assert!(rows <= MAX_ROWS, "a tracked batch has at most {MAX_ROWS} rows");
        Self {
            offsets: (0..rows).map(|_| AtomicI64::new(PENDING)).collect(),
            partitions: (0..rows).map(|_| AtomicI32::new(-1)).collect(),
            remaining: AtomicU32::new(u32::try_from(rows).unwrap_or(u32::MAX)),
            failures: Mutex::new(Vec::new()),
            has_failures: AtomicBool::new(false),
            wake,
        }
    }

    /// True = every row was acknowledged or has failed.
    pub fn is_settled(&self) -> bool {
        self.remaining.load(Ordering::Acquire) == 0
    }

    /// Takes the records that failed since the last call, and why. Once [`Outstanding::is_settled`] was true, none follows.
    pub fn take_failures(&self) -> Vec<SendFailure> {
        if !self.has_failures.load(Ordering::Acquire) {
            return Vec::new();
        }
        let mut failures = self.failures.lock();
        self.has_failures.store(false, Ordering::Release);
        std::mem::take(&mut failures)
    }

    /// The last so many records were not sent after all, and no report will name them.
    pub fn leave_out(&self, records: u32) {
        self.count(records);
    }

    /// What became of one row; none = nothing yet.
    pub fn outcome(&self, row: usize) -> Option<Outcome> {
        match self.offsets[row].load(Ordering::Acquire) {
            PENDING => None,
            FAILED => Some(Outcome::Failed),
            offset => Some(Outcome::Acknowledged { partition: self.partitions[row].load(Ordering::Relaxed), offset }),
        }
    }

    /// As Kafka's acknowledgement of a row does. For tests of what uses it.
    #[doc(hidden)]
    pub fn acknowledge(&self, row: usize, partition: i32, offset: i64) {
        let rows = self.note(row, partition, offset);
        self.count(rows);
    }

    /// Notes what became of a row. [`Outstanding::count`] has to follow, before anybody is told that the batch is settled.
    fn note(&self, row: usize, partition: i32, offset: i64) -> u32 {
        let (Some(offset_cell), Some(partition_cell)) = (self.offsets.get(row), self.partitions.get(row)) else {
            error!(row, "a delivery report names a row that was not sent");
            return 0;
        };
        partition_cell.store(partition, Ordering::Relaxed);
        offset_cell.store(offset, Ordering::Release);
        1
    }

    /// So many more rows were noted.
    fn count(&self, rows: u32) {
        if rows > 0 && self.remaining.fetch_sub(rows, Ordering::AcqRel) == rows {
            self.wake.notify_one();
        }
    }

    /// Notes that Kafka does not have a row, and wakes the task.
    pub fn fail(&self, failure: SendFailure) {
        let row = failure.row;
        self.failures.lock().push(failure);
        self.has_failures.store(true, Ordering::Release);
        let rows = self.note(row, -1, FAILED);
        self.count(rows);
        self.wake.notify_one();
    }
}

/// Why Kafka does not have a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendFailure {
    /// Index of the record in its tracked batch.
    pub row: usize,
    /// The partition that it was sent to; -1 if it was not sent to any yet.
    pub partition: i32,
    /// What Kafka or librdkafka answered.
    pub code: RDKafkaErrorCode,
    /// The same in words.
    pub message: String,
    /// Whether librdkafka refused the record before it was in a request with others.
    pub alone: bool,
}

/// The end of one row's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// In Kafka.
    Acknowledged {
        /// The partition it went to.
        partition: i32,
        /// Its offset there.
        offset: i64,
    },
    /// Not in Kafka, and no longer tried.
    Failed,
}

/// Why a producer is of no use any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// A broker refuses this client; the text says what to check.
    Refused(String),
    /// librdkafka raised a fatal error. What was not acknowledged is lost with the client, and has to be sent with another one.
    Fatal,
}

/// Receives delivery reports and client errors on the producer's polling thread.
pub struct Reports {
    outstanding: Slab<Arc<Outstanding>, SlabConfig>,
    /// `None` while the producer works.
    end: watch::Sender<Option<End>>,
    connection: Arc<Connection>,
}

impl ClientContext for Reports {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.connection.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let end = if let Some(text) = refusal(&error, reason) {
            Some(End::Refused(text))
        } else if matches!(error.rdkafka_error_code(), Some(RDKafkaErrorCode::Fatal)) {
            Some(End::Fatal)
        } else {
            None
        };
        let Some(end) = end else {
            if !self.connection.failed(&error, reason) {
                warn!(%error, reason, "Kafka producer error; retrying");
            }
            return;
        };
        if end == End::Fatal {
            error!(%error, reason, "Kafka producer failed with a fatal error; its tasks replace it");
        }
        note_end(&self.end, end);
    }

    fn stats_raw(&self, statistics: &[u8]) {
        self.connection.statistics(statistics);
    }
}

/// The first reason counts.
fn note_end(noted: &watch::Sender<Option<End>>, end: End) {
    noted.send_if_modified(|known| {
        let is_news = known.is_none();
        known.get_or_insert(end);
        is_news
    });
}

impl ProducerContext<NoCustomPartitioner> for Reports {
    type DeliveryOpaque = usize;

    /// rdkafka calls it only for what is dropped with a producer; [`Events`] has the others.
    fn delivery(&self, result: &DeliveryResult<'_>, opaque: usize) {
        let mut deliveries = self.deliveries();
        match result {
            Ok(message) => deliveries.acknowledged(opaque, message.partition(), message.offset()),
            Err((error, message)) => {
                let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown);
                deliveries.failed(opaque, message.topic(), message.partition(), code);
            }
        }
    }
}

impl Reports {
    fn new(connection: Arc<Connection>) -> Self {
        Self { outstanding: Slab::new_with_config(), end: watch::Sender::new(None), connection }
    }

    /// Takes reports that come together.
    pub(super) fn deliveries(&self) -> Deliveries<'_> {
        Deliveries { reports: self, batch: None, noted: 0 }
    }
}

/// Delivery reports that come together. Those of a batch come in a row, so it is looked up, and its count changed, once for each
/// row of them.
pub(super) struct Deliveries<'a> {
    reports: &'a Reports,
    batch: Option<(usize, Entry<'a, Arc<Outstanding>, SlabConfig>)>,
    /// Rows of the batch that were noted and not yet counted.
    noted: u32,
}

impl Deliveries<'_> {
    /// Kafka has the row.
    pub(super) fn acknowledged(&mut self, opaque: usize, partition: i32, offset: i64) {
        let (key, row) = place(opaque);
        let noted = self.batch(key).map_or(0, |batch| batch.note(row, partition, offset.max(0)));
        self.noted += noted;
    }

    /// Kafka does not have it, and it is no longer tried.
    pub(super) fn failed(&mut self, opaque: usize, topic: &str, partition: i32, code: RDKafkaErrorCode) {
        let (key, row) = place(opaque);
        if let Some(batch) = self.batch(key) {
            batch.fail(SendFailure { row, partition, code, message: in_words(topic, code), alone: false });
        }
    }

    fn batch(&mut self, key: usize) -> Option<&Outstanding> {
        if self.batch.as_ref().is_none_or(|(current, _)| *current != key) {
            self.count();
            self.batch = self.reports.outstanding.get(key).map(|batch| (key, batch));
        }
        if self.batch.is_none() {
            // The task was cut off, or sends the records again with another producer.
            debug!(key, "delivery report for a batch whose task no longer waits for it");
        }
        self.batch.as_ref().map(|(_, batch)| batch.as_ref())
    }

    fn count(&mut self) {
        if let Some((_, batch)) = &self.batch {
            batch.count(std::mem::take(&mut self.noted));
        }
    }
}

impl Drop for Deliveries<'_> {
    fn drop(&mut self) {
        self.count();
    }
}

/// The place of a row's batch in the slab, and the row's number in it.
fn place(opaque: usize) -> (usize, usize) {
    (opaque & (usize::MAX >> ROW_BITS), opaque >> (usize::BITS - ROW_BITS))
}

fn in_words(topic: &str, code: RDKafkaErrorCode) -> String {
    format!("topic {topic}: {code} ({code:?})")
}

/// The text of a client error, without rdkafka's wrapping.
pub fn describe(error: &KafkaError) -> String {
    match error.rdkafka_error_code() {
        Some(code) => format!("{code} ({code:?})"),
        None => error.to_string(),
    }
}

/// How long the thread that hears a producer's events sleeps when there is none.
const EVENT_WAIT: Duration = Duration::from_secs(10);

/// A producer that several tasks use.
pub struct SharedProducer {
    // Above the client: the queue of its events goes first.
    events: Arc<Events>,
    client: Arc<BaseProducer<Reports>>,
    polling: Option<std::thread::JoinHandle<()>>,
    stopping: Arc<AtomicBool>,
}

impl SharedProducer {
    fn new(properties: &Properties, connections: &Connections) -> Result<Self, KafkaError> {
        let reports = Reports::new(connections.open("producer", properties));
        let client: Arc<BaseProducer<Reports>> =
            Arc::new(BaseProducer::from_config_and_context(&client_config(properties), reports)?);
        let stopping = Arc::new(AtomicBool::new(false));
        let events = Arc::new(Events::new(&client));
        let polling = std::thread::Builder::new()
            .name("kafka-producer".to_owned())
            .spawn({
                let (events, stopping) = (Arc::clone(&events), Arc::clone(&stopping));
                let guard = PollingGuard(client.context().end.clone());
                move || {
                    let _guard = guard;
                    while !stopping.load(Ordering::Acquire) {
                        events.serve(EVENT_WAIT);
                    }
                }
            })
            .map_err(|error| KafkaError::ClientCreation(format!("cannot start the polling thread: {error}")))?;
        Ok(Self { events, client, polling: Some(polling), stopping })
    }

    /// Why this producer is of no use any more; `None` while it works.
    pub fn end(&self) -> Option<End> {
        let heard = self.client.context().end.borrow().clone();
        heard.or_else(|| self.fatal_error().map(|_| End::Fatal))
    }

    /// Its connections.
    pub fn connection(&self) -> &Arc<Connection> {
        &self.client.context().connection
    }

    /// librdkafka's fatal error: its cause, and a text.
    pub fn fatal_error(&self) -> Option<(RDKafkaErrorCode, String)> {
        self.client.client().fatal_error()
    }
}

/// Ends a producer whose polling thread panics: no report of it would ever arrive.
struct PollingGuard(watch::Sender<Option<End>>);

impl Drop for PollingGuard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            error!(
                "the polling thread of a Kafka producer panicked, which is a bug in Weir; its tasks replace the producer"
            );
            note_end(&self.0, End::Fatal);
        }
    }
}

impl Drop for SharedProducer {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Release);
        self.events.wake();
        if let Some(polling) = self.polling.take() {
            // A panic is in the log already.
            let _ = polling.join();
        }
        debug!("closed a Kafka producer");
    }
}

/// All producers of this worker. Cheap to clone.
#[derive(Clone, Default)]
pub struct Producers {
    open: Arc<Mutex<HashMap<Properties, Weak<SharedProducer>>>>,
    connections: Connections,
}

impl Producers {
    /// None is open yet. Their connections are counted among these.
    pub fn new(connections: Connections) -> Self {
        Self { open: Arc::default(), connections }
    }

    /// The producer for these settings: one that another task has open, or a new one. It is closed when the last task
    /// has dropped it.
    pub fn get(&self, properties: &Properties) -> Result<Arc<SharedProducer>, KafkaError> {
        let mut open = self.open.lock();
        open.retain(|_, producer| producer.strong_count() > 0);
        if let Some(producer) = open.get(properties).and_then(Weak::upgrade)
            && producer.end().is_none()
        {
            return Ok(producer);
        }
        let producer = Arc::new(SharedProducer::new(properties, &self.connections)?);
        info!(shared_with_equal_settings = true, "opened a Kafka producer");
        open.insert(properties.clone(), Arc::downgrade(&producer));
        Ok(producer)
    }

    /// How many are open.
    pub fn open(&self) -> usize {
        self.open.lock().values().filter(|producer| producer.strong_count() > 0).count()
    }
}

/// A task's access to its producer: the topics it has looked up.
pub struct TopicWriter {
    // Declared before `producer`: topics go first.
    topics: Vec<Topic>,
    by_name: HashMap<String, TopicId>,
    producer: Arc<SharedProducer>,
}

/// A topic that a [`TopicWriter`] has looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopicId(pub usize);

/// A batch that is tracked until this is dropped.
pub struct Tracked {
    key: usize,
    client: Option<Arc<BaseProducer<Reports>>>,
    /// What became of the rows.
    pub outstanding: Arc<Outstanding>,
}

impl Drop for Tracked {
    fn drop(&mut self) {
        self.release();
    }
}

impl Tracked {
    /// Takes no more reports. What is known of the records stays known.
    pub fn release(&mut self) {
        if let Some(client) = self.client.take() {
            client.context().outstanding.remove(self.key);
        }
    }

    /// Rows that no producer knows of. For tests of what uses it.
    #[doc(hidden)]
    pub fn untracked(outstanding: Arc<Outstanding>) -> Self {
        Self { key: 0, client: None, outstanding }
    }
}

/// One row for [`TopicWriter::send`].
pub struct OutgoingRow<'a> {
    /// Where to.
    pub topic: TopicId,
    /// -1 = the partitioner chooses.
    pub partition: i32,
    /// The key's bytes.
    pub key: Option<&'a [u8]>,
    /// The value's bytes.
    pub value: Option<&'a [u8]>,
    /// Milliseconds since 1970; none = now.
    pub timestamp: Option<i64>,
    /// Name and value of each header.
    pub headers: &'a [(&'a str, Option<&'a [u8]>)],
}

/// What [`TopicWriter::send`] did with a row.
#[derive(Debug, PartialEq, Eq)]
pub enum Sent {
    /// It is in the producer's queue; a report will follow.
    Queued,
    /// The queue is full: the same row again later.
    QueueFull,
    /// It was refused, and counts as failed; [`Outstanding::take_failures`] says why.
    Refused,
}

impl TopicWriter {
    /// A writer on this producer.
    pub fn new(producer: Arc<SharedProducer>) -> Self {
        Self { topics: Vec::new(), by_name: HashMap::new(), producer }
    }

    /// The producer below.
    pub fn producer(&self) -> &SharedProducer {
        &self.producer
    }

    pub(super) fn client(&self) -> Arc<BaseProducer<Reports>> {
        Arc::clone(&self.producer.client)
    }

    /// Returns when the producer is of no use any more. Safe to drop.
    pub fn ended(&self) -> impl Future<Output = End> + Send + use<> {
        let mut end = self.producer.client.context().end.subscribe();
        async move {
            let end = end.wait_for(Option::is_some).await.ok().and_then(|end| end.clone());
            match end {
                Some(end) => end,
                // The producer is closed.
                None => std::future::pending().await,
            }
        }
    }

    /// Begins to track a batch.
    pub fn track(&self, outstanding: Arc<Outstanding>) -> Result<Tracked, KafkaError> {
        let key =
            self.producer.client.context().outstanding.insert(Arc::clone(&outstanding)).ok_or_else(|| {
                KafkaError::ClientCreation("too many batches are in flight in one producer".to_owned())
            })?;
        Ok(Tracked { key, client: Some(Arc::clone(&self.producer.client)), outstanding })
    }

    /// Looks a topic up, once for all rows that go there. It need not exist yet.
    ///
    /// # Errors
    ///
    /// Kafka does not allow such a name, or it is one of its own.
    pub fn topic(&mut self, name: &str) -> Result<TopicId, KafkaError> {
        if let Some(id) = self.by_name.get(name) {
            return Ok(*id);
        }
        internal_topics::check(name)?;
        let id = TopicId(self.topics.len());
        self.topics.push(Topic::new(&self.producer.client, name)?);
        self.by_name.insert(name.to_owned(), id);
        Ok(id)
    }

    /// Puts one row of a tracked batch into the producer's queue. `row` is its index in the batch.
    pub fn send(&self, tracked: &Tracked, row: usize, outgoing: &OutgoingRow<'_>) -> Sent {
        let topic = &self.topics[outgoing.topic.0];
        let opaque = (row << (usize::BITS - ROW_BITS)) | tracked.key;
        let sent = topic.produce(&OutgoingMessage {
            partition: outgoing.partition,
            key: outgoing.key,
            value: outgoing.value,
            timestamp: outgoing.timestamp,
            headers: outgoing.headers,
            opaque,
        });
        match sent {
            Ok(()) => Sent::Queued,
            Err(RDKafkaErrorCode::QueueFull) => Sent::QueueFull,
            Err(code) => {
                let message = in_words(&topic.name(), code);
                let partition = outgoing.partition;
                tracked.outstanding.fail(SendFailure { row, partition, code, message, alone: true });
                Sent::Refused
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_and_its_batch_fit_into_one_word() {
        let slab: Slab<u8, SlabConfig> = Slab::new_with_config();
        for value in 0..200 {
            let key = slab.insert(value).expect("there is room");
            assert_eq!(key >> (usize::BITS - ROW_BITS), 0, "the slab leaves the row's bits free");
        }
    }

    #[test]
    fn a_batch_is_settled_by_its_last_row() {
        let outstanding = Outstanding::new(2, Arc::new(Notify::new()));
        outstanding.acknowledge(1, 3, 42);
        assert!(!outstanding.is_settled());
        assert_eq!(outstanding.outcome(0), None);
        assert_eq!(outstanding.outcome(1), Some(Outcome::Acknowledged { partition: 3, offset: 42 }));
        let failure = SendFailure {
            row: 0,
            partition: 3,
            code: RDKafkaErrorCode::MessageTimedOut,
            message: "gone".to_owned(),
            alone: false,
        };
        outstanding.fail(failure.clone());
        assert!(outstanding.is_settled());
        assert_eq!(outstanding.outcome(0), Some(Outcome::Failed));
        assert_eq!(outstanding.take_failures(), [failure]);
        assert_eq!(outstanding.take_failures(), []);
    }

    #[test]
    fn reports_that_come_together_settle_each_batch_once() {
        let reports = Reports::new(Connections::default().open("producer", &Properties::new()));
        let wake = Arc::new(Notify::new());
        let batches: Vec<_> = (0..2).map(|_| Arc::new(Outstanding::new(3, Arc::clone(&wake)))).collect();
        let keys: Vec<_> =
            batches.iter().map(|batch| reports.outstanding.insert(Arc::clone(batch)).expect("there is room")).collect();
        let opaque = |batch: usize, row: usize| (row << (usize::BITS - ROW_BITS)) | keys[batch];

        let mut deliveries = reports.deliveries();
        deliveries.acknowledged(opaque(0, 0), 0, 7);
        deliveries.acknowledged(opaque(0, 1), 0, 8);
        // Rows of different partitions are answered in any order.
        deliveries.acknowledged(opaque(1, 2), 1, 5);
        deliveries.failed(opaque(0, 2), "t", 0, RDKafkaErrorCode::MessageSizeTooLarge);
        drop(deliveries);
        assert!(batches[0].is_settled());
        assert!(!batches[1].is_settled());
        assert_eq!(batches[0].outcome(1), Some(Outcome::Acknowledged { partition: 0, offset: 8 }));
        assert_eq!(batches[0].outcome(2), Some(Outcome::Failed));
        assert!(batches[0].take_failures()[0].message.starts_with("topic t: "));
        assert_eq!(batches[1].outcome(2), Some(Outcome::Acknowledged { partition: 1, offset: 5 }));

        // A batch that nobody waits for any more takes nothing with it.
        reports.outstanding.remove(keys[0]);
        let mut deliveries = reports.deliveries();
        deliveries.acknowledged(opaque(1, 0), 1, 3);
        deliveries.acknowledged(opaque(0, 0), 0, 7);
        deliveries.acknowledged(opaque(1, 1), 1, 4);
        drop(deliveries);
        assert!(batches[1].is_settled());
    }

    #[test]
    fn no_writer_has_a_topic_of_kafkas_own() {
        let properties = Properties::from([("bootstrap.servers".to_owned(), "127.0.0.1:1".to_owned())]);
        let mut writer = TopicWriter::new(Producers::default().get(&properties).expect("a producer"));
        let refused = writer.topic("__consumer_offsets").expect_err("refused");
        assert_eq!(refused.rdkafka_error_code(), Some(RDKafkaErrorCode::InvalidTopic));
        assert!(writer.topic("orders").is_ok());
    }

    #[test]
    fn a_producer_whose_polling_thread_panics_is_replaced() {
        let (end, ended) = watch::channel(None);
        let guard = PollingGuard(end.clone());
        let thread = std::thread::spawn(move || {
            let _guard = guard;
            panic!("as the test wants");
        });
        assert!(thread.join().is_err());
        assert_eq!(*ended.borrow(), Some(End::Fatal));
        let (end, ended) = watch::channel(None);
        drop(PollingGuard(end));
        assert_eq!(*ended.borrow(), None);
    }

    #[test]
    fn a_producer_that_waits_for_events_is_closed_at_once() {
        let properties = Properties::from([("bootstrap.servers".to_owned(), "127.0.0.1:1".to_owned())]);
        let producer = Producers::default().get(&properties).expect("a producer needs no broker to begin with");
        // Long enough for its thread to wait.
        std::thread::sleep(Duration::from_millis(50));
        let begin = std::time::Instant::now();
        drop(producer);
        assert!(begin.elapsed() < EVENT_WAIT / 2, "{:?}", begin.elapsed());
    }
}
