//! Kafka's Java client settings in librdkafka's words: which keys are the same, which have another name or unit, and which
//! have no effect and why. Neighbour of `client_keys.rs`, which holds the table.

use std::collections::BTreeMap;

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;

use super::client_keys::{self, Meaning};
use super::error::Error;

/// Which client the settings are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Of source tasks.
    Producer,
    /// Of sink tasks.
    Consumer,
    /// Of the worker itself, and for topics.
    Admin,
}

impl Kind {
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
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Client {
    /// For `rdkafka::ClientConfig`. Equal maps make equal clients.
    pub properties: BTreeMap<String, String>,
    /// `max.poll.records` of a consumer, which librdkafka does not know: rows that one `put` may carry.
    pub max_poll_records: Option<u32>,
    /// One line for each setting that has no effect. No values in them.
    pub warnings: Vec<String>,
}

/// What each client has before any user's settings: Kafka Connect's promises, in librdkafka's words.
fn base(kind: Kind) -> &'static [(&'static str, &'static str)] {
    match kind {
        // Kafka Connect has idempotence off and one request in flight, to the same end: nothing lost, nothing out of order.
        // Java's partitioner is murmur2; with librdkafka's own a key would go to another partition than before.
        Kind::Producer => &[
            ("acks", "all"),
            ("enable.idempotence", "true"),
            ("delivery.timeout.ms", "2147483647"),
            ("partitioner", "murmur2_random"),
            // Java's is 5. librdkafka's thread spins while rows that have waited this long cannot be sent because a request of
            // theirs is on its way (docs/performance.md), so it is to be longer than a request usually takes.
            ("linger.ms", "20"),
            // Rows without a key change partition after this time; twice `linger.ms`, as librdkafka's own default is.
            ("sticky.partitioning.linger.ms", "40"),
        ],
        // The last three are the Java client's defaults where librdkafka has others.
        Kind::Consumer => &[
            ("enable.auto.commit", "false"),
            ("enable.auto.offset.store", "false"),
            ("auto.offset.reset", "earliest"),
            ("isolation.level", "read_uncommitted"),
            ("allow.auto.create.topics", "true"),
            ("check.crcs", "true"),
            // While more rows wait than librdkafka likes to keep, it fetches no more for a whole second unless told otherwise;
            // a sink has taken them long before.
            ("fetch.queue.backoff.ms", "20"),
        ],
        Kind::Admin => &[],
    }
}

/// Puts the layers together (the later wins; all without prefixes) and says the outcome in librdkafka's words.
pub fn client<'a>(kind: Kind, layers: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Client, Error> {
    let mut java: BTreeMap<&str, &str> = layers.into_iter().map(|(key, value)| (key, value.trim())).collect();
    if kind == Kind::Producer && !java.contains_key("enable.idempotence") && contradicts_idempotence(&java) {
        // What the user asks for cannot be had with idempotence, which Kafka Connect does not use; order is then kept by
        // one request at a time, as there.
        java.insert("enable.idempotence", "false");
        java.entry("max.in.flight.requests.per.connection").or_insert("1");
    }
    let mut client = Client::default();
    client.properties.extend(base(kind).iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    for (key, value) in java {
        translate(kind, key, value, &mut client)?;
    }
    try_out(kind, &mut client)?;
    Ok(client)
}

/// Lets librdkafka look at the settings, so that a value outside of its bounds is an error now and not when a task starts.
fn try_out(kind: Kind, client: &mut Client) -> Result<(), Error> {
    loop {
        let mut config = ClientConfig::new();
        for (key, value) in &client.properties {
            config.set(key, value);
        }
        let (key, value, detail) = match config.create_native_config() {
            Ok(_) => return Ok(()),
            Err(KafkaError::ClientConfig(_, detail, key, value)) => (key, value, detail),
            Err(other) => return Err(Error::other("bootstrap.servers", other.to_string())),
        };
        // A TLS setting matters only to a protocol that this build refuses anyhow.
        if !(key.starts_with("ssl.") || key.starts_with("enable.ssl")) || client.properties.remove(&key).is_none() {
            let secret = key.contains("password") || key.contains("secret") || key.contains(".pem");
            return Err(Error::invalid(&key, if secret { "[hidden]" } else { &value }, detail));
        }
        client.warnings.push(format!("client setting '{}{key}' has no effect: this build has no TLS", kind.prefix()));
    }
}

fn contradicts_idempotence(given: &BTreeMap<&str, &str>) -> bool {
    let number = |key: &str| given.get(key).and_then(|value| value.parse::<i64>().ok());
    given.get("acks").is_some_and(|acks| !matches!(*acks, "all" | "-1"))
        || number("retries") == Some(0)
        || number("max.in.flight.requests.per.connection").is_some_and(|count| count > 5)
}

fn translate(kind: Kind, key: &str, value: &str, client: &mut Client) -> Result<(), Error> {
    let mut put = |name: &str, value: String| {
        client.properties.insert(name.to_owned(), value);
    };
    match client_keys::meaning(kind, key) {
        Some(Meaning::Same) => put(key, value.to_owned()),
        Some(Meaning::Named(name)) => put(name, value.to_owned()),
        Some(Meaning::LowerCase) => put(key, value.to_lowercase()),
        Some(Meaning::Kilobytes(name)) => {
            let bytes: u64 = value.parse().map_err(|_| Error::invalid(key, value, "Not a number of type LONG"))?;
            put(name, (bytes / 1024).max(1).to_string());
        }
        Some(Meaning::SystemDefaultBelowZero(name)) => {
            put(name, if value == "-1" { "0".to_owned() } else { value.to_owned() });
        }
        Some(Meaning::Protocol) => match value.to_lowercase().as_str() {
            "plaintext" | "sasl_plaintext" => put(key, value.to_lowercase()),
            "ssl" | "sasl_ssl" => {
                let detail = "this build of Weir has no TLS; use PLAINTEXT or SASL_PLAINTEXT";
                return Err(Error::invalid(key, value, detail));
            }
            _ => {
                let detail = "String must be one of (case insensitive): PLAINTEXT, SASL_PLAINTEXT, SSL, SASL_SSL";
                return Err(Error::invalid(key, value, detail));
            }
        },
        Some(Meaning::OffsetReset) => {
            put(key, if value.eq_ignore_ascii_case("none") { "error".to_owned() } else { value.to_lowercase() });
        }
        Some(Meaning::HostCheck) => put(key, if value.is_empty() { "none" } else { value }.to_owned()),
        Some(Meaning::Assignors) => put(key, assignors(value)),
        Some(Meaning::Jaas) => match credentials(value) {
            Some((user, password)) => {
                put("sasl.username", user);
                put("sasl.password", password);
            }
            // The value holds secrets, so it is not shown.
            None => {
                let detail = "no username=\"...\" and password=\"...\" of a PLAIN or SCRAM login module in it";
                return Err(Error::invalid(key, "[hidden]", detail));
            }
        },
        Some(Meaning::PollRecords) => match value.parse() {
            Ok(records) if records >= 1 => client.max_poll_records = Some(records),
            _ => return Err(Error::invalid(key, value, "Value must be at least 1")),
        },
        Some(Meaning::Ignored(reason)) => {
            client.warnings.push(format!("client setting '{}{key}' has no effect: {reason}", kind.prefix()));
        }
        None => client
            .warnings
            .push(format!("client setting '{}{key}' is not known to Weir and has no effect", kind.prefix())),
    }
    Ok(())
}

/// Java's assignor classes as librdkafka's names. Unknown names are left as they are, for librdkafka to refuse.
fn assignors(value: &str) -> String {
    let names: Vec<&str> = super::def::list(value)
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

/// User and password of a JAAS line such as
/// `org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="p";`.
fn credentials(jaas: &str) -> Option<(String, String)> {
    let class = jaas.split_whitespace().next()?;
    if !class.ends_with("PlainLoginModule") && !class.ends_with("ScramLoginModule") {
        return None;
    }
    let option = |name: &str| {
        let rest = &jaas[jaas.find(&format!(" {name}="))? + name.len() + 2..];
        let mut chars = rest.chars();
        let mut text = String::new();
        match chars.next()? {
            '"' => loop {
                match chars.next()? {
                    '"' => return Some(text),
                    '\\' => text.push(chars.next()?),
                    other => text.push(other),
                }
            },
            _ => Some(rest.split([' ', ';']).next()?.to_owned()),
        }
    };
    Some((option("username")?, option("password")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(kind: Kind, settings: &[(&str, &str)]) -> Client {
        client(kind, settings.iter().copied()).expect("settings in order")
    }

    #[test]
    fn a_producer_starts_from_kafka_connects_promises() {
        let client =
            made(Kind::Producer, &[("bootstrap.servers", "b:9092"), ("linger.ms", "7"), ("buffer.memory", "2097152")]);
        let get = |key: &str| client.properties.get(key).map(String::as_str);
        assert_eq!(get("acks"), Some("all"));
        assert_eq!(get("enable.idempotence"), Some("true"));
        assert_eq!(get("partitioner"), Some("murmur2_random"));
        assert_eq!(get("linger.ms"), Some("7"));
        assert_eq!(get("queue.buffering.max.kbytes"), Some("2048"));
        assert_eq!(client.warnings, Vec::<String>::new());
    }

    #[test]
    fn a_user_who_asks_for_less_than_all_acks_gets_no_idempotence() {
        let client = made(Kind::Producer, &[("acks", "1")]);
        assert_eq!(client.properties["enable.idempotence"], "false");
        assert_eq!(client.properties["max.in.flight.requests.per.connection"], "1");
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
                ("interceptor.classes", "x.Y"),
                ("no.such.key", "1"),
            ],
        );
        assert_eq!(client.properties["auto.offset.reset"], "error");
        assert_eq!(client.properties["fetch.wait.max.ms"], "10");
        assert_eq!(client.properties["socket.receive.buffer.bytes"], "0");
        assert_eq!(client.properties["isolation.level"], "read_uncommitted");
        assert_eq!(client.properties["partition.assignment.strategy"], "roundrobin");
        assert_eq!(client.max_poll_records, Some(50));
        assert_eq!(client.warnings.len(), 2, "{:?}", client.warnings);
    }

    #[test]
    fn sasl_credentials_come_out_of_the_jaas_line() {
        let line =
            "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"u\" password=\"p\\\"w\";";
        let client = made(Kind::Admin, &[("security.protocol", "SASL_PLAINTEXT"), ("sasl.jaas.config", line)]);
        assert_eq!(client.properties["security.protocol"], "sasl_plaintext");
        assert_eq!(client.properties["sasl.username"], "u");
        assert_eq!(client.properties["sasl.password"], "p\"w");
        let error = super::client(Kind::Admin, [("sasl.jaas.config", "x.Krb5LoginModule required secret=s;")]);
        assert!(!error.expect_err("refused").to_string().contains("secret"));
    }

    #[test]
    fn a_value_outside_of_librdkafkas_bounds_is_an_error_of_its_key() {
        let error = client(Kind::Consumer, [("session.timeout.ms", "86400000")]).expect_err("refused");
        assert_eq!(error.key(), "session.timeout.ms");
        let error = client(Kind::Producer, [("linger.ms", "soon")]).expect_err("refused").to_string();
        assert!(error.starts_with("Invalid value soon for configuration linger.ms: "), "{error}");
    }

    #[test]
    fn librdkafka_knows_every_setting_that_is_handed_over() {
        for (kind, key, name) in client_keys::names() {
            let value = match key {
                "security.protocol" => "plaintext",
                "ssl.endpoint.identification.algorithm" => continue,
                _ if name.starts_with("ssl.") || name.starts_with("sasl.") || name.starts_with("enable.ssl") => {
                    continue;
                }
                _ => client_keys::example(name),
            };
            let mut config = rdkafka::ClientConfig::new();
            config.set(name, value);
            if let Err(error) = config.create_native_config() {
                panic!("{kind:?} {key} -> {name}={value}: {error}");
            }
        }
    }
}
