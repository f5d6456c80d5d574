//! Topics that contain Kafka's own state. Brokers only allow clients with the id [`ADMIN_CLIENT`] to write to them, so a connector may use
//! neither this id nor these topics.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// The `client.id` of the brokers' own tools (`AdminUtils.ADMIN_CLIENT_ID`). Clients with this id may write to internal topics.
pub const ADMIN_CLIENT: &str = "__admin_client";

/// Committed offsets, transactions, share groups, and the cluster's metadata.
const INTERNAL: [&str; 4] = ["__consumer_offsets", "__transaction_state", "__share_group_state", "__cluster_metadata"];

/// Whether this is one of Kafka's own topics.
pub fn is_internal(topic: &str) -> bool {
    INTERNAL.contains(&topic)
}

/// Checks that a topic is not internal. Called once for each topic, before the first record is sent to it.
///
/// # Errors
///
/// It is one of Kafka's own topics. The error is the broker's, so that `errors.tolerance` applies in the same way.
pub fn check(topic: &str) -> Result<(), KafkaError> {
    match is_internal(topic) {
        true => Err(KafkaError::MessageProduction(RDKafkaErrorCode::InvalidTopic)),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kafkas_own_topics_are_refused_as_a_broker_refuses_them() {
        for topic in INTERNAL {
            let error = check(topic).expect_err("refused");
            assert_eq!(error.rdkafka_error_code(), Some(RDKafkaErrorCode::InvalidTopic));
        }
        for topic in ["orders", "__orders", "__consumer_offsets_", "__Consumer_Offsets", "connect-offsets"] {
            assert!(check(topic).is_ok(), "{topic}");
        }
    }
}
