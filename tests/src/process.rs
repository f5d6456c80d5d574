//! A process that a test started: its output goes to a file, it dies with its handle, and when the test fails the end of the
//! output is shown.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::wait;

/// As much of the output as is shown on failure.
const TAIL_BYTES: u64 = 8 << 10;

/// A running process. Dropping it kills it.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
    quiet: bool,
    started: Instant,
}

impl Process {
    /// Starts a process whose standard output and error are appended to `log`.
    pub fn start(name: &str, command: &mut Command, log: &Path) -> Result<Process> {
        let output = File::options().create(true).append(true).open(log).with_context(|| log.display().to_string())?;
        let errors = output.try_clone().context("the handle of a log")?;
        let started = Instant::now();
        let child = command
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .with_context(|| format!("starting {name}: {:?}", command.get_program()))?;
        Ok(Process { name: name.into(), child, log: log.into(), quiet: false, started })
    }

    /// Keeps its output to itself when it ends. For a caller that is no test: its own output is for others.
    pub fn quiet(&mut self) {
        self.quiet = true;
    }

    /// The operating system's number of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The moment before it was started.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// Everything it wrote so far, and what processes before it wrote to the same file.
    pub fn output(&self) -> String {
        std::fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// An error with the end of the output when the process has ended.
    pub fn check_runs(&mut self) -> Result<(), String> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(format!("{} ended with {status}:\n{}", self.name, self.tail())),
            Err(error) => Err(format!("{}: {error}", self.name)),
        }
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        // Errors mean that it ended by itself; either way it is gone after `wait`.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Sends it a signal, named without its SIG.
    pub fn signal(&self, name: &str) -> Result<()> {
        let sent = Command::new("kill").args([format!("-{name}"), self.id().to_string()]).status();
        if !sent.context("running `kill`")?.success() {
            bail!("{} could not be sent SIG{name}", self.name);
        }
        Ok(())
    }

    /// Asks it to end (SIGTERM) and waits until it has.
    pub fn terminate(&mut self, within: Duration) -> Result<ExitStatus> {
        self.signal("TERM")?;
        wait::until(&format!("{} to end", self.name), within, || match self.child.try_wait() {
            Ok(Some(status)) => Ok(status),
            Ok(None) => Err("it still runs".into()),
            Err(error) => Err(error.to_string()),
        })
    }

    /// The end of the output.
    pub fn tail(&self) -> String {
        let read = || -> std::io::Result<String> {
            let mut file = File::open(&self.log)?;
            let start = file.metadata()?.len().saturating_sub(TAIL_BYTES);
            file.seek(SeekFrom::Start(start))?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        read().unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if self.quiet {
            return;
        }
        // Shown by the test runner when the test fails, and only then.
        println!("--- the end of what {} wrote ---\n{}", self.name, self.tail());
    }
}
