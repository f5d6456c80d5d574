//! `FileStreamSource`: makes a record of each line of a file.

use std::borrow::Cow;
use std::fs::File;
use std::io::{ErrorKind, Seek, SeekFrom};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use log::{debug, info, warn};
use weir_sdk::config::{Capability, ConfigValue};
use weir_sdk::schema::Schema;
use weir_sdk::source::{AlterOffsets, Poll, Source, SourceContext, SourceOffset, SourcePartition, Transactions};
use weir_sdk::{BatchBuilder, Config, Error, ErrorContext};

use crate::lines::{FillError, LineBuffer};
use crate::{offsets, path};

/// What Kafka Connect reads if there is no `file`.
const STREAM: &str = "standard input";

/// The time until the next check after a file had new content. It doubles with each check that finds nothing.
const FIRST_CHECK_INTERVAL: Duration = Duration::from_millis(10);

/// The maximum time between two checks, which is Kafka Connect's.
const MAX_CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// The keys of `org.apache.kafka.connect.file.FileStreamSourceConnector`, with their documentation, which tools compare. A sandbox has no
/// standard input: without `file`, `path::of` returns an error.
#[derive(Debug, Config)]
pub struct FileSourceConfig {
    /// Source filename. If not specified, the standard input will be used
    #[config(importance = high)]
    file: Option<String>,
    /// The topic to publish data to
    #[config(importance = high, validator = non_empty)]
    topic: String,
    /// The maximum number of records the source task can read from the file each time it is polled
    #[config(name = "batch.size", default = 2000, importance = low)]
    batch_size: i32,
}

/// A task that reads a file.
#[derive(Debug)]
pub struct FileStreamSource {
    path: PathBuf,
    topic: String,
    batch_size: u32,
    context: SourceContext,
    partition: SourcePartition,
    schema: Schema,
    file: Option<File>,
    /// The position of the next line in the file. All lines before it were returned.
    position: u64,
    lines: LineBuffer,
    /// Whether the last read found no more bytes.
    at_end: bool,
    /// The time to wait after the next check that finds nothing.
    next_check: Duration,
    /// The last warning, which is not repeated at each check.
    last_warning: LastWarning,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum LastWarning {
    #[default]
    None,
    Missing,
    Shorter,
}

impl Source for FileStreamSource {
    const CLASS: &'static str = "org.apache.kafka.connect.file.FileStreamSourceConnector";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    type Config = FileSourceConfig;

    fn start(config: FileSourceConfig, context: &SourceContext) -> Result<Self, Error> {
        let path = path::of(config.file.as_deref(), STREAM).map_err(Error::fatal)?;
        Ok(Self {
            partition: SourcePartition::new().with(offsets::FILENAME, config.file.as_deref().unwrap_or_default()),
            path,
            topic: config.topic,
            // Kafka Connect accepts any number, and returns one record if it is less than 1.
            batch_size: u32::try_from(config.batch_size).unwrap_or(1).max(1),
            context: context.clone(),
            schema: Schema::string().into(),
            file: None,
            position: 0,
            lines: LineBuffer::default(),
            at_end: false,
            next_check: FIRST_CHECK_INTERVAL,
            last_warning: LastWarning::None,
        })
    }

    fn poll(&mut self, batch: &mut BatchBuilder) -> Result<Poll, Error> {
        if self.file.is_none() && !self.open()? {
            return Ok(Poll::Idle(MAX_CHECK_INTERVAL));
        }
        if self.at_end && !self.has_grown()? {
            return Ok(self.idle());
        }
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(-1, |time| time.as_millis() as i64);
        loop {
            self.take_lines(batch, now);
            if !self.wants_more(batch) {
                return Ok(Poll::Ready);
            }
            match self.read() {
                Ok(true) => {}
                Ok(false) if batch.is_empty() => return Ok(self.idle()),
                Err(error) if batch.is_empty() => return Err(error),
                Ok(false) => return Ok(Poll::Idle(self.next_check)),
                // These records are returned first; the next call finds the error again.
                Err(_) => return Ok(Poll::Ready),
            }
        }
    }

    fn capabilities(config: &FileSourceConfig) -> Result<Vec<Capability>, Error> {
        // Without a valid path there is nothing to request; `validate` reports the error.
        let path = path::of(config.file.as_deref(), STREAM).ok();
        Ok(path.map(|path| Capability::ReadDirectory(path::directory(&path))).into_iter().collect())
    }

    fn validate(config: &FileSourceConfig) -> Vec<ConfigValue> {
        path::validate(config.file.as_deref(), STREAM)
    }
}

impl Transactions for FileStreamSource {
    fn supports_exactly_once(config: &FileSourceConfig) -> bool {
        path::of(config.file.as_deref(), STREAM).is_ok()
    }
}

impl AlterOffsets for FileStreamSource {
    fn alter_offsets(config: &FileSourceConfig, offsets: &[SourceOffset]) -> Result<bool, Error> {
        offsets::check_change(config.file.as_deref(), offsets)
    }
}

impl FileStreamSource {
    /// Opens the file at the stored position. Returns false if it does not exist yet.
    fn open(&mut self) -> Result<bool, Error> {
        let name = self.path.display();
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if self.last_warning != LastWarning::Missing {
                    warn!("{name} does not exist; checking once a second");
                    self.last_warning = LastWarning::Missing;
                }
                return Ok(false);
            }
            Err(error) => return Err(Error::fatal(format_args!("cannot open {name}: {error}"))),
        };
        let stored = self.context.stored_offset(&self.partition);
        self.position = offsets::position(stored.as_ref())?;
        file.seek(SeekFrom::Start(self.position))
            .or_fatal(format_args!("cannot seek to byte {} of {name}", self.position))?;
        info!("reading {name} from byte {}", self.position);
        self.file = Some(file);
        self.last_warning = LastWarning::None;
        Ok(true)
    }

    /// Returns the time until the next check after one that found nothing.
    fn idle(&mut self) -> Poll {
        let wait = self.next_check;
        self.next_check = (wait * 2).min(MAX_CHECK_INTERVAL);
        Poll::Idle(wait)
    }

    /// Returns whether a file that was read to its end may have more content. This takes one call of the host; reading takes four, and
    /// `File::metadata` two.
    fn has_grown(&mut self) -> Result<bool, Error> {
        let Some(file) = &mut self.file else { return Ok(true) };
        let next = self.position + self.lines.held() as u64;
        let name = self.path.display();
        let length = file.seek(SeekFrom::End(0)).or_fatal(format_args!("cannot read the length of {name}"))?;
        // If the file became shorter, `read` handles that.
        if length != next {
            file.seek(SeekFrom::Start(next)).or_fatal(format_args!("cannot seek to byte {next} of {name}"))?;
        }
        Ok(length != next)
    }

    fn wants_more(&self, batch: &BatchBuilder) -> bool {
        batch.len() < self.batch_size && batch.has_room()
    }

    /// Makes records of the lines that were read, as many as the batch has room for.
    fn take_lines(&mut self, batch: &mut BatchBuilder, now: i64) {
        while self.wants_more(batch)
            && let Some(line) = self.lines.next()
        {
            self.position += line.size as u64;
            let position = self.position;
            // In WebAssembly, the standard library checks one word at a time. Only text that is not UTF-8 needs replacement characters.
            let text = simdutf8::basic::from_utf8(line.text)
                .map_or_else(|_| String::from_utf8_lossy(line.text), Cow::Borrowed);
            batch
                .record(&self.topic)
                .value_text(&text)
                .value_schema(&self.schema)
                .timestamp(now)
                .offset(&self.partition, |offset| offset.set(offsets::POSITION, position))
                .push();
        }
    }

    /// Reads more bytes. Returns false if there are none now.
    fn read(&mut self) -> Result<bool, Error> {
        let Some(file) = &mut self.file else { return Ok(false) };
        let name = self.path.display();
        match self.lines.fill(file) {
            Ok(0) => {}
            Ok(_) => {
                self.last_warning = LastWarning::None;
                self.at_end = false;
                self.next_check = FIRST_CHECK_INTERVAL;
                return Ok(true);
            }
            Err(FillError::Read(error)) => return Err(Error::fatal(format_args!("cannot read {name}: {error}"))),
            Err(error @ FillError::TooLong) => {
                return Err(Error::fatal(format_args!("{name}, byte {}: {error}", self.position)));
            }
        }
        self.at_end = true;
        let length = file.metadata().or_fatal(format_args!("cannot read the length of {name}"))?.len();
        if length < self.position + self.lines.held() as u64 {
            // The kept bytes are no longer in the file, whose content is read again.
            debug!("{name} is shorter than what was read from it");
            self.lines.clear();
        }
        // In WASI, a file that was read to its end stays at its end, whatever is appended, until a seek.
        let next = self.position + self.lines.held() as u64;
        file.seek(SeekFrom::Start(next)).or_fatal(format_args!("cannot seek to byte {next} of {name}"))?;
        if length < self.position && self.last_warning != LastWarning::Shorter {
            warn!(
                "{name} has {length} bytes, fewer than the {} that were read; waiting until it has more. \
                 To read it from its beginning, create the connector with another name",
                self.position
            );
            self.last_warning = LastWarning::Shorter;
        }
        Ok(false)
    }
}
