//! What the figures were taken on, and with which versions.

use std::fs;
use std::process::Command;

use serde::Serialize;
use weir_tests::{jars, paths};

/// The machine and the versions. What could not be found out is `unknown`.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    pub(crate) memory_mb: u64,
    pub(crate) kernel: String,
    pub(crate) java: String,
    pub(crate) kafka: String,
    pub(crate) kcat: String,
    /// The commit, followed by `-dirty` if files differ from it.
    pub(crate) commit: String,
    /// In UTC.
    pub(crate) date: String,
    /// Processes that wanted to run in the minute before, on average.
    pub(crate) load_before: String,
}

impl Machine {
    pub(crate) fn look(kcat: &str) -> Machine {
        let unknown = || "unknown".to_owned();
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        Machine {
            cpu: field(&read("/proc/cpuinfo"), "model name").unwrap_or_else(unknown),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            memory_mb: field(&read("/proc/meminfo"), "MemTotal").map_or(0, |text| kilobytes(&text) * 1024 / 1_000_000),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            java: output("java", &["-version"]).map_or_else(unknown, |text| first_line(&text)),
            kafka: jars::VERSION.to_owned(),
            kcat: kcat.to_owned(),
            commit: commit().unwrap_or_else(unknown),
            date: output("date", &["-u", "+%Y-%m-%d %H:%M"]).unwrap_or_else(unknown),
            load_before: read("/proc/loadavg").split(' ').next().unwrap_or_default().to_owned(),
        }
    }
}

fn commit() -> Option<String> {
    let root = paths::root().to_str()?;
    let commit = output("git", &["-C", root, "rev-parse", "HEAD"])?;
    let changed = output("git", &["-C", root, "status", "--porcelain"])?;
    Some(if changed.is_empty() { commit } else { format!("{commit}-dirty") })
}

/// What a program prints, on either stream; none when it fails.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = [output.stdout, output.stderr].concat();
    output.status.success().then(|| String::from_utf8_lossy(&text).trim().to_owned())
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// The first `NAME : VALUE` of a file in `/proc`.
fn field(text: &str, name: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim().to_owned())
    })
}

fn kilobytes(text: &str) -> u64 {
    text.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_proc_are_found() {
        let text = "processor\t: 0\nmodel name\t: A CPU @ 2.00GHz: fast\n\nmodel name\t: B\n";
        assert_eq!(field(text, "model name").unwrap(), "A CPU @ 2.00GHz: fast");
        assert_eq!(kilobytes(&field("MemTotal:       24684444 kB\n", "MemTotal").unwrap()), 24_684_444);
        assert_eq!(field(text, "model"), None);
    }
}
