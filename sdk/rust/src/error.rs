//! Errors that a plugin can return: retry later, fail the task, or (for single records) fail the record.

use std::fmt::Display;
use std::time::Duration;

use crate::bindings::host::weir::connect::data::{Fault, Retry};
use crate::config::ConfigError;
use crate::os_error::told;

/// Why a call failed.
///
/// ```
/// use std::time::Duration;
/// use weir_sdk::{Error, ErrorContext};
///
/// fn read(path: &str) -> Result<String, Error> {
///     // A file that is not there yet may come: the runtime calls again.
///     std::fs::read_to_string(path).or_retry(format_args!("cannot read {path}"))
/// }
///
/// assert!(matches!(read("/nowhere/at/all"), Err(Error::Retry { after: None, .. })));
/// assert_eq!(Error::task("the table was dropped").to_string(), "the table was dropped");
/// assert_eq!(Error::retry_after(Duration::from_secs(1), "busy").to_string(), "busy");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A transient error. Nothing was done, and the runtime retries the call.
    #[error("{message}")]
    Retry {
        /// The error message for the log.
        message: String,
        /// How long to wait before the retry; `None` to use the runtime's increasing backoff.
        after: Option<Duration>,
    },
    /// A permanent error; retrying will not help. The task or connector becomes FAILED with this text as its trace.
    #[error("{0}")]
    Task(String),
}

impl Error {
    /// Creates a transient error. The runtime retries the call with its own increasing backoff.
    pub fn retry(message: impl Display) -> Error {
        Error::Retry { message: message.to_string(), after: None }
    }

    /// Creates a transient error. The runtime retries the call after this time.
    pub fn retry_after(after: Duration, message: impl Display) -> Error {
        Error::Retry { message: message.to_string(), after: Some(after) }
    }

    /// Creates a permanent error, which fails the task.
    pub fn task(message: impl Display) -> Error {
        Error::Task(message.to_string())
    }
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Error {
        Error::Task(error.to_string())
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Error {
        Error::Task(error.to_string())
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        match error {
            Error::Retry { message, after } => {
                Fault::Retry(Retry { message: told(&message).into_owned(), after_ms: after.map(milliseconds) })
            }
            Error::Task(message) => Fault::Fatal(told(&message).into_owned()),
        }
    }
}

/// Converts a duration to whole milliseconds, at most `u32::MAX` (49 days).
pub(crate) fn milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

/// Classifies any error as retryable or fatal, and adds what the plugin was doing.
///
/// ```
/// use weir_sdk::{Error, ErrorContext};
/// let error = "x".parse::<u32>().or_task("the position is no number").unwrap_err();
/// assert_eq!(error, Error::task("the position is no number: invalid digit found in string"));
/// ```
pub trait ErrorContext<T> {
    /// Converts the error to a transient one: the call may succeed if it is repeated.
    fn or_retry(self, doing: impl Display) -> Result<T, Error>;
    /// Converts the error to a permanent one, which fails the task.
    fn or_task(self, doing: impl Display) -> Result<T, Error>;
}

impl<T, E: Display> ErrorContext<T> for Result<T, E> {
    fn or_retry(self, doing: impl Display) -> Result<T, Error> {
        self.map_err(|error| Error::retry(format_args!("{doing}: {error}")))
    }

    fn or_task(self, doing: impl Display) -> Result<T, Error> {
        self.map_err(|error| Error::task(format_args!("{doing}: {error}")))
    }
}

/// A record that could not be processed, although others could. It is handled according to `errors.tolerance`.
///
/// ```
/// use weir_sdk::RowError;
/// assert!(!RowError::new("not a number").retry);
/// assert!(RowError::retry("the lookup timed out").retry);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RowError {
    /// The error message.
    pub message: String,
    /// Whether the same record may succeed later. Only transforms are called again for a single record.
    pub retry: bool,
}

impl RowError {
    /// Creates a permanent error for the record.
    pub fn new(message: impl Display) -> RowError {
        RowError { message: told(&message.to_string()).into_owned(), retry: false }
    }

    /// Creates a transient error for the record: it may succeed later.
    pub fn retry(message: impl Display) -> RowError {
        RowError { message: told(&message.to_string()).into_owned(), retry: true }
    }
}
