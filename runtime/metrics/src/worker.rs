//! What a worker counts besides its tasks: how starts of connectors and tasks ended, and what its REST server did.

use std::sync::Arc;
use std::time::Duration;

use super::clock;
use super::counter::Counter;
use super::rest::RestMetrics;
use super::windowed::{Sampling, Windowed};

/// Starts, and how they ended.
#[derive(Debug)]
pub struct Startups {
    /// `...-startup-success-total`.
    pub succeeded: Counter,
    /// `...-startup-failure-total`.
    pub failed: Counter,
    /// `...-startup-success-percentage` and its opposite: 1 for a start that succeeded, 0 for one that failed.
    pub results: Windowed,
}

impl Startups {
    fn new(sampling: Sampling) -> Self {
        Self { succeeded: Counter::default(), failed: Counter::default(), results: Windowed::new(sampling) }
    }

    /// A start has ended.
    pub fn record(&self, succeeded: bool) {
        let (counter, result) = if succeeded { (&self.succeeded, 1.0) } else { (&self.failed, 0.0) };
        counter.increment();
        self.results.record(result);
    }

    /// `...-startup-attempts-total`.
    pub fn attempts(&self) -> u64 {
        self.succeeded.get() + self.failed.get()
    }
}

/// Kafka Connect's `connect-worker-metrics`, as far as they are counted and not looked up.
#[derive(Debug)]
pub struct WorkerMetrics {
    /// Milliseconds since 1970.
    started: u64,
    /// Of connectors.
    pub connectors: Startups,
    /// Of tasks: a task has started when it first runs.
    pub tasks: Startups,
    /// Connectors and tasks whose automatic restart was given up.
    pub restarts_given_up: Arc<Counter>,
    /// The REST server.
    pub rest: RestMetrics,
}

impl WorkerMetrics {
    /// Of a worker that starts now.
    pub fn new(sampling: Sampling) -> Self {
        Self {
            started: clock::epoch(),
            connectors: Startups::new(sampling),
            tasks: Startups::new(sampling),
            restarts_given_up: Arc::default(),
            rest: RestMetrics::default(),
        }
    }

    /// When the worker started, since 1970.
    pub fn started(&self) -> Duration {
        Duration::from_millis(self.started)
    }
}
