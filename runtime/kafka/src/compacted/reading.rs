//! The consumer behind a [`TopicReader`](super::TopicReader): takes records and passes them on, until it is stopped or the topic is gone.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use parking_lot::Mutex;
use rdkafka::ClientContext;
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::consumer::{Consumer as _, ConsumerContext, StreamConsumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use super::reader::{Error, ReaderOptions};
use crate::client_config;
use crate::connection::Connection;
use crate::consumer_fault::{ConsumerError, ConsumerFault};
use crate::native::{Fetched, RecordQueue};
use crate::refusal::refusal;

/// A broker that has just started does not know all topics yet. A topic that no broker knows for this long was deleted.
const DELETED: Duration = Duration::from_secs(10);
/// How often the brokers are asked whether they know the topic.
const ASK: Duration = Duration::from_secs(1);

/// A record of a topic.
#[derive(Debug, Clone, Copy)]
pub struct TopicRecord<'a> {
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// The key.
    pub key: Option<&'a [u8]>,
    /// The value.
    pub value: Option<&'a [u8]>,
}

/// Receives the records of a topic.
pub trait TopicHandler: Send + 'static {
    /// Receives the next record of a partition. Called for one record at a time; records of a partition come in the order of their offsets.
    fn record(&mut self, record: TopicRecord<'_>);

    /// Called once, when all records that were in the topic when reading began were received.
    fn caught_up(&mut self);
}

/// How far the topic was read.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress {
    /// The offset of the next record of each partition.
    pub(super) positions: Vec<i64>,
    /// Why nothing is read at the moment.
    pub(super) trouble: Option<Error>,
    /// Why nothing will be read any more.
    pub(super) end: Option<Error>,
}

impl Progress {
    /// Whether each partition was read up to this offset.
    pub(super) fn has_reached(&self, ends: &[i64]) -> bool {
        self.positions.iter().zip(ends).all(|(position, end)| position >= end)
    }
}

/// Receives the events of the client that are not records.
pub(super) struct ReaderEvents {
    connection: Arc<Connection>,
    /// Why a broker refuses the client, if it has happened since this was looked at.
    refused: Mutex<Option<String>>,
}

impl ClientContext for ReaderEvents {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.connection.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        match refusal(&error, reason) {
            Some(text) => *self.refused.lock() = Some(text),
            None => drop(self.connection.failed(&error, reason)),
        }
    }

    fn stats_raw(&self, statistics: &[u8]) {
        self.connection.statistics(statistics);
    }
}

impl ConsumerContext for ReaderEvents {}

/// Reads a topic. All partitions are assigned from their beginning; there is no group.
pub(super) struct Reading<H> {
    // Above the client: the queue goes first.
    queue: RecordQueue<ReaderEvents>,
    client: Arc<StreamConsumer<ReaderEvents>>,
    options: ReaderOptions,
    handler: H,
    progress: watch::Sender<Progress>,
    /// What `progress` has to say after the current chunk.
    positions: Vec<i64>,
    trouble: Option<Error>,
    /// The ends of the first read, until they are reached.
    first: Option<Vec<i64>>,
    /// Since when the brokers do not know the topic, and when to ask again.
    unknown: Option<(Instant, Instant)>,
    /// Whether librdkafka has stopped to read a partition, because a broker did not know where it begins.
    is_stopped: bool,
}

impl<H: TopicHandler> Reading<H> {
    /// Opens the client. `ends` are the end offsets up to which the first read goes.
    pub(super) fn open(
        options: ReaderOptions,
        handler: H,
        ends: Vec<i64>,
        progress: watch::Sender<Progress>,
    ) -> Result<Self, KafkaError> {
        let mut properties = options.properties.clone();
        for (key, value) in [
            ("enable.partition.eof", "true"),
            ("enable.auto.commit", "false"),
            ("enable.auto.offset.store", "false"),
            // An offset that does not exist any more means that records were lost, or that this is another topic.
            ("auto.offset.reset", "error"),
            ("allow.auto.create.topics", "false"),
        ] {
            properties.insert(key.to_owned(), value.to_owned());
        }
        let events =
            ReaderEvents { connection: options.connections.open("consumer", &properties), refused: Mutex::default() };
        let client = Arc::new(StreamConsumer::from_config_and_context(&client_config(&properties), events)?);
        let queue = RecordQueue::new(&client);
        let positions = vec![0; options.partitions];
        progress.send_modify(|progress| progress.positions.clone_from(&positions));
        let (first, unknown, trouble) = (Some(ends), None, None);
        let mut reading =
            Self { queue, client, options, handler, progress, positions, trouble, first, unknown, is_stopped: false };
        let partitions = reading.partitions()?;
        reading.queue.forward(&partitions);
        reading.client.assign(&partitions)?;
        reading.publish();
        Ok(reading)
    }

    /// Returns where to read from.
    fn partitions(&self) -> Result<TopicPartitionList, KafkaError> {
        let mut partitions = TopicPartitionList::with_capacity(self.positions.len());
        for (partition, position) in (0..).zip(&self.positions) {
            let offset = if *position > 0 { Offset::Offset(*position) } else { Offset::Beginning };
            partitions.add_partition_offset(&self.options.topic, partition, offset)?;
        }
        Ok(partitions)
    }

    /// Reads until it is stopped, or until the topic cannot be read any more.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let end = tokio::select! {
            end = self.read() => end,
            () = stop.cancelled() => Error::Closed,
        };
        if !matches!(end, Error::Closed) {
            error!(topic = self.options.topic, error = %end, "cannot read a topic any more");
        }
        self.progress.send_modify(|progress| progress.end = Some(end));
        // Closing the client blocks.
        let (queue, client) = (self.queue, self.client);
        drop(tokio::task::spawn_blocking(move || {
            drop(queue);
            drop(client);
        }));
    }

    async fn read(&mut self) -> Error {
        loop {
            let ask = self.unknown.map(|(_, ask)| ask);
            let client = Arc::clone(&self.client);
            let mut events = client.stream();
            tokio::select! {
                () = self.queue.ready() => {}
                event = events.next() => {
                    if let Some(Err(error)) = event {
                        self.client_error(&error);
                    }
                }
                () = async { sleep_until(ask.unwrap_or_else(Instant::now)).await }, if ask.is_some() => {
                    if let Some(end) = self.check_exists().await {
                        return end;
                    }
                }
            }
            loop {
                let (count, end) = self.take();
                self.publish();
                if let Some(end) = end {
                    return end;
                }
                if count < RecordQueue::MOST {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
    }

    /// Takes a chunk of records. Returns how many there were, and why there will be no more.
    fn take(&mut self) -> (usize, Option<Error>) {
        let (handler, positions) = (&mut self.handler, &mut self.positions);
        let (mut errors, mut is_read) = (Vec::new(), false);
        let mut reach = |partition: i32, offset: i64| {
            let position = usize::try_from(partition).ok().and_then(|partition| positions.get_mut(partition));
            if let Some(position) = position {
                *position = offset.max(*position);
            }
        };
        let count = self.queue.take_all(RecordQueue::MOST, |fetched| match fetched {
            Fetched::Record(record) => {
                let (partition, offset) = (record.partition(), record.offset());
                handler.record(TopicRecord { partition, offset, key: record.key(), value: record.value() });
                reach(partition, offset + 1);
                is_read = true;
            }
            Fetched::End { partition, offset } => {
                reach(partition, offset);
                is_read = true;
            }
            Fetched::Error(error) => errors.push(error),
        });
        if is_read {
            (self.trouble, self.unknown) = (None, None);
        }
        let end = errors.into_iter().find_map(|error| self.partition_error(error));
        (count, end)
    }

    /// Handles an error in place of a record. Returns it if there will be no more records.
    fn partition_error(&mut self, error: ConsumerError) -> Option<Error> {
        let topic = self.options.topic.clone();
        match error.code {
            RDKafkaErrorCode::UnknownTopicOrPartition
            | RDKafkaErrorCode::UnknownTopic
            | RDKafkaErrorCode::UnknownPartition
            | RDKafkaErrorCode::UnknownTopicId => {
                let now = Instant::now();
                self.unknown.get_or_insert((now, now));
                return None;
            }
            _ => {}
        }
        match error.fault() {
            ConsumerFault::Transient => debug!(topic, error = error.reason, "cannot read a topic at the moment"),
            ConsumerFault::Permission => {
                if self.trouble.is_none() {
                    warn!(topic, error = error.reason, "not authorized to read a topic; trying again");
                }
                self.trouble = Some(Error::Refused { topic, reason: error.reason });
            }
            ConsumerFault::Position if error.reason.contains("out of range") => {
                return Some(Error::Truncated { topic, reason: error.reason });
            }
            ConsumerFault::Position => {
                debug!(topic, error = error.reason, "the beginning of a topic is not known");
                self.is_stopped = true;
                let now = Instant::now();
                self.unknown.get_or_insert((now, now));
            }
            ConsumerFault::Setup | ConsumerFault::Data | ConsumerFault::Client => {
                return Some(Error::Failed { topic, reason: error.reason });
            }
        }
        None
    }

    /// Handles an error that is not about a partition.
    fn client_error(&mut self, error: &KafkaError) {
        let topic = self.options.topic.clone();
        debug!(topic, %error, "error of a consumer of an internal topic");
        if let Some(reason) = self.client.context().refused.lock().take() {
            warn!(topic, reason, "Kafka refuses the reader of a topic; trying again");
            self.trouble = Some(Error::Refused { topic, reason });
        }
    }

    /// Asks the brokers whether they still know the topic.
    async fn check_exists(&mut self) -> Option<Error> {
        let (since, _) = self.unknown?;
        let topic = self.options.topic.clone();
        match self.options.admin.describe_topic(&topic).await {
            Ok(None) if since.elapsed() >= DELETED => return Some(Error::Deleted { topic }),
            Ok(Some(_)) => {
                self.unknown = None;
                if std::mem::take(&mut self.is_stopped) {
                    let assigned = self.partitions().and_then(|partitions| self.client.assign(&partitions));
                    return assigned.err().map(|error| Error::Failed { topic, reason: error.to_string() });
                }
            }
            Ok(None) | Err(_) => self.unknown = Some((since, Instant::now() + ASK)),
        }
        None
    }

    /// Tells those who wait how far the topic was read.
    fn publish(&mut self) {
        if let Some(reason) = self.client.context().refused.lock().take() {
            self.trouble = Some(Error::Refused { topic: self.options.topic.clone(), reason });
        }
        let has_reached = |ends: &Vec<i64>| self.positions.iter().zip(ends).all(|(position, end)| position >= end);
        if self.first.as_ref().is_some_and(has_reached) {
            self.first = None;
            self.handler.caught_up();
        }
        self.progress.send_if_modified(|progress| {
            let is_troubled = self.trouble.is_some();
            let is_changed = progress.positions != self.positions || progress.trouble.is_some() != is_troubled;
            if is_changed {
                progress.positions.clone_from(&self.positions);
                progress.trouble.clone_from(&self.trouble);
            }
            is_changed
        });
    }
}
