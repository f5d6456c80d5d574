//! The exceptions that failures are in Kafka Connect. Operators' alerts and the readers of dead letter queues expect these names.

use weir_data::text::{MAX_MESSAGE, MAX_TRACE, bounded};
use weir_kafka::RDKafkaErrorCode;

/// The class that Kafka Connect names for records that a sink reports (`WorkerErrantRecordReporter`).
pub(super) const SINK_TASK: &str = "org.apache.kafka.connect.sink.SinkTask";
/// The class that it names for records that Kafka did not accept.
pub(super) const SOURCE_TASK: &str = "org.apache.kafka.connect.runtime.WorkerSourceTask";

const DATA: &str = "org.apache.kafka.connect.errors.DataException";
const CONNECT: &str = "org.apache.kafka.connect.errors.ConnectException";
const RETRIABLE: &str = "org.apache.kafka.connect.errors.RetriableException";
const SERIALIZATION: &str = "org.apache.kafka.common.errors.SerializationException";

/// A Java exception, as far as others see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// The class.
    pub class: &'static str,
    /// The message.
    pub message: String,
    /// Further details: the lines below the first of its trace.
    pub cause: Option<String>,
}

impl Exception {
    /// Creates the exception of a converter. Details that Kafka Connect's message does not contain become the cause.
    pub fn of_converter(message: String) -> Self {
        // It may quote the record.
        let message = bounded(message, MAX_MESSAGE);
        let known = weir_data::converter::NOT_JSON;
        match message.strip_prefix(known) {
            Some(rest) if !rest.is_empty() => Self {
                class: DATA,
                message: known.to_owned(),
                cause: Some(format!("Caused by: {SERIALIZATION}: {rest}")),
            },
            _ => Self { class: DATA, message, cause: None },
        }
    }

    /// Creates the exception of a transform. It is `retriable` if the transform reports that the same record may succeed later.
    pub fn of_transform(message: String, retriable: bool) -> Self {
        Self { class: if retriable { RETRIABLE } else { DATA }, message, cause: None }
    }

    /// Creates the exception of a sink from its text about a record, or from the trace of the failed call. The first line is the message.
    pub fn of_sink(text: &str) -> Self {
        let (message, rest) = text.split_once('\n').unwrap_or((text, ""));
        let cause = (!rest.is_empty()).then(|| rest.to_owned());
        Self { class: CONNECT, message: bounded(message.to_owned(), MAX_MESSAGE), cause }
    }

    /// Of Java's producer, for a record that was not sent.
    pub(super) fn of_send(code: RDKafkaErrorCode, message: String) -> Self {
        let class = match code {
            RDKafkaErrorCode::MessageSizeTooLarge => "org.apache.kafka.common.errors.RecordTooLargeException",
            RDKafkaErrorCode::MessageBatchTooLarge => "org.apache.kafka.common.errors.RecordBatchTooLargeException",
            RDKafkaErrorCode::TopicAuthorizationFailed => "org.apache.kafka.common.errors.TopicAuthorizationException",
            RDKafkaErrorCode::ClusterAuthorizationFailed => {
                "org.apache.kafka.common.errors.ClusterAuthorizationException"
            }
            RDKafkaErrorCode::MessageTimedOut => "org.apache.kafka.common.errors.TimeoutException",
            RDKafkaErrorCode::InvalidTopic => "org.apache.kafka.common.errors.InvalidTopicException",
            RDKafkaErrorCode::UnknownTopic | RDKafkaErrorCode::UnknownTopicOrPartition => {
                "org.apache.kafka.common.errors.UnknownTopicOrPartitionException"
            }
            RDKafkaErrorCode::InvalidRecord => "org.apache.kafka.common.InvalidRecordException",
            _ => "org.apache.kafka.common.KafkaException",
        };
        Self { class, message, cause: None }
    }

    /// The text of Java's `printStackTrace`, with our own lines below the first.
    pub fn trace(&self) -> String {
        let mut text = format!("{}: {}", self.class, self.message);
        if let Some(cause) = &self.cause {
            text.push('\n');
            text.push_str(cause);
        }
        // A plugin's message may be long.
        let mut text = bounded(text, MAX_TRACE);
        text.push('\n');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_converters_message_is_kafka_connects_and_the_detail_stands_below() {
        let text = format!("{}expected a value at 3", weir_data::converter::NOT_JSON);
        let exception = Exception::of_converter(text);
        assert_eq!(exception.message, weir_data::converter::NOT_JSON);
        assert_eq!(
            exception.trace(),
            "org.apache.kafka.connect.errors.DataException: Converting byte[] to Kafka Connect data failed due to serialization \
             error: \nCaused by: org.apache.kafka.common.errors.SerializationException: expected a value at 3\n"
        );
        assert_eq!(
            Exception::of_converter("Failed to deserialize long: ".into()).message,
            "Failed to deserialize long: "
        );
    }

    #[test]
    fn a_sinks_first_line_is_the_message() {
        let exception = Exception::of_sink("in sink.put: trap\n    at f");
        assert_eq!(exception.message, "in sink.put: trap");
        assert!(exception.trace().ends_with("trap\n    at f\n"));
    }

    #[test]
    fn a_long_trace_is_cut_between_characters() {
        let exception = Exception::of_sink(&format!("{}\n{}", "ä".repeat(MAX_TRACE), "ö".repeat(MAX_TRACE)));
        assert!(
            exception.message.len() < MAX_MESSAGE + 50 && exception.message.contains("ä... truncated, 32768 bytes")
        );
        let trace = exception.trace();
        assert!(trace.len() < MAX_TRACE + 50 && trace.contains("ö... truncated, "), "{trace}");
    }
}
