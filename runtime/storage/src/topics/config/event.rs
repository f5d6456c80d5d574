//! What a record of the config topic has changed.

use weir_api::ConnectorTaskId;

use super::{RestartRequest, SessionKey};

/// A change that a record made (`ConfigBackingStore.UpdateListener`). Kafka Connect's workers act on those of the records that they read
/// after they have read the topic to its end for the first time; before, only the state counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigEvent {
    /// A connector was created or has another configuration.
    ConnectorChanged {
        /// Its name.
        connector: String,
        /// Whether there was no such connector before.
        is_new: bool,
    },
    /// A connector was deleted, which may have happened before.
    ConnectorRemoved(String),
    /// A set of task configurations was committed.
    TasksChanged {
        /// The connector's name.
        connector: String,
        /// The tasks that have another configuration; empty if the set has no tasks or is not complete.
        tasks: Vec<ConnectorTaskId>,
    },
    /// A connector has another target state.
    TargetChanged(String),
    /// The number of tasks that fencing has to consider was recorded: earlier tasks of the connector are fenced.
    TasksFenced(String),
    /// There is a new session key.
    SessionKey(SessionKey),
    /// A client has requested a restart.
    Restart(RestartRequest),
    /// A client has set the level of a logger on all workers.
    LoggerLevel {
        /// The logger.
        namespace: String,
        /// The level.
        level: String,
    },
}
