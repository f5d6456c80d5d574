//! Checks the topics of a sink.

use super::context::Context;
use super::definitions::FoundValues;
use crate::keys::types;
use weir_kafka::internal_topics::is_internal;

/// `SinkConnectorConfig.validate`: either `topics` or `topics.regex` must be set, without the sink's own dead letter queue.
pub(super) fn check(context: Context<'_>, values: &mut FoundValues) {
    let text = |key: &str| context.given(key).filter(|text| !text.trim().is_empty());
    let (topics, regex) = (text("topics"), text("topics.regex"));
    let queue = text("errors.deadletterqueue.topic.name").map(weir_java::text::trim);
    let mut add = |key: &str, error: String| values.entry(key.to_owned()).or_default().errors.push(error);
    let both = match (topics, regex) {
        (Some(_), Some(_)) => Some("topics and topics.regex are mutually exclusive options, but both are set."),
        (None, None) => Some("Must configure one of topics or topics.regex"),
        _ => None,
    };
    if let Some(error) = both {
        add("topics", error.to_owned());
        add("topics.regex", error.to_owned());
    }
    let Some(queue) = queue else { return };
    if is_internal(queue) {
        let error = format!("The DLQ topic '{queue}' is one of Kafka's internal topics; choose another one");
        add("errors.deadletterqueue.topic.name", error);
    }
    if let Some(topics) = topics {
        let topics: indexmap::IndexSet<String> =
            types::list(topics).into_iter().filter(|topic| !topic.is_empty()).collect();
        if topics.contains(queue) {
            let topics = topics.into_iter().collect::<Vec<_>>().join(", ");
            add(
                "topics",
                format!(
                    "The DLQ topic '{queue}' may not be included in the list of topics ('topics=[{topics}]') consumed by the connector"
                ),
            );
        }
    }
    if let Some(regex) = regex
        && weir_java::regex::JavaRegex::new(regex).is_ok_and(|pattern| pattern.matches(queue) == Ok(true))
    {
        add(
            "topics.regex",
            format!(
                "The DLQ topic '{queue}' may not be matched by the regex for the topics ('topics.regex={regex}') consumed by \
                 the connector"
            ),
        );
    }
}
