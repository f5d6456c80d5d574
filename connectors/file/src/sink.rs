//! `FileStreamSink`: writes each record as a line.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use log::{debug, info};
use memchr::{memchr, memrchr};
use weir_sdk::config::{Capability, ConfigValue};
use weir_sdk::sink::{
    AlterOffsets, Commit, RecordFailures, Sink, SinkBatch, SinkContext, SinkRecord, TopicPartition,
    TopicPartitionOffset,
};
use weir_sdk::{Config, Error, ErrorContext};

use crate::append::{self, Appender};
use crate::line::Printer;
use crate::path;

/// What Kafka Connect writes to if there is no `file`.
const STREAM: &str = "standard output";

/// The number of bytes that are collected before they are written. The line that exceeds it is included.
const COLLECTED: usize = 512 << 10;

/// The number of bytes that the runtime passes to the system at once. A larger write could be interrupted within a line when the process
/// ends, or by another task that appends to the same file.
const ONE_WRITE: usize = 64 << 10;

/// The number of bytes at once while there may not be enough space. If a write fails, the part that fits is in the file, and the same
/// bytes are written again later.
const ONE_WRITE_WHEN_FULL: usize = 4 << 10;

/// The time between two checks of a file that ends within a line, which another task may be writing.
const CHECK_INTERVAL: Duration = Duration::from_millis(100);

/// The number of checks. After them the line is ended here; a task that is still writing it ends it as well.
const CHECKS: u32 = 5;

/// The keys of `org.apache.kafka.connect.file.FileStreamSinkConnector`, with their documentation, which tools compare. A sandbox has no
/// standard output: without `file`, `path::of` returns an error.
#[derive(Debug, Config)]
pub struct FileSinkConfig {
    /// Destination filename. If not specified, the standard output will be used
    #[config(importance = high)]
    file: Option<String>,
    /// Whether lists, maps and structs are written as JSON on one line. Otherwise they are written as Kafka Connect writes them, in
    /// Java's form: {id=1}
    #[config(name = "weir.values.json", default = false, importance = low, group = "Weir")]
    json: bool,
}

/// A task that appends to a file.
#[derive(Debug)]
pub struct FileStreamSink {
    path: PathBuf,
    file: Appender,
    /// Whether structured values are written as JSON.
    json: bool,
    /// The lines of a batch. The memory is used again for the next batch.
    lines: Vec<u8>,
    /// The end of the line of each record in `lines`.
    ends: Vec<usize>,
    /// The maximum number of bytes of several lines that are written at once.
    one_write: usize,
    /// The number of records of this batch whose lines are in the file.
    written: usize,
    /// A batch of which only a part could be written. The runtime passes it again.
    begun: Option<Begun>,
    /// Whether there are written bytes that may not be on disk.
    unsaved: bool,
    /// Whether the file may end within a line.
    torn: bool,
}

/// How much of a batch was written.
#[derive(Debug)]
struct Begun {
    batch: BatchId,
    written: usize,
}

/// Identifies a batch: its number of records, and the partitions and offsets of the first and the last one.
type BatchId = (usize, Option<Place>, Option<Place>);
type Place = (TopicPartition, i64);

fn id(batch: &SinkBatch) -> BatchId {
    let place = |record: SinkRecord<'_>| (record.topic_partition().clone(), record.offset());
    (batch.len(), batch.records().next().map(place), batch.records().last().map(place))
}

impl Sink for FileStreamSink {
    const CLASS: &'static str = "org.apache.kafka.connect.file.FileStreamSinkConnector";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    type Config = FileSinkConfig;

    fn start(config: FileSinkConfig, _: &SinkContext) -> Result<Self, Error> {
        let path = path::of(config.file.as_deref(), STREAM).map_err(Error::fatal)?;
        let file = Appender::open(&path).or_fatal(format_args!("cannot open {} to append to it", path.display()))?;
        save_entry(&path);
        info!("appending to {}", path.display());
        let (lines, ends) = (Vec::new(), Vec::new());
        // The previous task may have ended during a write.
        let json = config.json;
        Ok(Self {
            path,
            file,
            json,
            lines,
            ends,
            one_write: ONE_WRITE,
            written: 0,
            begun: None,
            unsaved: false,
            torn: true,
        })
    }

    fn put(&mut self, batch: &SinkBatch) -> Result<RecordFailures, Error> {
        if batch.is_empty() {
            return Ok(RecordFailures::none());
        }
        self.written = match self.begun.take() {
            Some(begun) if begun.batch == id(batch) => begun.written,
            _ => 0,
        };
        let written = self.write_records(batch);
        self.one_write = match written.is_ok() {
            true => ONE_WRITE,
            false => ONE_WRITE_WHEN_FULL,
        };
        if written.is_err() {
            self.begun = Some(Begun { batch: id(batch), written: self.written });
        }
        written.map(|()| RecordFailures::none())
    }

    fn capabilities(config: &FileSinkConfig) -> Result<Vec<Capability>, Error> {
        // Without a valid path there is nothing to request; `validate` reports the error.
        let path = path::of(config.file.as_deref(), STREAM).ok();
        Ok(path.map(|path| Capability::WriteDirectory(path::directory(&path))).into_iter().collect())
    }

    fn validate(config: &FileSinkConfig) -> Vec<ConfigValue> {
        path::validate(config.file.as_deref(), STREAM)
    }
}

impl Commit for FileStreamSink {
    fn pre_commit(&mut self, offsets: Vec<TopicPartitionOffset>) -> Result<Vec<TopicPartitionOffset>, Error> {
        // A returned offset means that the lines of all records before it are on disk.
        if self.unsaved {
            // Any error is fatal: the system may have dropped data that it could not write, and report success at the next attempt. The
            // runtime passes the records again to the restarted task.
            self.file.save().map_err(|error| self.failed("save", &error))?;
            self.unsaved = false;
        }
        Ok(offsets)
    }
}

impl AlterOffsets for FileStreamSink {
    fn alter_offsets(_: &FileSinkConfig, _: &[TopicPartitionOffset]) -> Result<bool, Error> {
        // The sink's offsets are stored only in Kafka's consumer group.
        Ok(true)
    }
}

impl FileStreamSink {
    /// Writes the part of a batch that is not in the file yet.
    fn write_records(&mut self, batch: &SinkBatch) -> Result<(), Error> {
        self.lines.clear();
        self.ends.clear();
        if self.torn {
            if ends_within_a_line(&self.path).or_fatal(format_args!("cannot read {}", self.path.display()))? {
                info!("{} ends within a line; ending the line", self.path.display());
                self.lines.push(b'\n');
            }
            self.torn = false;
        }
        let mut printer = Printer::new(self.json);
        for record in batch.records().skip(self.written) {
            printer.append(&mut self.lines, record.value(), record.value_schema());
            self.ends.push(self.lines.len());
            if self.lines.len() >= COLLECTED {
                self.write()?;
            }
        }
        self.write()
    }

    fn write(&mut self) -> Result<(), Error> {
        if self.lines.is_empty() {
            return Ok(());
        }
        self.unsaved = true;
        let mut written = 0;
        while written < self.lines.len() {
            let rest = &self.lines[written..];
            let lines = &rest[..whole_lines(rest, self.one_write)];
            if let Err(error) = self.file.append(lines) {
                self.torn = true;
                self.written += self.ends.partition_point(|end| *end <= written);
                return Err(match append::is_transient(&error) {
                    true => Error::retriable(format_args!(
                        "cannot append to {}: {}. Free some space; the records are kept and written again",
                        self.path.display(),
                        append::describe(&error)
                    )),
                    false => self.failed("append to", &error),
                });
            }
            written += lines.len();
        }
        self.written += self.ends.len();
        self.lines.clear();
        self.ends.clear();
        Ok(())
    }

    /// Returns an error that an operator must resolve.
    fn failed(&self, what: &str, error: &std::io::Error) -> Error {
        Error::fatal(format_args!("cannot {what} {}: {}", self.path.display(), append::describe(error)))
    }
}

/// Returns how many bytes to write at once: as many whole lines as fit, or one longer line.
fn whole_lines(lines: &[u8], most: usize) -> usize {
    if lines.len() <= most {
        return lines.len();
    }
    let (fitting, rest) = lines.split_at(most);
    match (memrchr(b'\n', fitting), memchr(b'\n', rest)) {
        (Some(end), _) => end + 1,
        (None, Some(end)) => most + end + 1,
        (None, None) => lines.len(),
    }
}

/// Writes the directory entry of a file that may be new to disk. Some file systems cannot do this, and it matters only after a crash of
/// the machine.
fn save_entry(path: &Path) {
    if let Err(error) = File::open(path::directory(path)).and_then(|directory| directory.sync_all()) {
        debug!("cannot sync the directory of {}: {error}", path.display());
    }
}

/// Returns whether the file ends within a line that no other task is writing.
fn ends_within_a_line(path: &Path) -> std::io::Result<bool> {
    let mut before = None;
    for _ in 0..CHECKS {
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
        std::thread::sleep(CHECK_INTERVAL);
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_ends_with_a_line() {
        let line = |length: usize| [vec![b'x'; length - 1], vec![b'\n']].concat();
        assert_eq!(whole_lines(&line(10), ONE_WRITE), 10);
        assert_eq!(whole_lines(&line(1000).repeat(100), ONE_WRITE), 65_000);
        assert_eq!(whole_lines(&line(1000).repeat(100), ONE_WRITE_WHEN_FULL), 4000);
        assert_eq!(whole_lines(&[line(ONE_WRITE + 5), line(10)].concat(), ONE_WRITE), ONE_WRITE + 5);
        assert_eq!(whole_lines(&[line(ONE_WRITE), line(10)].concat(), ONE_WRITE), ONE_WRITE);
    }
}
