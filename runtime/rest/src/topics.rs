//! `/connectors/{c}/topics`: the topics that a connector has written to or read from (KIP-558).

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, put};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::App;
use super::error::Failure;
use super::request::PathParams;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/connectors/{connector}/topics", get(topics))
        .route("/connectors/{connector}/topics/reset", put(reset))
}

async fn topics(State(app): State<App>, PathParams(name): PathParams<String>) -> Result<Json<Value>, Failure> {
    if !app.worker.topic_tracking {
        return Err(Failure::new(StatusCode::FORBIDDEN, "Topic tracking is disabled."));
    }
    let topics = app.herder.active_topics(&name);
    Ok(Json(json!({name: {"topics": topics}})))
}

async fn reset(State(app): State<App>, PathParams(name): PathParams<String>) -> Result<StatusCode, Failure> {
    if !app.worker.topic_tracking {
        return Err(Failure::new(StatusCode::FORBIDDEN, "Topic tracking is disabled."));
    }
    if !app.worker.topic_tracking_reset {
        return Err(Failure::new(StatusCode::FORBIDDEN, "Topic tracking reset is disabled."));
    }
    app.herder.reset_active_topics(&name);
    Ok(StatusCode::ACCEPTED)
}
