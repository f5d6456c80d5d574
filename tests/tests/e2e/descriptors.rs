//! Plugins that open all they can, and pipes in granted directories: the worker keeps its descriptors and its threads, and stops in time.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use weir_tests::usage::Usage;
use weir_tests::worker::Worker;
use weir_tests::{kafka, paths, topics, wait};

use crate::neighbour::Neighbour;
use crate::support::with;

#[test]
fn plugins_that_open_all_they_can_leave_the_worker_its_descriptors() -> Result<()> {
    const HOLDERS: u64 = 4;
    const FILES: u64 = 50;
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique("holders");
    topics::create(bootstrap, topic, 1)?;
    let mut worker = Worker::new(bootstrap)?
        .with_plugins(&paths::test_plugins())
        .set("weir.task.files.max", &FILES.to_string())
        .set("task.shutdown.graceful.timeout.ms", "2000");
    let data = worker.data().display().to_string();
    std::fs::write(worker.data().join("file"), "content")?;
    worker.start()?;
    let rest = worker.rest();
    let mut neighbour = Neighbour::start(&worker, bootstrap, "beside-holders")?;
    let process = worker.id().context("the worker runs")?;
    let before = Usage::of(process)?;
    let base = json!({"connector.class": "weir.tests.HostileSource", "topic": topic, "needs.read": data});
    for number in 0..HOLDERS {
        let plan = [("hook", "source.start"), ("does", "hold-files"), ("reads", &*format!("{data}/file"))];
        rest.create(&format!("holder-{number}"), &with(&base, &plan))?;
    }
    wait::until("all of them to hold what they can", Duration::from_secs(60), || {
        let held = worker.log().matches(&format!("hostile, holding {FILES} files")).count() as u64;
        if held == HOLDERS { Ok(()) } else { Err(format!("{held} do")) }
    })?;
    let held = Usage::of(process)?.descriptors.saturating_sub(before.descriptors);
    // Each connector has a few of its own, for Kafka and for its granted directories.
    ensure!((HOLDERS * FILES..HOLDERS * (FILES + 40)).contains(&held), "{held} descriptors");
    worker.wait_for_log("weir.task.files.max")?;
    neighbour.watch("holders")?;
    for number in 0..HOLDERS {
        rest.remove(&format!("holder-{number}"))?;
    }
    wait::until("their files to be closed", Duration::from_secs(30), || {
        let open = Usage::of(process).map_err(|error| error.to_string())?.descriptors;
        if open < before.descriptors + HOLDERS * 10 { Ok(()) } else { Err(format!("{open}, before {before:?}")) }
    })?;
    neighbour.finish()?;
    worker.stop()
}

#[test]
fn a_pipe_in_a_granted_directory_holds_no_thread_and_no_stop() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique("pipes");
    topics::create(bootstrap, topic, 1)?;
    let mut worker = Worker::new(bootstrap)?.with_plugins(&paths::test_plugins());
    let pipe = worker.data().join("pipe");
    ensure!(Command::new("mkfifo").arg(&pipe).status()?.success(), "mkfifo does not run");
    let data = worker.data().display().to_string();
    worker.start()?;
    let rest = worker.rest();
    let before = Usage::of(worker.id().context("the worker runs")?)?;
    for (number, (need, deed, target)) in
        [("needs.read", "read-file", "reads"), ("needs.write", "write-file", "writes")]
            .into_iter()
            .cycle()
            .take(20)
            .enumerate()
    {
        let config = json!({
            "connector.class": "weir.tests.HostileSource",
            "topic": topic,
            "hook": "source.start",
            "does": deed,
            need: data,
            target: pipe,
        });
        let name = format!("pipe-{number}");
        rest.create(&name, &config)?;
        let trace = rest.wait_failed(&name, Duration::from_secs(60))?;
        ensure!(trace.contains(&format!("{deed} denied")), "{trace}");
    }
    let after = Usage::of(worker.id().context("the worker runs")?)?;
    ensure!(after.threads < before.threads + 20, "{before:?}, then {after:?}");
    let start = Instant::now();
    worker.stop()?;
    ensure!(start.elapsed() < Duration::from_secs(40), "the worker took {:?} to end", start.elapsed());
    Ok(())
}

#[test]
fn a_task_that_finds_no_room_fails_and_says_which_limit() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique("rooms");
    topics::create(bootstrap, topic, 1)?;
    // For a connector and its task, and for the one that is asked whether a configuration is valid.
    let mut worker = Worker::new(bootstrap)?.with_plugins(&paths::test_plugins()).set("weir.instances.max", "3");
    worker.start()?;
    let rest = worker.rest();
    let base = json!({"connector.class": "weir.tests.HostileSource", "topic": topic, "records": "1"});
    rest.create("first", &base)?;
    rest.wait_running("first", 1)?;
    rest.create("second", &base)?;
    let trace = rest.wait_failed("second", Duration::from_secs(20))?;
    ensure!(trace.contains("weir.instances.max"), "{trace}");
    let refused = rest.post("/connectors", &json!({"name": "third", "config": base}))?;
    ensure!(refused.body.to_string().contains("weir.instances.max"), "{} {}", refused.status, refused.body);
    rest.remove("second")?;
    rest.wait_running("first", 1)?;
    worker.stop()
}
