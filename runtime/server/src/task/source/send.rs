//! Puts one batch of a source on its way: transforms, converters, the producer's queue.

use std::sync::Arc;

use tokio::sync::Notify;
use weir_data::records::Records;
use weir_plugin::SourceBatch;

use super::in_flight::{Batch, Places, SentRow};
use super::options::{Options, QUEUE_FULL_DELAY};
use super::topic_creation::Topics;
use crate::kafka::producer::{MAX_ROWS, OutgoingRow, Outstanding, Sent, TopicWriter, Tracked};
use crate::metrics::TaskMetrics;
use crate::task::Error;
use crate::task::chain::Chain;
use crate::task::convert::{Converters, Outgoing};

/// The way of a batch from the plugin to the producer's queue.
pub(super) struct Sender {
    chain: Chain,
    converters: Converters,
    topics: Topics,
    writer: TopicWriter,
    wake: Arc<Notify>,
    tolerate: bool,
    metrics: Arc<TaskMetrics>,
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
            tolerate: options.common.tolerate,
            metrics: Arc::clone(&options.common.metrics),
        })
    }

    /// Returns with the reason when a broker refuses the producer.
    pub(super) fn refused(&self) -> impl Future<Output = String> + Send + use<> {
        self.writer.refused()
    }

    /// Sends a batch. All of its rows are in the producer's queue, dropped, or skipped when this returns.
    pub(super) async fn send(&mut self, batch: SourceBatch, first_row: u64) -> Result<Batch, Error> {
        let rows = batch.records.count;
        let bytes = batch.records.keys.bytes.len() + batch.records.values.bytes.len();
        let transformed = self.chain.apply(batch.records, Vec::new()).await?;
        let mut skipped = self.skip("TRANSFORMATION", transformed.failures)?;
        let origins = transformed.origins;
        let (outgoing, failures) = self.converters.to_kafka(transformed.records);
        let mut left_out = vec![];
        for failure in failures {
            left_out.push(failure.row);
            let origin = origins.row(failure.row);
            skipped.extend(self.skip(failure.stage, vec![(origin, failure.message)])?);
        }
        skipped.sort_unstable();
        skipped.dedup();
        let (sent, tracked) = self.enqueue(&outgoing, &left_out, |row| origins.row(row)).await?;
        Ok(Batch {
            first_row,
            rows,
            sent,
            topics: outgoing.records.topics.names,
            skipped,
            tracked,
            places: Places {
                partitions: batch.source_partitions,
                partition: batch.source_partition,
                offsets: batch.source_offsets,
            },
            bytes,
        })
    }

    /// Fails the task for a row that failed, or says which rows are skipped.
    fn skip(&self, stage: &'static str, failures: Vec<(u32, String)>) -> Result<Vec<u32>, Error> {
        if let (false, Some((row, message))) = (self.tolerate, failures.first()) {
            self.metrics.record_failure();
            self.metrics.record_error();
            return Err(Error::Row { stage, place: format!("row {row} of a batch"), message: message.clone() });
        }
        for (row, message) in &failures {
            self.metrics.record_failure();
            self.metrics.record_skipped();
            tracing::warn!(stage, row, message, "a row is skipped (errors.tolerance=all)");
        }
        Ok(failures.into_iter().map(|(row, _)| row).collect())
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
        let topics: Vec<_> = records.topics.names.iter().map(|name| self.writer.topic(name)).collect();
        for row in 0..records.count {
            let (key, value, headers) = (keys.next().flatten(), values.next().flatten(), headers.next().flatten());
            if left_out.next_if(|&&skipped| skipped == row).is_some() {
                while left_out.next_if(|&&skipped| skipped == row).is_some() {}
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
            match &topics[topic] {
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
                Err(error) => self.writer.refuse(tracking, piece, records.topics.topic(row as usize), error),
            }
            let topic = u32::try_from(topic).unwrap_or(u32::MAX);
            sent.push(SentRow { origin: origin(row), topic });
        }
        Ok((sent, tracked))
    }
}

/// The timestamp of a row; -1 stands for none (`InvalidRecordException` for other negative ones, as in Kafka Connect).
fn timestamp(records: &Records, row: usize) -> Result<Option<i64>, Error> {
    match records.timestamps.get(row).copied().unwrap_or(-1) {
        -1 => Ok(None),
        negative @ ..0 => Err(Error::Row {
            stage: "TASK_POLL",
            place: format!("row {row} of a batch"),
            message: format!("Invalid record timestamp {negative}"),
        }),
        timestamp => Ok(Some(timestamp)),
    }
}
