//! Records that fail: retried, counted, logged, sent to the dead letter queue, and then either skipped or the end of the task, as Kafka
//! Connect's `RetryWithToleranceOperator` and its reporters do it.
//!
//! `retry.rs` waits between attempts, `handler.rs` decides, `log.rs` writes the log lines, `dead_letters.rs` writes the dead letter queue,
//! and `exception.rs` returns the Java exception for a failure.

mod dead_letters;
mod exception;
mod handler;
mod log;
mod retry;

pub use dead_letters::DeadLetterClients;
pub(super) use dead_letters::{DeadLetter, DeadLetters, OnStop};
pub(super) use exception::Exception;
use exception::{SINK_TASK, SOURCE_TASK};
pub(super) use handler::{Handler, Record};
pub(super) use log::{Polled, RecordLocation, cut};
pub(super) use retry::Pause;

/// The operation during which a record failed: Kafka Connect's `Stage`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// A transform.
    Transformation,
    /// The key's converter.
    KeyConverter,
    /// The value's converter.
    ValueConverter,
    /// The converter of header values.
    HeaderConverter,
    /// Kafka did not accept the record.
    KafkaProduce,
    /// The sink did not accept the record.
    TaskPut,
}

impl Stage {
    /// Kafka Connect's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Transformation => "TRANSFORMATION",
            Self::KeyConverter => "KEY_CONVERTER",
            Self::ValueConverter => "VALUE_CONVERTER",
            Self::HeaderConverter => "HEADER_CONVERTER",
            Self::KafkaProduce => "KAFKA_PRODUCE",
            Self::TaskPut => "TASK_PUT",
        }
    }

    /// Returns whether the failure was reported by a plugin or by Kafka. Kafka Connect counts it differently from one that the runtime
    /// detected (`executeFailed` and `execute`).
    fn is_reported(self) -> bool {
        matches!(self, Self::KafkaProduce | Self::TaskPut)
    }
}

/// Why a record failed, for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The operation.
    pub stage: Stage,
    /// The Java class that did it, or the plugin's class.
    pub class: String,
    /// What went wrong.
    pub exception: Exception,
}

impl Failure {
    /// The beginning of Kafka Connect's log line about it.
    fn what(&self) -> String {
        format!("Executing stage '{}' with class '{}'", self.stage.name(), self.class)
    }
}
