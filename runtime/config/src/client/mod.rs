//! Kafka's Java client settings as librdkafka's settings.
//!
//! `keys` is the table of the settings, `translate` applies it to one of them, `security` handles those that determine who may
//! connect, and `librdkafka_check` lets librdkafka check the result. `layers` collects a client's settings from a worker's file.

mod bootstrap_servers;
mod consistency;
#[cfg(test)]
mod docs;
pub(crate) mod keys;
mod kind;
pub(crate) mod layers;
mod librdkafka_check;
pub(crate) mod override_policy;
mod security;
mod settings;
mod translate;

pub(crate) use kind::Kind;
pub(crate) use override_policy::OverridePolicy;
pub(crate) use settings::ClientSettings;
use settings::Given;

use crate::error::Error;
use weir_plugin::ConfigMap;

/// Combines the layers (a later one takes precedence; all without prefixes) and translates the result for librdkafka. Reads the key
/// and trust stores that the settings name, and creates a client that does not connect; this takes some milliseconds.
///
/// # Errors
///
/// The first setting that cannot be used, under the user's name for it. The text contains no secret.
pub(crate) fn client_settings<'a>(
    kind: Kind,
    layers: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<ClientSettings, Error> {
    let given: Given<'_> = layers.into_iter().map(|(key, value)| (key, value.trim())).collect();
    let mut client = ClientSettings::of(kind);
    for base in keys::base(kind) {
        client.properties.insert(base.name.to_owned(), base.value.to_owned());
    }
    for (key, value) in &given {
        translate::translate(kind, key, value, &given, &mut client)?;
    }
    security::secure(kind, &given, &mut client)?;
    match kind {
        Kind::Producer => consistency::keep_order(&given, &mut client)?,
        Kind::Consumer => consistency::fit_together(&given, &mut client),
        Kind::Admin => consistency::check_timeouts(&client)?,
    }
    librdkafka_check::check(kind, &client)?;
    Ok(client)
}

/// Returns the settings of a client of a worker: the worker's settings, then `overrides` (without prefix). A consumer without a
/// group of its own gets `group`, unless that is empty.
///
/// # Errors
///
/// The first setting that cannot be used, under the key that the user wrote, including its prefix.
pub(crate) fn of_worker(
    kind: Kind,
    worker: &ConfigMap,
    group: &str,
    overrides: &ConfigMap,
) -> Result<ClientSettings, Error> {
    client_settings(kind, layers::layers(kind, worker, group, overrides))
        .map_err(|error| layers::with_origin(error, kind, worker, overrides))
}

/// Returns the settings of a client of the worker's internal topics: those in the worker's file without a prefix.
///
/// # Errors
///
/// The first setting that cannot be used.
pub(crate) fn of_internal_topics(kind: Kind, worker: &ConfigMap) -> Result<ClientSettings, Error> {
    client_settings(kind, layers::own(kind, worker))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn made(kind: Kind, settings: &[(&str, &str)]) -> ClientSettings {
        client_settings(kind, settings.iter().copied()).expect("settings in order")
    }

    fn fails(kind: Kind, settings: &[(&str, &str)]) -> String {
        client_settings(kind, settings.iter().copied()).expect_err("refused").to_string()
    }

    #[test]
    fn no_client_has_the_name_that_brokers_trust() {
        for kind in [Kind::Producer, Kind::Consumer, Kind::Admin] {
            let text = fails(kind, &[("client.id", " __admin_client ")]);
            assert!(text.starts_with("Invalid value __admin_client for configuration client.id: "), "{text}");
            assert_eq!(made(kind, &[("client.id", "__admin_client_2")]).get("client.id"), Some("__admin_client_2"));
        }
    }

    #[test]
    fn a_producer_starts_from_kafka_connects_promises() {
        let client =
            made(Kind::Producer, &[("bootstrap.servers", "b:9092"), ("linger.ms", "7"), ("buffer.memory", "2097152")]);
        assert_eq!(client.get("acks"), Some("all"));
        assert_eq!(client.get("enable.idempotence"), Some("true"));
        assert_eq!(client.get("partitioner"), Some("murmur2_random"));
        assert_eq!(client.get("linger.ms"), Some("7"));
        assert_eq!(client.get("queue.buffering.max.kbytes"), Some("2048"));
        assert_eq!(client.get("socket.timeout.ms"), Some("30000"));
        assert_eq!(client.warnings, Vec::<String>::new());
    }

    #[test]
    fn a_producer_without_idempotence_keeps_order_by_one_request_at_a_time() {
        for settings in [("acks", "1"), ("retries", "0"), ("enable.idempotence", "FALSE")] {
            let client = made(Kind::Producer, &[settings]);
            assert_eq!(client.get("enable.idempotence"), Some("false"), "{settings:?}");
            assert_eq!(client.get("max.in.flight.requests.per.connection"), Some("1"), "{settings:?}");
        }
        let client = made(Kind::Producer, &[("max.in.flight.requests.per.connection", "6")]);
        assert_eq!(client.get("max.in.flight.requests.per.connection"), Some("6"));
        assert_eq!(
            fails(Kind::Producer, &[("enable.idempotence", "true"), ("acks", "0")]),
            "Must set acks to all in order to use the idempotent producer. Otherwise we cannot guarantee idempotence."
        );
    }

    #[test]
    fn a_consumer_reads_as_the_java_client_does() {
        let client = made(
            Kind::Consumer,
            &[
                ("auto.offset.reset", "none"),
                ("max.poll.records", "50"),
                ("fetch.max.wait.ms", "10"),
                ("receive.buffer.bytes", "-1"),
                ("partition.assignment.strategy", "org.apache.kafka.clients.consumer.RoundRobinAssignor"),
                ("default.api.timeout.ms", "1"),
                ("no.such.key", "1"),
            ],
        );
        assert_eq!(client.get("auto.offset.reset"), Some("error"));
        assert_eq!(client.get("fetch.wait.max.ms"), Some("10"));
        assert_eq!(client.get("socket.receive.buffer.bytes"), Some("0"));
        assert_eq!(client.get("isolation.level"), Some("read_uncommitted"));
        assert_eq!(client.get("partition.assignment.strategy"), Some("roundrobin"));
        assert_eq!(client.max_poll_records, Some(50));
        assert_eq!(client.warnings.len(), 2, "{:?}", client.warnings);
    }

    #[test]
    fn settings_that_java_takes_alone_are_made_to_fit_librdkafka() {
        let client = made(Kind::Consumer, &[("fetch.max.bytes", "2048"), ("max.poll.interval.ms", "6000")]);
        assert_eq!((client.get("message.max.bytes"), client.get("session.timeout.ms")), (Some("2048"), Some("6000")));
        let client = made(Kind::Consumer, &[("metadata.max.age.ms", "500")]);
        assert_eq!(client.get("topic.metadata.refresh.interval.ms"), Some("500"));
        let client = made(Kind::Producer, &[("compression.type", "gzip"), ("compression.gzip.level", "3")]);
        assert_eq!(client.get("compression.level"), Some("3"));
        let client = made(Kind::Producer, &[("compression.lz4.level", "17"), ("batch.size", "0")]);
        assert_eq!((client.get("compression.level"), client.get("batch.size")), (None, Some("1")));
        assert_eq!(made(Kind::Producer, &[("partitioner.ignore.keys", "true")]).get("partitioner"), Some("random"));
    }

    #[test]
    fn what_would_be_a_surprise_without_its_effect_is_refused_and_its_default_is_not() {
        for (kind, key, value) in [
            (Kind::Producer, "interceptor.classes", "x.Y"),
            (Kind::Consumer, "interceptor.classes", "x.Y"),
            (Kind::Producer, "partitioner.class", "x.Y"),
            (Kind::Producer, "transactional.id", "t"),
            (Kind::Producer, "key.serializer", "org.apache.kafka.common.serialization.StringSerializer"),
            (Kind::Consumer, "enable.auto.commit", "true"),
            (Kind::Consumer, "auto.offset.reset", "by_duration:P1D"),
            (Kind::Admin, "bootstrap.controllers", "c:9093"),
            (Kind::Admin, "security.providers", "x.Y"),
        ] {
            let text = fails(kind, &[(key, value)]);
            assert!(text.starts_with(&format!("Invalid value {value} for configuration {key}: ")), "{text}");
        }
        let defaults = [
            ("interceptor.classes", ""),
            ("enable.auto.commit", "false"),
            ("value.deserializer", "org.apache.kafka.common.serialization.ByteArrayDeserializer"),
        ];
        assert_eq!(made(Kind::Consumer, &defaults).warnings, Vec::<String>::new());
    }

    #[test]
    fn a_value_outside_of_librdkafkas_bounds_is_an_error_of_the_key_that_the_user_wrote() {
        let error = client_settings(Kind::Consumer, [("session.timeout.ms", "86400000")]).expect_err("refused");
        assert_eq!(error.key(), "session.timeout.ms");
        let error = client_settings(Kind::Consumer, [("request.timeout.ms", "86400000")]).expect_err("refused");
        assert_eq!(error.key(), "request.timeout.ms");
        assert!(
            fails(Kind::Producer, &[("linger.ms", "soon")])
                .starts_with("Invalid value soon for configuration linger.ms: ")
        );
    }

    #[test]
    fn a_value_that_kafka_would_refuse_is_refused_in_its_words() {
        for (kind, key, value, detail) in [
            (Kind::Producer, "compression.type", "brotli", "String must be one of: none, gzip, snappy, lz4, zstd"),
            (Kind::Producer, "acks", "2", "String must be one of: all, -1, 0, 1"),
            (Kind::Producer, "linger.ms", "soon", "Not a number of type LONG"),
            (Kind::Producer, "enable.idempotence", "yes", "Expected value to be either true or false"),
            (Kind::Consumer, "isolation.level", "any", "String must be one of: read_committed, read_uncommitted"),
            (Kind::Consumer, "max.poll.records", "many", "Not a number of type INT"),
            (
                Kind::Admin,
                "client.dns.lookup",
                "default",
                "String must be one of: use_all_dns_ips, resolve_canonical_bootstrap_servers_only",
            ),
        ] {
            assert_eq!(
                fails(kind, &[(key, value)]),
                format!("Invalid value {value} for configuration {key}: {detail}")
            );
        }
        for (servers, wrong) in [
            ("localhost", "Invalid url in bootstrap.servers: localhost. Write host:port, for example localhost:9092"),
            ("a:1,b", "Invalid url in bootstrap.servers: b. "),
            ("a:x", "Invalid url in bootstrap.servers: a:x. "),
            ("a b:1", "Invalid url in bootstrap.servers: a b:1. "),
            ("a:65536", "Invalid port in bootstrap.servers: a:65536. "),
        ] {
            assert!(fails(Kind::Admin, &[("bootstrap.servers", servers)]).starts_with(wrong), "{servers}");
        }
        made(Kind::Admin, &[("bootstrap.servers", "a:1, [::1]:2 ,PLAINTEXT://b.c:3,fe80::1:4")]);
    }

    #[test]
    fn librdkafkas_bounds_are_told_under_kafkas_name() {
        let text = fails(Kind::Consumer, &[("request.timeout.ms", "86400000")]);
        assert_eq!(
            text,
            "Invalid value 86400000 for configuration request.timeout.ms: librdkafka accepts 10..300000 here"
        );
    }

    #[test]
    fn the_time_for_a_call_is_at_least_that_for_a_request() {
        let client = made(Kind::Admin, &[("default.api.timeout.ms", "5000"), ("request.timeout.ms", "2000")]);
        assert_eq!(client.api_timeout, Some(Duration::from_secs(5)));
        assert_eq!(made(Kind::Admin, &[]).api_timeout, None);
        let text = fails(Kind::Admin, &[("default.api.timeout.ms", "5000")]);
        assert!(text.contains("must be no smaller than the value of request.timeout.ms."), "{text}");
    }

    #[test]
    fn secrets_are_in_no_error_and_in_no_debug_text() {
        let text = fails(Kind::Admin, &[("security.protocol", "SSL"), ("ssl.key.pem", "s3cret")]);
        assert!(!text.contains("s3cret"), "{text}");
        let line = "x.PlainLoginModule required username=\"u\" password=\"s3cret\";";
        let settings = [("security.protocol", "SASL_SSL"), ("sasl.mechanism", "PLAIN"), ("sasl.jaas.config", line)];
        let client = made(Kind::Admin, &settings);
        assert_eq!(client.get("sasl.password"), Some("s3cret"));
        assert!(!format!("{client:?}").contains("s3cret"));
    }
}
