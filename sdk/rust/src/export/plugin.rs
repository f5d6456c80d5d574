//! Implements the interface `plugin`.

use super::{config_map, find};
use crate::bindings::host::weir::connect::data::ConfigEntry;
use crate::bindings::plugin::interface::{Guest, PluginInfo, PluginKind};
use crate::config::{Capability, Config, ConfigKey, ConfigValue};
use crate::os_error::told;
use crate::sink::Sink;
use crate::source::Source;
use crate::{ConfigMap, Error, logging};

/// The data and functions of a plugin that the runtime may use without starting it.
#[derive(Debug)]
pub struct PluginEntry {
    /// The class.
    pub class: &'static str,
    /// The kind of plugin.
    pub kind: PluginKind,
    /// The version.
    pub version: &'static str,
    /// The definition of the configuration.
    pub keys: fn() -> Vec<ConfigKey>,
    /// The plugin's own configuration checks.
    pub validate: fn(&ConfigMap) -> Vec<ConfigValue>,
    /// What the plugin needs from outside the sandbox.
    pub capabilities: fn(&ConfigMap) -> Result<Vec<Capability>, Error>,
}

impl PluginEntry {
    /// Creates the entry of a source.
    pub fn source<S: Source>() -> PluginEntry {
        PluginEntry {
            class: S::CLASS,
            kind: PluginKind::Source,
            version: S::VERSION,
            keys: S::Config::keys,
            validate: |config| validate(config, S::validate),
            capabilities: |config| S::capabilities(&S::Config::parse(config)?),
        }
    }

    /// Creates the entry of a sink.
    pub fn sink<S: Sink>() -> PluginEntry {
        PluginEntry {
            class: S::CLASS,
            kind: PluginKind::Sink,
            version: S::VERSION,
            keys: S::Config::keys,
            validate: |config| validate(config, S::validate),
            capabilities: |config| S::capabilities(&S::Config::parse(config)?),
        }
    }
}

/// Returns the parse error of an invalid configuration. The plugin is called only with a valid one.
fn validate<C: Config>(config: &ConfigMap, check: fn(&C) -> Vec<ConfigValue>) -> Vec<ConfigValue> {
    match C::parse(config) {
        Ok(config) => check(&config),
        Err(error) => vec![error.into()],
    }
}

/// The plugins of a component.
pub trait Plugins {
    /// Returns all plugins.
    fn plugins() -> Vec<PluginEntry>;
}

impl<P: Plugins> Guest for P {
    fn describe() -> Vec<PluginInfo> {
        let info = |plugin: PluginEntry| PluginInfo {
            class: plugin.class.into(),
            kind: plugin.kind,
            version: plugin.version.into(),
            config: (plugin.keys)(),
        };
        P::plugins().into_iter().map(info).collect()
    }

    fn validate(class: String, config: Vec<ConfigEntry>) -> Vec<ConfigValue> {
        logging::enter();
        match find(P::plugins(), &class, |plugin| plugin.class) {
            Ok(plugin) => {
                let mut values = (plugin.validate)(&config_map(config));
                for error in values.iter_mut().flat_map(|value| &mut value.errors) {
                    *error = told(error).into_owned();
                }
                values
            }
            Err(unknown) => vec![ConfigValue::error("connector.class", unknown)],
        }
    }

    fn capabilities(class: String, config: Vec<ConfigEntry>) -> Result<Vec<Capability>, String> {
        logging::enter();
        let plugin = find(P::plugins(), &class, |plugin| plugin.class)?;
        (plugin.capabilities)(&config_map(config)).map_err(|error| told(&error.to_string()).into_owned())
    }
}
