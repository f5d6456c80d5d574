//! `/`, `/health`, and the probes of orchestrators, which Kafka Connect does not have.

use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderName, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

use super::App;

const WEIR_VERSION: HeaderName = HeaderName::from_static("weir-version");
const WEIR_COMMIT: HeaderName = HeaderName::from_static("weir-commit");

pub(super) fn routes() -> Router<App> {
    let routes = Router::new().route("/", get(root)).route("/health", get(health));
    routes.route("/health/live", get(live)).route("/health/ready", get(ready))
}

/// The paths of the liveness and readiness probes. With `weir.rest.probes.open` they need no authentication.
pub(super) const PROBES: [&str; 2] = ["/health/live", "/health/ready"];

#[derive(Serialize)]
struct ServerInfo {
    version: &'static str,
    commit: &'static str,
    kafka_cluster_id: Option<String>,
}

/// Returns the version of the API and the id of the Kafka cluster. Clients take the version for Kafka Connect's, and some refuse unknown
/// members, so Weir's own version is in headers.
async fn root(State(app): State<App>) -> impl IntoResponse {
    let info = ServerInfo {
        version: weir_api::KAFKA_CONNECT,
        commit: weir_api::KAFKA_COMMIT,
        kafka_cluster_id: app.herder.services().kafka_cluster_id().map(str::to_owned),
    };
    ([(WEIR_VERSION, app.build.version), (WEIR_COMMIT, app.build.commit)], Json(info))
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
    message: &'static str,
}

/// Timeout for the herder to answer a health check, as in Kafka Connect.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(10);

/// Returns whether start-up is complete and the herder responds.
async fn health(State(app): State<App>) -> (StatusCode, Json<Health>) {
    let (code, health) = judge(answers(&app).await, app.ready.is_cancelled());
    (code, Json(health))
}

async fn answers(app: &App) -> bool {
    matches!(tokio::time::timeout(HEALTH_TIMEOUT, app.herder.health_check()).await, Ok(Ok(())))
}

#[derive(Serialize)]
struct Probe {
    status: &'static str,
}

/// Returns whether the process is alive, so that a restart would not help. A worker that is starting is alive.
async fn live(State(app): State<App>) -> (StatusCode, Json<Probe>) {
    match !app.ready.is_cancelled() || answers(&app).await {
        true => (StatusCode::OK, Json(Probe { status: "live" })),
        false => (StatusCode::SERVICE_UNAVAILABLE, Json(Probe { status: "not live" })),
    }
}

/// Returns whether the worker can serve requests.
async fn ready(State(app): State<App>) -> (StatusCode, Json<Probe>) {
    match app.ready.is_cancelled() && answers(&app).await {
        true => (StatusCode::OK, Json(Probe { status: "ready" })),
        false => (StatusCode::SERVICE_UNAVAILABLE, Json(Probe { status: "not ready" })),
    }
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
