//! `/connector-plugins`: lists connectors, transforms and converters, describes their keys and validates configurations, as in
//! `ConnectorPluginsResource`.

use axum::extract::State;
use axum::routing::{get, put};
use axum::{Json, Router};
use serde::Serialize;
use weir_plugin::PluginKind;

use super::App;
use super::connectors::NO_CONFIG;
use super::error::Failure;
use super::request::{JsonBody, Parameters, PathParams, finish};
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
pub(super) struct PluginEntry {
    pub(super) class: String,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<String>,
}

impl PluginEntry {
    pub(super) fn new(class: impl Into<String>, kind: &'static str, version: &str) -> Self {
        // Kafka Connect leaves out an undefined version.
        let version = (!version.is_empty() && version != "undefined").then(|| version.to_owned());
        Self { class: class.into(), kind, version }
    }
}

/// Lists sinks, sources, transforms, predicates, converters and header converters, each kind by class and version.
async fn list(State(app): State<App>, parameters: Parameters) -> Result<Json<Vec<PluginEntry>>, Failure> {
    let connectors_only = parameters.flag("connectorsOnly").unwrap_or(true);
    let catalogue = app.plugins.catalogue();
    let connectors = [PluginKind::Sink, PluginKind::Source];
    let steps = [PluginKind::Transformation, PluginKind::Predicate];
    let steps = if connectors_only { &[][..] } else { &steps[..] };
    let plugins = connectors.iter().chain(steps).flat_map(|kind| catalogue.of_kind(*kind));
    let mut entries: Vec<PluginEntry> = plugins
        .map(|plugin| plugin.info())
        .map(|info| PluginEntry::new(&*info.class, info.kind.as_str(), &info.version))
        .collect();
    // One version of a class may be in several components.
    entries.dedup();
    if !connectors_only {
        let converters = BUILT_IN.iter().filter(|known| known.is_converter);
        entries.extend(converters.map(|known| PluginEntry::new(known.class, "converter", BUILT_IN_VERSION)));
        entries
            .extend(BUILT_IN.iter().map(|known| PluginEntry::new(known.class, "header_converter", BUILT_IN_VERSION)));
    }
    Ok(Json(entries))
}

/// Returns the keys of a plugin in the requested version.
async fn definitions(
    State(app): State<App>,
    PathParams(name): PathParams<String>,
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

/// Validates a configuration. The status is 200 whether or not it is valid.
async fn validate(
    State(app): State<App>,
    PathParams(name): PathParams<String>,
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

/// Whether the client requests the `weir.*` keys, which every connector has in Weir and Kafka Connect does not know.
fn wants_weirs_own(parameters: &Parameters) -> bool {
    parameters.flag("weirKeys").unwrap_or(false)
}

/// Returns the name without the suffix `Connector`, unless nothing else would remain.
fn without_kind(name: &str) -> &str {
    name.strip_suffix("Connector").filter(|stem| !stem.is_empty()).unwrap_or(name)
}

/// Kafka Connect answers a validation that fails with 500 and the exception's class before the message; the creation of the connector
/// is answered with 400.
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
    fn an_undefined_version_is_left_out() {
        let json = |version| serde_json::to_string(&PluginEntry::new("x.A", "sink", version)).expect("JSON");
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
