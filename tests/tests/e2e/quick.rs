//! What a newcomer sees first, on the broker that `weir dev` has inside: neither Java nor Kafka is needed. `cargo xtask test --quick` runs
//! these and the unit tests. Whatever is promised of Kafka is tested against Kafka, in the other modules.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;
use weir_tests::lines::Counter;
use weir_tests::worker::Worker;
use weir_tests::{paths, wait};

use crate::support::{sink, source, with};

const LINES: usize = 1000;
const WITHIN: Duration = Duration::from_secs(90);

fn write_lines(path: &Path) -> Result<()> {
    Ok(fs::write(path, (0..LINES).map(|number| format!("line {number}\n")).collect::<String>())?)
}

fn wait_for_lines(worker: &mut Worker, file: &Path, count: u64) -> Result<()> {
    let mut counter = Counter::new(file);
    wait::until(&format!("{count} lines in {}", file.display()), WITHIN, || {
        worker.check_runs()?;
        match counter.count().map_err(|error| error.to_string())? {
            found if found >= count => Ok(()),
            found => Err(format!("{found} lines")),
        }
    })
}

#[test]
fn lines_go_through_a_source_two_transforms_a_topic_and_a_sink() -> Result<()> {
    let mut worker = Worker::dev()?;
    worker.start()?;
    let rest = worker.rest();
    let (input, output) = (worker.data().join("input"), worker.data().join("output"));
    write_lines(&input)?;
    let json = [
        ("value.converter", "org.apache.kafka.connect.json.JsonConverter"),
        ("value.converter.schemas.enable", "false"),
        ("transforms", "wrap,origin"),
        ("transforms.wrap.type", "org.apache.kafka.connect.transforms.HoistField$Value"),
        ("transforms.wrap.field", "line"),
        ("transforms.origin.type", "org.apache.kafka.connect.transforms.InsertField$Value"),
        ("transforms.origin.static.field", "origin"),
        ("transforms.origin.static.value", "quick"),
    ];
    rest.create("source", &with(&source(&input, "lines"), &json))?;
    rest.create("sink", &sink(&output, "lines"))?;
    wait_for_lines(&mut worker, &output, LINES as u64)?;
    worker.stop()?;
    // The topic has several partitions, which the sink reads in any order.
    let text = fs::read_to_string(&output)?;
    let mut found: Vec<&str> = text.lines().collect();
    let mut expected: Vec<String> =
        (0..LINES).map(|number| format!("{{\"line\":\"line {number}\",\"origin\":\"quick\"}}")).collect();
    found.sort_unstable();
    expected.sort_unstable();
    ensure!(found == expected, "{:?}", found.iter().zip(&expected).find(|(found, expected)| found != expected));
    Ok(())
}

#[test]
fn a_connector_is_managed_over_rest() -> Result<()> {
    let mut worker = Worker::dev()?;
    worker.start()?;
    let rest = worker.rest();
    let (input, output) = (worker.data().join("input"), worker.data().join("output"));
    write_lines(&input)?;
    let config = source(&input, "managed");
    let refused = rest.post("/connectors", &json!({"name": "none", "config": {"connector.class": "NoSuchClass"}}))?;
    ensure!((400..=500).contains(&refused.status) && refused.message().contains("NoSuchClass"), "{}", refused.body);
    rest.create("managed", &config)?;
    rest.create("reader", &sink(&output, "managed"))?;
    rest.wait_running("managed", 1)?;
    wait_for_lines(&mut worker, &output, LINES as u64)?;

    rest.put("/connectors/managed/pause", &json!(null))?.expect(202)?;
    rest.wait_for("managed", "PAUSED", 1, WITHIN)?;
    rest.put("/connectors/managed/resume", &json!(null))?.expect(202)?;
    rest.wait_running("managed", 1)?;
    rest.put("/connectors/managed/stop", &json!(null))?.expect(204)?;
    rest.wait_for("managed", "STOPPED", 0, WITHIN)?;
    let offsets = rest.get("/connectors/managed/offsets")?.expect(200)?.body;
    let end = fs::metadata(&input)?.len();
    ensure!(offsets["offsets"][0]["offset"]["position"] == end, "{offsets}");
    // From the beginning again.
    rest.delete("/connectors/managed/offsets")?.expect(200)?;
    rest.put("/connectors/managed/resume", &json!(null))?.expect(202)?;
    wait_for_lines(&mut worker, &output, 2 * LINES as u64)?;
    rest.remove("managed")?;
    ensure!(rest.get("/connectors/managed")?.status == 404);
    worker.stop()
}

#[test]
fn a_plugin_that_traps_fails_alone() -> Result<()> {
    let mut worker = Worker::dev()?.with_plugins(&paths::test_plugins());
    worker.start()?;
    let rest = worker.rest();
    let (input, output) = (worker.data().join("input"), worker.data().join("output"));
    write_lines(&input)?;
    for (name, deed) in [("trap", "trap"), ("memory", "eat-memory")] {
        let hostile =
            json!({"connector.class": "weir.tests.HostileSource", "topic": name, "hook": "source.poll", "does": deed});
        rest.create(name, &hostile)?;
        let trace = rest.wait_failed(name, WITHIN)?;
        ensure!(trace.contains("source.poll"), "{name}: {trace}");
    }
    rest.create("source", &source(&input, "bystander"))?;
    rest.create("sink", &sink(&output, "bystander"))?;
    wait_for_lines(&mut worker, &output, LINES as u64)?;
    worker.stop()
}

#[test]
fn an_uploaded_component_can_be_used_at_once() -> Result<()> {
    let mut worker = Worker::dev()?.unset("plugin.path");
    worker.start()?;
    let rest = worker.rest();
    let (input, output) = (worker.data().join("input"), worker.data().join("output"));
    write_lines(&input)?;
    let component = fs::read(paths::plugins().join("file.wasm"))?;
    rest.upload(&component)?.expect(201)?;
    rest.upload(&component)?.expect(200)?;
    rest.create("source", &source(&input, "uploaded"))?;
    rest.create("sink", &sink(&output, "uploaded"))?;
    wait_for_lines(&mut worker, &output, LINES as u64)?;
    worker.stop()
}

#[test]
fn records_that_cannot_be_read_go_to_the_dead_letter_queue() -> Result<()> {
    let mut worker = Worker::dev()?;
    worker.start()?;
    let rest = worker.rest();
    let (input, output, letters) =
        (worker.data().join("input"), worker.data().join("output"), worker.data().join("letters"));
    fs::write(&input, "{\"a\":1}\n{broken\n{\"a\":2}\n")?;
    rest.create("source", &source(&input, "mixed"))?;
    let tolerant = [
        ("value.converter", "org.apache.kafka.connect.json.JsonConverter"),
        ("value.converter.schemas.enable", "false"),
        ("errors.tolerance", "all"),
        ("errors.deadletterqueue.topic.name", "dead"),
        ("errors.deadletterqueue.topic.replication.factor", "1"),
    ];
    // The broker makes a topic when somebody asks for it, and takes no order to.
    rest.create("letters", &sink(&letters, "dead"))?;
    rest.wait_running("letters", 1)?;
    wait::until("the topic of the dead letters", WITHIN, || {
        let status = rest.status("letters").map_err(|error| format!("{error:#}"))?;
        if status["tasks"][0]["trace"].is_null() { Ok(()) } else { Err(status.to_string()) }
    })?;
    rest.create("sink", &with(&sink(&output, "mixed"), &tolerant))?;
    wait_for_lines(&mut worker, &output, 2)?;
    wait_for_lines(&mut worker, &letters, 1)?;
    ensure!(fs::read_to_string(&letters)? == "{broken\n");
    worker.stop()
}
