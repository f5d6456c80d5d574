//! `start`: from starting the program to its first answer, and what it needs while it has nothing to do.

use std::thread;
use std::time::Duration;

use anyhow::{Result, bail};

use super::{Row, Scenario, row};
use crate::bench::{Bench, Record, failed, idle};
use crate::figure::{Figure, Figures};
use crate::goal::Goal;
use crate::interrupt;
use crate::proc_stat::memory;
use crate::sample::{Run, Sample};
use crate::systems::{Running, Setup, System as _};

/// Time between two tries to get an answer.
const TRY: Duration = Duration::from_millis(1);
/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long after its start the memory is read, and the CPU of a process with nothing to do begins to count.
const SETTLE: Duration = Duration::from_secs(5);

pub(crate) const START: Scenario = Scenario {
    name: "start",
    what: "The worker is started and asked for `GET /` each millisecond; time ends with the first answer of status 200. Memory is \
           read 5 s after that, and CPU is counted over the 10 s that follow. Weir's components are in its cache of compiled code.",
    best_by: Figure::StartMs,
    rows: ROWS,
    run,
};

const ROWS: &[Row] = &[
    row(Figure::StartMs, Some(Goal::Most(100.0))),
    row(Figure::ResidentMb, Some(Goal::Most(40.0))),
    row(Figure::IdleCpuPercent, None),
];

fn run(bench: &Bench, record: &mut Record) -> Result<()> {
    // Once without measuring, so that the compiled components are in the cache.
    drop(bench.weir.start(&Setup::default())?);
    for round in 1..=bench.rounds {
        for system in bench.systems() {
            interrupt::check()?;
            let mut running = system.launch(&Setup::default())?;
            let figures = measure(running.as_mut());
            let figures = figures.map_err(|error| failed(error, running.as_mut(), system.name(), round))?;
            record.add(Sample { case: "", system: system.name(), round, run: Run::First, figures });
        }
    }
    Ok(())
}

fn measure(running: &mut dyn Running) -> Result<Figures> {
    let rest = running.rest();
    // Without a listener it is an error, which is what is waited out.
    while !rest.get("/").is_ok_and(|answer| answer.status == 200) {
        running.check_runs().map_err(anyhow::Error::msg)?;
        if running.started().elapsed() > PATIENCE {
            bail!("no answer after {PATIENCE:?}");
        }
        thread::sleep(TRY);
    }
    let start = running.started().elapsed();
    thread::sleep(SETTLE);
    let resident = memory(running.process())?.resident;
    Ok([
        (Figure::StartMs, start.as_secs_f64() * 1e3),
        (Figure::ResidentMb, resident as f64 / 1e6),
        (Figure::IdleCpuPercent, idle(running.process())?),
    ]
    .into())
}
