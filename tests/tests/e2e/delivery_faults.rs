//! Brokers and topics that do not accept records although the records are not at fault: nothing is skipped, no task fails, and
//! with `errors.tolerance=all` no offset is stored beyond what Kafka has.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use weir_tests::kafka::Kafka;
use weir_tests::lines::{self, Appender};
use weir_tests::worker::Worker;
use weir_tests::{kafka, paths, topics, wait};

use crate::support::{sink, source, with};

const ALL: (&str, &str) = ("errors.tolerance", "all");
const WITHIN: Duration = Duration::from_secs(90);

/// Each value is there, and their last copies are in order.
fn check_in_order(found: &[String], expected: &[String]) -> Result<()> {
    let mut left = found.iter();
    for value in expected {
        ensure!(left.any(|found| found == value), "{value:.40} is missing, or only before its predecessor");
    }
    Ok(())
}

/// Waits until they are all there. Some may be there twice, so that their number says nothing.
fn wait_for_all(bootstrap: &str, topic: &str, expected: &[String]) -> Result<()> {
    wait::until(&format!("every value in {topic}"), WITHIN, || {
        let found = topics::values(bootstrap, topic).map_err(|error| format!("{error:#}"))?;
        check_in_order(&found, expected).map_err(|error| format!("{} of {}: {error}", found.len(), expected.len()))
    })
}

fn write_lines(path: &Path, lines: &[String]) -> Result<()> {
    let text = lines.iter().fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "{line}");
        text
    });
    fs::write(path, text).context("writing the source's file")
}

#[test]
fn a_topic_that_takes_smaller_requests_than_the_producer_makes_gets_every_record() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let name = topics::unique("small-requests");
    let of = |kind: &str| format!("{name}-{kind}");
    for kind in ["none", "all", "dead"] {
        topics::create_with(bootstrap, &of(kind), 1, &[("max.message.bytes", "100000")])?;
    }
    topics::create(bootstrap, &of("bad"), 1)?;
    let mut worker = Worker::new(bootstrap)?
        .with_plugins(&paths::test_plugins())
        // Larger than the topics take, whatever the default is.
        .set("producer.batch.size", "900000")
        .set("producer.linger.ms", "200");
    worker.start()?;
    let rest = worker.rest();
    let lines: Vec<String> = (0..5000).map(|number| format!("{number:<1000}")).collect();
    let input = worker.data().join("input");
    write_lines(&input, &lines)?;
    rest.create(&of("none"), &source(&input, &of("none")))?;
    rest.create(&of("all"), &with(&source(&input, &of("all")), &[ALL]))?;
    // A sink whose every record goes to a dead letter queue that takes small requests only.
    topics::fill(bootstrap, &of("bad"), (0..500).map(|number| format!("{{broken {number:<1000}")))?;
    let config = with(
        &sink(&worker.data().join("output"), &of("bad")),
        &[
            ALL,
            ("value.converter", "org.apache.kafka.connect.json.JsonConverter"),
            ("errors.deadletterqueue.topic.name", &of("dead")),
            ("errors.deadletterqueue.topic.replication.factor", "1"),
        ],
    );
    rest.create(&of("sink"), &config)?;

    for kind in ["none", "all"] {
        wait_for_all(bootstrap, &of(kind), &lines)?;
        rest.wait_running(&of(kind), 1)?;
    }
    topics::wait_for_count(bootstrap, &of("dead"), 500, WITHIN)?;
    rest.wait_running(&of("sink"), 1)?;
    // A record that is too large alone is the record's own fault.
    let big = worker.data().join("big");
    write_lines(&big, &["first".to_owned(), "x".repeat(150_000), "last".to_owned()])?;
    rest.create(&of("own-fault"), &source(&big, &of("none")))?;
    let trace = rest.wait_failed(&of("own-fault"), WITHIN)?;
    ensure!(trace.contains("MessageSizeTooLarge"), "{trace}");
    rest.create(&of("skipped"), &with(&source(&big, &of("all")), &[ALL]))?;
    wait::until("the line behind the large one", WITHIN, || {
        let found = topics::values(bootstrap, &of("all")).map_err(|error| format!("{error:#}"))?;
        let has = |line: &str| found.iter().any(|found| found == line);
        if has("first") && has("last") { Ok(()) } else { Err("not yet".to_owned()) }
    })?;
    worker.wait_for_log("skipped records that Kafka did not accept")?;
    worker.stop()
}

#[test]
fn a_topic_that_is_missing_for_longer_than_the_producer_waits_gets_every_record() -> Result<()> {
    let mut kafka = Kafka::start_set(&[("auto.create.topics.enable", "false")])?;
    kafka.quiet();
    let bootstrap = kafka.bootstrap();
    let mut worker = Worker::new(&bootstrap)?.with_plugins(&paths::test_plugins());
    worker.start()?;
    let rest = worker.rest();
    let lines: Vec<String> = (0..10).map(|number| format!("line {number}")).collect();
    let input = worker.data().join("input");
    write_lines(&input, &lines)?;
    rest.create("none", &source(&input, "none"))?;
    rest.create("all", &with(&source(&input, "all"), &[ALL]))?;
    // A partition that does not exist yet.
    topics::create(&bootstrap, "few", 1)?;
    let hostile = json!({"connector.class": "weir.tests.HostileSource", "topic": "few", "records": "5",
        "hook": "source.poll", "does": "partition-one", "errors.tolerance": "all"});
    rest.create("few", &hostile)?;
    wait::holds("no task fails while topics are missing", Duration::from_secs(40), || {
        worker.check_runs()?;
        let answer = rest.get("/connectors?expand=status").map_err(|error| format!("{error:#}"))?;
        let status = answer.body.to_string();
        if status.contains("FAILED") { Err(status) } else { Ok(()) }
    })?;
    worker.wait_for_log("Kafka did not accept records; sending them again")?;
    for topic in ["none", "all"] {
        topics::create(&bootstrap, topic, 1)?;
        topics::wait_for_count(&bootstrap, topic, 10, WITHIN)?;
        ensure!(topics::values(&bootstrap, topic)? == lines, "{topic}: {:?}", topics::values(&bootstrap, topic)?);
    }
    topics::add_partitions(&bootstrap, "few", 2)?;
    topics::wait_for_count(&bootstrap, "few", 5, WITHIN)?;
    worker.stop()
}

#[test]
fn a_broker_that_loses_the_end_of_a_log_costs_nothing_but_that() -> Result<()> {
    let mut kafka = Kafka::start()?;
    kafka.quiet();
    let bootstrap = kafka.bootstrap();
    for topic in ["cut", "whole"] {
        topics::create(&bootstrap, topic, 1)?;
    }
    let mut worker = Worker::new(&bootstrap)?;
    worker.start()?;
    let rest = worker.rest();
    let mut appenders = Vec::new();
    for topic in ["cut", "whole"] {
        let input = worker.data().join(topic);
        appenders.push(Appender::start(&input, 300)?);
        rest.create(topic, &with(&source(&input, topic), &[ALL]))?;
    }
    for topic in ["cut", "whole"] {
        topics::wait_for_count(&bootstrap, topic, 500, WITHIN)?;
    }
    kafka.kill();
    let segment = kafka.data().join("cut-0/00000000000000000000.log");
    let file = fs::OpenOptions::new().write(true).open(&segment).context("the log of the topic")?;
    let length = file.metadata()?.len();
    file.set_len(length - 1500)?;
    drop(file);
    kafka.resume()?;
    kafka.quiet();

    std::thread::sleep(Duration::from_secs(5));
    let mut written = Vec::new();
    for appender in &mut appenders {
        written.push(appender.stop()?);
    }
    for (topic, written) in ["cut", "whole"].into_iter().zip(&written) {
        wait::until(&format!("the last line of {topic}"), WITHIN, || {
            let found = topics::values(&bootstrap, topic).map_err(|error| format!("{error:#}"))?;
            let last = lines::line(written - 1).trim_end().to_owned();
            if found.contains(&last) {
                Ok(())
            } else {
                Err(format!("{} of {written}: {}", found.len(), rest.status(topic).unwrap_or_default()))
            }
        })?;
        let found = topics::values(&bootstrap, topic)?;
        let expected: Vec<String> = (0..*written).map(|number| lines::line(number).trim_end().to_owned()).collect();
        let missing = expected.iter().filter(|line| !found.contains(line)).count();
        // What Kafka had acknowledged and then lost: at most what 1,500 bytes of a batch, and the batch with them, hold.
        let allowed = if topic == "cut" { 400 } else { 0 };
        ensure!(missing <= allowed, "{topic}: {missing} of {written} lines are missing");
        ensure!(rest.status(topic)?["tasks"][0]["state"] == "RUNNING", "{}", rest.status(topic)?);
    }
    worker.wait_for_log("sending unacknowledged records again")?;
    worker.stop()
}

#[test]
fn a_broker_that_is_frozen_for_longer_than_a_record_may_take_costs_no_record_that_is_tolerated() -> Result<()> {
    let mut kafka = Kafka::start()?;
    kafka.quiet();
    let bootstrap = kafka.bootstrap();
    let mut worker = Worker::new(&bootstrap)?.set("connector.client.config.override.policy", "All");
    worker.start()?;
    let rest = worker.rest();
    let short = [("producer.override.delivery.timeout.ms", "5000"), ("producer.override.request.timeout.ms", "3000")];
    let mut appenders = Vec::new();
    for (topic, tolerance) in [("tolerant", "all"), ("strict", "none")] {
        topics::create(&bootstrap, topic, 1)?;
        let input = worker.data().join(topic);
        appenders.push(Appender::start(&input, 300)?);
        rest.create(topic, &with(&with(&source(&input, topic), &short), &[("errors.tolerance", tolerance)]))?;
        topics::wait_for_count(&bootstrap, topic, 300, WITHIN)?;
    }
    kafka.freeze(true)?;
    std::thread::sleep(Duration::from_secs(12));
    kafka.freeze(false)?;
    let written = appenders[0].stop()?;
    let expected: Vec<String> = (0..written).map(|number| lines::line(number).trim_end().to_owned()).collect();
    wait_for_all(&bootstrap, "tolerant", &expected)?;
    rest.wait_running("tolerant", 1)?;
    worker.wait_for_log("Kafka did not accept records; sending them again")?;
    // Without tolerance it is what Kafka Connect makes of it, and a restart brings what is missing.
    let trace = rest.wait_failed("strict", WITHIN)?;
    ensure!(trace.contains("MessageTimedOut"), "{trace}");
    rest.post("/connectors/strict/restart?includeTasks=true&onlyFailed=true", &json!(null))?;
    let written = appenders[1].stop()?;
    let expected: Vec<String> = (0..written).map(|number| lines::line(number).trim_end().to_owned()).collect();
    wait_for_all(&bootstrap, "strict", &expected)?;
    worker.stop()
}

#[test]
fn a_worker_that_is_stopped_while_the_broker_is_away_stores_the_offsets_of_what_arrived() -> Result<()> {
    let mut kafka = Kafka::start()?;
    kafka.quiet();
    let bootstrap = kafka.bootstrap();
    topics::create(&bootstrap, "stopped", 1)?;
    // Only the end stores offsets.
    let mut worker = Worker::new(&bootstrap)?.set("offset.flush.interval.ms", "3600000");
    worker.start()?;
    let rest = worker.rest();
    let input = worker.data().join("input");
    let mut appender = Appender::start(&input, 500)?;
    rest.create("stopped", &source(&input, "stopped"))?;
    topics::wait_for_count(&bootstrap, "stopped", 500, WITHIN)?;
    kafka.kill();
    std::thread::sleep(Duration::from_secs(3));
    let begin = std::time::Instant::now();
    worker.stop()?;
    let took = begin.elapsed();
    ensure!(took < Duration::from_secs(25), "the worker took {took:?} to stop");
    let written = appender.stop()?;
    let offsets = fs::read_to_string(worker.offsets())?;
    let position = offsets.split("\"position\":").nth(1).and_then(|rest| rest.split('}').next());
    let position: u64 = position.context("no offset is stored")?.parse()?;
    let text = fs::read(&input)?;
    let stored = text[..usize::try_from(position)?].iter().filter(|byte| **byte == b'\n').count() as u64;
    ensure!(stored >= 300 && stored < written, "the offset of line {stored} of {written} is stored");

    kafka.resume()?;
    kafka.quiet();
    let arrived = topics::count(&bootstrap, "stopped")?;
    ensure!(stored <= arrived, "the offset of line {stored} is stored, and {arrived} arrived");
    worker.connector("stopped", &source(&input, "stopped"))?;
    worker.start()?;
    let expected: Vec<String> = (0..written).map(|number| lines::line(number).trim_end().to_owned()).collect();
    wait_for_all(&bootstrap, "stopped", &expected)?;
    worker.stop()
}
