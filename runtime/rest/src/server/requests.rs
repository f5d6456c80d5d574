//! The requests that a listener answers at once. Counted behind the guard, so that clients that prove no name hold none of them.

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
    /// A permit for each request that is being answered.
    permits: Arc<Semaphore>,
}

/// These routes for so many requests at once.
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
    // As long as the body is there the request counts.
    next.run(request).await.map(|body| Body::new(Held::new(body, permit)))
}
