//! The worker's counters: one [`TaskMetrics`] for each task and one [`WorkerMetrics`] for the whole worker.
//!
//! Counters are updated once for a batch, a call or an error, never for each record. The counters of a task are dropped with it, so that a
//! deleted connector leaves no series.

mod clock;
mod counter;
mod rest;
mod states;
mod task;
mod windowed;
mod worker;

pub use counter::{Counter, Gauge};
pub use rest::RestMetrics;
pub use states::StateRatios;
pub use task::{ErrorCounts, SinkMetrics, SourceMetrics, TaskMetrics};
pub use windowed::{Sampling, Summary, Windowed};
pub use worker::{Startups, WorkerMetrics};
