//! Limits the concurrent requests of a listener. They are counted after the guard, so that clients without valid credentials cannot use
//! them up.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use tokio::sync::Semaphore;

use super::held::Held;
use crate::error::Failure;

#[derive(Clone)]
struct Requests {
    max: usize,
    /// One permit per request that is being answered.
    permits: Arc<Semaphore>,
}

/// Limits the concurrent requests to these routes.
pub(super) fn at_most(max: usize, router: Router) -> Router {
    let permits = Arc::new(Semaphore::new(max.min(Semaphore::MAX_PERMITS)));
    router.layer(from_fn_with_state(Requests { max, permits }, count))
}

async fn count(State(requests): State<Requests>, request: Request, next: Next) -> Response {
    let Ok(permit) = Arc::clone(&requests.permits).try_acquire_owned() else {
        let max = requests.max;
        let message =
            format!("Too many concurrent requests: the limit is {max} (weir.rest.requests.max); try again later");
        return ([(header::RETRY_AFTER, "1")], Failure::new(StatusCode::SERVICE_UNAVAILABLE, message)).into_response();
    };
    // The request counts until its response has been sent.
    next.run(request).await.map(|body| Body::new(Held::new(body, permit)))
}
