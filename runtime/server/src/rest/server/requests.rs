//! The requests that a listener answers at once. Counted behind the guard, so that clients that prove no name hold none of them.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use hyper::body::{Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::rest::error::Failure;

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
    next.run(request).await.map(|body| Body::new(Counted { body, _permit: permit }))
}

/// The body of an answer. As long as it is there the request counts.
struct Counted {
    body: Body,
    _permit: OwnedSemaphorePermit,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
