//! Connectors that misbehave: the cases of `hostile.rs`, with other limits, batches and settings each time. Each has to end as it does there.

use anyhow::{Context as _, Result};

use super::actors::Turn;
use crate::hostile::{self, Case};

pub(super) fn act(turn: &mut Turn<'_>) -> Result<String> {
    let cases = hostile::cases();
    let case = &cases[turn.rng.usize(..cases.len())];
    let case = Case { name: turn.scene.name(&case.name), ..case.clone() };
    let timeout = turn.rng.u32(500..3000).to_string();
    let memory = (turn.rng.u32(12..32) << 20).to_string();
    let rows = turn.rng.u32(2..1000).to_string();
    let after = turn.rng.u32(1..5).to_string();
    let mut more = vec![("weir.call.timeout.ms", &*timeout), ("weir.task.memory.max", &*memory), ("rows", &*rows)];
    if case.hook == "source.poll" {
        more.push(("after", &*after));
    }
    turn.does(format!("{} with {more:?}", case.name));
    match hostile::run(&turn.scene.rest, &case, &turn.scene.at, &more) {
        Ok(_) => Ok(format!("{:?}", case.end)),
        // With so many who want the processors, a guest may be cut off before it reaches the limit that it is after.
        Err(error) if format!("{error:#}").contains("weir.call.timeout.ms") => Ok("out of time".into()),
        Err(error) => Err(error).context("a guest ended otherwise"),
    }
}
