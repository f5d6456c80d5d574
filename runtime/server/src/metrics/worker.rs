//! What a worker counts besides its tasks: how starts of connectors and tasks ended.

use super::counter::Counter;

/// Starts, and how they ended.
#[derive(Debug, Default)]
pub struct Startups {
    /// `...-startup-success-total`.
    pub succeeded: Counter,
    /// `...-startup-failure-total`.
    pub failed: Counter,
}

impl Startups {
    /// A start has ended.
    pub fn record(&self, succeeded: bool) {
        if succeeded { self.succeeded.increment() } else { self.failed.increment() }
    }
}

/// Kafka Connect's `connect-worker-metrics`, as far as they are counted and not looked up.
#[derive(Debug, Default)]
pub struct WorkerMetrics {
    /// Of connectors.
    pub connectors: Startups,
    /// Of tasks: a task has started when it first runs, or is paused after it could have run.
    pub tasks: Startups,
}
