//! The counters of a worker besides those of its tasks: starts of connectors and tasks, and the REST server.

use std::sync::Arc;
use std::time::Duration;

use super::clock;
use super::counter::Counter;
use super::rest::RestMetrics;
use super::windowed::{Sampling, Windowed};

/// Counts starts and their results.
#[derive(Debug)]
pub struct Startups {
    /// `...-startup-success-total`.
    pub succeeded: Counter,
    /// `...-startup-failure-total`.
    pub failed: Counter,
    /// `...-startup-success-percentage` and its opposite: 1 for a successful start, 0 for a failed one.
    pub results: Windowed,
}

impl Startups {
    fn new(sampling: Sampling) -> Self {
        Self { succeeded: Counter::default(), failed: Counter::default(), results: Windowed::new(sampling) }
    }

    /// Counts a start that has ended.
    pub fn record(&self, succeeded: bool) {
        let (counter, result) = if succeeded { (&self.succeeded, 1.0) } else { (&self.failed, 0.0) };
        counter.increment();
        self.results.record(result);
    }

    /// Returns `...-startup-attempts-total`.
    pub fn attempts(&self) -> u64 {
        self.succeeded.get() + self.failed.get()
    }
}

/// Those of Kafka Connect's `connect-worker-metrics` that are counted and not looked up.
#[derive(Debug)]
pub struct WorkerMetrics {
    /// When the worker started, in milliseconds since 1970.
    started: u64,
    /// Starts of connectors.
    pub connectors: Startups,
    /// Starts of tasks: a task has started when it first runs.
    pub tasks: Startups,
    /// Connectors and tasks whose automatic restarts were abandoned.
    pub restarts_given_up: Arc<Counter>,
    /// The counters of the REST server.
    pub rest: RestMetrics,
}

impl WorkerMetrics {
    /// Creates the counters of a worker that starts now.
    pub fn new(sampling: Sampling) -> Self {
        Self {
            started: clock::epoch(),
            connectors: Startups::new(sampling),
            tasks: Startups::new(sampling),
            restarts_given_up: Arc::default(),
            rest: RestMetrics::default(),
        }
    }

    /// Returns when the worker started, since 1970.
    pub fn started(&self) -> Duration {
        Duration::from_millis(self.started)
    }
}
