//! Warnings about keys of the worker's file that have no effect, or not the effect that the operator may expect.

use crate::client::{Kind, keys as client_keys, layers};
use crate::error::Error;
use crate::keys::nearest::{self, OWN};
use crate::keys::{Usage, worker as keys};
use weir_plugin::ConfigMap;

/// Returns a warning for each key that has no effect. An unknown key with Weir's own prefix is an error.
pub(super) fn find(originals: &ConfigMap, errors: &mut Vec<Error>) -> Vec<String> {
    let mut warnings = Vec::new();
    for (name, value) in originals {
        let usage = keys::find(name).map(|key| key.usage).or_else(|| keys::find_prefix(name).map(|known| known.usage));
        match usage {
            Some(Usage::Used) => {}
            // A key with its default value would have no effect anyway.
            Some(_) if keys::find(name).is_some_and(|key| key.default.is(value.trim())) => {}
            Some(_) if value.trim().is_empty() => {}
            Some(Usage::Ignored(reason)) => warnings.push(format!("worker key '{name}' has no effect: {reason}")),
            None if client_keys::meaning(Kind::Admin, name).is_some() => {}
            None if layers::is_for_connectors(name) => warnings.push(format!(
                "worker key '{name}' has no effect: it is a setting of connectors' clients; write {}",
                layers::with_prefixes(name, |kind| client_keys::meaning(kind, name).is_some())
            )),
            None if name.starts_with(OWN) => {
                errors.push(Error::other(name, nearest::unknown(name, nearest::worker_keys())));
            }
            None => {
                let meant = nearest::misspelling_of(name, nearest::worker_keys())
                    .map(|known| format!("; did you mean '{known}'?"))
                    .unwrap_or_default();
                warnings.push(format!("worker key '{name}' is not known to Weir and has no effect{meant}"));
            }
        }
    }
    warnings
}

/// Returns a warning for each setting of TLS or SASL that only the worker's own clients have although the cluster requires it of
/// every client. As in Kafka Connect, connectors do not inherit it.
pub(super) fn half_secured(originals: &ConfigMap) -> Vec<String> {
    let keys = ["security.protocol", "sasl.mechanism", "sasl.jaas.config"];
    let given = keys
        .into_iter()
        .filter(|key| originals.get(*key).is_some_and(|value| !matches!(value.trim(), "" | "PLAINTEXT")));
    let missing = |key: &str, kind: Kind| !originals.contains_key(&format!("{}{key}", kind.prefix()));
    given
        .filter(|key| layers::OF_CONNECTORS.into_iter().any(|kind| missing(key, kind)))
        .map(|key| {
            let written = layers::with_prefixes(key, |kind| missing(key, kind));
            format!("worker key '{key}' applies to the worker's own clients only; for those of connectors, set {written} too")
        })
        .collect()
}
