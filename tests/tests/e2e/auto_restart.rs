//! `weir.restart.*`: what fails is restarted by itself, with growing delays and a bounded count, and never against what an
//! operator does meanwhile. The guests trap; a neighbour on the same worker loses nothing.

use std::fs;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use weir_tests::rest::Rest;
use weir_tests::worker::Worker;
use weir_tests::{kafka, lines, paths, topics, wait};

use crate::support::{sink, source, with};

/// Long enough for a machine that is busy with other tests.
const SOON: Duration = Duration::from_secs(30);

/// How often the guest of a connector has trapped.
fn traps(worker: &Worker, name: &str) -> usize {
    let part = format!("connector=\"{name}\"");
    let log = worker.log();
    log.lines().filter(|line| line.contains("hostile, beginning to trap") && line.contains(&part)).count()
}

/// Waits until the trace of the first task says this.
fn wait_trace(rest: &Rest, name: &str, part: &str) -> Result<()> {
    wait::until(&format!("{name}: {part}"), SOON, || {
        let status = rest.status(name).map_err(|error| error.to_string())?;
        let trace = status["tasks"][0]["trace"].as_str().unwrap_or_default();
        let said = trace.contains(part) && status["tasks"][0]["state"] == "FAILED";
        if said { Ok(()) } else { Err(status.to_string()) }
    })
}

fn wait_traps(worker: &Worker, name: &str, count: usize) -> Result<()> {
    wait::until(&format!("{name} to trap {count} times"), SOON, || match traps(worker, name) {
        found if found >= count => Ok(()),
        found => Err(format!("{found} times")),
    })
}

#[test]
fn what_fails_is_restarted_until_it_works_or_the_count_is_used_up() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let (healed, neighbour) = (&topics::unique("healed"), &topics::unique("undisturbed"));
    topics::create_all(bootstrap, &[healed, neighbour], 1)?;
    let mut worker = Worker::new(bootstrap)?
        .with_plugins(&paths::test_plugins())
        .set("weir.restart.max.attempts", "500")
        .set("weir.restart.delay.ms", "100")
        .set("weir.restart.delay.max.ms", "200");
    worker.start()?;
    let rest = worker.rest();
    let (input, output) = (worker.data().join("input"), worker.data().join("output"));
    fs::write(&input, (0..500).map(lines::line).collect::<String>())?;
    rest.create("neighbour-source", &source(&input, neighbour))?;
    rest.create("neighbour-sink", &sink(&output, neighbour))?;

    let data = worker.data().display().to_string();
    let until = worker.data().join("healed");
    let until = until.display().to_string();
    let hostile = json!({"connector.class": "weir.tests.HostileSource", "topic": healed, "does": "trap"});
    let heals = with(&hostile, &[("until", &until), ("needs.read", &data)]);
    rest.create("task", &with(&heals, &[("hook", "source.poll")]))?;
    // The instance of the connector itself; Kafka Connect's standalone worker answers 500 and keeps it, and so does Weir.
    let answer =
        rest.post("/connectors", &json!({"name": "itself", "config": with(&heals, &[("hook", "connector.start")])}))?;
    answer.expect(500)?;
    rest.create("always", &with(&hostile, &[("hook", "source.start"), ("weir.restart.max.attempts", "3")]))?;
    rest.create("never", &with(&hostile, &[("hook", "source.start"), ("weir.restart.max.attempts", "0")]))?;
    let refused = with(&hostile, &[("hook", "source.start"), ("weir.restart.delay.ms", "99")]);
    let answer = rest.post("/connectors", &json!({"name": "hasty", "config": refused}))?.expect(400)?;
    ensure!(answer.message().contains("weir.restart.delay.ms"), "{}", answer.body);

    for name in ["task", "itself"] {
        wait_traps(&worker, name, 4)?;
    }
    wait_trace(&rest, "task", " of 500 (weir.restart.max.attempts)")?;
    wait_trace(&rest, "always", "gave up after 3 attempts")?;
    fs::write(&until, "")?;
    for name in ["task", "itself"] {
        // Not `wait_running`: what has failed is not yet lost here.
        wait::until(&format!("{name} to work again"), SOON, || {
            let status = rest.status(name).map_err(|error| error.to_string())?;
            let works = status["connector"]["state"] == "RUNNING" && status["tasks"][0]["state"] == "RUNNING";
            if works { Ok(()) } else { Err(status.to_string()) }
        })?;
    }
    wait::until("rows of what works again", SOON, || match topics::count(bootstrap, healed) {
        Ok(rows) if rows > 0 => Ok(()),
        other => Err(format!("{other:?}")),
    })?;

    // All others have had their time many times over.
    wait::holds("leaving alone what was restarted enough, or is not to be", Duration::from_secs(1), || {
        match (traps(&worker, "always"), traps(&worker, "never")) {
            (4, 1) => Ok(()),
            other => Err(format!("{other:?} traps")),
        }
    })?;
    let never = rest.status("never")?;
    ensure!(never["tasks"][0]["state"] == "FAILED" && !never.to_string().contains("weir.restart"), "{never}");
    // Clients that know Kafka Connect's status and nothing else can read it.
    let status = rest.status("always")?;
    let keys: Vec<_> = status["tasks"][0].as_object().into_iter().flat_map(|task| task.keys()).collect();
    ensure!(keys == ["id", "state", "worker_id", "version", "trace"], "{keys:?}");
    ensure!(status["connector"]["state"] == "RUNNING", "only its task has failed: {status}");

    for name in ["neighbour-source", "neighbour-sink"] {
        rest.wait_running(name, 1)?;
    }
    let delivered = wait::until("the neighbour's lines", SOON, || {
        lines::check_delivered(&output, 500).map_err(|error| error.to_string())
    })?;
    ensure!(delivered.duplicates == 0 && delivered.torn == 0, "{delivered:?}");
    worker.stop()
}

#[test]
fn an_operator_wins_over_a_restart_that_waits() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique("waits");
    topics::create(bootstrap, topic, 1)?;
    let mut worker = Worker::new(bootstrap)?
        .with_plugins(&paths::test_plugins())
        .set("weir.restart.max.attempts", "5")
        .set("weir.restart.delay.ms", "3000");
    worker.start()?;
    let rest = worker.rest();
    let config =
        json!({"connector.class": "weir.tests.HostileSource", "topic": topic, "does": "trap", "hook": "source.poll"});
    let (first, null) = ("attempt 1 of 5", Value::Null);
    // What an operator does in the seconds before the restart, which then must not come.
    for (name, deed) in
        [("paused", "PUT pause"), ("stopped", "PUT stop"), ("deleted", "DELETE"), ("mended", "PUT config")]
    {
        rest.create(name, &config)?;
        wait_trace(&rest, name, first)?;
        let path = format!("/connectors/{name}");
        match deed {
            "DELETE" => rest.remove(name)?,
            "PUT config" => {
                rest.put(&format!("{path}/config"), &with(&config, &[("hook", "")]))?.expect(200)?;
                rest.wait_running(name, 1)?;
            }
            _ => drop(rest.put(&format!("{path}/{}", &deed["PUT ".len()..]), &null)?),
        }
    }
    // A restart by hand makes the count begin again; here it comes long before its own turn.
    let patient = with(&config, &[("weir.restart.delay.ms", "600000"), ("weir.restart.delay.max.ms", "600000")]);
    rest.create("by-hand", &patient)?;
    for count in 1..4 {
        wait_traps(&worker, "by-hand", count)?;
        wait_trace(&rest, "by-hand", first)?;
        if count < 3 {
            rest.post("/connectors/by-hand/restart?includeTasks=true&onlyFailed=true", &null)?.expect(202)?;
        }
    }
    let count = |name: &str| traps(&worker, name);
    wait::holds("no restart but by hand", Duration::from_secs(4), || {
        match ["paused", "stopped", "deleted", "mended", "by-hand"].map(count) {
            [1, 1, 1, 1, 3] => Ok(()),
            other => Err(format!("{other:?} traps")),
        }
    })?;
    ensure!(!rest.status("paused")?.to_string().contains("weir.restart"), "{}", rest.status("paused")?);
    // What was paused is restarted by itself again once it is to run.
    rest.put("/connectors/paused/resume", &null)?.expect(202)?;
    wait_traps(&worker, "paused", 2)?;
    worker.stop()
}
