//! `errors.*`: what happens to records that fail.

use std::time::Duration;

use crate::keys::KeyReader;
use weir_plugin::PluginKind;

/// `errors.*`: what happens to records that cannot be converted, transformed, sent or processed by the sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Errors {
    /// `errors.tolerance=all`: whether a failed record is skipped; otherwise, it fails the task.
    pub tolerate_all: bool,
    /// `errors.retry.timeout`: how long an operation that may succeed later is retried; `None` means without limit, zero not at
    /// all.
    pub retry_timeout: Option<Duration>,
    /// `errors.retry.delay.max.ms`: the maximum delay between two retries.
    pub retry_delay_max: Duration,
    /// `errors.log.enable`: whether each failed record is logged.
    pub log: bool,
    /// `errors.log.include.messages`: whether the log line identifies the record.
    pub log_records: bool,
    /// The dead letter queue of a sink; `None` if it has none.
    pub dead_letters: Option<DeadLetterQueue>,
}

/// Kafka Connect's defaults.
impl Default for Errors {
    fn default() -> Self {
        Self {
            tolerate_all: false,
            retry_timeout: Some(Duration::ZERO),
            retry_delay_max: Duration::from_secs(60),
            log: false,
            log_records: false,
            dead_letters: None,
        }
    }
}

impl Errors {
    /// Reads the keys of a connector of this kind.
    pub(super) fn read(reader: &mut KeyReader<'_>, kind: PluginKind) -> Self {
        Self {
            tolerate_all: reader.text("errors.tolerance") == "all",
            retry_timeout: match reader.integer("errors.retry.timeout") {
                // A negative time means without limit.
                Some(millis) => u64::try_from(millis).ok().map(Duration::from_millis),
                None => Self::default().retry_timeout,
            },
            retry_delay_max: reader.millis("errors.retry.delay.max.ms"),
            log: reader.flag("errors.log.enable"),
            log_records: reader.flag("errors.log.include.messages"),
            dead_letters: (kind == PluginKind::Sink).then(|| DeadLetterQueue::read(reader)).flatten(),
        }
    }
}

/// `errors.deadletterqueue.*` of a sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetterQueue {
    /// `errors.deadletterqueue.topic.name`, not empty.
    pub topic: String,
    /// `errors.deadletterqueue.topic.replication.factor`, used if the task creates the topic; -1 means the broker's default.
    pub replication_factor: i16,
    /// `errors.deadletterqueue.context.headers.enable`: whether headers describe why a record failed.
    pub context_headers: bool,
}

impl DeadLetterQueue {
    fn read(reader: &mut KeyReader<'_>) -> Option<Self> {
        let topic = reader.optional("errors.deadletterqueue.topic.name")?;
        let factor = reader.integer("errors.deadletterqueue.topic.replication.factor");
        Some(Self {
            topic,
            replication_factor: factor.and_then(|factor| i16::try_from(factor).ok()).unwrap_or(-1),
            context_headers: reader.flag("errors.deadletterqueue.context.headers.enable"),
        })
    }
}
