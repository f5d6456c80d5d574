//! Classifies the errors that are reported for records. docs/errors.md has the table, and a test keeps it equal.
//!
//! librdkafka reports an error for each record of a request, although most errors are about the client, the broker or the whole
//! request. Only [`Fault::Record`] may ever be skipped.

use rdkafka::error::RDKafkaErrorCode;

/// What is at fault when Kafka does not accept a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The record itself: sent alone, it would be refused again.
    Record,
    /// The request was larger than the topic or the broker allows. It is the record itself if it was alone in the request.
    RequestSize,
    /// A record of the request, not known which. It is the record itself if it was alone in the request.
    Request,
    /// `delivery.timeout.ms` has passed.
    Timeout,
    /// The client, the broker, the cluster or the queue. The same record is accepted later.
    Transient,
    /// A permission or a setting. Sending again is refused again until an operator changes something.
    Setup,
}

impl Fault {
    /// Classifies what librdkafka reports for a record. A code that is not known here is transient: nothing is skipped for it.
    pub fn of(code: RDKafkaErrorCode) -> Self {
        use RDKafkaErrorCode as Code;
        match code {
            // The name, as a source or a transform made it.
            Code::InvalidTopic => Self::Record,
            Code::MessageSizeTooLarge | Code::MessageBatchTooLarge | Code::InvalidMessageSize => Self::RequestSize,
            // With brokers since 2.4 the code is that of the record, and others of its request have `InvalidDifferentRecord`.
            Code::InvalidRecord | Code::InvalidTimestamp | Code::UnsupportedForMessageFormat => Self::Request,
            Code::MessageTimedOut => Self::Timeout,
            Code::TopicAuthorizationFailed
            | Code::ClusterAuthorizationFailed
            | Code::TransactionalIdAuthorizationFailed
            | Code::Authentication
            | Code::SaslAuthenticationFailed
            | Code::UnsupportedSASLMechanism
            | Code::IllegalSASLState
            | Code::SecurityDisabled
            | Code::PolicyViolation
            | Code::InvalidRequiredAcks
            | Code::InvalidRequest
            | Code::InvalidConfig
            | Code::InvalidArgument
            | Code::UnsupportedCompressionType
            | Code::UnsupportedVersion
            | Code::UnsupportedFeature
            | Code::NotImplemented
            // Java's `UnknownServerException` is not retriable either; the broker's log has details.
            | Code::Unknown => Self::Setup,
            _ => Self::Transient,
        }
    }

    /// Returns what the operator of a task that failed with it has to do.
    pub fn next(self) -> &'static str {
        match self {
            Self::Record | Self::RequestSize | Self::Request => {
                "correct the record at its source or the topic's settings, or set errors.tolerance=all to skip records that are at \
                 fault themselves"
            }
            Self::Timeout => {
                "see why the brokers do not answer, then restart the task; raise delivery.timeout.ms (producer.* of the worker, \
                 producer.override.* of the connector) to wait longer"
            }
            Self::Setup => {
                "give the producer's user the permission, or correct its settings (producer.* of the worker, producer.override.* of \
                 the connector), then restart the task, which sends the record again"
            }
            Self::Transient => "restart the task",
        }
    }
}

/// All errors that librdkafka has.
#[doc(hidden)]
pub fn codes() -> Vec<RDKafkaErrorCode> {
    use rdkafka::bindings::rd_kafka_resp_err_t as Native;
    let known = (-200..1000).filter_map(|number| Native::try_from(number).ok()).map(RDKafkaErrorCode::from);
    known.filter(|code| *code != RDKafkaErrorCode::NoError).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_errors_are_found_and_only_few_can_be_a_records_own_fault() {
        let codes = codes();
        assert!(codes.len() > 150, "{}", codes.len());
        let own = codes
            .iter()
            .filter(|code| matches!(Fault::of(**code), Fault::Record | Fault::RequestSize | Fault::Request));
        assert_eq!(own.count(), 7);
    }

    #[test]
    fn the_documented_table_is_this_one() {
        let document = include_str!("../../../docs/errors.md");
        let row = |start: &str| document.lines().find(|line| line.starts_with(start)).expect("the table has the line");
        let classes = [
            (Fault::Record, row("| the record |")),
            (Fault::RequestSize, row("| the size of the request |")),
            (Fault::Request, row("| a record of the request |")),
            (Fault::Timeout, row("| time |")),
            (Fault::Setup, row("| a permission or a setting |")),
        ];
        for code in codes() {
            for (fault, row) in classes {
                let is_named = row.contains(&format!("`{code:?}`"));
                assert_eq!(is_named, Fault::of(code) == fault, "{code:?} in {row}");
            }
        }
    }

    #[test]
    fn errors_of_clients_brokers_and_queues_are_never_the_records_own() {
        use RDKafkaErrorCode as Code;
        for code in [
            Code::Fatal,
            Code::PurgeQueue,
            Code::PurgeInflight,
            Code::BrokerDestroy,
            Code::DestroyBroker,
            Code::OutOfOrderSequenceNumber,
            Code::UnknownProducerId,
            Code::InvalidProducerEpoch,
            Code::GaplessGuarantee,
            Code::Inconsistent,
            Code::UnknownTopic,
            Code::UnknownTopicOrPartition,
            Code::UnknownPartition,
            Code::UnknownTopicId,
            Code::NotEnoughReplicas,
            Code::NotEnoughReplicasAfterAppend,
            Code::NotLeaderForPartition,
            Code::LeaderNotAvailable,
            Code::RequestTimedOut,
            Code::OperationTimedOut,
            Code::BrokerTransportFailure,
            Code::AllBrokersDown,
            Code::KafkaStorageError,
            Code::InvalidMessage,
            Code::InvalidDifferentRecord,
            Code::QueueFull,
        ] {
            assert_eq!(Fault::of(code), Fault::Transient, "{code:?}");
        }
        assert_eq!(Fault::of(Code::MessageTimedOut), Fault::Timeout);
        assert_eq!(Fault::of(Code::TopicAuthorizationFailed), Fault::Setup);
    }
}
