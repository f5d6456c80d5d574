//! Errors of returning and changing offsets. The texts are Kafka Connect's, except where Weir adds a limit or advice.

use weir_api::ConnectorType;
use weir_config::ConnectorConfig;
use weir_storage::offsets::Exceeded;

use super::super::error_kind::ErrorKind;
use super::request::RequestError;

/// What was to be done with the offsets of a consumer group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Some offsets were to be altered.
    Alter {
        /// Whether some of them may have been altered in spite of the error.
        uncertain: bool,
    },
    /// All offsets were to be deleted.
    Reset,
}

impl Change {
    fn verb(self) -> &'static str {
        match self {
            Self::Alter { .. } => "alter",
            Self::Reset => "reset",
        }
    }

    fn failed(self, connector: &str) -> String {
        match self {
            Self::Alter { uncertain: false } => {
                format!("Failed to alter consumer group offsets for connector {connector}")
            }
            Self::Alter { uncertain: true } => format!(
                "Failed to alter consumer group offsets for connector {connector}. Some of them may have been altered; read them (GET) before \
                 you resume the connector"
            ),
            Self::Reset => format!("Failed to reset consumer group offsets for sink connector {connector}"),
        }
    }
}

/// The reason why offsets were not returned or changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum OffsetsError {
    /// The request is not valid.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The connector is not stopped.
    #[error(
        "Connectors must be in the STOPPED state before their offsets can be modified. This can be done for the specified connector by \
         issuing a 'PUT' request to the '/connectors/{connector}/stop' endpoint"
    )]
    NotStopped {
        /// The name of the connector.
        connector: String,
    },
    /// The offsets of a source cannot be read.
    #[error("Failed to retrieve offsets for source connector {connector}")]
    SourceUnreadable {
        /// The name of the connector.
        connector: String,
    },
    /// The offsets of a consumer group cannot be read.
    #[error("Failed to retrieve consumer group offsets for sink connector {connector}")]
    GroupUnreadable {
        /// The name of the connector.
        connector: String,
    },
    /// The offsets of a consumer group cannot be read, which a reset begins with.
    #[error("Failed to list offsets prior to resetting offsets for sink connector {connector}")]
    GroupUnreadableForReset {
        /// The name of the connector.
        connector: String,
    },
    /// The consumer group has members.
    #[error(
        "Failed to {verb} consumer group offsets for connector {connector} either because its tasks haven't stopped completely yet or the \
         connector was resumed before the request to {verb} its offsets could be successfully completed. If the connector is in a stopped \
         state, this operation can be safely retried. If it doesn't eventually succeed, the Connect cluster may need to be restarted to get \
         rid of the zombie sink tasks.", verb = change.verb()
    )]
    GroupInUse {
        /// The name of the connector.
        connector: String,
        /// What was to be done.
        change: Change,
    },
    /// Kafka did not change the offsets of a consumer group.
    #[error("{}", change.failed(connector))]
    GroupNotChanged {
        /// The name of the connector.
        connector: String,
        /// What was to be done.
        change: Change,
    },
    /// The plugin refuses the change, or cannot be asked. The text contains no value of a config provider.
    #[error("{0}")]
    Refused(String),
    /// A source may not store this many offsets.
    #[error(transparent)]
    Exceeded(#[from] Exceeded),
    /// Any other failure, which is in the log.
    #[error("Failed to modify offsets for {} connector {connector}", sink_or_source(*kind))]
    Failed {
        /// The name of the connector.
        connector: String,
        /// Its type.
        kind: ConnectorType,
    },
}

fn sink_or_source(kind: ConnectorType) -> &'static str {
    match kind {
        ConnectorType::Sink => "sink",
        ConnectorType::Source | ConnectorType::Unknown => "source",
    }
}

impl OffsetsError {
    /// Returns Kafka Connect's answer to any failure other than a refusal by the connector.
    pub(super) fn failed(config: &ConnectorConfig) -> Self {
        Self::Failed { connector: config.name.clone(), kind: config.kind }
    }

    /// Returns the kind of the error.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Request(error) => error.kind(),
            Self::NotStopped { .. } | Self::Exceeded(_) => ErrorKind::BadRequest,
            Self::SourceUnreadable { .. }
            | Self::GroupUnreadable { .. }
            | Self::GroupUnreadableForReset { .. }
            | Self::GroupInUse { .. }
            | Self::GroupNotChanged { .. }
            | Self::Refused(_)
            | Self::Failed { .. } => ErrorKind::Internal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_that_failed_has_kafka_connects_text() {
        let text = |change| OffsetsError::GroupNotChanged { connector: "s".to_owned(), change }.to_string();
        assert_eq!(text(Change::Reset), "Failed to reset consumer group offsets for sink connector s");
        let altered = "Failed to alter consumer group offsets for connector s";
        assert_eq!(text(Change::Alter { uncertain: false }), altered);
        let uncertain = text(Change::Alter { uncertain: true });
        assert_eq!(
            uncertain.strip_prefix(altered),
            Some(". Some of them may have been altered; read them (GET) before you resume the connector")
        );
        let in_use = OffsetsError::GroupInUse { connector: "s".to_owned(), change: Change::Reset }.to_string();
        assert!(
            in_use.starts_with("Failed to reset consumer group offsets for connector s either because"),
            "{in_use}"
        );
        assert!(in_use.contains("resumed before the request to reset its offsets"), "{in_use}");
        let failed = |kind| OffsetsError::Failed { connector: "s".to_owned(), kind }.to_string();
        assert_eq!(failed(ConnectorType::Sink), "Failed to modify offsets for sink connector s");
        assert_eq!(failed(ConnectorType::Unknown), "Failed to modify offsets for source connector s");
    }
}
