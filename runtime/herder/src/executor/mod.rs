//! What runs on this worker: connectors' own instances and tasks. It is told what to run and reports statuses; what is to run, a
//! herder decides.

mod connector;
mod instance;
mod report;
mod task;

pub(crate) use connector::RunningConnector;
pub(crate) use instance::TasksChanged;
