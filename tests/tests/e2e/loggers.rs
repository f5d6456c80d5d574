//! Log levels over REST: they take effect while the worker runs, for one connector too.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;
use weir_tests::worker::Worker;
use weir_tests::{kafka, lines, topics, wait};

use crate::support::source;

const PATIENCE: Duration = Duration::from_secs(30);

/// Appends a line, and waits until its offset is stored, which a DEBUG line of the task tells.
fn grow(worker: &Worker, name: &str, file: &Path, number: u64) -> Result<()> {
    let text = fs::read_to_string(file)? + &lines::line(number);
    fs::write(file, &text)?;
    wait::until(&format!("the offset of {name}"), PATIENCE, || {
        let answer = worker.rest().get(&format!("/connectors/{name}/offsets")).map_err(|error| format!("{error:#}"))?;
        let position = &answer.body["offsets"][0]["offset"]["position"];
        if *position == json!(text.len()) { Ok(()) } else { Err(answer.body.to_string()) }
    })
}

/// The DEBUG lines of a connector's tasks in the log.
fn debug_lines(worker: &Worker, name: &str) -> usize {
    let (span, log) = (format!("task{{connector={name} task=0}}"), worker.log());
    log.lines().filter(|line| line.contains("DEBUG") && line.contains(&span)).count()
}

#[test]
fn one_connector_can_be_set_to_debug_while_it_runs() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique("levels");
    topics::create(bootstrap, topic, 1)?;
    let mut worker = Worker::new(bootstrap)?.set("weir.log.level", "warn");
    worker.start()?;
    let rest = &worker.rest();
    let files = ["heard", "silent"].map(|name| (name, worker.data().join(name)));
    for (name, file) in &files {
        fs::write(file, "")?;
        rest.create(name, &source(file, topic))?;
        grow(&worker, name, file, 0)?;
        ensure!(debug_lines(&worker, name) == 0, "{}", worker.log());
    }
    let set = |logger: &str, level: &str| -> Result<serde_json::Value> {
        Ok(rest.put(&format!("/admin/loggers/{logger}"), &json!({"level": level}))?.expect(200)?.body)
    };
    ensure!(set("connector.heard", "DEBUG")? == json!(["connector.heard"]));
    let grow_both = |number| files.iter().try_for_each(|(name, file)| grow(&worker, name, file, number));
    grow_both(1)?;
    wait::until("a line of the connector that is listened to", PATIENCE, || match debug_lines(&worker, "heard") {
        0 => Err(worker.log()),
        _ => Ok(()),
    })?;
    ensure!(debug_lines(&worker, "silent") == 0, "{}", worker.log());

    // A class is known by its package; it stands for what the plugin itself says, which is little.
    let class = "org.apache.kafka.connect.file.FileStreamSourceConnector";
    ensure!(rest.get(&format!("/admin/loggers/{class}"))?.expect(200)?.body["level"] == "WARN");
    set("connector.heard", "ERROR")?;
    let changed = set("org.apache.kafka.connect", "DEBUG")?;
    ensure!(changed.as_array().is_some_and(|changed| changed.contains(&json!(class))), "{changed}");
    let heard = debug_lines(&worker, "heard");
    grow_both(2)?;
    wait::until("a line of the other connector", PATIENCE, || match debug_lines(&worker, "silent") {
        0 => Err(worker.log()),
        _ => Ok(()),
    })?;
    ensure!(debug_lines(&worker, "heard") == heard, "its own level counts: {}", worker.log());
    worker.stop()
}
