//! `many-sources` and `many-sinks`: what a worker needs for connectors that have next to nothing to do.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use serde_json::Value;
use weir_tests::rest::Rest;
use weir_tests::topics;

use super::{Row, Scenario, row};
use crate::bench::{Bench, Record, failed, idle};
use crate::figure::{Figure, Figures};
use crate::goal::Goal;
use crate::input;
use crate::interrupt;
use crate::proc_stat::{Stat, memory, wait_quiet};
use crate::sample::{Name, Run, Sample};
use crate::systems::{Running, Setup};
use crate::work::{sink_config, source_config};

/// Sources in a Weir worker.
const SOURCES: usize = 1000;
/// Sources in a Kafka Connect worker, which would take minutes for more.
const CONNECT_SOURCES: usize = 200;
/// Sinks in either.
const SINKS: usize = 200;
/// Requests at once.
const REQUESTS: usize = 8;
/// Time between two questions whether all are RUNNING.
const ASK: Duration = Duration::from_millis(50);
/// How long they may take.
const PATIENCE: Duration = Duration::from_secs(300);
/// How long after that memory is read and CPU begins to count.
const SETTLE: Duration = Duration::from_secs(10);
/// Rows that there are to move, for each connector.
const ROWS: u64 = 10;

pub(crate) const MANY_SOURCES: Scenario = Scenario {
    name: "many-sources",
    what: "1,000 `FileStreamSource` connectors in one Weir worker, 200 in one of Kafka Connect, each with a file of 10 lines and all \
           with one topic. They are created over REST, 8 requests at once; time begins with the first request and ends when all tasks \
           are RUNNING. 10 s later memory is read, and what was resident before is taken off; then CPU is counted for 10 s.",
    best_by: Figure::RunningSeconds,
    rows: &[
        row(Figure::RunningSeconds, Some(Goal::Most(10.0))),
        row(Figure::MbPerTask, Some(Goal::Most(0.5))),
        row(Figure::Threads, Some(Goal::Most(200.0))),
        row(Figure::IdleCpuPercent, Some(Goal::Most(5.0))),
    ],
    run: sources,
};

pub(crate) const MANY_SINKS: Scenario = Scenario {
    name: "many-sinks",
    what: "200 `FileStreamSink` connectors in one worker, each with a file and all with one topic of 10 records. Measured as \
           `many-sources`.",
    best_by: Figure::RunningSeconds,
    rows: SINK_ROWS,
    run: sinks,
};

const SINK_ROWS: &[Row] = &[
    row(Figure::MbPerTask, Some(Goal::MostOf(1.0 / 2.0, Name::KafkaConnect))),
    row(Figure::RunningSeconds, None),
    row(Figure::Threads, None),
    row(Figure::IdleCpuPercent, None),
];

fn sources(bench: &Bench, record: &mut Record) -> Result<()> {
    record.settings.push(format!("Weir has {SOURCES} connectors and Kafka Connect {CONNECT_SOURCES}."));
    let files: Vec<_> = (0..SOURCES).map(|_| bench.file("lines")).collect();
    for file in &files {
        input::write_lines(file, ROWS, 100)?;
    }
    each(bench, record, |name| {
        let count = if name == Name::Weir { SOURCES } else { CONNECT_SOURCES };
        let topic = bench.topic(1)?;
        Ok(files[..count].iter().map(|file| source_config(file, &topic)).collect())
    })
}

fn sinks(bench: &Bench, record: &mut Record) -> Result<()> {
    let topic = bench.topic(1)?;
    let rows: Vec<_> = (0..ROWS).map(|number| input::line(number, 100)).collect();
    topics::fill(&bench.bootstrap, &topic, rows.iter().map(Vec::as_slice))?;
    each(bench, record, |_| Ok((0..SINKS).map(|_| sink_config(&bench.file("sink"), &topic)).collect()))
}

/// Each system in turn, with the connectors that it is to have.
fn each(bench: &Bench, record: &mut Record, configs: impl Fn(Name) -> Result<Vec<Value>>) -> Result<()> {
    for round in 1..=bench.rounds {
        for system in bench.systems() {
            interrupt::check()?;
            let configs = configs(system.name())?;
            let mut running = system.start(&Setup::default())?;
            let figures = measure(bench, running.as_mut(), &configs);
            let figures = figures.map_err(|error| failed(error, running.as_mut(), system.name(), round))?;
            record.add(Sample { case: "", system: system.name(), round, run: Run::First, figures });
        }
    }
    Ok(())
}

fn measure(bench: &Bench, running: &mut dyn Running, configs: &[Value]) -> Result<Figures> {
    let process = running.process();
    wait_quiet(process, SETTLE)?;
    let before = memory(process)?.resident;
    let connectors: Vec<(String, &Value)> = configs.iter().map(|config| (bench.unique("many"), config)).collect();

    let begin = Instant::now();
    create(&running.rest(), &connectors)?;
    let rest = running.rest();
    while running_tasks(&rest)? < connectors.len() {
        interrupt::check()?;
        running.check_runs().map_err(anyhow::Error::msg)?;
        if begin.elapsed() > PATIENCE {
            bail!("{} of {} tasks are RUNNING after {PATIENCE:?}", running_tasks(&rest)?, connectors.len());
        }
        thread::sleep(ASK);
    }
    let took = begin.elapsed();

    thread::sleep(SETTLE);
    let resident = memory(process)?.resident;
    let threads = Stat::of(process)?.threads;
    let idle = idle(process)?;
    let running_still = running_tasks(&rest)?;
    if running_still != connectors.len() {
        bail!("only {running_still} of {} tasks are still RUNNING at the end", connectors.len());
    }
    Ok([
        (Figure::RunningSeconds, took.as_secs_f64()),
        (Figure::ResidentMb, resident as f64 / 1e6),
        (Figure::MbPerTask, (resident as f64 - before as f64) / 1e6 / connectors.len() as f64),
        (Figure::Threads, threads as f64),
        (Figure::IdleCpuPercent, idle),
    ]
    .into())
}

/// Creates them all, a few requests at once.
fn create(rest: &Rest, connectors: &[(String, &Value)]) -> Result<()> {
    let next = AtomicUsize::new(0);
    let work = || -> Result<()> {
        while let Some((name, config)) = connectors.get(next.fetch_add(1, Ordering::Relaxed)) {
            rest.create(name, config)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..REQUESTS).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().map_err(|_| anyhow!("a thread of requests panicked"))?)
    })
}

/// How many connectors have a task that is RUNNING. An error when one has failed.
fn running_tasks(rest: &Rest) -> Result<usize> {
    let body = rest.get("/connectors?expand=status")?.expect(200)?.body;
    let statuses: BTreeMap<String, Value> = serde_json::from_value(body).context("GET /connectors?expand=status")?;
    let mut running = 0;
    for (name, status) in statuses {
        let status = &status["status"];
        let task = status["tasks"][0]["state"].as_str();
        if task == Some("FAILED") || status["connector"]["state"] == "FAILED" {
            bail!("{name} has failed: {status:#}");
        }
        running += usize::from(task == Some("RUNNING"));
    }
    Ok(running)
}
