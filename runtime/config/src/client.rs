//! Kafka's Java client settings in librdkafka's words. `client_keys` holds the table of them, `client_security` reads those that say
//! who may connect, `client_trial.rs` lets librdkafka look at the outcome.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::client_keys::{self, Meaning};
use super::client_security::{self, Given};
use super::error::Error;
use super::validation::client_setting;
use super::{client_trial, def};
use weir_kafka::internal_topics::ADMIN_CLIENT;

/// Which client the settings are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Of source tasks, and of sinks for rows that failed.
    Producer,
    /// Of sink tasks.
    Consumer,
    /// Of the worker itself, and for topics and groups.
    Admin,
}

impl Kind {
    /// Its name among Kafka's recorded definitions.
    fn name(self) -> &'static str {
        self.prefix().trim_end_matches('.')
    }

    /// The prefix of its settings in the worker's file, `producer.`.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Producer => "producer.",
            Self::Consumer => "consumer.",
            Self::Admin => "admin.",
        }
    }

    /// The prefix of its settings in a connector's configuration, `producer.override.`.
    pub fn override_prefix(self) -> &'static str {
        match self {
            Self::Producer => "producer.override.",
            Self::Consumer => "consumer.override.",
            Self::Admin => "admin.override.",
        }
    }
}

/// Settings ready for librdkafka.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Client {
    /// For `rdkafka::ClientConfig`. Equal maps make equal clients. Passwords and keys are among them.
    pub properties: BTreeMap<String, String>,
    /// `max.poll.records` of a consumer, which librdkafka does not know: rows that one `put` may carry.
    pub max_poll_records: Option<u32>,
    /// `default.api.timeout.ms` of an admin client, which librdkafka does not know; none = it is not given.
    pub api_timeout: Option<Duration>,
    /// One line for each setting that has no effect. No values in them.
    pub warnings: Vec<String>,
    /// librdkafka's name to the user's, for errors.
    origins: BTreeMap<String, String>,
    prefix: &'static str,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names only: there are secrets among the values.
        f.debug_struct("Client").field("properties", &self.properties.keys()).finish_non_exhaustive()
    }
}

impl Client {
    /// Sets librdkafka's `name` because of the user's `key`.
    pub(super) fn put(&mut self, key: &str, name: &str, value: String) {
        self.properties.insert(name.to_owned(), value);
        self.origins.insert(name.to_owned(), key.to_owned());
    }

    pub(super) fn warn(&mut self, key: &str, reason: &str) {
        self.warnings.push(format!("client setting '{}{key}' has no effect: {reason}", self.prefix));
    }

    /// The user's name of a setting of librdkafka.
    pub(super) fn origin<'a>(&'a self, name: &'a str) -> &'a str {
        self.origins.get(name).map_or(name, String::as_str)
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.properties.get(name).map(String::as_str)
    }

    fn number(&self, name: &str) -> Option<i64> {
        self.get(name)?.parse().ok()
    }
}

/// Puts the layers together (the later wins; all without prefixes) and says the outcome in librdkafka's words. Reads the key and
/// trust stores they name, and makes a client of them that connects to nobody: some milliseconds.
///
/// # Errors
///
/// The first setting that cannot be used, under the user's name for it. No secret is in the text.
pub fn client<'a>(kind: Kind, layers: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Client, Error> {
    let given: Given<'_> = layers.into_iter().map(|(key, value)| (key, value.trim())).collect();
    let mut client = Client { prefix: kind.prefix(), ..Client::default() };
    for base in client_keys::base(kind) {
        client.properties.insert(base.name.to_owned(), base.value.to_owned());
    }
    for (key, value) in &given {
        translate(kind, key, value, &given, &mut client)?;
    }
    client_security::secure(kind, &given, &mut client)?;
    match kind {
        Kind::Producer => keep_order(&given, &mut client)?,
        Kind::Consumer => fit_together(&given, &mut client),
        Kind::Admin => check_timeouts(&client)?,
    }
    client_trial::try_out(kind, &client)?;
    Ok(client)
}

fn translate(kind: Kind, key: &str, value: &str, given: &Given<'_>, client: &mut Client) -> Result<(), Error> {
    let Some(meaning) = client_keys::meaning(kind, key) else {
        let line = format!("client setting '{}{key}' is not known to Weir and has no effect", kind.prefix());
        client.warnings.push(line);
        return Ok(());
    };
    let default = client_keys::find(kind, key).map(|known| known.default);
    let is_default = default.flatten() == Some(value);
    // A text that is left empty is one that is not given.
    if value.is_empty() && matches!(default, Some(None | Some(""))) {
        return Ok(());
    }
    check_as_kafka(kind, key, value)?;
    if key == "client.id" && value == ADMIN_CLIENT {
        let detail = "brokers let a client of this name write to Kafka's internal topics; choose another name";
        return Err(Error::invalid(key, value, detail));
    }
    match meaning {
        Meaning::Same => client.put(key, key, value.to_owned()),
        Meaning::Named(name) => client.put(key, name, value.to_owned()),
        Meaning::Both(one, other) => {
            client.put(key, one, value.to_owned());
            client.put(key, other, value.to_owned());
        }
        Meaning::LowerCase => client.put(key, key, value.to_lowercase()),
        Meaning::Kilobytes(name) => {
            let bytes: u64 = number(key, value)?;
            client.put(key, name, (bytes / 1024).max(1).to_string());
        }
        Meaning::MinusOneIsZero(name) => client.put(key, name, if value == "-1" { "0" } else { value }.to_owned()),
        Meaning::ZeroIsOne(name) => client.put(key, name, if value == "0" { "1" } else { value }.to_owned()),
        Meaning::MetadataAge => {
            // librdkafka asks again after the one time, and forgets what it was told after the other, which has to be longer.
            let age: u64 = number(key, value)?;
            client.put(key, "topic.metadata.refresh.interval.ms", age.clamp(1, 3_600_000).to_string());
            client.put(key, "metadata.max.age.ms", age.saturating_mul(3).clamp(3, 86_400_000).to_string());
        }
        Meaning::Level(codec) => {
            let _: i64 = number(key, value)?;
            if given.get("compression.type").is_some_and(|chosen| chosen.eq_ignore_ascii_case(codec)) {
                client.put(key, "compression.level", value.to_owned());
            }
        }
        Meaning::Partitioner => partitioner(key, value, client)?,
        Meaning::IgnoreKeys => {
            if def::parse(key, def::Type::Boolean, value)? == def::Value::Boolean(true) {
                client.put(key, "partitioner", "random".to_owned());
            }
        }
        Meaning::OffsetReset => match value.to_lowercase().as_str() {
            "none" => client.put(key, key, "error".to_owned()),
            reset @ ("earliest" | "latest") => client.put(key, key, reset.to_owned()),
            reset if reset.starts_with("by_duration:") => {
                return Err(Error::invalid(
                    key,
                    value,
                    "librdkafka cannot begin at a point in time; use earliest, latest or none",
                ));
            }
            _ => return Err(Error::invalid(key, value, "Weir knows earliest, latest and none")),
        },
        Meaning::Assignors => client.put(key, key, assignors(value)),
        Meaning::PollRecords => match value.parse() {
            Ok(records) if records >= 1 => client.max_poll_records = Some(records),
            _ => return Err(Error::invalid(key, value, "Value must be at least 1")),
        },
        Meaning::ApiTimeout => client.api_timeout = Some(Duration::from_millis(number(key, value)?)),
        Meaning::Only(expected, reason) if !value.eq_ignore_ascii_case(expected) => {
            return Err(Error::invalid(key, value, format!("{reason}; remove the key, or write {expected}")));
        }
        Meaning::Refused(next) if !is_default => return Err(Error::invalid(key, value, next)),
        Meaning::Ignored(reason) if !is_default => client.warn(key, reason),
        // Read by `client_security`.
        Meaning::Security(_) | Meaning::RefusedWithTls(_) | Meaning::RefusedWithSasl(_) => {}
        Meaning::Only(..) | Meaning::Refused(_) | Meaning::Ignored(_) => {}
    }
    Ok(())
}

/// What Kafka's own definitions have against a value: its type, and which values there are. In Kafka's words.
fn check_as_kafka(kind: Kind, key: &str, value: &str) -> Result<(), Error> {
    if let Some(of_type) = client_setting(kind.name(), key) {
        let value = def::parse(key, of_type, value)?;
        client_keys::allowed(key).map_or(Ok(()), |check| def::check(key, &value, check))?;
    }
    match key {
        "bootstrap.servers" => servers(value),
        _ => Ok(()),
    }
}

/// `ClientUtils.parseAndValidateAddresses`, but for the look-up of names.
fn servers(value: &str) -> Result<(), Error> {
    const KEY: &str = "bootstrap.servers";
    for server in def::list(value).iter().filter(|server| !server.is_empty()) {
        let scheme = |text: &&str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-%._".contains(&byte));
        let address = match server.split_once("://") {
            Some((protocol, address)) if scheme(&protocol) => address,
            _ => server,
        };
        let port = address.rsplit_once(':').filter(|(host, port)| {
            let host = host.strip_prefix('[').unwrap_or(host);
            let host = host.strip_suffix(']').unwrap_or(host);
            let in_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-%._:".contains(&byte);
            host.bytes().all(in_host) && !port.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit())
        });
        // The beginnings are Kafka's texts.
        let Some((_, port)) = port else {
            return Err(Error::other(
                KEY,
                format!("Invalid url in {KEY}: {server}. Write host:port, for example {server}:9092"),
            ));
        };
        if port.parse::<u16>().is_err() {
            return Err(Error::other(
                KEY,
                format!("Invalid port in {KEY}: {server}. A port is a number from 0 to 65535"),
            ));
        }
    }
    Ok(())
}

fn number<N: std::str::FromStr>(key: &str, value: &str) -> Result<N, Error> {
    value.parse().map_err(|_| Error::invalid(key, value, "Not a number of type LONG"))
}

fn partitioner(key: &str, value: &str, client: &mut Client) -> Result<(), Error> {
    match value.rsplit('.').next().unwrap_or(value) {
        // Rows are spread evenly, whatever their keys are.
        "RoundRobinPartitioner" => {
            client.put(key, "partitioner", "random".to_owned());
            Ok(())
        }
        _ => {
            let detail = "it names a Java class, and without it keys would go to other partitions than before; remove the key if \
                          Java's default (murmur2) will do";
            Err(Error::invalid(key, value, detail))
        }
    }
}

/// Java's assignor classes as librdkafka's names. Unknown names are left as they are, for librdkafka to refuse.
fn assignors(value: &str) -> String {
    let names: Vec<&str> = def::list(value)
        .iter()
        .map(|class| match class.rsplit('.').next().unwrap_or(class) {
            "RangeAssignor" | "range" => "range",
            "RoundRobinAssignor" | "roundrobin" => "roundrobin",
            // librdkafka cannot mix eager and cooperative ones in a list, and has no eager sticky one.
            "CooperativeStickyAssignor" | "StickyAssignor" | "cooperative-sticky" => "cooperative-sticky",
            _ => "",
        })
        .collect();
    if names.contains(&"") {
        return value.to_owned();
    }
    match names.iter().all(|name| *name == "cooperative-sticky") {
        true => "cooperative-sticky".to_owned(),
        false => names.into_iter().filter(|name| *name != "cooperative-sticky").collect::<Vec<_>>().join(","),
    }
}

/// A producer is idempotent unless the user asks for what cannot be had with it. Order is then kept by one request at a time, as
/// Kafka Connect does, unless the user wants more.
fn keep_order(given: &Given<'_>, client: &mut Client) -> Result<(), Error> {
    const IDEMPOTENCE: &str = "enable.idempotence";
    const IN_FLIGHT: &str = "max.in.flight.requests.per.connection";
    // Kafka's words (`ProducerConfig`).
    let contradiction = if client.get("acks").is_some_and(|acks| !matches!(acks, "all" | "-1")) {
        Some("Must set acks to all in order to use the idempotent producer. Otherwise we cannot guarantee idempotence.")
    } else if client.number("retries") == Some(0) {
        Some("Must set retries to non-zero when using the idempotent producer.")
    } else if client.number(IN_FLIGHT).is_some_and(|count| count > 5) {
        Some("Must set max.in.flight.requests.per.connection to at most 5 to use the idempotent producer.")
    } else {
        None
    };
    match (contradiction, given.contains_key(IDEMPOTENCE), client.get(IDEMPOTENCE) == Some("true")) {
        (Some(text), true, true) => return Err(Error::other(IDEMPOTENCE, text)),
        (None, _, true) => return Ok(()),
        _ => {}
    }
    client.properties.insert(IDEMPOTENCE.to_owned(), "false".to_owned());
    client.properties.entry(IN_FLIGHT.to_owned()).or_insert_with(|| "1".to_owned());
    Ok(())
}

/// As Java's admin client has it.
fn check_timeouts(client: &Client) -> Result<(), Error> {
    const API: &str = "default.api.timeout.ms";
    let request = client.number("socket.timeout.ms").and_then(|millis| u64::try_from(millis).ok());
    match (client.api_timeout, request.map(Duration::from_millis)) {
        (Some(api), Some(request)) if api < request => {
            let text = "The specified value of default.api.timeout.ms must be no smaller than the value of request.timeout.ms.";
            Err(Error::other(API, text))
        }
        _ => Ok(()),
    }
}

/// Bounds that librdkafka wants to fit together, where the user named one of them only.
fn fit_together(given: &Given<'_>, client: &mut Client) {
    // Not larger than a fetch, though it is about requests.
    if let Some(fetch) = client.number("fetch.max.bytes")
        && fetch < 1_000_000
        && !given.contains_key("message.max.bytes")
    {
        let least = fetch.max(1000).to_string();
        client.put("fetch.max.bytes", "fetch.max.bytes", least.clone());
        client.put("fetch.max.bytes", "message.max.bytes", least);
    }
    // A member that may not be silent for longer than it may be busy.
    if let Some(busy) = client.number("max.poll.interval.ms")
        && busy < 45_000
        && !given.contains_key("session.timeout.ms")
        && client.get("group.protocol") != Some("consumer")
    {
        client.put("max.poll.interval.ms", "session.timeout.ms", busy.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(kind: Kind, settings: &[(&str, &str)]) -> Client {
        client(kind, settings.iter().copied()).expect("settings in order")
    }

    fn fails(kind: Kind, settings: &[(&str, &str)]) -> String {
        client(kind, settings.iter().copied()).expect_err("refused").to_string()
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
        let error = client(Kind::Consumer, [("session.timeout.ms", "86400000")]).expect_err("refused");
        assert_eq!(error.key(), "session.timeout.ms");
        let error = client(Kind::Consumer, [("request.timeout.ms", "86400000")]).expect_err("refused");
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
            "Invalid value 86400000 for configuration request.timeout.ms: librdkafka takes 10..300000 here"
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
