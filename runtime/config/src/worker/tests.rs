//! Whole worker files: defaults, errors, warnings, and the settings of clients.

use std::path::Path;

use super::*;
use crate::rest::listener::Protocol;

fn keys(entries: &[(&str, &str)]) -> ConfigMap {
    let least = [
        ("bootstrap.servers", "b:9092"),
        ("key.converter", "StringConverter"),
        ("value.converter", "org.apache.kafka.connect.json.JsonConverter"),
        ("value.converter.schemas.enable", "false"),
        ("offset.storage.file.filename", "/var/weir/offsets"),
    ];
    least.iter().chain(entries).map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn parsed(entries: &[(&str, &str)]) -> WorkerConfig {
    WorkerConfig::parse(keys(entries)).expect("in order")
}

fn errors(config: ConfigMap) -> Vec<String> {
    WorkerConfig::parse(config).expect_err("refused").iter().map(ToString::to_string).collect()
}

#[test]
fn the_required_keys_are_enough() {
    let config = parsed(&[]);
    assert_eq!(config.listeners, [Listener { protocol: Protocol::Http, host: "127.0.0.1".into(), port: 8083 }]);
    assert_eq!(config.offset_flush_interval, Duration::from_secs(60));
    assert_eq!(config.limits, Limits::default());
    assert_eq!(config.compile, CompileLimits::default());
    assert_eq!(config.plugin_store, Path::new("/var/weir/weir-plugins"));
    assert_eq!(config.plugin_cache, Path::new("/var/weir/weir-plugins/cache"));
    assert_eq!(config.plugin_max_bytes, 64 << 20);
    assert_eq!(config.converters.value.settings["schemas.enable"], "false");
    assert_eq!(config.warnings, Vec::<String>::new());
    assert!(config.allowed.read.is_empty() && config.allowed.write.is_empty() && config.allowed.connect.is_empty());
    assert_eq!(config.worker_id("127.0.0.1:8083".parse().expect("address")), "127.0.0.1:8083");
}

/// Kafka's own `StandaloneWorkerIntegrationTest` starts with such a file.
#[test]
fn a_setting_of_a_converter_is_the_matter_of_the_tasks_that_use_it() {
    let config = parsed(&[("key.converter", "JsonConverter"), ("key.converter.schemas.enable", "none")]);
    let said = config.warnings.iter().filter(|warning| warning.contains("'key.converter'")).count();
    assert_eq!(said, 1, "{:?}", config.warnings);
    let key = &config.converters.key;
    assert!(weir_data::converter::converter(&key.class, &key.settings, true).is_err());
    assert!(errors(keys(&[("key.converter", "NoConverter")]))[0].contains("NoConverter"));
}

#[test]
fn all_that_is_wrong_is_said_at_once_in_kafka_connects_words() {
    let missing = errors(ConfigMap::new());
    for key in ["bootstrap.servers", "key.converter", "value.converter", "offset.storage.file.filename"] {
        let text = format!("Missing required configuration \"{key}\" which has no default value.");
        assert!(missing.contains(&text), "{missing:?}");
    }
    let wrong = errors(keys(&[
        ("offset.flush.interval.ms", "soon"),
        ("plugin.discovery", "guess"),
        ("weir.allow.read", "data"),
        ("weir.allow.connect", "db"),
        ("listeners", "https://:8443"),
        ("rest.extension.classes", "x.BasicAuth"),
        ("producer.linger.ms", "soon"),
        ("connector.client.config.override.policy", "Maybe"),
    ]));
    for start in [
        "Invalid value soon for configuration offset.flush.interval.ms: Not a number of type LONG",
        "Invalid value data for configuration weir.allow.read: ",
        "Invalid value db for configuration weir.allow.connect: ",
        "an https listener needs a key: 'ssl.keystore.location'",
        "Invalid value x.BasicAuth for configuration rest.extension.classes: ",
        "Invalid value soon for configuration producer.linger.ms: Not a number of type LONG",
        "Invalid value Maybe for configuration connector.client.config.override.policy: ",
    ] {
        assert!(wrong.iter().any(|error| error.starts_with(start)), "{start} in {wrong:?}");
    }
}

#[test]
fn keys_without_effect_are_named_one_a_line() {
    let config = parsed(&[
        ("plugin.discovery", "service_load"),
        ("group.id", "cluster"),
        ("topic.creation.enable", "true"),
        ("offset.flash.interval.ms", "1"),
        ("max.poll.records", "5"),
        ("consumer.default.api.timeout.ms", "1"),
        ("security.protocol", "PLAINTEXT"),
    ]);
    let warnings = config.warnings;
    for part in [
        "'plugin.discovery' has no effect",
        "'group.id' has no effect",
        "'offset.flash.interval.ms' is not known to Weir and has no effect; did you mean 'offset.flush.interval.ms'?",
        "'max.poll.records' has no effect: it is a setting of connectors' clients",
        "'consumer.default.api.timeout.ms' has no effect",
    ] {
        assert_eq!(warnings.iter().filter(|warning| warning.contains(part)).count(), 1, "{part} in {warnings:?}");
    }
    assert_eq!(warnings.len(), 5, "a key with its default needs no warning: {warnings:?}");
}

#[test]
fn state_and_offsets_are_two_files() {
    let root = tempfile::tempdir().expect("a directory");
    let offsets = ("offset.storage.file.filename", root.path().join("one").display().to_string());
    std::os::unix::fs::symlink(root.path(), root.path().join("link")).expect("linked");
    for (name, same) in [("one", true), ("link/one", true), ("./one", true), ("two", false)] {
        let state = root.path().join(name).display().to_string();
        let config = keys(&[(offsets.0, &offsets.1), ("weir.standalone.state", &state)]);
        match WorkerConfig::parse(config) {
            Ok(_) => assert!(!same, "{name}"),
            Err(errors) => assert!(same && errors[0].to_string().contains("name the same file"), "{errors:?}"),
        }
    }
}

#[test]
fn a_level_of_the_log_that_does_not_exist_is_refused_with_those_that_do() {
    let wrong = errors(keys(&[("weir.log.level", "inof")]));
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    let text = &wrong[0];
    assert!(
        text.starts_with("Invalid value inof for configuration weir.log.level: 'inof' is not a valid level."),
        "{text}"
    );
    assert!(text.contains("off, fatal, error, warn, info, debug, trace"), "{text}");
    for level in ["OFF", "info,weir::rest=debug"] {
        assert_eq!(WorkerConfig::parse(keys(&[("weir.log.level", level)])).expect("in order").log_level, level);
    }
}

#[test]
fn unknown_keys_of_weirs_own_are_refused_with_the_nearest_one() {
    let wrong = errors(keys(&[
        ("weir.rest.auth.user.file", "/etc/weir/users"),
        ("weir.allow.raed", ""),
        ("weird.key", "1"),
        ("listeners", "https://127.0.0.1:0"),
        ("listeners.https.ssl.keystore.location", "/s.jks"),
        ("listeners.https.ssl.client.atuh", "required"),
    ]));
    assert_eq!(wrong.len(), 3, "{wrong:?}");
    for (unknown, known) in [
        ("weir.rest.auth.user.file", "weir.rest.auth.users.file"),
        ("weir.allow.raed", "weir.allow.read"),
        ("listeners.https.ssl.client.atuh", "listeners.https.ssl.client.auth"),
    ] {
        let text = format!("Unknown configuration '{unknown}'; the nearest known key is '{known}'.");
        assert!(wrong.iter().any(|error| error.starts_with(&text)), "{text} in {wrong:?}");
    }
}

#[test]
fn what_is_wrong_with_a_client_is_said_once_under_the_key_that_was_written() {
    let brotli = "Invalid value brotli for configuration producer.compression.type: String must be one of: none, gzip, snappy, \
                  lz4, zstd";
    assert_eq!(errors(keys(&[("producer.compression.type", "brotli")])), [brotli]);
    let local = "Invalid url in bootstrap.servers: localhost. Write host:port, for example localhost:9092";
    assert_eq!(errors(keys(&[("bootstrap.servers", "localhost")])), [local]);
    let retries = [("producer.enable.idempotence", "true"), ("producer.retries", "0")];
    let contradiction = errors(keys(&retries));
    assert_eq!(contradiction.len(), 1);
    assert!(contradiction[0].starts_with("producer.enable.idempotence: Must set retries"), "{contradiction:?}");
}

#[test]
fn a_forgotten_prefix_is_named() {
    let warnings = parsed(&[
        ("linger.ms", "5"),
        ("max.poll.records", "5"),
        ("partition.assignment.strategy", "range"),
        ("security.protocol", "SSL"),
        ("consumer.security.protocol", "SSL"),
    ])
    .warnings;
    for part in [
        "'linger.ms' has no effect: it is a setting of connectors' clients; write 'producer.linger.ms'",
        "'max.poll.records' has no effect: it is a setting of connectors' clients; write 'consumer.max.poll.records'",
        "'security.protocol' applies to the worker's own clients only; for those of connectors, set 'producer.security.protocol' too",
    ] {
        assert_eq!(warnings.iter().filter(|warning| warning.contains(part)).count(), 1, "{part} in {warnings:?}");
    }
}

#[test]
fn a_clients_settings_come_in_layers() {
    let config = parsed(&[
        ("client.id", "worker"),
        ("consumer.group.id", "from-worker"),
        ("consumer.fetch.min.bytes", "2"),
        ("producer.linger.ms", "7"),
        ("admin.client.id", "admin"),
    ]);
    let overrides = ConfigMap::from([("fetch.min.bytes".to_owned(), "3".to_owned())]);
    let consumer = config.client(Kind::Consumer, "connect-a", &overrides).expect("in order").properties;
    assert_eq!(consumer["group.id"], "from-worker");
    assert_eq!(consumer["fetch.min.bytes"], "3");
    assert_eq!(consumer["bootstrap.servers"], "b:9092");
    assert_eq!(consumer.get("client.id"), None, "the worker's own clients only");
    let producer = config.client(Kind::Producer, "", &ConfigMap::new()).expect("in order").properties;
    assert_eq!((producer["linger.ms"].as_str(), producer.get("group.id")), ("7", None));
    assert_eq!(config.admin_properties()["client.id"], "admin");
    let plain = parsed(&[]).client(Kind::Consumer, "connect-a", &ConfigMap::new()).expect("in order");
    assert_eq!(plain.properties["group.id"], "connect-a");
}

#[test]
fn listeners_are_addresses_to_bind_and_to_tell() {
    let config = parsed(&[("listeners", "http://:0, HTTP://[::1]:8084"), ("rest.advertised.port", "80")]);
    assert_eq!(config.listeners[0].bind_host(), "0.0.0.0");
    assert_eq!(config.listeners[1], Listener { protocol: Protocol::Http, host: "::1".into(), port: 8084 });
    assert_eq!(config.worker_id("10.0.0.1:4711".parse().expect("address")), "10.0.0.1:80");
    assert!(config.listeners[0].is_open() && !config.listeners[1].is_open());
    for wrong in ["8083", "ftp://a:1", "http://a", "http://a:70000"] {
        assert_eq!(errors(keys(&[("listeners", wrong)])).len(), 1, "{wrong}");
    }
}
