//! `/connector-plugins`: what connectors, transforms and converters there are, as Kafka Connect lists them.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

use super::App;
use super::error::Failure;
use super::request::Parameters;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/connector-plugins", get(list)).route("/connector-plugins/", get(list))
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

/// Built into the worker, as in Kafka Connect.
const CONVERTERS: &[&str] = &[
    "org.apache.kafka.connect.converters.BooleanConverter",
    "org.apache.kafka.connect.converters.ByteArrayConverter",
    "org.apache.kafka.connect.converters.DoubleConverter",
    "org.apache.kafka.connect.converters.FloatConverter",
    "org.apache.kafka.connect.converters.IntegerConverter",
    "org.apache.kafka.connect.converters.LongConverter",
    "org.apache.kafka.connect.converters.ShortConverter",
    "org.apache.kafka.connect.json.JsonConverter",
    "org.apache.kafka.connect.storage.StringConverter",
];

/// The one header converter that is none of the above.
const SIMPLE_HEADER_CONVERTER: &str = "org.apache.kafka.connect.storage.SimpleHeaderConverter";

async fn list(State(app): State<App>, parameters: Parameters) -> Result<Json<Vec<PluginRow>>, Failure> {
    let connectors_only = parameters.flag("connectorsOnly").unwrap_or(true);
    let described = app.plugins.descriptions().into_iter();
    let mut rows: Vec<PluginRow> = described
        .filter(|(_, kind, _)| !connectors_only || matches!(kind.as_str(), "source" | "sink"))
        .map(|(class, kind, version)| PluginRow::new(class, kind.as_str(), &version))
        .collect();
    if !connectors_only {
        let version = env!("CARGO_PKG_VERSION");
        rows.extend(CONVERTERS.iter().map(|class| PluginRow::new(*class, "converter", version)));
        let headers = CONVERTERS.iter().chain([&SIMPLE_HEADER_CONVERTER]);
        rows.extend(headers.map(|class| PluginRow::new(*class, "header_converter", version)));
    }
    Ok(Json(rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_converter_that_is_listed_can_be_made() {
        let none = std::collections::HashMap::new();
        for class in CONVERTERS {
            assert!(weir_data::converter::converter(class, &none, false).is_ok(), "{class}");
            assert!(weir_data::converter::header_converter(class, &none).is_ok(), "{class}");
        }
        assert!(weir_data::converter::header_converter(SIMPLE_HEADER_CONVERTER, &none).is_ok());
    }

    #[test]
    fn a_version_that_nobody_gave_is_left_out() {
        let json = |version| serde_json::to_string(&PluginRow::new("x.A", "sink", version)).expect("JSON");
        assert_eq!(json("1.0"), r#"{"class":"x.A","type":"sink","version":"1.0"}"#);
        assert_eq!(json(""), r#"{"class":"x.A","type":"sink"}"#);
    }
}
