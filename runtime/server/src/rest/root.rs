//! `/` and `/health`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

use super::App;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/", get(root)).route("/health", get(health))
}

#[derive(Serialize)]
struct ServerInfo {
    version: &'static str,
    commit: &'static str,
    kafka_cluster_id: Option<String>,
}

async fn root(State(app): State<App>) -> Json<ServerInfo> {
    Json(ServerInfo {
        version: env!("CARGO_PKG_VERSION"),
        commit: option_env!("WEIR_COMMIT").unwrap_or("unknown"),
        kafka_cluster_id: app.herder.kafka_cluster_id(),
    })
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
    message: &'static str,
}

/// A standalone herder answers without waiting for anybody, so a worker that answers at all is healthy.
async fn health(State(app): State<App>) -> (StatusCode, Json<Health>) {
    let (code, status, message) = match app.ready.is_cancelled() {
        true => (StatusCode::OK, "healthy", "Worker has completed startup and is ready to handle requests."),
        false => (StatusCode::SERVICE_UNAVAILABLE, "starting", "Worker is still starting up."),
    };
    (code, Json(Health { status, message }))
}
