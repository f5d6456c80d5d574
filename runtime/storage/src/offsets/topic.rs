//! The source offsets of a cluster, in a compacted topic (`KafkaOffsetBackingStore`).

use std::sync::Arc;

use parking_lot::RwLock;
use weir_kafka::compacted::{ReadError, TopicHandler, TopicReader, TopicRecord, TopicWriter, WriteError};
use weir_metrics::Counter;

use super::limits::Limits;
use super::store::{OffsetStore, StoreFuture};
use super::{Entry, Error};
use crate::cluster::{TopicClients, borrowed};
use crate::topics::offsets::{OffsetsState, source_offset};
use crate::topics::{NewRecord, ReadRecord};

/// The offsets in one topic. As in Kafka Connect, each request reads the topic to its end first, because other workers write to it.
pub struct TopicOffsets {
    topic: String,
    limits: Limits,
    reader: TopicReader,
    writer: TopicWriter,
    state: Arc<RwLock<OffsetsState>>,
    failures: Counter,
}

struct Reading(Arc<RwLock<OffsetsState>>);

impl TopicHandler for Reading {
    fn record(&mut self, TopicRecord { offset, key, value, .. }: TopicRecord<'_>) {
        self.0.write().apply(ReadRecord { offset, key, value });
    }

    fn caught_up(&mut self) {}
}

impl TopicOffsets {
    /// Reads the topic to its end.
    pub async fn open(clients: &TopicClients, limits: Limits) -> Result<Self, Error> {
        let topic = clients.topic().to_owned();
        let state = Arc::<RwLock<OffsetsState>>::default();
        let reader = clients.read(Reading(Arc::clone(&state))).await.map_err(|cause| unreadable(&topic, cause))?;
        let writer = clients.writer(&[]).map_err(|cause| unwritable(&topic, cause))?;
        Ok(Self { topic, limits, reader, writer, state, failures: Counter::default() })
    }

    async fn read_to_end(&self) -> Result<(), Error> {
        self.reader.read_to_end().await.map_err(|cause| unreadable(&self.topic, cause))
    }

    async fn set(&self, connector: &str, entries: Vec<Entry>) -> Result<(), Error> {
        let entries = self.state.read().prepare(&self.limits, connector, entries)?;
        let record = |(partition, offset): &Entry| source_offset(connector, partition, offset.as_deref());
        let records: Vec<NewRecord> = entries.iter().map(record).collect();
        let written = self.writer.write(&borrowed(&records)).await;
        written.map(drop).map_err(|cause| {
            self.failures.increment();
            unwritable(&self.topic, cause)
        })
    }
}

fn unreadable(topic: &str, cause: ReadError) -> Error {
    Error::Topic { action: "read", topic: topic.to_owned(), cause: Arc::new(cause) }
}

fn unwritable(topic: &str, cause: WriteError) -> Error {
    Error::Topic { action: "write", topic: topic.to_owned(), cause: Arc::new(cause) }
}

impl OffsetStore for TopicOffsets {
    fn get<'a>(&'a self, connector: &'a str, partitions: &'a [String]) -> StoreFuture<'a, Vec<Option<String>>> {
        Box::pin(async move {
            self.read_to_end().await?;
            let state = self.state.read();
            Ok(partitions.iter().map(|partition| state.get(connector, partition).map(str::to_owned)).collect())
        })
    }

    fn all<'a>(&'a self, connector: &'a str) -> StoreFuture<'a, Vec<(String, String)>> {
        Box::pin(async move {
            self.read_to_end().await?;
            let state = self.state.read();
            Ok(state.all(connector).map(|(partition, offset)| (partition.to_owned(), offset.to_owned())).collect())
        })
    }

    fn texts<'a>(&'a self, connector: &'a str, partitions: Vec<String>) -> StoreFuture<'a, Vec<String>> {
        Box::pin(async move {
            self.read_to_end().await?;
            let state = self.state.read();
            let stored = |partition: String| state.text(connector, &partition).map(str::to_owned).unwrap_or(partition);
            Ok(partitions.into_iter().map(stored).collect())
        })
    }

    fn set<'a>(&'a self, connector: &'a str, entries: Vec<Entry>) -> StoreFuture<'a, ()> {
        Box::pin(self.set(connector, entries))
    }

    fn failures(&self) -> u64 {
        self.failures.get()
    }
}
