//! What an error of a consumer means for its task. docs/errors.md has the table, and a test keeps it equal.
//!
//! Java's consumer throws errors that would occur again, which fails the task, and retries all others. librdkafka reports and retries both.

use rdkafka::error::RDKafkaErrorCode;

/// Why a consumer cannot read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsumerFault {
    /// The connection, the broker, the coordinator or the group, at the moment. The consumer retries.
    Transient,
    /// There is no offset to read from, and `auto.offset.reset` is `none`.
    Position,
    /// A permission.
    Permission,
    /// A setting of the consumer, of the group or of the subscription.
    Setup,
    /// The content of the topic cannot be read. A task that continued would skip it.
    Data,
    /// The client itself: librdkafka has stopped it.
    Client,
}

/// An error that a consumer reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumerError {
    /// The error code.
    pub code: RDKafkaErrorCode,
    /// A text with the topic or the group that it is about.
    pub reason: String,
    /// Whether librdkafka has stopped the client.
    pub is_fatal: bool,
}

impl ConsumerError {
    /// The exception of Java's consumer, which alerts may look for.
    pub fn exception(&self) -> &'static str {
        match self.code {
            // librdkafka has the same code for a missing offset and for one that no longer exists in the topic.
            RDKafkaErrorCode::AutoOffsetReset if self.reason.contains("out of range") => {
                exception(RDKafkaErrorCode::OffsetOutOfRange)
            }
            code => exception(code),
        }
    }

    /// Returns what the error means for the task.
    pub fn fault(&self) -> ConsumerFault {
        match ConsumerFault::of(self.code) {
            ConsumerFault::Transient if self.is_fatal => ConsumerFault::Client,
            fault => fault,
        }
    }
}

impl ConsumerFault {
    /// Classifies what librdkafka reports for a consumer. A code that is not known here is transient.
    pub fn of(code: RDKafkaErrorCode) -> Self {
        use RDKafkaErrorCode as Code;
        match code {
            Code::AutoOffsetReset | Code::OffsetOutOfRange | Code::LogTruncation => Self::Position,
            Code::TopicAuthorizationFailed
            | Code::GroupAuthorizationFailed
            | Code::ClusterAuthorizationFailed
            | Code::SaslAuthenticationFailed
            | Code::UnsupportedSASLMechanism
            | Code::IllegalSASLState => Self::Permission,
            Code::InvalidTopic
            | Code::InvalidGroupId
            | Code::InvalidSessionTimeout
            | Code::InconsistentGroupProtocol
            // The group has settled on an assignor that this member does not have.
            | Code::UnknownProtocol
            | Code::UnsupportedAssignor
            | Code::GroupMaxSizeReached
            | Code::FencedInstanceId
            | Code::UnreleasedInstanceId
            | Code::Fenced
            | Code::UnsupportedVersion
            | Code::UnsupportedFeature
            | Code::UnsupportedForMessageFormat
            | Code::UnsupportedCompressionType
            | Code::SecurityDisabled
            | Code::InvalidConfig
            | Code::InvalidRequest
            | Code::InvalidArgument
            | Code::NotConfigured
            | Code::InvalidMessageSize
            // Does not fit into `receive.message.max.bytes`.
            | Code::MessageSizeTooLarge => Self::Setup,
            Code::BadMessage | Code::BadCompression | Code::InvalidMessage | Code::NotImplemented => Self::Data,
            Code::Fatal => Self::Client,
            _ => Self::Transient,
        }
    }

    /// Returns what the operator of a task that failed with it has to do.
    pub fn next(self) -> &'static str {
        match self {
            Self::Position => {
                "choose where to read from, with PATCH /connectors/NAME/offsets while the connector is stopped, or set auto.offset.reset to \
                 earliest or latest (consumer.* of the worker, consumer.override.* of the connector)"
            }
            Self::Permission => {
                "give the consumer's user the right to read the topic and the group, then restart the task"
            }
            Self::Setup => {
                "correct topics or the consumer's settings (consumer.* of the worker, consumer.override.* of the connector), or those of the \
                 group's other members"
            }
            Self::Data => {
                "see whether the broker's log is damaged; to leave the records out, set the offset after them with \
                 PATCH /connectors/NAME/offsets while the connector is stopped"
            }
            Self::Client | Self::Transient => "restart the task",
        }
    }
}

fn exception(code: RDKafkaErrorCode) -> &'static str {
    use RDKafkaErrorCode as Code;
    match code {
        Code::AutoOffsetReset => "org.apache.kafka.clients.consumer.NoOffsetForPartitionException",
        Code::OffsetOutOfRange => "org.apache.kafka.clients.consumer.OffsetOutOfRangeException",
        Code::LogTruncation => "org.apache.kafka.clients.consumer.LogTruncationException",
        Code::TopicAuthorizationFailed => "org.apache.kafka.common.errors.TopicAuthorizationException",
        Code::GroupAuthorizationFailed => "org.apache.kafka.common.errors.GroupAuthorizationException",
        Code::ClusterAuthorizationFailed => "org.apache.kafka.common.errors.ClusterAuthorizationException",
        Code::SaslAuthenticationFailed => "org.apache.kafka.common.errors.SaslAuthenticationException",
        Code::UnsupportedSASLMechanism => "org.apache.kafka.common.errors.UnsupportedSaslMechanismException",
        Code::IllegalSASLState => "org.apache.kafka.common.errors.IllegalSaslStateException",
        Code::InvalidTopic => "org.apache.kafka.common.errors.InvalidTopicException",
        Code::InvalidGroupId => "org.apache.kafka.common.errors.InvalidGroupIdException",
        Code::InvalidSessionTimeout => "org.apache.kafka.common.errors.InvalidSessionTimeoutException",
        Code::InconsistentGroupProtocol => "org.apache.kafka.common.errors.InconsistentGroupProtocolException",
        Code::UnsupportedAssignor => "org.apache.kafka.common.errors.UnsupportedAssignorException",
        Code::GroupMaxSizeReached => "org.apache.kafka.common.errors.GroupMaxSizeReachedException",
        Code::FencedInstanceId | Code::Fenced => "org.apache.kafka.common.errors.FencedInstanceIdException",
        Code::UnreleasedInstanceId => "org.apache.kafka.common.errors.UnreleasedInstanceIdException",
        Code::UnsupportedVersion | Code::UnsupportedFeature => {
            "org.apache.kafka.common.errors.UnsupportedVersionException"
        }
        Code::UnsupportedForMessageFormat => "org.apache.kafka.common.errors.UnsupportedForMessageFormatException",
        Code::UnsupportedCompressionType => "org.apache.kafka.common.errors.UnsupportedCompressionTypeException",
        Code::SecurityDisabled => "org.apache.kafka.common.errors.SecurityDisabledException",
        Code::InvalidRequest => "org.apache.kafka.common.errors.InvalidRequestException",
        _ => "org.apache.kafka.common.KafkaException",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::codes;

    const CLASSES: [(ConsumerFault, &str); 5] = [
        (ConsumerFault::Position, "| no offset to read from |"),
        (ConsumerFault::Permission, "| a permission of the consumer |"),
        (ConsumerFault::Setup, "| a setting of the consumer |"),
        (ConsumerFault::Data, "| what is in the topic |"),
        (ConsumerFault::Client, "| the consumer |"),
    ];

    #[test]
    fn the_documented_table_is_this_one() {
        let document = include_str!("../../../docs/errors.md");
        let row = |start: &str| document.lines().find(|line| line.starts_with(start)).expect("the table has the line");
        for code in codes() {
            for (fault, start) in CLASSES {
                let is_named = row(start).contains(&format!("`{code:?}`"));
                assert_eq!(is_named, ConsumerFault::of(code) == fault, "{code:?} in {start}");
            }
        }
    }

    #[test]
    fn what_passes_by_itself_fails_no_task() {
        use RDKafkaErrorCode as Code;
        for code in [
            Code::BrokerTransportFailure,
            Code::AllBrokersDown,
            Code::Resolve,
            Code::OperationTimedOut,
            Code::RequestTimedOut,
            Code::SSL,
            Code::UnknownTopic,
            Code::UnknownTopicOrPartition,
            Code::UnknownTopicId,
            Code::UnknownPartition,
            Code::LeaderNotAvailable,
            Code::NotLeaderForPartition,
            Code::ReplicaNotAvailable,
            Code::OffsetNotAvailable,
            Code::FencedLeaderEpoch,
            Code::UnknownLeaderEpoch,
            Code::KafkaStorageError,
            Code::CoordinatorLoadInProgress,
            Code::CoordinatorNotAvailable,
            Code::NotCoordinator,
            Code::WaitingForCoordinator,
            Code::IllegalGeneration,
            Code::UnknownMemberId,
            Code::MemberIdRequired,
            Code::RebalanceInProgress,
            Code::FencedMemberEpoch,
            Code::StaleMemberEpoch,
            Code::AssignmentLost,
            Code::PollExceeded,
            Code::UnstableOffsetCommit,
            Code::OffsetMetadataTooLarge,
            Code::InvalidCommitOffsetSize,
            Code::NoOffset,
            Code::ThrottlingQuotaExceeded,
            Code::FetchSessionIdNotFound,
            Code::InvalidFetchSessionEpoch,
            // Java's consumer, too, continues after it in the answer to a fetch.
            Code::Unknown,
        ] {
            assert_eq!(ConsumerFault::of(code), ConsumerFault::Transient, "{code:?}");
        }
    }

    #[test]
    fn a_fatal_error_ends_the_task_whatever_its_code_is() {
        let error = |code, is_fatal| ConsumerError { code, reason: String::new(), is_fatal };
        assert_eq!(error(RDKafkaErrorCode::State, true).fault(), ConsumerFault::Client);
        assert_eq!(error(RDKafkaErrorCode::State, false).fault(), ConsumerFault::Transient);
        assert_eq!(error(RDKafkaErrorCode::UnsupportedVersion, true).fault(), ConsumerFault::Setup);
    }
}
