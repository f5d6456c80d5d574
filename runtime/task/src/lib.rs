//! Tasks: the loops that carry rows between a plugin and Kafka. A task knows its configuration, its plugin and Kafka; it does
//! not know which herder runs it.

pub mod active_topics;
pub mod chain;
mod chain_fault;
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
    /// An error of a consumer that will not pass by itself.
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
        /// What was being done.
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
    /// A row could not be handled, and `errors.tolerance` is `none`. The first lines are Kafka Connect's: alerts look for them.
    #[error(
        "org.apache.kafka.connect.errors.ConnectException: Tolerance exceeded in error handler\nCaused by: {trace}\n{what}, {place}\n\
         Next: mend the row or the configuration, or set errors.tolerance=all to leave such rows out"
    )]
    Tolerance {
        /// What was being done, in Kafka Connect's words.
        what: String,
        /// Which row.
        place: String,
        /// What is wrong with it.
        trace: String,
    },
    /// The source's offsets cannot be stored, and never will be.
    #[error("{0}")]
    Offsets(weir_storage::offsets::Exceeded),
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
    /// The consumer cannot read, and will not be able to before somebody has changed something. The exception is Kafka Connect's.
    #[error("{exception}: {reason}\nNext: {next}")]
    Consumer {
        /// The class that it is in Java.
        exception: &'static str,
        /// librdkafka's text.
        reason: String,
        /// What to do.
        next: &'static str,
    },
    /// A topic is not there and cannot be made, or nobody knows.
    #[error("{0}")]
    Topic(String),
    /// A step of a chain of transforms could not be set up.
    #[error("{place}: {cause}")]
    Step {
        /// Which step, by its alias and class.
        place: String,
        /// Why.
        cause: weir_plugin::CallError,
    },
    /// A step of a chain of transforms failed as such, and not for a record.
    #[error(
        "org.apache.kafka.connect.errors.ConnectException: Unhandled exception in error handler\nCaused by: {place}: {cause}"
    )]
    Unhandled {
        /// Which step, by its alias and class.
        place: String,
        /// Why.
        cause: weir_plugin::CallError,
    },
    /// A source's row has a time before 1970, as in Kafka Connect.
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
    /// Kafka did not take a row that failed.
    #[error(
        "Could not produce message to dead letter queue. topic={topic}\nCaused by: {cause}\nNext: see that the topic takes the row; \
         it is read again when the task is restarted"
    )]
    DeadLetter {
        /// The queue's topic.
        topic: String,
        /// Kafka's answer.
        cause: String,
    },
    /// A sink failed again and again, and leaving out rows did not mend it.
    #[error("the sink fails for more than a few rows: {limit}\nCaused by: {cause}")]
    Bisect {
        /// Which bound was hit.
        limit: String,
        /// The last failure.
        cause: weir_plugin::CallError,
    },
    /// Not a failure: the task was stopped while it waited to try something again. The rows in hand come again.
    #[error("stopped")]
    Stopped,
    /// A configuration that passed validation and still cannot be used.
    #[error("{0}")]
    Config(String),
}
