//! `/plugins`: uploads, lists and deletes components. A Weir extension.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http_body_util::BodyExt;
use serde::Serialize;
use weir_plugin::{Component, LoadError};

use super::App;
use super::connector_plugins::PluginEntry;
use super::error::Failure;
use super::request::{PathParams, attend, finish, has_type};
use weir_catalogue::{Catalogue, Incoming, Plugins, Stored, Unloaded, UploadError};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/plugins", get(list).post(upload))
        .route("/plugins/", get(list).post(upload))
        .route("/plugins/{id}", get(info).delete(delete))
}

/// How many bytes of a body that is too large are read and discarded, and for how long.
const DRAIN_BYTES: usize = 64 << 20;
const DRAIN_TIME: Duration = Duration::from_secs(5);

/// Maximum time for an upload to arrive. The number of concurrent uploads is limited, so a slow client must not occupy one for ever.
const ARRIVAL_TIME: Duration = Duration::from_secs(600);

/// The length of the header of a WebAssembly file.
const HEADER_BYTES: usize = 8;
/// The first half of the header.
const MAGIC: &[u8; 4] = b"\0asm";
/// The second half of a core module's header.
const MODULE: &[u8; 4] = b"\x01\0\0\0";

/// A component: its id (the SHA-256 of its bytes), its plugins, and what it imports from the runtime.
#[derive(Serialize)]
struct ComponentInfo {
    id: String,
    plugins: Vec<PluginEntry>,
    imports: Vec<String>,
}

impl ComponentInfo {
    fn new(component: &Component) -> Self {
        let entries =
            component.plugins().iter().map(|info| PluginEntry::new(&*info.class, info.kind.as_str(), &info.version));
        Self { id: component.id().to_string(), plugins: entries.collect(), imports: component.imports().to_vec() }
    }
}

/// The answer to an upload.
#[derive(Serialize)]
struct UploadedInfo {
    id: String,
    plugins: Vec<UploadedEntry>,
    imports: Vec<String>,
}

/// A plugin of an uploaded component.
#[derive(Serialize)]
struct UploadedEntry {
    #[serde(flatten)]
    plugin: PluginEntry,
    /// Whether it is used. If not, another component has the same class in the same version.
    used: bool,
    /// The id of the component that is used.
    #[serde(rename = "usedId")]
    used_id: String,
}

impl UploadedInfo {
    fn new(component: &Component, catalogue: &Catalogue) -> Self {
        let ComponentInfo { id, plugins, imports } = ComponentInfo::new(component);
        let used = component.plugins().iter().map(|info| {
            let used = catalogue.used(info).map(|plugin| plugin.component().id().to_string());
            used.unwrap_or_else(|| id.clone())
        });
        let entries = plugins.into_iter().zip(used);
        let entries = entries.map(|(plugin, used_id)| UploadedEntry { plugin, used: used_id == id, used_id });
        Self { plugins: entries.collect(), id, imports }
    }
}

/// A component and its origin.
#[derive(Serialize)]
struct StoredInfo {
    #[serde(flatten)]
    component: ComponentInfo,
    /// Whether it was uploaded. If not, it can only be deleted from `plugin.path`.
    uploaded: bool,
    /// Its file on `plugin.path`.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// `LOADING` or `FAILED` if its plugins are not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    /// Why it cannot be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl StoredInfo {
    fn new(stored: &Stored) -> Self {
        Self {
            component: ComponentInfo::new(&stored.component),
            uploaded: stored.uploaded,
            path: stored.path.as_ref().map(|path| path.display().to_string()),
            state: None,
            error: None,
        }
    }

    fn unloaded(file: &Unloaded) -> Self {
        let component =
            ComponentInfo { id: file.name.clone().unwrap_or_default(), plugins: Vec::new(), imports: Vec::new() };
        Self {
            component,
            uploaded: file.uploaded,
            path: (!file.uploaded).then(|| file.path.display().to_string()),
            state: Some(if file.error.is_some() { "FAILED" } else { "LOADING" }),
            error: file.error.clone(),
        }
    }

    /// Returns the component or file with this name.
    fn find(plugins: &Plugins, name: &str) -> Result<Self, Failure> {
        let unloaded = || plugins.unloaded().into_iter().find(|file| file.name.as_deref() == Some(name));
        let found = plugins.component(name).as_ref().map(Self::new).or_else(|| unloaded().as_ref().map(Self::unloaded));
        found.ok_or_else(|| Failure::not_found(format!("Plugin {name} not found")))
    }
}

async fn list(State(app): State<App>) -> Json<Vec<StoredInfo>> {
    let (components, unloaded) = (app.plugins.components(), app.plugins.unloaded());
    Json(components.iter().map(StoredInfo::new).chain(unloaded.iter().map(StoredInfo::unloaded)).collect())
}

async fn info(State(app): State<App>, PathParams(id): PathParams<String>) -> Result<Json<StoredInfo>, Failure> {
    StoredInfo::find(&app.plugins, &id).map(Json)
}

/// Stores an uploaded component. The status is 201 if it is new, 200 if it existed; connectors can use it at once.
async fn upload(State(app): State<App>, request: Request) -> Result<Response, Failure> {
    if !has_type(request.headers(), "application/wasm") {
        let message = "HTTP 415 Unsupported Media Type; send the component with Content-Type: application/wasm";
        return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    let max = usize::try_from(app.worker.plugin_max_bytes).unwrap_or(usize::MAX);
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: usize| length > max) {
        // A client with `Expect: 100-continue` has not sent the body yet; any other client is already sending it.
        if !request.headers().contains_key(header::EXPECT) {
            drain(&mut request.into_body()).await;
        }
        return Err(too_large(max));
    }
    let expects = request.headers().contains_key(header::EXPECT);
    let mut body = request.into_body();
    let Some(mut upload) = app.plugins.begin_upload().await? else {
        if !expects {
            drain(&mut body).await;
        }
        return Ok(too_many(app.worker.plugin_uploads_max));
    };
    match tokio::time::timeout(ARRIVAL_TIME, receive(&mut body, &mut upload, max)).await {
        Ok(received) => received?,
        Err(_) => {
            let message = format!("The upload took more than {} s to arrive", ARRIVAL_TIME.as_secs());
            return Err(Failure::new(StatusCode::REQUEST_TIMEOUT, message));
        }
    }
    let plugins = app.plugins.clone();
    // If the client disconnects, the compilation is cancelled, also while it is queued.
    let loaded = attend("compiling an uploaded plugin", async move { plugins.load_upload(upload).await }).await?;
    let plugins = app.plugins.clone();
    let work = async move { plugins.keep(loaded).await };
    let uploaded = finish("storing an uploaded plugin", work).await?;
    let catalogue = app.plugins.catalogue();
    let info = UploadedInfo::new(&uploaded.component, &catalogue);
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

/// Reads and discards the rest of a body, within bounds: a client that cannot finish sending often does not read the response.
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
    // A slower client may not see the response.
    let _ = tokio::time::timeout(DRAIN_TIME, all).await;
}

fn too_many(max: usize) -> Response {
    let message = format!("Too many uploads at once: the limit is {max} (weir.plugin.uploads.max); try again later");
    ([(header::RETRY_AFTER, "5")], Failure::new(StatusCode::SERVICE_UNAVAILABLE, message)).into_response()
}

/// Writes a body to disk as it arrives. Refuses more than `max` bytes, and a body that does not begin like a component.
async fn receive(body: &mut Body, upload: &mut Incoming, max: usize) -> Result<(), Failure> {
    let mut begins = Vec::new();
    loop {
        // The listener's timeouts end a body that stalls.
        let frame = match body.frame().await {
            None => return Ok(()),
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Err(Failure::bad_request(format!("Failed to read the upload: {error}"))),
        };
        let Some(data) = frame.data_ref() else { continue };
        if upload.bytes() + data.len() > max {
            drain(body).await;
            return Err(too_large(max));
        }
        if begins.len() < HEADER_BYTES {
            begins.extend(data.iter().take(HEADER_BYTES - begins.len()));
            if let Err(error) = check_beginning(&begins) {
                drain(body).await;
                return Err(UploadError::from(error).into());
            }
        }
        upload.write(data).await.map_err(UploadError::from)?;
    }
}

/// Refuses an upload whose first bytes are not those of a component.
fn check_beginning(bytes: &[u8]) -> Result<(), LoadError> {
    let (magic, kind) = bytes.split_at(bytes.len().min(MAGIC.len()));
    if !MAGIC.starts_with(magic) {
        return Err(LoadError::Garbage { reason: "it does not start with the WebAssembly magic number".to_owned() });
    }
    if kind == MODULE { Err(LoadError::CoreModule) } else { Ok(()) }
}

async fn delete(State(app): State<App>, PathParams(id): PathParams<String>) -> Result<StatusCode, Failure> {
    // No connector uses a component that is not loaded.
    let stored = app.plugins.component(&id);
    let users = stored.map(|stored| app.herder.connectors_using(stored.component.id())).unwrap_or_default();
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
