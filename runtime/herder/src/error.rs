//! Why the herder refuses or fails.

use weir_config::PrepareError;

/// Why the herder refused or failed. The text is for the one who asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// No such connector, task or status.
    #[error("{0}")]
    NotFound(String),
    /// A connector of this name exists.
    #[error("Connector {0} already exists")]
    AlreadyExists(String),
    /// Something else is being done with the connector.
    #[error("{0}")]
    Conflict(String),
    /// The request or the configuration is wrong.
    #[error("{0}")]
    BadRequest(String),
    /// Something failed here.
    #[error("{0}")]
    Internal(String),
}

impl From<PrepareError> for Error {
    fn from(unprepared: PrepareError) -> Self {
        match unprepared {
            PrepareError::Unresolved(error) => Self::Internal(error.to_string()),
            PrepareError::Invalid(invalid) => Self::BadRequest(invalid.to_string()),
        }
    }
}

impl Error {
    /// The same error with another text. A name is left as it is.
    pub(super) fn map_text(self, change: impl FnOnce(String) -> String) -> Self {
        match self {
            Self::NotFound(text) => Self::NotFound(change(text)),
            Self::AlreadyExists(name) => Self::AlreadyExists(name),
            Self::Conflict(text) => Self::Conflict(change(text)),
            Self::BadRequest(text) => Self::BadRequest(change(text)),
            Self::Internal(text) => Self::Internal(change(text)),
        }
    }
}
