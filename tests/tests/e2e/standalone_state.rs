//! Connectors that outlive a standalone worker (`weir.standalone.state`): what was acknowledged is there after any end.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use weir_tests::rest::Rest;
use weir_tests::worker::Worker;
use weir_tests::{kafka, paths, topics, wait};

use crate::support::{source, with};

/// A worker that keeps its connectors, and the file that it keeps them in.
fn worker() -> Result<(Worker, PathBuf)> {
    let worker = Worker::new(kafka::bootstrap()?)?;
    let path = worker.dir().join("connectors");
    let worker = worker.set("weir.standalone.state", &path.display().to_string());
    Ok((worker, path))
}

fn state(rest: &Rest, name: &str) -> Result<String> {
    let state = rest.status(name)?["connector"]["state"].clone();
    Ok(state.as_str().context("a state")?.to_owned())
}

#[test]
fn connectors_come_back_as_they_were_however_the_worker_ended() -> Result<()> {
    let (mut worker, _) = worker()?;
    let topic = &topics::unique("kept");
    let input = worker.data().join("input");
    fs::write(&input, "")?;
    let config = source(&input, topic);
    worker.start()?;
    let rest = &worker.rest();
    for name in ["runs", "paused", "stopped", "gone", "odd%2Fname%20%C3%BC"] {
        rest.put(&format!("/connectors/{name}/config"), &config)?.expect(201)?;
    }
    rest.put("/connectors/paused/pause", &Value::Null)?.expect(202)?;
    rest.put("/connectors/stopped/stop", &Value::Null)?.expect(204)?;
    rest.remove("gone")?;
    rest.patch("/connectors/runs/config", &json!({"batch.size": "7"}))?.expect(200)?;
    let known = rest.get("/connectors?expand=info")?.body;
    for round in 0..3 {
        match round {
            0 => worker.kill(),
            _ => worker.stop()?,
        }
        worker.start()?;
        rest.wait_running("runs", 1)?;
        ensure!(rest.get("/connectors")?.body.as_array().map(Vec::len) == Some(4), "round {round}");
        ensure!((state(rest, "paused")?, state(rest, "stopped")?) == ("PAUSED".into(), "STOPPED".into()));
        let info = rest.get("/connectors/runs")?.body;
        ensure!(info == known["runs"]["info"], "round {round}: {info} was {known}");
        ensure!(rest.get("/connectors/odd%2Fname%20%C3%BC")?.body["name"] == "odd/name ü");
    }
    rest.put("/connectors/paused/resume", &Value::Null)?.expect(202)?;
    rest.wait_running("paused", 1)?;
    worker.stop()
}

#[test]
fn the_command_line_says_how_a_connector_is_configured_and_the_file_whether_it_runs() -> Result<()> {
    let (mut worker, path) = worker()?;
    let topic = &topics::unique("named");
    let input = worker.data().join("input");
    fs::write(&input, "")?;
    worker.connector("named", &source(&input, topic))?;
    worker.start()?;
    let rest = &worker.rest();
    rest.patch("/connectors/named/config", &json!({"batch.size": "7"}))?.expect(200)?;
    rest.put("/connectors/named/stop", &Value::Null)?.expect(204)?;
    rest.create("posted", &source(&input, topic))?;
    worker.kill();
    worker.start()?;
    ensure!(state(rest, "named")? == "STOPPED", "what somebody stopped is not started by a restart");
    ensure!(
        rest.get("/connectors/named/config")?.body.get("batch.size").is_none(),
        "the file of the command line counts"
    );
    worker.stop()?;

    // A worker that is told of no connector knows the other one only.
    let kept = fs::read(&path)?;
    let (mut other, other_path) = self::worker()?;
    fs::write(&other_path, &kept)?;
    other.start()?;
    ensure!(other.rest().get("/connectors")?.body == json!(["posted"]));
    other.stop()
}

#[test]
fn a_plugin_that_is_gone_leaves_its_connector_there_and_a_damaged_file_is_refused() -> Result<()> {
    let (worker, path) = worker()?;
    let with_plugin = format!("{},{}", paths::plugins().display(), paths::test_plugins().display());
    let mut worker = worker.set("plugin.path", &with_plugin);
    worker.start()?;
    let rest = &worker.rest();
    let class = "org.apache.kafka.connect.tools.MockSinkConnector";
    rest.create("lost", &json!({"connector.class": class, "topics": topics::unique("discarded")}))?;
    worker.stop()?;
    worker = worker.set("plugin.path", &paths::plugins().display().to_string());
    worker.start()?;
    let status = rest.status("lost")?;
    ensure!((&status["connector"]["state"], &status["type"]) == (&json!("FAILED"), &json!("unknown")), "{status}");
    let trace = status["connector"]["trace"].as_str().unwrap_or_default();
    ensure!(trace.contains(class), "{status}");
    rest.upload(&fs::read(paths::test_plugin("discard")?)?)?.expect(201)?;
    rest.post("/connectors/lost/restart", &Value::Null)?.expect(204)?;
    rest.wait_running("lost", 1)?;
    worker.stop()?;

    let whole = fs::read(&path)?;
    for damaged in [&whole[..whole.len() - 1], b"{}", b"\0"] {
        fs::write(&path, damaged)?;
        let output = worker.start_in_vain()?;
        ensure!(output.contains("weir.standalone.state") && output.contains("Restore an intact copy"), "{output}");
        ensure!(fs::read(&path)? == damaged, "the file was touched");
    }
    fs::write(&path, whole)?;
    worker.start()?;
    rest.wait_running("lost", 1)?;
    worker.stop()
}

#[test]
fn every_acknowledged_change_survives_a_kill_in_the_middle_of_changes() -> Result<()> {
    let (mut worker, path) = worker()?;
    let input = worker.data().join("input");
    let config = with(&source(&input, "never"), &[("note", "0")]);
    let acknowledged: Mutex<BTreeMap<String, u32>> = Mutex::default();
    for round in 0..4_u32 {
        worker.start()?;
        let rest = worker.rest();
        for (name, note) in &*acknowledged.lock().expect("not poisoned") {
            let found = rest.get(&format!("/connectors/{name}/config"))?.expect(200)?.body;
            let found: u32 = found["note"].as_str().context("a note")?.parse()?;
            // The change after the last acknowledged one may have been made.
            ensure!(found == *note || found == note + 1, "{name}: {found} was acknowledged as {note}");
            ensure!(state(&rest, name)? == "STOPPED");
        }
        let done = AtomicUsize::new(0);
        std::thread::scope(|scope| -> Result<()> {
            for thread in 0..3 {
                let (rest, config, acknowledged, done) = (worker.rest(), &config, &acknowledged, &done);
                scope.spawn(move || {
                    let name = format!("c{round}-{thread}");
                    let body = json!({"name": name, "config": config, "initial_state": "stopped"});
                    let mut note = 0;
                    // Ends with the worker.
                    let mut answer = rest.post("/connectors", &body);
                    while answer.is_ok_and(|answer| answer.status < 300) {
                        acknowledged.lock().expect("not poisoned").insert(name.clone(), note);
                        done.fetch_add(1, Ordering::Relaxed);
                        note += 1;
                        let patch = json!({"note": note.to_string()});
                        answer = rest.patch(&format!("/connectors/{name}/config"), &patch);
                    }
                });
            }
            // Another number each time, so that the kill finds other moments.
            let enough = 12 + 7 * round as usize;
            let waited = wait::until("some changes", Duration::from_secs(30), || match done.load(Ordering::Relaxed) {
                count if count >= enough => Ok(()),
                count => Err(format!("{count} changes")),
            });
            worker.kill();
            waited
        })?;
        ensure!(fs::read_to_string(&path)?.starts_with(r#"{"weir":"connectors""#));
    }
    ensure!(acknowledged.lock().expect("not poisoned").len() >= 12);
    Ok(())
}
