//! What can be wrong with one key, in the words of Kafka Connect's `ConfigException`.

/// One key's error. The text is Kafka Connect's where Kafka Connect has one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A key without a default was not given.
    #[error("Missing required configuration \"{key}\" which has no default value.")]
    Missing {
        /// The key.
        key: String,
    },
    /// A value of the wrong type, or outside what its validators allow.
    #[error("Invalid value {value} for configuration {key}: {detail}")]
    Invalid {
        /// The key.
        key: String,
        /// The value as given; lists as `[a, b]`.
        value: String,
        /// What is wrong with it.
        detail: String,
    },
    /// An error whose text names the key itself, or that is not about one value.
    #[error("{message}")]
    Other {
        /// The key that the error belongs to.
        key: String,
        /// The whole text.
        message: String,
    },
}

impl Error {
    /// A missing key.
    pub fn missing(key: impl Into<String>) -> Self {
        Self::Missing { key: key.into() }
    }

    /// A value that cannot be used.
    pub fn invalid(key: impl Into<String>, value: impl ToString, detail: impl Into<String>) -> Self {
        Self::Invalid { key: key.into(), value: value.to_string(), detail: detail.into() }
    }

    /// An error with a text of its own.
    pub fn other(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Other { key: key.into(), message: message.into() }
    }

    /// The key that the error belongs to.
    pub fn key(&self) -> &str {
        match self {
            Self::Missing { key } | Self::Invalid { key, .. } | Self::Other { key, .. } => key,
        }
    }
}
