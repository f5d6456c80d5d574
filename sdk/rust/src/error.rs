//! Errors that a plugin can return: the call is repeated, the task fails, or (for single records) the record fails.

use std::fmt::Display;
use std::time::Duration;

use crate::bindings::host::weir::connect::data::{Fault, Retriable};
use crate::config::ConfigError;
use crate::os_error::told;

/// Why a call failed.
///
/// The runtime repeats a call that failed with a retriable error where that is possible: in
/// [`Source::poll`](crate::Source::poll), [`Sink::put`](crate::Sink::put) and
/// [`Check::check`](crate::connector::Check::check). Elsewhere both kinds of errors have the same effect, which is
/// documented at each function.
///
/// ```
/// use std::time::Duration;
/// use weir_sdk::{Error, ErrorContext};
///
/// fn read(path: &str) -> Result<String, Error> {
///     // The file may be created later: the runtime calls again.
///     std::fs::read_to_string(path).or_retriable(format_args!("cannot read {path}"))
/// }
///
/// assert!(matches!(read("/nowhere/at/all"), Err(Error::Retriable { after: None, .. })));
/// assert_eq!(Error::fatal("the table was dropped").to_string(), "the table was dropped");
/// assert_eq!(Error::retriable_after(Duration::from_secs(1), "busy").to_string(), "busy");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A transient error. Nothing was done, and the runtime repeats the call.
    #[error("{message}")]
    Retriable {
        /// The error message for the log.
        message: String,
        /// How long to wait before the call is repeated; `None` to use the runtime's increasing backoff.
        after: Option<Duration>,
    },
    /// A permanent error; repeating the call will not help. The task or connector becomes FAILED with this text as its
    /// trace.
    #[error("{0}")]
    Fatal(String),
}

impl Error {
    /// Creates a transient error. The runtime repeats the call with its own increasing backoff.
    pub fn retriable(message: impl Display) -> Error {
        Error::Retriable { message: message.to_string(), after: None }
    }

    /// Creates a transient error. The runtime repeats the call after this time.
    pub fn retriable_after(after: Duration, message: impl Display) -> Error {
        Error::Retriable { message: message.to_string(), after: Some(after) }
    }

    /// Creates a permanent error, which fails the task.
    pub fn fatal(message: impl Display) -> Error {
        Error::Fatal(message.to_string())
    }

    /// Returns the text for a call that the runtime does not repeat.
    pub(crate) fn into_text(self) -> String {
        match self {
            Error::Retriable { message, .. } | Error::Fatal(message) => told(&message).into_owned(),
        }
    }
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Error {
        Error::Fatal(error.to_string())
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Error {
        Error::Fatal(error.to_string())
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        match error {
            Error::Retriable { message, after } => {
                Fault::Retriable(Retriable { message: told(&message).into_owned(), after_ms: after.map(milliseconds) })
            }
            Error::Fatal(message) => Fault::Fatal(told(&message).into_owned()),
        }
    }
}

/// Converts a duration to whole milliseconds, at most `u32::MAX` (49 days).
pub(crate) fn milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

/// Classifies any error as retriable or fatal, and adds what the plugin was doing.
///
/// ```
/// use weir_sdk::{Error, ErrorContext};
/// let error = "x".parse::<u32>().or_fatal("the position is not a valid number").unwrap_err();
/// assert_eq!(error, Error::fatal("the position is not a valid number: invalid digit found in string"));
/// ```
pub trait ErrorContext<T> {
    /// Converts the error to a transient one: the call may succeed if it is repeated.
    fn or_retriable(self, doing: impl Display) -> Result<T, Error>;
    /// Converts the error to a permanent one, which fails the task.
    fn or_fatal(self, doing: impl Display) -> Result<T, Error>;
}

impl<T, E: Display> ErrorContext<T> for Result<T, E> {
    fn or_retriable(self, doing: impl Display) -> Result<T, Error> {
        self.map_err(|error| Error::retriable(format_args!("{doing}: {error}")))
    }

    fn or_fatal(self, doing: impl Display) -> Result<T, Error> {
        self.map_err(|error| Error::fatal(format_args!("{doing}: {error}")))
    }
}

/// A record that could not be processed, although others could. It is handled according to `errors.tolerance`.
///
/// ```
/// use weir_sdk::RecordError;
/// assert!(!RecordError::new("not a number").retriable);
/// assert!(RecordError::retriable("the lookup timed out").retriable);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RecordError {
    /// The error message.
    pub message: String,
    /// Whether the same record may succeed later. Only transforms are called again for a single record.
    pub retriable: bool,
}

impl RecordError {
    /// Creates a permanent error for the record.
    pub fn new(message: impl Display) -> RecordError {
        RecordError { message: told(&message.to_string()).into_owned(), retriable: false }
    }

    /// Creates a transient error for the record: it may succeed later.
    pub fn retriable(message: impl Display) -> RecordError {
        RecordError { message: told(&message.to_string()).into_owned(), retriable: true }
    }
}
