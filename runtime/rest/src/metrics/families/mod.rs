//! All families, in one file for each type that they read.

mod connector;
mod guest;
mod info;
mod task;
mod worker;

pub(super) use connector::CONNECTOR;
pub(super) use guest::GUEST;
pub(super) use info::{CONNECTOR_INFO, TASK_INFO};
pub(super) use task::{SINK, SOURCE, TASK};
pub(super) use worker::WORKER;

use weir_api::State;

/// Returns Kafka Connect's name of a state in its metrics.
fn word(state: State) -> &'static str {
    match state {
        State::Unassigned => "unassigned",
        State::Running => "running",
        State::Paused => "paused",
        State::Stopped => "stopped",
        State::Failed => "failed",
        State::Restarting => "restarting",
    }
}
