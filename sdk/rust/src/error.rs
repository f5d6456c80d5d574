//! What a plugin can say went wrong: try again later, this task cannot go on, or (per row) this row cannot be handled.

use std::fmt::Display;
use std::time::Duration;

use crate::bindings::host::weir::connect::data::{Fault, Retry};
use crate::config::ConfigError;
use crate::os_error::told;

/// Why a call did not do what it was asked.
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
    /// Something passing. Nothing was done, and the runtime makes the same call again later.
    #[error("{message}")]
    Retry {
        /// What went wrong, for the log.
        message: String,
        /// How long to wait before that; `None` leaves it to the runtime's own growing delay.
        after: Option<Duration>,
    },
    /// Nothing that waiting mends. The task (or the connector) becomes FAILED, and this text is its trace.
    #[error("{0}")]
    Task(String),
}

impl Error {
    /// Something passing: the runtime calls again, after a delay of its own that grows.
    pub fn retry(message: impl Display) -> Error {
        Error::Retry { message: message.to_string(), after: None }
    }

    /// Something passing: the runtime calls again after this time.
    pub fn retry_after(after: Duration, message: impl Display) -> Error {
        Error::Retry { message: message.to_string(), after: Some(after) }
    }

    /// The task cannot go on.
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

/// Whole milliseconds, at most `u32::MAX` of them (49 days).
pub(crate) fn milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

/// Says of any error what it means here, and what was being done.
///
/// ```
/// use weir_sdk::{Error, ErrorContext};
/// let error = "x".parse::<u32>().or_task("the position is no number").unwrap_err();
/// assert_eq!(error, Error::task("the position is no number: invalid digit found in string"));
/// ```
pub trait ErrorContext<T> {
    /// The call may succeed when it is made again.
    fn or_retry(self, doing: impl Display) -> Result<T, Error>;
    /// The task cannot go on.
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

/// One row that could not be handled, while the others could. It goes the way of `errors.tolerance`.
///
/// ```
/// use weir_sdk::RowError;
/// assert!(!RowError::new("not a number").retry);
/// assert!(RowError::retry("the lookup timed out").retry);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RowError {
    /// What is wrong with the row.
    pub message: String,
    /// True = the same row may succeed later. Only transforms are asked again for a single row.
    pub retry: bool,
}

impl RowError {
    /// This row will never succeed.
    pub fn new(message: impl Display) -> RowError {
        RowError { message: told(&message.to_string()).into_owned(), retry: false }
    }

    /// This row may succeed later.
    pub fn retry(message: impl Display) -> RowError {
        RowError { message: told(&message.to_string()).into_owned(), retry: true }
    }
}
