//! What the worker counts, one [`TaskMetrics`] for each task and one [`WorkerMetrics`] for the whole.
//!
//! Counting happens once for a batch, a call or an error, never for a row, and takes no lock that a scrape holds. What is counted
//! dies with the task it belongs to, so that a connector that is gone leaves no series behind.

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
