//! An error about one key, with the text of Kafka Connect's `ConfigException`.

/// An error about one key. The text is Kafka Connect's, if Kafka Connect reports this error too.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A key without a default is not set.
    #[error("Missing required configuration \"{key}\" which has no default value.")]
    Missing {
        /// The key.
        key: String,
    },
    /// The value has the wrong type, or a validator refuses it.
    #[error("Invalid value {value} for configuration {key}: {detail}")]
    Invalid {
        /// The key.
        key: String,
        /// The value as written; lists as `[a, b]`.
        value: String,
        /// What is wrong with it.
        detail: String,
    },
    /// An error whose text contains the key itself, or that is not about a single value.
    #[error("{message}")]
    Other {
        /// The key that the error belongs to.
        key: String,
        /// The complete text.
        message: String,
    },
}

impl Error {
    /// Returns the error of a missing key.
    pub fn missing(key: impl Into<String>) -> Self {
        Self::Missing { key: key.into() }
    }

    /// Returns the error of an invalid value.
    pub fn invalid(key: impl Into<String>, value: impl ToString, detail: impl Into<String>) -> Self {
        Self::Invalid { key: key.into(), value: value.to_string(), detail: detail.into() }
    }

    /// Returns an error with a text of its own.
    pub fn other(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Other { key: key.into(), message: message.into() }
    }

    /// Renames the key as it was written: `producer.linger.ms` for `linger.ms`.
    #[must_use]
    pub fn under(self, name: &str) -> Self {
        match self {
            Self::Missing { .. } => Self::missing(name),
            Self::Invalid { value, detail, .. } => Self::Invalid { key: name.to_owned(), value, detail },
            Self::Other { key, message } if message.contains(name) => Self::Other { key, message },
            Self::Other { message, .. } => Self::other(name, format!("{name}: {message}")),
        }
    }

    /// Returns the key that the error belongs to.
    pub fn key(&self) -> &str {
        match self {
            Self::Missing { key } | Self::Invalid { key, .. } | Self::Other { key, .. } => key,
        }
    }
}
