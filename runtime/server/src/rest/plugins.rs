//! `/plugins`: the upload of components, and what was uploaded. Weir's own resource.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http_body_util::BodyExt;
use serde::Serialize;
use weir_plugin::Component;

use super::App;
use super::connector_plugins::PluginRow;
use super::error::Failure;
use super::request::{Place, finish, has_type};
use crate::plugins::Stored;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/plugins", get(list).post(upload))
        .route("/plugins/", get(list).post(upload))
        .route("/plugins/{id}", get(info).delete(delete))
}

/// How much of a body that is too large is thrown away, and for how long.
const DRAIN_BYTES: usize = 64 << 20;
const DRAIN_TIME: Duration = Duration::from_secs(5);

/// A component: its id (the SHA-256 of its bytes), what is in it, and what it wants from the runtime.
#[derive(Serialize)]
struct ComponentInfo {
    id: String,
    plugins: Vec<PluginRow>,
    imports: Vec<String>,
}

impl ComponentInfo {
    fn new(component: &Component) -> Self {
        let rows =
            component.plugins().iter().map(|info| PluginRow::new(&*info.class, info.kind.as_str(), &info.version));
        Self { id: component.id().to_string(), plugins: rows.collect(), imports: component.imports().to_vec() }
    }
}

/// A component, and where it came from.
#[derive(Serialize)]
struct StoredInfo {
    #[serde(flatten)]
    component: ComponentInfo,
    /// False = it can only be removed where it lies.
    uploaded: bool,
    /// Its file on `plugin.path`.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
}

impl StoredInfo {
    fn new(stored: &Stored) -> Self {
        Self {
            component: ComponentInfo::new(&stored.component),
            uploaded: stored.uploaded,
            path: stored.path.as_ref().map(|path| path.display().to_string()),
        }
    }
}

async fn list(State(app): State<App>) -> Json<Vec<StoredInfo>> {
    Json(app.plugins.components().iter().map(StoredInfo::new).collect())
}

async fn info(State(app): State<App>, Place(id): Place<String>) -> Result<Json<StoredInfo>, Failure> {
    let stored = app.plugins.component(&id).ok_or_else(|| Failure::not_found(format!("Plugin {id} not found")))?;
    Ok(Json(StoredInfo::new(&stored)))
}

/// Takes a component. 201 = it is new, 200 = it was there; connectors can use it at once.
async fn upload(State(app): State<App>, request: Request) -> Result<Response, Failure> {
    if !has_type(request.headers(), "application/wasm") {
        let message = "HTTP 415 Unsupported Media Type; send the component with Content-Type: application/wasm";
        return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    let max = usize::try_from(app.worker.plugin_max_bytes).unwrap_or(usize::MAX);
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: usize| length > max) {
        // A client that asks before it sends gets its answer so; any other one is sending already.
        if !request.headers().contains_key(header::EXPECT) {
            drain(&mut request.into_body()).await;
        }
        return Err(too_large(max));
    }
    let bytes = read(request.into_body(), max).await?;
    let work = async move { app.plugins.upload(bytes).await };
    let uploaded = finish("compiling and storing an uploaded plugin", work).await?;
    let info = ComponentInfo::new(&uploaded.component);
    Ok(match uploaded.created {
        true => {
            let location = format!("/plugins/{}", info.id);
            (StatusCode::CREATED, [(header::LOCATION, location)], Json(info)).into_response()
        }
        false => Json(info).into_response(),
    })
}

fn too_large(max: usize) -> Failure {
    let message = format!(
        "The component is larger than {max} bytes; build it with the plugin profile and strip it, or raise weir.plugin.max.bytes"
    );
    Failure::new(StatusCode::PAYLOAD_TOO_LARGE, message)
}

/// Throws away what is still coming, within bounds: a client that cannot finish sending often does not read the answer.
async fn drain(body: &mut Body) {
    let all = async {
        let mut left = DRAIN_BYTES;
        while let Some(Ok(frame)) = body.frame().await {
            left = match left.checked_sub(frame.data_ref().map_or(0, |data| data.len())) {
                Some(left) => left,
                None => break,
            };
        }
    };
    // Whoever is slower than that has to guess.
    let _ = tokio::time::timeout(DRAIN_TIME, all).await;
}

/// Reads a body, of which no more than `max` bytes are kept.
async fn read(mut body: Body, max: usize) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    loop {
        // The listener sees to it that a body does not stand still.
        let frame = match body.frame().await {
            None => return Ok(bytes),
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Err(Failure::bad_request(format!("The upload broke off: {error}"))),
        };
        if let Some(data) = frame.data_ref() {
            if bytes.len() + data.len() > max {
                drain(&mut body).await;
                return Err(too_large(max));
            }
            bytes.extend_from_slice(data);
        }
    }
}

async fn delete(State(app): State<App>, Place(id): Place<String>) -> Result<StatusCode, Failure> {
    let stored = app.plugins.component(&id).ok_or_else(|| Failure::not_found(format!("Plugin {id} not found")))?;
    let id = stored.component.id().clone();
    let users = app.herder.connectors_using(&id);
    if !users.is_empty() {
        let message = format!(
            "Plugin {id} is used by the connectors {}; delete them or change their class first",
            users.join(", ")
        );
        return Err(Failure::new(StatusCode::CONFLICT, message));
    }
    finish("removing an uploaded plugin", async move { app.plugins.delete(&id).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}
