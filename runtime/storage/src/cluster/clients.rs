//! The Kafka clients of one internal topic.

use std::sync::Arc;
use std::time::Duration;

use weir_kafka::Properties;
use weir_kafka::admin::Admin;
use weir_kafka::compacted::{
    CompactedTopic, KeyValue, ReadError, ReaderOptions, TopicError, TopicHandler, TopicReader, TopicWriter, WriteError,
};
use weir_kafka::connection::Connections;

use crate::topics::NewRecord;

/// A topic, and the settings of its clients.
#[derive(Clone)]
pub struct TopicSettings {
    /// The topic.
    pub topic: CompactedTopic,
    /// The consumer's settings.
    pub consumer: Properties,
    /// The producer's settings.
    pub producer: Properties,
    /// The client for requests about the topic.
    pub admin: Arc<Admin>,
    /// The connections of the worker.
    pub connections: Connections,
    /// How long to wait for the topic to be created (`default.api.timeout.ms`).
    pub limit: Duration,
    /// The pause before each retry (`retry.backoff.ms`).
    pub pause: Duration,
}

/// A topic that exists and has the right settings.
pub struct TopicClients {
    settings: TopicSettings,
    partitions: usize,
}

impl TopicClients {
    /// Creates the topic or checks it.
    pub async fn prepare(settings: TopicSettings) -> Result<Self, TopicError> {
        let partitions = settings.topic.prepare(&settings.admin, settings.limit, settings.pause).await?;
        Ok(Self { settings, partitions })
    }

    /// The name of the topic.
    pub fn topic(&self) -> &str {
        &self.settings.topic.name
    }

    pub(crate) async fn read(&self, handler: impl TopicHandler) -> Result<TopicReader, ReadError> {
        let TopicSettings { consumer, admin, connections, .. } = &self.settings;
        let options = ReaderOptions {
            topic: self.topic().to_owned(),
            partitions: self.partitions,
            properties: consumer.clone(),
            admin: Arc::clone(admin),
            connections: connections.clone(),
        };
        TopicReader::open(options, handler).await
    }

    pub(crate) fn writer(&self, more: &[(&str, &str)]) -> Result<TopicWriter, WriteError> {
        let mut properties = self.producer().clone();
        properties.extend(more.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        TopicWriter::open(self.topic(), &properties, self.connections())
    }

    pub(super) fn producer(&self) -> &Properties {
        &self.settings.producer
    }

    pub(super) fn connections(&self) -> &Connections {
        &self.settings.connections
    }
}

/// Borrows records for a writer.
pub(crate) fn borrowed(records: &[NewRecord]) -> Vec<KeyValue<'_>> {
    records.iter().map(|record| KeyValue { key: record.key.as_bytes(), value: record.value.as_deref() }).collect()
}
