//! `/connectors/{c}/offsets`: reads, alters and resets the offsets of a connector (KIP-875).

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Map, Value};

use super::App;
use super::error::Failure;
use super::request::{JsonBody, PathParams, finish};
use weir_api::json;
use weir_api::{ConnectorOffset, ConnectorOffsets, Message};

pub(super) fn routes() -> Router<App> {
    Router::new().route("/connectors/{connector}/offsets", get(offsets).patch(alter).delete(reset))
}

async fn offsets(
    State(app): State<App>,
    PathParams(name): PathParams<String>,
) -> Result<Json<ConnectorOffsets>, Failure> {
    let stage = format!("reading the offsets of connector {name}");
    Ok(Json(finish(stage, async move { app.herder.connector_offsets(&name).await }).await?))
}

async fn alter(
    State(app): State<App>,
    PathParams(name): PathParams<String>,
    JsonBody(body): JsonBody<json::ConnectorOffsets>,
) -> Result<Json<Message>, Failure> {
    let offsets = given(body)?;
    let stage = format!("altering the offsets of connector {name}");
    Ok(Json(finish(stage, async move { app.herder.modify_offsets(&name, Some(offsets)).await }).await?))
}

async fn reset(State(app): State<App>, PathParams(name): PathParams<String>) -> Result<Json<Message>, Failure> {
    let stage = format!("resetting the offsets of connector {name}");
    Ok(Json(finish(stage, async move { app.herder.modify_offsets(&name, None).await }).await?))
}

/// Returns the offsets of a request, which must be at least one.
fn given(body: Option<json::ConnectorOffsets>) -> Result<Vec<ConnectorOffset>, Failure> {
    // Kafka Connect fails with the same status if the body or an item is null.
    let null =
        |what| Failure::internal(format!("{what}; send {{\"offsets\":[{{\"partition\":{{..}},\"offset\":{{..}}}}]}}"));
    let offsets = body.ok_or_else(|| null("The request has no offsets"))?.offsets.unwrap_or_default();
    if offsets.is_empty() {
        return Err(Failure::bad_request("Partitions / offsets need to be provided for an alter offsets request"));
    }
    let value = |map: Option<Map<String, Value>>| map.map_or(Value::Null, Value::Object);
    let given = offsets.into_iter().map(|offset| {
        let offset = offset.ok_or_else(|| null("An item of the offsets is null"))?;
        Ok(ConnectorOffset { partition: value(offset.partition), offset: value(offset.offset) })
    });
    given.collect()
}
