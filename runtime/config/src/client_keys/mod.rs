//! The table of Kafka's client settings: what each setting of the Java clients is to librdkafka, with its default there.
//! `docs/client-settings.md` is written from it, and tests hold it against Kafka's own definitions.

mod admin;
mod base;
mod common;
mod consumer;
mod librdkafka;
mod producer;
#[cfg(test)]
mod tests;

pub use base::{Base, base};
pub use common::{COMMON, METRICS_CONTEXT};
pub use librdkafka::{LIBRDKAFKA, librdkafka};

use super::client::Kind;
use super::def::Check;

/// What a setting of the Java clients is to librdkafka.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// Same name, same values.
    Same,
    /// Same values under this name.
    Named(&'static str),
    /// Same values under both names.
    Both(&'static str, &'static str),
    /// Same name; the values are written in lower case.
    LowerCase,
    /// Bytes there, kilobytes here, under this name.
    Kilobytes(&'static str),
    /// -1 there is 0 here. Under this name.
    MinusOneIsZero(&'static str),
    /// 0 there is 1 here, which comes to the same. Under this name.
    ZeroIsOne(&'static str),
    /// `metadata.max.age.ms`.
    MetadataAge,
    /// The level of this `compression.type`.
    Level(&'static str),
    /// `partitioner.class`.
    Partitioner,
    /// `partitioner.ignore.keys`.
    IgnoreKeys,
    /// `auto.offset.reset`.
    OffsetReset,
    /// Class names of assignors.
    Assignors,
    /// `max.poll.records`, which the sink task follows itself.
    PollRecords,
    /// `default.api.timeout.ms` of the worker's own client.
    ApiTimeout,
    /// Read together with others, when connections are encrypted or authenticated (`client_security`). What it becomes.
    Security(&'static str),
    /// Nothing but this value, for this reason.
    Only(&'static str, &'static str),
    /// No effect, and why.
    Ignored(&'static str),
    /// Going on without its effect would be dangerous or a surprise; what to do instead. Empty values, and the default, pass.
    Refused(&'static str),
    /// As `Refused`, where `security.protocol` has TLS. It has no effect elsewhere, as in Java.
    RefusedWithTls(&'static str),
    /// As `Refused`, where `security.protocol` has SASL.
    RefusedWithSasl(&'static str),
}

/// One setting.
#[derive(Debug, Clone, Copy)]
pub struct ClientKey {
    /// The key, without a prefix.
    pub name: &'static str,
    /// What Java's clients have when it is not given; none = nothing.
    pub default: Option<&'static str>,
    /// What it is to librdkafka.
    pub meaning: Meaning,
}

const fn key(name: &'static str, default: &'static str, meaning: Meaning) -> ClientKey {
    ClientKey { name, default: Some(default), meaning }
}

/// A key without a default.
const fn bare(name: &'static str, meaning: Meaning) -> ClientKey {
    ClientKey { name, default: None, meaning }
}

/// The entry of a setting of Java's client; none = Java's client has no such setting.
pub fn find(kind: Kind, name: &str) -> Option<&'static ClientKey> {
    own(kind).iter().chain(COMMON).find(|key| key.name == name)
}

/// What this setting is to librdkafka, Java's or librdkafka's own; none = nobody knows it.
pub fn meaning(kind: Kind, name: &str) -> Option<Meaning> {
    if name.starts_with(METRICS_CONTEXT.0) {
        return Some(Meaning::Ignored(METRICS_CONTEXT.1));
    }
    find(kind, name).map(|key| key.meaning).or_else(|| librdkafka(kind, name).then_some(Meaning::Same))
}

/// The values that Kafka's definition of a setting lets through, where it names them.
pub fn allowed(name: &str) -> Option<Check<'static>> {
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

/// The settings that only this client has, or that have another default or meaning in it.
pub fn own(kind: Kind) -> &'static [ClientKey] {
    match kind {
        Kind::Producer => producer::KEYS,
        Kind::Consumer => consumer::KEYS,
        Kind::Admin => admin::KEYS,
    }
}

/// Whether the values of this key must not be shown.
pub fn is_secret(name: &str) -> bool {
    const PARTS: [&str; 6] = ["password", "secret", "passphrase", ".pem", "jaas", "keystore.key"];
    PARTS.iter().any(|part| name.contains(part))
}
