//! Settings of a client that depend on each other.

use std::time::Duration;

use super::settings::{ClientSettings, Given};
use crate::error::Error;

/// Makes a producer idempotent, unless its settings rule that out. It then preserves the order with a single request in flight, as
/// Kafka Connect does, unless the user allows more.
pub(super) fn keep_order(given: &Given<'_>, client: &mut ClientSettings) -> Result<(), Error> {
    const IDEMPOTENCE: &str = "enable.idempotence";
    const IN_FLIGHT: &str = "max.in.flight.requests.per.connection";
    // The texts are Kafka's (`ProducerConfig`).
    let contradiction = if client.get("acks").is_some_and(|acks| !matches!(acks, "all" | "-1")) {
        Some("Must set acks to all in order to use the idempotent producer. Otherwise we cannot guarantee idempotence.")
    } else if client.number("retries") == Some(0) {
        Some("Must set retries to non-zero when using the idempotent producer.")
    } else if client.number(IN_FLIGHT).is_some_and(|count| count > 5) {
        Some("Must set max.in.flight.requests.per.connection to at most 5 to use the idempotent producer.")
    } else {
        None
    };
    match (contradiction, given.contains_key(IDEMPOTENCE), client.get(IDEMPOTENCE) == Some("true")) {
        (Some(text), true, true) => return Err(Error::other(IDEMPOTENCE, text)),
        (None, _, true) => return Ok(()),
        _ => {}
    }
    client.properties.insert(IDEMPOTENCE.to_owned(), "false".to_owned());
    client.properties.entry(IN_FLIGHT.to_owned()).or_insert_with(|| "1".to_owned());
    Ok(())
}

/// Checks the timeouts of an admin client as Java's admin client does.
pub(super) fn check_timeouts(client: &ClientSettings) -> Result<(), Error> {
    const API: &str = "default.api.timeout.ms";
    let request = client.number("socket.timeout.ms").and_then(|millis| u64::try_from(millis).ok());
    match (client.api_timeout, request.map(Duration::from_millis)) {
        (Some(api), Some(request)) if api < request => {
            let text = "The specified value of default.api.timeout.ms must be no smaller than the value of request.timeout.ms.";
            Err(Error::other(API, text))
        }
        _ => Ok(()),
    }
}

/// Adapts limits that librdkafka compares with each other, if the user has set only one of them.
pub(super) fn fit_together(given: &Given<'_>, client: &mut ClientSettings) {
    // librdkafka's limit for requests must not be larger than a fetch.
    if let Some(fetch) = client.number("fetch.max.bytes")
        && fetch < 1_000_000
        && !given.contains_key("message.max.bytes")
    {
        let least = fetch.max(1000).to_string();
        client.put("fetch.max.bytes", "fetch.max.bytes", least.clone());
        client.put("fetch.max.bytes", "message.max.bytes", least);
    }
    // librdkafka's session timeout must not be longer than the poll interval.
    if let Some(busy) = client.number("max.poll.interval.ms")
        && busy < 45_000
        && !given.contains_key("session.timeout.ms")
        && client.get("group.protocol") != Some("consumer")
    {
        client.put("max.poll.interval.ms", "session.timeout.ms", busy.to_string());
    }
}
