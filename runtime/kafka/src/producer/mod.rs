//! Producers: `shared.rs` opens them for all tasks with equal client settings, `writer.rs` puts a task's records into their queues, and
//! `tracking.rs` stores the outcome of each.

mod shared;
mod tracking;
mod writer;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

pub use shared::{End, Producers, Reports, SharedProducer};
pub(super) use tracking::Deliveries;
pub use tracking::{MAX_RECORDS, Outcome, Outstanding, SendFailure};
pub use writer::{OutgoingRecord, Sent, TopicId, TopicWriter, Tracked};

/// The log target of all these modules: operators filter by it.
const LOG_TARGET: &str = "weir_kafka::producer";

fn in_words(topic: &str, code: RDKafkaErrorCode) -> String {
    format!("topic {topic}: {code} ({code:?})")
}

/// The text of a client error, without rdkafka's wrapping.
pub fn describe(error: &KafkaError) -> String {
    match error.rdkafka_error_code() {
        Some(code) => format!("{code} ({code:?})"),
        None => error.to_string(),
    }
}
