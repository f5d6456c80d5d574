//! Interprets librdkafka's texts about failed connections: which broker they are about, whether the failure matters, and how to say it
//! with Kafka's names of settings.

/// Returns the `host:port` that librdkafka's text is about: `ssl://host:9093/1: Connect to ...`, `GroupCoordinator: host:9092: ...`.
pub(super) fn broker(reason: &str) -> Option<&str> {
    let reason = reason.strip_prefix("GroupCoordinator: ").unwrap_or(reason);
    let (name, _) = reason.split_once(": ")?;
    let name = name.split_once("://").map_or(name, |(_, name)| name);
    let address = name.split_once('/').map_or(name, |(address, _)| address);
    address.contains(':').then_some(address)
}

/// Whether a connection was closed that had been up for a while: brokers and proxies close idle ones. A connection that is closed as soon
/// as it is up was refused.
pub(super) fn was_idle(reason: &str) -> bool {
    const SOON: u64 = 2000;
    let Some((_, after)) = reason.split_once(" (after ") else { return false };
    let Some((millis, state)) = after.split_once("ms in state ") else { return false };
    state.starts_with("UP") && is_closed(reason) && millis.parse::<u64>().is_ok_and(|millis| millis >= SOON)
}

/// Whether the other side has closed the connection.
fn is_closed(reason: &str) -> bool {
    ["receive 0 after POLLIN", "connection reset by peer", "Disconnected"].iter().any(|text| reason.contains(text))
}

/// Returns librdkafka's text without internals, and without settings that do not exist in Kafka.
pub(super) fn in_words(reason: &str, protocol: &str) -> String {
    if !is_closed(reason) {
        return reason.split(" (after ").next().unwrap_or(reason).to_owned();
    }
    let place = reason.split_once(": ").map_or("", |(place, _)| place);
    let place = match place {
        "" | "GroupCoordinator" => broker(reason).unwrap_or("a broker"),
        place => place,
    };
    let other = match protocol {
        "PLAINTEXT" => "TLS or SASL",
        "SSL" => "no TLS, or SASL",
        "SASL_PLAINTEXT" => "TLS, or no SASL",
        _ => "no TLS, or no SASL",
    };
    format!(
        "{place}: the broker closed the connection before it was used; it may expect {other}, and this client has \
         security.protocol={protocol}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: &str = "127.0.0.1:9092/bootstrap: Connect to ipv4#127.0.0.1:9092 failed: Connection refused (after 0ms in state CONNECT)";

    #[test]
    fn a_connection_closed_before_any_data_names_the_protocol() {
        let closed = "127.0.0.1:9093/bootstrap: Disconnected: connection closed by peer: receive 0 after POLLIN: requesting ApiVersion: \
                      might be caused by incorrect security.protocol configuration (connecting to a SSL listener?) or broker version is < \
                      0.10 (see api.version.request) (after 3ms in state APIVERSION_QUERY)";
        let expected = "127.0.0.1:9093/bootstrap: the broker closed the connection before it was used; it may expect TLS or SASL, and \
                        this client has security.protocol=PLAINTEXT";
        assert_eq!(in_words(closed, "PLAINTEXT"), expected);
        let sasl = "b:9092/1: Disconnected: connection closed by peer: receive 0 after POLLIN: verify that security.protocol is correctly \
                    configured, broker might require SASL authentication (after 5ms in state UP)";
        assert!(in_words(sasl, "SSL").ends_with("security.protocol=SSL"));
        assert!(!was_idle(closed) && !was_idle(sasl));
        let later =
            "b:9092/1: Disconnected: connection closed by peer: receive 0 after POLLIN (after 60012ms in state UP)";
        assert!(was_idle(later));
    }

    #[test]
    fn the_broker_is_found_in_each_form_of_text() {
        for (reason, expected) in [
            (REFUSED, Some("127.0.0.1:9092")),
            ("ssl://b:9093/1: SSL handshake failed: x", Some("b:9093")),
            ("GroupCoordinator: b:9092: Connect to ipv4#1.2.3.4:9092 failed: x", Some("b:9092")),
            ("1/1 brokers are down", None),
            ("Fatal error: Local: x", None),
        ] {
            assert_eq!(broker(reason), expected, "{reason}");
        }
    }
}
