//! Reads a compacted topic: first to its end, then each record that is added.

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::warn;

use super::reading::{Progress, Reading, TopicHandler};
use super::writer::Position;
use crate::admin::{self, Admin};
use crate::connection::Connections;
use crate::producer::describe;
use crate::{KafkaError, Properties};

/// What to read, and how.
#[derive(Clone)]
pub struct ReaderOptions {
    /// The topic, which exists.
    pub topic: String,
    /// The number of its partitions.
    pub partitions: usize,
    /// The settings of the consumer. They contain a `group.id`, whose group the consumer does not join, and `isolation.level`.
    pub properties: Properties,
    /// Requests about the topic.
    pub admin: Arc<Admin>,
    /// The connections of the worker.
    pub connections: Connections,
}

/// Why a topic cannot be read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// librdkafka does not accept the settings.
    #[error("cannot create a consumer of topic {topic} from the configuration: {reason}")]
    Client {
        /// The topic.
        topic: String,
        /// librdkafka's text.
        reason: String,
    },
    /// A broker refuses the client, or does not let it read the topic. It is tried again.
    #[error("Kafka does not let this worker read topic {topic}: {reason}")]
    Refused {
        /// The topic.
        topic: String,
        /// Why.
        reason: String,
    },
    /// The topic does not exist any more.
    #[error(
        "topic {topic} was deleted while the worker used it; stop all workers that use it, restore the topic, or let a worker create an \
         empty one when it starts"
    )]
    Deleted {
        /// The topic.
        topic: String,
    },
    /// The topic is shorter than what was read of it.
    #[error(
        "topic {topic} has lost records that this worker has read, or was deleted and created again ({reason}); restart the worker so that \
         it reads the topic from the beginning"
    )]
    Truncated {
        /// The topic.
        topic: String,
        /// librdkafka's text.
        reason: String,
    },
    /// The content of the topic cannot be read, or librdkafka has stopped the client.
    #[error("cannot read topic {topic}: {reason}; restart the worker if the cause has been removed")]
    Failed {
        /// The topic.
        topic: String,
        /// librdkafka's text.
        reason: String,
    },
    /// The ends of the partitions are not known.
    #[error("cannot find the end of topic {topic}: {cause}")]
    End {
        /// The topic.
        topic: String,
        /// The cluster's answer.
        #[source]
        cause: Arc<admin::Error>,
    },
    /// The reader was closed.
    #[error("the reader of the topic was closed")]
    Closed,
}

/// Reads a topic until it is dropped.
pub struct TopicReader {
    topic: String,
    partitions: usize,
    admin: Arc<Admin>,
    progress: watch::Receiver<Progress>,
    _stop: DropGuard,
}

impl TopicReader {
    /// Begins to read, and returns when all records that are in the topic now were passed to `handler`. While the cluster does not answer,
    /// waits without a limit. If the consumer reads only committed records, also waits for the transactions that are open now.
    ///
    /// Must be called in a tokio runtime, which continues to read when this has returned.
    pub async fn open(options: ReaderOptions, handler: impl TopicHandler) -> Result<Self, Error> {
        let ends = end_offsets(&options.admin, &options.topic, options.partitions).await?;
        let (topic, partitions, admin) = (options.topic.clone(), options.partitions, Arc::clone(&options.admin));
        let (sender, progress) = watch::channel(Progress::default());
        let failed = |error: KafkaError| Error::Client { topic: topic.clone(), reason: describe(&error) };
        // Creating a client reads files, and takes some milliseconds.
        let target = ends.clone();
        let opened = tokio::task::spawn_blocking(move || Reading::open(options, handler, target, sender)).await;
        let reading = opened.map_err(|_| Error::Closed)?.map_err(failed)?;
        let stop = CancellationToken::new();
        drop(tokio::spawn(reading.run(stop.clone())));
        let reader = Self { topic, partitions, admin, progress, _stop: stop.drop_guard() };
        reader.reach(&ends).await?;
        Ok(reader)
    }

    /// Returns when all records that are in the topic now were passed to the handler. The caller limits the time. Safe to drop.
    ///
    /// # Errors
    ///
    /// A broker refuses the client, or the topic cannot be read any more.
    pub async fn read_to_end(&self) -> Result<(), Error> {
        let ends = end_offsets(&self.admin, &self.topic, self.partitions).await?;
        self.reach(&ends).await
    }

    /// Returns when these records were passed to the handler, unless the topic was compacted meanwhile. The caller limits the time. Safe to
    /// drop.
    pub async fn read_until(&self, written: &[Position]) -> Result<(), Error> {
        let mut ends = vec![0; self.partitions];
        for Position { partition, offset } in written {
            let end = usize::try_from(*partition).ok().and_then(|partition| ends.get_mut(partition));
            if let Some(end) = end {
                *end = (*end).max(offset + 1);
            }
        }
        self.reach(&ends).await
    }

    async fn reach(&self, ends: &[i64]) -> Result<(), Error> {
        let mut progress = self.progress.clone();
        let is_done =
            |progress: &Progress| progress.has_reached(ends) || progress.end.is_some() || progress.trouble.is_some();
        let progress = progress.wait_for(is_done).await.map_err(|_| Error::Closed)?;
        match (&progress.end, &progress.trouble) {
            (Some(end), _) => Err(end.clone()),
            _ if progress.has_reached(ends) => Ok(()),
            (None, Some(trouble)) => Err(trouble.clone()),
            (None, None) => Ok(()),
        }
    }

    /// Returns when the topic cannot be read any more. Safe to drop.
    pub async fn ended(&self) -> Error {
        let mut progress = self.progress.clone();
        let ended = progress.wait_for(|progress| progress.end.is_some()).await;
        ended.ok().and_then(|progress| progress.end.clone()).unwrap_or(Error::Closed)
    }
}

/// Asks for the ends of the partitions until the cluster answers.
async fn end_offsets(admin: &Admin, topic: &str, partitions: usize) -> Result<Vec<i64>, Error> {
    loop {
        match admin.end_offsets(topic, partitions).await {
            Ok(ends) => return Ok(ends),
            Err(admin::Error::TimedOut) => warn!(topic, "Kafka does not say where a topic ends; trying again"),
            Err(cause) => return Err(Error::End { topic: topic.to_owned(), cause: Arc::new(cause) }),
        }
    }
}
