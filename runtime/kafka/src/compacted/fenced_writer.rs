//! Writes to a compacted topic in transactions, so that only the last worker that has claimed the right to write can write
//! (`KafkaConfigBackingStore.claimWritePrivileges`).

use std::sync::Arc;
use std::time::Duration;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{FutureProducer, Producer as _};
use tokio::sync::Mutex;
use tracing::{info, warn};

use super::writer::{KeyValue, Position, WriterEvents, delivered, open, send};
use crate::Properties;
use crate::connection::Connections;
use crate::producer::describe;

/// Why records cannot be written. Except for [`Error::Unclaimed`], the right to write is lost, and whether the records were written is not
/// known until [`FencedWriter::claim`] has returned and the topic was read to its end.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// librdkafka does not accept the settings.
    #[error("cannot create a transactional producer for topic {topic} from the configuration: {reason}")]
    Client {
        /// The topic.
        topic: String,
        /// librdkafka's text.
        reason: String,
    },
    /// The right to write was not claimed, or was lost.
    #[error("Cannot produce to config topic without claiming write privileges first")]
    Unclaimed,
    /// Another worker has claimed the right to write.
    #[error("another worker has claimed the right to write to topic {topic}: {reason}")]
    Fenced {
        /// The topic.
        topic: String,
        /// librdkafka's text.
        reason: String,
    },
    /// The cluster did not answer in time, or refuses the transaction.
    #[error("cannot {action} a transaction in topic {topic}: {reason}")]
    Failed {
        /// What failed: `begin`, `write` or `commit`, or `initialize`.
        action: &'static str,
        /// The topic.
        topic: String,
        /// librdkafka's text.
        reason: String,
    },
}

/// A transactional producer of one topic, which exists between a claim and the first failure.
pub struct FencedWriter {
    topic: String,
    properties: Properties,
    connections: Connections,
    /// Locked during each request: a producer has one transaction at a time.
    producer: Mutex<Option<Arc<FutureProducer<WriterEvents>>>>,
}

impl FencedWriter {
    /// Creates the writer; it does not connect before the first claim. All workers of a cluster use the same transactional id.
    pub fn new(topic: &str, transactional_id: &str, properties: &Properties, connections: &Connections) -> Self {
        let mut properties = properties.clone();
        properties.insert("transactional.id".to_owned(), transactional_id.to_owned());
        let (topic, connections) = (topic.to_owned(), connections.clone());
        Self { topic, properties, connections, producer: Mutex::default() }
    }

    /// Claims the right to write, unless this worker has it already: from now on, all other workers fail when they write. Waits for at most
    /// `limit`.
    pub async fn claim(&self, limit: Duration) -> Result<(), Error> {
        let mut producer = self.producer.lock().await;
        if producer.is_some() {
            return Ok(());
        }
        let (properties, connections) = (self.properties.clone(), self.connections.clone());
        let opened = blocking(move || {
            let set = [("enable.idempotence", "true"), ("max.in.flight.requests.per.connection", "5")];
            let producer = Arc::new(open(&properties, &set, &connections)?);
            let initialized = producer.init_transactions(limit);
            Ok((producer, initialized))
        });
        let (claimed, initialized) = opened.await.map_err(|error| {
            let (topic, reason) = (self.topic.clone(), describe(&error));
            Error::Client { topic, reason }
        })?;
        if let Err(error) = initialized {
            close(claimed);
            return Err(self.error("initialize", &error));
        }
        info!(topic = self.topic, "claimed the right to write to a topic");
        *producer = Some(claimed);
        Ok(())
    }

    /// Whether this worker has claimed the right to write and has not lost it as far as it knows.
    pub async fn is_claimed(&self) -> bool {
        self.producer.lock().await.is_some()
    }

    /// Gives up the right to write.
    pub async fn release(&self) {
        if let Some(producer) = self.producer.lock().await.take() {
            close(producer);
        }
    }

    /// Writes records in a transaction of their own. Returns where they are once it is committed. Waits for at most `limit`. A caller that
    /// does not wait for the answer loses the right to write.
    pub async fn write(&self, records: &[KeyValue<'_>], limit: Duration) -> Result<Vec<Position>, Error> {
        let mut claimed = self.producer.lock().await;
        // It is put back only after a success, so that a cancelled transaction is not continued by the next one.
        let producer = Lent(claimed.take());
        let Some(open) = &producer.0 else { return Err(Error::Unclaimed) };
        match self.transaction(open, records, limit).await {
            Ok(positions) => {
                *claimed = producer.keep();
                Ok(positions)
            }
            Err(error) => {
                warn!(topic = self.topic, %error, "cannot write to a topic as the leader");
                Err(error)
            }
        }
    }

    async fn transaction(
        &self,
        producer: &Arc<FutureProducer<WriterEvents>>,
        records: &[KeyValue<'_>],
        limit: Duration,
    ) -> Result<Vec<Position>, Error> {
        producer.begin_transaction().map_err(|error| self.error("begin", &error))?;
        let mut deliveries = Vec::with_capacity(records.len());
        for record in records {
            deliveries.push(send(producer, &self.topic, record).await.map_err(|error| self.error("write", &error))?);
        }
        // Also waits for the records.
        let committing = Arc::clone(producer);
        blocking(move || committing.commit_transaction(limit)).await.map_err(|error| self.error("commit", &error))?;
        let mut positions = Vec::with_capacity(records.len());
        for delivery in deliveries {
            positions.push(delivered(delivery).await.map_err(|error| self.error("write", &error))?);
        }
        Ok(positions)
    }

    fn error(&self, action: &'static str, error: &KafkaError) -> Error {
        use RDKafkaErrorCode::{Fenced, InvalidProducerEpoch, ProducerFenced};
        let code = match error {
            KafkaError::Transaction(error) => Some(error.code()),
            error => error.rdkafka_error_code(),
        };
        let reason = match error {
            KafkaError::Transaction(error) => format!("{error} ({:?})", error.code()),
            error => describe(error),
        };
        let topic = self.topic.clone();
        match code {
            Some(Fenced | ProducerFenced | InvalidProducerEpoch) => Error::Fenced { topic, reason },
            _ => Error::Failed { action, topic, reason },
        }
    }
}

/// A producer that is closed unless it is kept.
struct Lent(Option<Arc<FutureProducer<WriterEvents>>>);

impl Lent {
    fn keep(mut self) -> Option<Arc<FutureProducer<WriterEvents>>> {
        self.0.take()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(producer) = self.0.take() {
            close(producer);
        }
    }
}

/// Closes a producer on a thread that may block. What is in its queue is not written.
fn close(producer: Arc<FutureProducer<WriterEvents>>) {
    std::thread::spawn(move || {
        producer.purge(rdkafka::producer::PurgeConfig::default().queue().inflight());
        drop(producer);
    });
}

async fn blocking<T: Send + 'static>(
    run: impl FnOnce() -> Result<T, KafkaError> + Send + 'static,
) -> Result<T, KafkaError> {
    tokio::task::spawn_blocking(run).await.unwrap_or(Err(KafkaError::Canceled))
}
