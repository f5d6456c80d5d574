//! `/metrics`, for Prometheus. Kafka Connect has no such path; there it is the business of an agent in its JVM.

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

use super::App;
use super::error::Failure;
use crate::metrics;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/metrics", get(page)).route("/metrics/", get(page))
}

async fn page(State(app): State<App>) -> Result<impl IntoResponse, Failure> {
    // A worker with thousands of tasks has megabytes to write, which is not to be done on a thread that runs them.
    let written = tokio::task::spawn_blocking(move || metrics::page(&app.herder, &app.plugins)).await;
    let text = written.map_err(|error| {
        tracing::error!(%error, "writing the metrics ended in a panic; this is a bug in Weir");
        Failure::internal("Internal error; the worker's log has more")
    })?;
    Ok(([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], text))
}
