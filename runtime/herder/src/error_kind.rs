//! The kinds of errors.

/// The kind of an error, from which the REST API derives the status of the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// What the request names does not exist.
    NotFound,
    /// The request contradicts the current state.
    Conflict,
    /// The request or the configuration is not valid.
    BadRequest,
    /// The worker failed to do what was requested.
    Internal,
}
