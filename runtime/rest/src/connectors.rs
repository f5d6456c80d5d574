//! `/connectors` and everything below it.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};
use serde_json::{Map, Value};
use weir_plugin::ConfigMap;

use super::App;
use super::error::Failure;
use super::request::{BaseUri, JsonBody, Parameters, PathParams, finish};
use weir_api::json::{self, CreateConnectorRequest, StringMap};
use weir_api::{ConnectorInfo, ConnectorStateInfo, TargetState, TaskInfo, TaskState};
use weir_config::InvalidConfig;
use weir_config::{self as config, ValidateError};
use weir_herder::{Put, size};
use weir_java::text::trim;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/connectors", get(list).post(create))
        .route("/connectors/", get(list).post(create))
        .route("/connectors/{connector}", get(info).delete(delete))
        .route("/connectors/{connector}/config", get(config).put(put_config).patch(patch_config))
        .route("/connectors/{connector}/status", get(status))
        .route("/connectors/{connector}/restart", post(restart))
        .route("/connectors/{connector}/pause", put(pause))
        .route("/connectors/{connector}/resume", put(resume))
        .route("/connectors/{connector}/stop", put(stop))
        .route("/connectors/{connector}/tasks", get(tasks))
        .route("/connectors/{connector}/tasks/{task}/status", get(task_status))
        .route("/connectors/{connector}/tasks/{task}/restart", post(restart_task))
}

/// Lists the names, or with `expand=status` or `expand=info` the details of each connector.
async fn list(State(app): State<App>, parameters: Parameters) -> Result<Json<Value>, Failure> {
    let names = app.herder.connectors();
    if parameters.all("expand").next().is_none() {
        return Ok(Json(Value::from(names)));
    }
    // Each value counts once.
    let mut expansions: Vec<&str> = Vec::new();
    for given in parameters.all("expand") {
        if ["status", "info"].contains(&given) && !expansions.contains(&given) {
            expansions.push(given);
        }
    }
    let mut connectors = Map::new();
    for name in names {
        let mut entry = Map::new();
        for expansion in expansions.iter().copied() {
            // A connector that has been deleted in the meantime is left out, and so is one without a status.
            let value = match expansion {
                "status" => app.herder.connector_status(&name).ok().map(serde_json::to_value),
                "info" => app.herder.connector_info(&name).ok().map(serde_json::to_value),
                _ => continue,
            };
            match value {
                Some(Ok(value)) => drop(entry.insert(expansion.to_owned(), value)),
                _ => break,
            }
        }
        if expansions.iter().all(|expansion| entry.contains_key(*expansion)) {
            connectors.insert(name, Value::Object(entry));
        }
    }
    Ok(Json(Value::Object(connectors)))
}

/// The answer to a request without a body, or without a configuration in it.
pub(super) const NO_CONFIG: &str = "The request has no configuration; send a JSON object with the connector's keys";

/// Adds the connector's name to a configuration, or checks that it is the one of the request, and refuses null values.
async fn with_name(app: &App, name: &str, config: Option<StringMap>) -> Result<ConfigMap, Failure> {
    // Kafka Connect fails with the same status.
    let mut config = config.ok_or_else(|| Failure::internal(NO_CONFIG))?;
    let inner = config.entry("name".to_owned()).or_insert(None).get_or_insert_with(|| name.to_owned());
    // Before a name appears in an answer.
    size::check_name(name).and_then(|()| size::check_name(inner))?;
    if inner != name {
        return Err(Failure::bad_request(format!(
            "Connector name configuration ({inner}) doesn't match connector name in the URL ({name})"
        )));
    }
    if config.values().any(Option::is_none) {
        return Err(match config::validate(&config, &app.worker, &app.plugins).await {
            Ok(infos) => Failure::bad_request(InvalidConfig::Keys(Box::new(infos)).to_string()),
            Err(ValidateError::Invalid(refused)) => Failure::bad_request(refused.to_string()),
            Err(ValidateError::Unresolved(error)) => Failure::internal(error.to_string()),
        });
    }
    Ok(json::without_nulls(config).0)
}

async fn put_connector(
    app: App,
    base: &BaseUri,
    name: String,
    config: ConfigMap,
    replace: bool,
    initial: Option<TargetState>,
) -> Result<Response, Failure> {
    let location = location(base, &name);
    let stage = format!("validating and starting connector {name}");
    let work = async move { app.herder.put_connector(&name, config, replace, initial).await };
    let Put { created, info } = finish(stage, work).await?;
    Ok(match created {
        true => (StatusCode::CREATED, [(header::LOCATION, location)], Json(info)).into_response(),
        false => Json(info).into_response(),
    })
}

/// The characters that a path segment may contain unescaped (RFC 3986), except `;`, which would begin a parameter.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

/// Returns the connector's URL, absolute if the request names the host.
fn location(base: &BaseUri, name: &str) -> String {
    format!("{}/connectors/{}", base.0, percent_encoding::utf8_percent_encode(name, SEGMENT))
}

async fn create(
    State(app): State<App>,
    base: BaseUri,
    JsonBody(body): JsonBody<CreateConnectorRequest>,
) -> Result<Response, Failure> {
    let CreateConnectorRequest { name, config, initial_state } = body.unwrap_or_default();
    let name = trim(&name.unwrap_or_default()).to_owned();
    let config = with_name(&app, &name, config).await?;
    put_connector(app, &base, name, config, false, initial_state).await
}

async fn put_config(
    State(app): State<App>,
    PathParams(name): PathParams<String>,
    base: BaseUri,
    JsonBody(body): JsonBody<StringMap>,
) -> Result<Response, Failure> {
    let config = with_name(&app, &name, body).await?;
    put_connector(app, &base, name, config, true, None).await
}

async fn patch_config(
    State(app): State<App>,
    PathParams(name): PathParams<String>,
    JsonBody(patch): JsonBody<StringMap>,
) -> Result<Json<ConnectorInfo>, Failure> {
    app.herder.connector_info(&name)?;
    let patch = patch.ok_or_else(|| Failure::internal(NO_CONFIG))?;
    let stage = format!("validating and starting connector {name}");
    let Put { info, .. } = finish(stage, async move { app.herder.patch_connector(&name, patch).await }).await?;
    Ok(Json(info))
}

async fn info(State(app): State<App>, PathParams(name): PathParams<String>) -> Result<Json<ConnectorInfo>, Failure> {
    Ok(Json(app.herder.connector_info(&name)?))
}

async fn config(State(app): State<App>, PathParams(name): PathParams<String>) -> Result<Json<ConfigMap>, Failure> {
    Ok(Json(app.herder.connector_info(&name)?.config))
}

async fn delete(State(app): State<App>, PathParams(name): PathParams<String>) -> Result<StatusCode, Failure> {
    let stage = format!("stopping connector {name}");
    finish(stage, async move { app.herder.delete_connector(&name).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn status(
    State(app): State<App>,
    PathParams(name): PathParams<String>,
) -> Result<Json<ConnectorStateInfo>, Failure> {
    Ok(Json(app.herder.connector_status(&name)?))
}

async fn tasks(State(app): State<App>, PathParams(name): PathParams<String>) -> Result<Json<Vec<TaskInfo>>, Failure> {
    Ok(Json(app.herder.task_infos(&name)?))
}

async fn task_status(
    State(app): State<App>,
    PathParams((name, task)): PathParams<(String, i32)>,
) -> Result<Json<TaskState>, Failure> {
    Ok(Json(app.herder.task_status(&name, task)?))
}

async fn restart(
    State(app): State<App>,
    PathParams(name): PathParams<String>,
    parameters: Parameters,
) -> Result<Response, Failure> {
    let include_tasks = parameters.flag("includeTasks").unwrap_or(false);
    let only_failed = parameters.flag("onlyFailed").unwrap_or(false);
    if include_tasks || only_failed {
        let stage = format!("restarting connector {name}");
        let work = async move { app.herder.restart(&name, include_tasks, only_failed).await };
        let states = finish(stage, work).await?;
        return Ok((StatusCode::ACCEPTED, Json(states)).into_response());
    }
    let stage = format!("restarting connector {name}");
    finish(stage, async move { app.herder.restart_connector(&name).await }).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn restart_task(
    State(app): State<App>,
    PathParams((name, task)): PathParams<(String, i32)>,
) -> Result<StatusCode, Failure> {
    let stage = format!("restarting task {name}-{task}");
    finish(stage, async move { app.herder.restart_task(&name, task).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn set_target(app: App, name: String, target: TargetState) -> Result<(), Failure> {
    let stage = format!("changing the state of connector {name}");
    finish(stage, async move { app.herder.set_target_state(&name, target).await }).await
}

async fn pause(State(app): State<App>, PathParams(name): PathParams<String>) -> Result<StatusCode, Failure> {
    set_target(app, name, TargetState::Paused).await?;
    Ok(StatusCode::ACCEPTED)
}

async fn resume(State(app): State<App>, PathParams(name): PathParams<String>) -> Result<StatusCode, Failure> {
    set_target(app, name, TargetState::Started).await?;
    Ok(StatusCode::ACCEPTED)
}

async fn stop(State(app): State<App>, PathParams(name): PathParams<String>) -> Result<StatusCode, Failure> {
    set_target(app, name, TargetState::Stopped).await?;
    Ok(StatusCode::NO_CONTENT)
}
