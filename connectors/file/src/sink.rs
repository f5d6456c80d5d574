//! `FileStreamSink`: each record becomes a line.

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

/// What Kafka Connect writes to when no file is given.
const STREAM: &str = "standard output";

/// Bytes that are gathered before they are written, beside the line that crosses it.
const GATHERED: usize = 512 << 10;

/// Bytes that the runtime hands to the system in one piece. A write of more could be cut within a line: by the end of the
/// process, or by another task that appends to the same file.
const ONE_WRITE: usize = 64 << 10;

/// The same while there may be no room: what fits of a write that fails is in the file, and comes again.
const ONE_WRITE_IN_NEED: usize = 4 << 10;

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
    /// Structured values are written as JSON.
    json: bool,
    /// Kept from put to put for its memory.
    lines: Vec<u8>,
    /// Where in `lines` the line of each record ends.
    ends: Vec<usize>,
    /// Most bytes of several lines that are written at once.
    one_write: usize,
    /// Records of this batch whose lines are in the file.
    written: usize,
    /// A batch of which only a part found room. It comes again.
    begun: Option<Begun>,
    /// True = something was written that may not be on disk.
    unsaved: bool,
    /// True = the file may end in the middle of a line.
    torn: bool,
}

/// How far a batch got.
#[derive(Debug)]
struct Begun {
    batch: BatchId,
    written: usize,
}

/// What tells a batch from the others: how many records it has, and where the first and the last of them are from.
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
        // The run before may have ended in the middle of a write.
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
            false => ONE_WRITE_IN_NEED,
        };
        if written.is_err() {
            self.begun = Some(Begun { batch: id(batch), written: self.written });
        }
        written.map(|()| RecordFailures::none())
    }

    fn capabilities(config: &FileSinkConfig) -> Result<Vec<Capability>, Error> {
        // Without a usable path there is nothing to ask for; `validate` says what is wrong.
        let path = path::of(config.file.as_deref(), STREAM).ok();
        Ok(path.map(|path| Capability::WriteDirectory(path::directory(&path))).into_iter().collect())
    }

    fn validate(config: &FileSinkConfig) -> Vec<ConfigValue> {
        path::validate(config.file.as_deref(), STREAM)
    }
}

impl Commit for FileStreamSink {
    fn pre_commit(&mut self, offsets: Vec<TopicPartitionOffset>) -> Result<Vec<TopicPartitionOffset>, Error> {
        // An offset in the answer is a promise: the lines below it are on disk.
        if self.unsaved {
            // Whatever the cause: the system may have given up what it could not save, and would say of the next try that all is well. A
            // restarted task is given the records again.
            self.file.save().map_err(|error| self.failed("save", &error))?;
            self.unsaved = false;
        }
        Ok(offsets)
    }
}

impl AlterOffsets for FileStreamSink {
    fn alter_offsets(_: &FileSinkConfig, _: &[TopicPartitionOffset]) -> Result<bool, Error> {
        // Nothing but Kafka's consumer group keeps the sink's offsets.
        Ok(true)
    }
}

impl FileStreamSink {
    /// Writes what is not in the file yet of a batch.
    fn write_records(&mut self, batch: &SinkBatch) -> Result<(), Error> {
        self.lines.clear();
        self.ends.clear();
        if self.torn {
            if ends_within_a_line(&self.path).or_fatal(format_args!("cannot read {}", self.path.display()))? {
                info!("{} ends within a line; it is ended", self.path.display());
                self.lines.push(b'\n');
            }
            self.torn = false;
        }
        let mut printer = Printer::new(self.json);
        for record in batch.records().skip(self.written) {
            printer.append(&mut self.lines, record.value(), record.value_schema());
            self.ends.push(self.lines.len());
            if self.lines.len() >= GATHERED {
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
                return Err(match append::may_pass(&error) {
                    true => Error::retriable(format_args!(
                        "cannot append to {}: {}. Make room; the records are kept and tried again",
                        self.path.display(),
                        append::words(&error)
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

    /// What needs somebody.
    fn failed(&self, what: &str, error: &std::io::Error) -> Error {
        Error::fatal(format_args!("cannot {what} {}: {}", self.path.display(), append::words(error)))
    }
}

/// How many bytes to write at once: as many whole lines as fit, or one that does not.
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

/// Saves the directory's entry of a file that may be new. Not every file system can, and none needs it but after a crash of the
/// whole machine.
fn save_entry(path: &Path) {
    if let Err(error) = File::open(path::directory(path)).and_then(|directory| directory.sync_all()) {
        debug!("cannot save the directory of {}: {error}", path.display());
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
        assert_eq!(whole_lines(&line(10), ONE_WRITE), 10);
        assert_eq!(whole_lines(&line(1000).repeat(100), ONE_WRITE), 65_000);
        assert_eq!(whole_lines(&line(1000).repeat(100), ONE_WRITE_IN_NEED), 4000);
        assert_eq!(whole_lines(&[line(ONE_WRITE + 5), line(10)].concat(), ONE_WRITE), ONE_WRITE + 5);
        assert_eq!(whole_lines(&[line(ONE_WRITE), line(10)].concat(), ONE_WRITE), ONE_WRITE);
    }
}
