//! Kafka behind TLS, client certificates and passwords: what Java's key stores and JAAS lines say reaches librdkafka, and a broker
//! that refuses a client fails the tasks that use it, and nothing else.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use weir_tests::kafka::{Guarded, Kafka};
use weir_tests::lines::{self, Appender};
use weir_tests::rest::Rest;
use weir_tests::worker::Worker;
use weir_tests::{paths, topics, wait};

use crate::support::{sink, source, with};

const WITHIN: Duration = Duration::from_secs(30);
/// In no log and no answer.
const SECRETS: [&str; 6] =
    ["store-secret", "key-secret", "alice-secret", "bob-secret", "wrong-secret", "BEGIN PRIVATE KEY"];

/// Client settings, without their prefixes.
type Settings = Vec<(&'static str, String)>;

fn tls(file: &str) -> String {
    paths::root().join("tests/tls").join(file).display().to_string()
}

/// The private key of a file, which is first in it, or the certificates, which are last.
fn pem(file: &str, what: &str) -> Result<String> {
    let text = fs::read_to_string(tls(file))?;
    let certificates = text.find("-----BEGIN CERT").context("a certificate")?;
    Ok(if what == "PRIVATE" { text[..certificates].to_owned() } else { text[certificates..].to_owned() })
}

/// Ways to show the same certificate.
fn ssl(bootstrap: &str, store: &str) -> Result<Settings> {
    let mut settings = vec![("bootstrap.servers", bootstrap.to_owned()), ("security.protocol", "SSL".to_owned())];
    let password = || "store-secret".to_owned();
    settings.extend(match store {
        // JKS is Kafka's default.
        "JKS" => vec![
            ("ssl.keystore.location", tls("client.jks")),
            ("ssl.keystore.password", password()),
            ("ssl.key.password", "key-secret".to_owned()),
            ("ssl.truststore.location", tls("trust.jks")),
            ("ssl.truststore.password", password()),
        ],
        "PKCS12" => vec![
            ("ssl.keystore.type", store.to_owned()),
            ("ssl.keystore.location", tls("client.p12")),
            ("ssl.keystore.password", password()),
            ("ssl.truststore.type", store.to_owned()),
            ("ssl.truststore.location", tls("trust.p12")),
            ("ssl.truststore.password", password()),
            ("ssl.cipher.suites", "TLS_AES_256_GCM_SHA384,TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384".to_owned()),
        ],
        "PEM" => vec![
            ("ssl.keystore.type", store.to_owned()),
            ("ssl.keystore.location", tls("client.pem")),
            ("ssl.truststore.type", store.to_owned()),
            ("ssl.truststore.location", tls("ca.pem")),
        ],
        _ => vec![
            ("ssl.keystore.type", "PEM".to_owned()),
            ("ssl.keystore.key", pem("client.pem", "PRIVATE")?),
            ("ssl.keystore.certificate.chain", pem("client.pem", "CERT")?),
            ("ssl.truststore.type", "PEM".to_owned()),
            ("ssl.truststore.certificates", pem("ca.pem", "CERT")?),
        ],
    });
    Ok(settings)
}

fn sasl(bootstrap: &str, mechanism: &str, user: &str, password: &str) -> Settings {
    let module = if mechanism == "PLAIN" { "plain.PlainLoginModule" } else { "scram.ScramLoginModule" };
    let jaas =
        format!("org.apache.kafka.common.security.{module} required username=\"{user}\" password=\"{password}\";");
    vec![
        ("bootstrap.servers", bootstrap.to_owned()),
        ("security.protocol", "SASL_SSL".to_owned()),
        ("sasl.mechanism", mechanism.to_owned()),
        ("sasl.jaas.config", jaas),
        ("ssl.truststore.type", "PEM".to_owned()),
        ("ssl.truststore.location", tls("ca.pem")),
    ]
}

fn overridden(config: &serde_json::Value, client: &str, settings: &Settings) -> serde_json::Value {
    let settings: Vec<_> = settings.iter().map(|(key, value)| (format!("{client}.override.{key}"), value)).collect();
    let settings: Vec<_> = settings.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    with(config, &settings)
}

fn settings_but(settings: Settings, key: &'static str, value: String) -> Settings {
    settings.into_iter().filter(|(known, _)| *known != key).chain([(key, value)]).collect()
}

#[test]
fn sources_and_sinks_reach_kafka_through_tls_and_a_refused_one_fails_alone() -> Result<()> {
    let (kafka, guarded) = Kafka::start_guarded()?;
    let mut worker = Worker::new(&kafka.bootstrap())?;
    worker.start()?;
    let rest = worker.rest();
    let data = worker.data();

    // A neighbour without any of it, which is to go on through all that follows.
    let (plain_in, plain_out) = (data.join("plain.in"), data.join("plain.out"));
    let mut appender = Appender::start(&plain_in, 100)?;
    topics::create(&kafka.bootstrap(), "plain", 1)?;
    rest.create("plain-source", &source(&plain_in, "plain"))?;
    rest.create("plain-sink", &sink(&plain_out, "plain"))?;

    good(&rest, &data, &guarded)?;
    refused(&rest, &data, &guarded)?;
    wrong(&rest, &data, &guarded)?;

    rest.wait_running("plain-source", 1)?;
    rest.wait_running("plain-sink", 1)?;
    let written = appender.stop()?;
    wait::until("the neighbour's lines", WITHIN, || {
        lines::check_delivered(&plain_out, written).map(drop).map_err(|error| format!("{error:#}"))
    })?;
    worker.stop()?;
    let log = worker.log();
    for secret in SECRETS {
        ensure!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
    Ok(())
}

/// A file goes to a topic and back, through each kind of store and each way to log in. Topics are made by the connectors.
fn good(rest: &Rest, data: &Path, guarded: &Guarded) -> Result<()> {
    let text: String = (0..20).map(lines::line).collect();
    let input = data.join("input");
    fs::write(&input, &text)?;
    let ways = [
        ("jks", ssl(&guarded.ssl, "JKS")?),
        ("pkcs12", ssl(&guarded.ssl, "PKCS12")?),
        ("pem", ssl(&guarded.ssl, "PEM")?),
        ("inline", ssl(&guarded.ssl, "inline")?),
        ("plain", sasl(&guarded.sasl_ssl, "PLAIN", "alice", "alice-secret")),
        ("scram", sasl(&guarded.sasl_ssl, "SCRAM-SHA-512", "bob", "bob-secret")),
    ];
    for (name, settings) in &ways {
        let topic = format!("tls-{name}");
        let made = [("topic.creation.default.partitions", "1"), ("topic.creation.default.replication.factor", "1")];
        let config = with(&source(&input, &topic), &made);
        let config = overridden(&overridden(&config, "producer", settings), "admin", settings);
        rest.create(&format!("{topic}-source"), &config)?;
        let config = with(&sink(&data.join(name), &topic), &[("consumer.override.metadata.max.age.ms", "500")]);
        rest.create(&format!("{topic}-sink"), &overridden(&config, "consumer", settings))?;
    }
    for (name, _) in &ways {
        wait::until(&format!("the lines of {name}"), WITHIN, || match fs::read_to_string(data.join(name)) {
            Ok(found) if found == text => Ok(()),
            other => {
                let status = |side: &str| rest.status(&format!("tls-{name}-{side}")).unwrap_or_default();
                Err(format!("{other:?}; {}; {}", status("source"), status("sink")))
            }
        })?;
    }
    Ok(())
}

/// Connections that a broker, or the client, refuses: the task fails, and its trace says which broker, what and where to look.
fn refused(rest: &Rest, data: &Path, guarded: &Guarded) -> Result<()> {
    let good = || ssl(&guarded.ssl, "PEM");
    let input = data.join("input");
    let strange_ca = settings_but(good()?, "ssl.truststore.location", tls("other-ca.pem"));
    let strange_certificate = settings_but(good()?, "ssl.keystore.location", tls("stranger.pem"));
    let misnamed = settings_but(good()?, "bootstrap.servers", guarded.misnamed.clone());
    let password = sasl(&guarded.sasl_ssl, "SCRAM-SHA-512", "bob", "wrong-secret");
    let cases = [
        ("strange-ca", &strange_ca, &guarded.ssl, "ssl.truststore.location"),
        ("strange-certificate", &strange_certificate, &guarded.ssl, "ssl.keystore.location"),
        ("misnamed", &misnamed, &guarded.misnamed, "not made out to the host name"),
        ("password", &password, &guarded.sasl_ssl, "sasl.jaas.config"),
    ];
    for (name, settings, _, _) in &cases {
        rest.create(&format!("{name}-source"), &overridden(&source(&input, "tls-pem"), "producer", settings))?;
        let config = sink(&data.join("never"), "tls-pem");
        rest.create(&format!("{name}-sink"), &overridden(&config, "consumer", settings))?;
        let made = [("topic.creation.default.partitions", "1"), ("topic.creation.default.replication.factor", "1")];
        let config = with(&source(&input, &format!("never-{name}")), &made);
        let config = overridden(&overridden(&config, "producer", &good()?), "admin", settings);
        rest.create(&format!("{name}-admin"), &config)?;
    }
    for (name, _, broker, hint) in cases {
        for (client, part) in [("producer", "source"), ("consumer", "sink"), ("admin", "admin")] {
            let trace = rest.wait_failed(&format!("{name}-{part}"), WITHIN)?;
            ensure!(trace.contains(hint) && trace.contains("\nNext: "), "{name} {part}: {trace}");
            ensure!(trace.contains(broker.as_str()), "{name} {part} does not say which broker: {trace}");
            ensure!(
                trace.contains(&format!("{client}.override.")),
                "{name} {part} does not say whose settings: {trace}"
            );
            ensure!(SECRETS.iter().all(|secret| !trace.contains(secret)), "{name} {part}: {trace}");
        }
    }
    refused_queue(rest, data, guarded, &password)
}

/// A sink whose dead letter queue a broker refuses: the lines are not JSON.
fn refused_queue(rest: &Rest, data: &Path, guarded: &Guarded, refused: &Settings) -> Result<()> {
    let good = ssl(&guarded.ssl, "PEM")?;
    let config = with(
        &sink(&data.join("never"), "tls-pem"),
        &[
            ("value.converter", "org.apache.kafka.connect.json.JsonConverter"),
            ("errors.tolerance", "all"),
            ("errors.deadletterqueue.topic.name", "tls-dead"),
            ("errors.deadletterqueue.topic.replication.factor", "1"),
        ],
    );
    let config = overridden(&overridden(&config, "consumer", &good), "admin", &good);
    rest.create("refused-queue", &overridden(&config, "producer", refused))?;
    let trace = rest.wait_failed("refused-queue", WITHIN)?;
    for part in [
        "Could not produce message to dead letter queue. topic=tls-dead",
        "Kafka refuses its producer",
        guarded.sasl_ssl.as_str(),
        "producer.override.*",
        "\nNext: check sasl.mechanism",
    ] {
        ensure!(trace.contains(part), "{part:?} is not in {trace}");
    }
    ensure!(SECRETS.iter().all(|secret| !trace.contains(secret)), "{trace}");
    Ok(())
}

/// What is wrong with the stores and the lines themselves is said before anything starts.
fn wrong(rest: &Rest, data: &Path, guarded: &Guarded) -> Result<()> {
    let good = |store| ssl(&guarded.ssl, store);
    let scram = sasl(&guarded.sasl_ssl, "SCRAM-SHA-512", "bob", "bob-secret");
    for (settings, text) in [
        (
            settings_but(good("JKS")?, "ssl.keystore.password", "wrong-secret".to_owned()),
            format!("Failed to load SSL keystore {}: the password is wrong", tls("client.jks")),
        ),
        (
            settings_but(good("PKCS12")?, "ssl.truststore.password", "wrong-secret".to_owned()),
            format!("Failed to load SSL truststore {}: the password is wrong", tls("trust.p12")),
        ),
        (
            settings_but(good("JKS")?, "ssl.key.password", "wrong-secret".to_owned()),
            "the key's password is wrong or missing (ssl.key.password)".to_owned(),
        ),
        (
            settings_but(good("PEM")?, "ssl.truststore.location", data.join("nothing").display().to_string()),
            format!("Failed to load SSL truststore {}: ", data.join("nothing").display()),
        ),
        (settings_but(scram.clone(), "sasl.mechanism", "GSSAPI".to_owned()), "has no Kerberos".to_owned()),
        (
            settings_but(scram, "sasl.jaas.config", "x.Y required password=\"wrong-secret\";".to_owned()),
            "Invalid value [hidden] for configuration producer.override.sasl.jaas.config: ".to_owned(),
        ),
    ] {
        let config = overridden(&source(&data.join("input"), "t"), "producer", &settings);
        let answer = rest.post("/connectors", &json!({"name": "wrong", "config": config}))?.expect(400)?;
        ensure!(answer.message().contains(&text), "{text} in {}", answer.message());
        ensure!(SECRETS.iter().all(|secret| !answer.message().contains(secret)), "{}", answer.message());
    }
    Ok(())
}

/// The worker's own settings: prefixed ones for the connectors' clients, unprefixed ones for its own.
#[test]
fn a_worker_with_nothing_but_tls_listeners_runs_connectors_without_overrides() -> Result<()> {
    let (_kafka, guarded) = Kafka::start_guarded()?;
    let mut worker = Worker::new(&guarded.ssl)?;
    for (key, value) in ssl(&guarded.ssl, "PKCS12")?.iter().filter(|(key, _)| *key != "bootstrap.servers") {
        for prefix in ["", "producer.", "consumer."] {
            worker = worker.set(&format!("{prefix}{key}"), value);
        }
    }
    let (input, output) = (worker.data().join("input"), worker.data().join("output"));
    fs::write(&input, "row\n")?;
    worker.start()?;
    let rest = worker.rest();
    rest.create("source", &source(&input, "t"))?;
    rest.create("sink", &with(&sink(&output, "t"), &[("consumer.override.metadata.max.age.ms", "500")]))?;
    wait::until("the row", WITHIN, || match fs::read_to_string(&output) {
        Ok(found) if found == "row\n" => Ok(()),
        other => Err(format!("{other:?}; {}", rest.status("sink").unwrap_or_default())),
    })?;
    wait::until("the cluster's id", WITHIN, || match rest.get("/").map_err(|error| error.to_string())?.body {
        body if body["kafka_cluster_id"].is_string() => Ok(()),
        body => Err(body.to_string()),
    })?;
    worker.stop()?;
    ensure!(SECRETS.iter().all(|secret| !worker.log().contains(secret)), "a secret is in the log");
    Ok(())
}
