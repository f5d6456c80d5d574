//! Makes a batch for Kafka out of one of the source: transforms, converters, topics that exist. `delivery.rs` sends it.

use std::collections::HashSet;

use tokio::task::coop::consume_budget;
use tokio::time::Instant;
use tracing::{info, warn};
use weir_data::record_starts::Starts;
use weir_plugin::SourceBatch;

use super::batch::{Batch, SourcePositions};
use super::delivery::{Delivery, producer_failed};
use super::in_flight::InFlight;
use super::options::{BYTES_AT_ONCE, Options, RECORDS_AT_ONCE, REPLACE_DELAYS};
use super::topic_creation::Topics;
use super::unsent::{Ready, Unsent};
use crate::Error;
use crate::chain::Chain;
use crate::common::retry_delay;
use crate::control::Stopping;
use crate::convert::Converters;
use crate::errors::{Handler, Polled, Record, cut};
use weir_kafka::fault::Fault;
use weir_kafka::lanes::Lanes;
use weir_kafka::producer::End;

/// Takes batches from the plugin to the producers.
pub(super) struct Sender {
    chain: Chain,
    converters: Converters,
    topics: Topics,
    lanes: Lanes,
    stopping: Stopping,
    unsent: Option<Unsent>,
    /// Topics that records went to.
    used: HashSet<String>,
    /// Most of them.
    topics_max: usize,
    /// Producers that failed since the last acknowledgement, and when the next one may be opened.
    failed: u32,
    resume: Option<Instant>,
}

impl Sender {
    pub(super) async fn open(options: &Options, stopping: Stopping) -> Result<Self, Error> {
        let lanes = Lanes::open(&options.producers, &options.producer, &options.common.metrics.connections)
            .map_err(|cause| Error::Kafka { what: "cannot open a producer", cause })?;
        Ok(Self {
            chain: options.common.chain().await?,
            converters: options.common.converters()?,
            topics: Topics::new(options),
            lanes,
            stopping,
            unsent: None,
            used: HashSet::new(),
            topics_max: options.topics_max,
            failed: 0,
            resume: None,
        })
    }

    /// Returns when a producer is of no use any more.
    pub(super) fn ended(&self) -> impl Future<Output = End> + Send + use<> {
        self.lanes.ended()
    }

    /// Handles the records that producers have reported as failed; see [`Delivery::absorb`].
    pub(super) fn absorb(&self, delivery: &mut Delivery, in_flight: &mut InFlight, now: Instant) -> Result<(), Error> {
        delivery.absorb(in_flight, &self.lanes, now)
    }

    /// Passes waiting records to the producers. Returns when to call it again; see [`Delivery::pump`].
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
        let mut refusal = None;
        for failed in self.lanes.take_failed() {
            // All of them: the task would wait until the deadline for a lane whose records are not taken back.
            let records = delivery.give_back(in_flight, &failed, now);
            if Fault::of(failed.code) == Fault::Setup {
                refusal.get_or_insert(producer_failed(&failed));
                continue;
            }
            let delay = retry_delay(None, self.failed, REPLACE_DELAYS);
            self.failed = self.failed.saturating_add(1);
            self.resume = Some(now + delay);
            warn!(
                error = failed.reason,
                records,
                delay_ms = delay.as_millis(),
                "Kafka producer failed; sending unacknowledged records again with another one"
            );
        }
        if let Some(cause) = refusal {
            return Err(Error::Delivery { cause, next: Fault::Setup.next() });
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
            info!("the new Kafka producer works");
        }
    }

    /// Transforms a batch. [`Sender::next`] converts it.
    pub(super) async fn prepare(
        &mut self,
        batch: SourceBatch,
        first_record: u64,
        errors: &mut Handler,
    ) -> Result<(), Error> {
        let SourceBatch { records, source_partitions, source_partition, source_offsets, .. } = batch;
        let positions =
            SourcePositions { partitions: source_partitions, partition: source_partition, offsets: source_offsets };
        let (count, large) = (records.count, records.size() > BYTES_AT_ONCE);
        let bytes = records.keys.bytes.len() + records.values.bytes.len();
        let originals = errors.logs_records().then(|| Polled::new(records.clone()));
        if large {
            tokio::task::yield_now().await;
        }
        let transformed = self.chain.apply(records, Vec::new(), errors).await?;
        if large || transformed.records.count > RECORDS_AT_ONCE {
            tokio::task::yield_now().await;
        }
        self.unsent = Some(Unsent::new(transformed, positions, originals, first_record, count, bytes));
        Ok(())
    }

    /// Whether a batch is not completely converted.
    pub(super) fn has_unsent(&self) -> bool {
        self.unsent.is_some()
    }

    /// Returns the memory of that batch.
    pub(super) fn unsent_weight(&self) -> usize {
        self.unsent.as_ref().map_or(0, Unsent::weight)
    }

    /// Converts the next piece of the batch. Each of its records waits to be sent, was dropped, or was left out when this returns.
    pub(super) async fn next(&mut self, errors: &mut Handler) -> Result<Option<Batch>, Error> {
        let Some(unsent) = &mut self.unsent else { return Ok(None) };
        let ready = unsent.next(&mut self.converters)?;
        if unsent.is_done() {
            self.unsent = None;
        }
        let Some(Ready { batch, failures, left_out }) = ready else { return Ok(None) };
        if batch.weight > BYTES_AT_ONCE {
            tokio::task::yield_now().await;
        }
        if !failures.is_empty() {
            let starts = batch.positions.starts();
            for (index, failure) in &failures {
                consume_budget().await;
                errors.fail(failure, record(&batch, &starts, *index)).await?;
            }
        }
        self.admit(&batch)?;
        tokio::select! {
            ensured = self.topics.ensure(batch.payload.records(), &left_out) => ensured?,
            () = self.stopping.asked() => return Err(Error::Stopped),
        }
        Ok(Some(batch))
    }

    /// Notes the topics that records of the batch go to.
    fn admit(&mut self, batch: &Batch) -> Result<(), Error> {
        if batch.topics().iter().all(|name| self.used.contains(name)) {
            return Ok(());
        }
        for sent in &batch.sent {
            let name = batch.topic(sent);
            if self.used.contains(name) {
                continue;
            }
            if self.used.len() >= self.topics_max {
                let max = self.topics_max;
                return Err(Error::Topic(format!(
                    "the task writes to more than {max} topics, {} among them. Raise weir.task.topics.max if it has to",
                    cut(name)
                )));
            }
            self.used.insert(name.to_owned());
        }
        Ok(())
    }
}

/// Describes a record of the source, for reports about it. `starts` are where the offsets of the batch begin.
pub(super) fn record<'a>(batch: &'a Batch, starts: &Starts, index: u32) -> Record<'a> {
    let (partition, offset) = batch.positions.of(index, starts);
    Record::Polled {
        text: batch.originals.as_ref().map(|(originals, first)| originals.text(first + index, partition, offset)),
        partition,
        offset,
    }
}
