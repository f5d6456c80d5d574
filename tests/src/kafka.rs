//! One node of Apache Kafka (KRaft, broker and controller) on free ports of the loopback address.
//!
//! Tests share one node per run through [`bootstrap`]; a test that stops its node has one of its own.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use tempfile::TempDir;

use crate::process::Process;
use crate::{jars, paths, topics, wait};

/// The environment variable that names a node which runs already, as `host:port`.
pub const VARIABLE: &str = "WEIR_TEST_KAFKA";

/// How long a node may take to answer. It takes 3 s on an idle machine.
const START: Duration = Duration::from_secs(90);

/// The address of the node that all tests of a run share: the one in `WEIR_TEST_KAFKA`, or one that is started now and ends
/// with this process.
pub fn bootstrap() -> Result<&'static str> {
    static SHARED: OnceLock<Result<Shared, String>> = OnceLock::new();
    let shared = SHARED.get_or_init(|| Shared::start().map_err(|error| format!("{error:#}")));
    shared.as_ref().map(|shared| shared.bootstrap.as_str()).map_err(|error| anyhow!("Kafka does not run: {error}"))
}

struct Shared {
    bootstrap: String,
    /// `weir-test-kafka` ends, and the node with it, when the pipe to it is closed. The operating system does that however this
    /// process ends; statics are never dropped.
    _helper: Option<Child>,
}

impl Shared {
    fn start() -> Result<Shared> {
        if let Ok(bootstrap) = std::env::var(VARIABLE) {
            return Ok(Shared { bootstrap, _helper: None });
        }
        let mut helper = Command::new(paths::helper("weir-test-kafka")?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting weir-test-kafka")?;
        let mut bootstrap = String::new();
        let stdout = helper.stdout.take().context("the output of weir-test-kafka")?;
        BufReader::new(stdout).read_line(&mut bootstrap).context("the output of weir-test-kafka")?;
        if bootstrap.trim().is_empty() {
            bail!("weir-test-kafka ended without an address, see above");
        }
        Ok(Shared { bootstrap: bootstrap.trim().into(), _helper: Some(helper) })
    }
}

/// A node. It can be stopped and started again; dropping it kills it and removes its data.
#[derive(Debug)]
pub struct Kafka {
    // Above the folder, which goes when the process is gone and its log was shown.
    process: Option<Process>,
    dir: TempDir,
    port: u16,
    jvm: &'static [&'static str],
}

impl Kafka {
    /// Makes a node on free ports and waits until it answers.
    pub fn start() -> Result<Kafka> {
        Kafka::start_with(&jars::SMALL_JVM)
    }

    /// As [`Kafka::start`], with other options for its JVM.
    pub fn start_with(jvm: &'static [&'static str]) -> Result<Kafka> {
        jars::check_java()?;
        let dir = TempDir::with_prefix("weir-kafka-").context("a folder for Kafka")?;
        let port = paths::free_port()?;
        fs::write(
            dir.path().join("server.properties"),
            properties(port, paths::free_port()?, &dir.path().join("data")),
        )?;
        let mut kafka = Kafka { dir, port, jvm, process: None };
        kafka.format()?;
        kafka.resume()?;
        Ok(kafka)
    }

    /// Keeps Kafka's output to itself, see [`Process::quiet`].
    pub fn quiet(&mut self) {
        if let Some(process) = &mut self.process {
            process.quiet();
        }
    }

    /// What clients call `bootstrap.servers`.
    pub fn bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Stops the node in good order; its data stays.
    pub fn stop(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            process.terminate(Duration::from_secs(60)).context("stopping Kafka")?;
        }
        Ok(())
    }

    /// Starts a stopped node again, on the same ports with the same data, and waits until it answers.
    pub fn resume(&mut self) -> Result<()> {
        let mut command = jars::java_with(self.dir.path(), "warn", self.jvm, &[])?;
        command.args(["kafka.Kafka", "server.properties"]);
        let mut process = Process::start("Kafka", &mut command, &self.log())?;
        let bootstrap = self.bootstrap();
        wait::until("Kafka to answer", START, || {
            process.check_runs()?;
            topics::names(&bootstrap).map(drop).map_err(|error| format!("{error:#}"))
        })
        .with_context(|| process.tail())?;
        self.process = Some(process);
        Ok(())
    }

    fn format(&self) -> Result<()> {
        // Any 16 bytes in base64 are a cluster's id; one id for all makes two starts look the same.
        let mut command = jars::java(self.dir.path(), "warn")?;
        command.args(["kafka.tools.StorageTool", "format", "-t", "d2Vpci10ZXN0cy1rYWZrYQ", "-c", "server.properties"]);
        let output = command.output().context("formatting Kafka's storage")?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
            bail!("Kafka's storage could not be formatted:\n{text}");
        }
        Ok(())
    }

    fn log(&self) -> PathBuf {
        self.dir.path().join("log.txt")
    }
}

fn properties(port: u16, controller: u16, data: &std::path::Path) -> String {
    format!(
        "process.roles=broker,controller\n\
         node.id=1\n\
         controller.quorum.voters=1@127.0.0.1:{controller}\n\
         listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}\n\
         advertised.listeners=PLAINTEXT://127.0.0.1:{port}\n\
         controller.listener.names=CONTROLLER\n\
         inter.broker.listener.name=PLAINTEXT\n\
         log.dirs={data}\n\
         offsets.topic.replication.factor=1\n\
         offsets.topic.num.partitions=4\n\
         transaction.state.log.replication.factor=1\n\
         transaction.state.log.min.isr=1\n\
         transaction.state.log.num.partitions=4\n\
         group.initial.rebalance.delay.ms=0\n\
         group.min.session.timeout.ms=1000\n\
         log.cleaner.dedupe.buffer.size=4194304\n",
        data = data.display()
    )
}
