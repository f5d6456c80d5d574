//! Every worker key that Kafka Connect or Weir defines, by subject. The worker's configuration is parsed from these tables, and
//! `docs/configuration.md` is generated from them.

mod access;
mod converters;
mod define;
mod distributed;
mod kafka;
mod plugins;
mod process;
mod rest;
mod restarts;
mod tasks;

use super::key::{Key, Prefix, Section, Usage};
use define::{NO_CLUSTER, NO_REPORTERS};

use Usage::Used;

/// The keys, in the order of the documentation.
pub(crate) static SECTIONS: &[Section] = &[
    kafka::SECTION,
    converters::SECTION,
    tasks::SECTION,
    restarts::SECTION,
    plugins::SECTION,
    rest::SECTION,
    access::SECTION,
    process::LOGS,
    process::PROCESS,
    process::METRICS,
    distributed::SECTION,
];

/// Keys that are known by their prefix. An exact key in `SECTIONS` takes precedence.
pub(crate) static PREFIXES: &[Prefix] = &[
    Prefix { prefix: "producer.", doc: "Settings of the source connectors' producers.", usage: Used },
    Prefix { prefix: "consumer.", doc: "Settings of the sink connectors' consumers.", usage: Used },
    Prefix { prefix: "admin.", doc: "Settings of the connectors' admin clients.", usage: Used },
    Prefix { prefix: "key.converter.", doc: "Settings of the key converter.", usage: Used },
    Prefix { prefix: "value.converter.", doc: "Settings of the value converter.", usage: Used },
    Prefix { prefix: "header.converter.", doc: "Settings of the header converter.", usage: Used },
    Prefix { prefix: "config.storage.", doc: "Settings of the topic for connector configurations.", usage: NO_CLUSTER },
    Prefix { prefix: "offset.storage.", doc: "Settings of the topic for source offsets.", usage: NO_CLUSTER },
    Prefix { prefix: "status.storage.", doc: "Settings of the topic for statuses.", usage: NO_CLUSTER },
    Prefix {
        prefix: "config.providers.",
        doc: "Settings of a config provider: `config.providers.NAME.class` and `config.providers.NAME.param.`.",
        usage: Used,
    },
    Prefix {
        prefix: "listeners.https.",
        doc: "TLS settings of the REST server's https listeners: `listeners.https.ssl.keystore.location` and so on \
              ([security.md](security.md)). If any such key is set, the `ssl.` keys without a prefix do not apply to the REST server.",
        usage: Used,
    },
    Prefix {
        prefix: "admin.listeners.https.",
        doc: "The same for the https listeners of `admin.listeners`.",
        usage: Used,
    },
    Prefix { prefix: "metrics.context.", doc: "Labels added to all metrics.", usage: NO_REPORTERS },
];

/// Finds a key by its name.
pub(crate) fn find(name: &str) -> Option<&'static Key> {
    SECTIONS.iter().flat_map(|section| section.keys).find(|key| key.name == name)
}

/// Finds the longest known prefix of a key.
pub(crate) fn find_prefix(name: &str) -> Option<&'static Prefix> {
    PREFIXES.iter().filter(|known| name.starts_with(known.prefix)).max_by_key(|known| known.prefix.len())
}

#[cfg(test)]
mod tests {
    use super::super::key::Fallback;
    use super::super::{check, types};
    use super::*;

    #[test]
    fn every_default_passes_its_own_checks() {
        for key in SECTIONS.iter().flat_map(|section| section.keys) {
            let Fallback::Value(text) = key.default else { continue };
            let value = types::parse(key.name, key.kind, text).expect("a default of the key's type");
            for check in key.checks {
                check::check(key.name, &value, *check).expect("a default that passes");
            }
        }
    }

    #[test]
    fn every_key_is_listed_once_and_prefixes_are_found() {
        let mut names: Vec<_> = SECTIONS.iter().flat_map(|section| section.keys).map(|key| key.name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(find("weir.allow.read").is_some());
        assert_eq!(find_prefix("admin.listeners.https.ssl.protocol").map(|p| p.prefix), Some("admin.listeners.https."));
        assert!(find_prefix("unknown.key").is_none());
    }
}
