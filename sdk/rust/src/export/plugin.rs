//! Implements the interfaces that every component exports: `plugin`, `validation` and `capabilities`.

use super::find;
use crate::bindings::capabilities::interface as capabilities;
use crate::bindings::host::weir::connect::data::ConfigEntry;
use crate::bindings::plugin::interface as plugin;
use crate::bindings::validation::interface as validation;
use crate::config::{Capability, Config, ConfigKey, ConfigValue, received};
use crate::os_error::told;
use crate::sink::Sink;
use crate::source::Source;
use crate::transform::{self, Predicate, Transform};
use crate::{ConfigMap, Error, logging};

/// The data and functions of a plugin that the runtime may use without starting it.
#[derive(Debug)]
pub struct PluginEntry {
    /// The class.
    pub class: &'static str,
    /// The kind of plugin.
    pub kind: Kind,
    version: &'static str,
    doc: Option<&'static str>,
    memory: Option<u64>,
    keys: fn() -> Vec<ConfigKey>,
    validate: fn(&ConfigMap) -> Vec<ConfigValue>,
    capabilities: fn(&ConfigMap) -> Result<Vec<Capability>, Error>,
}

/// The kinds of plugins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A source.
    Source,
    /// A sink.
    Sink,
    /// A transform.
    Transformation,
    /// A predicate.
    Predicate,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Kind::Source => "source",
            Kind::Sink => "sink",
            Kind::Transformation => "transformation",
            Kind::Predicate => "predicate",
        }
    }
}

impl PluginEntry {
    /// Creates the entry of a source.
    pub fn source<S: Source>() -> PluginEntry {
        PluginEntry {
            class: S::CLASS,
            kind: Kind::Source,
            version: S::VERSION,
            doc: S::DOC,
            memory: S::MEMORY,
            keys: S::Config::keys,
            validate: |config| validate(config, S::validate),
            capabilities: |config| S::capabilities(&S::Config::parse(config)?),
        }
    }

    /// Creates the entry of a sink.
    pub fn sink<S: Sink>() -> PluginEntry {
        PluginEntry {
            class: S::CLASS,
            kind: Kind::Sink,
            version: S::VERSION,
            doc: S::DOC,
            memory: S::MEMORY,
            keys: S::Config::keys,
            validate: |config| validate(config, S::validate),
            capabilities: |config| S::capabilities(&S::Config::parse(config)?),
        }
    }

    /// Creates the entry of a transform.
    pub fn transform<T: Transform>() -> PluginEntry {
        PluginEntry {
            class: T::CLASS,
            kind: Kind::Transformation,
            version: T::VERSION,
            doc: T::DOC,
            memory: T::MEMORY,
            keys: T::Config::keys,
            validate: |config| {
                let error = T::Config::parse(config).and_then(T::new).err();
                error.map(Into::into).into_iter().collect()
            },
            capabilities: |_| Ok(Vec::new()),
        }
    }

    /// Creates the entry of a predicate.
    pub fn predicate<P: Predicate>() -> PluginEntry {
        PluginEntry {
            class: P::CLASS,
            kind: Kind::Predicate,
            version: P::VERSION,
            doc: P::DOC,
            memory: P::MEMORY,
            keys: P::Config::keys,
            validate: |config| {
                let error = P::Config::parse(config).and_then(P::new).err();
                error.map(Into::into).into_iter().collect()
            },
            capabilities: |_| Ok(Vec::new()),
        }
    }

    fn describe(self) -> plugin::PluginInfo {
        let memory = self.memory.map(|bytes| ("memory".to_owned(), bytes.to_string()));
        let doc = self.doc.map(|doc| ("doc".to_owned(), doc.to_owned()));
        plugin::PluginInfo {
            class_name: self.class.into(),
            kind: self.kind.as_str().into(),
            version: self.version.into(),
            config: (self.keys)().into_iter().map(ConfigKey::into_wit).collect(),
            attributes: doc.into_iter().chain(memory).collect(),
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

    /// Returns the transforms and predicates.
    fn chains() -> transform::Plugins;
}

impl<P: Plugins> plugin::Guest for P {
    fn describe() -> Vec<plugin::PluginInfo> {
        P::plugins().into_iter().map(PluginEntry::describe).collect()
    }
}

impl<P: Plugins> validation::Guest for P {
    fn validate(class: String, config: Vec<ConfigEntry>) -> Vec<ConfigValue> {
        logging::enter();
        match find(P::plugins(), &class, |plugin| plugin.class) {
            Ok(plugin) => {
                let mut values = (plugin.validate)(&received(config).0);
                for error in values.iter_mut().flat_map(|value| &mut value.errors) {
                    *error = told(error).into_owned();
                }
                values
            }
            Err(unknown) => vec![ConfigValue::error("connector.class", unknown)],
        }
    }
}

impl<P: Plugins> capabilities::Guest for P {
    fn required(class: String, config: Vec<ConfigEntry>) -> Result<Vec<capabilities::Capability>, String> {
        logging::enter();
        let plugin = find(P::plugins(), &class, |plugin| plugin.class)?;
        let required = (plugin.capabilities)(&received(config).0).map_err(Error::into_text)?;
        Ok(required.into_iter().map(Into::into).collect())
    }
}
