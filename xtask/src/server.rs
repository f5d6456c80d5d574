//! A running worker: started, waited for, and ended in every case.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::process;

/// How long a worker may take to end after it was asked to.
const STOP: Duration = Duration::from_secs(20);

/// Dropping it kills the process, unless it was left.
pub(crate) struct Server {
    process: Option<Child>,
    log: PathBuf,
}

impl Server {
    /// Starts the binary with its output in a file. One that is to be kept does not end with the terminal's Ctrl-C.
    pub(crate) fn start(binary: &Path, arguments: &[&OsStr], log: &Path, keep: bool) -> anyhow::Result<Self> {
        let output = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let mut command = Command::new(binary);
        command.args(arguments).stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        #[cfg(unix)]
        if keep {
            std::os::unix::process::CommandExt::process_group(&mut command, 0);
        }
        process::announce(&command);
        let process = command.spawn().with_context(|| format!("cannot start {}", binary.display()))?;
        Ok(Self { process: Some(process), log: log.to_owned() })
    }

    /// Waits until it is so. An error when the worker ends first or the time is over.
    pub(crate) fn wait(&mut self, time: Duration, what: &str, mut is_so: impl FnMut() -> bool) -> anyhow::Result<()> {
        let end = Instant::now() + time;
        while !is_so() {
            if let Some(status) = self.process.as_mut().and_then(|process| process.try_wait().transpose()) {
                bail!("the worker ended ({})", status?);
            }
            if Instant::now() > end {
                bail!("the worker did not {what} within {} s", time.as_secs());
            }
            thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// Asks it to end and waits for that.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        let Some(process) = &mut self.process else { return Ok(()) };
        // The standard library knows only how to kill.
        let asked = process::output(Command::new("kill").arg(process.id().to_string()));
        let end = Instant::now() + STOP;
        while asked.is_some() && Instant::now() < end {
            if let Some(status) = process.try_wait().context("cannot wait for the worker")? {
                self.process = None;
                if !status.success() {
                    bail!("the worker ended with {status}; its log is {}", self.log.display());
                }
                return Ok(());
            }
            thread::sleep(Duration::from_millis(50));
        }
        bail!("the worker did not end within {} s; its log is {}", STOP.as_secs(), self.log.display());
    }

    /// Leaves it running. Returns the number of its process.
    pub(crate) fn leave(mut self) -> u32 {
        self.process.take().map_or(0, |process| process.id())
    }

    /// The last lines of its log.
    pub(crate) fn tail(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            // It may have ended by itself, and that is what is wanted.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}
