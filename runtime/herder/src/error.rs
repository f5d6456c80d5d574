//! Errors of the herder.

use weir_config::PrepareError;

/// The reason why the herder refused a request or failed. The text is for the client.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// There is no such connector, task or status.
    #[error("{0}")]
    NotFound(String),
    /// A connector with this name exists.
    #[error("Connector {0} already exists")]
    AlreadyExists(String),
    /// Another change of the connector is in progress.
    #[error("{0}")]
    Conflict(String),
    /// The request or the configuration is not valid.
    #[error("{0}")]
    BadRequest(String),
    /// The worker failed to do what was requested.
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
    /// Changes the text of the error. The name in [`Self::AlreadyExists`] is left as it is.
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
