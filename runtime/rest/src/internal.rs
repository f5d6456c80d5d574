//! The endpoints for requests between workers of a cluster, `POST /connectors/{c}/tasks` and `PUT /connectors/{c}/fence`. A standalone
//! worker refuses both.

use axum::Router;
use axum::routing::{post, put};

use super::App;
use super::error::Failure;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/connectors/{connector}/tasks", post(tasks)).route("/connectors/{connector}/fence", put(fence))
}

async fn tasks() -> Failure {
    Failure::internal("Kafka Connect in standalone mode does not support externally setting task configurations.")
}

async fn fence() -> Failure {
    Failure::internal("Kafka Connect in standalone mode does not support exactly-once source connectors.")
}
