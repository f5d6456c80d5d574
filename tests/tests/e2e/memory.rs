//! Transforms and predicates that run out of memory: they receive the same records again in smaller batches, and only a record for which
//! memory is not enough has failed.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use weir_tests::worker::Worker;
use weir_tests::{kafka, paths, topics, wait};

use crate::support::{sink, source, with};

/// How long a task may take.
const SOON: Duration = Duration::from_secs(60);

/// A limit that is enough for 160 records of a transform that takes 100,000 bytes for each.
const LIMITS: [(&str, &str); 1] = [("weir.task.memory.max", "16777216")];
const TRANSFORM: [(&str, &str); 5] = [
    ("transforms", "t"),
    ("transforms.t.type", "weir.tests.HostileTransform"),
    ("transforms.t.hook", "transform.apply"),
    ("transforms.t.does", "hold-memory"),
    ("transforms.t.memory", "100000"),
];
const PREDICATE: [(&str, &str); 9] = [
    ("transforms", "t"),
    // Of another component than the predicate, which therefore has an instance of its own.
    ("transforms.t.type", "org.apache.kafka.connect.transforms.InsertHeader"),
    ("transforms.t.header", "h"),
    ("transforms.t.value.literal", "x"),
    ("transforms.t.predicate", "p"),
    ("predicates", "p"),
    ("predicates.p.type", "weir.tests.HostilePredicate"),
    ("predicates.p.hook", "predicate.test"),
    ("predicates.p.does", "hold-memory"),
];
const RETRIED: &str = "ran out of memory; passing smaller batches to a new instance";

fn worker(bootstrap: &str) -> Result<Worker> {
    let mut worker = Worker::new(bootstrap)?.with_plugins(&paths::test_plugins());
    worker.start()?;
    Ok(worker)
}

/// Lines, of which one needs more memory than there is.
fn lines(count: usize, large: Option<usize>) -> Vec<String> {
    let line = |index| if Some(index) == large { format!("large {index}") } else { format!("line {index}") };
    (0..count).map(line).collect()
}

/// A file source of these lines with more keys.
fn file_source(worker: &Worker, topic: &str, lines: &[String], more: &[&[(&str, &str)]]) -> Result<Value> {
    let file = worker.data().join(format!("{topic}.txt"));
    fs::write(&file, lines.join("\n") + "\n")?;
    Ok(with(&source(&file, topic), &[&[&LIMITS[..]], more].concat().concat()))
}

#[test]
fn a_transform_that_runs_out_of_memory_gets_its_records_in_smaller_batches() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topics = ["halves-transform", "halves-predicate"].map(topics::unique);
    topics::create_all(bootstrap, &topics.each_ref().map(String::as_str), 1)?;
    let mut worker = worker(bootstrap)?;
    let rest = worker.rest();
    let lines = lines(1000, None);
    let predicate = [&PREDICATE[..], &[("predicates.p.memory", "100000")]].concat();
    for (topic, steps) in topics.iter().zip([&TRANSFORM[..], &predicate]) {
        let before = worker.log().len();
        rest.create(topic, &file_source(&worker, topic, &lines, &[steps])?)?;
        topics::wait_for_count(bootstrap, topic, lines.len() as u64, SOON)?;
        rest.wait_running(topic, 1)?;
        ensure!(topics::values(bootstrap, topic)? == lines, "{topic}: not each record once and in order");
        ensure!(worker.log()[before..].contains(RETRIED), "{topic}: it did not run out of memory");
        rest.remove(topic)?;
    }
    let file = worker.data().join("sink.txt");
    let config = with(&sink(&file, &topics[0]), &[&LIMITS[..], &TRANSFORM].concat());
    rest.create("halves-sink", &config)?;
    wait::until("the sink to have all lines", SOON, || {
        let text = fs::read_to_string(&file).unwrap_or_default();
        let found: Vec<&str> = text.lines().collect();
        if found == lines { Ok(()) } else { Err(format!("{} lines", found.len())) }
    })?;
    worker.stop()
}

#[test]
fn a_record_for_which_memory_is_not_enough_fails_by_itself() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topics = ["large-skipped", "large-untested", "large-failed"].map(topics::unique);
    topics::create_all(bootstrap, &topics.each_ref().map(String::as_str), 1)?;
    let mut worker = worker(bootstrap)?;
    let rest = worker.rest();
    let lines = lines(400, Some(150));
    let limit = "memory limit of 16777216 bytes (weir.task.memory.max)";
    let tolerant = [("errors.tolerance", "all"), ("errors.log.enable", "true")];
    let predicate = [&PREDICATE[..], &[("predicates.p.memory", "100000")]].concat();
    for (topic, steps, call) in
        [(&topics[0], &TRANSFORM[..], "transform.apply"), (&topics[1], &predicate, "predicate.test")]
    {
        rest.create(topic, &file_source(&worker, topic, &lines, &[steps, &tolerant])?)?;
        topics::wait_for_count(bootstrap, topic, lines.len() as u64 - 1, SOON)?;
        rest.wait_running(topic, 1)?;
        let others: Vec<String> = lines.iter().filter(|line| !line.starts_with("large")).cloned().collect();
        ensure!(topics::values(bootstrap, topic)? == others, "{topic}: not each other record once and in order");
        worker.wait_for_log(&format!("in {call}: {limit}"))?;
        rest.remove(topic)?;
    }

    rest.create(&topics[2], &file_source(&worker, &topics[2], &lines, &[&TRANSFORM])?)?;
    let trace = rest.wait_failed(&topics[2], SOON)?;
    ensure!(trace.contains("in transform.apply: ") && trace.contains(limit), "{trace}");
    let class = TRANSFORM.iter().find(|(key, _)| *key == "transforms.t.type").context("the class")?.1;
    ensure!(trace.contains(class), "it does not name the transform: {trace}");
    worker.stop()
}
