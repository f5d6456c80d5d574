//! The server under test: `weir standalone` with its own directory, a free port and a `worker.properties`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::Process;
use crate::rest::Rest;
use crate::{paths, wait};

/// How long a worker may take to answer, and to compile the components, which the first start of a run does.
const START: Duration = Duration::from_secs(240);

/// How long a worker may take to end after it was asked to.
const STOP: Duration = Duration::from_secs(60);

/// How long a line may take until it is in the log.
const LOGGED: Duration = Duration::from_secs(30);

/// A worker that is started, stopped, killed and started again on the same directory. Dropping it kills it and removes the
/// directory.
#[derive(Debug)]
pub struct Worker {
    // Before the directory, which is removed after the process has ended and its log was shown.
    process: Option<Process>,
    dir: TempDir,
    port: u16,
    properties: BTreeMap<String, String>,
    connectors: Vec<PathBuf>,
    /// Sent by its clients; `None` where none is asked for.
    token: Option<String>,
    /// `None` if it is the one that [`paths::weir`] finds.
    binary: Option<PathBuf>,
    /// Its first argument.
    command: &'static str,
}

impl Worker {
    /// A worker that is not yet started: String converters, the components of `cargo xtask build`, reading and writing
    /// allowed in its own directory, offsets stored every half second.
    pub fn new(bootstrap: &str) -> Result<Worker> {
        let dir = TempDir::with_prefix("weir-worker-").context("a directory for the worker")?;
        // The name that the system gives it: a grant does not reach through a symbolic link.
        let path = dir.path().canonicalize().context("the worker's directory")?;
        let path = path.display();
        let port = paths::free_port()?;
        let (properties, connectors) = (BTreeMap::new(), Vec::new());
        let worker = Worker {
            dir,
            port,
            properties,
            connectors,
            process: None,
            token: None,
            binary: None,
            command: "standalone",
        };
        fs::create_dir(worker.data()).context("the directory for the connectors' files")?;
        let string = "org.apache.kafka.connect.storage.StringConverter";
        Ok(worker
            .set("bootstrap.servers", bootstrap)
            .set("listeners", &format!("http://127.0.0.1:{port}"))
            .set("key.converter", string)
            .set("value.converter", string)
            .set("offset.storage.file.filename", &format!("{path}/offsets"))
            .set("offset.flush.interval.ms", "500")
            .set("plugin.path", &paths::plugins().display().to_string())
            .set("weir.plugin.store", &format!("{path}/plugins"))
            // Shared by all workers of all runs: compiling the same components again each time is not what is tested.
            .set("weir.plugin.cache", &paths::target().join("weir-tests/cache").display().to_string())
            .set("weir.allow.read", &format!("{path}/data"))
            .set("weir.allow.write", &format!("{path}/data")))
    }

    /// As [`Worker::new`], with `weir dev`: its broker is in its own process, so that neither Java nor Kafka is needed. What is in the
    /// topics is gone when it ends.
    pub fn dev() -> Result<Worker> {
        Ok(Worker { command: "dev", ..Worker::new("in this process")? })
    }

    /// Sets a key of `worker.properties`. Takes effect at the next start.
    pub fn set(mut self, key: &str, value: &str) -> Worker {
        self.properties.insert(key.into(), value.into());
        self
    }

    /// Leaves a key of `worker.properties` to its default. Takes effect at the next start.
    pub fn unset(mut self, key: &str) -> Worker {
        self.properties.remove(key);
        self
    }

    /// Runs this server instead of the one that was built last.
    pub fn binary(mut self, path: &Path) -> Worker {
        self.binary = Some(path.into());
        self
    }

    /// Has its clients send this token.
    pub fn token(mut self, token: &str) -> Worker {
        self.token = Some(token.into());
        self
    }

    /// Adds a directory to `plugin.path`.
    pub fn with_plugins(mut self, directory: &Path) -> Worker {
        if let Some(path) = self.properties.get_mut("plugin.path") {
            path.push(',');
            path.push_str(&directory.display().to_string());
        }
        self
    }

    /// Names a connector on the command line, from the next start on. Standalone workers keep connectors nowhere else.
    pub fn connector(&mut self, name: &str, config: &Value) -> Result<()> {
        self.connector_file(&format!("{name}.json"), &json!({"name": name, "config": config}).to_string())
    }

    /// As [`Worker::connector`], with a file that is already written out.
    pub fn connector_file(&mut self, file: &str, text: &str) -> Result<()> {
        let path = self.dir().join(file);
        fs::write(&path, text).with_context(|| path.display().to_string())?;
        self.connectors.push(path);
        Ok(())
    }

    /// Starts it and waits until it says that it is healthy.
    pub fn start(&mut self) -> Result<()> {
        self.launch()?;
        self.wait_healthy()
    }

    /// Starts it without waiting.
    pub fn launch(&mut self) -> Result<()> {
        self.process = Some(self.spawn()?);
        Ok(())
    }

    /// Waits until it says that it is healthy. A worker that does not get there is ended.
    pub fn wait_healthy(&mut self) -> Result<()> {
        let mut process = self.process.take().context("the worker was not started")?;
        let rest = self.rest();
        let healthy = wait::until("the worker to be healthy", START, || {
            // A worker that ended will not become healthy, but its last words are in the error.
            process.check_runs()?;
            let health = rest.get("/health").map_err(|error| format!("{error:#}"))?;
            if health.status == 200 { Ok(()) } else { Err(health.body.to_string()) }
        });
        healthy.with_context(|| process.tail())?;
        self.process = Some(process);
        Ok(())
    }

    /// Waits until no plugin is being loaded any more: those that are not compiled are, after the start, while REST answers.
    pub fn wait_loaded(&self) -> Result<()> {
        let rest = self.rest();
        wait::until("plugins to be loaded", START, || {
            let plugins = rest.get("/plugins").map_err(|error| format!("{error:#}"))?.body.to_string();
            if plugins.contains("LOADING") { Err(plugins) } else { Ok(()) }
        })
    }

    /// Starts it and waits until it has ended by itself. Gives its output.
    pub fn start_in_vain(&mut self) -> Result<String> {
        let mut process = self.spawn()?;
        wait::until("the worker to give up", START, || match process.check_runs() {
            Ok(()) => Err("it runs".to_owned()),
            Err(_) => Ok(()),
        })?;
        Ok(process.output())
    }

    fn spawn(&mut self) -> Result<Process> {
        if self.process.is_some() {
            bail!("the worker runs already");
        }
        let path = self.dir().join("worker.properties");
        let mut text = String::new();
        for (key, value) in &self.properties {
            // Backslashes and the like are not in any value that a test sets.
            writeln!(text, "{key}={value}")?;
        }
        fs::write(&path, text).context("worker.properties")?;
        let mut command = Command::new(self.binary.clone().map_or_else(paths::weir, Ok)?);
        command.arg(self.command).arg(&path).args(&self.connectors).current_dir(self.dir());
        Process::start("weir", &mut command, &self.dir().join("log.txt"))
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    /// Ends it in good order (SIGTERM). An error when it does not end, or not with success.
    pub fn stop(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            let status = process.terminate(STOP)?;
            if !status.success() {
                bail!("weir ended with {status}:\n{}", process.tail());
            }
        }
        Ok(())
    }

    /// An error with the end of its log when it does not run.
    pub fn check_runs(&mut self) -> Result<(), String> {
        self.process.as_mut().map_or(Err("it was not started".into()), Process::check_runs)
    }

    /// The file with everything that it logged, in all of its starts.
    pub fn log_file(&self) -> PathBuf {
        self.dir().join("log.txt")
    }

    /// The file of `offset.storage.file.filename`.
    pub fn offsets(&self) -> PathBuf {
        self.dir().join("offsets")
    }

    /// Everything it logged, in all of its starts.
    pub fn log(&self) -> String {
        fs::read_to_string(self.dir().join("log.txt")).unwrap_or_default()
    }

    /// Waits until the log has this text: it is written by a thread of its own, after what it is about.
    pub fn wait_for_log(&self, text: &str) -> Result<()> {
        wait::until(&format!("{text:?} in the log"), LOGGED, || match self.log() {
            log if log.contains(text) => Ok(()),
            log => Err(log),
        })
    }

    /// The operating system's number of the process.
    pub fn id(&self) -> Option<u32> {
        self.process.as_ref().map(Process::id)
    }

    /// The running process.
    pub fn process(&mut self) -> Option<&mut Process> {
        self.process.as_mut()
    }

    /// A client of it.
    pub fn rest(&self) -> Rest {
        let rest = Rest::new(self.port);
        match &self.token {
            Some(token) => rest.with_token(token),
            None => rest,
        }
    }

    /// Its directory, with `worker.properties`, `log.txt`, `offsets` and the uploaded components in `plugins`.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The directory that connectors may read and write, by its real name.
    pub fn data(&self) -> PathBuf {
        // If the directory was removed meanwhile, what uses the path fails.
        let dir = self.dir().canonicalize().unwrap_or_else(|_| self.dir().into());
        dir.join("data")
    }
}
