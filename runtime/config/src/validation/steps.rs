//! The definitions of a connector's transforms and predicates (`ConnectorConfig.EnrichablePlugin`), and their plugins.

use std::collections::HashMap;

use indexmap::IndexSet;
use weir_plugin::{ConfigKey, ConfigType, Importance, PluginKind, Width};

use super::context::Context;
use super::definitions::{Definition, Definitions, Rule};
use crate::error::Error;
use crate::keys::types;
use crate::settings::steps::MAX_ALIASES;
use weir_catalogue::{FindError, Plugin, VersionRange};

/// The plugins of a connector's transforms and predicates, by alias. Plugins that do not exist are missing.
#[derive(Default)]
pub(crate) struct StepPlugins {
    pub(crate) transforms: HashMap<String, Plugin>,
    pub(crate) predicates: HashMap<String, Plugin>,
    /// Errors about too many aliases.
    pub(super) errors: Vec<Error>,
}

/// Adds the definitions for all aliases.
pub(super) fn enrich(definitions: &mut Definitions, context: Context<'_>) -> StepPlugins {
    let mut errors = Vec::new();
    let transforms = enrich_kind(definitions, context, PluginKind::Transformation, &mut errors);
    let predicates = enrich_kind(definitions, context, PluginKind::Predicate, &mut errors);
    StepPlugins { transforms, predicates, errors }
}

/// Names that differ between transforms and predicates.
struct Words {
    /// The key that lists the aliases.
    aliases: &'static str,
    group: &'static str,
    /// Java's interface.
    interface: &'static str,
    /// The name within a sentence.
    noun: &'static str,
}

const TRANSFORMS: Words =
    Words { aliases: "transforms", group: "Transforms", interface: "Transformation", noun: "transformation" };
const PREDICATES: Words =
    Words { aliases: "predicates", group: "Predicates", interface: "Predicate", noun: "predicate" };

fn enrich_kind(
    definitions: &mut Definitions,
    context: Context<'_>,
    kind: PluginKind,
    errors: &mut Vec<Error>,
) -> HashMap<String, Plugin> {
    let words = if kind == PluginKind::Predicate { PREDICATES } else { TRANSFORMS };
    let mut plugins = HashMap::new();
    let aliases: IndexSet<String> =
        context.given(words.aliases).map(types::list).unwrap_or_default().into_iter().collect();
    if aliases.len() > MAX_ALIASES {
        let text =
            format!("Configuration '{0}' has {1} aliases; the limit is {MAX_ALIASES}", words.aliases, aliases.len());
        errors.push(Error::other(words.aliases, text));
    }
    for alias in aliases.into_iter().take(MAX_ALIASES) {
        let step = Step { context, kind, prefix: format!("{}.{alias}.", words.aliases) };
        let group = format!("{}: {alias}", words.group);
        definitions.define(step.class_definition(&alias, &group, &words));
        definitions.define(step.version_definition(&alias, &group, &words));
        if let Ok(Some(plugin)) = step.plugin(step.version()) {
            let prefix = &step.prefix;
            definitions.embed(prefix, &group, 2, &own_definitions(&plugin, kind));
            plugins.insert(alias, plugin);
        }
    }
    plugins
}

/// Returns the plugin's own keys, and those that every transform has.
fn own_definitions(plugin: &Plugin, kind: PluginKind) -> Definitions {
    let mut definitions = Definitions::default();
    if kind == PluginKind::Transformation {
        let doc = "The alias of a predicate used to determine whether to apply this transformation.";
        definitions.define(implicit("predicate", ConfigType::String, None, doc));
        let doc = "Whether the configured predicate should be negated.";
        definitions.define(implicit("negate", ConfigType::Boolean, Some("false"), doc));
    }
    for key in &plugin.info().config {
        // The implicit keys mask those of the same name.
        if definitions.get(&key.name).is_none() {
            definitions.define(Definition::of_plugin(key.clone()));
        }
    }
    definitions
}

fn implicit(name: &str, kind: ConfigType, default: Option<&str>, doc: &str) -> Definition {
    Definition {
        key: ConfigKey {
            name: name.to_owned(),
            kind,
            required: false,
            default: default.map(str::to_owned),
            validators: Vec::new(),
            importance: Importance::Medium,
            doc: doc.to_owned(),
            group: None,
            order_in_group: -1,
            width: Width::None,
            display_name: name.to_owned(),
            dependents: Vec::new(),
            recommended_values: Vec::new(),
            visible: true,
        },
        rule: Rule::Checks(&[]),
        is_class: false,
        visible: true,
    }
}

/// Why the plugin of a transform or predicate was not found.
enum Missing {
    /// The version is not valid, or does not exist.
    Version(String),
    /// The class does not exist, or is of another kind.
    Class(String),
}

struct Step<'a> {
    context: Context<'a>,
    kind: PluginKind,
    prefix: String,
}

impl Step<'_> {
    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    fn class(&self) -> Option<&str> {
        self.context.given(&self.key("type")).map(weir_java::text::trim)
    }

    fn version(&self) -> Option<&str> {
        self.context.given(&self.key("plugin.version"))
    }

    /// Returns the version that is used if none is set.
    fn default_version(&self) -> Option<String> {
        let plugin = self.plugin(None).ok()??;
        Some(weir_catalogue::Version::new(&plugin.info().version).as_str().to_owned())
    }

    /// Finds the plugin in this version; `None` if no class is set.
    fn plugin(&self, version: Option<&str>) -> Result<Option<Plugin>, Missing> {
        let Some(class) = self.class() else { return Ok(None) };
        let range = VersionRange::requirement(version).map_err(|error| Missing::Version(error.to_string()))?;
        let beside = self.context.connector.map(|connector| connector.component().id());
        match self.context.catalogue.find(self.kind, class, range.as_ref(), beside) {
            Ok(plugin) => Ok(Some(plugin)),
            Err(error @ FindError::Version(_)) => Err(Missing::Version(error.to_string())),
            Err(error) => Err(Missing::Class(error.to_string())),
        }
    }

    /// Returns the errors of the class, except that it is not set or does not exist.
    fn class_errors(&self) -> Vec<String> {
        let (negate, predicate) = (self.key("negate"), self.key("predicate"));
        let has = |key: &str| self.context.config.contains_key(key);
        if self.kind == PluginKind::Transformation && has(&negate) && !has(&predicate) {
            return vec![format!(
                "Config '{negate}' was provided but there is no config '{predicate}' defining a predicate to be negated."
            )];
        }
        let exists = self.class().is_some_and(|class| self.context.catalogue.class(class).is_some());
        match self.plugin(self.version()) {
            Err(Missing::Version(error) | Missing::Class(error)) if exists => vec![error],
            _ => Vec::new(),
        }
    }

    fn version_errors(&self) -> Vec<String> {
        match self.plugin(self.version().map(weir_java::text::trim)) {
            Err(Missing::Version(error)) => vec![error],
            _ => Vec::new(),
        }
    }

    fn class_definition(&self, alias: &str, group: &str, words: &Words) -> Definition {
        let classes = self.context.catalogue.of_kind(self.kind);
        Definition {
            key: ConfigKey {
                name: self.key("type"),
                kind: ConfigType::Class,
                required: true,
                default: None,
                validators: Vec::new(),
                importance: Importance::High,
                doc: format!("Class for the '{alias}' {}.", words.noun),
                group: Some(group.to_owned()),
                order_in_group: 0,
                width: Width::Long,
                display_name: format!("{} type for {alias}", words.interface),
                dependents: Vec::new(),
                recommended_values: classes.into_iter().map(|plugin| plugin.info().class.clone()).collect(),
                visible: true,
            },
            rule: Rule::Errors(self.class_errors()),
            is_class: true,
            visible: true,
        }
    }

    fn version_definition(&self, alias: &str, group: &str, words: &Words) -> Definition {
        let versions = self.class().map(|class| self.context.catalogue.versions(self.kind, class)).unwrap_or_default();
        Definition {
            key: ConfigKey {
                name: self.key("plugin.version"),
                kind: ConfigType::String,
                required: false,
                default: self.default_version(),
                validators: Vec::new(),
                importance: Importance::High,
                doc: format!("Version of the '{alias}' {}.", words.noun),
                group: Some(group.to_owned()),
                order_in_group: 1,
                width: Width::Long,
                display_name: format!("{} version for {alias}", words.interface),
                dependents: Vec::new(),
                recommended_values: versions,
                visible: true,
            },
            rule: Rule::Errors(self.version_errors()),
            is_class: false,
            visible: true,
        }
    }
}
