//! The metrics of Kafka Connect's own worker beside Weir's: both carry the same lines through the same connectors, and what Kafka Connect
//! says over JMX has to be what Weir says to Prometheus.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use weir_tests::connect::{Connect, Setup};
use weir_tests::rest::Rest;
use weir_tests::scrape::Scrape;
use weir_tests::worker::Worker;
use weir_tests::{jars, kafka, lines, paths, topics, wait};

use crate::support::{sink, source, with};

const LINES: u64 = 500;

const WITHIN: Duration = Duration::from_secs(60);

/// Attributes whose values are the same wherever the same rows went through: counts, states, classes. Not among them are times, sizes
/// of batches, and what depends on how often something is done.
const SAME: &[(&str, &[&str])] = &[
    ("connect-worker-metrics", &[
        "connector-count",
        "task-count",
        "connector-startup-attempts-total",
        "connector-startup-success-total",
        "connector-startup-failure-total",
        "connector-startup-success-percentage",
        "connector-startup-failure-percentage",
        "task-startup-attempts-total",
        "task-startup-success-total",
        "task-startup-failure-total",
        "task-startup-success-percentage",
        "task-startup-failure-percentage",
        "connector-total-task-count",
        "connector-running-task-count",
        "connector-paused-task-count",
        "connector-failed-task-count",
        "connector-unassigned-task-count",
        "connector-restarting-task-count",
    ]),
    ("connector-task-metrics", &[
        "offset-commit-success-percentage",
        "offset-commit-failure-percentage",
        "pause-ratio",
    ]),
    ("source-task-metrics", &[
        "source-record-poll-total",
        "source-record-write-total",
        "source-record-active-count",
    ]),
    ("sink-task-metrics", &[
        "sink-record-read-total",
        "sink-record-send-total",
        "sink-record-active-count",
        "partition-count",
    ]),
    ("task-error-metrics", &[
        "total-record-failures",
        "total-record-errors",
        "total-records-skipped",
        "total-retries",
        "total-errors-logged",
        "deadletterqueue-produce-requests",
        "deadletterqueue-produce-failures",
    ]),
];

/// Attributes that are words, and where Weir has them: the family and the label.
const WORDS: &[(&str, &str, &str, &str)] = &[
    ("connector-metrics", "status", "kafka_connect_connector_state", "status"),
    ("connector-metrics", "connector-class", "kafka_connect_connector_info", "connector_class"),
    ("connector-metrics", "connector-type", "kafka_connect_connector_info", "connector_type"),
    ("connector-task-metrics", "status", "kafka_connect_connector_status", "status"),
    ("connector-task-metrics", "connector-type", "kafka_connect_connector_task_info", "connector_type"),
    ("connector-task-metrics", "value-converter-class", "kafka_connect_connector_task_info", "value_converter_class"),
    ("connector-task-metrics", "header-converter-class", "kafka_connect_connector_task_info", "header_converter_class"),
];

/// One attribute of one MBean: its group, its tags, its name.
type Attribute = (String, BTreeMap<String, String>, String);

/// What Kafka Connect says over JMX.
fn jmx(port: u16) -> Result<BTreeMap<Attribute, String>> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/Jmx.java");
    let output = std::process::Command::new("java")
        .args(jars::SMALL_JVM)
        .arg(&program)
        .arg(port.to_string())
        .output()
        .context("java")?;
    if !output.status.success() {
        bail!("{} ended with {}: {}", program.display(), output.status, String::from_utf8_lossy(&output.stderr));
    }
    let text = String::from_utf8(output.stdout).context("the attributes")?;
    let mut attributes = BTreeMap::new();
    for line in text.lines() {
        let [group, tags, name, value] = line.split('\t').collect::<Vec<_>>()[..] else { bail!("{line:?}") };
        let tags = tags.split(',').filter_map(|tag| tag.split_once('='));
        let tags = tags.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        attributes.insert((group.to_owned(), tags, name.to_owned()), value.to_owned());
    }
    Ok(attributes)
}

/// The name that Weir has for a number, as docs/metrics.md tells.
fn name(group: &str, attribute: &str) -> String {
    let group = group.trim_end_matches("-metrics").trim_start_matches("connect-");
    format!("kafka_connect_{}_{}", group.replace('-', "_"), attribute.replace('-', "_"))
}

/// The connectors that both run: a source, a sink, and a sink that skips all of its rows.
fn connectors(data: &Path, topic: &str) -> Vec<(&'static str, Value)> {
    let skipping = [
        ("value.converter", "org.apache.kafka.connect.json.JsonConverter"),
        ("value.converter.schemas.enable", "false"),
        ("errors.tolerance", "all"),
        ("errors.log.enable", "true"),
    ];
    vec![
        ("lines", source(&data.join("input"), topic)),
        ("copy", with(&sink(&data.join("output"), topic), &[("consumer.override.group.id", &format!("{topic}-copy"))])),
        (
            "skip",
            with(&with(&sink(&data.join("skipped"), topic), &skipping), &[(
                "consumer.override.group.id",
                &format!("{topic}-skip"),
            )]),
        ),
    ]
}

fn run(rest: &Rest, data: &Path, topic: &str) -> Result<()> {
    fs::write(data.join("input"), (0..LINES).map(lines::line).collect::<String>())?;
    for (name, config) in connectors(data, topic) {
        rest.create(name, &config)?;
    }
    for (name, _) in connectors(data, topic) {
        rest.wait_running(name, 1)?;
    }
    Ok(())
}

/// Waits until both sinks have committed all rows.
fn committed(bootstrap: &str, topic: &str) -> Result<()> {
    for sink in ["copy", "skip"] {
        wait::until(&format!("{sink} to commit"), WITHIN, || {
            match topics::committed(bootstrap, &format!("{topic}-{sink}"), topic) {
                Ok(offset) if offset == LINES as i64 => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })?;
    }
    Ok(())
}

#[test]
fn kafka_connect_counts_the_same() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let (theirs, ours) = (&topics::unique("jmx-connect"), &topics::unique("jmx-weir"));
    topics::create_all(bootstrap, &[theirs, ours], 1)?;
    let port = paths::free_port()?;
    let mut setup = Setup::default();
    // Options of a JVM that lives as long as this test process: what is leaked is a few bytes once.
    let port_option: &'static str = format!("-Dcom.sun.management.jmxremote.port={port}").leak();
    setup.jvm.extend([
        port_option,
        "-Dcom.sun.management.jmxremote.host=127.0.0.1",
        "-Djava.rmi.server.hostname=127.0.0.1",
        "-Dcom.sun.management.jmxremote.authenticate=false",
        "-Dcom.sun.management.jmxremote.ssl=false",
    ]);
    let mut connect = Connect::launch(bootstrap, &setup)?;
    let mut worker = Worker::new(bootstrap)?;
    worker.start()?;
    connect.wait_healthy()?;
    let folder = tempfile::tempdir()?;
    run(connect.rest(), folder.path(), theirs)?;
    run(&worker.rest(), &worker.data(), ours)?;
    committed(bootstrap, theirs)?;
    committed(bootstrap, ours)?;

    // Both go on committing; the last answers may still be under way.
    let mut compared = 0;
    wait::until("both to say the same", WITHIN, || {
        let found = compare(&worker.rest(), port).map_err(|error| format!("{error:#}"))?;
        compared = found;
        Ok(())
    })?;
    ensure!(compared > 120, "only {compared} values were compared");
    worker.stop()
}

/// Compares everything that can be; gives how many values that was.
fn compare(rest: &Rest, port: u16) -> Result<usize> {
    let (jmx, scrape) = (jmx(port)?, Scrape::of(rest)?);
    let mut compared = 0;
    for ((group, tags, attribute), theirs) in &jmx {
        let labels: Vec<(&str, &str)> = tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let numbers = SAME.iter().find(|(known, _)| known == group).map_or(&[][..], |(_, attributes)| *attributes);
        if numbers.contains(&attribute.as_str()) {
            let name = name(group, attribute);
            let ours = scrape.value(&name, &labels)?;
            let theirs: f64 = theirs.parse().with_context(|| format!("{attribute} is {theirs}"))?;
            ensure!(ours == theirs, "{name} {labels:?} is {ours}, {attribute} of {group} is {theirs}");
            compared += 1;
        }
        let word = WORDS.iter().find(|(known, name, ..)| known == group && name == attribute);
        if let Some((.., family, label)) = word {
            let ours = scrape.labels(family, &labels, label);
            ensure!(ours == [theirs.as_str()], "{label} of {family} {labels:?} is {ours:?}, {attribute} is {theirs}");
            compared += 1;
        }
    }
    Ok(compared)
}
