//! The definitions of the keys that every connector has (`SourceConnectorConfig`, `SinkConnectorConfig`), with the defaults and
//! recommended values that depend on the worker and its plugins, and Weir's own keys.

use weir_plugin::{ConfigKey, Importance, PluginKind, Width};

use super::context::Context;
use super::definitions::{Definition, Definitions, Rule};
use crate::keys::Fallback;
use crate::keys::connector::{self, COMMON, SINK, SOURCE};
use crate::recorded;
use crate::worker::WorkerConfig;
use weir_catalogue::{BUILT_IN, BUILT_IN_VERSION, Catalogue, VersionRange};
use weir_java::text::trim;

/// The group of Weir's own keys in responses. It is the last one, after Kafka Connect's.
pub(super) const WEIR: &str = "Weir";

/// Returns the framework's keys of a kind of connector. `class` may be any name of the class.
///
/// `context` is `None` if there is only a class and no configuration; no values are recommended or inherited then.
pub(super) fn definitions(
    kind: PluginKind,
    class: &str,
    catalogue: &Catalogue,
    context: Option<Context<'_>>,
) -> Definitions {
    let name = if kind == PluginKind::Sink { "sink" } else { "source" };
    let mut definitions = Definitions::default();
    for key in recorded::definitions(name) {
        definitions.define(definition(key, class, catalogue, context));
    }
    definitions
}

/// Returns the keys of both sources and sinks, for a configuration whose connector does not exist.
pub(super) fn common_definitions(class: &str, context: Context<'_>) -> Definitions {
    let mut definitions = Definitions::default();
    for key in recorded::definitions("sink").iter().filter(|key| COMMON.iter().any(|own| own.name == key.name)) {
        let mut definition = definition(key, class, context.catalogue, None);
        if let Some(converter) = converter_key(&key.name, ".plugin.version") {
            definition.visible =
                context.given(converter).and_then(|class| context.catalogue.class(trim(class))).is_some();
        }
        definitions.define(definition);
    }
    definitions
}

/// Returns Weir's own keys, in one group.
pub(super) fn weirs_own(kind: PluginKind) -> Definitions {
    let own = if kind == PluginKind::Sink { SINK } else { SOURCE };
    let keys = COMMON.iter().chain(own).filter(|key| key.name.starts_with("weir."));
    let mut definitions = Definitions::default();
    for (key, order) in keys.zip(1..) {
        definitions.define(Definition {
            key: ConfigKey {
                name: key.name.to_owned(),
                kind: key.kind,
                required: key.default == Fallback::Required,
                default: match key.default {
                    Fallback::Value(text) => Some(text.to_owned()),
                    _ => None,
                },
                validators: Vec::new(),
                importance: Importance::Low,
                doc: key.doc.to_owned(),
                group: Some(WEIR.to_owned()),
                order_in_group: order,
                width: Width::Medium,
                display_name: key.name.to_owned(),
                dependents: Vec::new(),
                recommended_values: Vec::new(),
                visible: true,
            },
            rule: Rule::Optional(key.checks),
            is_class: false,
            visible: true,
        });
    }
    definitions
}

/// Returns the key of the converter to which a key with this end belongs.
fn converter_key(name: &str, end: &str) -> Option<&'static str> {
    let stem = name.strip_suffix(end)?;
    ["key.converter", "value.converter", "header.converter"].into_iter().find(|key| *key == stem)
}

fn definition(key: &ConfigKey, class: &str, catalogue: &Catalogue, context: Option<Context<'_>>) -> Definition {
    let checks = connector::find(&key.name).map_or(&[][..], |known| known.checks);
    let mut definition = Definition { key: key.clone(), rule: Rule::Checks(checks), is_class: false, visible: true };
    if key.name == "connector.plugin.version" {
        let versions = catalogue.connector_versions(class);
        definition.key.default = versions.last().cloned();
        if context.is_some() {
            definition.key.recommended_values = versions;
        }
    } else if let Some(name) = converter_key(&key.name, "") {
        let for_headers = name == "header.converter";
        definition.is_class = true;
        definition.rule = Rule::Converter { for_headers };
        if let Some(context) = context {
            definition.key.default = catalogue.class(&worker_class(context.worker, name));
            definition.key.recommended_values = BUILT_IN
                .iter()
                .filter(|known| for_headers || known.is_converter)
                .map(|known| known.class.to_owned())
                .collect();
        }
    } else if let Some(converter) = converter_key(&key.name, ".plugin.version") {
        converter_version(&mut definition, converter, catalogue, context);
    }
    definition
}

/// Returns the class of one of the worker's converters.
fn worker_class(worker: &WorkerConfig, key: &str) -> String {
    let converters = &worker.converters;
    let setting = match key {
        "key.converter" => &converters.key,
        "value.converter" => &converters.value,
        _ => &converters.header,
    };
    setting.class.clone()
}

fn converter_version(
    definition: &mut Definition,
    converter: &str,
    catalogue: &Catalogue,
    context: Option<Context<'_>>,
) {
    let Some(context) = context else {
        definition.visible = false;
        return;
    };
    let for_headers = converter == "header.converter";
    let version_of =
        |class: &str| catalogue.converter(trim(class), for_headers, None).is_ok().then(|| BUILT_IN_VERSION.to_owned());
    let inherited = worker_class(context.worker, converter);
    definition.key.default = match context.given(converter) {
        Some(class) => version_of(class),
        None => context.worker.originals.get(&definition.key.name).cloned().or_else(|| version_of(&inherited)),
    };
    let class = match context.config.get(converter) {
        Some(given) => given.as_deref().and_then(|class| catalogue.class(trim(class))),
        None => catalogue.class(&inherited),
    };
    definition.visible = class.is_some();
    definition.key.recommended_values = class.as_deref().and_then(version_of).into_iter().collect();
    let said = context.given(&definition.key.name).map(|version| VersionRange::requirement(Some(trim(version))));
    definition.rule = Rule::Errors(said.and_then(Result::err).map(|error| error.to_string()).into_iter().collect());
}
