//! `--tune`: looks for worker settings with which Kafka Connect needs less CPU, so that Weir is not compared with a badly set one.
//! The result is in `systems/connect.rs`; scenarios in which throughput is measured use it.

use std::io::{self, Write as _};

use anyhow::{Context, Result};

use crate::bench::{Bench, REST};
use crate::figure::{Figure, Figures};
use crate::interrupt;
use crate::number;
use crate::proc_stat::wait_quiet;
use crate::sample::Run;
use crate::scenarios::lines::{LINE_BYTES, LINES};
use crate::systems::{CONNECT_TUNING, Running, Setup, System};
use crate::work::{self, Lines};

/// Keys of the worker's file, then keys of the file source.
type Candidate = (&'static [(&'static str, &'static str)], &'static [(&'static str, &'static str)]);

/// For a source. The first are the defaults.
const SOURCES: [Candidate; 9] = [
    (&[], &[]),
    (&[], &[("batch.size", "500")]),
    (&[], &[("batch.size", "10000")]),
    (&[("producer.linger.ms", "50")], &[]),
    (&[("producer.batch.size", "65536"), ("producer.linger.ms", "20")], &[]),
    (&[("producer.batch.size", "262144"), ("producer.linger.ms", "20")], &[]),
    (&[("producer.batch.size", "262144"), ("producer.linger.ms", "50")], &[]),
    (&[("producer.batch.size", "1000000"), ("producer.linger.ms", "100")], &[]),
    (&[("producer.batch.size", "262144"), ("producer.linger.ms", "50")], &[("batch.size", "500")]),
];

/// For a sink. The first are the defaults.
const SINKS: [Candidate; 5] = [
    (&[], &[]),
    (&[("consumer.max.poll.records", "2000")], &[]),
    (&[("consumer.max.poll.records", "10000")], &[]),
    (&[("consumer.max.poll.records", "2000"), ("consumer.fetch.min.bytes", "262144")], &[]),
    (&[("consumer.max.poll.records", "10000"), ("consumer.max.partition.fetch.bytes", "8388608")], &[]),
];

/// What was found, and nothing, for Weir: would it need the same?
const FOR_WEIR: [Candidate; 2] = [(&[], &[]), (CONNECT_TUNING, &[])];

/// Fresh processes for each candidate.
const TRIALS: usize = 2;

/// Tries them all and prints the lowest CPU of a warm run for each.
pub(crate) fn run(bench: &Bench) -> Result<()> {
    let lines = Lines::write(bench, LINES, LINE_BYTES)?;
    let topic = lines.topic(bench)?;
    for (system, sources, sinks) in [
        (&bench.weir as &dyn System, &FOR_WEIR[..], &FOR_WEIR[..]),
        (&bench.connect as &dyn System, &SOURCES[..], &SINKS[..]),
    ] {
        for candidate in sources {
            try_one(system, "source", candidate, |running| work::source(bench, running, &lines, candidate.1))?;
        }
        for candidate in sinks {
            try_one(system, "sink", candidate, |running| work::sink(bench, running, &lines, &topic))?;
        }
    }
    bench.clean()
}

fn try_one(
    system: &dyn System,
    name: &str,
    (worker, connector): &Candidate,
    mut work: impl FnMut(&mut dyn Running) -> Result<Figures>,
) -> Result<()> {
    let setup = Setup { properties: worker.to_vec(), ..Setup::default() };
    let mut lowest = f64::INFINITY;
    for _ in 0..TRIALS {
        interrupt::check()?;
        let mut running = system.start(&setup)?;
        for run in [Run::First, Run::Second] {
            wait_quiet(running.process(), REST)?;
            let cpu = work(running.as_mut())?[&Figure::CpuSeconds];
            if run == Run::Second {
                lowest = lowest.min(cpu);
            }
        }
    }
    let keys: Vec<String> = worker.iter().chain(*connector).map(|(key, value)| format!("{key}={value}")).collect();
    let keys = if keys.is_empty() { "defaults".into() } else { keys.join(" ") };
    writeln!(io::stdout(), "{} {name}: {} CPU-s with {keys}", system.name(), number::figure(lowest)).context("printing")
}
