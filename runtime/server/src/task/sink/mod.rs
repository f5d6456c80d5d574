//! The loop of a sink task: read, convert, transform, give to the plugin, and commit what the plugin says is safe.
//!
//! `reading.rs` knows which topics, `gather.rs` reads, `positions.rs` keeps what may be committed, `partitions.rs` follows the
//! group; this file decides when.

mod gather;
mod options;
mod partitions;
mod positions;
mod reading;

use std::sync::Arc;
use std::time::Duration;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use tokio::time::Instant;
use tracing::{debug, info, warn};
use weir_plugin::{CallError, SinkBatch, SinkInstance, TopicPartitionOffset};

pub use options::{Options, Subscription};

use self::gather::{Gathered, gather};
use self::options::{PUT_ROWS, RETRY_DELAYS};
use self::positions::Positions;
use self::reading::Reading;
use super::Error;
use super::active_topics::TopicNotes;
use super::chain::{Chain, pick};
use super::common::retry_delay;
use super::control::{Control, Wanted};
use super::convert::Converters;
use crate::herder::api::State;
use crate::kafka::consumer::{Position, SinkConsumer};
use crate::metrics::TaskMetrics;

/// Runs a sink task until it is stopped or fails. A stop commits what the plugin says is safe; a failure commits nothing more.
pub async fn run(options: Options, mut control: Control) -> Result<(), Error> {
    if control.wait_to_start().await == Wanted::Stopped {
        return Ok(());
    }
    let mut task = SinkTask::start(&options).await?;
    let mut ended = task.work(&mut control).await;
    if ended.is_ok() {
        ended = task.end().await;
    }
    task.consumer.close().await;
    ended
}

struct SinkTask {
    instance: SinkInstance,
    consumer: SinkConsumer,
    reading: Reading,
    topics: TopicNotes,
    chain: Chain,
    converters: Converters,
    tolerate: bool,
    positions: Positions,
    /// Partitions that the plugin has paused.
    paused_by_plugin: Vec<(String, i32)>,
    /// The connector is paused.
    paused: bool,
    /// Rows that the plugin could not take yet.
    pending: Option<Pending>,
    /// The plugin asked for something, during the batches that were read together, after which the rest of them is to be read again.
    disturbed: bool,
    /// Partitions that read again from an earlier place since those batches were read. The first such place counts.
    sent_back: Vec<(String, i32)>,
    most_rows: usize,
    flush_interval: Duration,
    next_commit: Instant,
    /// When `put` is to be called without rows; none = with the next commit.
    next_empty_put: Option<Instant>,
    /// When the commit began that Kafka has not answered yet.
    committing: Option<Instant>,
    metrics: Arc<TaskMetrics>,
}

/// Rows on their way into the plugin.
struct Pending {
    batch: SinkBatch,
    /// For each partition the first offset that was read and the one after the last, dropped rows included.
    read: Vec<(String, i32, i64, i64)>,
    retries: u32,
    again: Instant,
}

impl SinkTask {
    async fn start(options: &Options) -> Result<Self, Error> {
        let kafka = |what| move |cause| Error::Kafka { what, cause };
        let common = &options.common;
        let (chain, converters) = (common.chain().await?, common.converters()?);
        let consumer = SinkConsumer::new(&options.consumer).map_err(kafka("cannot open a consumer"))?;
        let grants = common.grants().await?;
        let mut instance = common.component.sink(common.identity(), &common.limits, &grants).await?;
        instance.start(&common.config).await?;
        let reading = Reading::start(&options.subscription, &options.consumer, &consumer).await?;
        let mut task = Self {
            instance,
            consumer,
            reading,
            topics: TopicNotes::new(common.active_topics.clone()),
            chain,
            converters,
            tolerate: common.tolerate,
            positions: Positions::default(),
            paused_by_plugin: Vec::new(),
            paused: false,
            pending: None,
            disturbed: false,
            sent_back: Vec::new(),
            most_rows: options.max_poll_records.map_or(PUT_ROWS, |rows| rows.max(1) as usize),
            flush_interval: common.flush_interval,
            next_commit: Instant::now() + common.flush_interval,
            next_empty_put: None,
            committing: None,
            metrics: Arc::clone(&common.metrics),
        };
        task.apply_requests()?;
        Ok(task)
    }

    async fn work(&mut self, control: &mut Control) -> Result<(), Error> {
        loop {
            while let Some(rebalance) = self.consumer.next_rebalance() {
                self.rebalance(rebalance).await?;
            }
            self.note_commits();
            if let Some(reason) = self.consumer.refused() {
                return Err(Error::Refused { client: "consumer", reason });
            }
            match control.wanted() {
                Wanted::Stopped => return Ok(()),
                Wanted::Paused => self.pause_all(true)?,
                Wanted::Running => self.pause_all(false)?,
            }
            control.report(if self.paused { State::Paused } else { State::Running });
            let now = Instant::now();
            if now >= self.next_commit {
                self.put_nothing().await?;
                self.commit(|_, _| true, false).await?;
            }
            self.reading.refresh(&self.consumer, now).await?;
            if self.next_empty_put.is_some_and(|at| now >= at) {
                self.put_nothing().await?;
            }
            if self.pending.as_ref().is_some_and(|pending| now >= pending.again) && !self.paused {
                self.put_pending().await?;
            }
            let until = self.wake_at();
            tokio::select! {
                biased;
                () = control.changed() => {}
                () = self.consumer.event() => {}
                () = tokio::time::sleep_until(until) => {}
                gathered = gather(&self.consumer, self.most_rows) => match gathered {
                    Ok(batches) => {
                        self.disturbed = false;
                        self.sent_back.clear();
                        for gathered in batches {
                            self.take(gathered).await?;
                        }
                    }
                    Err(error) => consumer_trouble(error)?,
                },
            }
        }
    }

    fn wake_at(&self) -> Instant {
        let mut until = self.next_commit;
        if let Some(at) = self.reading.next_look() {
            until = until.min(at);
        }
        if let Some(at) = self.next_empty_put {
            until = until.min(at);
        }
        if let (Some(pending), false) = (&self.pending, self.paused) {
            until = until.min(pending.again);
        }
        until
    }

    /// Converts, transforms and puts rows that were read.
    async fn take(&mut self, gathered: Gathered) -> Result<(), Error> {
        if self.pending.is_some() || self.paused || self.disturbed {
            return self.give_back(&gathered);
        }
        let rows = gathered.offsets.len() as u64;
        self.metrics.sink.read.add(rows);
        self.metrics.sink.set_active(self.positions.active() + rows);
        let read = gathered
            .partitions
            .iter()
            .map(|partition| (partition.id.topic.clone(), partition.id.partition, partition.first, partition.next))
            .collect();
        for partition in &gathered.partitions {
            self.positions.read(&partition.id.topic, partition.id.partition, partition.first);
            if self.topics.is_new(&partition.id.topic) {
                self.topics.note(&partition.id.topic);
            }
        }
        let batch = self.prepare(gathered).await?;
        self.pending = Some(Pending { batch, read, retries: 0, again: Instant::now() });
        self.put_pending().await
    }

    /// Reads rows again later: they were under way when the partitions were paused, or when the plugin asked for other rows.
    fn give_back(&mut self, gathered: &Gathered) -> Result<(), Error> {
        for partition in &gathered.partitions {
            let id = (partition.id.topic.clone(), partition.id.partition);
            if !self.sent_back.contains(&id) {
                self.seek(&(id.0.clone(), id.1, partition.first))?;
                self.sent_back.push(id);
            }
        }
        Ok(())
    }

    async fn prepare(&mut self, gathered: Gathered) -> Result<SinkBatch, Error> {
        let Gathered { mut records, raw, partitions, mut partition, mut offsets } = gathered;
        let failures = self.converters.to_connect(&mut records, raw);
        if !failures.is_empty() {
            let mut failed = vec![false; offsets.len()];
            for failure in &failures {
                self.skip(failure.stage, || place(&partitions, &partition, &offsets, failure.row), &failure.message)?;
                if let Some(failed) = failed.get_mut(failure.row as usize) {
                    *failed = true;
                }
            }
            let kept: Vec<u32> =
                (0..records.count).filter(|&row| !failed.get(row as usize).copied().unwrap_or(false)).collect();
            records = records.select(&kept);
            partition = pick(&partition, &kept);
            offsets = pick(&offsets, &kept);
        }
        let transformed = self.chain.apply(records, offsets.clone()).await?;
        for (row, message) in &transformed.failures {
            self.skip("TRANSFORMATION", || place(&partitions, &partition, &offsets, *row), message)?;
        }
        if let super::chain::Origins::Rows(rows) = &transformed.origins {
            partition = pick(&partition, rows);
            offsets = pick(&offsets, rows);
        }
        let single = partitions.len() == 1;
        let (topic_partitions, timestamp_types) =
            partitions.into_iter().map(|partition| (partition.id, partition.timestamp_type)).unzip();
        Ok(SinkBatch {
            records: transformed.records,
            topic_partitions,
            topic_partition: if single { Vec::new() } else { partition },
            offsets,
            timestamp_types,
        })
    }

    /// Fails the task for a row that failed, or lets it be skipped.
    fn skip(&self, stage: &'static str, place: impl Fn() -> String, message: &str) -> Result<(), Error> {
        self.metrics.record_failure();
        if self.tolerate {
            self.metrics.record_skipped();
            warn!(stage, row = place(), message, "a row is skipped (errors.tolerance=all)");
            return Ok(());
        }
        self.metrics.record_error();
        Err(Error::Row { stage, place: place(), message: message.to_owned() })
    }

    async fn put_pending(&mut self) -> Result<(), Error> {
        let Some(mut pending) = self.pending.take() else { return Ok(()) };
        if pending.batch.records.count > 0 {
            self.next_empty_put = None;
            let (began, rows) = (Instant::now(), pending.batch.records.count);
            match self.instance.put(&mut pending.batch).await {
                Ok(failures) => {
                    self.metrics.sink.put_time.record_time(began.elapsed());
                    self.metrics.sink.sent.add(rows.into());
                    self.metrics.batch_size.record(rows.into());
                    for failure in failures {
                        let place = || format!("row {} of a batch, which the sink could not take", failure.row);
                        self.skip("TASK_PUT", place, &failure.message)?;
                    }
                }
                Err(CallError::Retry { message, after }) => return self.retry(pending, message, after),
                Err(error) => return Err(error.into()),
            }
        }
        for (topic, partition, first, next) in &pending.read {
            self.positions.advance(topic, *partition, *first, *next);
        }
        self.metrics.sink.set_active(self.positions.active());
        if pending.retries > 0 {
            info!(retries = pending.retries, "the sink has taken its rows");
            self.flow(&self.all_partitions(), true)?;
        }
        self.apply_requests()
    }

    /// Keeps the rows and stops reading until the plugin is to be asked again.
    fn retry(&mut self, mut pending: Pending, message: String, after: Option<Duration>) -> Result<(), Error> {
        let delay = retry_delay(after, pending.retries, RETRY_DELAYS);
        warn!(message, delay_ms = delay.as_millis(), "the sink asks for the same rows again later");
        if pending.retries == 0 {
            self.flow(&self.all_partitions(), false)?;
        }
        pending.retries = pending.retries.saturating_add(1);
        pending.again = Instant::now() + delay;
        self.pending = Some(pending);
        self.apply_requests()
    }

    /// Tells the plugin that time has passed.
    async fn put_nothing(&mut self) -> Result<(), Error> {
        self.next_empty_put = None;
        if self.paused || self.pending.is_some() {
            return Ok(());
        }
        match self.instance.put(&mut SinkBatch::default()).await {
            Ok(_) => {}
            Err(CallError::Retry { message, .. }) => {
                debug!(message, "the sink has nothing to take and asks to be called later")
            }
            Err(error) => return Err(error.into()),
        }
        self.apply_requests()
    }

    /// Asks the plugin what is safe and commits it. `closing` = wait for Kafka's answer, and leave the positions alone if the
    /// plugin cannot say.
    async fn commit(&mut self, wanted: impl Fn(&str, i32) -> bool, closing: bool) -> Result<(), Error> {
        self.next_commit = Instant::now() + self.flush_interval;
        let given = self.positions.given(wanted);
        // As in Kafka Connect, one at a time, but for one that has to be before partitions are given up.
        if given.is_empty() || (self.committing.is_some() && !closing) {
            return Ok(());
        }
        let asked: Vec<TopicPartitionOffset> = given
            .into_iter()
            .map(|(topic, partition, offset)| TopicPartitionOffset { topic, partition, offset })
            .collect();
        let began = Instant::now();
        self.metrics.sink.commit_seq_no.increment();
        let safe = match self.instance.pre_commit(&asked).await {
            Ok(safe) => safe,
            Err(trap @ CallError::Trapped(_)) => return Err(trap.into()),
            Err(error) => {
                warn!(%error, "the sink cannot say what is safe; nothing is committed");
                self.metrics.commit_failed();
                if !closing {
                    self.go_back()?;
                }
                return Ok(());
            }
        };
        let safe = safe.into_iter().map(|safe| (safe.topic, safe.partition, safe.offset)).collect();
        let positions = self.positions.to_commit(safe);
        if positions.is_empty() {
            // As in Kafka Connect, a commit that has nothing new to say is one that succeeded.
            self.metrics.sink_commit_succeeded(began.elapsed());
        } else {
            let result = if closing {
                self.consumer.commit_now(positions.clone()).await
            } else {
                self.consumer.commit_later(positions.clone())
            };
            match result {
                Ok(()) if closing => {
                    self.positions.committed(&positions);
                    self.metrics.sink_commit_succeeded(began.elapsed());
                }
                Ok(()) => self.committing = Some(began),
                Err(error) => {
                    warn!(%error, "offsets were not committed; their rows may come again");
                    self.metrics.commit_failed();
                }
            }
        }
        self.apply_requests()
    }

    fn note_commits(&mut self) {
        for result in self.consumer.committed() {
            let time = self.committing.take().map_or(Duration::ZERO, |began| began.elapsed());
            match result {
                Ok(positions) => {
                    self.positions.committed(&positions);
                    self.metrics.sink_commit_succeeded(time);
                    self.metrics.sink.set_active(self.positions.active());
                }
                Err(error) => {
                    warn!(%error, "offsets were not committed; trying again with the next commit");
                    self.metrics.commit_failed();
                }
            }
        }
    }

    /// Reads again from what is committed.
    fn go_back(&mut self) -> Result<(), Error> {
        if let Some(pending) = self.pending.take()
            && pending.retries > 0
        {
            self.flow(&self.all_partitions(), true)?;
        }
        for position in self.positions.go_back() {
            self.seek(&position)?;
        }
        Ok(())
    }

    fn seek(&self, position: &Position) -> Result<(), Error> {
        self.consumer.seek(position).map_err(|cause| Error::Kafka { what: "cannot go back to an offset", cause })
    }

    async fn end(&mut self) -> Result<(), Error> {
        let partitions: Vec<_> = self
            .positions
            .partitions()
            .map(|(topic, partition)| weir_plugin::TopicPartition { topic: topic.to_owned(), partition })
            .collect();
        self.commit(|_, _| true, true).await?;
        if !partitions.is_empty() {
            self.instance.close(&partitions).await?;
        }
        self.instance.stop().await?;
        Ok(())
    }
}

/// Most client errors are librdkafka's way of saying that it goes on trying.
fn consumer_trouble(error: KafkaError) -> Result<(), Error> {
    let hopeless = matches!(error, KafkaError::MessageConsumptionFatal(_))
        || matches!(
            error.rdkafka_error_code(),
            Some(
                RDKafkaErrorCode::TopicAuthorizationFailed
                    | RDKafkaErrorCode::GroupAuthorizationFailed
                    | RDKafkaErrorCode::ClusterAuthorizationFailed
            )
        );
    if hopeless {
        return Err(Error::Kafka { what: "cannot read", cause: error });
    }
    warn!(error = crate::kafka::producer::describe(&error), "the Kafka consumer has trouble; it goes on trying");
    Ok(())
}

fn place(partitions: &[gather::Partition], partition: &[u32], offsets: &[i64], row: u32) -> String {
    let row = row as usize;
    let id = partition.get(row).and_then(|&index| partitions.get(index as usize)).map(|partition| &partition.id);
    match (id, offsets.get(row)) {
        (Some(id), Some(offset)) => format!("{}-{}@{offset}", id.topic, id.partition),
        _ => format!("row {row} of a batch"),
    }
}
