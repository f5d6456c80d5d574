//! The table of Kafka's client settings: what each setting of the Java clients means for librdkafka, and its default in Java.
//! `docs/client-settings.md` is generated from it, and tests compare it with Kafka's own definitions.

mod admin;
mod base;
mod common;
mod consumer;
mod librdkafka;
mod meaning;
mod producer;
#[cfg(test)]
mod tests;

pub(crate) use base::base;
pub(crate) use common::{COMMON, METRICS_CONTEXT};
#[cfg(test)]
pub(crate) use librdkafka::LIBRDKAFKA;
use librdkafka::librdkafka;
pub(crate) use meaning::{ClientKey, Meaning};

use super::kind::Kind;
use crate::keys::check::Check;

/// Finds a setting; `None` if Java's client does not have it.
pub(crate) fn find(kind: Kind, name: &str) -> Option<&'static ClientKey> {
    own(kind).iter().chain(COMMON).find(|key| key.name == name)
}

/// What a setting means for librdkafka; `None` if neither Java's client nor librdkafka has it.
pub(crate) fn meaning(kind: Kind, name: &str) -> Option<Meaning> {
    if name.starts_with(METRICS_CONTEXT.0) {
        return Some(Meaning::Ignored(METRICS_CONTEXT.1));
    }
    find(kind, name).map(|key| key.meaning).or_else(|| librdkafka(kind, name).then_some(Meaning::Same))
}

/// The values that Kafka's definition of a setting allows, if it lists them.
pub(crate) fn allowed(name: &str) -> Option<Check<'static>> {
    Some(match name {
        "acks" => Check::OneOf(&["all", "-1", "0", "1"]),
        "client.dns.lookup" => Check::OneOf(&["use_all_dns_ips", "resolve_canonical_bootstrap_servers_only"]),
        "compression.type" => Check::OneOf(&["none", "gzip", "snappy", "lz4", "zstd"]),
        "group.protocol" => Check::OneOfIgnoringCase(&["consumer", "classic"]),
        "isolation.level" => Check::OneOf(&["read_committed", "read_uncommitted"]),
        "metadata.recovery.strategy" => Check::OneOfIgnoringCase(&["none", "rebootstrap"]),
        _ => return None,
    })
}

/// The settings that only this client has, or whose default or meaning differs for it.
pub(crate) fn own(kind: Kind) -> &'static [ClientKey] {
    match kind {
        Kind::Producer => producer::KEYS,
        Kind::Consumer => consumer::KEYS,
        Kind::Admin => admin::KEYS,
    }
}

/// Whether the value of this setting must not be shown.
pub(crate) fn is_secret(name: &str) -> bool {
    const PARTS: [&str; 6] = ["password", "secret", "passphrase", ".pem", "jaas", "keystore.key"];
    PARTS.iter().any(|part| name.contains(part))
}
