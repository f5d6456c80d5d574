//! The counters of one task, in the groups of Kafka Connect: `connector-task-metrics`, `task-error-metrics`, `source-task-metrics`,
//! `sink-task-metrics`. The comments name the attribute of each counter.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use weir_plugin::GuestStats;

use super::clock;
use super::counter::{Counter, Gauge};
use super::states::{StateRatios, StateTimes};
use super::windowed::{Sampling, Windowed};
use super::worker::WorkerMetrics;
use weir_api::State;
use weir_kafka::connection::TaskConnections;

/// The counters of one task. Shared between its loop, which counts, and their readers.
#[derive(Debug)]
pub struct TaskMetrics {
    worker: Arc<WorkerMetrics>,
    /// Whether its start has ended, successfully or not.
    started: AtomicBool,
    states: StateTimes,
    /// `batch-size-max`, `batch-size-avg`.
    pub batch_size: Windowed,
    /// `offset-commit-max-time-ms`, `offset-commit-avg-time-ms`, of successful commits.
    pub commit_time: Windowed,
    /// `offset-commit-success-percentage` and its opposite: 1 for a successful commit, 0 for a failed one.
    pub commit_success: Windowed,
    /// When offsets were committed last, in milliseconds since 1970; 0 if never.
    pub last_commit: Gauge,
    /// The connections of its Kafka clients.
    pub connections: Arc<TaskConnections>,
    /// The errors of its records.
    pub errors: ErrorCounts,
    /// The counters of its sandboxes, by their place in the task. Locked when a sandbox is created, and by a scrape.
    guests: Mutex<Vec<(String, Arc<GuestStats>)>>,
    /// The counters of a source task.
    pub source: SourceMetrics,
    /// The counters of a sink task.
    pub sink: SinkMetrics,
}

/// Kafka Connect's `task-error-metrics`.
#[derive(Debug, Default)]
pub struct ErrorCounts {
    /// `total-record-failures`.
    pub failures: Counter,
    /// `total-record-errors`.
    pub errors: Counter,
    /// `total-records-skipped`.
    pub skipped: Counter,
    /// `total-retries`.
    pub retries: Counter,
    /// `total-errors-logged`.
    pub logged: Counter,
    /// `deadletterqueue-produce-requests`.
    pub dead_letter_requests: Counter,
    /// `deadletterqueue-produce-failures`.
    pub dead_letter_failures: Counter,
    /// `last-error-timestamp`, in milliseconds since 1970; 0 if there was no error.
    pub last: Gauge,
}

/// Kafka Connect's `source-task-metrics`.
#[derive(Debug)]
pub struct SourceMetrics {
    /// `source-record-poll-total`.
    pub polled: Counter,
    /// `source-record-write-total`.
    pub written: Counter,
    /// `poll-batch-max-time-ms`, `poll-batch-avg-time-ms`.
    pub poll_time: Windowed,
    /// `source-record-active-count`.
    pub active: Gauge,
    /// `source-record-active-count-max`, `source-record-active-count-avg`.
    pub active_window: Windowed,
}

/// Kafka Connect's `sink-task-metrics`.
#[derive(Debug)]
pub struct SinkMetrics {
    /// `sink-record-read-total`.
    pub read: Counter,
    /// `sink-record-send-total`.
    pub sent: Counter,
    /// `put-batch-max-time-ms`, `put-batch-avg-time-ms`.
    pub put_time: Windowed,
    /// `sink-record-active-count`.
    pub active: Gauge,
    /// `sink-record-active-count-max`, `sink-record-active-count-avg`.
    pub active_window: Windowed,
    /// `partition-count`.
    pub partitions: Gauge,
    /// `offset-commit-seq-no`.
    pub commit_seq_no: Counter,
    /// `offset-commit-completion-total`.
    pub commits: Counter,
}

impl TaskMetrics {
    /// Creates the counters for a task that is about to start.
    pub fn new(sampling: Sampling, worker: Arc<WorkerMetrics>) -> Self {
        Self {
            worker,
            started: AtomicBool::new(false),
            states: StateTimes::new(),
            batch_size: Windowed::new(sampling),
            commit_time: Windowed::new(sampling),
            commit_success: Windowed::new(sampling),
            last_commit: Gauge::default(),
            connections: Arc::default(),
            errors: ErrorCounts::default(),
            guests: Mutex::default(),
            source: SourceMetrics::new(sampling),
            sink: SinkMetrics::new(sampling),
        }
    }

    /// Records that the task is in this state from now on. Its start has ended when it first runs, or fails before that.
    pub fn state(&self, state: State) {
        self.states.change(state);
        if matches!(state, State::Running | State::Failed) && !self.started.swap(true, Ordering::Relaxed) {
            self.worker.tasks.record(state == State::Running);
        }
    }

    /// Returns `running-ratio` and `pause-ratio`.
    pub fn state_ratios(&self) -> StateRatios {
        self.states.ratios()
    }

    /// Returns the counters of the sandbox in this place: `task`, or the prefix of a transform's keys. A sandbox that replaces another
    /// continues its counters. The number of places is bounded by the connector's configuration.
    pub fn guest(&self, place: &str) -> Arc<GuestStats> {
        let mut guests = self.guests.lock();
        if let Some((_, known)) = guests.iter().find(|(known, _)| known == place) {
            return Arc::clone(known);
        }
        let stats = Arc::default();
        guests.push((place.to_owned(), Arc::clone(&stats)));
        stats
    }

    /// Returns all places that had a sandbox, and their counters.
    pub fn guests(&self) -> Vec<(String, Arc<GuestStats>)> {
        self.guests.lock().clone()
    }

    /// Counts a failed operation on a record, whether or not it is retried.
    pub fn record_failure(&self) {
        self.errors.failures.increment();
    }

    /// Counts a record that failed permanently and is not tolerated.
    pub fn record_error(&self) {
        self.errors.errors.increment();
        self.errors.last.set(clock::epoch());
    }

    /// Counts a record that failed permanently and is skipped, which `errors.tolerance` allows.
    pub fn record_skipped(&self) {
        self.errors.skipped.increment();
        self.errors.last.set(clock::epoch());
    }

    /// Counts a retry of an operation.
    pub fn retry(&self) {
        self.errors.retries.increment();
    }

    /// Counts an error that was logged because of `errors.log.enable`.
    pub fn error_logged(&self) {
        self.errors.logged.increment();
    }

    /// Counts a record that is sent to the dead letter queue.
    pub fn dead_letter_requested(&self) {
        self.errors.dead_letter_requests.increment();
    }

    /// Counts a record that could not be written to the dead letter queue.
    pub fn dead_letter_failed(&self) {
        self.errors.dead_letter_failures.increment();
    }

    /// Records a successful commit of offsets and its duration.
    pub fn commit_succeeded(&self, time: Duration) {
        self.commit_time.record_time(time);
        self.commit_success.record(1.0);
        self.last_commit.set(clock::epoch());
    }

    /// Records a successful commit of a sink's offsets and its duration.
    pub fn sink_commit_succeeded(&self, time: Duration) {
        self.commit_succeeded(time);
        self.sink.commits.increment();
    }

    /// Records a failed commit of offsets.
    pub fn commit_failed(&self) {
        self.commit_success.record(0.0);
    }
}

impl SourceMetrics {
    fn new(sampling: Sampling) -> Self {
        Self {
            polled: Counter::default(),
            written: Counter::default(),
            poll_time: Windowed::new(sampling),
            active: Gauge::default(),
            active_window: Windowed::new(sampling),
        }
    }

    /// Sets the number of records that are polled and not settled.
    pub fn set_active(&self, records: u64) {
        self.active.set(records);
        self.active_window.record(records as f64);
    }
}

impl SinkMetrics {
    fn new(sampling: Sampling) -> Self {
        Self {
            read: Counter::default(),
            sent: Counter::default(),
            put_time: Windowed::new(sampling),
            active: Gauge::default(),
            active_window: Windowed::new(sampling),
            partitions: Gauge::default(),
            commit_seq_no: Counter::default(),
            commits: Counter::default(),
        }
    }

    /// Sets the number of records that are read and not committed.
    pub fn set_active(&self, records: u64) {
        self.active.set(records);
        self.active_window.record(records as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_ends_once_and_succeeds_only_if_the_task_ran() {
        let worker = Arc::new(WorkerMetrics::new(Sampling::default()));
        let task = |states: &[State]| {
            let task = TaskMetrics::new(Sampling::default(), Arc::clone(&worker));
            states.iter().for_each(|state| task.state(*state));
        };
        task(&[State::Paused, State::Running, State::Paused, State::Running, State::Failed]);
        task(&[State::Failed]);
        task(&[State::Paused, State::Unassigned]);
        assert_eq!((worker.tasks.succeeded.get(), worker.tasks.failed.get()), (1, 1));
    }

    #[test]
    fn a_sandbox_continues_the_counters_of_its_place() {
        let task = TaskMetrics::new(Sampling::default(), Arc::new(WorkerMetrics::new(Sampling::default())));
        let first = task.guest("task");
        task.guest("transforms.a");
        assert!(Arc::ptr_eq(&first, &task.guest("task")));
        assert_eq!(task.guests().iter().map(|(place, _)| place.as_str()).collect::<Vec<_>>(), ["task", "transforms.a"]);
    }

    #[test]
    fn a_record_that_is_skipped_or_fails_the_task_sets_the_time_of_the_last_error() {
        let task = TaskMetrics::new(Sampling::default(), Arc::new(WorkerMetrics::new(Sampling::default())));
        task.record_failure();
        assert_eq!(task.errors.last.get(), 0);
        task.record_skipped();
        assert!(task.errors.last.get() > 1_700_000_000_000);
    }
}
