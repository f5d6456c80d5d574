//! From the name a user writes to a plugin: full class name, simple name, or simple name without the kind's suffix.

use std::collections::BTreeSet;

use weir_plugin::PluginKind;

use super::registry::Plugin;
use super::version;

/// No plugin, or more than one class, for a connector's class name. The texts are Kafka Connect's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// None.
    #[error(
        "Failed to find any class that implements Connector and which name matches {class}, available connectors are: {available}"
    )]
    Unknown {
        /// What was looked for.
        class: String,
        /// The classes there are.
        available: String,
    },
    /// Several.
    #[error(
        "More than one connector matches alias {class}. Please use full package and class name instead. Classes found: {found}"
    )]
    Ambiguous {
        /// What was looked for.
        class: String,
        /// The classes it could mean.
        found: String,
    },
}

/// Why a transform's or predicate's class cannot be used. The texts are Kafka Connect's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FindError {
    /// There is no such class.
    #[error("Class {0} could not be found.")]
    Unknown(String),
    /// It is something else.
    #[error("Class class {class} does not implement the {wanted} interface")]
    OtherKind {
        /// The class.
        class: String,
        /// What it should be.
        wanted: &'static str,
    },
}

/// The part behind the last dot.
fn simple_name(class: &str) -> &str {
    class.rsplit('.').next().unwrap_or(class)
}

fn suffix(kind: PluginKind) -> &'static str {
    match kind {
        PluginKind::Source | PluginKind::Sink => "Connector",
        PluginKind::Transformation => "Transformation",
        PluginKind::Predicate => "Predicate",
    }
}

fn is_connector(kind: PluginKind) -> bool {
    matches!(kind, PluginKind::Source | PluginKind::Sink)
}

/// Whether this name means that class.
fn means(name: &str, class: &str, kind: PluginKind) -> bool {
    let simple = simple_name(class);
    name == class
        || name == simple
        || simple.strip_suffix(suffix(kind)).is_some_and(|stem| name == stem && !stem.is_empty())
}

/// The plugins that a name could mean: those of the full class name if there are any, else those of the alias.
fn candidates<'a>(plugins: &'a [Plugin], name: &str, wanted: impl Fn(PluginKind) -> bool) -> Vec<&'a Plugin> {
    let of_kind = || plugins.iter().filter(|plugin| wanted(plugin.info().kind));
    let exact: Vec<_> = of_kind().filter(|plugin| plugin.info().class == name).collect();
    if exact.is_empty() { of_kind().filter(|p| means(name, &p.info().class, p.info().kind)).collect() } else { exact }
}

/// The latest version; of equal ones the last, which is the one that came last.
fn latest(candidates: Vec<&Plugin>) -> Option<Plugin> {
    candidates.into_iter().max_by(|a, b| version::compare(&a.info().version, &b.info().version)).cloned()
}

fn classes(candidates: &[&Plugin]) -> BTreeSet<String> {
    candidates.iter().map(|plugin| plugin.info().class.clone()).collect()
}

fn joined(classes: BTreeSet<String>) -> String {
    classes.into_iter().collect::<Vec<_>>().join(", ")
}

/// The connector of this name, among `plugins` in the order in which they came.
pub(super) fn connector(plugins: &[Plugin], name: &str) -> Result<Plugin, LookupError> {
    let found = candidates(plugins, name, is_connector);
    let distinct = classes(&found);
    if distinct.len() > 1 {
        return Err(LookupError::Ambiguous { class: name.to_owned(), found: joined(distinct) });
    }
    latest(found).ok_or_else(|| {
        let all: Vec<_> = plugins.iter().filter(|plugin| is_connector(plugin.info().kind)).collect();
        LookupError::Unknown { class: name.to_owned(), available: joined(classes(&all)) }
    })
}

/// The transform or predicate of this name. An alias that several classes share means none of them, as in Kafka Connect.
pub(super) fn find(plugins: &[Plugin], kind: PluginKind, name: &str) -> Result<Plugin, FindError> {
    let found = candidates(plugins, name, |other| other == kind);
    if classes(&found).len() == 1
        && let Some(plugin) = latest(found)
    {
        return Ok(plugin);
    }
    match plugins.iter().any(|plugin| plugin.info().class == name && plugin.info().kind != kind) {
        true => Err(FindError::OtherKind { class: name.to_owned(), wanted: suffix(kind) }),
        false => Err(FindError::Unknown(name.to_owned())),
    }
}

/// A plugin of any kind by class name or alias, for `/connector-plugins/{p}`.
pub(super) fn any(plugins: &[Plugin], name: &str) -> Option<Plugin> {
    let found = candidates(plugins, name, |_| true);
    if classes(&found).len() == 1 { latest(found) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_means_a_class_in_three_ways() {
        let class = "org.apache.kafka.connect.file.FileStreamSourceConnector";
        for name in [class, "FileStreamSourceConnector", "FileStreamSource"] {
            assert!(means(name, class, PluginKind::Source), "{name}");
        }
        for name in ["FileStream", "file.FileStreamSource", "", "filestreamsource"] {
            assert!(!means(name, class, PluginKind::Source), "{name}");
        }
        assert!(means("RecordIsTombstone", "x.RecordIsTombstone", PluginKind::Predicate));
        assert!(!means("Value", "x.HoistField$Value", PluginKind::Transformation));
    }
}
