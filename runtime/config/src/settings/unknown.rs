//! Keys of a connector's configuration that are unknown or have no effect.

use super::clients;
use crate::client::{Kind, keys as client_keys};
use crate::error::Error;
use crate::keys::Usage;
use crate::keys::connector::{COMMON, PREFIXES, SINK, SOURCE};
use crate::keys::nearest::{self, OWN};
use weir_plugin::{ConfigMap, PluginInfo, PluginKind};

/// Maximum number of log lines, and of errors about unknown keys, for one configuration.
const WARNINGS_MAX: usize = 20;

/// Returns a warning for each key of the tables that has no effect.
pub(super) fn without_effect(config: &ConfigMap, kind: PluginKind) -> Vec<String> {
    let mut warnings = Vec::new();
    for key in COMMON.iter().chain(if kind == PluginKind::Sink { SINK } else { SOURCE }) {
        let Some(text) = config.get(key.name).map(|text| text.trim()) else { continue };
        let is_default = text.is_empty() || key.default.is(text);
        if let Usage::Ignored(reason) = key.usage
            && !is_default
        {
            warnings.push(format!("connector key '{}' has no effect: {reason}", key.name));
        }
    }
    warnings
}

/// Returns a warning for each key that neither Weir nor the plugin has, or that is for a client this kind of connector does not
/// have. The plugin receives these keys as well.
pub(crate) fn find(config: &ConfigMap, plugin: &PluginInfo) -> Vec<String> {
    let (own, others, other) = match plugin.kind {
        PluginKind::Sink => (SINK, SOURCE, "source"),
        _ => (SOURCE, SINK, "sink"),
    };
    let unused = [Kind::Producer, Kind::Consumer, Kind::Admin]
        .into_iter()
        .filter(|kind| !clients::uses(*kind, plugin.kind, config))
        .map(Kind::override_prefix);
    let unused: Vec<&str> = unused.collect();
    let is_known = |name: &str| {
        COMMON.iter().chain(own).any(|key| key.name == name) || plugin.config.iter().any(|key| key.name == name)
    };
    let mut warnings = Vec::new();
    for name in config.keys().filter(|name| !is_known(name)) {
        match PREFIXES.iter().find(|known| name.starts_with(known.prefix)).map(|known| (known.prefix, known.usage)) {
            Some((prefix, _)) if unused.contains(&prefix) => {
                let kind = plugin.kind.as_str();
                warnings
                    .push(format!("connector key '{name}' has no effect: this {kind} connector has no such client"));
            }
            Some((_, Usage::Ignored(reason))) => {
                warnings.push(format!("connector key '{name}' has no effect: {reason}"));
            }
            Some(_) => {}
            None if others.iter().any(|key| key.name == name) => {
                let kind = plugin.kind.as_str();
                warnings.push(format!(
                    "connector key '{name}' has no effect: it is for {other} connectors, and this is a {kind} connector"
                ));
            }
            // An error of `of_weir`.
            None if name.starts_with(OWN) => {}
            None => {
                let client = [Kind::Producer, Kind::Consumer]
                    .into_iter()
                    .find(|kind| clients::uses(*kind, plugin.kind, config) && client_keys::find(*kind, name).is_some());
                let meant = client.map(|kind| format!("; did you mean '{}{name}'?", kind.override_prefix()));
                let meant = meant.unwrap_or_default();
                warnings.push(format!("connector key '{name}' is not known to Weir or to the plugin{meant}"));
            }
        }
    }
    warnings
}

/// Returns an error for each unknown key with Weir's own prefix, up to a limit, under the nearest known key, because clients know that
/// one.
pub(super) fn of_weir(config: &ConfigMap, plugin: &PluginInfo) -> Vec<Error> {
    let own = || COMMON.iter().map(|key| key.name).filter(|name| name.starts_with(OWN));
    let is_unknown = |name: &&String| {
        name.starts_with(OWN) && !own().any(|own| own == *name) && !plugin.config.iter().any(|key| key.name == **name)
    };
    let text = |name: &String| match nearest::worker_keys().any(|key| key == name) {
        true => {
            format!("'{name}' is a key of the worker's file and has no effect here. Remove it, or set it in that file")
        }
        false => nearest::unknown(name, own()),
    };
    let beside = |name: &str| nearest::nearest(name, own()).unwrap_or_default();
    let mut unknown = config.keys().filter(is_unknown);
    let mut errors: Vec<Error> =
        unknown.by_ref().take(WARNINGS_MAX).map(|name| Error::other(beside(name), text(name))).collect();
    let more = unknown.count();
    if more > 0
        && let Some(last) = errors.last()
    {
        errors.push(Error::other(last.key(), format!("{more} more keys that start with '{OWN}' are unknown")));
    }
    errors
}

/// Limits the log lines about one configuration, which may have any number of keys, and adds how many more there are.
pub(crate) fn bounded(mut warnings: Vec<String>) -> Vec<String> {
    let more = warnings.len().saturating_sub(WARNINGS_MAX);
    if more > 0 {
        warnings.truncate(WARNINGS_MAX);
        warnings.push(format!("{more} more keys have no effect or are not known"));
    }
    warnings
}
