//! `cargo xtask test`: every check there is, in the order in which they fail fastest, with one summary at the end.
//!
//! All tests are built once, with the dev profile, and share one Kafka. The server under test is the one that is built along.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::workspace::{Group, Workspace};
use crate::{build, process, toolchain};

/// Tells the tests the address of the Kafka that runs already. Known to `weir_tests::kafka`.
const KAFKA_VARIABLE: &str = "WEIR_TEST_KAFKA";
/// Tells the tests which server to start. Known to `weir_tests::paths`.
const SERVER_VARIABLE: &str = "WEIR_BIN";
/// Tells the kill loop how often to kill.
const KILLS_VARIABLE: &str = "WEIR_TEST_KILLS";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// How often the worker is killed in the test that nothing is lost; its own default is 30.
    #[arg(long)]
    kills: Option<u32>,
    /// Runs only the tests whose name contains this, without the checks of formatting and style.
    filter: Option<String>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    toolchain::require_for_tests()?;
    let workspace = Workspace::load()?;
    let mut steps = Steps::default();
    if args.filter.is_none() {
        steps.run("formatting", || {
            process::run(workspace.cargo().args(["fmt", "--all", "--check"])).context("next: run `cargo fmt --all`")
        });
        steps.run("clippy", || {
            let arguments = ["clippy", "--workspace", "--all-targets", "--", "--deny=warnings"];
            process::run(workspace.cargo().args(arguments))
        });
    }
    let built = steps
        .run("components", || build::components(&workspace, &[Group::Plugins, Group::Examples, Group::TestPlugins]));
    if built.is_some()
        && let Some(programs) = steps.run("building the tests", || Programs::build(&workspace))
        && let Some(kafka) = steps.run("starting Kafka", || Kafka::start(&programs.kafka))
    {
        steps.run("tests", || tests(&workspace, args, &programs, &kafka.address));
    }
    steps.finish()
}

/// Unit, integration, documentation and example tests.
fn tests(workspace: &Workspace, args: &Args, programs: &Programs, kafka: &str) -> anyhow::Result<()> {
    let mut cargo = workspace.cargo();
    cargo.args(["test", "--workspace", "--no-fail-fast"]);
    cargo.env(KAFKA_VARIABLE, kafka).env(SERVER_VARIABLE, &programs.server);
    if let Some(kills) = args.kills {
        cargo.env(KILLS_VARIABLE, kills.to_string());
    }
    if let Some(filter) = &args.filter {
        cargo.arg("--").arg(filter);
    }
    process::run(&mut cargo)
}

/// The programs that the tests start.
struct Programs {
    server: PathBuf,
    kafka: PathBuf,
}

impl Programs {
    fn build(workspace: &Workspace) -> anyhow::Result<Self> {
        // The same selection as `cargo test --workspace`, so that it unites the same features and compiles nothing again.
        let mut cargo = workspace.cargo();
        cargo.args(["build", "--workspace", "--lib", "--bins", "--tests", "--examples"]);
        let built = build::executables(&mut cargo)?;
        let find = |name| built.get(name).cloned().with_context(|| format!("cargo built no `{name}`"));
        Ok(Self { server: find("weir")?, kafka: find("weir-test-kafka")? })
    }
}

/// One node of Apache Kafka for the whole run. It ends when its standard input is closed, so however we end.
struct Kafka {
    address: String,
    process: Child,
}

impl Kafka {
    fn start(program: &PathBuf) -> anyhow::Result<Self> {
        eprintln!("Kafka is fetched by Maven the first time (55 MB).");
        let mut process = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut address = String::new();
        if let Some(stdout) = process.stdout.take() {
            BufReader::new(stdout).read_line(&mut address).context("cannot read the address of Kafka")?;
        }
        let address = address.trim().to_owned();
        if address.is_empty() {
            bail!("Kafka did not start, see above");
        }
        Ok(Self { address, process })
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        // Nobody is left to be told of a failure here, and the node is gone either way.
        let _ = self.process.wait();
    }
}

/// What was done, how long it took, and what of it failed.
#[derive(Default)]
struct Steps(Vec<Step>);

struct Step {
    name: &'static str,
    took: Duration,
    error: Option<anyhow::Error>,
}

impl Steps {
    /// Does one step. Its failure is said at once and again at the end.
    fn run<T>(&mut self, name: &'static str, step: impl FnOnce() -> anyhow::Result<T>) -> Option<T> {
        eprintln!("\n== {name}");
        let begin = Instant::now();
        let (value, error) = match step() {
            Ok(value) => (Some(value), None),
            Err(error) => {
                eprintln!("== {name} failed: {error:#}");
                (None, Some(error))
            }
        };
        self.0.push(Step { name, took: begin.elapsed(), error });
        value
    }

    /// Prints a line for each step. An error if one failed.
    fn finish(self) -> anyhow::Result<()> {
        println!();
        for Step { name, took, error } in &self.0 {
            let end = error.as_ref().map_or("ok".to_owned(), |error| format!("FAILED: {error:#}"));
            println!("{name:20} {:>6.1} s  {end}", took.as_secs_f64());
        }
        match self.0.iter().filter(|step| step.error.is_some()).count() {
            0 => Ok(()),
            failed => bail!("{failed} of {} steps failed", self.0.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_does_not_keep_the_next_from_running_but_fails_the_whole() {
        let mut steps = Steps::default();
        assert_eq!(steps.run("first", || bail!("no") as anyhow::Result<u8>), None);
        assert_eq!(steps.run("second", || Ok(2)), Some(2));
        assert_eq!(steps.finish().unwrap_err().to_string(), "1 of 2 steps failed");
    }
}
