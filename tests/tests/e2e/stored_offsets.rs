//! The offset file of a worker: an answer about it is true whatever the disk does, and no source fills it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use weir_tests::rest::Rest;
use weir_tests::worker::Worker;
use weir_tests::{kafka, lines, paths, topics, wait};

use crate::support::{source, with};

const PATIENCE: Duration = Duration::from_secs(30);

fn hostile(topic: &str, more: &[(&str, &str)]) -> Value {
    with(&json!({"connector.class": "weir.tests.HostileSource", "tasks.max": "1", "topic": topic}), more)
}

fn offsets(rest: &Rest, name: &str) -> Result<Value> {
    Ok(rest.get(&format!("/connectors/{name}/offsets"))?.expect(200)?.body["offsets"].clone())
}

fn wait_stored(rest: &Rest, name: &str) -> Result<()> {
    wait::until(&format!("offsets of {name} to be stored"), PATIENCE, || match offsets(rest, name) {
        Ok(Value::Array(offsets)) if !offsets.is_empty() => Ok(()),
        other => Err(format!("{other:?}")),
    })
}

/// A worker whose files can be limited (`prlimit --fsize`), which is how a full disk is made without one.
fn limited(bootstrap: &str) -> Result<(Worker, tempfile::TempDir)> {
    let dir = tempfile::tempdir().context("a directory for a script")?;
    let script = dir.path().join("weir");
    // Without this the first write beyond the limit would be a signal that ends the process.
    let text = format!("#!/bin/sh\ntrap '' XFSZ\nexec '{}' \"$@\"\n", paths::weir()?.display());
    fs::write(&script, text).context("the script")?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).context("the script")?;
    Ok((Worker::new(bootstrap)?.with_plugins(&paths::test_plugins()).binary(&script), dir))
}

#[test]
fn an_alteration_that_a_full_disk_refused_never_takes_effect() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let (topic, other) = (&topics::unique("full-disk"), &topics::unique("full-disk-other"));
    topics::create_all(bootstrap, &[topic, other], 1)?;
    let (mut worker, _script) = limited(bootstrap)?;
    worker.start()?;
    let rest = &worker.rest();
    let (name, path) = ("altered", "/connectors/altered/offsets");
    rest.create(name, &hostile(topic, &[]))?;
    wait_stored(rest, name)?;
    rest.put("/connectors/altered/stop", &Value::Null)?.expect(204)?;
    let before = offsets(rest, name)?;

    const ROOM: usize = 512 << 10;
    ensure!(worker.log().len() < ROOM / 2, "the log has to fit, too");
    let id = worker.id().context("it runs")?.to_string();
    let limit = |bytes: &str| -> Result<()> {
        let limited = Command::new("prlimit").args(["--pid", &id, &format!("--fsize={bytes}:")]).status();
        ensure!(limited.context("running prlimit")?.success(), "prlimit failed");
        Ok(())
    };
    limit(&ROOM.to_string())?;
    let pad = "x".repeat(200 << 10);
    let at = |partition: u32| json!({"partition": {"hostile": partition}, "offset": {"number": 1, "pad": pad}});
    let mut change: Vec<Value> = (0..4).map(at).collect();
    change.push(json!({"partition": {"hostile": "source"}, "offset": {"number": 0}}));
    let answer = rest.patch(path, &json!({"offsets": change}))?;
    ensure!(answer.status == 500, "the disk is full: {answer:?}");
    ensure!(answer.message() == format!("Failed to modify offsets for source connector {name}"), "{answer:?}");
    wait::until("the log to say why", PATIENCE, || match worker.log().contains("File too large") {
        true => Ok(()),
        false => Err("it does not".to_owned()),
    })?;
    ensure!(offsets(rest, name)? == before, "it was refused: {}", offsets(rest, name)?);

    // The next write of the file, for which there is room.
    let input = worker.data().join("input");
    fs::write(&input, (0..10).map(lines::line).collect::<String>())?;
    rest.create("other", &source(&input, other))?;
    wait_stored(rest, "other")?;
    ensure!(offsets(rest, name)? == before, "the next write brought it back");
    worker.kill();
    worker.start()?;
    let stopped = json!({"name": name, "config": hostile(topic, &[]), "initial_state": "STOPPED"});
    worker.rest().post("/connectors", &stopped)?.expect(201)?;
    ensure!(offsets(&worker.rest(), name)? == before, "it is in the file");
    worker.stop()
}

#[test]
fn a_source_with_offsets_without_bound_fails_at_its_limit() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique("many-offsets");
    topics::create(bootstrap, topic, 1)?;
    let mut worker = Worker::new(bootstrap)?
        .with_plugins(&paths::test_plugins())
        .set("weir.offsets.partitions.max", "5000")
        .set("weir.offsets.bytes.max", "1000000");
    worker.start()?;
    let rest = &worker.rest();
    for (deed, rows, key) in [
        ("many-partitions", "2000", "weir.offsets.partitions.max"),
        ("large-partitions", "50", "weir.offsets.bytes.max"),
    ] {
        rest.create(deed, &hostile(topic, &[("hook", "source.poll"), ("does", deed), ("records", rows)]))?;
        let trace = rest.wait_failed(deed, PATIENCE)?;
        ensure!(trace.contains(key), "{key} is not in: {trace}");
        ensure!(rest.status(deed)?["connector"]["state"] == "RUNNING", "only the task fails");
        let stored = offsets(rest, deed)?.as_array().map(Vec::len).unwrap_or_default();
        ensure!(stored <= 5000, "{deed} stored {stored} partitions");
        rest.remove(deed)?;
    }
    let size = fs::metadata(worker.dir().join("offsets")).map_or(0, |file| file.len());
    ensure!(size <= 4 * 1_000_100, "{size} bytes");
    worker.stop()
}

#[test]
fn a_source_whose_partitions_have_line_breaks_does_not_keep_the_worker_from_starting() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique("line-breaks");
    topics::create(bootstrap, topic, 1)?;
    let mut worker = Worker::new(bootstrap)?.with_plugins(&paths::test_plugins());
    worker.start()?;
    let config = hostile(topic, &[("hook", "source.poll"), ("does", "line-breaks")]);
    worker.rest().create("breaks", &config)?;
    wait_stored(&worker.rest(), "breaks")?;
    worker.kill();
    worker.start()?;
    worker.rest().create("breaks", &config)?;
    worker.rest().wait_running("breaks", 1)?;
    let stored = offsets(&worker.rest(), "breaks")?;
    ensure!(stored[0]["partition"] == json!({"hostile": "line breaks"}), "{stored}");
    worker.stop()
}
