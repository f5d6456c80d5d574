//! Tasks: the loops that carry rows between a plugin and Kafka. A task knows its configuration, its plugin and Kafka; it does
//! not know which herder runs it.

pub mod active_topics;
pub mod chain;
mod common;
pub mod control;
pub mod convert;
pub mod sink;
pub mod source;

pub use common::Common;

/// Which task.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TaskId {
    /// The connector's name.
    pub connector: String,
    /// The number of the task, from 0.
    pub task: u32,
}

impl std::fmt::Display for TaskId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.connector, self.task)
    }
}

/// Why a task failed; the text is the `trace` of its status.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A call of the plugin.
    #[error("{0}")]
    Plugin(#[from] weir_plugin::CallError),
    /// The Kafka client.
    #[error("Kafka: {what}: {}", crate::kafka::producer::describe(cause))]
    Kafka {
        /// What was being done.
        what: &'static str,
        /// librdkafka's answer.
        #[source]
        cause: rdkafka::error::KafkaError,
    },
    /// Kafka did not take a row.
    #[error("Unrecoverable exception from producer send callback\nCaused by: {0}")]
    Delivery(String),
    /// A row could not be handled, and `errors.tolerance` is `none`.
    #[error(
        "Tolerance exceeded in error handler\nCaused by: stage {stage}, {place}: {message}\nNext: mend the row or the configuration, or set \
         errors.tolerance=all to skip such rows"
    )]
    Row {
        /// Kafka Connect's name of the stage.
        stage: &'static str,
        /// Which row.
        place: String,
        /// What is wrong with it.
        message: String,
    },
    /// A broker does not let a client in: asking again with the same settings brings nothing.
    #[error(
        "Kafka refuses the task's {client}\nCaused by: {reason} (the settings are {client}.* of the worker and {client}.override.* of the \
         connector)"
    )]
    Refused {
        /// `producer`, `consumer`.
        client: &'static str,
        /// What librdkafka says, and what to do next.
        reason: String,
    },
    /// A topic is not there and cannot be made, or nobody knows.
    #[error("{0}")]
    Topic(String),
    /// A configuration that passed validation and still cannot be used.
    #[error("{0}")]
    Config(String),
}
