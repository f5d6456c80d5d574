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
    // Before the directory, which is removed after the process has ended and its log was shown.
    process: Option<Process>,
    dir: TempDir,
    port: u16,
    jvm: &'static [&'static str],
    guarded: Option<Guarded>,
}

/// The listeners of a node that has more than one without any security. Its certificate, `tests/tls/server.p12`, is for localhost and
/// 127.0.0.1. Users are `alice` with the password `alice-secret` (PLAIN) and `bob` with `bob-secret` (SCRAM-SHA-512).
#[derive(Debug, Clone)]
pub struct Guarded {
    /// TLS, and clients show a certificate that `tests/tls/ca.pem` signed.
    pub ssl: String,
    /// TLS, and clients have a user and a password.
    pub sasl_ssl: String,
    /// TLS at an address that the certificate does not name. Clients need no certificate.
    pub misnamed: String,
}

/// Settings of a node that has access control lists; a resource without one is open to all clients.
pub const AUTHORIZER: [(&str, &str); 2] = [
    ("authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer"),
    ("allow.everyone.if.no.acl.found", "true"),
];

impl Kafka {
    /// Makes a node on free ports and waits until it answers.
    pub fn start() -> Result<Kafka> {
        Kafka::start_with(&jars::SMALL_JVM)
    }

    /// As [`Kafka::start`], with other options for its JVM.
    pub fn start_with(jvm: &'static [&'static str]) -> Result<Kafka> {
        Kafka::launch(jvm, None, &[])
    }

    /// As [`Kafka::start`], with listeners that require certificates and passwords in addition to the one that requires nothing.
    pub fn start_guarded() -> Result<(Kafka, Guarded)> {
        let address = |host: &str| Ok::<_, anyhow::Error>(format!("{host}:{}", paths::free_port()?));
        let guarded =
            Guarded { ssl: address("127.0.0.1")?, sasl_ssl: address("127.0.0.1")?, misnamed: address("127.0.0.2")? };
        Ok((Kafka::launch(&jars::SMALL_JVM, Some(guarded.clone()), &[])?, guarded))
    }

    /// As [`Kafka::start`], with other settings of the broker.
    pub fn start_set(settings: &[(&str, &str)]) -> Result<Kafka> {
        Kafka::launch(&jars::SMALL_JVM, None, settings)
    }

    fn launch(jvm: &'static [&'static str], guarded: Option<Guarded>, settings: &[(&str, &str)]) -> Result<Kafka> {
        jars::check_java()?;
        let dir = TempDir::with_prefix("weir-kafka-").context("a directory for Kafka")?;
        let port = paths::free_port()?;
        let controller = paths::free_port()?;
        let mut text = properties(port, controller, &dir.path().join("data"));
        if let Some(guarded) = &guarded {
            text.push_str(&guarded.properties(port, controller));
        }
        for (key, value) in settings {
            text.push_str(&format!("{key}={value}\n"));
        }
        fs::write(dir.path().join("server.properties"), text)?;
        let mut kafka = Kafka { dir, port, jvm, guarded, process: None };
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

    /// Stops the node's process without ending it, or lets it continue.
    pub fn freeze(&self, frozen: bool) -> Result<()> {
        let process = self.process.as_ref().context("the node does not run")?;
        process.signal(if frozen { "STOP" } else { "CONT" })
    }

    /// Kills the node, as a power cut does; its data stays.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    /// The directory of the partitions' logs.
    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
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

    /// Changes access control lists: the arguments are those of `kafka-acls.sh`. For a node with [`AUTHORIZER`].
    pub fn acls(&self, arguments: &[&str]) -> Result<()> {
        let mut command = jars::java(self.dir.path(), "warn")?;
        command.args(["org.apache.kafka.tools.AclCommand", "--bootstrap-server", &self.bootstrap(), "--force"]);
        let output = command.args(arguments).output().context("changing access control lists")?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        // It ends with 0 also when the node refuses.
        if !output.status.success() || text.contains("Error while executing") {
            bail!("kafka-acls {arguments:?}:\n{text}");
        }
        Ok(())
    }

    fn format(&self) -> Result<()> {
        // Any 16 bytes in base64 are a cluster's id; one id for all makes two starts look the same.
        let mut command = jars::java(self.dir.path(), "warn")?;
        command.args(["kafka.tools.StorageTool", "format", "-t", "d2Vpci10ZXN0cy1rYWZrYQ", "-c", "server.properties"]);
        if self.guarded.is_some() {
            command.args(["--add-scram", "SCRAM-SHA-512=[name=bob,password=bob-secret]"]);
        }
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

impl Guarded {
    /// Lines for `server.properties`; of equal keys the last one holds.
    fn properties(&self, port: u16, controller: u16) -> String {
        let Guarded { ssl, sasl_ssl, misnamed } = self;
        let tls = paths::root().join("tests/tls");
        let tls = tls.display();
        format!(
            "listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller},SSL://{ssl},SASL_SSL://{sasl_ssl},\
             MISNAMED://{misnamed}\n\
             advertised.listeners=PLAINTEXT://127.0.0.1:{port},SSL://{ssl},SASL_SSL://{sasl_ssl},MISNAMED://{misnamed}\n\
             listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL,MISNAMED:SSL\n\
             ssl.keystore.type=PKCS12\n\
             ssl.keystore.location={tls}/server.p12\n\
             ssl.keystore.password=store-secret\n\
             ssl.key.password=store-secret\n\
             ssl.truststore.type=PKCS12\n\
             ssl.truststore.location={tls}/trust.p12\n\
             ssl.truststore.password=store-secret\n\
             listener.name.ssl.ssl.client.auth=required\n\
             sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512\n\
             listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
             username=\"broker\" password=\"broker-secret\" user_alice=\"alice-secret\";\n\
             listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=\
             org.apache.kafka.common.security.scram.ScramLoginModule required;\n"
        )
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
