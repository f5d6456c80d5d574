//! The loop of a sink task: read, convert, transform, pass to the plugin, and commit what the plugin says is safe.
//!
//! `reading.rs` determines the topics, `fetch.rs` reads, `prepare.rs` converts and transforms, `put.rs` passes records to the plugin,
//! `commit.rs` commits, `partitions.rs` follows the group; this file decides when. When a `put` fails, `bisect.rs` isolates the records
//! that it fails for, as `bisection.rs` decides.
//!
//! The state of a task is in four structs: `Plugin` is the instance, `Flow` is what keeps records from it, `InHand` are the records
//! that it has not accepted, and `Commits` are the offsets.

mod bisect;
mod bisection;
mod commit;
mod fetch;
mod flow;
mod in_hand;
mod options;
mod originals;
mod partitions;
mod plugin;
mod positions;
mod prepare;
mod put;
mod reading;
mod rewound;

use std::sync::Arc;

use futures_util::FutureExt as _;
use tokio::time::Instant;
use tracing::{info, warn};
use weir_kafka::RDKafkaErrorCode;

pub use options::Options;

use self::bisection::Bisection;
use self::commit::{Commit, Commits, Which};
use self::fetch::{FetchedBatch, fetch};
use self::flow::Flow;
use self::in_hand::InHand;
use self::options::PUT_RECORDS;
use self::plugin::Plugin;
use self::reading::Reading;
use super::active_topics::TopicNotes;
use super::chain::Chain;
use super::control::{Control, Wanted};
use super::convert::Converters;
use super::errors::{DeadLetters, Handler, OnStop};
use super::{Common, Error};
use weir_api::State;
use weir_kafka::connection::is_about_connections;
use weir_kafka::consumer::SinkConsumer;
use weir_kafka::consumer_fault::{ConsumerError, ConsumerFault};
use weir_logging::Throttle;
use weir_metrics::TaskMetrics;

/// The target of the log lines of a sink task.
const LOG_TARGET: &str = module_path!();

/// Runs a sink task until it is stopped or fails. A stop commits what the plugin says is safe; a failure commits nothing more.
pub async fn run(options: Options, mut control: Control) -> Result<(), Error> {
    if control.wait_to_start().await == Wanted::Stopped {
        return Ok(());
    }
    let mut task = SinkTask::start(&options, &control).await?;
    let mut ended = match task.work(&mut control).await {
        // The records in hand were not passed to the plugin, so they are read again.
        Err(Error::Stopped) => Ok(()),
        ended => ended,
    };
    if ended.is_ok() {
        ended = task.end().await;
    }
    // The record that the task fails for has to be in the dead letter queue too.
    if let Err(error) = task.settle_dead_letters(task.common.flush_timeout / 4, OnStop::Continue).await {
        ended = ended.and(Err(error));
    }
    task.consumer.close().await;
    ended
}

struct SinkTask<'a> {
    common: &'a Common,
    plugin: Plugin,
    consumer: SinkConsumer,
    reading: Reading,
    topics: TopicNotes,
    chain: Chain,
    converters: Converters,
    errors: Handler,
    flow: Flow,
    in_hand: InHand,
    commits: Commits,
    bisection: Bisection,
    /// Maximum number of records in one `put`.
    max_poll_records: usize,
    /// Of log lines about errors of the consumer.
    consumer_errors: Throttle,
    metrics: Arc<TaskMetrics>,
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
        let plugin = Plugin::start(common).await?;
        let reading = Reading::start(&options.subscription, &options.consumer, &consumer).await?;
        let mut task = Self {
            common,
            plugin,
            consumer,
            reading,
            topics: TopicNotes::new(common.active_topics.clone()),
            chain,
            converters,
            errors,
            flow: Flow::default(),
            in_hand: InHand::new(common.memory.take(0)),
            commits: Commits::new(common.flush_interval),
            bisection: Bisection::default(),
            max_poll_records: options.max_poll_records.map_or(PUT_RECORDS, |records| records.max(1) as usize),
            consumer_errors: Throttle::default(),
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
            self.in_hand.account();
            if let Some(reason) = self.consumer.refused() {
                return Err(Error::Refused { client: "consumer", reason });
            }
            match control.wanted() {
                Wanted::Stopped => return Ok(()),
                Wanted::Paused => self.pause_connector().await?,
                Wanted::Running => self.resume_connector().await?,
            }
            control.report(if self.flow.paused { State::Paused } else { State::Running });
            let now = Instant::now();
            if now >= self.commits.next {
                self.put_empty().await?;
                self.commit(Which::All, Commit::Periodic).await?;
            }
            self.reading.refresh(&self.consumer, now).await?;
            if self.plugin.next_empty_put.is_some_and(|at| now >= at) {
                self.put_empty().await?;
            }
            if self.in_hand.pending.as_ref().is_some_and(|pending| now >= pending.due) && !self.flow.paused {
                self.put_pending().await?;
            }
            if self.in_hand.pending.is_none()
                && !self.flow.paused
                && let Some(fetched) = self.in_hand.queued.pop_front()
            {
                // librdkafka serves the group when it is polled.
                if let Some(error) = self.consumer.next_error().now_or_never() {
                    self.check(&error)?;
                }
                self.take(fetched).await?;
                continue;
            }
            let until = self.wake_at();
            tokio::select! {
                biased;
                () = control.changed() => {}
                () = self.consumer.event() => {}
                () = self.errors.dead_letters_stuck() => self.errors.serve_dead_letters()?,
                () = tokio::time::sleep_until(until) => {}
                (batches, error) = fetch(&self.consumer, self.max_poll_records) => {
                    self.take_all(batches).await?;
                    if let Some(error) = error {
                        self.check(&error)?;
                    }
                }
            }
        }
    }

    /// Processes records that were fetched together. An error that was fetched after them does not concern them.
    async fn take_all(&mut self, batches: Vec<FetchedBatch>) -> Result<(), Error> {
        if !batches.is_empty() {
            self.flow.fetched();
        }
        // Of all batches before the first is passed: if the sink fails for that one, the others are dropped and read again.
        for (id, first) in batches.iter().flat_map(FetchedBatch::starts) {
            self.commits.positions.read(&id, first);
        }
        for fetched in batches {
            if self.in_hand.queued.is_empty() {
                self.take(fetched).await?;
            } else {
                self.in_hand.queued.push_back(fetched);
                self.in_hand.account();
            }
        }
        Ok(())
    }

    fn wake_at(&self) -> Instant {
        let mut until = self.commits.next;
        if let Some(at) = self.reading.next_look() {
            until = until.min(at);
        }
        if let Some(at) = self.plugin.next_empty_put {
            until = until.min(at);
        }
        if let (Some(pending), false) = (&self.in_hand.pending, self.flow.paused) {
            until = until.min(pending.due);
        }
        until
    }

    /// Handles an error of the consumer: a transient one is logged, any other fails the task as in Kafka Connect.
    fn check(&mut self, error: &ConsumerError) -> Result<(), Error> {
        if error.fault() != ConsumerFault::Transient {
            return Err(Error::consumer(error));
        }
        match error.code {
            // Already in the log.
            code if is_about_connections(code) => {}
            code @ (RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => {
                self.reading.is_incomplete(&self.consumer, &error.reason);
                info!(?code, reason = error.reason, "a topic does not exist; retrying until it does");
            }
            code => {
                if let Some(left_out) = self.consumer_errors.pass() {
                    warn!(?code, reason = error.reason, left_out, "Kafka consumer error; retrying");
                }
            }
        }
        Ok(())
    }

    async fn end(&mut self) -> Result<(), Error> {
        let partitions = self.commits.positions.partitions();
        self.commit(Which::All, Commit::Final).await?;
        if !partitions.is_empty() {
            self.plugin.instance.revoked(&partitions).await?;
        }
        self.plugin.instance.stop().await?;
        Ok(())
    }
}
