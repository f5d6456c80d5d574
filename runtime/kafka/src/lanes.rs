//! The producers of one task: one with the configured settings, and, for topics that accept only smaller requests, others that
//! differ in `batch.size`. A producer that has failed is replaced here.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::select_all;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::Producer as _;
use tracing::debug;

use super::Properties;
use super::connection::TaskConnections;
use super::producer::{End, OutgoingRecord, Outstanding, Producers, Sent, TopicId, TopicWriter, Tracked, describe};
use super::topic_lookups::TopicLookups;

/// librdkafka's default of `batch.size`, in bytes.
const DEFAULT_BATCH_SIZE: usize = 1_000_000;

/// The `batch.size` of a producer: no request with more than one record is larger. With 1 each record has a request of its own.
pub type Lane = usize;

/// A producer that has failed, and was closed.
#[derive(Debug)]
pub struct Failed {
    /// Which.
    pub lane: Lane,
    /// librdkafka's cause.
    pub code: RDKafkaErrorCode,
    /// The same as text.
    pub reason: String,
}

/// A task's producers.
pub struct Lanes {
    producers: Producers,
    properties: Properties,
    configured: Lane,
    open: BTreeMap<Lane, TopicWriter>,
    connections: Arc<TaskConnections>,
    lookups: TopicLookups,
}

/// How long a request about a topic may take.
const LOOK_TIMEOUT: Duration = Duration::from_secs(10);

impl Lanes {
    /// Opens the producer with the configured settings. Its connections, and those of others, are added to `connections`.
    ///
    /// # Errors
    ///
    /// librdkafka does not accept the settings.
    pub fn open(
        producers: &Producers,
        properties: &Properties,
        connections: &Arc<TaskConnections>,
    ) -> Result<Self, KafkaError> {
        let configured =
            properties.get("batch.size").and_then(|size| size.parse().ok()).unwrap_or(DEFAULT_BATCH_SIZE).max(1);
        let (producers, properties) = (producers.clone(), properties.clone());
        let connections = Arc::clone(connections);
        let lookups = TopicLookups::default();
        let mut lanes = Self { producers, properties, configured, open: BTreeMap::new(), connections, lookups };
        lanes.writer(configured)?;
        Ok(lanes)
    }

    /// The lane with the configured `batch.size`.
    pub fn configured(&self) -> Lane {
        self.configured
    }

    /// Opens a lane, if it is not open.
    ///
    /// # Errors
    ///
    /// librdkafka cannot open a producer.
    pub fn open_lane(&mut self, lane: Lane) -> Result<(), KafkaError> {
        self.writer(lane).map(drop)
    }

    /// Looks a topic up in an open lane.
    ///
    /// # Errors
    ///
    /// Kafka does not allow such a name.
    pub fn topic(&mut self, lane: Lane, name: &str) -> Result<TopicId, KafkaError> {
        self.writer(lane)?.topic(name)
    }

    /// Begins to track records that go through a lane.
    ///
    /// # Errors
    ///
    /// librdkafka cannot open a producer, or too much is in flight.
    pub fn track(&mut self, lane: Lane, outstanding: Arc<Outstanding>) -> Result<Tracked, KafkaError> {
        self.writer(lane)?.track(outstanding)
    }

    /// Puts a record into the queue of a lane's producer. The lane is open, because the topic was looked up in it.
    pub fn send(&self, lane: Lane, tracked: &Tracked, index: usize, record: &OutgoingRecord<'_>) -> Sent {
        self.open.get(&lane).map_or(Sent::QueueFull, |writer| writer.send(tracked, index, record))
    }

    fn writer(&mut self, lane: Lane) -> Result<&mut TopicWriter, KafkaError> {
        if !self.open.contains_key(&lane) {
            let producer = if lane == self.configured {
                self.producers.get(&self.properties)?
            } else {
                let mut properties = self.properties.clone();
                properties.insert("batch.size".to_owned(), lane.to_string());
                self.producers.get(&properties)?
            };
            self.connections.add(producer.connection());
            self.open.insert(lane, TopicWriter::new(producer));
        }
        self.open.get_mut(&lane).ok_or_else(|| KafkaError::ClientCreation("the producer is not open".to_owned()))
    }

    /// Asks the cluster about a topic that a producer does not know, or of which it knows too few partitions. librdkafka by itself
    /// looks only every `metadata.max.age.ms`, while Java's producer looks until it finds the partition.
    pub fn look_again(&mut self, topic: &str) {
        let clients: Vec<_> = self.open.values().map(TopicWriter::client).collect();
        self.lookups.add(topic, move |topic| {
            for client in &clients {
                // The answer goes into the client's own memory; the next try shows whether it helped.
                if let Err(error) = client.client().fetch_metadata(Some(topic), LOOK_TIMEOUT) {
                    debug!(topic, %error, "topic lookup failed");
                }
            }
        });
    }

    /// Closes the producers that have failed. What they had not acknowledged will get no report; the next record opens others.
    pub fn take_failed(&mut self) -> Vec<Failed> {
        self.take(|lane, writer| {
            (writer.producer().end()? == End::Fatal).then(|| {
                let (code, reason) = writer
                    .producer()
                    .fatal_error()
                    .unwrap_or((RDKafkaErrorCode::Fatal, "librdkafka named no cause".to_owned()));
                Failed { lane, code, reason: format!("{} ({reason})", describe(&KafkaError::Global(code))) }
            })
        })
    }

    /// Closes the producers that a broker refuses. Returns their lanes, and why they are refused and what to do. The next record opens
    /// others.
    pub fn take_refused(&mut self) -> Vec<(Lane, String)> {
        self.take(|lane, writer| match writer.producer().end()? {
            End::Refused(reason) => Some((lane, reason)),
            End::Fatal => None,
        })
    }

    /// Closes the producers for which this returns something.
    fn take<T>(&mut self, ended: impl Fn(Lane, &TopicWriter) -> Option<T>) -> Vec<T> {
        let mut taken = Vec::new();
        self.open.retain(|lane, writer| {
            let found = ended(*lane, writer);
            let keep = found.is_none();
            taken.extend(found);
            keep
        });
        taken
    }

    /// Returns when one of the producers can no longer be used. Safe to drop.
    pub fn ended(&self) -> impl Future<Output = End> + Send + use<> {
        let all: Vec<_> = self.open.values().map(|writer| Box::pin(writer.ended())).collect();
        async move {
            if all.is_empty() {
                // Between the end of a producer and the opening of the next.
                return std::future::pending().await;
            }
            select_all(all).await.0
        }
    }
}
