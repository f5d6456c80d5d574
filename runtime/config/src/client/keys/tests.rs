//! The table held against Kafka's own definitions, and against librdkafka.

use std::collections::BTreeSet;

use super::*;

/// Recorded by `cargo xtask record client-keys`; an end-to-end test compares it with the jars.
const KAFKA: &str = include_str!("../../../../../tests/oracle/cases/client-keys.tsv");

const KINDS: [Kind; 3] = [Kind::Producer, Kind::Consumer, Kind::Admin];

fn kafka() -> Vec<(Kind, &'static str, Option<&'static str>)> {
    let lines = KAFKA.lines().map(|line| {
        let mut fields = line.split('\t');
        let mut next = || fields.next().expect("four fields");
        let (client, name, _, default) = (next(), next(), next(), next());
        let kind = KINDS.into_iter().find(|kind| kind.prefix().trim_end_matches('.') == client).expect("a client");
        (kind, name, (!matches!(default, "null" | "required")).then_some(default))
    });
    lines.collect()
}

#[test]
fn every_setting_of_the_java_clients_has_an_entry_with_its_default() {
    let kafka = kafka();
    assert!(kafka.len() > 300, "{} settings", kafka.len());
    for (kind, name, default) in kafka {
        let entry = find(kind, name).unwrap_or_else(|| panic!("{kind:?} {name} has no entry"));
        assert_eq!(entry.default, default, "{kind:?} {name}");
    }
}

#[test]
fn every_entry_is_a_setting_of_that_client() {
    let kafka: BTreeSet<(&str, &str)> = kafka().into_iter().map(|(kind, name, _)| (kind.prefix(), name)).collect();
    for kind in KINDS {
        for key in own(kind).iter().chain(COMMON) {
            assert!(kafka.contains(&(kind.prefix(), key.name)), "{kind:?} has no setting {}", key.name);
        }
        let names: BTreeSet<_> = own(kind).iter().map(|key| key.name).collect();
        assert_eq!(names.len(), own(kind).len(), "a setting of {kind:?} is listed twice");
        assert!(
            own(kind).iter().all(|key| !librdkafka(kind, key.name)),
            "{kind:?}: librdkafka's own are no setting of Java's"
        );
    }
}

/// Names in librdkafka of what reaches it.
fn names(meaning: Meaning, key: &'static str) -> Vec<&'static str> {
    match meaning {
        Meaning::Same | Meaning::LowerCase | Meaning::OffsetReset | Meaning::Assignors => vec![key],
        Meaning::Named(name) | Meaning::Kilobytes(name) | Meaning::MinusOneIsZero(name) | Meaning::ZeroIsOne(name) => {
            vec![name]
        }
        Meaning::Both(one, other) => vec![one, other],
        Meaning::MetadataAge => vec!["topic.metadata.refresh.interval.ms", "metadata.max.age.ms"],
        Meaning::Level(_) => vec!["compression.level"],
        Meaning::Partitioner | Meaning::IgnoreKeys => vec!["partitioner"],
        _ => vec![],
    }
}

#[test]
fn librdkafka_knows_every_setting_that_is_handed_over() {
    for kind in KINDS {
        let java = own(kind).iter().chain(COMMON).flat_map(|key| names(key.meaning, key.name));
        let own = LIBRDKAFKA.iter().filter(|(whose, _)| whose.is_none_or(|whose| whose == kind));
        for name in java.chain(own.flat_map(|(_, names)| names.iter().copied())) {
            let value = example(name);
            if let Err(error) = weir_kafka::trial::accepts(name, value) {
                panic!("{kind:?} {name}={value}: {error}");
            }
        }
    }
}

#[test]
fn defaults_of_java_are_accepted_without_a_warning() {
    for kind in KINDS {
        let defaults = kafka()
            .into_iter()
            .filter(|(whose, name, _)| *whose == kind && !matches!(*name, "enable.auto.commit"))
            .filter_map(|(_, name, default)| Some((name, default?)));
        let client = crate::client::client_settings(kind, defaults).expect("Java's defaults are in order");
        assert_eq!(client.warnings, Vec::<String>::new(), "{kind:?}");
    }
}

#[test]
fn passwords_and_keys_are_secrets() {
    for secret in [
        "sasl.jaas.config",
        "sasl.password",
        "ssl.key.password",
        "ssl.keystore.password",
        "ssl.truststore.password",
        "ssl.keystore.key",
        "ssl.key.pem",
        "sasl.oauthbearer.client.credentials.client.secret",
        "sasl.oauthbearer.assertion.private.key.passphrase",
    ] {
        assert!(is_secret(secret), "{secret}");
    }
    assert!(!is_secret("ssl.keystore.location") && !is_secret("client.id"));
}

/// A value that librdkafka accepts for its setting of this name.
fn example(name: &str) -> &'static str {
    match name {
        "client.dns.lookup" => "use_all_dns_ips",
        "metadata.recovery.strategy" => "none",
        "broker.address.family" => "any",
        "debug" => "broker",
        "compression.type" => "gzip",
        "partitioner" => "murmur2_random",
        "auto.offset.reset" => "error",
        "group.protocol" => "classic",
        "isolation.level" => "read_uncommitted",
        "partition.assignment.strategy" => "range",
        "acks" | "compression.level" => "1",
        _ if name.starts_with("enable.") || name.starts_with("allow.") || name.starts_with("socket.k") => "true",
        "check.crcs" | "socket.nagle.disable" => "true",
        _ => "5000",
    }
}
