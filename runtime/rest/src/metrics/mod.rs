//! `GET /metrics`, for Prometheus: the worker's counters (`weir_metrics`) and its current state. Kafka Connect has no such path; there an
//! agent in the JVM provides it.

#[cfg(test)]
mod docs;
mod families;
mod family;
mod page;
mod process;
mod text;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

use super::App;
use super::error::Failure;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/metrics", get(answer)).route("/metrics/", get(answer))
}

async fn answer(State(app): State<App>) -> Result<impl IntoResponse, Failure> {
    // A worker with thousands of tasks writes megabytes, which must not block a thread that runs tasks.
    let written = tokio::task::spawn_blocking(move || page::page(app.build, &app.herder, &app.plugins)).await;
    let text = written.map_err(|error| {
        tracing::error!(%error, "writing the metrics ended in a panic; this is a bug in Weir");
        Failure::internal("Internal error; see the worker's log")
    })?;
    Ok(([(header::CONTENT_TYPE, text::CONTENT_TYPE)], text))
}
