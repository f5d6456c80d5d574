//! What is found out without any plugin. `tests/` compares whole answers with Kafka Connect's.

use weir_plugin::{ConfigKey, ConfigType, Importance, Validator, Width};

use super::*;

fn worker() -> WorkerConfig {
    let keys = [
        ("bootstrap.servers", "b:9092"),
        ("key.converter", "StringConverter"),
        ("value.converter", "org.apache.kafka.connect.json.JsonConverter"),
        ("offset.storage.file.filename", "/var/weir/offsets"),
        ("connector.client.config.override.policy", "None"),
    ];
    WorkerConfig::parse(keys.map(|(key, value)| (key.to_owned(), value.to_owned())).into()).expect("in order")
}

fn config(entries: &[(&str, &str)]) -> StringMap {
    entries.iter().map(|(key, value)| ((*key).to_owned(), Some((*value).to_owned()))).collect()
}

/// Validates the framework's keys for a connector whose class does not exist.
fn looked_at(kind: PluginKind, config: &StringMap) -> ConfigInfos {
    let (worker, catalogue) = (worker(), Catalogue::new(Vec::new()));
    let context = Context { config, worker: &worker, catalogue: &catalogue, connector: None };
    let mut definitions = framework::definitions(kind, "X", &catalogue, Some(context));
    steps::enrich(&mut definitions, context);
    let mut values = definitions.validate_all(config, &catalogue);
    if kind == PluginKind::Sink {
        sink::check(context, &mut values);
    }
    add_null_errors(config, &mut values);
    let converters = converters::validate(context, &mut values);
    let mut infos = ConfigInfos::of_connector("X", &definitions, values);
    infos.append(overrides::validate(context, kind, &without_nulls(config.clone()).0));
    infos.append(converters);
    infos
}

fn errors(kind: PluginKind, entries: &[(&str, &str)]) -> Vec<String> {
    let entries = [&[("name", "a"), ("connector.class", "X"), ("topics", "t")], entries].concat();
    looked_at(kind, &config(&entries)).errors().map(str::to_owned).collect()
}

fn info(infos: &ConfigInfos, key: &str) -> ConfigInfo {
    infos.configs.iter().find(|config| config.value.name == key).expect("an entry").clone()
}

#[test]
fn errors_come_in_the_order_of_the_definitions_and_each_counts() {
    let infos =
        looked_at(PluginKind::Source, &config(&[("tasks.max", "x"), ("name", "a\nb"), ("errors.tolerance", "some")]));
    let found: Vec<_> = infos.errors().collect();
    assert_eq!(
        found,
        [
            "Invalid value a\nb for configuration name: String may not contain control sequences but had the following ASCII \
             chars: 10",
            "Missing required configuration \"connector.class\" which has no default value.",
            "Invalid value x for configuration tasks.max: Not a number of type INT",
            // A value that cannot be read is null to the validators.
            "Invalid value null for configuration tasks.max: Value must be non-null",
            "Invalid value some for configuration errors.tolerance: String must be one of: none, all",
        ]
    );
    assert_eq!(infos.error_count, 5);
    let groups = [
        "Common",
        "Transforms",
        "Predicates",
        "Error Handling",
        "Topic Creation",
        "Exactly Once Support",
        "offsets.topic",
    ];
    assert_eq!(infos.groups, groups);
}

#[test]
fn a_value_that_is_null_is_an_error_of_its_own() {
    let mut config = config(&[("name", "a"), ("connector.class", "X")]);
    config.insert("transforms".to_owned(), None);
    config.insert("whatever".to_owned(), None);
    let infos = looked_at(PluginKind::Source, &config);
    let null = "Null value can not be supplied as the configuration value.";
    assert_eq!(infos.configs[0].definition, None);
    assert_eq!(
        (infos.configs[0].value.name.as_str(), &*infos.configs[0].value.errors),
        ("whatever", &[null.to_owned()][..])
    );
    let transforms = info(&infos, "transforms").value.errors;
    assert_eq!(transforms, ["Invalid value null for configuration transforms: entry must be non null", null]);
    assert_eq!(infos.error_count, 3);
}

#[test]
fn a_chain_that_is_wrong_is_told_in_kafka_connects_words() {
    let found = errors(
        PluginKind::Source,
        &[
            ("transforms", "a,b,c,c"),
            ("transforms.a.type", "x.A"),
            ("transforms.a.negate", "true"),
            ("transforms.b.type", "JsonConverter"),
            ("predicates", "p"),
        ],
    );
    assert_eq!(
        found,
        [
            "Invalid value [a, b, c, c] for configuration transforms: Duplicate alias provided.",
            "Invalid value x.A for configuration transforms.a.type: Class x.A could not be found.",
            "Config 'transforms.a.negate' was provided but there is no config 'transforms.a.predicate' defining a predicate to be \
             negated.",
            "Class class org.apache.kafka.connect.json.JsonConverter does not implement the Transformation interface",
            "Missing required configuration \"transforms.c.type\" which has no default value.",
            "Missing required configuration \"predicates.p.type\" which has no default value.",
        ]
    );
}

#[test]
fn aliases_without_end_are_refused() {
    let aliases: Vec<String> = (0..100_000).map(|alias| alias.to_string()).collect();
    let config = config(&[("transforms", &aliases.join(","))]);
    let (worker, catalogue) = (worker(), Catalogue::new(Vec::new()));
    let context = Context { config: &config, worker: &worker, catalogue: &catalogue, connector: None };
    let mut definitions = Definitions::default();
    let found = steps::enrich(&mut definitions, context);
    assert_eq!(definitions.iter().count(), 400);
    assert_eq!(found.errors[0].to_string(), "Configuration 'transforms' has 100000 aliases; the limit is 200");
}

#[test]
fn an_alias_that_would_fill_each_line_of_the_metrics_is_refused() {
    let long = "x".repeat(50_000);
    for key in ["transforms", "predicates"] {
        let found = errors(PluginKind::Source, &[(key, &format!("a,{long}"))]);
        assert!(
            found.contains(&format!("Configuration '{key}' has an alias of 50000 bytes; the limit is 256")),
            "{key}"
        );
    }
}

#[test]
fn a_sink_reads_either_topics_or_a_pattern_and_not_its_own_queue() {
    let sink = |entries: &[(&str, &str)]| {
        let entries = [&[("name", "a"), ("connector.class", "X")], entries].concat();
        let infos = looked_at(PluginKind::Sink, &config(&entries));
        infos.errors().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(sink(&[]), ["Must configure one of topics or topics.regex"; 2]);
    assert_eq!(
        sink(&[("topics", "t"), ("topics.regex", "t")]),
        ["topics and topics.regex are mutually exclusive options, but both are set."; 2]
    );
    let internal = ("errors.deadletterqueue.topic.name", "__consumer_offsets ");
    assert_eq!(
        sink(&[("topics", "t"), internal]),
        ["The DLQ topic '__consumer_offsets' is one of Kafka's internal topics; choose another one"]
    );
    let queue = ("errors.deadletterqueue.topic.name", " d ");
    assert_eq!(
        sink(&[("topics", "t, d,"), queue]),
        [
            "Configuration 'topics' values must not be empty.",
            "The DLQ topic 'd' may not be included in the list of topics ('topics=[t, d]') consumed by the connector"
        ]
    );
    assert_eq!(
        sink(&[("topics.regex", "[a-d]"), queue]),
        [
            "The DLQ topic 'd' may not be matched by the regex for the topics ('topics.regex=[a-d]') consumed by the connector"
        ]
    );
}

#[test]
fn converters_of_the_connectors_own_are_looked_at_with_their_settings() {
    let infos = looked_at(
        PluginKind::Source,
        &config(&[
            ("name", "a"),
            ("connector.class", "X"),
            ("key.converter", "Json"),
            ("key.converter.schemas.enable", "maybe"),
            ("key.converter.plugin.version", "[1,0]"),
            ("value.converter", "JsonConverter"),
            ("value.converter.decimal.format", "hex"),
            ("value.converter.schemas.enable", "maybe"),
            ("header.converter", "x.Nope"),
        ]),
    );
    let found: Vec<_> = infos.errors().collect();
    assert_eq!(
        found,
        [
            "Range defies version ordering: [1,0]",
            "Invalid value x.Nope for configuration header.converter: Class x.Nope could not be found.",
            "Invalid value hex for configuration decimal.format: String must be one of (case insensitive): NUMERIC, BASE64",
            "Invalid value maybe for configuration schemas.enable: Expected value to be either true or false",
        ]
    );
    assert_eq!(
        info(&infos, "key.converter").value.value.as_deref(),
        Some("org.apache.kafka.connect.json.JsonConverter")
    );
    assert!(!info(&infos, "header.converter.plugin.version").value.visible);
    assert_eq!(info(&infos, "value.converter.converter.type").value.value.as_deref(), Some("value"));
    assert_eq!(infos.groups.last().map(String::as_str), Some("Schemas"), "in the order of the values");
}

#[test]
fn overrides_are_held_against_the_policy() {
    let refused = |key: &str| {
        format!("The 'None' policy does not allow '{key}' to be overridden in the connector configuration.")
    };
    let overrides = [
        ("producer.override.acks", "1"),
        ("producer.override.sasl.jaas.config", "secret"),
        ("consumer.override.fetch.min.bytes", "1"),
        ("admin.override.x", "y"),
    ];
    assert_eq!(errors(PluginKind::Source, &overrides), [refused("acks"), refused("sasl.jaas.config")]);
    assert_eq!(errors(PluginKind::Sink, &overrides), [refused("fetch.min.bytes")]);
    let infos = looked_at(PluginKind::Source, &config(&overrides));
    assert_eq!(info(&infos, "producer.override.sasl.jaas.config").value.value.as_deref(), Some("[hidden]"));
    let creates_topics = [&overrides[..], &[("topic.creation.groups", "")]].concat();
    assert_eq!(errors(PluginKind::Source, &creates_topics).last(), Some(&refused("x")));
}

#[test]
fn an_error_of_a_key_that_nobody_defines_here_comes_with_a_definition() {
    let mut infos = looked_at(PluginKind::Source, &config(&[]));
    let key = "topic.creation.default.partitions";
    infos.add_errors(&[Error::other(key, "wrong")]);
    let entry = info(&infos, key);
    assert_eq!(
        (entry.value.errors.len(), entry.definition.map(|it| (it.name, it.kind))),
        (1, Some((key.into(), "INT")))
    );
    let duplicates = errors(PluginKind::Source, &[("topic.creation.groups", "g1,g2,g1")]);
    assert_eq!(duplicates.len(), 1, "{duplicates:?}");
}

#[test]
fn weirs_own_keys_are_left_out_unless_something_is_wrong_with_them() {
    let own = framework::weirs_own(PluginKind::Sink);
    let whole = |value: &str| {
        let config = config(&[("weir.call.timeout.ms", value)]);
        let mut infos = looked_at(PluginKind::Sink, &config);
        infos.append(ConfigInfos::of_connector("X", &own, own.validate_all(&config, &Catalogue::new(Vec::new()))));
        infos
    };
    let keys = |infos: &ConfigInfos| {
        let names = infos.configs.iter().map(|config| config.value.name.clone());
        names.filter(|name| name.starts_with("weir.")).collect::<Vec<_>>()
    };
    assert!(keys(&whole("5")).len() > 3);
    let left = whole("5").without_weirs_own();
    assert_eq!((keys(&left), left.groups.contains(&"Weir".to_owned())), (vec![], false));
    let left = whole("-5").without_weirs_own();
    assert_eq!(
        (keys(&left), left.groups.last().map(String::as_str)),
        (vec!["weir.call.timeout.ms".into()], Some("Weir"))
    );
}

#[test]
fn a_plugins_keys_that_are_weirs_own_are_defined_where_they_are_asked_for() {
    let mut own = plugin_key("weir.values.json");
    own.group = Some("Weir".into());
    let plugin = PluginInfo {
        class: "X".into(),
        kind: PluginKind::Sink,
        version: "1".into(),
        config: vec![plugin_key("file"), own],
        doc: None,
        memory: None,
    };
    let is_there = |weirs: bool, name: &str| {
        let definitions = plugin_definitions(&plugin, &Catalogue::new(Vec::new()), weirs);
        definitions.iter().any(|key| key.name == name)
    };
    assert!(is_there(true, "weir.values.json") && is_there(true, "weir.task.memory.max"));
    assert!(!is_there(false, "weir.values.json") && !is_there(false, "weir.task.memory.max"));
    assert!(is_there(true, "file") && is_there(false, "file"));
}

fn plugin_key(name: &str) -> ConfigKey {
    ConfigKey {
        name: name.to_owned(),
        kind: ConfigType::String,
        required: false,
        default: None,
        validators: Vec::new(),
        importance: Importance::Medium,
        doc: String::new(),
        group: None,
        order_in_group: -1,
        width: Width::None,
        display_name: name.to_owned(),
        dependents: Vec::new(),
        recommended_values: Vec::new(),
        visible: true,
    }
}

fn of_plugin(keys: Vec<ConfigKey>) -> Definitions {
    let mut definitions = Definitions::default();
    for key in keys {
        definitions.define(Definition::of_plugin(key));
    }
    definitions
}

#[test]
fn keys_of_a_part_are_sorted_and_named_by_it() {
    let group = |name, group: &str, order| ConfigKey {
        group: Some(group.to_owned()),
        order_in_group: order,
        ..plugin_key(name)
    };
    let checked = ConfigKey {
        required: true,
        validators: vec![Validator::NonEmptyString],
        dependents: vec!["b".to_owned()],
        ..plugin_key("z")
    };
    let part = of_plugin(vec![
        group("c", "two", 2),
        group("b", "two", 1),
        ConfigKey { importance: Importance::High, ..plugin_key("y") },
        plugin_key("a"),
        checked,
    ]);
    let mut whole = Definitions::default();
    whole.embed("t.x.", "T: x", 2, &part);
    let found: Vec<_> = whole
        .iter()
        .map(|d| (d.key.name.as_str(), d.key.group.as_deref().unwrap_or_default(), d.key.order_in_group))
        .collect();
    let expected = [
        ("t.x.z", "T: x", 2),
        ("t.x.y", "T: x", 3),
        ("t.x.a", "T: x", 4),
        ("t.x.b", "T: x: two", 5),
        ("t.x.c", "T: x: two", 6),
    ];
    assert_eq!(found, expected);
    assert_eq!(whole.get("t.x.z").expect("defined").key.dependents, ["t.x.b"]);
    let values = whole.validate_all(&config(&[("t.x.z", " ")]), &Catalogue::new(Vec::new()));
    // The validator of a part does not know its prefix.
    assert_eq!(values["t.x.z"].errors, ["Invalid value  for configuration z: String must be non-empty"]);
}

#[test]
fn dependents_that_nobody_defines_are_errors_and_circles_are_not_looked_at() {
    let depends = |name, on: &str| ConfigKey { required: true, dependents: vec![on.to_owned()], ..plugin_key(name) };
    let definitions = of_plugin(vec![depends("a", "missing"), depends("b", "c"), depends("c", "b")]);
    let values = definitions.validate_all(&StringMap::new(), &Catalogue::new(Vec::new()));
    assert_eq!(values["missing"].errors, ["missing is referred in the dependents, but not defined."]);
    assert!(!values["missing"].visible);
    assert_eq!(values["a"].errors.len(), 1);
    assert!(values["b"].errors.is_empty() && values["c"].errors.is_empty());
}

#[test]
fn a_password_is_never_shown() {
    let key = ConfigKey {
        kind: ConfigType::Password,
        default: Some("hush".to_owned()),
        validators: vec![Validator::OneOf(vec!["x".to_owned()])],
        ..plugin_key("secret")
    };
    let definitions = of_plugin(vec![key]);
    let values = definitions.validate_all(&config(&[("secret", "hush")]), &Catalogue::new(Vec::new()));
    let text = format!("{values:?}{:?}", ConfigInfos::of_connector("X", &definitions, values.clone()));
    assert!(!text.contains("hush"), "{text}");
    assert_eq!(values["secret"].value.as_deref(), Some("[hidden]"));
    assert_eq!(values["secret"].errors, ["Invalid value [hidden] for configuration secret: String must be one of: x"]);
}
