//! The dead letter queue of a sink task: rows that failed, as they were consumed, with headers that say why (KIP-298).
//!
//! A row counts as written when Kafka has acknowledged it. The task commits no offset above a row that is not
//! ([`DeadLetters::settle`]), and fails when Kafka refuses one: where Kafka Connect only logs that, the row would be lost.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use rdkafka::error::RDKafkaErrorCode;
use tokio::sync::Notify;
use tracing::{error, info};

use super::log::Place;
use super::{Failure, Stage};
use crate::config::DeadLetterQueue;
use crate::kafka::Properties;
use crate::kafka::admin::{self, Admins, Creation, NewTopic};
use crate::kafka::producer::{OutgoingRow, Outstanding, Producers, Sent, TopicId, TopicWriter, Tracked, describe};
use crate::metrics::TaskMetrics;
use crate::task::{Error, TaskId};

/// Most bytes that wait for Kafka's acknowledgement; the task waits with them then.
const MAX_BYTES: usize = 4 << 20;
/// Most rows.
const MAX_ROWS: usize = 10_000;
/// How long to wait when the producer's queue is full.
const QUEUE_FULL_DELAY: Duration = Duration::from_millis(5);

/// A row as it was consumed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::task) struct Letter<'a> {
    pub(in crate::task) key: Option<&'a [u8]>,
    pub(in crate::task) value: Option<&'a [u8]>,
    /// Milliseconds since 1970; none = it had none.
    pub(in crate::task) timestamp: Option<i64>,
    pub(in crate::task) headers: Vec<(&'a str, Option<&'a [u8]>)>,
}

/// What serves the queue.
pub struct DeadLetterClients {
    /// Settings of the producer.
    pub producer: Properties,
    /// Settings of the client that looks for the topic and makes it.
    pub admin: Properties,
    /// The worker's producers.
    pub producers: Producers,
    /// The worker's admin clients.
    pub admins: Admins,
}

/// A task's access to the queue.
pub(in crate::task) struct DeadLetters {
    queue: DeadLetterQueue,
    properties: Properties,
    producers: Producers,
    metrics: Arc<TaskMetrics>,
    /// Opened with the first row: most tasks never have one.
    writer: Option<(TopicWriter, TopicId)>,
    /// Rows on their way, with their sizes in bytes.
    pending: VecDeque<(Tracked, usize)>,
    bytes: usize,
    /// Notified when a row is acknowledged, or refused.
    wake: Arc<Notify>,
}

impl DeadLetters {
    /// Makes sure that the topic exists: looks for it, and makes it with one partition if it is not there.
    ///
    /// # Errors
    ///
    /// It does not, and cannot be made.
    pub(in crate::task) async fn open(
        queue: &DeadLetterQueue,
        clients: &DeadLetterClients,
        metrics: Arc<TaskMetrics>,
    ) -> Result<Self, Error> {
        ensure(queue, clients).await.map_err(|cause| Error::DeadLetterTopic {
            topic: queue.topic.clone(),
            cause: format!("{cause}; replication factor {}", queue.replication_factor),
        })?;
        Ok(Self {
            queue: queue.clone(),
            properties: clients.producer.clone(),
            producers: clients.producers.clone(),
            metrics,
            writer: None,
            pending: VecDeque::new(),
            bytes: 0,
            wake: Arc::new(Notify::new()),
        })
    }

    /// Puts a row on its way to the queue.
    ///
    /// # Errors
    ///
    /// Kafka did not take this row or one before.
    pub(super) async fn send(
        &mut self,
        id: &TaskId,
        failure: &Failure,
        place: &Place<'_>,
        letter: &Letter<'_>,
    ) -> Result<(), Error> {
        self.reap()?;
        while self.bytes > MAX_BYTES || self.pending.len() >= MAX_ROWS {
            self.wake.notified().await;
            self.reap()?;
        }
        self.metrics.dead_letter_requested();
        let own = if self.queue.context_headers { context(id, failure, place) } else { Vec::new() };
        let mut headers = letter.headers.clone();
        headers.extend(own.iter().map(|(name, value)| (*name, Some(value.as_bytes()))));
        let size = letter.key.map_or(0, <[u8]>::len)
            + letter.value.map_or(0, <[u8]>::len)
            + headers.iter().map(|(name, value)| name.len() + value.map_or(0, <[u8]>::len)).sum::<usize>();
        let wake = Arc::clone(&self.wake);
        let (writer, topic) = self.writer()?;
        let outstanding = Arc::new(Outstanding::new(1, wake));
        let tracked =
            writer.track(outstanding).map_err(|cause| Error::Kafka { what: "cannot track a dead letter", cause })?;
        let row = OutgoingRow {
            topic,
            partition: -1,
            key: letter.key,
            value: letter.value,
            timestamp: letter.timestamp,
            headers: &headers,
        };
        while writer.send(&tracked, 0, &row) == Sent::QueueFull {
            tokio::time::sleep(QUEUE_FULL_DELAY).await;
        }
        self.pending.push_back((tracked, size));
        self.bytes += size;
        self.reap()
    }

    /// Waits until Kafka has every row that was sent, at most so long. False = it does not have them all yet.
    ///
    /// # Errors
    ///
    /// Kafka did not take one.
    pub(in crate::task) async fn settle(&mut self, patience: Duration) -> Result<bool, Error> {
        let deadline = tokio::time::Instant::now() + patience;
        loop {
            self.reap()?;
            if self.pending.is_empty() {
                return Ok(true);
            }
            let woken = tokio::time::timeout_at(deadline, self.wake.notified()).await;
            if woken.is_err() {
                self.reap()?;
                return Ok(self.pending.is_empty());
            }
        }
    }

    /// Forgets rows that are acknowledged.
    fn reap(&mut self) -> Result<(), Error> {
        while let Some((tracked, size)) = self.pending.front().filter(|(tracked, _)| tracked.outstanding.is_settled()) {
            if let Some(failure) = tracked.outstanding.failure() {
                self.metrics.dead_letter_failed();
                error!(
                    exception = failure,
                    "Could not produce message to dead letter queue. topic={}", self.queue.topic
                );
                return Err(Error::DeadLetter { topic: self.queue.topic.clone(), cause: failure.to_owned() });
            }
            self.bytes -= size;
            self.pending.pop_front();
        }
        Ok(())
    }

    fn writer(&mut self) -> Result<(&TopicWriter, TopicId), Error> {
        if self.writer.is_none() {
            let failed = |cause| Error::DeadLetterTopic { topic: self.queue.topic.clone(), cause: describe(&cause) };
            let producer = self.producers.get(&self.properties).map_err(failed)?;
            let mut writer = TopicWriter::new(producer);
            let topic = writer.topic(&self.queue.topic).map_err(failed)?;
            info!(topic = self.queue.topic, "opened the dead letter queue");
            self.writer = Some((writer, topic));
        }
        match &self.writer {
            Some((writer, topic)) => Ok((writer, *topic)),
            None => Err(Error::DeadLetter { topic: self.queue.topic.clone(), cause: "it is not open".to_owned() }),
        }
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
        // The broker of `weir dev` makes topics when rows come.
        Err(admin::Error::Kafka(RDKafkaErrorCode::UnsupportedFeature | RDKafkaErrorCode::UnsupportedVersion)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The headers that say why, behind those of the row. Kafka Connect writes them in this order.
fn context(id: &TaskId, failure: &Failure, place: &Place<'_>) -> Vec<(&'static str, String)> {
    let Failure { stage, class, exception } = failure;
    vec![
        ("__connect.errors.topic", place.topic.to_owned()),
        ("__connect.errors.partition", place.partition.to_string()),
        ("__connect.errors.offset", place.offset.to_string()),
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
    use super::*;

    #[test]
    fn the_headers_are_kafka_connects_in_name_order_and_form() {
        let id = TaskId { connector: "c".to_owned(), task: 2 };
        let place = Place { topic: "t", partition: 1, offset: 40, timestamp: None };
        let found = context(&id, &Failure::of_put("no\nmore"), &place);
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
}
