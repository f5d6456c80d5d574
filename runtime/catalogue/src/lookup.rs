//! Finds the plugin for a configured name and version, as `DelegatingClassLoader` does: the latest version that matches, except
//! that one from the connector's own component takes precedence.

use std::collections::BTreeSet;

use weir_plugin::{ComponentId, PluginInfo, PluginKind};

use weir_java::maven::{Version, VersionRange};

use super::alias::{Aliases, simple_name};
use super::built_in::{self, BUILT_IN, BUILT_IN_VERSION, BuiltIn, OTHERS};
use super::plugin::Plugin;

/// The class exists, but not in a requested version. The text is Kafka Connect's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Plugin {class} not found that matches the version range {range}, available versions: [{}]", .available.join(", "))]
pub struct VersionError {
    /// The full class name.
    pub class: String,
    /// The requested version range.
    pub range: String,
    /// The available versions, in ascending order.
    pub available: Vec<String>,
}

/// Why the class name of a connector does not identify a plugin. The texts are Kafka Connect's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// No class matches.
    #[error(
        "Failed to find any class that implements Connector and which name matches {class}, available connectors are: {available}{hint}"
    )]
    Unknown {
        /// What was looked for.
        class: String,
        /// The available classes.
        available: String,
        /// Weir's addition: where other classes might be found.
        hint: String,
    },
    /// Several classes match.
    #[error(
        "More than one connector matches alias {class}. Please use full package and class name instead. Classes found: {found}"
    )]
    Ambiguous {
        /// What was looked for.
        class: String,
        /// The classes that match.
        found: String,
    },
    /// No plugin matches the version.
    #[error(transparent)]
    Version(#[from] VersionError),
}

/// Why the class of a transform, predicate or converter cannot be used. The texts are Kafka Connect's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FindError {
    /// There is no such class.
    #[error("Class {0} could not be found.")]
    Unknown(String),
    /// The class is a plugin of another kind.
    #[error("Class class {class} does not implement the {wanted} interface")]
    OtherKind {
        /// The class.
        class: String,
        /// The interface that it should implement.
        wanted: &'static str,
    },
    /// No plugin matches the version.
    #[error(transparent)]
    Version(#[from] VersionError),
}

/// A plugin of any kind.
#[derive(Clone)]
pub enum AnyPlugin {
    /// A connector, transform or predicate.
    Plugin(Plugin),
    /// A converter.
    BuiltIn(BuiltIn),
    /// A plugin whose configuration no REST resource returns.
    Other,
}

/// Returns the name of the Java interface that plugins of this kind implement. Class names usually end with it.
pub(super) fn interface(kind: PluginKind) -> &'static str {
    match kind {
        PluginKind::Source | PluginKind::Sink => "Connector",
        PluginKind::Transformation => "Transformation",
        PluginKind::Predicate => "Predicate",
    }
}

fn is_connector(kind: PluginKind) -> bool {
    matches!(kind, PluginKind::Source | PluginKind::Sink)
}

fn version(plugin: &Plugin) -> Version {
    Version::new(&plugin.info().version)
}

/// All plugins of a worker at one moment.
pub struct Catalogue {
    /// Sorted by version; equal versions are in the order in which they were added.
    plugins: Vec<Plugin>,
    aliases: Aliases,
}

impl Catalogue {
    /// Makes a catalogue of these plugins.
    pub fn new(mut plugins: Vec<Plugin>) -> Self {
        plugins.sort_by_cached_key(version);
        let of = |installed: bool| {
            let those = plugins.iter().filter(move |plugin| plugin.is_installed() == installed);
            those.map(|plugin| (plugin.info().class.as_str(), interface(plugin.info().kind)))
        };
        let built_in = BUILT_IN.iter().flat_map(|known| {
            let kinds: &[&str] =
                if known.is_converter { &["Converter", "HeaderConverter"] } else { &["HeaderConverter"] };
            kinds.iter().map(|kind| (known.class, *kind))
        });
        let others = OTHERS.iter().map(|class| {
            (*class, if class.contains("provider") { "ConfigProvider" } else { "ConnectorClientConfigOverridePolicy" })
        });
        let aliases = Aliases::new(of(true).chain(built_in).chain(others), of(false));
        Self { plugins, aliases }
    }

    /// Returns the full name of a class, if it exists, whatever its kind.
    pub fn class(&self, name: &str) -> Option<String> {
        let class = self.aliases.resolve(name);
        let is_known = built_in::find(class).is_some()
            || OTHERS.contains(&class)
            || self.plugins.iter().any(|plugin| plugin.info().class == class);
        is_known.then(|| class.to_owned())
    }

    /// Returns the distinct versions of the connector with this name, in ascending order.
    pub fn connector_versions(&self, name: &str) -> Vec<String> {
        match self.versions(PluginKind::Source, name) {
            none if none.is_empty() => self.versions(PluginKind::Sink, name),
            versions => versions,
        }
    }

    /// Returns the distinct versions of the plugin of this kind and name, in ascending order.
    pub fn versions(&self, kind: PluginKind, name: &str) -> Vec<String> {
        let found = self.of_class(self.aliases.resolve(name), |other| other == kind);
        let mut versions: Vec<_> = found.into_iter().map(|plugin| version(plugin).as_str().to_owned()).collect();
        versions.dedup();
        versions
    }

    /// Returns the plugin that is used of those that have the class, kind and version of this one.
    pub fn used(&self, info: &PluginInfo) -> Option<&Plugin> {
        let wanted = Version::new(&info.version);
        let mut latest = self.of_class(&info.class, |kind| kind == info.kind).into_iter().rev();
        latest.find(|plugin| version(plugin) == wanted)
    }

    /// Returns the plugins with this full class name and a wanted kind, in ascending order of their versions.
    fn of_class(&self, class: &str, wanted: impl Fn(PluginKind) -> bool) -> Vec<&Plugin> {
        self.plugins.iter().filter(|plugin| plugin.info().class == class && wanted(plugin.info().kind)).collect()
    }

    /// Returns all plugins of a kind, sorted by class and version.
    pub fn of_kind(&self, kind: PluginKind) -> Vec<&Plugin> {
        let mut plugins: Vec<_> = self.plugins.iter().filter(|plugin| plugin.info().kind == kind).collect();
        plugins.sort_by(|a, b| a.info().class.cmp(&b.info().class));
        plugins
    }

    /// Finds the connector with this name.
    pub fn connector(&self, name: &str, range: Option<&VersionRange>) -> Result<Plugin, LookupError> {
        let class = self.aliases.resolve(name);
        let found = self.of_class(class, is_connector);
        if !found.is_empty() {
            return Ok(choose(class, &found, range, None)?);
        }
        let matches = |plugin: &&Plugin| {
            let simple = simple_name(&plugin.info().class);
            is_connector(plugin.info().kind) && (simple == name || simple.strip_suffix("Connector") == Some(name))
        };
        let mut matches: Vec<_> = self.plugins.iter().filter(matches).collect();
        if matches.iter().any(|plugin| plugin.is_installed()) {
            matches.retain(|plugin| plugin.is_installed());
        }
        match classes(&matches).len() {
            0 => {
                Err(LookupError::Unknown { class: name.to_owned(), available: self.connectors(), hint: String::new() })
            }
            1 => Ok(choose(name, &matches, range, None)?),
            _ => Err(LookupError::Ambiguous { class: name.to_owned(), found: joined(classes(&matches)) }),
        }
    }

    fn connectors(&self) -> String {
        let all: Vec<_> = self.plugins.iter().filter(|plugin| is_connector(plugin.info().kind)).collect();
        joined(classes(&all))
    }

    /// Finds the transform or predicate with this name. `preferred` is the component of the connector that it is for.
    pub fn find(
        &self,
        kind: PluginKind,
        name: &str,
        range: Option<&VersionRange>,
        preferred: Option<&ComponentId>,
    ) -> Result<Plugin, FindError> {
        let class = self.aliases.resolve(name);
        let found = self.of_class(class, |other| other == kind);
        if !found.is_empty() {
            return Ok(choose(class, &found, range, preferred)?);
        }
        let is_known = built_in::find(class).is_some() || !self.of_class(class, |_| true).is_empty();
        match is_known {
            true => Err(FindError::OtherKind { class: class.to_owned(), wanted: interface(kind) }),
            false => Err(FindError::Unknown(name.to_owned())),
        }
    }

    /// Finds the converter with this name, which has to support its use: for headers, or for keys and values.
    pub fn converter(&self, name: &str, for_headers: bool, range: Option<&VersionRange>) -> Result<BuiltIn, FindError> {
        let class = self.aliases.resolve(name);
        match built_in::find(class) {
            Some(found) if for_headers || found.is_converter => {
                fits(found, range)?;
                Ok(found)
            }
            None if self.of_class(class, |_| true).is_empty() && !OTHERS.contains(&class) => {
                Err(FindError::Unknown(name.to_owned()))
            }
            _ => {
                let wanted = if for_headers { "HeaderConverter" } else { "Converter" };
                Err(FindError::OtherKind { class: class.to_owned(), wanted })
            }
        }
    }

    /// Finds the plugin with this name, whatever its kind.
    pub fn any(&self, name: &str, range: Option<&VersionRange>) -> Result<Option<AnyPlugin>, VersionError> {
        let class = self.aliases.resolve(name);
        if let Some(found) = built_in::find(class) {
            fits(found, range)?;
            return Ok(Some(AnyPlugin::BuiltIn(found)));
        }
        let found = self.of_class(class, |_| true);
        if found.is_empty() {
            return Ok(OTHERS.contains(&class).then_some(AnyPlugin::Other));
        }
        Ok(Some(AnyPlugin::Plugin(choose(class, &found, range, None)?)))
    }
}

fn fits(known: BuiltIn, range: Option<&VersionRange>) -> Result<(), VersionError> {
    match range.filter(|range| !range.contains(&Version::new(BUILT_IN_VERSION))) {
        Some(range) => {
            let available = vec![BUILT_IN_VERSION.to_owned()];
            Err(VersionError { class: known.class.to_owned(), range: range.to_string(), available })
        }
        None => Ok(()),
    }
}

/// Returns the matching plugin of the component `preferred`, or else the last one that matches.
fn choose(
    class: &str,
    ascending: &[&Plugin],
    range: Option<&VersionRange>,
    preferred: Option<&ComponentId>,
) -> Result<Plugin, VersionError> {
    let fitting: Vec<_> =
        ascending.iter().filter(|plugin| range.is_none_or(|range| range.contains(&version(plugin)))).collect();
    let own = fitting.iter().find(|plugin| Some(plugin.component().id()) == preferred);
    match own.or(fitting.last()) {
        Some(plugin) => Ok((**plugin).clone()),
        None => {
            let mut available: Vec<_> = ascending.iter().map(|plugin| version(plugin).as_str().to_owned()).collect();
            available.dedup();
            let range = range.map(ToString::to_string).unwrap_or_default();
            Err(VersionError { class: class.to_owned(), range, available })
        }
    }
}

fn classes(plugins: &[&Plugin]) -> BTreeSet<String> {
    plugins.iter().map(|plugin| plugin.info().class.clone()).collect()
}

fn joined(classes: BTreeSet<String>) -> String {
    classes.into_iter().collect::<Vec<_>>().join(", ")
}
