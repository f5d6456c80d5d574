//! `cargo xtask test`: all checks, in the order in which they fail fastest, with one summary at the end.
//!
//! All tests are built once, with the dev profile, and share one Kafka. The server under test is built with them.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::build::{self, Profile};
use crate::workspace::{Group, Workspace};
use crate::{languages, process, toolchain};

/// Tells the tests the address of the running Kafka. Known to `weir_tests::kafka`.
const KAFKA_VARIABLE: &str = "WEIR_TEST_KAFKA";
/// Tells the tests which server to start. Known to `weir_tests::paths`.
const SERVER_VARIABLE: &str = "WEIR_BIN";
/// Tells the test of the kill loop how often to kill the worker.
const KILLS_VARIABLE: &str = "WEIR_TEST_KILLS";
/// Tells the attack how many seconds to run.
const ATTACK_VARIABLE: &str = "WEIR_TEST_ATTACK";
/// Tells the attack the seed of its random choices.
const SEED_VARIABLE: &str = "WEIR_TEST_SEED";

/// The beginning of the names of the tests that need neither Java nor Kafka.
const QUICK: &str = "quick::";

/// The test that is the attack.
const ATTACK: &str = "attack::the_worker_keeps_within_its_bounds_while_it_is_attacked";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// How often to kill the worker in the test that no record is lost; the default is 30.
    #[arg(long)]
    kills: Option<u32>,
    /// Runs only the unit tests and a few end-to-end tests on the broker of `weir dev`. Needs neither Java nor Maven.
    #[arg(long, conflicts_with_all = ["attack", "kills"])]
    quick: bool,
    /// Runs only the attack: hostile guests and clients in random order for this long (`90s`, `30m`, `1h`; the default is 10 minutes), and
    /// monitors the worker's memory, threads and file descriptors and the records of a neighbouring connector.
    #[arg(long, value_name = "DURATION", num_args = 0..=1, default_missing_value = "10m", value_parser = duration)]
    attack: Option<Duration>,
    /// Repeats the attack with this seed; every attack prints its seed.
    #[arg(long, requires = "attack")]
    seed: Option<u64>,
    /// Runs only the tests whose name contains this, without the checks of formatting, style and documentation.
    #[arg(conflicts_with_all = ["attack", "quick"])]
    filter: Option<String>,
}

/// The longest attack. Its log grows with time.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Reads a number followed by `s`, `m` or `h`.
fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = text.split_at(text.len() - text.chars().next_back().map_or(0, char::len_utf8));
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        _ => 0,
    };
    let number: u64 = number.parse().unwrap_or_default();
    let duration = Duration::from_secs(number.saturating_mul(seconds));
    if duration.is_zero() || duration > LONGEST {
        return Err("write for example 90s, 30m or 1h, at most 24h".into());
    }
    Ok(duration)
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    if args.quick {
        return quick();
    }
    toolchain::require_for_tests()?;
    let workspace = Workspace::load()?;
    let mut steps = Steps::default();
    if args.filter.is_none() && args.attack.is_none() {
        steps.run("formatting", || {
            process::run(workspace.cargo().args(["fmt", "--all", "--check"])).context("next: run `cargo fmt --all`")
        });
        steps.run("clippy", || {
            let arguments = ["clippy", "--workspace", "--all-targets", "--", "--deny=warnings"];
            process::run(workspace.cargo().args(arguments))
        });
        // After clippy, which has checked the dependencies that this needs, so that only our own crates are left.
        steps.run("documentation", || {
            let arguments = ["doc", "--workspace", "--no-deps"];
            process::run(workspace.cargo().args(arguments).env("RUSTDOCFLAGS", "--deny warnings"))
        });
    }
    let built = steps.run("components", || {
        build::components(&workspace, &[Group::Plugins, Group::Examples, Group::TestPlugins], Profile::Release)
    });
    if includes_languages(args) {
        let skipped = steps.run("other languages", || languages::build(&workspace, None));
        steps.notes.extend(skipped.unwrap_or_default());
    }
    if built.is_some()
        && let Some(programs) = steps.run("building the tests", || Programs::build(&workspace, tests_of(args)))
        && let Some(kafka) = steps.run("starting Kafka", || Kafka::start(&programs.kafka))
    {
        match args.attack {
            None => steps.run("tests", || tests(&workspace, args, &programs, &kafka.address)),
            Some(time) => steps.run("attack", || attack(&workspace, time, args.seed, &programs, &kafka.address)),
        };
    }
    steps.finish()
}

/// Runs the tests that need only what builds Weir.
fn quick() -> anyhow::Result<()> {
    toolchain::require_for_builds()?;
    let workspace = Workspace::load()?;
    let mut steps = Steps::default();
    let built = steps
        .run("components", || build::components(&workspace, &[Group::Plugins, Group::TestPlugins], Profile::Release));
    if built.is_some()
        && let Some(programs) = steps.run("building the tests", || {
            let programs = Programs::build(&workspace, &["--test=e2e"])?;
            process::run(workspace.cargo().args(["test", "--workspace", "--lib", "--bins", "--no-run", "--quiet"]))?;
            Ok(programs)
        })
    {
        steps.run("unit tests", || process::run(workspace.cargo().args(["test", "--workspace", "--lib", "--bins"])));
        steps.run("end-to-end tests", || {
            let arguments = ["test", "--workspace", "--test=e2e", "--", QUICK];
            process::run(workspace.cargo().args(arguments).env(SERVER_VARIABLE, &programs.server))
        });
    }
    steps.finish()
}

/// Runs unit, integration, documentation and example tests.
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

/// Returns whether the tests of the plugins in other languages are among those that run.
fn includes_languages(args: &Args) -> bool {
    args.attack.is_none()
        && args.filter.as_ref().is_none_or(|filter| languages::tests().any(|test| test.contains(filter.as_str())))
}

/// Returns which tests to build.
fn tests_of(args: &Args) -> &'static [&'static str] {
    match args.attack {
        None => &["--lib", "--tests", "--examples"],
        Some(_) => &["--test=e2e"],
    }
}

/// Runs one test, which no other run includes because it takes as long as you want.
fn attack(
    workspace: &Workspace,
    time: Duration,
    seed: Option<u64>,
    programs: &Programs,
    kafka: &str,
) -> anyhow::Result<()> {
    let mut cargo = workspace.cargo();
    cargo.args(["test", "--workspace", "--test=e2e", "--", "--ignored", "--nocapture", "--exact", ATTACK]);
    cargo.env(KAFKA_VARIABLE, kafka).env(SERVER_VARIABLE, &programs.server);
    cargo.env(ATTACK_VARIABLE, time.as_secs().to_string());
    if let Some(seed) = seed {
        cargo.env(SEED_VARIABLE, seed.to_string());
    }
    process::run(&mut cargo)
}

/// The programs that the tests start.
struct Programs {
    server: PathBuf,
    kafka: PathBuf,
}

impl Programs {
    /// Builds the programs and the tests.
    fn build(workspace: &Workspace, tests: &[&str]) -> anyhow::Result<Self> {
        // The same packages as in `cargo test --workspace`, so that it uses the same features and compiles nothing again.
        let mut cargo = workspace.cargo();
        cargo.args(["build", "--workspace", "--bins"]).args(tests);
        let built = build::executables(&mut cargo)?;
        let find = |name| built.get(name).cloned().with_context(|| format!("cargo built no `{name}`"));
        Ok(Self { server: find("weir")?, kafka: find("weir-test-kafka")? })
    }
}

/// One node of Apache Kafka for the whole run. It ends when its standard input is closed, and therefore also if this program is killed.
struct Kafka {
    address: String,
    process: Child,
}

impl Kafka {
    fn start(program: &PathBuf) -> anyhow::Result<Self> {
        eprintln!("The first time, Maven downloads Kafka (55 MB).");
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
        // A failure cannot be reported here, and does not matter: the node has ended.
        let _ = self.process.wait();
    }
}

/// The steps that have run, how long they took, and which failed.
#[derive(Default)]
struct Steps {
    steps: Vec<Step>,
    /// What was left out, printed at the end, where it is seen.
    notes: Vec<String>,
}

struct Step {
    name: &'static str,
    took: Duration,
    error: Option<anyhow::Error>,
}

impl Steps {
    /// Runs one step. Prints a failure immediately; [`Self::finish`] prints it again.
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
        self.steps.push(Step { name, took: begin.elapsed(), error });
        value
    }

    /// Prints a line for each step. Returns an error if one failed.
    fn finish(self) -> anyhow::Result<()> {
        println!();
        for Step { name, took, error } in &self.steps {
            let end = error.as_ref().map_or("ok".to_owned(), |error| format!("FAILED: {error:#}"));
            println!("{name:20} {:>6.1} s  {end}", took.as_secs_f64());
        }
        for note in &self.notes {
            println!("{note}");
        }
        match self.steps.iter().filter(|step| step.error.is_some()).count() {
            0 => Ok(()),
            failed => bail!("{failed} of {} steps failed", self.steps.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_failed_step_the_next_ones_run_and_the_whole_fails() {
        let mut steps = Steps::default();
        assert_eq!(steps.run("first", || bail!("no") as anyhow::Result<u8>), None);
        assert_eq!(steps.run("second", || Ok(2)), Some(2));
        assert_eq!(steps.finish().unwrap_err().to_string(), "1 of 2 steps failed");
    }

    #[test]
    fn a_duration_has_a_unit_and_an_end() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("30m"), Ok(Duration::from_secs(1800)));
        assert_eq!(duration("1h"), Ok(Duration::from_secs(3600)));
        for wrong in ["", "s", "10", "0s", "-1s", "25h", "1d", "1 h", "9999999999999999999h", "18446744073709551615h"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_quick_tests_exist() {
        let text = include_str!("../../tests/tests/e2e/main.rs");
        assert!(text.contains(&format!("mod {};", QUICK.trim_end_matches("::"))));
    }

    #[test]
    fn the_tests_of_other_languages_exist() {
        let text = std::fs::read_to_string(crate::workspace::root().join("tests/tests/e2e/languages.rs")).unwrap();
        for test in languages::tests() {
            assert!(text.contains(&format!("fn {}()", test.trim_start_matches("languages::"))), "{test}");
        }
    }

    #[test]
    fn the_attack_is_a_test_that_exists() {
        let text = std::fs::read_to_string(crate::workspace::root().join("tests/tests/e2e/attack/mod.rs")).unwrap();
        assert!(text.contains(&format!("fn {}()", ATTACK.trim_start_matches("attack::"))));
    }
}
