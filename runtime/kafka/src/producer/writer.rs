//! A task's access to a producer: topics that are looked up once, and records put into the producer's queue.

use std::collections::HashMap;
use std::sync::Arc;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, Producer as _};

use super::in_words;
use super::shared::{End, Reports, SharedProducer};
use super::tracking::{Outstanding, SendFailure, opaque};
use crate::internal_topics;
use crate::native::{OutgoingMessage, Topic};

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
    /// The outcomes of the records.
    pub outstanding: Arc<Outstanding>,
}

impl Drop for Tracked {
    fn drop(&mut self) {
        self.release();
    }
}

impl Tracked {
    /// Ends the tracking. Outcomes that are already known remain available.
    pub fn release(&mut self) {
        if let Some(client) = self.client.take() {
            client.context().batches.remove(self.key);
        }
    }

    /// Tracks records that no producer has. For tests of callers.
    #[doc(hidden)]
    pub fn untracked(outstanding: Arc<Outstanding>) -> Self {
        Self { key: 0, client: None, outstanding }
    }
}

/// A record for [`TopicWriter::send`].
pub struct OutgoingRecord<'a> {
    /// The topic that it goes to.
    pub topic: TopicId,
    /// The partition; -1 if the partitioner chooses.
    pub partition: i32,
    /// The key's bytes.
    pub key: Option<&'a [u8]>,
    /// The value's bytes.
    pub value: Option<&'a [u8]>,
    /// Milliseconds since 1970; `None` for now.
    pub timestamp: Option<i64>,
    /// Name and value of each header.
    pub headers: &'a [(&'a str, Option<&'a [u8]>)],
}

/// What [`TopicWriter::send`] did with a record.
#[derive(Debug, PartialEq, Eq)]
pub enum Sent {
    /// It is in the producer's queue; a report will follow.
    Queued,
    /// The queue is full: send the same record again later.
    QueueFull,
    /// It was refused, and counts as failed; [`Outstanding::take_failures`] says why.
    Refused,
}

impl TopicWriter {
    /// Opens a writer on this producer.
    pub fn new(producer: Arc<SharedProducer>) -> Self {
        Self { topics: Vec::new(), by_name: HashMap::new(), producer }
    }

    /// Returns the producer.
    pub fn producer(&self) -> &SharedProducer {
        &self.producer
    }

    pub(crate) fn client(&self) -> Arc<BaseProducer<Reports>> {
        Arc::clone(&self.producer.client)
    }

    /// Returns when the producer can no longer be used. Safe to drop.
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
            self.producer.client.context().batches.insert(Arc::clone(&outstanding)).ok_or_else(|| {
                KafkaError::ClientCreation("too many batches are in flight in one producer".to_owned())
            })?;
        Ok(Tracked { key, client: Some(Arc::clone(&self.producer.client)), outstanding })
    }

    /// Looks a topic up, once for all records that go there. It need not exist yet.
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

    /// Puts one record of a tracked batch into the producer's queue. `index` is its index in the batch.
    pub fn send(&self, tracked: &Tracked, index: usize, record: &OutgoingRecord<'_>) -> Sent {
        let topic = &self.topics[record.topic.0];
        let sent = topic.produce(&OutgoingMessage {
            partition: record.partition,
            key: record.key,
            value: record.value,
            timestamp: record.timestamp,
            headers: record.headers,
            opaque: opaque(tracked.key, index),
        });
        match sent {
            Ok(()) => Sent::Queued,
            Err(RDKafkaErrorCode::QueueFull) => Sent::QueueFull,
            Err(code) => {
                let message = in_words(&topic.name(), code);
                let partition = record.partition;
                tracked.outstanding.fail(SendFailure { index, partition, code, message, alone: true });
                Sent::Refused
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Properties;
    use crate::producer::Producers;

    #[test]
    fn no_writer_has_a_topic_of_kafkas_own() {
        let properties = Properties::from([("bootstrap.servers".to_owned(), "127.0.0.1:1".to_owned())]);
        let mut writer = TopicWriter::new(Producers::default().get(&properties).expect("a producer"));
        let refused = writer.topic("__consumer_offsets").expect_err("refused");
        assert_eq!(refused.rdkafka_error_code(), Some(RDKafkaErrorCode::InvalidTopic));
        assert!(writer.topic("orders").is_ok());
    }
}
