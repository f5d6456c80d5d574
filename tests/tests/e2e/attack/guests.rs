//! Connectors that misbehave: the cases of `hostile.rs`, with other limits, batches and settings each time, and guests that were granted a
//! directory. Each has to end as it does alone.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::actors::Turn;
use crate::hostile::{self, Case};

/// What is different each time.
const LIMITS: &[&str] = &["weir.call.timeout.ms", "weir.task.memory.max"];

pub(super) fn act(turn: &mut Turn<'_>) -> Result<String> {
    // One of ten has a grant.
    if turn.rng.u8(..10) == 0 {
        return granted(turn);
    }
    let cases = hostile::cases();
    let case = &cases[turn.rng.usize(..cases.len())];
    let case = Case { name: turn.scene.name(&case.name), ..case.clone() };
    let timeout = turn.rng.u32(500..3000).to_string();
    let memory = (turn.rng.u32(12..32) << 20).to_string();
    let rows = turn.rng.u32(2..1000).to_string();
    let after = turn.rng.u32(1..5).to_string();
    let mut more = vec![("weir.call.timeout.ms", &*timeout), ("weir.task.memory.max", &*memory), ("records", &*rows)];
    if case.hook == "source.poll" {
        more.push(("after", &*after));
    }
    turn.does(format!("{} with {more:?}", case.name));
    match hostile::run(&turn.scene.rest, &case, &turn.scene.at, &more) {
        Ok(_) => Ok(format!("{:?}", case.end)),
        // With so many who want the processors, and with less memory, a guest may reach another limit before the one that it is after.
        Err(error) if LIMITS.iter().any(|key| format!("{error:#}").contains(key)) => Ok("another limit".into()),
        Err(error) => Err(error).context("a guest ended otherwise"),
    }
}

/// Reads a pipe into which nobody writes, or writes a file.
fn granted(turn: &mut Turn<'_>) -> Result<String> {
    let hook = turn.one_of(&["source.start", "source.poll", "connector-check.check"]);
    let (does, found) =
        turn.one_of(&[("read-file", "read-file denied"), ("write-file", "write-file escaped: written")]);
    let name = turn.scene.name(&format!("granted-{does}"));
    let data = turn.scene.data.display().to_string();
    turn.does(format!("{name} in {hook}"));
    let config = json!({
        "connector.class": "weir.tests.HostileSource",
        "topic": turn.scene.at.output,
        "hook": hook,
        "does": does,
        "needs.write": data,
        "reads": turn.scene.pipe(),
        "writes": format!("{data}/{name}"),
    });
    let rest = &turn.scene.rest;
    rest.create(&name, &config)?;
    let trace = rest.wait_failed(&name, Duration::from_secs(30))?;
    ensure!(trace.contains(found), "not {found:?} but: {trace}");
    rest.remove(&name)?;
    Ok("Granted".into())
}
