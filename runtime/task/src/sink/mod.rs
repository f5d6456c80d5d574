//! The loop of a sink task: read, convert, transform, give to the plugin, and commit what the plugin says is safe.
//!
//! `reading.rs` knows which topics, `gather.rs` reads, `prepare.rs` converts and transforms, `put.rs` gives rows to the plugin,
//! `positions.rs` keeps what may be committed, `partitions.rs` follows the group; this file decides when. When a `put` fails,
//! `bisect.rs` looks for the rows that it fails for, and `suspects.rs` remembers where.

mod bisect;
mod gather;
mod options;
mod originals;
mod partitions;
mod positions;
mod prepare;
mod put;
mod reading;
mod rewound;
mod suspects;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::Instant;
use tracing::{info, warn};
use weir_kafka::RDKafkaErrorCode;
use weir_plugin::{CallError, Grants, SinkBatch, SinkInstance, TopicPartitionOffset};

pub use options::Options;

use self::gather::{Gathered, gather};
use self::options::PUT_ROWS;
use self::originals::Originals;
use self::positions::Positions;
use self::reading::Reading;
use self::rewound::Rewound;
use self::suspects::Suspects;
use super::active_topics::TopicNotes;
use super::chain::Chain;
use super::control::{Control, Wanted};
use super::convert::Converters;
use super::errors::{DeadLetters, Handler, OnStop};
use super::memory::Held;
use super::{Common, Error};
use weir_api::State;
use weir_kafka::connection::is_about_connections;
use weir_kafka::consumer::{Position, SinkConsumer};
use weir_kafka::consumer_fault::{ConsumerError, ConsumerFault};
use weir_logging::Throttle;
use weir_metrics::TaskMetrics;

/// Runs a sink task until it is stopped or fails. A stop commits what the plugin says is safe; a failure commits nothing more.
pub async fn run(options: Options, mut control: Control) -> Result<(), Error> {
    if control.wait_to_start().await == Wanted::Stopped {
        return Ok(());
    }
    let mut task = SinkTask::start(&options, &control).await?;
    let mut ended = match task.work(&mut control).await {
        // The rows in hand were not given to the plugin, so they come again.
        Err(Error::Stopped) => Ok(()),
        ended => ended,
    };
    if ended.is_ok() {
        ended = task.end().await;
    }
    // Also the row that the task fails for is to be in the dead letter queue.
    if let Err(error) = task.settle_dead_letters(task.common.flush_timeout / 4, OnStop::Continue).await {
        ended = ended.and(Err(error));
    }
    task.consumer.close().await;
    ended
}

struct SinkTask<'a> {
    common: &'a Common,
    instance: SinkInstance,
    /// What the plugin was granted, for another instance of it.
    grants: Grants,
    consumer: SinkConsumer,
    reading: Reading,
    topics: TopicNotes,
    chain: Chain,
    converters: Converters,
    errors: Handler,
    suspects: Suspects,
    positions: Positions,
    /// Partitions that the plugin has paused.
    paused_by_plugin: Vec<(String, i32)>,
    /// The connector is paused.
    paused: bool,
    /// Rows that the plugin could not take yet.
    pending: Option<Pending>,
    /// Rows that come after those, while rows are looked for that the plugin fails for.
    held: VecDeque<Gathered>,
    /// The plugin asked for something, during the batches that were read together, after which the rest of them is to be read again.
    disturbed: bool,
    /// Partitions that were sent to other offsets since those batches were read.
    rewound: Rewound,
    most_rows: usize,
    flush_interval: Duration,
    next_commit: Instant,
    /// When `put` is to be called without rows; none = with the next commit.
    next_empty_put: Option<Instant>,
    /// When the commit began that Kafka has not answered yet.
    committing: Option<Instant>,
    /// The rows in hand, in the worker's budget.
    memory: Held,
    /// Of log lines about errors of the consumer.
    troubles: Throttle,
    metrics: Arc<TaskMetrics>,
}

/// Rows on their way into the plugin.
struct Pending {
    batch: SinkBatch,
    /// What they were, if the log or the dead letter queue wants to know.
    originals: Option<Originals>,
    /// The same rows as they were read, while rows are looked for that the plugin fails for.
    again: Option<Gathered>,
    /// For each partition the first offset that was read and the one after the last, dropped rows included.
    read: Vec<(String, i32, i64, i64)>,
    retries: u32,
    /// When they are to be given, or given again.
    due: Instant,
}

impl<'a> SinkTask<'a> {
    async fn start(options: &'a Options, control: &Control) -> Result<Self, Error> {
        let kafka = |what| move |cause| Error::Kafka { what, cause };
        let common = &options.common;
        let (chain, converters) = (common.chain().await?, common.converters()?);
        let dead_letters = match &common.errors.dead_letters {
            Some(queue) => Some(
                DeadLetters::open(
                    queue,
                    &options.dead_letters,
                    Arc::clone(&common.metrics),
                    control.stopping(),
                    common.memory.take(0),
                )
                .await?,
            ),
            None => None,
        };
        let errors = common.handler(control.stopping(), dead_letters);
        let consumer =
            SinkConsumer::new(&options.consumer, &options.connections).map_err(kafka("cannot open a consumer"))?;
        common.metrics.connections.add(consumer.connection());
        let grants = common.grants().await?;
        let instance = bisect::instance(common, &grants).await?;
        let reading = Reading::start(&options.subscription, &options.consumer, &consumer).await?;
        let mut task = Self {
            common,
            instance,
            grants,
            consumer,
            reading,
            topics: TopicNotes::new(common.active_topics.clone()),
            chain,
            converters,
            errors,
            suspects: Suspects::default(),
            positions: Positions::default(),
            paused_by_plugin: Vec::new(),
            paused: false,
            pending: None,
            held: VecDeque::new(),
            disturbed: false,
            rewound: Rewound::default(),
            most_rows: options.max_poll_records.map_or(PUT_ROWS, |rows| rows.max(1) as usize),
            flush_interval: common.flush_interval,
            next_commit: Instant::now() + common.flush_interval,
            next_empty_put: None,
            committing: None,
            memory: common.memory.take(0),
            troubles: Throttle::default(),
            metrics: Arc::clone(&common.metrics),
        };
        task.apply_requests().await?;
        Ok(task)
    }

    async fn work(&mut self, control: &mut Control) -> Result<(), Error> {
        loop {
            while let Some(rebalance) = self.consumer.next_rebalance() {
                self.rebalance(rebalance).await?;
            }
            self.note_commits();
            self.account();
            if let Some(reason) = self.consumer.refused() {
                return Err(Error::Refused { client: "consumer", reason });
            }
            match control.wanted() {
                Wanted::Stopped => return Ok(()),
                Wanted::Paused => self.pause_all(true).await?,
                Wanted::Running => self.pause_all(false).await?,
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
            if self.pending.as_ref().is_some_and(|pending| now >= pending.due) && !self.paused {
                self.put_pending().await?;
            }
            if self.pending.is_none()
                && !self.paused
                && let Some(gathered) = self.held.pop_front()
            {
                // librdkafka serves the group when it is asked for what it has to tell.
                if let Some(error) = self.consumer.trouble().now_or_never() {
                    self.trouble(&error)?;
                }
                self.take(gathered).await?;
                continue;
            }
            let until = self.wake_at();
            tokio::select! {
                biased;
                () = control.changed() => {}
                () = self.consumer.event() => {}
                () = tokio::time::sleep_until(until) => {}
                (batches, error) = gather(&self.consumer, self.most_rows) => {
                    if !batches.is_empty() {
                        self.disturbed = false;
                        self.rewound.clear();
                    }
                    // Of all batches before the first is given: if the sink fails for that one, the others are dropped and read again.
                    for (id, first) in batches.iter().flat_map(Gathered::starts) {
                        self.positions.read(&id.topic, id.partition, first);
                    }
                    for gathered in batches {
                        if self.held.is_empty() {
                            self.take(gathered).await?;
                        } else {
                            self.held.push_back(gathered);
                            self.account();
                        }
                    }
                    if let Some(error) = error {
                        self.trouble(&error)?;
                    }
                }
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
            until = until.min(pending.due);
        }
        until
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
        // A stop and a rebalance are to end within their own timeouts, with what can be committed until then.
        let (patience, on_stop) = match closing {
            true => (self.common.flush_timeout / 4, OnStop::Continue),
            false => (self.common.flush_timeout, OnStop::End),
        };
        if !self.settle_dead_letters(patience, on_stop).await? {
            warn!("dead letter queue has unacknowledged records; committing only what was consumed before them");
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
                if let Some(left_out) = self.errors.may_log() {
                    warn!(%error, left_out, "the sink cannot say what is safe; nothing is committed");
                }
                self.metrics.commit_failed();
                if !closing {
                    self.go_back().await?;
                }
                return Ok(());
            }
        };
        let mut safe: Vec<Position> = safe.into_iter().map(|safe| (safe.topic, safe.partition, safe.offset)).collect();
        if let Some(letters) = self.errors.dead_letters() {
            safe = below(safe, letters.unsettled());
        }
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
                    self.are_committed(&positions);
                    self.metrics.sink_commit_succeeded(began.elapsed());
                }
                Ok(()) => self.committing = Some(began),
                Err(error) => {
                    warn!(%error, "offsets were not committed; their rows may come again");
                    self.metrics.commit_failed();
                }
            }
        }
        self.apply_requests().await
    }

    /// Waits for the dead letter queue. `false` if it has not acknowledged all records.
    async fn settle_dead_letters(&mut self, patience: Duration, on_stop: OnStop) -> Result<bool, Error> {
        match self.errors.dead_letters() {
            Some(queue) => queue.settle(patience, on_stop).await,
            None => Ok(true),
        }
    }

    fn note_commits(&mut self) {
        for result in self.consumer.committed() {
            let time = self.committing.take().map_or(Duration::ZERO, |began| began.elapsed());
            match result {
                Ok(positions) => {
                    self.are_committed(&positions);
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
    async fn go_back(&mut self) -> Result<(), Error> {
        self.held.clear();
        if let Some(pending) = self.pending.take()
            && pending.retries > 0
        {
            self.flow(self.all_partitions(), true).await?;
        }
        for position in self.positions.go_back() {
            self.seek(&position)?;
        }
        Ok(())
    }

    fn seek(&self, position: &Position) -> Result<(), Error> {
        self.consumer.seek(position).map_err(|cause| Error::Kafka { what: "cannot go back to an offset", cause })
    }

    /// Deals with an error of the consumer: what passes by itself is logged, anything else fails the task as in Kafka Connect.
    fn trouble(&mut self, error: &ConsumerError) -> Result<(), Error> {
        if error.fault() != ConsumerFault::Transient {
            return Err(Error::consumer(error));
        }
        match error.code {
            // In the log already.
            code if is_about_connections(code) => {}
            code @ (RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => {
                self.reading.is_incomplete(&self.consumer, &error.reason);
                info!(?code, reason = error.reason, "a topic does not exist; looking for it until it does");
            }
            code => {
                if let Some(left_out) = self.troubles.pass() {
                    warn!(?code, reason = error.reason, left_out, "Kafka consumer error; retrying");
                }
            }
        }
        Ok(())
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

/// Positions of which none is above a record that is not in the dead letter queue yet.
fn below<'a>(positions: Vec<Position>, unsettled: impl Iterator<Item = (&'a str, i32, i64)>) -> Vec<Position> {
    let mut first: HashMap<(&str, i32), i64> = HashMap::new();
    for (topic, partition, offset) in unsettled {
        let known = first.entry((topic, partition)).or_insert(offset);
        *known = offset.min(*known);
    }
    let clipped = positions.into_iter().map(|(topic, partition, offset)| {
        let bound = first.get(&(topic.as_str(), partition)).copied().unwrap_or(i64::MAX);
        (topic, partition, offset.min(bound))
    });
    clipped.collect()
}
