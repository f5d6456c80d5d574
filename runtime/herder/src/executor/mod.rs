//! Runs connectors' own instances and tasks on this worker, and reports their statuses. The herder decides what is to run.

mod connector;
mod instance;
mod report;
mod task;

pub(crate) use connector::RunningConnector;
pub(crate) use instance::TasksChanged;
