//! kcat, the small command line client on librdkafka: what moving the rows costs where nothing else is done with them.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::figure::{Figure, Figures};
use crate::proc_stat::{Stat, memory};

/// Time between two looks at the running process.
const PAUSE: Duration = Duration::from_millis(1);

/// An installed kcat.
#[derive(Debug, Clone)]
pub(crate) struct Kcat {
    /// What it says of its version and of librdkafka's.
    pub(crate) version: String,
}

impl Kcat {
    /// Looks for it, and installs it where that can be done. An error says how to get it.
    pub(crate) fn find() -> Result<Kcat, String> {
        if let Some(kcat) = Self::installed() {
            return Ok(kcat);
        }
        if Path::new("/etc/debian_version").exists() && is_root() {
            eprintln!("kcat is not installed; apt-get installs it");
            // Whether it worked is seen right below.
            let _ = Command::new("apt-get").args(["install", "-y", "kcat"]).stdout(Stdio::null()).status();
        }
        Self::installed().ok_or_else(|| "kcat is not installed; on Debian: apt-get install kcat".into())
    }

    fn installed() -> Option<Kcat> {
        let output = Command::new("kcat").arg("-V").output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        // Version 1.7.1 (JSON, Avro, Transactions, librdkafka 2.0.2 builtin.features=...)
        let version = text.lines().find(|line| line.starts_with("Version"))?;
        let version = version.split(" builtin").next().unwrap_or(version).trim_start_matches("Version ");
        let closed = if version.contains('(') && !version.contains(')') { ")" } else { "" };
        Some(Kcat { version: format!("{version}{closed}") })
    }

    /// Sends each line of a file to a topic.
    pub(crate) fn produce(&self, bootstrap: &str, topic: &str, file: &Path) -> Result<Figures> {
        let mut command = Command::new("kcat");
        command.args(["-P", "-b", bootstrap, "-t", topic, "-l"]).arg(file).stdout(Stdio::null());
        run(&mut command)
    }

    /// Writes each row of a topic to a file, as a line.
    pub(crate) fn consume(&self, bootstrap: &str, topic: &str, file: &Path) -> Result<Figures> {
        let output = File::create(file).with_context(|| file.display().to_string())?;
        let mut command = Command::new("kcat");
        command.args(["-C", "-b", bootstrap, "-t", topic, "-o", "beginning", "-e", "-q"]).stdout(output);
        run(&mut command)
    }
}

/// Runs it to its end and takes its CPU time between its end and asking for its exit status: a zombie still has its times.
fn run(command: &mut Command) -> Result<Figures> {
    let begin = Instant::now();
    let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().context("starting kcat")?;
    let watched = watch(&child, begin);
    if watched.is_err() {
        let _ = child.kill();
    }
    let output = child.wait_with_output().context("waiting for kcat")?;
    let figures = watched?;
    if !output.status.success() {
        bail!("kcat ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(figures)
}

fn watch(child: &Child, begin: Instant) -> Result<Figures> {
    let mut peak = 0;
    loop {
        let stat = Stat::of(child.id())?;
        if stat.state == 'Z' {
            let figures = [
                (Figure::CpuSeconds, stat.cpu_seconds()),
                (Figure::WallSeconds, begin.elapsed().as_secs_f64()),
                (Figure::PeakMb, peak as f64 / 1e6),
            ];
            return Ok(figures.into());
        }
        // An ended process has no memory any more.
        peak = memory(child.id()).map_or(peak, |memory| memory.peak);
        thread::sleep(PAUSE);
    }
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}
