//! `/connector-plugins`: what connectors, transforms and converters there are, what keys they have, and whether a configuration
//! will do for one, as in `ConnectorPluginsResource`.

use axum::extract::State;
use axum::routing::{get, put};
use axum::{Json, Router};
use serde::Serialize;
use weir_plugin::PluginKind;

use super::App;
use super::connectors::NO_CONFIG;
use super::error::Failure;
use super::request::{JsonBody, Parameters, Place, finish};
use weir_api::json::StringMap;
use weir_catalogue::{AnyPlugin, BUILT_IN, BUILT_IN_VERSION, VersionRange};
use weir_config::validation::{self, ConfigInfos, ConfigKeyInfo};
use weir_config::{self as config, ValidateError};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/connector-plugins", get(list))
        .route("/connector-plugins/", get(list))
        .route("/connector-plugins/{plugin}/config", get(definitions))
        .route("/connector-plugins/{plugin}/config/validate", put(validate))
}

/// One plugin of any kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct PluginRow {
    pub(super) class: String,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<String>,
}

impl PluginRow {
    pub(super) fn new(class: impl Into<String>, kind: &'static str, version: &str) -> Self {
        // Kafka Connect leaves out a version that nobody has given.
        let version = (!version.is_empty() && version != "undefined").then(|| version.to_owned());
        Self { class: class.into(), kind, version }
    }
}

/// Sinks, sources, transforms, predicates, converters, header converters, each by class and version.
async fn list(State(app): State<App>, parameters: Parameters) -> Result<Json<Vec<PluginRow>>, Failure> {
    let connectors_only = parameters.flag("connectorsOnly").unwrap_or(true);
    let catalogue = app.plugins.catalogue();
    let connectors = [PluginKind::Sink, PluginKind::Source];
    let steps = [PluginKind::Transformation, PluginKind::Predicate];
    let steps = if connectors_only { &[][..] } else { &steps[..] };
    let plugins = connectors.iter().chain(steps).flat_map(|kind| catalogue.of_kind(*kind));
    let mut rows: Vec<PluginRow> = plugins
        .map(|plugin| plugin.info())
        .map(|info| PluginRow::new(&*info.class, info.kind.as_str(), &info.version))
        .collect();
    // One version of a class may be in several components.
    rows.dedup();
    if !connectors_only {
        let converters = BUILT_IN.iter().filter(|known| known.is_converter);
        rows.extend(converters.map(|known| PluginRow::new(known.class, "converter", BUILT_IN_VERSION)));
        rows.extend(BUILT_IN.iter().map(|known| PluginRow::new(known.class, "header_converter", BUILT_IN_VERSION)));
    }
    Ok(Json(rows))
}

/// The keys of a plugin, in the version that is asked for.
async fn definitions(
    State(app): State<App>,
    Place(name): Place<String>,
    parameters: Parameters,
) -> Result<Json<Vec<ConfigKeyInfo>>, Failure> {
    let version = parameters.all("version").next();
    let range = VersionRange::requirement(version)
        .map_err(|_| Failure::bad_request(format!("Invalid version specification: {}", version.unwrap_or_default())))?;
    let catalogue = app.plugins.catalogue();
    match catalogue.any(&name, range.as_ref()) {
        Ok(Some(AnyPlugin::Plugin(plugin))) => {
            Ok(Json(validation::plugin_definitions(plugin.info(), &catalogue, wants_weirs_own(&parameters))))
        }
        Ok(Some(AnyPlugin::BuiltIn(converter))) => Ok(Json(validation::converter_definitions(converter))),
        Ok(Some(AnyPlugin::Other)) => Err(Failure::bad_request(format!(
            "Invalid plugin class {name}. Valid types are sink, source, converter, header_converter, transformation, predicate."
        ))),
        Ok(None) => Err(Failure::not_found(format!("Unknown plugin {name}."))),
        Err(error) => Err(Failure::bad_request(error.to_string())),
    }
}

/// All that is known about a configuration; 200 whether or not it will do.
async fn validate(
    State(app): State<App>,
    Place(name): Place<String>,
    parameters: Parameters,
    JsonBody(body): JsonBody<StringMap>,
) -> Result<Json<ConfigInfos>, Failure> {
    let config = body.ok_or_else(|| Failure::internal(NO_CONFIG))?;
    if let Some(class) = config.get("connector.class").and_then(Option::as_deref)
        && !without_kind(class).ends_with(without_kind(&name))
    {
        return Err(Failure::bad_request(format!(
            "Included connector type {class} does not match request type {name}"
        )));
    }
    let work = async move { config::validate(&config, &app.worker, &app.plugins).await.map_err(not_unwrapped) };
    let infos = finish("performing config validation for the connector", work).await?;
    Ok(Json(if wants_weirs_own(&parameters) { infos } else { infos.without_weirs_own() }))
}

/// Whether the client asks for the keys that every connector has here and none in Kafka Connect, `weir.*`.
fn wants_weirs_own(parameters: &Parameters) -> bool {
    parameters.flag("weirKeys").unwrap_or(false)
}

/// The name without `Connector`, unless it is nothing else.
fn without_kind(name: &str) -> &str {
    name.strip_suffix("Connector").filter(|stem| !stem.is_empty()).unwrap_or(name)
}

/// Kafka Connect answers what kept it from validating with 500 and the exception's class in front, where creating the connector
/// answers 400.
fn not_unwrapped(error: ValidateError) -> Failure {
    let class = match error {
        ValidateError::Invalid(_) => "org.apache.kafka.connect.runtime.rest.errors.BadRequestException",
        ValidateError::Unresolved(_) => "org.apache.kafka.common.config.ConfigException",
    };
    Failure::internal(format!("{class}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_that_nobody_gave_is_left_out() {
        let json = |version| serde_json::to_string(&PluginRow::new("x.A", "sink", version)).expect("JSON");
        assert_eq!(json("1.0"), r#"{"class":"x.A","type":"sink","version":"1.0"}"#);
        assert_eq!(json(""), r#"{"class":"x.A","type":"sink"}"#);
    }

    #[test]
    fn the_end_of_a_class_may_be_left_out() {
        for (name, stem) in [("x.SourceConnector", "x.Source"), ("Connector", "Connector"), ("Source", "Source")] {
            assert_eq!(without_kind(name), stem);
        }
    }
}
