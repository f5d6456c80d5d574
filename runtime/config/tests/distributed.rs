//! The keys of a distributed worker, compared with Kafka Connect's, and the settings of its clients.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use weir_config::{DistributedConfig, ExactlyOnceSupport};
use weir_kafka::admin::Admins;
use weir_kafka::connection::Connections;
use weir_plugin::ConfigMap;

/// Recorded from Kafka Connect's `DistributedConfig`, see `tests/oracle/README.md`.
const CASES: &str = include_str!("../../../tests/oracle/cases/internal-topics.jsonl");

fn keys(more: &[(&str, Option<&str>)]) -> ConfigMap {
    let least = [
        ("bootstrap.servers", "127.0.0.1:1"),
        ("group.id", "g"),
        ("key.converter", "org.apache.kafka.connect.json.JsonConverter"),
        ("value.converter", "org.apache.kafka.connect.json.JsonConverter"),
        ("config.storage.topic", "configs"),
        ("offset.storage.topic", "offsets"),
        ("status.storage.topic", "statuses"),
    ];
    let mut keys: ConfigMap = least.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    for (key, value) in more {
        match value {
            Some(value) => drop(keys.insert((*key).to_owned(), (*value).to_owned())),
            None => drop(keys.shift_remove(*key)),
        }
    }
    keys
}

fn errors(more: &[(&str, Option<&str>)]) -> Vec<String> {
    DistributedConfig::parse(&keys(more)).expect_err("refused").iter().map(ToString::to_string).collect()
}

#[test]
fn keys_are_accepted_and_refused_as_by_kafka_connect() {
    let mut count = 0;
    for line in CASES.lines().filter(|line| line.starts_with(r#"{"do":"worker""#)) {
        count += 1;
        let case: Value = serde_json::from_str(line).expect("a case");
        let expected = if case["why"].is_string() { &case["weir"] } else { &case };
        let given = case["worker"].as_object().expect("keys");
        let given: Vec<_> = given.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let parsed = DistributedConfig::parse(&keys(&given));
        let config = match (parsed, expected["error"].as_str()) {
            (Ok(config), None) => config,
            (Err(errors), Some(expected)) => {
                let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
                assert!(errors.iter().any(|error| error == expected), "{given:?}: {errors:?}, not {expected}");
                continue;
            }
            (parsed, expected) => panic!("{given:?}: {parsed:?}, not {expected:?}"),
        };
        for (name, topic) in
            [("config", &config.config_topic), ("offset", &config.offset_topic), ("status", &config.status_topic)]
        {
            let settings: BTreeMap<_, _> = topic.settings.clone();
            assert_eq!(serde_json::to_value(settings).expect("JSON"), expected["topics"][name], "{given:?}");
        }
        assert_eq!(config.transactional_id().as_deref(), expected["transactional_id"].as_str(), "{given:?}");
        assert_eq!(config.exactly_once == ExactlyOnceSupport::Enabled, expected["enabled"] == true, "{given:?}");
    }
    assert!(count > 30, "{count}");
}

#[test]
fn topics_have_kafka_connects_defaults() {
    let config = DistributedConfig::parse(&keys(&[])).expect("in order");
    let shape =
        |topic: &weir_kafka::compacted::CompactedTopic| (topic.partitions, topic.replication_factor, topic.is_single);
    assert_eq!(shape(&config.config_topic), (1, 3, true));
    assert_eq!(shape(&config.offset_topic), (25, 3, false));
    assert_eq!(shape(&config.status_topic), (5, 3, false));
    assert!(config.config_topic.is_created);
    assert_eq!(config.session_timeout.as_millis(), 10_000);
    assert_eq!(config.rebalance_max_delay.as_millis(), 300_000);
    assert_eq!(config.warnings, Vec::<String>::new());
    let ignored = [("config.storage.partitions", Some("5")), ("status.storage.cleanup.policy", Some("delete"))];
    assert_eq!(DistributedConfig::parse(&keys(&ignored)).expect("in order").warnings.len(), 2);
}

#[test]
fn a_topic_without_a_name_is_refused_in_kafka_connects_words() {
    let empty = Some(" ");
    let errors = errors(&[
        ("config.storage.topic", empty),
        ("offset.storage.topic", empty),
        ("status.storage.topic", empty),
        ("inter.worker.signature.algorithm", Some("HmacMD5")),
    ]);
    for expected in [
        "Must specify topic for connector configuration.",
        "Offset storage topic must be specified",
        "Must specify topic for connector status.",
    ] {
        assert!(errors.iter().any(|error| error == expected), "{errors:?}");
    }
    assert!(errors.iter().any(|error| error.contains("Weir does not support the algorithm")), "{errors:?}");
}

#[test]
fn clients_of_internal_topics_have_the_settings_without_a_prefix() {
    let more = [
        ("security.protocol", Some("SASL_PLAINTEXT")),
        ("sasl.mechanism", Some("PLAIN")),
        ("sasl.jaas.config", Some("x.PlainLoginModule required username=\"u\" password=\"p\";")),
        ("producer.linger.ms", Some("7")),
        ("compression.type", Some("lz4")),
        ("client.id", Some("w1")),
        ("exactly.once.source.support", Some("enabled")),
        ("retry.backoff.ms", Some("250")),
    ];
    let config = DistributedConfig::parse(&keys(&more)).expect("in order");
    let admin = Admins::default().get(&[("bootstrap.servers".to_owned(), "127.0.0.1:1".to_owned())].into());
    let admin = admin.expect("a client");
    let settings = config.config_settings(Arc::clone(&admin), &Connections::default());
    assert_eq!(settings.consumer["sasl.username"], "u");
    assert_eq!(settings.producer["sasl.username"], "u");
    assert_eq!(settings.producer["compression.type"], "lz4");
    assert_ne!(settings.producer["linger.ms"], "7", "it is for connectors");
    assert_eq!(
        (settings.consumer["client.id"].as_str(), settings.consumer["group.id"].as_str()),
        ("g-w1-configs", "g")
    );
    assert_eq!(settings.consumer["isolation.level"], "read_committed");
    assert_eq!(settings.pause.as_millis(), 250);
    let settings = config.status_settings(admin, &Connections::default());
    assert_eq!(settings.consumer["isolation.level"], "read_uncommitted", "statuses are written without transactions");
    assert_eq!(settings.producer["client.id"], "g-w1-statuses");
}
