//! Settings of connectors, without any plugin.

use weir_plugin::{ConfigKey, ConfigType, Importance, Width};

use super::*;

fn worker() -> WorkerConfig {
    let keys = [
        ("bootstrap.servers", "b:9092"),
        ("key.converter", "StringConverter"),
        ("value.converter", "JsonConverter"),
        ("value.converter.schemas.enable", "false"),
        ("offset.storage.file.filename", "/var/weir/offsets"),
        ("connector.client.config.override.policy", "Allowlist"),
        ("connector.client.config.override.allowlist", "linger.ms,fetch.min.bytes"),
    ];
    let keys = keys.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    WorkerConfig::parse(keys).expect("in order")
}

fn parsed(kind: PluginKind, entries: &[(&str, &str)]) -> ConnectorSettings {
    let least = [("name", "a"), ("connector.class", "X")];
    let config = least.iter().chain(entries).map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    ConnectorSettings::parse("a", &config, &plugin(kind), &worker())
}

fn plugin(kind: PluginKind) -> PluginInfo {
    PluginInfo { class: "X".into(), kind, version: "1".into(), config: Vec::new(), doc: None, memory: None }
}

fn faults(kind: PluginKind, entries: &[(&str, &str)]) -> Vec<String> {
    parsed(kind, entries).faults.iter().map(ToString::to_string).collect()
}

#[test]
fn a_converter_of_the_connectors_own_takes_nothing_from_the_worker() {
    let common = parsed(PluginKind::Source, &[("value.converter", "JsonConverter"), ("key.converter.x", "1")]);
    assert!(common.converters.value.settings.is_empty());
    assert_eq!(common.converters.key.class, "StringConverter");
    assert!(common.converters.key.settings.is_empty(), "settings without a converter of one's own have no effect");
    let worker = parsed(PluginKind::Source, &[]).converters.value.settings;
    assert_eq!(worker["schemas.enable"], "false");
}

#[test]
fn a_sink_reads_either_topics_or_a_pattern() {
    let topics = |entries: &[(&str, &str)]| parsed(PluginKind::Sink, entries).subscription.expect("a sink's");
    assert_eq!(topics(&[("topics", "t, u")]), Subscription::Topics(vec!["t".into(), "u".into()]));
    assert_eq!(topics(&[("topics.regex", "t.*")]), Subscription::Pattern("t.*".into()));
    assert_eq!(parsed(PluginKind::Source, &[("topics", "t")]).subscription, None);
}

#[test]
fn a_sink_may_not_name_more_topics_than_a_consumer_can_handle() {
    let named = |count: usize| (0..count).map(|number| format!("t{number}")).collect::<Vec<_>>().join(",");
    assert_eq!(faults(PluginKind::Sink, &[("topics", &named(2000))]), Vec::<String>::new());
    let text = "'topics' names 2001 topics; the limit is 2000. Use topics.regex.";
    assert_eq!(faults(PluginKind::Sink, &[("topics", &named(2001))]), [text]);
}

#[test]
fn the_lines_about_a_configuration_are_bounded() {
    let lines = |count: usize| (0..count).map(|number| number.to_string()).collect::<Vec<_>>();
    assert_eq!(unknown::bounded(lines(20)), lines(20));
    let bounded = unknown::bounded(lines(100_000));
    assert_eq!(bounded.len(), 21);
    assert_eq!(bounded[20], "99980 more keys have no effect or are not known");
}

#[test]
fn limits_may_be_lowered_and_not_raised() {
    let lower = [("weir.task.memory.max", "1048576"), ("weir.call.timeout.ms", "10")];
    let limits = parsed(PluginKind::Source, &lower).limits;
    assert_eq!((limits.memory_max, limits.call_timeout), (1 << 20, Duration::from_millis(10)));
    assert_eq!(limits.for_need(Some(2 << 20)).memory_max, 1 << 20);
    assert_eq!(
        faults(PluginKind::Source, &[("weir.task.memory.max", "268435457"), ("weir.call.timeout.ms", "60001")]),
        [
            "Invalid value 268435457 for configuration weir.task.memory.max: Value must be no more than 268435456, which is \
             the worker's weir.task.memory.max",
            "Invalid value 60001 for configuration weir.call.timeout.ms: Value must be no more than 60000, which is the \
             worker's weir.call.timeout.ms",
        ]
    );
}

#[test]
fn overrides_are_held_against_the_policy_and_against_librdkafka() {
    let common = parsed(PluginKind::Sink, &[("topics", "t"), ("consumer.override.fetch.min.bytes", "7")]);
    assert_eq!(common.clients.consumer.properties["fetch.min.bytes"], "7");
    assert_eq!(common.clients.consumer.properties["group.id"], "connect-a");
    let wrong = faults(PluginKind::Source, &[("producer.override.linger.ms", "soon")]);
    assert_eq!(wrong, ["Invalid value soon for configuration producer.override.linger.ms: Not a number of type LONG"],);
}

#[test]
fn exactly_once_is_refused_when_it_is_required() {
    assert_eq!(
        faults(PluginKind::Source, &[("exactly.once.support", "Required")]),
        ["This worker does not have exactly-once source support enabled."]
    );
    assert_eq!(faults(PluginKind::Source, &[("exactly.once.support", "requested")]), Vec::<String>::new());
}

#[test]
fn unknown_keys_are_named() {
    let plugin = plugin(PluginKind::Source);
    let keys = [
        "name",
        "tasks.max",
        "transforms.a.type",
        "producer.override.acks",
        "tasks.maximum",
        "topics",
        "consumer.override.group.id",
        "topic.creation.default.partitions",
    ];
    let config = keys.iter().map(|key| ((*key).to_owned(), "1".to_owned())).collect();
    let warnings = unknown::find(&config, &plugin);
    let named: Vec<_> = warnings.iter().filter_map(|warning| warning.split('\'').nth(1)).collect();
    assert_eq!(named, keys[4..7], "{warnings:?}");
}

#[test]
fn keys_for_the_other_kind_of_connector_are_not_called_unknown() {
    let config = |keys: &[&str]| keys.iter().map(|key| ((*key).to_owned(), "1".to_owned())).collect();
    let queue = config(&["errors.deadletterqueue.topic.name", "topics"]);
    let warnings = unknown::find(&queue, &plugin(PluginKind::Source));
    assert_eq!(
        warnings,
        [
            "connector key 'errors.deadletterqueue.topic.name' has no effect: it is for sink connectors, and this is a source \
             connector",
            "connector key 'topics' has no effect: it is for sink connectors, and this is a source connector",
        ]
    );
    let warnings = unknown::find(&config(&["exactly.once.support"]), &plugin(PluginKind::Sink));
    assert!(warnings[0].contains("it is for source connectors"), "{warnings:?}");
}

#[test]
fn unknown_keys_of_weirs_own_are_refused_with_the_nearest_one() {
    let wrong = [("weir.task.memory.maxx", "1"), ("weir.allow.read", "/")];
    let common = parsed(PluginKind::Source, &wrong);
    let faults: Vec<_> = common.faults.iter().map(|fault| (fault.key(), fault.to_string())).collect();
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert_eq!(faults[0].0, "weir.task.memory.max");
    assert!(faults[0].1.starts_with(
        "Unknown configuration 'weir.task.memory.maxx'; the nearest known key is 'weir.task.memory.max'."
    ));
    assert!(faults[1].1.starts_with("'weir.allow.read' is a key of the worker's file"), "{faults:?}");
    let own = ConfigKey {
        name: "weir.example.key".to_owned(),
        kind: ConfigType::String,
        required: false,
        default: None,
        validators: Vec::new(),
        importance: Importance::Low,
        doc: String::new(),
        group: None,
        order_in_group: -1,
        width: Width::None,
        display_name: String::new(),
        dependents: Vec::new(),
        recommended_values: Vec::new(),
        visible: true,
    };
    let plugin = PluginInfo { config: vec![own], ..plugin(PluginKind::Source) };
    let config = ConfigMap::from([("weir.example.key".to_owned(), "1".to_owned())]);
    assert!(unknown::of_weir(&config, &plugin).is_empty(), "the plugin knows it");
}

#[test]
fn of_very_many_unknown_keys_some_are_named() {
    let config = (0..100_000).map(|number| (format!("weir.x{number}"), String::new())).collect();
    let errors = unknown::of_weir(&config, &plugin(PluginKind::Source));
    assert_eq!(errors.len(), 21);
    assert_eq!(errors[20].to_string(), "99980 more keys that start with 'weir.' are unknown");
}

#[test]
fn keys_without_effect_are_named() {
    let common = parsed(PluginKind::Source, &[("offsets.storage.topic", "o"), ("config.action.reload", "restart")]);
    assert_eq!(common.warnings.len(), 1, "{:?}", common.warnings);
    assert!(common.warnings[0].contains("'offsets.storage.topic' has no effect"));
}

#[test]
fn what_happens_to_records_that_fail_is_read_and_only_a_sink_has_a_dead_letter_queue() {
    assert_eq!(parsed(PluginKind::Sink, &[("topics", "t")]).errors, Errors::default());
    let keys = [
        ("topics", "t"),
        ("errors.tolerance", "all"),
        ("errors.retry.timeout", "-1"),
        ("errors.retry.delay.max.ms", "500"),
        ("errors.log.enable", "true"),
        ("errors.deadletterqueue.topic.name", " dlq "),
    ];
    let errors = parsed(PluginKind::Sink, &keys).errors;
    assert_eq!((errors.retry_timeout, errors.retry_delay_max), (None, Duration::from_millis(500)));
    assert!(errors.tolerate_all && errors.log && !errors.log_records);
    let queue = DeadLetterQueue { topic: "dlq".to_owned(), replication_factor: 3, context_headers: false };
    assert_eq!(errors.dead_letters, Some(queue));
    assert_eq!(parsed(PluginKind::Source, &keys[1..]).errors.dead_letters, None);
    let timeout = parsed(PluginKind::Source, &[("errors.retry.timeout", "1500")]).errors.retry_timeout;
    assert_eq!(timeout, Some(Duration::from_millis(1500)));
}
