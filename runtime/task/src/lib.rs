//! Tasks: the loops that carry records between a plugin and Kafka. A task knows its configuration, its plugin and Kafka; it does
//! not know which herder runs it.

pub mod active_topics;
pub mod chain;
mod chain_fault;
mod chain_instance;
mod common;
pub mod control;
pub mod convert;
mod errors;
pub mod memory;
pub mod sink;
pub mod source;

pub use common::Common;
pub use errors::DeadLetterClients;

use weir_kafka::consumer_fault::ConsumerError;

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

impl Error {
    /// An error of a consumer that is not transient.
    fn consumer(error: &ConsumerError) -> Self {
        Self::Consumer { exception: error.exception(), reason: error.reason.clone(), next: error.fault().next() }
    }
}

/// Why a task failed; the text is the `trace` of its status.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A call of the plugin.
    #[error("{0}")]
    Plugin(#[from] weir_plugin::CallError),
    /// The Kafka client.
    #[error("Kafka: {what}: {}", weir_kafka::producer::describe(cause))]
    Kafka {
        /// The operation that failed.
        what: &'static str,
        /// librdkafka's answer.
        #[source]
        cause: weir_kafka::KafkaError,
    },
    /// Kafka did not accept a record.
    #[error("Unrecoverable exception from producer send callback\nCaused by: {cause}\nNext: {next}")]
    Delivery {
        /// Kafka's or librdkafka's answer.
        cause: String,
        /// What to do.
        next: &'static str,
    },
    /// A record could not be handled, and `errors.tolerance` is `none`. The first lines are Kafka Connect's: alerts look for them.
    #[error(
        "org.apache.kafka.connect.errors.ConnectException: Tolerance exceeded in error handler\nCaused by: {trace}\n{what}, {place}\n\
         Next: fix the record or the configuration, or set errors.tolerance=all to skip failing records"
    )]
    Tolerance {
        /// The operation that failed, in Kafka Connect's words.
        what: String,
        /// Which record.
        place: String,
        /// The cause.
        trace: String,
    },
    /// The source's offsets exceed a limit.
    #[error("{0}")]
    Offsets(weir_storage::offsets::Exceeded),
    /// A broker refuses a client: another attempt with the same settings does not help.
    #[error(
        "Kafka refuses the task's {client}\nCaused by: {reason} (the settings are {client}.* of the worker and {client}.override.* of the \
         connector)"
    )]
    Refused {
        /// `producer`, `consumer`.
        client: &'static str,
        /// librdkafka's text, and what to do next.
        reason: String,
    },
    /// The consumer cannot read until an operator has changed something. The exception is Kafka Connect's.
    #[error("{exception}: {reason}\nNext: {next}")]
    Consumer {
        /// The class that it is in Java.
        exception: &'static str,
        /// librdkafka's text.
        reason: String,
        /// What to do.
        next: &'static str,
    },
    /// A topic does not exist and cannot be created, or it is not known whether it exists.
    #[error("{0}")]
    Topic(String),
    /// A step of a chain of transforms could not be set up.
    #[error("{place}: {cause}")]
    Step {
        /// The step, by its alias and class.
        place: String,
        /// Why.
        cause: weir_plugin::CallError,
    },
    /// A step of a chain of transforms failed as a whole, and not for a record.
    #[error(
        "org.apache.kafka.connect.errors.ConnectException: Unhandled exception in error handler\nCaused by: {place}: {cause}"
    )]
    Unhandled {
        /// The step, by its alias and class.
        place: String,
        /// Why.
        cause: weir_plugin::CallError,
    },
    /// A source's record has a time before 1970, as in Kafka Connect.
    #[error("org.apache.kafka.common.InvalidRecordException: Invalid record timestamp {0}")]
    Timestamp(i64),
    /// The dead letter queue has no topic.
    #[error(
        "org.apache.kafka.connect.errors.ConnectException: Could not initialize dead letter queue with topic={topic}\nCaused by: \
         {cause}"
    )]
    DeadLetterTopic {
        /// Its name.
        topic: String,
        /// Kafka's answer.
        cause: String,
    },
    /// Kafka did not accept a record for the dead letter queue.
    #[error("Could not produce message to dead letter queue. topic={topic}\nCaused by: {cause}")]
    DeadLetter {
        /// The queue's topic.
        topic: String,
        /// Kafka's answer, and what to do.
        cause: String,
    },
    /// A sink kept failing although records were skipped.
    #[error("too many failing records: {limit}\nCaused by: {cause}")]
    Bisect {
        /// Which bound was hit.
        limit: String,
        /// The last failure.
        cause: weir_plugin::CallError,
    },
    /// Not a failure: the task was stopped while it waited to try something again. The records in hand are read again.
    #[error("stopped")]
    Stopped,
    /// A configuration that passed validation and still cannot be used.
    #[error("{0}")]
    Config(String),
}
