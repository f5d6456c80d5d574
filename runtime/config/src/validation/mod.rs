//! Validation of connector configurations, as in `AbstractHerder.validateConnectorConfig`: definitions, values and errors in Kafka
//! Connect's order and with its texts, followed by Weir's own keys and errors.

mod context;
mod converters;
mod definitions;
mod error;
mod framework;
mod infos;
mod overrides;
mod plugin_checks;
mod sink;
mod steps;
#[cfg(test)]
mod tests;
mod unlisted;

use std::collections::{BTreeSet, HashSet};

use weir_plugin::{ConfigKey, PluginInfo, PluginKind};

use self::context::Context;
use self::definitions::{Definition, Definitions, Found, FoundValues};
pub(crate) use self::steps::StepPlugins;
use crate::error::Error;
use crate::for_plugin::for_plugin;
use crate::providers::Resolved;
use crate::settings::ConnectorSettings;
use crate::worker::WorkerConfig;
use weir_api::json::{StringMap, without_nulls};
use weir_catalogue::{BuiltIn, Catalogue, LookupError, Plugin, Plugins, VersionError, VersionRange, shipped};
use weir_plugin::{ConfigMap, PluginConfig};

pub use error::InvalidConfig;
pub use infos::{ConfigInfo, ConfigInfos, ConfigKeyInfo, ConfigValueInfo};

/// The result of a validation.
pub(crate) struct Validated {
    /// All that is known about the keys.
    pub(crate) infos: ConfigInfos,
    /// The parts of the configuration; `None` if it has errors.
    pub(crate) valid: Option<Valid>,
}

/// The parts of a valid configuration.
pub(crate) struct Valid {
    pub(crate) name: String,
    /// The connector's class.
    pub(crate) plugin: Plugin,
    /// The configuration without null values.
    pub(crate) config: ConfigMap,
    pub(crate) settings: ConnectorSettings,
    pub(crate) step_plugins: StepPlugins,
}

/// Validates a configuration, of which `resolved` knows what came from config providers. Calls plugins, with the connector's call timeout.
///
/// # Errors
///
/// The configuration's connector class does not exist. Errors about keys are part of the result.
pub(crate) async fn validate(
    config: &StringMap,
    resolved: &Resolved,
    worker: &WorkerConfig,
    plugins: &Plugins,
) -> Result<Validated, InvalidConfig> {
    let Some(class) = config.get("connector.class").and_then(Option::as_deref) else {
        return Err(InvalidConfig::no_class(config));
    };
    let version = config.get("connector.plugin.version").and_then(Option::as_deref);
    let range = VersionRange::requirement(version)?;
    // The latest version of a class is known only after all plugins are loaded.
    plugins.loaded().await;
    let catalogue = plugins.catalogue();
    let connector = match catalogue.connector(class, range.as_ref()) {
        Ok(connector) => connector,
        Err(LookupError::Version(error)) => {
            let context = Context { config, worker, catalogue: &catalogue, connector: None };
            return Ok(Validated { infos: without_connector(class, context, &error), valid: None });
        }
        Err(LookupError::Unknown { class, available, .. }) => {
            let none = if available.is_empty() { "none" } else { "" };
            let hint = none.to_owned() + &shipped::hint(&worker.plugin_path, available.is_empty());
            return Err(InvalidConfig::Class(LookupError::Unknown { class, available, hint }));
        }
        Err(error) => return Err(InvalidConfig::Class(error)),
    };
    let context = Context { config, worker, catalogue: &catalogue, connector: Some(&connector) };
    let kind = connector.info().kind;

    let mut definitions = framework::definitions(kind, class, &catalogue, Some(context));
    let step_plugins = steps::enrich(&mut definitions, context);
    let mut values = definitions.validate_all(config, &catalogue);
    if kind == PluginKind::Sink {
        sink::check(context, &mut values);
    }
    add_null_errors(config, &mut values);
    // The converters come first, because their errors are added to the framework's keys.
    let of_converters = converters::validate(context, &mut values);
    let (submitted, _) = without_nulls(config.clone());
    let of_clients = overrides::validate(context, kind, &submitted);
    let name = submitted.get("name").cloned().unwrap_or_default();
    let settings = ConnectorSettings::parse(&name, &submitted, connector.info(), worker);
    let received = for_plugin(&connector.info().config, &submitted, "", resolved);
    let mut errors = validate_own_keys(&mut definitions, &mut values, &connector, &received, &settings, context).await;
    errors.extend(check_steps(&mut values, &step_plugins, &settings, resolved).await);

    let mut infos = ConfigInfos::of_connector(class, &definitions, values);
    infos.append(of_clients);
    infos.append(of_converters);
    let weirs_own = framework::weirs_own(kind);
    infos.append(ConfigInfos::of_connector(class, &weirs_own, weirs_own.validate_all(config, &catalogue)));
    // An override may have an error from Kafka's definition already, for example because it is not a number.
    let mut overrides: HashSet<String> =
        infos.keys_with_errors().filter(|key| key.contains(OVERRIDE)).map(str::to_owned).collect();
    let errors = errors.iter().chain(&step_plugins.errors).chain(&settings.faults);
    infos
        .add_errors(errors.filter(|error| !error.key().contains(OVERRIDE) || overrides.insert(error.key().to_owned())));
    let valid = (infos.error_count == 0).then(|| Valid {
        name,
        plugin: connector.clone(),
        config: submitted,
        settings,
        step_plugins,
    });
    Ok(Validated { infos, valid })
}

/// Returns the definitions of a plugin, for `GET /connector-plugins/{p}/config`: its own, then the framework's, then, if `weirs`,
/// Weir's own keys.
pub fn plugin_definitions(plugin: &PluginInfo, catalogue: &Catalogue, weirs: bool) -> Vec<ConfigKeyInfo> {
    let mut definitions = Definitions::default();
    // A plugin that replaces one of Kafka Connect's may have additional keys in Weir's group.
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

/// Returns the definitions of a converter's settings.
pub fn converter_definitions(converter: BuiltIn) -> Vec<ConfigKeyInfo> {
    converters::definitions(converter.class).iter().map(|definition| ConfigKeyInfo::new(definition, "")).collect()
}

/// `AbstractHerder.invalidVersionedConnectorValidation`: the result if the connector does not exist in the requested version.
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
    // Keys without a definition have the order of Java's map.
    let order = weir_java::hash_map::order(values.keys().map(String::as_str));
    let mut sorted: Vec<_> = std::mem::take(values).into_iter().map(Some).collect();
    values.extend(order.into_iter().filter_map(|place| sorted.get_mut(place)?.take()));
}

/// The part of a key that makes it a setting of a client.
const OVERRIDE: &str = ".override.";

/// The error of a null value.
const NULL: &str = "Null value can not be supplied as the configuration value.";

/// Adds the connector's own definitions and the results for them. If they have no errors, the plugin checks the configuration too
/// (`Connector.validate`).
///
/// # Returns
///
/// Why the plugin could not be called.
async fn validate_own_keys(
    definitions: &mut Definitions,
    values: &mut FoundValues,
    connector: &Plugin,
    received: &PluginConfig,
    settings: &ConnectorSettings,
    context: Context<'_>,
) -> Vec<Error> {
    let mut own = Definitions::default();
    for key in &connector.info().config {
        own.define(Definition::of_plugin(key.clone()));
    }
    let mut own_values = own.validate_all(context.config, context.catalogue);
    for (key, found) in &mut own_values {
        // Kafka Connect loses this error if the key is the connector's own, and accepts the configuration.
        if context.config.get(key).is_some_and(Option::is_none) {
            found.errors.push(NULL.to_owned());
        }
    }
    let mut errors = Vec::new();
    if own_values.values().all(|found| found.errors.is_empty()) {
        match plugin_checks::connector(connector, received, &settings.limits, context.worker).await {
            Ok(answers) => add_results(answers, &mut own_values, values),
            Err(error) => errors.push(error),
        }
    }
    for definition in own.iter() {
        definitions.define(definition.clone());
    }
    for (key, found) in own_values {
        // The connector's result for a key of the framework replaces the framework's.
        values.insert(key, found);
    }
    errors
}

/// Adds the plugin's results to those for its own keys, otherwise to those for the framework's keys.
fn add_results(answers: Vec<weir_plugin::ConfigValue>, own: &mut FoundValues, others: &mut FoundValues) {
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

/// Lets the transforms and predicates whose keys have no errors check their configuration.
async fn check_steps(
    values: &mut FoundValues,
    plugins: &StepPlugins,
    settings: &ConnectorSettings,
    resolved: &Resolved,
) -> Vec<Error> {
    let transforms = settings.steps.iter().filter_map(|step| {
        Some((format!("transforms.{}.", step.alias), plugins.transforms.get(&step.alias)?, &step.settings))
    });
    let predicates = settings.predicates.iter().filter_map(|predicate| {
        Some((
            format!("predicates.{}.", predicate.alias),
            plugins.predicates.get(&predicate.alias)?,
            &predicate.settings,
        ))
    });
    let mut errors = Vec::new();
    // Sorted, so that not all keys are compared with each prefix.
    let with_errors = values.iter().filter(|(_, found)| !found.errors.is_empty());
    let mut with_errors: BTreeSet<String> = with_errors.map(|(key, _)| key.clone()).collect();
    for (prefix, plugin, config) in transforms.chain(predicates) {
        if with_errors.range(prefix.clone()..).next().is_some_and(|key| key.starts_with(&prefix)) {
            continue;
        }
        let received = for_plugin(&plugin.info().config, config, &prefix, resolved);
        match plugin_checks::step(plugin, &received, &settings.limits, &prefix).await {
            Ok(answers) => {
                let wrong = answers.iter().filter(|answer| !answer.errors.is_empty());
                with_errors.extend(wrong.map(|answer| answer.key.clone()));
                add_results(answers, values, &mut FoundValues::new());
            }
            Err(error) => errors.push(error),
        }
    }
    errors
}
