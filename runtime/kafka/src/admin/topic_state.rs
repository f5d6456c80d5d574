//! Requests about the settings of a topic and the ends of its partitions.

use std::time::Duration;

use rdkafka::admin::{AdminOptions, ResourceSpecifier};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::BaseProducer;

use super::{API_TIMEOUT, Admin, AdminContext, EVENTS, Error, LOOK, failure, refused};
use crate::native;

impl Admin {
    /// Returns the value of `cleanup.policy` of a topic; `None` if the topic does not exist, or if the cluster does not let this client
    /// see its settings.
    pub async fn cleanup_policy(&self, topic: &str) -> Result<Option<String>, Error> {
        let client = self.changes()?;
        let options = AdminOptions::new().request_timeout(Some(API_TIMEOUT));
        let described = client.describe_configs([&ResourceSpecifier::Topic(topic)], &options).await.map_err(failure)?;
        let settings = match described.into_iter().next() {
            Some(Ok(settings)) => settings,
            Some(Err(code)) => return unknown(failure(KafkaError::AdminOp(code))),
            None => return Err(Error::Kafka(RDKafkaErrorCode::BadMessage)),
        };
        let policy = settings.entries.into_iter().find(|entry| entry.name == "cleanup.policy");
        Ok(policy.and_then(|policy| policy.value))
    }

    /// Returns the offset after the last record of each partition from 0 to `partitions` - 1, including records whose transaction is not
    /// complete.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] is worth another try. Safe to drop.
    pub async fn end_offsets(&self, topic: &str, partitions: usize) -> Result<Vec<i64>, Error> {
        let topic = topic.to_owned();
        self.ask(move |client| end_offsets(client, &topic, partitions)).await
    }
}

/// Distinguishes settings that are not known from other errors.
fn unknown(error: Error) -> Result<Option<String>, Error> {
    match error {
        Error::Kafka(RDKafkaErrorCode::UnknownTopicOrPartition) => Ok(None),
        error if error.is_not_authorized() => Ok(None),
        error => Err(error),
    }
}

/// Makes one attempt, on a thread that may block.
fn end_offsets(client: &BaseProducer<AdminContext>, topic: &str, partitions: usize) -> Result<Vec<i64>, Error> {
    let ends = native::end_offsets(client, topic, partitions, LOOK);
    (0..EVENTS).for_each(|_| client.poll(Duration::ZERO));
    ends.map_err(|error| match error.rdkafka_error_code() {
        // The leader of a partition is being elected, or the broker is starting.
        Some(
            RDKafkaErrorCode::LeaderNotAvailable
            | RDKafkaErrorCode::NotLeaderForPartition
            | RDKafkaErrorCode::FencedLeaderEpoch
            | RDKafkaErrorCode::UnknownLeaderEpoch
            | RDKafkaErrorCode::OffsetNotAvailable,
        ) => Error::TimedOut,
        _ => refused(client).unwrap_or_else(|| failure(error)),
    })
}
