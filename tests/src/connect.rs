//! Kafka Connect's own standalone worker, the reference that Weir is compared with.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::process::Process;
use crate::rest::Rest;
use crate::{jars, paths, wait};

/// How long it may take to answer. It takes 1.5 s on an idle machine.
const START: Duration = Duration::from_secs(90);

/// A running worker. Dropping it kills it and removes its folder.
#[derive(Debug)]
pub struct Connect {
    rest: Rest,
    _process: Process,
    // Below the process: the folder goes when nothing uses it any more.
    _dir: TempDir,
}

impl Connect {
    /// Starts it with String converters and Kafka's file connectors, and waits until it answers.
    pub fn start(bootstrap: &str) -> Result<Connect> {
        jars::check_java()?;
        let dir = TempDir::with_prefix("weir-connect-").context("a folder for Kafka Connect")?;
        let port = paths::free_port()?;
        let plugins = dir.path().join("plugins");
        fs::create_dir_all(plugins.join("file")).context("the plugin folder")?;
        let jar = format!("connect-file-{}.jar", jars::VERSION);
        fs::copy(jars::libs()?.join(&jar), plugins.join("file").join(&jar)).context("the file connectors")?;
        fs::write(dir.path().join("worker.properties"), properties(bootstrap, port, dir.path()))?;

        let mut command = jars::java(dir.path(), "warn")?;
        command.args(["org.apache.kafka.connect.cli.ConnectStandalone", "worker.properties"]);
        let mut process = Process::start("Kafka Connect", &mut command, &dir.path().join("log.txt"))?;
        let rest = Rest::new(port);
        wait::until("Kafka Connect to answer", START, || {
            process.check_runs()?;
            match rest.get("/health") {
                Ok(answer) if answer.status == 200 => Ok(()),
                Ok(answer) => Err(answer.body.to_string()),
                Err(error) => Err(format!("{error:#}")),
            }
        })
        .with_context(|| process.tail())?;
        Ok(Connect { rest, _process: process, _dir: dir })
    }

    /// A client of it.
    pub fn rest(&self) -> &Rest {
        &self.rest
    }
}

fn properties(bootstrap: &str, port: u16, dir: &Path) -> String {
    let dir = dir.display();
    format!(
        "bootstrap.servers={bootstrap}\n\
         listeners=http://127.0.0.1:{port}\n\
         key.converter=org.apache.kafka.connect.storage.StringConverter\n\
         value.converter=org.apache.kafka.connect.storage.StringConverter\n\
         offset.storage.file.filename={dir}/offsets\n\
         offset.flush.interval.ms=500\n\
         plugin.discovery=service_load\n\
         plugin.path={dir}/plugins\n"
    )
}
