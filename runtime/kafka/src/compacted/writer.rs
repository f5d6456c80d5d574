//! Writes records to a compacted topic, each batch after the one before it.

use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::future_producer::DeliveryFuture;
use rdkafka::producer::{FutureProducer, FutureRecord, Producer as _};
use std::sync::Arc;
use tracing::warn;

use crate::connection::{Connection, Connections};
use crate::producer::describe;
use crate::refusal::refusal;
use crate::{Properties, client_config};

/// Pause before a full queue is tried again.
const PAUSE: Duration = Duration::from_millis(20);

/// A record to write.
#[derive(Debug, Clone, Copy)]
pub struct KeyValue<'a> {
    /// The key, which determines the partition.
    pub key: &'a [u8],
    /// The value; `None` deletes the key.
    pub value: Option<&'a [u8]>,
}

/// Where a record was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
}

/// Why records cannot be written.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// librdkafka does not accept the settings.
    #[error("cannot create a producer for topic {topic} from the configuration: {reason}")]
    Client {
        /// The topic.
        topic: String,
        /// librdkafka's text.
        reason: String,
    },
    /// A record was not written.
    #[error("cannot write to topic {topic}: {reason}")]
    Failed {
        /// The topic.
        topic: String,
        /// The error code.
        code: RDKafkaErrorCode,
        /// Its text.
        reason: String,
    },
}

impl Error {
    /// Whether the same record may be written later.
    pub fn is_retriable(&self) -> bool {
        use RDKafkaErrorCode as Code;
        match self {
            Self::Client { .. } => false,
            Self::Failed { code, .. } => matches!(
                code,
                Code::MessageTimedOut
                    | Code::OperationTimedOut
                    | Code::RequestTimedOut
                    | Code::TimedOutQueue
                    | Code::QueueFull
                    | Code::BrokerTransportFailure
                    | Code::AllBrokersDown
                    | Code::NetworkException
                    | Code::LeaderNotAvailable
                    | Code::NotLeaderForPartition
                    | Code::NotEnoughReplicas
                    | Code::NotEnoughReplicasAfterAppend
                    | Code::CoordinatorLoadInProgress
                    | Code::UnknownTopicOrPartition
            ),
        }
    }
}

/// A producer of one topic. Cheap to clone.
#[derive(Clone)]
pub struct TopicWriter {
    topic: String,
    producer: FutureProducer<WriterEvents>,
}

impl TopicWriter {
    /// Opens a producer that waits for all replicas and has one request in flight, as Kafka Connect's do: records are written in order,
    /// and a record that cannot be written now is tried again without a time limit, unless `properties` say otherwise.
    pub fn open(topic: &str, properties: &Properties, connections: &Connections) -> Result<Self, Error> {
        let set = [("enable.idempotence", "false"), ("max.in.flight.requests.per.connection", "1")];
        let producer = open(properties, &set, connections);
        let producer = producer.map_err(|error| Error::Client { topic: topic.to_owned(), reason: describe(&error) })?;
        Ok(Self { topic: topic.to_owned(), producer })
    }

    /// Writes records, and returns where they are once all replicas have them. They are in the producer's queue, in order, when this is
    /// polled for the first time; if the caller does not wait for the answer, they are written nevertheless.
    pub async fn write(&self, records: &[KeyValue<'_>]) -> Result<Vec<Position>, Error> {
        let mut deliveries = Vec::with_capacity(records.len());
        for record in records {
            deliveries.push(send(&self.producer, &self.topic, record).await.map_err(|error| self.failed(&error))?);
        }
        let mut positions = Vec::with_capacity(records.len());
        for delivery in deliveries {
            positions.push(delivered(delivery).await.map_err(|error| self.failed(&error))?);
        }
        Ok(positions)
    }

    fn failed(&self, error: &KafkaError) -> Error {
        failed(&self.topic, error)
    }
}

pub(super) fn failed(topic: &str, error: &KafkaError) -> Error {
    let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail);
    Error::Failed { topic: topic.to_owned(), code, reason: describe(error) }
}

/// Opens a producer with these settings in addition.
pub(super) fn open(
    properties: &Properties,
    set: &[(&str, &str)],
    connections: &Connections,
) -> Result<FutureProducer<WriterEvents>, KafkaError> {
    let mut properties = properties.clone();
    // Java's partitioner: another worker must find the record in the same partition. A write must not create a topic with other settings.
    let common =
        [("acks", "all"), ("partitioner", "murmur2_random"), ("allow.auto.create.topics", "false"), ("linger.ms", "0")];
    for (key, value) in common.iter().chain(set) {
        properties.insert((*key).to_owned(), (*value).to_owned());
    }
    let events = WriterEvents { connection: connections.open("producer", &properties) };
    FutureProducer::from_config_and_context(&client_config(&properties), events)
}

/// Puts a record into the producer's queue.
pub(super) async fn send(
    producer: &FutureProducer<WriterEvents>,
    topic: &str,
    KeyValue { key, value }: &KeyValue<'_>,
) -> Result<DeliveryFuture, KafkaError> {
    let mut record = FutureRecord::<[u8], [u8]>::to(topic).key(key);
    if let Some(value) = value {
        record = record.payload(value);
    }
    loop {
        match producer.send_result(record) {
            Ok(delivery) => return Ok(delivery),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), same)) => {
                record = same;
                tokio::time::sleep(PAUSE).await;
            }
            Err((error, _)) => return Err(error),
        }
    }
}

pub(super) async fn delivered(delivery: DeliveryFuture) -> Result<Position, KafkaError> {
    match delivery.await {
        Ok(Ok(delivery)) => Ok(Position { partition: delivery.partition, offset: delivery.offset }),
        Ok(Err((error, _))) => Err(error),
        // The producer was closed.
        Err(_) => Err(KafkaError::Canceled),
    }
}

/// Logs the events of a producer.
pub(super) struct WriterEvents {
    connection: Arc<Connection>,
}

impl ClientContext for WriterEvents {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.connection.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        match refusal(&error, reason) {
            Some(reason) => warn!(reason, "Kafka refuses a producer of an internal topic; trying again"),
            None => drop(self.connection.failed(&error, reason)),
        }
    }

    fn stats_raw(&self, statistics: &[u8]) {
        self.connection.statistics(statistics);
    }
}

impl TopicWriter {
    /// Waits until what is in the queue was written, which blocks. For tests.
    #[doc(hidden)]
    pub fn flush(&self, limit: Duration) -> Result<(), Error> {
        self.producer.flush(limit).map_err(|error| self.failed(&error))
    }
}
