//! The status topic (`status.storage.topic`): its records, and what a reader knows after a number of them.

mod read;
mod state;
mod write;

use weir_api::State;

pub use state::StatusState;
pub use write::{connector_status, remove_connector, remove_task, remove_topic, task_status, topic_status};

const TASK: &str = "status-task-";
const CONNECTOR: &str = "status-connector-";
const TOPIC: &str = "status-topic-";
const TOPIC_SEPARATOR: &str = ":connector-";

/// The status of a connector or a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The state.
    pub state: State,
    /// The reason of a failure.
    pub trace: Option<String>,
    /// The worker that wrote it, `host:port`.
    pub worker_id: String,
    /// The generation of the group in which the worker wrote it. A later generation of the same group has a higher number.
    pub generation: i32,
    /// The version of the plugin. Workers before 4.2 did not write it.
    pub version: Option<String>,
}

impl Status {
    /// Whether a worker may replace this status by another one that is not the result of a request, such as that its task has ended. If
    /// not, another worker has taken over.
    pub fn may_be_replaced_by(&self, new: &Status) -> bool {
        self.worker_id == new.worker_id || self.generation <= new.generation
    }
}

/// A topic that a connector uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicStatus {
    /// The topic's name.
    pub topic: String,
    /// The connector's name.
    pub connector: String,
    /// The task that used it first.
    pub task: u32,
    /// When it was used first, in milliseconds since 1970.
    pub discovered: i64,
}
