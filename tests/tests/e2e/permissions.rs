//! A broker with access control lists takes a permission away and gives it back: tasks that need it fail, whatever they tolerate, nothing
//! else does, and a restart brings every record.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use weir_tests::kafka::{AUTHORIZER, Kafka};
use weir_tests::lines::{self, Appender};
use weir_tests::rest::Rest;
use weir_tests::worker::Worker;
use weir_tests::{topics, wait};

use crate::support::{sink, source, with};

const WITHIN: Duration = Duration::from_secs(90);

fn restart(rest: &Rest, name: &str) -> Result<()> {
    let path = format!("/connectors/{name}/restart?includeTasks=true&onlyFailed=true");
    rest.post(&path, &json!(null))?.expect(202)?;
    Ok(())
}

/// Takes the permission to write to topics away. Whoever may not write may still read and describe.
fn deny(kafka: &Kafka, topics: &[&str]) -> Result<()> {
    let named: Vec<&str> = topics.iter().flat_map(|topic| ["--topic", topic]).collect();
    kafka.acls(
        &[&["--add", "--allow-principal", "User:*", "--operation", "Read", "--operation", "Describe"], &*named]
            .concat(),
    )?;
    kafka.acls(&[&["--add", "--deny-principal", "User:*", "--operation", "Write"], &*named].concat())
}

/// Removes all that [`deny`] added.
fn give_back(kafka: &Kafka, topics: &[&str]) -> Result<()> {
    let named: Vec<&str> = topics.iter().flat_map(|topic| ["--topic", topic]).collect();
    kafka.acls(&[&["--remove"], &*named].concat())
}

#[test]
fn a_source_that_may_not_write_any_more_fails_and_skips_nothing() -> Result<()> {
    let mut kafka = Kafka::start_set(&AUTHORIZER)?;
    kafka.quiet();
    let bootstrap = kafka.bootstrap();
    let mut worker = Worker::new(&bootstrap)?;
    worker.start()?;
    let rest = worker.rest();
    let mut appenders = Vec::new();
    let topics_and_tolerance = [("strict", "none"), ("tolerant", "all"), ("bystander", "all")];
    for (topic, tolerance) in topics_and_tolerance {
        topics::create(&bootstrap, topic, 1)?;
        let input = worker.data().join(topic);
        appenders.push(Appender::start(&input, 200)?);
        rest.create(topic, &with(&source(&input, topic), &[("errors.tolerance", tolerance)]))?;
        topics::wait_for_count(&bootstrap, topic, 200, WITHIN)?;
    }
    deny(&kafka, &["strict", "tolerant"])?;
    for topic in ["strict", "tolerant"] {
        let trace = rest.wait_failed(topic, WITHIN)?;
        ensure!(trace.contains("TopicAuthorizationFailed"), "{topic}: {trace}");
    }
    // It shares their producer.
    topics::wait_for_count(&bootstrap, "bystander", topics::count(&bootstrap, "bystander")? + 200, WITHIN)?;
    rest.wait_running("bystander", 1)?;

    give_back(&kafka, &["strict", "tolerant"])?;
    for topic in ["strict", "tolerant"] {
        restart(&rest, topic)?;
        rest.wait_running(topic, 1)?;
    }
    for ((topic, _), appender) in topics_and_tolerance.iter().zip(&mut appenders) {
        let written = appender.stop()?;
        let expected: Vec<String> = (0..written).map(|number| lines::line(number).trim_end().to_owned()).collect();
        wait::until(&format!("every line of {topic}"), WITHIN, || {
            let found = topics::values(&bootstrap, topic).map_err(|error| format!("{error:#}"))?;
            let missing: Vec<&String> = expected.iter().filter(|line| !found.contains(line)).collect();
            if missing.is_empty() {
                Ok(())
            } else {
                Err(format!("{} of {written} are missing: {missing:?}", missing.len()))
            }
        })?;
    }
    worker.stop()
}

#[test]
fn a_sink_that_may_not_write_its_dead_letters_fails_and_brings_them_later() -> Result<()> {
    let mut kafka = Kafka::start_set(&AUTHORIZER)?;
    kafka.quiet();
    let bootstrap = kafka.bootstrap();
    for topic in ["bad", "dead"] {
        topics::create(&bootstrap, topic, 1)?;
    }
    deny(&kafka, &["dead"])?;
    let mut worker = Worker::new(&bootstrap)?;
    worker.start()?;
    let rest = worker.rest();
    topics::fill(&bootstrap, "bad", (0..100).map(|number| format!("{{broken {number}")))?;
    let config = with(
        &sink(&worker.data().join("output"), "bad"),
        &[
            ("errors.tolerance", "all"),
            ("value.converter", "org.apache.kafka.connect.json.JsonConverter"),
            ("errors.deadletterqueue.topic.name", "dead"),
            ("errors.deadletterqueue.topic.replication.factor", "1"),
        ],
    );
    rest.create("sink", &config)?;
    let trace = rest.wait_failed("sink", WITHIN)?;
    ensure!(trace.contains("TopicAuthorizationFailed"), "{trace}");
    give_back(&kafka, &["dead"])?;
    restart(&rest, "sink")?;
    topics::wait_for_count(&bootstrap, "dead", 100, WITHIN).with_context(|| worker.log())?;
    rest.wait_running("sink", 1)?;
    worker.stop()
}
