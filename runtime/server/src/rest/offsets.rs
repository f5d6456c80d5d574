//! `/connectors/{c}/offsets`: where a connector is, and where it is to go on (KIP-875).

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::Value;

use super::App;
use super::error::Failure;
use super::json::{self, Error};
use super::request::{JsonBody, Place, finish, json_failure};
use crate::herder::api::{ConnectorOffset, ConnectorOffsets, Message};

pub(super) fn routes() -> Router<App> {
    Router::new().route("/connectors/{connector}/offsets", get(offsets).patch(alter).delete(reset))
}

async fn offsets(State(app): State<App>, Place(name): Place<String>) -> Result<Json<ConnectorOffsets>, Failure> {
    let stage = format!("reading the offsets of connector {name}");
    Ok(Json(finish(stage, async move { app.herder.connector_offsets(&name).await }).await?))
}

async fn alter(
    State(app): State<App>,
    Place(name): Place<String>,
    JsonBody(body): JsonBody,
) -> Result<Json<Message>, Failure> {
    let offsets = parse(body)?;
    let stage = format!("altering the offsets of connector {name}");
    Ok(Json(finish(stage, async move { app.herder.modify_offsets(&name, Some(offsets)).await }).await?))
}

async fn reset(State(app): State<App>, Place(name): Place<String>) -> Result<Json<Message>, Failure> {
    let stage = format!("resetting the offsets of connector {name}");
    Ok(Json(finish(stage, async move { app.herder.modify_offsets(&name, None).await }).await?))
}

/// The offsets of a request; at least one.
fn parse(body: Value) -> Result<Vec<ConnectorOffset>, Failure> {
    const CLASS: &str = "org.apache.kafka.connect.runtime.rest.entities.ConnectorOffsets";
    const LIST: &str = "java.util.ArrayList<org.apache.kafka.connect.runtime.rest.entities.ConnectorOffset>";
    let mut offsets = Vec::new();
    if !body.is_null() {
        for (field, value) in json::object(body, CLASS).map_err(json_failure)? {
            if field != "offsets" {
                let known = "one known property: \"offsets\"";
                return Err(json_failure(Error::UnknownField { field, class: CLASS, known }));
            }
            offsets = match value {
                Value::Null => Vec::new(),
                Value::Array(values) => values.into_iter().map(parse_one).collect::<Result<_, _>>()?,
                other => return Err(json_failure(json::wrong_type(LIST, &other))),
            };
        }
    }
    match offsets.is_empty() {
        false => Ok(offsets),
        true => Err(Failure::bad_request("Partitions / offsets need to be provided for an alter offsets request")),
    }
}

fn parse_one(value: Value) -> Result<ConnectorOffset, Failure> {
    const CLASS: &str = "org.apache.kafka.connect.runtime.rest.entities.ConnectorOffset";
    const MAP: &str = "java.util.LinkedHashMap<java.lang.String,java.lang.Object>";
    let mut offset = ConnectorOffset { partition: Value::Null, offset: Value::Null };
    for (field, value) in json::object(value, CLASS).map_err(json_failure)? {
        let place = match field.as_str() {
            "partition" => &mut offset.partition,
            "offset" => &mut offset.offset,
            _ => {
                let known = "2 known properties: \"partition\", \"offset\"";
                return Err(json_failure(Error::UnknownField { field, class: CLASS, known }));
            }
        };
        if !value.is_null() && !value.is_object() {
            return Err(json_failure(json::wrong_type(MAP, &value)));
        }
        *place = value;
    }
    Ok(offset)
}
