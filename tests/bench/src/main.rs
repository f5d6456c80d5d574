//! `cargo xtask bench`: compares Weir with Kafka Connect, end to end, in one run.
//!
//! [`scenarios`] says what is done and what is wanted, once for both: [`systems`] hides what differs between them. [`mod@bench`] has
//! what the scenarios of a run share and measures, with [`proc_stat`]. [`report`] makes one table and two files of the
//! [`sample`]s. The server is not built here: `cargo xtask bench` builds it, `cargo run -p weir-bench` takes the one in
//! `target/dist`.
//!
//! Talk goes to stderr, the table to stdout. A goal that is not reached is marked and fails nothing; a scenario that does not come
//! to its end does.

mod bench;
mod figure;
mod goal;
mod input;
mod interrupt;
mod machine;
mod number;
mod proc_stat;
mod report;
mod sample;
mod scenarios;
mod systems;
mod tune;
mod work;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Parser;
use clap::builder::PossibleValuesParser;
use tempfile::TempDir;
use weir_tests::kafka::Kafka;
use weir_tests::{jars, paths};

use crate::bench::{Bench, Record};
use crate::machine::Machine;
use crate::report::{Done, Report};
use crate::scenarios::Scenario;
use crate::systems::{Connect, Kcat, Weir};

/// The broker's JVM: an ordinary one.
const BROKER_JVM: [&str; 1] = ["-Xmx1g"];

/// Rounds of a whole run.
const ROUNDS: u32 = 3;

/// What the rows are divided by for a quick look.
const QUICK: u64 = 10;

#[derive(Parser)]
#[command(name = "weir-bench", about = "Compares Weir with Kafka Connect.")]
struct Args {
    /// One round, with a tenth of the records. The report goes to target/bench.
    #[arg(long)]
    quick: bool,
    /// Only this scenario; may be given several times. The report goes to target/bench.
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(scenarios::ALL.iter().map(|it| it.name)))]
    only: Vec<String>,
    /// Compares no systems, but settings of Kafka Connect, and prints which needs the least CPU.
    #[arg(long)]
    tune: bool,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<()> {
    let wanted = |scenario: &&Scenario| args.only.is_empty() || args.only.iter().any(|name| name == scenario.name);
    interrupt::listen()?;
    let kcat = Kcat::find();
    if let Err(why) = &kcat {
        eprintln!("not compared with kcat: {why}");
    }
    // Looked at before there is any load of ours.
    let machine = Machine::look(kcat.as_ref().map_or_else(String::as_str, |kcat| &kcat.version));
    let dir = TempDir::with_prefix("weir-bench-").context("a directory for the files")?;
    eprintln!("starting Kafka {}", jars::VERSION);
    let mut kafka = Kafka::start_with(&BROKER_JVM)?;
    kafka.quiet();
    let weir = Weir {
        bootstrap: kafka.bootstrap(),
        binary: server()?,
        // A grant does not reach through a symbolic link.
        data: dir.path().canonicalize().context("the directory of the files")?,
        cache: paths::target().join("bench/cache"),
    };
    let connect = Connect { bootstrap: kafka.bootstrap() };
    let (rounds, shrink) = if args.quick { (1, QUICK) } else { (ROUNDS, 1) };
    let bench = Bench::new(weir, connect, kcat, rounds, shrink);
    eprintln!("warming the broker");
    bench.warm_broker()?;
    if args.tune {
        return tune::run(&bench);
    }

    let mut scenarios = Vec::new();
    for scenario in scenarios::ALL.iter().filter(wanted) {
        scenarios.push(measure(&bench, scenario));
        interrupt::check()?;
    }
    let failed: Vec<&str> = scenarios.iter().filter(|done| done.error.is_some()).map(|done| done.name).collect();
    let failed = failed.join(", ");
    let report = Report { machine, quick: args.quick, rounds, settings: settings(), scenarios };
    report.print(&mut io::stdout().lock()).context("printing the table")?;
    let whole = !args.quick && args.only.is_empty();
    report.write(&if whole { paths::root().join("docs") } else { paths::target().join("bench") })?;
    if !failed.is_empty() {
        bail!("these did not come to their end: {failed}");
    }
    Ok(())
}

fn measure(bench: &Bench, scenario: &Scenario) -> Done {
    eprintln!("{}", scenario.name);
    let begin = Instant::now();
    let mut record = Record::default();
    let done = (scenario.run)(bench, &mut record).and(bench.clean());
    let error = done.err().map(|error| format!("{error:#}"));
    if let Some(error) = &error {
        eprintln!("  FAILED: {error}");
    }
    Done::new(scenario, record, begin.elapsed().as_secs_f64(), error)
}

/// The released server, and none that a test has built since.
fn server() -> Result<PathBuf> {
    let path = match std::env::var_os("WEIR_BIN") {
        Some(path) => path.into(),
        None => paths::target().join("dist/weir"),
    };
    if !path.is_file() {
        bail!("there is no {}: run `cargo xtask build`, or name a server in WEIR_BIN", path.display());
    }
    Ok(path)
}

/// What holds for all scenarios, for the report.
fn settings() -> Vec<String> {
    vec![
        format!(
            "Broker: one node of Apache Kafka {} (KRaft), `{}` and the JVM's own choice of collector and compilers.",
            jars::VERSION,
            BROKER_JVM.join(" ")
        ),
        format!("Kafka Connect: standalone, `{}`, `plugin.discovery=service_load`.", systems::CONNECT_JVM.join(" ")),
        format!(
            "Kafka Connect in `source`, `sink`, `json`, `envelope`, `large` and `partitions`: {}, with which it needs much less CPU \
             than with its defaults; `cargo run -p weir-bench -- --tune` shows how much. Lines that say *all defaults* are without \
             them, and so are `latency`, `start` and those with many connectors. Weir has its own defaults everywhere.",
            systems::CONNECT_TUNING.iter().map(|(key, value)| format!("`{key}={value}`")).collect::<Vec<_>>().join(", ")
        ),
        "Weir: `weir standalone` of a release build; the shipped components in `plugin.path`, compiled once before; `weir.allow.read` \
         and `weir.allow.write` name the directory of the files. No limit is changed."
            .into(),
        "Both: String converters unless said, and defaults for all that is not said; above all `offset.flush.interval.ms` is 60000."
            .into(),
    ]
}
