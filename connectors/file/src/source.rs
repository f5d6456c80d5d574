//! `FileStreamSource`: each line of a file is a record.

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

/// What Kafka Connect reads when no file is given.
const STREAM: &str = "standard input";

/// How long until it is worth looking again, at first, after a file had something new. Each look in vain doubles it.
const LOOK_AGAIN_FIRST: Duration = Duration::from_millis(10);

/// The longest time between two looks: Kafka Connect's.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The keys, as in `org.apache.kafka.connect.file.FileStreamSourceConnector` and in its words, which tools compare. A plugin in a
/// sandbox has no standard input: `path::of` says so to whoever gives no file.
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
    /// Where in the file the next line begins. Everything before it was handed over.
    position: u64,
    lines: LineBuffer,
    /// The last read found nothing more.
    at_end: bool,
    /// How long to wait after the next look in vain.
    next_look: Duration,
    /// What the log has been told already, and need not be told each second.
    told: Told,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Told {
    #[default]
    Nothing,
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
            // Kafka Connect takes any number, and brings one record where it is less than that.
            batch_size: u32::try_from(config.batch_size).unwrap_or(1).max(1),
            context: context.clone(),
            schema: Schema::string().into(),
            file: None,
            position: 0,
            lines: LineBuffer::default(),
            at_end: false,
            next_look: LOOK_AGAIN_FIRST,
            told: Told::Nothing,
        })
    }

    fn poll(&mut self, batch: &mut BatchBuilder) -> Result<Poll, Error> {
        if self.file.is_none() && !self.open()? {
            return Ok(Poll::Idle(LOOK_AGAIN));
        }
        if self.at_end && !self.has_grown()? {
            return Ok(self.look_again());
        }
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(-1, |time| time.as_millis() as i64);
        loop {
            self.take_lines(batch, now);
            if !self.wants_more(batch) {
                return Ok(Poll::Ready);
            }
            match self.read() {
                Ok(true) => {}
                Ok(false) if batch.is_empty() => return Ok(self.look_again()),
                Err(error) if batch.is_empty() => return Err(error),
                Ok(false) => return Ok(Poll::Idle(self.next_look)),
                // The records come first; what was found behind them is found again.
                Err(_) => return Ok(Poll::Ready),
            }
        }
    }

    fn capabilities(config: &FileSourceConfig) -> Result<Vec<Capability>, Error> {
        // Without a usable path there is nothing to ask for; `validate` says what is wrong.
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
    /// Opens the file and goes to where the last run ended. False = it is not there yet.
    fn open(&mut self) -> Result<bool, Error> {
        let name = self.path.display();
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if self.told != Told::Missing {
                    warn!("{name} is not there; it is looked for once a second");
                    self.told = Told::Missing;
                }
                return Ok(false);
            }
            Err(error) => return Err(Error::fatal(format_args!("cannot open {name}: {error}"))),
        };
        let stored = self.context.stored_offset(&self.partition);
        self.position = offsets::position(stored.as_ref())?;
        file.seek(SeekFrom::Start(self.position)).or_fatal(format_args!("cannot go to {} in {name}", self.position))?;
        info!("reading {name} from byte {}", self.position);
        self.file = Some(file);
        self.told = Told::Nothing;
        Ok(true)
    }

    /// When to look again after a look in vain.
    fn look_again(&mut self) -> Poll {
        let wait = self.next_look;
        self.next_look = (wait * 2).min(LOOK_AGAIN);
        Poll::Idle(wait)
    }

    /// Whether a file that was read to its end may have more. One question to the host, where reading takes four and
    /// `File::metadata` two.
    fn has_grown(&mut self) -> Result<bool, Error> {
        let Some(file) = &mut self.file else { return Ok(true) };
        let next = self.position + self.lines.held() as u64;
        let name = self.path.display();
        let length = file.seek(SeekFrom::End(0)).or_fatal(format_args!("cannot see the length of {name}"))?;
        // One that became shorter is looked at by `read`.
        if length != next {
            file.seek(SeekFrom::Start(next)).or_fatal(format_args!("cannot go to {next} in {name}"))?;
        }
        Ok(length != next)
    }

    fn wants_more(&self, batch: &BatchBuilder) -> bool {
        batch.len() < self.batch_size && batch.has_room()
    }

    /// Makes records of the lines read so far, as many as there is room for.
    fn take_lines(&mut self, batch: &mut BatchBuilder, now: i64) {
        while self.wants_more(batch)
            && let Some(line) = self.lines.next()
        {
            self.position += line.size as u64;
            let position = self.position;
            // The standard library looks at a word at a time in WebAssembly; only what is no UTF-8 needs its replacements.
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

    /// Reads what follows. False = there is nothing more now.
    fn read(&mut self) -> Result<bool, Error> {
        let Some(file) = &mut self.file else { return Ok(false) };
        let name = self.path.display();
        match self.lines.fill(file) {
            Ok(0) => {}
            Ok(_) => {
                self.told = Told::Nothing;
                self.at_end = false;
                self.next_look = LOOK_AGAIN_FIRST;
                return Ok(true);
            }
            Err(FillError::Read(error)) => return Err(Error::fatal(format_args!("cannot read {name}: {error}"))),
            Err(error @ FillError::TooLong) => {
                return Err(Error::fatal(format_args!("{name}, byte {}: {error}", self.position)));
            }
        }
        self.at_end = true;
        let length = file.metadata().or_fatal(format_args!("cannot see the length of {name}"))?.len();
        if length < self.position + self.lines.held() as u64 {
            // What is held back is no longer there: what is there now is to be read.
            debug!("{name} is shorter than what was read of it");
            self.lines.clear();
        }
        // In WASI a file that was read to its end stays at its end, whatever is appended, until it is told where to go on.
        let next = self.position + self.lines.held() as u64;
        file.seek(SeekFrom::Start(next)).or_fatal(format_args!("cannot go to {next} in {name}"))?;
        if length < self.position && self.told != Told::Shorter {
            warn!(
                "{name} has {length} bytes, fewer than the {} that were read of it; waiting for it to grow beyond that. \
                 To read it from its start, create the connector under another name",
                self.position
            );
            self.told = Told::Shorter;
        }
        Ok(false)
    }
}
