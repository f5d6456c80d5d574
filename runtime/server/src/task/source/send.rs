//! Puts one batch of a source on its way: transforms, converters, the producer's queue.

use std::sync::Arc;

use tokio::sync::Notify;
use tokio::task::coop::consume_budget;
use weir_data::records::Records;
use weir_plugin::SourceBatch;

use super::in_flight::{Batch, Places, SentRow};
use super::options::{Options, QUEUE_FULL_DELAY, ROWS_AT_ONCE};
use super::topic_creation::Topics;
use crate::kafka::producer::{MAX_ROWS, OutgoingRow, Outstanding, Sent, TopicWriter, Tracked};
use crate::task::Error;
use crate::task::chain::Chain;
use crate::task::convert::{Converters, Outgoing};
use crate::task::errors::{Handler, Polled, Record, cut};

/// The way of a batch from the plugin to the producer's queue.
pub(super) struct Sender {
    chain: Chain,
    converters: Converters,
    topics: Topics,
    writer: TopicWriter,
    wake: Arc<Notify>,
}

impl Sender {
    pub(super) async fn open(options: &Options, wake: Arc<Notify>) -> Result<Self, Error> {
        let producer = options
            .producers
            .get(&options.producer)
            .map_err(|cause| Error::Kafka { what: "cannot open a producer", cause })?;
        Ok(Self {
            chain: options.common.chain().await?,
            converters: options.common.converters()?,
            topics: Topics::new(options),
            writer: TopicWriter::new(producer),
            wake,
        })
    }

    /// Returns with the reason when a broker refuses the producer.
    pub(super) fn refused(&self) -> impl Future<Output = String> + Send + use<> {
        self.writer.refused()
    }

    /// Sends a batch. All of its rows are in the producer's queue, dropped, or left out when this returns.
    pub(super) async fn send(
        &mut self,
        batch: SourceBatch,
        first_row: u64,
        errors: &mut Handler,
    ) -> Result<Batch, Error> {
        let SourceBatch { records, source_partitions, source_partition, source_offsets, .. } = batch;
        let places = Places { partitions: source_partitions, partition: source_partition, offsets: source_offsets };
        let rows = records.count;
        let bytes = records.keys.bytes.len() + records.values.bytes.len();
        let originals = errors.logs_records().then(|| Polled::new(records.clone()));
        let transformed = self.chain.apply(records, Vec::new(), errors).await?;
        let (mut failures, origins) = (transformed.failures, transformed.origins);
        let (outgoing, unconverted) = self.converters.to_kafka(transformed.records);
        let left_out: Vec<u32> = unconverted.iter().map(|failure| failure.row).collect();
        failures.extend(
            unconverted.into_iter().map(|failure| (origins.row(failure.row), failure.into_failure(&self.converters))),
        );
        // In the order in which Kafka Connect, which takes one row after the other, would run into them.
        failures.sort_by_key(|(row, _)| *row);
        // A record that became several fails once, however many of those do.
        failures.dedup_by_key(|(row, _)| *row);
        for (row, failure) in &failures {
            consume_budget().await;
            errors.fail(failure, record(originals.as_ref(), &places, *row)).await?;
        }
        let skipped: Vec<u32> = failures.into_iter().map(|(row, _)| row).collect();
        let (sent, tracked) = self.enqueue(&outgoing, &left_out, |row| origins.row(row)).await?;
        let topics = outgoing.records.topics.names;
        Ok(Batch { first_row, rows, sent, topics, skipped, tracked, places, originals, bytes })
    }

    async fn enqueue(
        &mut self,
        outgoing: &Outgoing,
        left_out: &[u32],
        origin: impl Fn(u32) -> u32,
    ) -> Result<(Vec<SentRow>, Vec<Tracked>), Error> {
        let records = &outgoing.records;
        self.topics.ensure(records, left_out).await?;
        let total = records.count as usize - left_out.len();
        let mut sent = Vec::with_capacity(total);
        let mut tracked: Vec<Tracked> = Vec::with_capacity(total.div_ceil(MAX_ROWS));
        let mut keys = outgoing.keys.iter(records.count);
        let mut values = outgoing.values.iter(records.count);
        let mut headers = outgoing.headers();
        let mut left_out = left_out.iter().peekable();
        // Looked up when the first row goes there.
        let mut topics: Vec<_> = records.topics.names.iter().map(|_| None).collect();
        for row in 0..records.count {
            let (key, value, headers) = (keys.next().flatten(), values.next().flatten(), headers.next().flatten());
            if left_out.next_if_eq(&&row).is_some() {
                continue;
            }
            let piece = sent.len() % MAX_ROWS;
            if piece == 0 {
                let size = (total - sent.len()).min(MAX_ROWS);
                let outstanding = Arc::new(Outstanding::new(size, Arc::clone(&self.wake)));
                tracked.push(
                    self.writer
                        .track(outstanding)
                        .map_err(|cause| Error::Kafka { what: "cannot track rows", cause })?,
                );
            }
            let Some(tracking) = tracked.last() else { continue };
            let topic = records.topics.index(row as usize);
            if row % ROWS_AT_ONCE == ROWS_AT_ONCE - 1 {
                tokio::task::yield_now().await;
            }
            let name = records.topics.topic(row as usize);
            match topics[topic].get_or_insert_with(|| self.writer.topic(name)) {
                Ok(id) => {
                    let outgoing = OutgoingRow {
                        topic: *id,
                        partition: records.partitions.get(row as usize).copied().unwrap_or(-1),
                        key,
                        value,
                        timestamp: timestamp(records, row as usize)?,
                        headers: headers.as_deref().unwrap_or_default(),
                    };
                    // Other tasks share the queue; room comes with Kafka's acknowledgements.
                    while self.writer.send(tracking, piece, &outgoing) == Sent::QueueFull {
                        tokio::time::sleep(QUEUE_FULL_DELAY).await;
                    }
                }
                Err(error) => self.writer.refuse(tracking, piece, name, error),
            }
            let topic = u32::try_from(topic).unwrap_or(u32::MAX);
            sent.push(SentRow { origin: origin(row), topic });
        }
        Ok((sent, tracked))
    }
}

/// A row of the source, for reports about it.
pub(super) fn record(originals: Option<&Polled>, places: &Places, row: u32) -> Record<'static> {
    let (partition, offset) = places.of(row);
    Record::Polled {
        text: originals.map(|originals| originals.text(row, partition, offset)),
        place: format!("source record of partition {} with offset {}", cut(partition), cut(offset)),
    }
}

/// The timestamp of a row; -1 stands for none (`InvalidRecordException` for other negative ones, as in Kafka Connect).
fn timestamp(records: &Records, row: usize) -> Result<Option<i64>, Error> {
    match records.timestamps.get(row).copied().unwrap_or(-1) {
        -1 => Ok(None),
        negative @ ..0 => Err(Error::Timestamp(negative)),
        timestamp => Ok(Some(timestamp)),
    }
}
