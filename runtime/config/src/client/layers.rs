//! Collects the settings of a client from the worker's file and a connector's overrides.

use super::keys::{self as client_keys, Meaning};
use super::kind::Kind;
use crate::error::Error;
use crate::keys::worker;
use weir_plugin::ConfigMap;

/// The kinds of clients that connectors always have one of.
pub(crate) const OF_CONNECTORS: [Kind; 2] = [Kind::Producer, Kind::Consumer];

/// Returns the settings of a client in order of precedence, lowest first, without prefixes: `group` as the default of a consumer's
/// `group.id`, then those of the worker's file, then `overrides`.
pub(super) fn layers<'a>(
    kind: Kind,
    worker: &'a ConfigMap,
    group: &'a str,
    overrides: &'a ConfigMap,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    let group = (kind == Kind::Consumer && !group.is_empty()).then_some(("group.id", group));
    let shared = worker.iter().filter(move |(key, _)| match kind {
        // Settings without a prefix are for the worker's own client, which is an admin client.
        Kind::Admin => is_for_admin(key),
        Kind::Producer | Kind::Consumer => key.as_str() == "bootstrap.servers",
    });
    let prefixed = worker
        .iter()
        .filter(|(key, _)| worker::find(key).is_none() && !key.starts_with("admin.listeners."))
        .filter_map(move |(key, value)| Some((key.strip_prefix(kind.prefix())?, value.as_str())));
    let as_text = |(key, value): (&'a String, &'a String)| (key.as_str(), value.as_str());
    group.into_iter().chain(shared.map(as_text)).chain(prefixed).chain(overrides.iter().map(as_text))
}

/// Returns the settings in the worker's file that a client of its own has, whatever kind it is. Those that Weir does not support for the
/// clients of connectors are left out: the same file has them for other clients.
pub(super) fn own(kind: Kind, worker: &ConfigMap) -> impl Iterator<Item = (&str, &str)> {
    let own = worker.iter().filter(move |(key, _)| {
        let meaning = client_keys::meaning(kind, key);
        let is_used = meaning.is_some_and(|meaning| !matches!(meaning, Meaning::Ignored(_) | Meaning::Refused(_)));
        is_used && worker::find_prefix(key).is_none()
    });
    own.map(|(key, value)| (key.as_str(), value.as_str()))
}

/// Names the key of an error as the user wrote it, with the prefix of the layer that it is in.
pub(super) fn with_origin(error: Error, kind: Kind, worker: &ConfigMap, overrides: &ConfigMap) -> Error {
    let (prefixed, overridden) =
        (kind.prefix().to_owned() + error.key(), kind.override_prefix().to_owned() + error.key());
    if overrides.contains_key(error.key()) {
        error.under(&overridden)
    } else if worker.contains_key(&prefixed) {
        error.under(&prefixed)
    } else {
        error
    }
}

/// Whether a key without a prefix is a setting of the worker's own client. Some worker keys have the name of a client setting that
/// has no effect on that client, such as `config.providers`.
fn is_for_admin(key: &str) -> bool {
    let meaning = client_keys::meaning(Kind::Admin, key);
    let idle = matches!(meaning, Some(Meaning::Ignored(_) | Meaning::Refused(_)));
    meaning.is_some() && worker::find_prefix(key).is_none() && !(idle && worker::find(key).is_some())
}

/// Whether a key without a prefix is a setting of a client of connectors.
pub(crate) fn is_for_connectors(name: &str) -> bool {
    OF_CONNECTORS.into_iter().any(|kind| client_keys::meaning(kind, name).is_some())
}

/// The key with the prefixes of those clients of connectors that `which` selects: `'producer.linger.ms'`.
pub(crate) fn with_prefixes(name: &str, which: impl Fn(Kind) -> bool) -> String {
    let keys = OF_CONNECTORS.into_iter().filter(|kind| which(*kind)).map(|kind| format!("'{}{name}'", kind.prefix()));
    keys.collect::<Vec<_>>().join(" and ")
}
