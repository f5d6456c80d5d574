//! What the contract promises to connectors and sinks: configurations that need no parser, numbers to fence with, requests that a connector
//! makes, and what holds for a component that lacks an optional interface.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use weir_tests::topics::Record;
use weir_tests::worker::Worker;
use weir_tests::{kafka, paths, topics, wait};

use crate::support::with;

const SOON: Duration = Duration::from_secs(60);

fn worker(bootstrap: &str) -> Result<Worker> {
    let mut worker = Worker::new(bootstrap)?.with_plugins(&paths::test_plugins());
    worker.start()?;
    Ok(worker)
}

/// The hostile sink, which logs what it is started with.
fn telling_sink(topic: &str, more: &[(&str, &str)]) -> Value {
    let base = json!({"connector.class": "weir.tests.HostileSink", "topics": topic, "hook": "sink.start",
        "does": "tell"});
    with(&base, more)
}

/// The generations of task 0 of this connector so far, of which there are at least `count`.
fn generations(worker: &Worker, connector: &str, group: &str, count: usize) -> Result<Vec<u64>> {
    let (begin, end) =
        (format!("hostile started: connector={connector} task=0 generation="), format!(" group={group}"));
    wait::until("the sink to say what it was started with", SOON, || {
        let log = worker.log();
        let told = log.lines().filter_map(|line| line.split(&begin).nth(1)?.split(&end).next()?.parse().ok());
        let told: Vec<u64> = told.collect();
        if told.len() >= count { Ok(told) } else { Err(format!("{told:?}")) }
    })
}

#[test]
fn a_sink_learns_its_group_and_a_generation_that_grows_with_each_start() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique("generations");
    topics::create(bootstrap, topic, 1)?;
    let worker = Worker::new(bootstrap)?.with_plugins(&paths::test_plugins());
    let state = worker.dir().join("connectors").display().to_string();
    let mut worker = worker.set("weir.standalone.state", &state);
    worker.start()?;
    let (rest, group) = (worker.rest(), format!("connect-{topic}"));
    rest.create(topic, &telling_sink(topic, &[]))?;
    generations(&worker, topic, &group, 1)?;
    rest.wait_running(topic, 1)?;
    rest.post(&format!("/connectors/{topic}/tasks/0/restart"), &Value::Null)?.expect(204)?;
    generations(&worker, topic, &group, 2)?;
    rest.wait_running(topic, 1)?;
    worker.kill();
    worker.start()?;
    let all = generations(&worker, topic, &group, 3)?;
    ensure!(all.iter().all(|generation| *generation > 0), "{all:?}");
    ensure!(all.windows(2).all(|pair| pair[0] < pair[1]), "they do not grow: {all:?}");
    worker.stop()
}

#[test]
fn a_plugin_receives_defaults_and_normal_values_and_knows_what_is_secret() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topics = ["received-default", "received-given"].map(topics::unique);
    topics::create_all(bootstrap, &topics.each_ref().map(String::as_str), 1)?;
    let mut worker = worker(bootstrap)?;
    let rest = worker.rest();
    let received = |name: &str, entry: &str| worker.wait_for_log(&format!("hostile received: {name}=[{entry}]"));

    rest.create(&topics[0], &telling_sink(&topics[0], &[]))?;
    received("ratio", "0.5")?;
    let given = [("ratio", " 1e3 "), ("password", "hunter2"), ("of.nobody", " as written ")];
    rest.create(&topics[1], &telling_sink(&topics[1], &given))?;
    received("ratio", "1000.0")?;
    received("password", "secret")?;
    received("of.nobody", " as written ")?;
    ensure!(!worker.log().contains("hostile received: topics=[secret]"), "what is no secret is said to be one");
    for path in ["/config", ""] {
        let body = rest.get(&format!("/connectors/{}{path}", topics[1]))?.expect(200)?.body;
        let config = if path.is_empty() { &body["config"] } else { &body };
        ensure!(config["ratio"] == json!(" 1e3 "), "what is shown is not what was written: {body}");
    }
    // The bound of the definition is not a whole number.
    let refused =
        rest.post("/connectors", &json!({"name": "refused", "config": telling_sink(&topics[0], &[("ratio", "0.2")])}))?;
    let refused = refused.expect(400)?;
    let text = "Invalid value 0.2 for configuration ratio: Value must be at least 0.25";
    ensure!(refused.message().contains(text), "{}", refused.body);
    worker.stop()
}

#[test]
fn a_connector_asks_for_other_tasks_and_fails_by_itself() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topics = ["requested", "raised"].map(topics::unique);
    topics::create_all(bootstrap, &topics.each_ref().map(String::as_str), 1)?;
    let mut worker = worker(bootstrap)?;
    let rest = worker.rest();
    let source = |topic: &str, does: &str| {
        json!({"connector.class": "weir.tests.HostileSource", "topic": topic, "hook": "connector-check.check",
            "does": does, "after": "5"})
    };
    rest.create(&topics[0], &source(&topics[0], "reconfigure,reconfigure,end"))?;
    wait::until("the task to have another configuration", SOON, || {
        let tasks = rest.get(&format!("/connectors/{}/tasks", topics[0])).map_err(|error| format!("{error:#}"))?.body;
        if tasks[0]["config"]["requested"] == json!("2") { Ok(()) } else { Err(tasks.to_string()) }
    })?;
    rest.wait_running(&topics[0], 1)?;

    rest.create(&topics[1], &source(&topics[1], "raise-error"))?;
    let trace = rest.wait_failed(&topics[1], SOON)?;
    ensure!(trace.contains("hostile error"), "{trace}");
    let status = rest.status(&topics[1])?;
    let states = (&status["connector"]["state"], &status["tasks"][0]["state"]);
    ensure!(states == (&json!("FAILED"), &json!("RUNNING")), "the task does not continue: {status}");
    let before = topics::count(bootstrap, &topics[1])?;
    wait::until("more records of the task", SOON, || match topics::count(bootstrap, &topics[1]) {
        Ok(count) if count >= before + 100 => Ok(()),
        other => Err(format!("{other:?} after {before}")),
    })?;
    worker.stop()
}

/// The discarding sink exports neither `connector` nor `sink-commit` nor `sink-partitions`.
#[test]
fn what_an_optional_interface_decides_has_a_default() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique("defaults");
    topics::create(bootstrap, topic, 2)?;
    let record = |partition| Record { partition, value: Some(b"x".to_vec()), ..Record::default() };
    topics::produce(bootstrap, topic, &[record(0), record(1), record(0)])?;
    let mut worker = worker(bootstrap)?;
    let rest = worker.rest();
    let class = "org.apache.kafka.connect.tools.MockSinkConnector";
    rest.create(topic, &json!({"connector.class": class, "topics": topic, "tasks.max": "2"}))?;
    rest.wait_running(topic, 2)?;
    wait::until("what was put to be committed", SOON, || {
        match topics::committed(bootstrap, &format!("connect-{topic}"), topic) {
            Ok(3) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })?;
    let metrics = rest.get("/metrics")?.expect(200)?.body;
    let calls: Vec<&str> = metrics
        .as_str()
        .context("text")?
        .lines()
        .filter(|line| line.starts_with("weir_guest_calls_total{") && line.contains(&format!("connector=\"{topic}\"")))
        .collect();
    ensure!(calls.iter().any(|line| line.contains("function=\"sink.put\"")), "{calls:#?}");
    for interface in ["connector.", "sink-commit.", "sink-partitions."] {
        ensure!(!calls.iter().any(|line| line.contains(interface)), "{interface}* was called: {calls:#?}");
    }
    worker.stop()
}
