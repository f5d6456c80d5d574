//! `FileStreamSink`: each record becomes a line.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use log::{debug, info};
use memchr::{memchr, memrchr};
use weir_sdk::config::{Capability, ConfigValue};
use weir_sdk::sink::{RowFailures, Sink, SinkBatch, SinkContext, TopicPartitionOffset};
use weir_sdk::{Config, Error, ErrorContext};

use crate::{line, path};

/// What Kafka Connect writes to when no file is given.
const STREAM: &str = "standard output";

/// Bytes that are gathered before they are written, beside the line that crosses it.
const GATHERED: usize = 512 << 10;

/// Bytes that the runtime hands to the system in one piece. A write of more could be cut within a line: by the end of the
/// process, or by another task that appends to the same file.
const ONE_WRITE: usize = 64 << 10;

/// Time between two looks at a file that ends within a line. Another task may be in the middle of writing it.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// So many looks. Who still writes then ends the line itself.
const LOOKS: u32 = 5;

/// The keys, as in `org.apache.kafka.connect.file.FileStreamSinkConnector` and in its words, which tools compare. A plugin in a
/// sandbox has no standard output: `path::of` says so to whoever gives no file.
#[derive(Debug, Config)]
pub struct FileSinkConfig {
    /// Destination filename. If not specified, the standard output will be used
    #[config(importance = high)]
    file: Option<String>,
}

/// A task that appends to a file.
#[derive(Debug)]
pub struct FileStreamSink {
    path: PathBuf,
    file: File,
    /// Kept from put to put for its memory.
    lines: Vec<u8>,
    /// True = something was written that may not be on disk.
    unsaved: bool,
    /// True = the file may end in the middle of a line.
    torn: bool,
}

impl Sink for FileStreamSink {
    const CLASS: &'static str = "org.apache.kafka.connect.file.FileStreamSinkConnector";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    type Config = FileSinkConfig;

    fn start(config: FileSinkConfig, _: &SinkContext) -> Result<Self, Error> {
        let path = path::of(config.file.as_deref(), STREAM).map_err(Error::task)?;
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .or_task(format_args!("cannot open {} to append to it", path.display()))?;
        save_entry(&path);
        info!("appending to {}", path.display());
        // The run before may have ended in the middle of a write.
        Ok(Self { path, file, lines: Vec::new(), unsaved: false, torn: true })
    }

    fn put(&mut self, batch: &SinkBatch) -> Result<RowFailures, Error> {
        self.lines.clear();
        if self.torn && !batch.is_empty() {
            if ends_within_a_line(&self.path).or_task(format_args!("cannot read {}", self.path.display()))? {
                info!("{} ends within a line; it is ended", self.path.display());
                self.lines.push(b'\n');
            }
            self.torn = false;
        }
        for record in batch.records() {
            line::append(&mut self.lines, record.value());
            if self.lines.len() >= GATHERED {
                self.write()?;
            }
        }
        self.write()?;
        Ok(RowFailures::none())
    }

    fn pre_commit(&mut self, offsets: Vec<TopicPartitionOffset>) -> Result<Vec<TopicPartitionOffset>, Error> {
        // An offset in the answer is a promise: the lines below it are on disk.
        if self.unsaved {
            self.file.sync_data().map_err(|error| self.failed("save", &error))?;
            self.unsaved = false;
        }
        Ok(offsets)
    }

    fn capabilities(config: &FileSinkConfig) -> Result<Vec<Capability>, Error> {
        // Without a usable path there is nothing to ask for; `validate` says what is wrong.
        let path = path::of(config.file.as_deref(), STREAM).ok();
        Ok(path.map(|path| Capability::WriteFolder(path::folder(&path))).into_iter().collect())
    }

    fn validate(config: &FileSinkConfig) -> Vec<ConfigValue> {
        path::validate(config.file.as_deref(), STREAM)
    }

    fn alter_offsets(_: &FileSinkConfig, _: &[TopicPartitionOffset]) -> Result<bool, Error> {
        // Nothing but Kafka's consumer group keeps the sink's offsets.
        Ok(true)
    }
}

impl FileStreamSink {
    fn write(&mut self) -> Result<(), Error> {
        if self.lines.is_empty() {
            return Ok(());
        }
        self.unsaved = true;
        let mut rest = &self.lines[..];
        while !rest.is_empty() {
            let (lines, after) = rest.split_at(whole_lines(rest));
            if let Err(error) = self.file.write_all(lines) {
                self.torn = true;
                return Err(self.failed("append to", &error));
            }
            rest = after;
        }
        self.lines.clear();
        Ok(())
    }

    /// A full disk may be cleared, and then the same rows come again; other failures need somebody.
    fn failed(&self, what: &str, error: &std::io::Error) -> Error {
        let message = format!("cannot {what} {}: {error}", self.path.display());
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::TimedOut | ErrorKind::ResourceBusy => {
                Error::retry(message)
            }
            _ => Error::task(message),
        }
    }
}

/// How many bytes to write at once: as many whole lines as fit, or one that does not.
fn whole_lines(lines: &[u8]) -> usize {
    if lines.len() <= ONE_WRITE {
        return lines.len();
    }
    let (fitting, rest) = lines.split_at(ONE_WRITE);
    match (memrchr(b'\n', fitting), memchr(b'\n', rest)) {
        (Some(end), _) => end + 1,
        (None, Some(end)) => ONE_WRITE + end + 1,
        (None, None) => lines.len(),
    }
}

/// Saves the folder's entry of a file that may be new. Not every file system can, and none needs it but after a crash of the
/// whole machine.
fn save_entry(path: &Path) {
    if let Err(error) = File::open(path::folder(path)).and_then(|folder| folder.sync_all()) {
        debug!("cannot save the folder of {}: {error}", path.display());
    }
}

/// Whether the file ends within a line that nobody is writing.
fn ends_within_a_line(path: &Path) -> std::io::Result<bool> {
    let mut before = None;
    for _ in 0..LOOKS {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        if length == 0 {
            return Ok(false);
        }
        let mut last = [0];
        file.seek(SeekFrom::Start(length - 1))?;
        file.read_exact(&mut last)?;
        if last == *b"\n" {
            return Ok(false);
        }
        if before == Some(length) {
            return Ok(true);
        }
        before = Some(length);
        std::thread::sleep(LOOK_AGAIN);
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_ends_with_a_line() {
        let line = |length: usize| [vec![b'x'; length - 1], vec![b'\n']].concat();
        assert_eq!(whole_lines(&line(10)), 10);
        assert_eq!(whole_lines(&line(1000).repeat(100)), 65_000);
        assert_eq!(whole_lines(&[line(ONE_WRITE + 5), line(10)].concat()), ONE_WRITE + 5);
        assert_eq!(whole_lines(&[line(ONE_WRITE), line(10)].concat()), ONE_WRITE);
    }
}
