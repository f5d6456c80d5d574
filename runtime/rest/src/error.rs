//! The format of errors: `{"error_code":404,"message":"Connector a not found"}`. The code is the HTTP status.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use weir_plugin::LoadError;

use weir_catalogue::{DeleteError, UploadError};
use weir_herder::{self as herder, ErrorKind};

/// The seconds after which a client that was answered with 503 may try again.
const RETRY_AFTER: &str = "5";

/// A request that failed.
#[derive(Debug)]
pub(super) struct Failure {
    status: StatusCode,
    message: String,
}

#[derive(Serialize)]
struct ErrorMessage<'a> {
    error_code: u16,
    message: &'a str,
}

impl Failure {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    /// Creates an error with status 400.
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// Creates an error with status 404.
    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// Creates an error with status 500.
    pub(super) fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, message)
    }

    /// Creates an error with the message that JAX-RS uses for a status, `HTTP 404 Not Found`.
    pub(super) fn plain(status: StatusCode) -> Self {
        Self::new(status, format!("HTTP {} {}", status.as_u16(), status.canonical_reason().unwrap_or_default()))
    }

    /// Returns status 400 for a malformed request, with headers that forbid caching.
    pub(super) fn malformed(why: &str) -> Response {
        let mut response = Self::bad_request(why).into_response();
        let uncached = HeaderValue::from_static("must-revalidate,no-cache,no-store");
        response.headers_mut().insert(header::CACHE_CONTROL, uncached);
        response
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = ErrorMessage { error_code: self.status.as_u16(), message: &self.message };
        let mut response = (self.status, Json(body)).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER));
        }
        response
    }
}

impl From<herder::Error> for Failure {
    fn from(error: herder::Error) -> Self {
        let status = match error.kind() {
            ErrorKind::NotFound => StatusCode::NOT_FOUND,
            ErrorKind::Conflict => StatusCode::CONFLICT,
            ErrorKind::BadRequest => StatusCode::BAD_REQUEST,
            ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.to_string())
    }
}

impl From<UploadError> for Failure {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::Load(LoadError::NotCompiled(error)) if error.is_transient() => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
            }
            UploadError::Load(error) => Self::bad_request(error.to_string()),
            UploadError::Shadows { .. } => Self::new(StatusCode::CONFLICT, error.to_string()),
            UploadError::Store(error) => Self::internal(error.to_string()),
        }
    }
}

impl From<DeleteError> for Failure {
    fn from(error: DeleteError) -> Self {
        let status = match &error {
            DeleteError::NotFound(_) => StatusCode::NOT_FOUND,
            DeleteError::OnPath { .. } => StatusCode::CONFLICT,
            DeleteError::Store(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.to_string())
    }
}

/// Answers a request for an unknown path.
pub(super) async fn unknown_path() -> Failure {
    Failure::plain(StatusCode::NOT_FOUND)
}

/// Answers a request with a method that the resource does not support.
pub(super) async fn unknown_method() -> Failure {
    Failure::plain(StatusCode::METHOD_NOT_ALLOWED)
}
