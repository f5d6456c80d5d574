//! Whether a connector's configuration will do, as `AbstractHerder.validateConnectorConfig` finds out: all that is defined, all that
//! is wrong, in the order and in the words of Kafka Connect. Weir's own keys and errors come behind that.

mod asking;
mod converters;
mod definitions;
mod framework;
mod infos;
mod overrides;
mod recorded;
mod steps;
#[cfg(test)]
mod tests;
mod unlisted;

use weir_plugin::{ConfigKey, PluginInfo, PluginKind};

use self::definitions::{Definition, Definitions, Found, FoundValues};
use self::framework::Context;
pub(crate) use self::recorded::client_setting;
pub(crate) use self::steps::StepPlugins;
use super::WorkerConfig;
use super::common::Common;
use super::connector::{ConnectorConfig, Invalid};
use super::def;
use super::error::Error;
use weir_api::json::{StringMap, without_nulls};
use weir_catalogue::{BuiltIn, Catalogue, LookupError, Plugin, Plugins, VersionError, VersionRange, shipped};
use weir_kafka::internal_topics::is_internal;
use weir_plugin::ConfigMap;

pub use infos::{ConfigInfo, ConfigInfos, ConfigKeyInfo, ConfigValueInfo};

/// A configuration that was looked at.
pub struct Validated {
    /// All that is known about its keys.
    pub infos: ConfigInfos,
    /// What the herder makes tasks of; none where something is wrong.
    pub connector: Option<ConnectorConfig>,
}

/// Looks at a configuration. Calls guests, each within the connector's call timeout.
///
/// # Errors
///
/// There is no connector whose definitions the configuration could be held against. What is wrong with keys is in the answer.
pub async fn validate(config: &StringMap, worker: &WorkerConfig, plugins: &Plugins) -> Result<Validated, Invalid> {
    let Some(class) = config.get("connector.class").and_then(Option::as_deref) else {
        return Err(Invalid::no_class(config));
    };
    let version = config.get("connector.plugin.version").and_then(Option::as_deref);
    let range = VersionRange::requirement(version)?;
    // Which version of a class is the latest shows when all plugins are there.
    plugins.loaded().await;
    let catalogue = plugins.catalogue();
    let connector = match catalogue.connector(class, range.as_ref()) {
        Ok(connector) => connector,
        Err(LookupError::Version(error)) => {
            let context = Context { config, worker, catalogue: &catalogue, connector: None };
            return Ok(Validated { infos: without_connector(class, context, &error), connector: None });
        }
        Err(LookupError::Unknown { class, available, .. }) => {
            let none = if available.is_empty() { "none" } else { "" };
            let hint = none.to_owned() + &shipped::hint(&worker.plugin_path, available.is_empty());
            return Err(Invalid::Class(LookupError::Unknown { class, available, hint }));
        }
        Err(error) => return Err(Invalid::Class(error)),
    };
    let context = Context { config, worker, catalogue: &catalogue, connector: Some(&connector) };
    let kind = connector.info().kind;

    let mut definitions = framework::definitions(kind, class, &catalogue, Some(context));
    let step_plugins = steps::enrich(&mut definitions, context);
    let mut values = definitions.validate_all(config, &catalogue);
    if kind == PluginKind::Sink {
        check_sink(context, &mut values);
    }
    add_null_errors(config, &mut values);
    // In this order: what is wrong with a converter is noted with the framework's keys.
    let of_converters = converters::validate(context, &mut values);
    let (submitted, _) = without_nulls(config.clone());
    let of_clients = overrides::validate(context, kind, &submitted);
    let name = submitted.get("name").cloned().unwrap_or_default();
    let common = Common::parse(&name, &submitted, connector.info(), worker);
    let mut errors = own_values(&mut definitions, &mut values, &connector, &submitted, &common, context).await;
    errors.extend(ask_steps(&mut values, &step_plugins, &common).await);

    let mut infos = ConfigInfos::of_connector(class, &definitions, values);
    infos.append(of_clients);
    infos.append(of_converters);
    let weirs_own = framework::weirs_own(kind);
    infos.append(ConfigInfos::of_connector(class, &weirs_own, weirs_own.validate_all(config, &catalogue)));
    for error in errors.iter().chain(&step_plugins.errors).chain(&common.faults) {
        // What librdkafka says of a value that is no number, say, was said already.
        if !(error.key().contains(".override.") && infos.has_error(error.key())) {
            infos.add_error(error.key(), error.to_string());
        }
    }
    let connector =
        (infos.error_count == 0).then(|| ConnectorConfig::new(name, &connector, submitted, common, &step_plugins));
    Ok(Validated { infos, connector })
}

/// The definitions of one plugin, for `GET /connector-plugins/{p}/config`: its own, then the framework's, then, if they are asked for,
/// those that every connector of Weir has and none of Kafka Connect.
pub fn plugin_definitions(plugin: &PluginInfo, catalogue: &Catalogue, weirs: bool) -> Vec<ConfigKeyInfo> {
    let mut definitions = Definitions::default();
    // A plugin that stands in for one of Kafka Connect's may have keys that are Weir's own.
    let asked_for = |key: &&ConfigKey| key.visible && (weirs || key.group.as_deref() != Some(framework::WEIR));
    for key in plugin.config.iter().filter(asked_for) {
        definitions.define(Definition::of_plugin(key.clone()));
    }
    if matches!(plugin.kind, PluginKind::Source | PluginKind::Sink) {
        let framework = framework::definitions(plugin.kind, &plugin.class, catalogue, None);
        let weirs_own = if weirs { framework::weirs_own(plugin.kind) } else { Definitions::default() };
        for definition in framework.iter().chain(weirs_own.iter()) {
            if definitions.get(&definition.key.name).is_none() {
                definitions.define(definition.clone());
            }
        }
    }
    definitions.iter().map(|definition| ConfigKeyInfo::new(definition, "")).collect()
}

/// The definitions of a converter.
pub fn converter_definitions(converter: BuiltIn) -> Vec<ConfigKeyInfo> {
    converters::definitions(converter.class).iter().map(|definition| ConfigKeyInfo::new(definition, "")).collect()
}

/// `AbstractHerder.invalidVersionedConnectorValidation`: what can be said where the connector is not there in the version asked for.
fn without_connector(class: &str, context: Context<'_>, error: &VersionError) -> ConfigInfos {
    let definitions = framework::common_definitions(class, context);
    let mut values = definitions.validate_all(context.config, context.catalogue);
    for key in ["connector.class", "connector.plugin.version"] {
        if let Some(found) = values.get_mut(key) {
            found.errors.push(error.to_string());
        }
    }
    if let Some(found) = values.get_mut("connector.plugin.version") {
        found.recommended.clone_from(&error.available);
    }
    add_null_errors(context.config, &mut values);
    ConfigInfos::of_connector(class, &definitions, values)
}

fn add_null_errors(config: &StringMap, values: &mut FoundValues) {
    for key in config.iter().filter(|(_, value)| value.is_none()).map(|(key, _)| key) {
        values.entry(key.clone()).or_default().errors.push(NULL.to_owned());
    }
    // Those that nobody defines come as they stand in Java's map.
    let order = weir_java::hash_map::order(values.keys().map(String::as_str));
    let mut sorted: Vec<_> = std::mem::take(values).into_iter().map(Some).collect();
    values.extend(order.into_iter().filter_map(|place| sorted.get_mut(place)?.take()));
}

/// What is wrong with null.
const NULL: &str = "Null value can not be supplied as the configuration value.";

/// `SinkConnectorConfig.validate`: one of two keys says what the sink reads, which must not be its own dead letter queue.
fn check_sink(context: Context<'_>, values: &mut FoundValues) {
    let text = |key: &str| context.given(key).filter(|text| !text.trim().is_empty());
    let (topics, regex) = (text("topics"), text("topics.regex"));
    let queue = text("errors.deadletterqueue.topic.name").map(weir_java::text::trim);
    let mut add = |key: &str, error: String| values.entry(key.to_owned()).or_default().errors.push(error);
    let both = match (topics, regex) {
        (Some(_), Some(_)) => Some("topics and topics.regex are mutually exclusive options, but both are set."),
        (None, None) => Some("Must configure one of topics or topics.regex"),
        _ => None,
    };
    if let Some(error) = both {
        add("topics", error.to_owned());
        add("topics.regex", error.to_owned());
    }
    let Some(queue) = queue else { return };
    if is_internal(queue) {
        let error = format!("The DLQ topic '{queue}' is one of Kafka's internal topics; choose another one");
        add("errors.deadletterqueue.topic.name", error);
    }
    if let Some(topics) = topics {
        let topics: indexmap::IndexSet<String> =
            def::list(topics).into_iter().filter(|topic| !topic.is_empty()).collect();
        if topics.contains(queue) {
            let topics = topics.into_iter().collect::<Vec<_>>().join(", ");
            add(
                "topics",
                format!(
                    "The DLQ topic '{queue}' may not be included in the list of topics ('topics=[{topics}]') consumed by the connector"
                ),
            );
        }
    }
    if let Some(regex) = regex
        && weir_java::regex::JavaRegex::new(regex).is_ok_and(|pattern| pattern.matches(queue) == Ok(true))
    {
        add(
            "topics.regex",
            format!(
                "The DLQ topic '{queue}' may not be matched by the regex for the topics ('topics.regex={regex}') consumed by the connector"
            ),
        );
    }
}

/// Adds the connector's own definitions and what is found out about their values: by the definitions, and if those have nothing
/// against it, by the plugin (`Connector.validate`).
///
/// # Returns
///
/// What kept the plugin from being asked.
async fn own_values(
    definitions: &mut Definitions,
    values: &mut FoundValues,
    connector: &Plugin,
    submitted: &ConfigMap,
    common: &Common,
    context: Context<'_>,
) -> Vec<Error> {
    let mut own = Definitions::default();
    for key in &connector.info().config {
        own.define(Definition::of_plugin(key.clone()));
    }
    let mut own_values = own.validate_all(context.config, context.catalogue);
    for (key, found) in &mut own_values {
        // Kafka Connect forgets this error where the key is the connector's own, and takes the configuration.
        if context.config.get(key).is_some_and(Option::is_none) {
            found.errors.push(NULL.to_owned());
        }
    }
    let mut errors = Vec::new();
    if own_values.values().all(|found| found.errors.is_empty()) {
        match asking::connector(connector, submitted, &common.limits, context.worker).await {
            Ok(answers) => take(answers, &mut own_values, values),
            Err(error) => errors.push(error),
        }
    }
    for definition in own.iter() {
        definitions.define(definition.clone());
    }
    for (key, found) in own_values {
        // What the connector says of a key of the framework's takes the place of what the framework said.
        values.insert(key, found);
    }
    errors
}

/// Adds what plugins answered to what is known: of their own keys, else of the framework's.
fn take(answers: Vec<weir_plugin::ConfigValue>, own: &mut FoundValues, others: &mut FoundValues) {
    for answer in answers {
        let known =
            if own.contains_key(&answer.key) || !others.contains_key(&answer.key) { &mut *own } else { &mut *others };
        let found: &mut Found = known.entry(answer.key).or_default();
        found.errors.extend(answer.errors);
        if !answer.recommended_values.is_empty() {
            found.recommended = answer.recommended_values;
        }
        found.visible &= answer.visible;
    }
}

/// Asks the transforms and predicates whose keys are in order by their definitions.
async fn ask_steps(values: &mut FoundValues, plugins: &StepPlugins, common: &Common) -> Vec<Error> {
    let transforms = common.steps.iter().filter_map(|step| {
        Some((format!("transforms.{}.", step.alias), plugins.transforms.get(&step.alias)?, &step.settings))
    });
    let predicates = common.predicates.iter().filter_map(|predicate| {
        Some((
            format!("predicates.{}.", predicate.alias),
            plugins.predicates.get(&predicate.alias)?,
            &predicate.settings,
        ))
    });
    let mut errors = Vec::new();
    for (prefix, plugin, settings) in transforms.chain(predicates) {
        let in_order = values.iter().all(|(key, found)| !key.starts_with(&prefix) || found.errors.is_empty());
        if !in_order {
            continue;
        }
        match asking::step(plugin, settings, &common.limits, &prefix).await {
            Ok(answers) => take(answers, values, &mut FoundValues::new()),
            Err(error) => errors.push(error),
        }
    }
    errors
}
