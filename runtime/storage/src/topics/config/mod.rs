//! The config topic (`config.storage.topic`): its records, and what a reader knows after a number of them.

mod event;
mod read;
mod state;
mod write;

use std::fmt;

pub use event::ConfigEvent;
pub use state::ConfigState;
pub use write::{
    commit, connector_config, logger_level, remove_connector, restart, session_key, target_state, task_config,
    tasks_fencing,
};

/// A configuration in the topic. Kafka Connect also stores properties that are null.
pub use weir_api::json::StringMap as Properties;

const TARGET_STATE: &str = "target-state-";
const CONNECTOR: &str = "connector-";
const TASK: &str = "task-";
const COMMIT: &str = "commit-";
const RESTART: &str = "restart-connector-";
const TASKS_FENCING: &str = "tasks-fencing-";
const SESSION_KEY: &str = "session-key";
const LOGGER: &str = "logger-cluster-";

/// A request to restart a connector, and its tasks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestartRequest {
    /// The connector's name.
    pub connector: String,
    /// Whether to restart only what has failed.
    pub only_failed: bool,
    /// Whether to restart the tasks, too.
    pub include_tasks: bool,
}

/// The key with which workers sign requests to each other.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionKey {
    /// The secret.
    pub key: Vec<u8>,
    /// The algorithm for which the key was generated.
    pub algorithm: String,
    /// When it was created, in milliseconds since 1970.
    pub created: i64,
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the secret.
        let Self { key: _, algorithm, created } = self;
        f.debug_struct("SessionKey").field("algorithm", algorithm).field("created", created).finish_non_exhaustive()
    }
}
