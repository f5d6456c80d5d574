//! `/` and `/health`.

use std::time::Duration;

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

/// How long the herder may take to answer a health check, as in Kafka Connect.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(10);

/// Whether the worker has started, and its herder answers.
async fn health(State(app): State<App>) -> (StatusCode, Json<Health>) {
    let answer = tokio::time::timeout(HEALTH_TIMEOUT, app.herder.health_check()).await;
    let (code, health) = judge(matches!(answer, Ok(Ok(()))), app.ready.is_cancelled());
    (code, Json(health))
}

fn judge(answers: bool, ready: bool) -> (StatusCode, Health) {
    let (code, status, message) = match (answers, ready) {
        (true, true) => (StatusCode::OK, "healthy", "Worker has completed startup and is ready to handle requests."),
        (_, false) => (StatusCode::SERVICE_UNAVAILABLE, "starting", "Worker is still starting up."),
        (false, true) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "unhealthy",
            "Worker was unable to handle this request and may be unable to handle other requests.",
        ),
    };
    (code, Health { status, message })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_is_unhealthy_only_once_it_was_ready() {
        let judged = |answers, ready| {
            let (code, health) = judge(answers, ready);
            (code.as_u16(), health.status)
        };
        assert_eq!(judged(true, true), (200, "healthy"));
        assert_eq!(judged(true, false), (503, "starting"));
        assert_eq!(judged(false, false), (503, "starting"));
        assert_eq!(judged(false, true), (500, "unhealthy"));
    }
}
