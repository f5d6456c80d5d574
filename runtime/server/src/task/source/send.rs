//! Makes a batch for Kafka out of one of the source: transforms, converters, topics that exist. `delivery.rs` sends it.

use tokio::task::coop::consume_budget;
use tokio::time::Instant;
use tracing::{info, warn};
use weir_plugin::SourceBatch;

use super::batch::{Batch, Places, SentRecord, State};
use super::delivery::Delivery;
use super::in_flight::InFlight;
use super::options::{Options, REPLACE_DELAYS};
use super::payload::Payload;
use super::topic_creation::Topics;
use crate::kafka::fault::Fault;
use crate::kafka::lanes::Lanes;
use crate::kafka::producer::End;
use crate::task::Error;
use crate::task::chain::Chain;
use crate::task::common::retry_delay;
use crate::task::control::Stopping;
use crate::task::convert::{Converters, Outgoing};
use crate::task::errors::{Handler, Polled, Record, cut};

/// The way of a batch from the plugin to the producers.
pub(super) struct Sender {
    chain: Chain,
    converters: Converters,
    topics: Topics,
    lanes: Lanes,
    stopping: Stopping,
    /// Producers that failed since the last acknowledgement, and when the next one may be opened.
    failed: u32,
    resume: Option<Instant>,
}

impl Sender {
    pub(super) async fn open(options: &Options, stopping: Stopping) -> Result<Self, Error> {
        let lanes = Lanes::open(&options.producers, &options.producer)
            .map_err(|cause| Error::Kafka { what: "cannot open a producer", cause })?;
        Ok(Self {
            chain: options.common.chain().await?,
            converters: options.common.converters()?,
            topics: Topics::new(options),
            lanes,
            stopping,
            failed: 0,
            resume: None,
        })
    }

    /// Returns when a producer is of no use any more.
    pub(super) fn ended(&self) -> impl Future<Output = End> + Send + use<> {
        self.lanes.ended()
    }

    /// Looks at what the producers have reported as failed, as [`Delivery::absorb`].
    pub(super) fn absorb(&self, delivery: &mut Delivery, in_flight: &mut InFlight, now: Instant) -> Result<(), Error> {
        delivery.absorb(in_flight, &self.lanes, now)
    }

    /// Gives waiting records to the producers. Returns when to come back, as [`Delivery::pump`].
    ///
    /// # Errors
    ///
    /// A producer failed for a reason that an operator has to remove, or none can be opened.
    pub(super) fn pump(
        &mut self,
        delivery: &mut Delivery,
        in_flight: &mut InFlight,
        now: Instant,
    ) -> Result<Option<Instant>, Error> {
        for failed in self.lanes.take_failed() {
            let reason = failed.reason;
            if Fault::of(failed.code) == Fault::Setup {
                let cause = format!("the producer failed: {reason}");
                return Err(Error::Delivery { cause, next: Fault::Setup.next() });
            }
            let records = delivery.give_back(in_flight, failed.lane, now)?;
            let delay = retry_delay(None, self.failed, REPLACE_DELAYS);
            self.failed = self.failed.saturating_add(1);
            self.resume = Some(now + delay);
            warn!(
                error = reason,
                records,
                delay_ms = delay.as_millis(),
                "Kafka producer failed; sending unacknowledged records again with another one"
            );
        }
        if in_flight.waiting() == 0 {
            return Ok(None);
        }
        for topic in delivery.take_unknown() {
            self.lanes.look_again(&topic);
        }
        if let Some(resume) = self.resume.filter(|resume| now < *resume) {
            return Ok(Some(resume));
        }
        self.resume = None;
        delivery.pump(in_flight, &mut self.lanes, now)
    }

    /// A batch was acknowledged.
    pub(super) fn acknowledged(&mut self) {
        if std::mem::take(&mut self.failed) > 0 {
            info!("the replaced Kafka producer works");
        }
    }

    /// Transforms and converts a batch. Each of its records waits to be sent, was dropped, or was left out when this returns.
    pub(super) async fn prepare(
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
        // In the order in which Kafka Connect, which takes one record after the other, would run into them.
        failures.sort_by_key(|(row, _)| *row);
        // A record that became several fails once, however many of those do.
        failures.dedup_by_key(|(row, _)| *row);
        for (row, failure) in &failures {
            consume_budget().await;
            errors.fail(failure, record(originals.as_ref(), &places, *row)).await?;
        }
        let skipped: Vec<u32> = failures.into_iter().map(|(row, _)| row).collect();
        tokio::select! {
            ensured = self.topics.ensure(&outgoing.records, &left_out) => ensured?,
            () = self.stopping.asked() => return Err(Error::Stopped),
        }
        let sent = sent(&outgoing, &left_out, |row| origins.row(row))?;
        let (waiting, payload) = (sent.len(), Payload::new(outgoing));
        Ok(Batch {
            first_row,
            rows,
            sent,
            payload,
            skipped,
            pieces: Vec::new(),
            waiting,
            first_waiting: 0,
            rejected: Vec::new(),
            places,
            originals,
            bytes,
        })
    }
}

/// The records of a batch that go to Kafka: all but those in `left_out`, which is sorted.
fn sent(outgoing: &Outgoing, left_out: &[u32], origin: impl Fn(u32) -> u32) -> Result<Vec<SentRecord>, Error> {
    let records = &outgoing.records;
    let mut left_out = left_out.iter().peekable();
    let mut sent = Vec::with_capacity((records.count as usize).saturating_sub(left_out.len()));
    for number in 0..records.count {
        if left_out.next_if_eq(&&number).is_some() {
            continue;
        }
        // `InvalidRecordException` in Kafka Connect; -1 stands for no timestamp.
        if let Some(timestamp) = records.timestamps.get(number as usize).copied().filter(|timestamp| *timestamp < -1) {
            return Err(Error::Timestamp(timestamp));
        }
        let topic = u32::try_from(records.topics.index(number as usize)).unwrap_or(u32::MAX);
        sent.push(SentRecord { origin: origin(number), number, topic, state: State::Waiting { again: false } });
    }
    Ok(sent)
}

/// A row of the source, for reports about it.
pub(super) fn record(originals: Option<&Polled>, places: &Places, row: u32) -> Record<'static> {
    let (partition, offset) = places.of(row);
    Record::Polled {
        text: originals.map(|originals| originals.text(row, partition, offset)),
        place: format!("source record of partition {} with offset {}", cut(partition), cut(offset)),
    }
}
