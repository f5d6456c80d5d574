//! Text files: made, appended to while others read them, and what a sink made of them checked line by line.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Appends numbered lines (`line 0`, `line 1`, ...) to a file at a steady rate, until it is stopped or dropped.
#[derive(Debug)]
pub struct Appender {
    written: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<std::io::Result<()>>>,
}

/// Time between two writes of an appender.
const TICK: Duration = Duration::from_millis(20);

impl Appender {
    /// Begins to append. The file is made when it is not there.
    pub fn start(path: &Path, lines_per_second: u64) -> Result<Appender> {
        let mut file = File::options().create(true).append(true).open(path).context("the file to append to")?;
        let written = Arc::new(AtomicU64::new(0));
        let stop = Arc::new(AtomicBool::new(false));
        let (counter, ending) = (Arc::clone(&written), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            let start = Instant::now();
            let mut number = 0;
            while !ending.load(Ordering::Relaxed) {
                // By the clock and not by counting ticks: a tick that comes late is made up for.
                let due = start.elapsed().as_millis() as u64 * lines_per_second / 1000;
                let text: String = (number..due).map(line).collect();
                file.write_all(text.as_bytes())?;
                number = due.max(number);
                counter.store(number, Ordering::Relaxed);
                std::thread::sleep(TICK);
            }
            Ok(())
        });
        Ok(Appender { written, stop, thread: Some(thread) })
    }

    /// The number of lines in the file.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Ends it, if it has not ended yet. Gives the number of lines it wrote.
    pub fn stop(&mut self) -> Result<u64> {
        self.end().context("appending")?;
        Ok(self.written())
    }

    fn end(&mut self) -> std::io::Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            Some(Err(_)) => Err(std::io::Error::other("the appending thread panicked")),
            None => Ok(()),
        }
    }
}

impl Drop for Appender {
    fn drop(&mut self) {
        // Whoever wanted to know of an error called `stop`.
        let _ = self.end();
    }
}

/// A line of an [`Appender`], with its end.
pub fn line(number: u64) -> String {
    format!("line {number}\n")
}

/// How often the lines of a file were delivered.
#[derive(Debug, PartialEq, Eq)]
pub struct Delivered {
    /// Lines that arrived, each counted once.
    pub lines: u64,
    /// Lines that arrived again.
    pub duplicates: u64,
    /// Incomplete lines: a process that was killed may leave a part of a line, which is followed by another line.
    pub torn: u64,
}

/// Checks that a file holds `line 0` to `line COUNT-1` of an [`Appender`], each at least once, the first appearances in
/// order.
pub fn check_delivered(path: &Path, count: u64) -> Result<Delivered> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let mut seen = HashSet::new();
    let (mut duplicates, mut torn) = (0, 0);
    for (row, found) in text.lines().enumerate() {
        let number: u64 = match found.strip_prefix("line ").and_then(|number| number.parse().ok()) {
            Some(number) => number,
            None => {
                torn += 1;
                continue;
            }
        };
        if !seen.insert(number) {
            duplicates += 1;
        } else if seen.len() as u64 != number + 1 {
            bail!(
                "line {row} of the sink's file is `line {number}`, before `line {}`: that one is lost or out of order",
                seen.len() - 1
            );
        }
    }
    if seen.len() as u64 != count {
        bail!("{} of {count} lines arrived, {duplicates} of them more than once", seen.len());
    }
    Ok(Delivered { lines: count, duplicates, torn })
}

/// Counts the lines of a file that grows, without reading what was counted before.
#[derive(Debug)]
pub struct Counter {
    path: PathBuf,
    read: u64,
    lines: u64,
}

impl Counter {
    /// A counter for a file, which need not exist yet.
    pub fn new(path: &Path) -> Counter {
        Counter { path: path.into(), read: 0, lines: 0 }
    }

    /// The number of whole lines by now.
    pub fn count(&mut self) -> Result<u64> {
        use std::io::{Read, Seek, SeekFrom};
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(error).with_context(|| self.path.display().to_string()),
        };
        file.seek(SeekFrom::Start(self.read)).context("seeking")?;
        let mut bytes = Vec::new();
        self.read += file.read_to_end(&mut bytes).context("reading")? as u64;
        self.lines += bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        Ok(self.lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, count: u64) -> Result<Delivered> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("sink");
        fs::write(&path, text)?;
        check_delivered(&path, count)
    }

    #[test]
    fn duplicates_are_counted() {
        let text = "line 0\nline 1\nline 0\nline 1\nline 2\n";
        assert_eq!(check(text, 3).unwrap(), Delivered { lines: 3, duplicates: 2, torn: 0 });
    }

    #[test]
    fn a_lost_line_is_an_error() {
        assert!(check("line 0\nline 2\n", 3).unwrap_err().to_string().contains("line 2"));
        assert!(check("line 0\nline 1\n", 3).unwrap_err().to_string().contains("2 of 3"));
    }

    #[test]
    fn a_torn_line_is_counted_and_does_not_count_as_delivered() {
        assert_eq!(check("line 0\nliline 0\nline 1\n", 2).unwrap(), Delivered { lines: 2, duplicates: 0, torn: 1 });
        assert!(check("line 0\nliline 1\n", 2).is_err());
    }
}
