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

    /// The same under the name that the key has where it was written, `producer.linger.ms` for `linger.ms`.
    #[must_use]
    pub fn under(self, name: &str) -> Self {
        match self {
            Self::Missing { .. } => Self::missing(name),
            Self::Invalid { value, detail, .. } => Self::Invalid { key: name.to_owned(), value, detail },
            Self::Other { key, message } if message.contains(name) => Self::Other { key, message },
            Self::Other { message, .. } => Self::other(name, format!("{name}: {message}")),
        }
    }

    /// The key that the error belongs to.
    pub fn key(&self) -> &str {
        match self {
            Self::Missing { key } | Self::Invalid { key, .. } | Self::Other { key, .. } => key,
        }
    }
}
