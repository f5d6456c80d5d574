//! `/admin/loggers`: the levels of loggers, shown and changed while the worker runs.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use serde_json::{Map, Value};
use tracing::{info, warn};

use super::App;
use super::error::Failure;
use super::request::{JsonBody, Parameters, PathParams};
use weir_api::json::StringMap;
use weir_logging::{self as logging, Level};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/admin/loggers", get(list))
        .route("/admin/loggers/", get(list))
        .route("/admin/loggers/{logger}", get(logger).put(set_level))
}

#[derive(Serialize)]
struct LoggerLevel {
    level: &'static str,
    last_modified: Option<u64>,
}

impl From<logging::LoggerLevel> for LoggerLevel {
    fn from(level: logging::LoggerLevel) -> Self {
        Self { level: level.level.name(), last_modified: level.last_modified }
    }
}

async fn list(State(app): State<App>) -> Json<Map<String, Value>> {
    let levels = app.herder.services().levels().all();
    let value = |level| serde_json::to_value(LoggerLevel::from(level)).unwrap_or_default();
    Json(levels.into_iter().map(|(name, level)| (name, value(level))).collect())
}

async fn logger(State(app): State<App>, PathParams(name): PathParams<String>) -> Result<Json<LoggerLevel>, Failure> {
    let level = app.herder.services().levels().get(&name);
    Ok(Json(level.ok_or_else(|| Failure::not_found(format!("Logger {name} not found.")))?.into()))
}

async fn set_level(
    State(app): State<App>,
    PathParams(name): PathParams<String>,
    parameters: Parameters,
    JsonBody(body): JsonBody<StringMap>,
) -> Result<Response, Failure> {
    let scope = parameters.all("scope").next().unwrap_or("worker").to_lowercase();
    // Kafka Connect answers a missing body, and a level without a name, with this status.
    let mut body = body.ok_or_else(|| Failure::internal("The request has no level; send {\"level\":\"INFO\"}"))?;
    let wanted = body.swap_remove("level").flatten();
    let wanted =
        wanted.ok_or_else(|| Failure::bad_request("Desired 'level' parameter was not specified in request."))?;
    if wanted.is_empty() {
        return Err(Failure::internal("Illegal null or empty Level name."));
    }
    let level = Level::parse(&wanted).ok_or_else(|| Failure::not_found(format!("invalid log level '{wanted}'.")))?;
    if scope != "worker" && scope != "cluster" {
        warn!(scope, "unknown scope in a request to change a log level; using worker");
    }
    let changed = app
        .herder
        .services()
        .levels()
        .set(&name, level)
        .map_err(|too_many| Failure::bad_request(too_many.to_string()))?;
    info!(logger = name, level = level.name(), changed = changed.len(), "log level changed");
    // A standalone worker is the whole cluster.
    Ok(match scope.as_str() {
        "cluster" => StatusCode::NO_CONTENT.into_response(),
        _ => Json(changed).into_response(),
    })
}
