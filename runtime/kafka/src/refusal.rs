//! Distinguishes a broker that refuses this client from one that cannot be reached at the moment. The first fails a task, as in Kafka
//! Connect: another attempt with the same certificates and passwords does not help. The second is retried.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// Where librdkafka's own advice begins, which names settings that a user of Kafka's names does not have.
const OWN_ADVICE: [&str; 2] =
    [": broker certificate could not be verified", ": client SSL authentication might be required"];

/// Returns why the connection was refused and what to do about it; `None` if the error may be transient. `reason` is librdkafka's text,
/// which begins with the address of the broker. There are no secrets in it.
pub(super) fn refusal(error: &KafkaError, reason: &str) -> Option<String> {
    let code = error.rdkafka_error_code()?;
    // A connection that is lost during authentication may succeed the next time.
    if reason.contains("Disconnected") || reason.contains("transport error") {
        return None;
    }
    // With TLS 1.3 a broker rejects a client's certificate only after the client considers the connection established.
    let alert = reason.contains("SSL alert number") && !reason.contains("close notify");
    let reason = OWN_ADVICE.iter().find_map(|advice| reason.split_once(advice)).map_or(reason, |(before, _)| before);
    let next = match code {
        RDKafkaErrorCode::SSL if reason.contains("certificate verify failed") => {
            "the broker's certificate is not signed by a certificate of ssl.truststore.location (without one: of this system's \
             authorities), has expired, or is not made out to the host name in the address above; correct the trust store, or give \
             the broker an address that its certificate names"
        }
        RDKafkaErrorCode::SSL | RDKafkaErrorCode::BrokerTransportFailure if alert => {
            "the broker does not accept this client's certificate; check ssl.keystore.location, and that the broker trusts its \
             issuer (without a key store, that the broker does not require a certificate)"
        }
        RDKafkaErrorCode::SSL => {
            "check that the address is one of the broker's TLS listeners, and the client's ssl.* settings"
        }
        RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SaslAuthenticationFailed => {
            "check sasl.mechanism, and the user and the password in sasl.jaas.config"
        }
        RDKafkaErrorCode::UnsupportedSASLMechanism => "check sasl.mechanism: the broker offers others on this listener",
        _ => return None,
    };
    Some(format!("{reason}\nNext: {next}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_that_cannot_be_verified_is_a_refusal_with_a_next_step() {
        let reason = "ssl://b:9093/bootstrap: SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: broker \
                      certificate could not be verified, verify that ssl.ca.location is correctly configured";
        let text = refusal(&KafkaError::Global(RDKafkaErrorCode::SSL), reason).expect("a refusal");
        assert!(text.starts_with("ssl://b:9093/bootstrap: SSL handshake failed: "), "{text}");
        assert!(text.contains("ssl.truststore.location") && !text.contains("ssl.ca.location"), "{text}");
    }

    #[test]
    fn a_wrong_password_is_a_refusal_and_a_lost_connection_is_not() {
        let failed = refusal(&KafkaError::Global(RDKafkaErrorCode::Authentication), "sasl_ssl://b:9094/1: SASL failed");
        assert!(failed.is_some_and(|text| text.contains("sasl.jaas.config")));
        assert_eq!(refusal(&KafkaError::Global(RDKafkaErrorCode::BrokerTransportFailure), "Disconnected"), None);
        assert_eq!(refusal(&KafkaError::Global(RDKafkaErrorCode::AllBrokersDown), "3/3 brokers are down"), None);
        let alert = "ssl://b:9093/1: Receive failed: error:0A000412:SSL routines::ssl/tls alert bad certificate: SSL alert number 42";
        let text = refusal(&KafkaError::Global(RDKafkaErrorCode::BrokerTransportFailure), alert);
        assert!(text.is_some_and(|text| text.contains("ssl.keystore.location")));
        let lost = "ssl://b:9093/1: SSL handshake failed: SSL transport error: Broken pipe";
        assert_eq!(refusal(&KafkaError::Global(RDKafkaErrorCode::SSL), lost), None);
    }
}
