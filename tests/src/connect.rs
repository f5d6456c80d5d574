//! Kafka Connect's own worker, the reference that Weir is compared with: standalone, or a cluster of one.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::process::Process;
use crate::rest::Rest;
use crate::{jars, paths, wait};

/// How long it may take to answer. It takes 1.5 s on an idle machine.
const START: Duration = Duration::from_secs(90);

/// How a worker is to be started.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Options of the JVM.
    pub jvm: Vec<&'static str>,
    /// The level of its log: `warn`, `info`.
    pub log_level: &'static str,
    /// Keys of its `worker.properties` in addition to those for addresses, converters and plugins; a key that is given twice has its last
    /// value.
    pub properties: Vec<(String, String)>,
    /// More jars for the class path, the place of plugins whose classes are in Kafka Connect's own packages.
    pub jars: Vec<PathBuf>,
    /// Whether it is a distributed worker.
    pub distributed: bool,
}

impl Setup {
    /// A distributed worker that is a cluster by itself. Its topics and its group are named after that of its offsets.
    pub fn cluster(mut self, offset_topic: &str) -> Setup {
        for (key, value) in [
            ("group.id", format!("{offset_topic}-group")),
            ("offset.storage.topic", offset_topic.to_owned()),
            ("config.storage.topic", format!("{offset_topic}-configs")),
            ("status.storage.topic", format!("{offset_topic}-status")),
            ("offset.storage.partitions", "1".to_owned()),
            ("offset.storage.replication.factor", "1".to_owned()),
            ("config.storage.replication.factor", "1".to_owned()),
            ("status.storage.replication.factor", "1".to_owned()),
        ] {
            self.properties.push((key.to_owned(), value));
        }
        self.distributed = true;
        self
    }
}

impl Default for Setup {
    /// A small JVM that logs warnings and stores offsets every half second.
    fn default() -> Setup {
        let properties = vec![("offset.flush.interval.ms".into(), "500".into())];
        Setup { jvm: jars::SMALL_JVM.into(), log_level: "warn", properties, jars: Vec::new(), distributed: false }
    }
}

/// A running worker. Dropping it kills it and removes its directory.
#[derive(Debug)]
pub struct Connect {
    rest: Rest,
    process: Process,
    // After the process, so that the directory is removed when nothing uses it any more.
    _dir: TempDir,
}

impl Connect {
    /// Starts it with String converters and Kafka's file connectors, and waits until it answers.
    pub fn start(bootstrap: &str) -> Result<Connect> {
        let mut connect = Connect::launch(bootstrap, &Setup::default())?;
        connect.wait_healthy()?;
        Ok(connect)
    }

    /// Starts it with String converters, Kafka's file connectors and what else is asked for, and does not wait.
    pub fn launch(bootstrap: &str, setup: &Setup) -> Result<Connect> {
        jars::check_java()?;
        let dir = TempDir::with_prefix("weir-connect-").context("a directory for Kafka Connect")?;
        let port = paths::free_port()?;
        let plugins = dir.path().join("plugins");
        fs::create_dir_all(plugins.join("file")).context("the plugin directory")?;
        let jar = format!("connect-file-{}.jar", jars::VERSION);
        fs::copy(jars::libs()?.join(&jar), plugins.join("file").join(&jar)).context("the file connectors")?;
        let mut text = properties(bootstrap, port, dir.path(), &setup.properties);
        if !setup.distributed {
            // In front of the others, which may set it too.
            text.insert_str(0, &format!("offset.storage.file.filename={}/offsets\n", dir.path().display()));
        }
        fs::write(dir.path().join("worker.properties"), text).context("worker.properties")?;

        let mut command = jars::java_with(dir.path(), setup.log_level, &setup.jvm, &setup.jars)?;
        let class = if setup.distributed { "ConnectDistributed" } else { "ConnectStandalone" };
        command.args([&format!("org.apache.kafka.connect.cli.{class}"), "worker.properties"]);
        let process = Process::start("Kafka Connect", &mut command, &dir.path().join("log.txt"))?;
        Ok(Connect { rest: Rest::new(port), process, _dir: dir })
    }

    /// Waits until it answers.
    pub fn wait_healthy(&mut self) -> Result<()> {
        let (rest, process) = (&self.rest, &mut self.process);
        wait::until("Kafka Connect to answer", START, || {
            process.check_runs()?;
            match rest.get("/health") {
                Ok(answer) if answer.status == 200 => Ok(()),
                Ok(answer) => Err(answer.body.to_string()),
                Err(error) => Err(format!("{error:#}")),
            }
        })
        .with_context(|| self.process.tail())
    }

    /// A client of it.
    pub fn rest(&self) -> &Rest {
        &self.rest
    }

    /// The running process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}

fn properties(bootstrap: &str, port: u16, dir: &Path, more: &[(String, String)]) -> String {
    let dir = dir.display();
    let mut text = format!(
        "bootstrap.servers={bootstrap}\n\
         listeners=http://127.0.0.1:{port}\n\
         key.converter=org.apache.kafka.connect.storage.StringConverter\n\
         value.converter=org.apache.kafka.connect.storage.StringConverter\n\
         plugin.discovery=service_load\n\
         plugin.path={dir}/plugins\n"
    );
    // The last one of equal keys holds, as java.util.Properties has it.
    text.extend(more.iter().map(|(key, value)| format!("{key}={value}\n")));
    text
}
