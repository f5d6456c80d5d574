//! The loop of a source task: poll the plugin, transform, convert, send, and store the offsets of what Kafka has acknowledged.
//!
//! `sender.rs` makes a batch for Kafka, for topics that `topic_creation.rs` has seen to; `delivery.rs` sees its records to Kafka, and
//! sends them again if need be; `in_flight.rs` decides which offsets are safe; this file decides when.

mod batch;
mod delivery;
mod gates;
mod in_flight;
mod options;
mod payload;
mod sender;
#[cfg(test)]
mod testing;
mod topic_creation;
mod unsent;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::coop::consume_budget;
use tokio::time::Instant;
use tracing::{debug, info, warn};
use weir_plugin::{Acknowledgements, Budget, CallError, SourceInstance};

pub use options::Options;

use self::delivery::Delivery;
use self::in_flight::InFlight;
use self::options::{
    COMMIT_PAUSE, MAX_IDLE, MAX_IN_FLIGHT_BATCHES, MAX_IN_FLIGHT_BYTES, MAX_IN_FLIGHT_RECORDS, MAX_IN_FLIGHT_WEIGHT,
    POLL_BYTES, POLL_RECORDS, POLL_WAIT, RESERVE, RETRY_DELAYS, SHARED_WAKE_UPS,
};
use self::sender::Sender;
use super::Error;
use super::active_topics::TopicNotes;
use super::common::retry_delay;
use super::control::{Control, Wanted};
use super::errors::{Failure, Handler};
use super::memory::{Held, InFlightMemory, Turn};
use weir_api::State;
use weir_kafka::producer::End;
use weir_metrics::TaskMetrics;
use weir_storage::offsets::{self, ConnectorOffsets, OffsetStore};

/// Runs a source task until it is stopped or fails. What was acknowledged until then has its offsets stored, in both cases.
pub async fn run(options: Options, mut control: Control) -> Result<(), Error> {
    if control.wait_to_start().await == Wanted::Stopped {
        return Ok(());
    }
    let mut task = SourceTask::start(options, &control).await?;
    let ended = match task.work(&mut control).await {
        // The records in hand were not sent, so the source brings them again.
        Err(Error::Stopped) => Ok(()),
        ended => ended,
    };
    task.finish().await;
    if ended.is_ok() {
        task.instance.stop().await.map_err(Error::Plugin)?;
    }
    ended
}

struct SourceTask {
    instance: SourceInstance,
    wanted: Acknowledgements,
    sender: Sender,
    delivery: Delivery,
    in_flight: InFlight,
    topics: TopicNotes,
    connector: String,
    offsets: Arc<dyn OffsetStore>,
    errors: Handler,
    flush_interval: Duration,
    flush_timeout: Duration,
    /// Notified when a batch is settled or a record has failed.
    wake: Arc<Notify>,
    next_commit: Instant,
    last_commit: Instant,
    /// The source is not polled before.
    next_poll: Instant,
    retries: u32,
    /// The worker's memory for records in flight: the whole of it, what this task has, and what it has for its next records.
    budget: InFlightMemory,
    memory: Held,
    reserve: Option<Held>,
    /// The task's place in the queue for memory.
    turn: Option<Turn>,
    metrics: Arc<TaskMetrics>,
}

impl SourceTask {
    async fn start(options: Options, control: &Control) -> Result<Self, Error> {
        let wake = Arc::new(Notify::new());
        let sender = Sender::open(&options, control.stopping()).await?;
        let common = options.common;
        let connector = common.id.connector.clone();
        let stored = ConnectorOffsets { store: Arc::clone(&options.offsets), connector: connector.clone() };
        let grants = common.grants().await?;
        let mut instance = common.component.source(common.identity(), &common.limits, &grants).await?;
        let wanted = instance.start(&common.config, Arc::new(stored)).await?;
        let now = Instant::now();
        let errors = common.handler(control.stopping(), None);
        Ok(Self {
            instance,
            wanted,
            sender,
            delivery: Delivery::new(errors.tolerates(), Arc::clone(&wake)),
            in_flight: InFlight::default(),
            topics: TopicNotes::new(common.active_topics.clone()),
            connector,
            offsets: options.offsets,
            errors,
            flush_interval: common.flush_interval,
            flush_timeout: common.flush_timeout,
            wake,
            next_commit: now + common.flush_interval,
            last_commit: now,
            next_poll: now,
            retries: 0,
            memory: common.memory.take(0),
            budget: common.memory,
            reserve: None,
            turn: None,
            metrics: common.metrics,
        })
    }

    async fn work(&mut self, control: &mut Control) -> Result<(), Error> {
        loop {
            let pump = self.deliver().await?;
            if self.in_flight.has_many_offsets() {
                self.next_commit = self.next_commit.min(self.last_commit + COMMIT_PAUSE);
            }
            if Instant::now() >= self.next_commit {
                self.commit().await?;
            }
            let mut until = match control.wanted() {
                Wanted::Stopped => return Ok(()),
                Wanted::Paused => {
                    control.report(State::Paused);
                    self.turn = None;
                    self.next_commit
                }
                Wanted::Running => {
                    control.report(State::Running);
                    let has_work = self.sender.has_unsent() || Instant::now() >= self.next_poll;
                    // Records that wait to be sent again are sent before the next records of the source.
                    if self.is_full() || self.in_flight.waiting() > 0 {
                        // A part of the budget that is granted now would be of no use.
                        self.turn = None;
                        self.next_commit
                    } else if has_work && !self.has_turn() {
                        self.next_commit
                    } else if has_work {
                        self.advance().await?;
                        continue;
                    } else {
                        self.next_poll.min(self.next_commit)
                    }
                }
            };
            until = pump.map_or(until, |pump| pump.min(until));
            tokio::select! {
                () = control.changed() => {}
                () = self.wake.notified() => {}
                () = turn(self.turn.as_ref()) => {}
                end = self.sender.ended() => refused(end)?,
                () = tokio::time::sleep_until(until) => {}
            }
        }
    }

    /// Whether the worker has memory for more records of this task. A task with nothing in flight does not wait.
    fn has_turn(&mut self) -> bool {
        if self.in_flight.batches() == 0 {
            self.turn = None;
            return true;
        }
        let turn = self.turn.get_or_insert_with(|| self.budget.queue(RESERVE));
        match turn.take() {
            Some(reserve) => {
                self.reserve = Some(reserve);
                self.turn = None;
                true
            }
            None => false,
        }
    }

    /// Prepares the next piece of a batch, or of the next batch, for sending.
    async fn advance(&mut self) -> Result<(), Error> {
        if !self.sender.has_unsent() {
            self.poll().await?;
        }
        if let Some(batch) = self.sender.next(&mut self.errors).await? {
            self.in_flight.push(batch);
        }
        self.account();
        self.reserve = None;
        Ok(())
    }

    /// Counts the records in flight in the worker's budget.
    fn account(&mut self) {
        self.memory.resize((self.in_flight.weight() + self.sender.unsent_weight()) as u64);
    }

    fn is_full(&self) -> bool {
        self.in_flight.bytes() >= MAX_IN_FLIGHT_BYTES
            || self.in_flight.weight() >= MAX_IN_FLIGHT_WEIGHT
            || self.in_flight.records() >= MAX_IN_FLIGHT_RECORDS
            || self.in_flight.batches() >= MAX_IN_FLIGHT_BATCHES
            || self.in_flight.has_many_offsets()
    }

    /// Polls the plugin once, and transforms the records.
    async fn poll(&mut self) -> Result<(), Error> {
        let most = u32::try_from(self.instance.batch_max()).unwrap_or(u32::MAX);
        let budget = Budget { max_records: POLL_RECORDS, max_bytes: POLL_BYTES.min(most), max_wait: POLL_WAIT };
        let began = Instant::now();
        let polled = match self.instance.poll(budget).await {
            Ok(polled) => polled,
            Err(CallError::Retry { message, after }) => {
                let delay = retry_delay(after, self.retries, RETRY_DELAYS);
                self.retries = self.retries.saturating_add(1);
                if let Some(left_out) = self.errors.may_log() {
                    warn!(message, delay_ms = delay.as_millis(), left_out, "the source asked to be polled again later");
                }
                self.next_poll = Instant::now() + delay;
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        self.retries = 0;
        // A guest that names no delay and brings nothing must not make this loop spin.
        let batch = polled.batch.filter(|batch| batch.records.count > 0);
        let idle = match (&batch, polled.idle) {
            (None, idle) => idle.max(Duration::from_millis(1)),
            (Some(_), idle) => idle,
        };
        self.next_poll = align_wake_up(Instant::now() + idle.min(MAX_IDLE), idle);
        let Some(batch) = batch else { return Ok(()) };
        let (metrics, count) = (&self.metrics, batch.records.count);
        metrics.batch_size.record(count.into());
        metrics.source.polled.add(count.into());
        metrics.source.poll_time.record_time(began.elapsed());
        metrics.source.set_active(self.in_flight.records() + u64::from(count));
        self.sender.prepare(batch, self.in_flight.next_record(), &mut self.errors).await
    }

    /// Handles the outcomes of records in flight, and sends those that wait. Returns when to call it again; `None` if reports are all there
    /// is to wait for.
    async fn deliver(&mut self) -> Result<Option<Instant>, Error> {
        self.sender.absorb(&mut self.delivery, &mut self.in_flight, Instant::now())?;
        self.reap().await?;
        let now = Instant::now();
        let pump = self.sender.pump(&mut self.delivery, &mut self.in_flight, now)?;
        if pump.is_some_and(|pump| pump <= now) {
            tokio::task::yield_now().await;
        }
        Ok(pump)
    }

    /// Takes settled batches out of the queue and calls the plugin's `settled`, if it has one.
    async fn reap(&mut self) -> Result<(), Error> {
        while let Some(mut batch) = self.delivery.take_settled(&mut self.in_flight, Instant::now())? {
            self.sender.acknowledged();
            batch.note_topics(&mut self.topics);
            self.metrics.source.written.add(batch.acknowledged());
            self.metrics.source.set_active(self.in_flight.records());
            self.account();
            let rejected = batch.take_rejected();
            if !rejected.is_empty() {
                let starts = batch.positions.starts();
                for (record, failure) in rejected {
                    consume_budget().await;
                    let failure = Failure::of_send(failure);
                    self.errors.fail(&failure, sender::record(&batch, &starts, record)).await?;
                }
            }
            if self.wanted.settled {
                match self.instance.settled(batch.settled_records()).await {
                    Ok(()) => {}
                    Err(trap @ CallError::Trapped(_)) => return Err(trap.into()),
                    Err(error) => {
                        if let Some(left_out) = self.errors.may_log() {
                            warn!(%error, left_out, "the source failed in `settled`");
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Stores the offsets that may be stored. A failure is logged, and what was not stored is tried again with the next commit.
    ///
    /// # Errors
    ///
    /// The offsets are too many, or the plugin trapped in `committed`.
    async fn commit(&mut self) -> Result<(), Error> {
        let began = Instant::now();
        (self.last_commit, self.next_commit) = (began, began + self.flush_interval);
        let committable = self.in_flight.take_committable();
        let settled_below = self.in_flight.settled_below();
        if !committable.is_empty() {
            let entries = committable.iter().map(|(partition, offset)| (partition.clone(), Some(offset.clone())));
            let stored = self.offsets.set(&self.connector, entries.collect());
            match tokio::time::timeout(self.flush_timeout, stored).await {
                Ok(Ok(())) => debug!(partitions = committable.len(), "offsets stored"),
                Ok(Err(offsets::Error::Exceeded(exceeded))) => {
                    self.metrics.commit_failed();
                    return Err(Error::Offsets(exceeded));
                }
                Ok(Err(error)) => {
                    warn!(%error, "offsets were not stored; trying again with the next commit");
                    self.metrics.commit_failed();
                    self.in_flight.put_back(committable);
                    return Ok(());
                }
                Err(_) => {
                    warn!("offsets were not stored within offset.flush.timeout.ms; trying again with the next commit");
                    self.metrics.commit_failed();
                    self.in_flight.put_back(committable);
                    return Ok(());
                }
            }
        }
        // As in Kafka Connect, a commit that has nothing to store is one that succeeded.
        self.metrics.commit_succeeded(began.elapsed());
        if self.wanted.committed {
            match self.instance.committed(settled_below).await {
                Ok(()) => {}
                Err(trap @ CallError::Trapped(_)) => return Err(trap.into()),
                Err(error) => {
                    if let Some(left_out) = self.errors.may_log() {
                        warn!(%error, left_out, "the source failed in `committed`");
                    }
                }
            }
        }
        Ok(())
    }

    /// Stores the offsets of what is settled, waits for the rest for as long as a commit may take, and stores its offsets, too. The
    /// first is not left to the end: a task that takes too long to stop is cut off.
    ///
    /// Once Kafka has refused a record, nothing more is sent: the records after it would be in Kafka before it, and again when the
    /// task is restarted. What producers already have is waited for.
    async fn finish(&mut self) {
        let deadline = Instant::now() + self.flush_timeout;
        if self.in_flight.batches() > 0 {
            self.last_commit().await;
        }
        while self.in_flight.batches() > 0 {
            if let Err(error) = self.sender.absorb(&mut self.delivery, &mut self.in_flight, Instant::now()) {
                debug!(%error, "task stops with records that Kafka did not accept");
            }
            self.reap_last().await;
            let pump = self.sender.pump(&mut self.delivery, &mut self.in_flight, Instant::now());
            if self.in_flight.batches() == 0 || (pump.is_err() && !self.in_flight.has_unreported()) {
                break;
            }
            let pump = pump.unwrap_or_else(|error| {
                debug!(%error, "task sends no more records; waiting for those in flight");
                None
            });
            if Instant::now() >= deadline {
                info!(
                    batches = self.in_flight.batches(),
                    "records still in flight at shutdown; they will be sent again after a restart"
                );
                break;
            }
            tokio::select! {
                () = self.wake.notified() => {}
                end = self.sender.ended() => if refused(end).is_err() { break },
                () = tokio::time::sleep_until(pump.map_or(deadline, |pump| pump.min(deadline))) => {}
            }
        }
        self.last_commit().await;
    }

    /// As [`SourceTask::reap`], up to the first record that Kafka refused. A plugin that has trapped, which may be why the task ends,
    /// is told nothing, and keeps no offset from being stored.
    async fn reap_last(&mut self) {
        while let Err(error) = self.reap().await {
            debug!(%error, "task ends with an error");
            if !matches!(error, Error::Plugin(_)) || !self.wanted.settled {
                return;
            }
            (self.wanted.settled, self.wanted.committed) = (false, false);
        }
    }

    async fn last_commit(&mut self) {
        if let Err(error) = self.commit().await {
            match error {
                Error::Plugin(_) => debug!(%error, "plugin trapped in the final `committed` call"),
                _ => warn!(%error, "the final commit failed; records will be sent again after a restart"),
            }
        }
    }
}

/// Returns when the task is granted its memory.
async fn turn(turn: Option<&Turn>) {
    match turn {
        Some(turn) => turn.granted().await,
        None => std::future::pending().await,
    }
}

/// A producer that a broker refuses is the end of the task; one that failed is replaced.
fn refused(end: End) -> Result<(), Error> {
    match end {
        End::Refused(reason) => Err(Error::Refused { client: "producer", reason }),
        End::Fatal => Ok(()),
    }
}

/// Returns the time of a poll that follows a long wait, moved forward to where other tasks' polls are. A worker with a thousand idle tasks
/// then wakes up ten times a second, and not a thousand times. A source may always be polled earlier than it asked
/// (`wit/source.wit`).
fn align_wake_up(at: Instant, wait: Duration) -> Instant {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    if wait < SHARED_WAKE_UPS * 5 {
        return at;
    }
    let since = at.saturating_duration_since(*ORIGIN.get_or_init(Instant::now));
    at - Duration::from_nanos(u64::try_from(since.as_nanos() % SHARED_WAKE_UPS.as_nanos()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_waits_end_together_and_never_late_and_short_ones_are_left_alone() {
        let wait = Duration::from_secs(1);
        let origin = align_wake_up(Instant::now() + wait, wait);
        for delay in [0, 1, 37, 99] {
            let at = origin + wait + Duration::from_millis(delay);
            let moved = align_wake_up(at, wait);
            assert_eq!(moved, origin + wait, "{delay} ms later");
            assert!(moved <= at && at - moved < SHARED_WAKE_UPS);
        }
        let at = origin + Duration::from_millis(37);
        assert_eq!(align_wake_up(at, Duration::from_millis(20)), at);
    }
}
