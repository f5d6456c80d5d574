//! Errors of the herder. Where Kafka Connect has the same error, the text is that of its standalone herder.

use weir_config::PrepareError;
use weir_config::error::Error as KeyError;

use super::error_kind::ErrorKind;
use super::offsets::OffsetsError;
use super::stores::StoreError;

/// What a connector was looked up for. Kafka Connect has a different text for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To restart the connector.
    Restart,
    /// To pause or resume the connector.
    PauseOrResume,
    /// To stop the connector.
    Stop,
    /// To return the status of the connector.
    Status,
    /// Any other purpose.
    Other,
}

impl Purpose {
    fn no_connector(self, connector: &str) -> String {
        match self {
            Self::Restart => format!("Unknown connector: {connector}"),
            Self::PauseOrResume => format!("Unknown connector {connector}"),
            Self::Stop => format!("No connector `{connector}` configured"),
            Self::Status => format!("No status found for connector {connector}"),
            Self::Other => format!("Connector {connector} not found"),
        }
    }
}

/// The reason why the herder refused a request or failed. The text is for the client.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No connector has this name.
    #[error("{}", purpose.no_connector(connector))]
    NoConnector {
        /// The name that was looked up.
        connector: String,
        /// The purpose of the lookup.
        purpose: Purpose,
    },
    /// The connector has no task with this number.
    #[error("Task {connector}-{task} not found")]
    NoTask {
        /// The name of the connector.
        connector: String,
        /// The number of the task.
        task: i64,
    },
    /// There is no status of this task, or no such connector.
    #[error("No status found for task {connector}-{task}")]
    NoTaskStatus {
        /// The name of the connector.
        connector: String,
        /// The number of the task.
        task: i32,
    },
    /// A connector with this name exists.
    #[error("Connector {connector} already exists")]
    AlreadyExists {
        /// The name of the connector.
        connector: String,
    },
    /// The connector is being deleted.
    #[error("Connector {connector} is being deleted; try again when it is gone")]
    BeingDeleted {
        /// The name of the connector.
        connector: String,
    },
    /// The name of a connector is too long. The text does not contain it.
    #[error("The connector's name has {bytes} bytes; the limit is {limit}. Choose a shorter name")]
    NameTooLong {
        /// The length of the name.
        bytes: usize,
        /// The maximum length.
        limit: usize,
    },
    /// A configuration is too large.
    #[error(
        "The connector's configuration has {bytes} bytes; the limit is {limit}. Remove what the connector does not need"
    )]
    ConfigTooLarge {
        /// The size of all keys and values.
        bytes: usize,
        /// The maximum size.
        limit: usize,
    },
    /// A patch removes the name of the connector.
    #[error(
        "Connector configuration is invalid and contains the following 1 error(s):\n{}\nYou can also find the above list of errors at the \
         endpoint `/connector-plugins/{{connectorType}}/config/validate`",
        KeyError::missing("name")
    )]
    NameMissing,
    /// A patch changes the name of the connector.
    #[error("Connector name configuration ({configured}) doesn't match connector name in the URL ({connector})")]
    NameMismatch {
        /// The name in the configuration.
        configured: String,
        /// The name of the connector.
        connector: String,
    },
    /// The configuration cannot be resolved or is not valid.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// There is no validated configuration: the plugin of a connector from an earlier run may be missing.
    #[error("{}", trace.as_deref().unwrap_or("The connector has not been started yet; try again later"))]
    NotValidated {
        /// Why the connector failed. `None` if it has not been started yet.
        trace: Option<String>,
    },
    /// The connector did not start.
    #[error("Failed to start connector: {connector}{}", caused_by(.trace.as_deref()))]
    NotStarted {
        /// The name of the connector.
        connector: String,
        /// The trace that is also in the status of the connector. `None` if the client is not to see it.
        trace: Option<String>,
    },
    /// The change is in effect, but not durable.
    #[error(
        "The change is active, but could not be saved, and is lost if the worker restarts before the next change is saved: {0}"
    )]
    NotSaved(#[from] StoreError),
    /// The offsets of a connector could not be returned or changed.
    #[error(transparent)]
    Offsets(#[from] OffsetsError),
    /// The worker is shutting down.
    #[error("Worker is shutting down")]
    ShuttingDown,
    /// The health check ended with a panic.
    #[error("{0}")]
    HealthCheck(#[from] tokio::task::JoinError),
}

fn caused_by(trace: Option<&str>) -> String {
    trace.map(|trace| format!("\nCaused by: {trace}")).unwrap_or_default()
}

impl Error {
    /// Creates an error for a lookup of a connector that does not exist.
    pub(super) fn no_connector(connector: &str, purpose: Purpose) -> Self {
        Self::NoConnector { connector: connector.to_owned(), purpose }
    }

    /// Creates an error for a task that does not exist.
    pub(super) fn no_task(connector: &str, task: impl Into<i64>) -> Self {
        Self::NoTask { connector: connector.to_owned(), task: task.into() }
    }

    /// Returns the kind of the error.
    pub fn kind(&self) -> ErrorKind {
        match self {
            // The answer of Kafka Connect's standalone herder.
            Self::NoConnector { purpose: Purpose::Stop, .. } => ErrorKind::Internal,
            Self::NoConnector { .. } | Self::NoTask { .. } | Self::NoTaskStatus { .. } => ErrorKind::NotFound,
            Self::AlreadyExists { .. } | Self::BeingDeleted { .. } => ErrorKind::Conflict,
            Self::NameTooLong { .. } | Self::ConfigTooLarge { .. } | Self::NameMissing | Self::NameMismatch { .. } => {
                ErrorKind::BadRequest
            }
            Self::Prepare(PrepareError::Invalid(_)) => ErrorKind::BadRequest,
            Self::Offsets(error) => error.kind(),
            Self::Prepare(PrepareError::Unresolved(_))
            | Self::NotValidated { .. }
            | Self::NotStarted { .. }
            | Self::NotSaved(_)
            | Self::ShuttingDown
            | Self::HealthCheck(_) => ErrorKind::Internal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_lookup_of_a_missing_connector_has_kafka_connects_text_and_kind() {
        for (purpose, text, kind) in [
            (Purpose::Restart, "Unknown connector: a", ErrorKind::NotFound),
            (Purpose::PauseOrResume, "Unknown connector a", ErrorKind::NotFound),
            (Purpose::Stop, "No connector `a` configured", ErrorKind::Internal),
            (Purpose::Status, "No status found for connector a", ErrorKind::NotFound),
            (Purpose::Other, "Connector a not found", ErrorKind::NotFound),
        ] {
            let error = Error::no_connector("a", purpose);
            assert_eq!((error.to_string().as_str(), error.kind()), (text, kind));
        }
    }

    #[test]
    fn the_trace_of_a_failed_start_is_shown_only_where_the_client_may_see_it() {
        let error = |trace: Option<&str>| {
            Error::NotStarted { connector: "a".to_owned(), trace: trace.map(str::to_owned) }.to_string()
        };
        assert_eq!(error(None), "Failed to start connector: a");
        assert_eq!(error(Some("no file")), "Failed to start connector: a\nCaused by: no file");
    }

    #[test]
    fn a_patch_without_a_name_has_the_text_of_a_validation() {
        let text = Error::NameMissing.to_string();
        assert!(
            text.starts_with("Connector configuration is invalid and contains the following 1 error(s):\n"),
            "{text}"
        );
        let end = "\nYou can also find the above list of errors at the endpoint `/connector-plugins/{connectorType}/config/validate`";
        assert!(text.ends_with(end), "{text}");
    }
}
