//! Kafka's rules for topic names.

/// The maximum number of characters in a topic name.
const MAX_LENGTH: usize = 249;

/// Returns why `name` is not a valid name of a Kafka topic, or `None` if it is valid.
pub fn fault(name: &str) -> Option<&'static str> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    match name {
        "" => Some("it is empty"),
        "." | ".." => Some("it is `.` or `..`"),
        _ if name.len() > MAX_LENGTH => Some("it is longer than 249 characters"),
        _ if !name.bytes().all(allowed) => Some("it has other characters than ASCII letters, digits, `.`, `_` and `-`"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::fault;

    #[test]
    fn names_that_kafka_allows_have_no_fault() {
        for name in ["a", "orders.v1", "A-b_c.9", "...", &"x".repeat(249)] {
            assert_eq!(fault(name), None, "{name}");
        }
    }

    #[test]
    fn names_that_kafka_refuses_have_one() {
        for name in ["", ".", "..", "a b", "ä", "a/b", "a\n", &"x".repeat(250)] {
            assert!(fault(name).is_some(), "{name}");
        }
    }
}
