//! The keys that every connector has, typed, and what Weir has against values that Kafka Connect would take. What Kafka Connect has
//! against them is found by `validation`, what needs the plugins by `connector.rs`.

use std::time::Duration;

use weir_plugin::{Limits, PluginInfo, PluginKind};

use super::client::Kind;
use super::client_connector::{self, Clients};
use super::client_keys;
use super::connector_keys::{COMMON, PREFIXES, SINK, SOURCE};
use super::def::{self, Value};
use super::error::Error;
use super::keys::{Fallback, Key, Usage};
use super::nearest::{self, OWN};
use super::restart_policy::RestartPolicy;
use super::steps::{self, Predicate, Step};
use super::topic_creation::TopicCreation;
use super::worker::{WorkerConfig, with_prefix};
use crate::converter::{ConverterSetting, ConverterSettings};
use crate::subscription::Subscription;
use weir_plugin::ConfigMap;

/// What a connector's configuration says, but for what its plugins make of it.
#[derive(Debug)]
pub(super) struct Common {
    pub(super) tasks_max: u32,
    pub(super) tasks_max_enforce: bool,
    pub(super) converters: ConverterSettings,
    pub(super) steps: Vec<Step>,
    /// All that are listed, whether or not a step has them.
    pub(super) predicates: Vec<Predicate>,
    pub(super) errors: Errors,
    /// What a sink reads; none for a source.
    pub(super) subscription: Option<Subscription>,
    /// The worker's limits, or the lower ones of this connector.
    pub(super) limits: Limits,
    /// The worker's, or this connector's own.
    pub(super) restarts: RestartPolicy,
    /// Settings of the tasks' clients.
    pub(super) clients: Clients,
    /// The topics that a source makes itself; none = it leaves that to the broker.
    pub(super) topic_creation: Option<TopicCreation>,
    /// One line for each key that has no effect.
    pub(super) warnings: Vec<String>,
    /// What Weir has against the configuration. All of the above can be relied on where this is empty and `validation` has nothing
    /// against the configuration either.
    pub(super) faults: Vec<Error>,
}

/// Lines of the log about one configuration.
const WARNINGS_MAX: usize = 20;

/// Topics that a sink may name. librdkafka's consumer takes longer than in proportion: one with 50,000 that do not exist needs a minute to
/// close, in which its task cannot be stopped.
const TOPICS_MAX: usize = 2000;

/// `errors.*`: what happens to rows that cannot be converted, transformed, sent or taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Errors {
    /// `errors.tolerance=all`: such a row is left out; otherwise it fails the task.
    pub tolerate_all: bool,
    /// `errors.retry.timeout`: how long an operation that may succeed later is tried again; none = for ever, zero = not at all.
    pub retry_timeout: Option<Duration>,
    /// `errors.retry.delay.max.ms`: the longest pause between two tries.
    pub retry_delay_max: Duration,
    /// `errors.log.enable`: a line in the log for each such row.
    pub log: bool,
    /// `errors.log.include.messages`: the line says which record it was.
    pub log_records: bool,
    /// Where such rows of a sink go; none = nowhere.
    pub dead_letters: Option<DeadLetterQueue>,
}

/// Kafka Connect's defaults.
impl Default for Errors {
    fn default() -> Self {
        Self {
            tolerate_all: false,
            retry_timeout: Some(Duration::ZERO),
            retry_delay_max: Duration::from_secs(60),
            log: false,
            log_records: false,
            dead_letters: None,
        }
    }
}

/// `errors.deadletterqueue.*` of a sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetterQueue {
    /// `errors.deadletterqueue.topic.name`, not empty.
    pub topic: String,
    /// `errors.deadletterqueue.topic.replication.factor`, for a topic that has to be made; -1 = the broker's default.
    pub replication_factor: i16,
    /// `errors.deadletterqueue.context.headers.enable`: headers say why the row is there.
    pub context_headers: bool,
}

impl Common {
    /// Parses the common keys. `plugin` is what the class is, a source or a sink.
    pub(super) fn parse(name: &str, config: &ConfigMap, plugin: &PluginInfo, worker: &WorkerConfig) -> Self {
        let kind = plugin.kind;
        let mut reader = Reader { config, errors: Vec::new(), warnings: Vec::new() };
        let kind_keys = if kind == PluginKind::Sink { SINK } else { SOURCE };
        for key in COMMON.iter().chain(kind_keys) {
            reader.look_at(key);
        }
        reader.errors.extend(unknown_own(config, plugin));
        let steps = steps::parse(config);
        reader.errors.extend(steps.errors);
        let subscription = (kind == PluginKind::Sink).then(|| reader.subscription());
        if kind == PluginKind::Source {
            reader.check_exactly_once();
        }
        Self {
            tasks_max: reader.number("tasks.max").and_then(|max| u32::try_from(max).ok()).unwrap_or(1),
            tasks_max_enforce: reader.flag("tasks.max.enforce"),
            converters: ConverterSettings {
                key: converter(config, "key.converter", &worker.converters.key),
                value: converter(config, "value.converter", &worker.converters.value),
                header: converter(config, "header.converter", &worker.converters.header),
            },
            steps: steps.steps,
            predicates: steps.predicates,
            errors: reader.errors_settings(kind),
            subscription,
            limits: reader.limits(worker.limits),
            restarts: reader.restarts(worker.restarts),
            clients: Clients::parse(name, kind, config, worker, &mut reader.errors, &mut reader.warnings),
            topic_creation: match kind {
                PluginKind::Source => TopicCreation::parse(config, &mut reader.errors),
                _ => None,
            },
            warnings: reader.warnings,
            faults: reader.errors,
        }
    }
}

/// The keys that neither the framework nor the plugin knows, or that are for a client this kind of connector does not have. The
/// plugin gets them all the same.
pub(super) fn unknown(config: &ConfigMap, plugin: &PluginInfo) -> Vec<String> {
    let (own, others, other) = match plugin.kind {
        PluginKind::Sink => (SINK, SOURCE, "source"),
        _ => (SOURCE, SINK, "sink"),
    };
    let unused = [Kind::Producer, Kind::Consumer, Kind::Admin]
        .into_iter()
        .filter(|kind| !client_connector::uses(*kind, plugin.kind, config))
        .map(Kind::override_prefix);
    let unused: Vec<&str> = unused.collect();
    let is_known = |name: &str| {
        COMMON.iter().chain(own).any(|key| key.name == name) || plugin.config.iter().any(|key| key.name == name)
    };
    let mut warnings = Vec::new();
    for name in config.keys().filter(|name| !is_known(name)) {
        match PREFIXES.iter().find(|known| name.starts_with(known.prefix)).map(|known| (known.prefix, known.usage)) {
            Some((prefix, _)) if unused.contains(&prefix) => {
                let kind = plugin.kind.as_str();
                warnings
                    .push(format!("connector key '{name}' has no effect: this {kind} connector has no such client"));
            }
            Some((_, Usage::Ignored(reason))) => {
                warnings.push(format!("connector key '{name}' has no effect: {reason}"));
            }
            Some(_) => {}
            None if others.iter().any(|key| key.name == name) => {
                let kind = plugin.kind.as_str();
                warnings.push(format!(
                    "connector key '{name}' has no effect: it is for {other} connectors, and this is a {kind} connector"
                ));
            }
            // Refused by `unknown_own`.
            None if name.starts_with(OWN) => {}
            None => {
                let client = [Kind::Producer, Kind::Consumer].into_iter().find(|kind| {
                    client_connector::uses(*kind, plugin.kind, config) && client_keys::find(*kind, name).is_some()
                });
                let meant = client.map(|kind| format!("; did you mean '{}{name}'?", kind.override_prefix()));
                let meant = meant.unwrap_or_default();
                warnings.push(format!("connector key '{name}' is known neither to Weir nor to the plugin{meant}"));
            }
        }
    }
    warnings
}

/// Keys of Weir's own namespace that nobody knows. Each is noted with the key that it is next to, which clients know.
fn unknown_own(config: &ConfigMap, plugin: &PluginInfo) -> Vec<Error> {
    let own = || COMMON.iter().map(|key| key.name).filter(|name| name.starts_with(OWN));
    let is_unknown = |name: &&String| {
        name.starts_with(OWN) && !own().any(|own| own == *name) && !plugin.config.iter().any(|key| key.name == **name)
    };
    let text = |name: &String| match nearest::worker_keys().any(|key| key == name) {
        true => format!("'{name}' is a key of the worker's file and has no meaning here. Remove it, or set it there"),
        false => nearest::unknown(name, own()),
    };
    let beside = |name: &str| nearest::nearest(name, own()).unwrap_or_default();
    config.keys().filter(is_unknown).map(|name| Error::other(beside(name), text(name))).collect()
}

/// The first lines about a configuration, which may have as many keys as its client likes, and how many more there are.
pub(super) fn bounded(mut warnings: Vec<String>) -> Vec<String> {
    let more = warnings.len().saturating_sub(WARNINGS_MAX);
    if more > 0 {
        warnings.truncate(WARNINGS_MAX);
        warnings.push(format!("{more} more keys have no effect or are not known"));
    }
    warnings
}

fn converter(config: &ConfigMap, key: &str, worker: &ConverterSetting) -> ConverterSetting {
    match config.get(key).map(|class| class.trim()) {
        Some(class) if !class.is_empty() => {
            let mut settings: std::collections::HashMap<_, _> = with_prefix(config, &format!("{key}."));
            settings.remove("plugin.version");
            ConverterSetting { class: class.to_owned(), settings }
        }
        _ => worker.clone(),
    }
}

struct Reader<'a> {
    config: &'a ConfigMap,
    errors: Vec<Error>,
    warnings: Vec<String>,
}

impl Reader<'_> {
    /// Notes a key of the table that has no effect, or that is refused.
    fn look_at(&mut self, key: &Key) {
        let Some(text) = self.config.get(key.name).map(|text| text.trim()) else { return };
        let is_default = text.is_empty() || key.default.is(text);
        match key.usage {
            Usage::Refused(next) if !is_default => self.errors.push(Error::invalid(key.name, text, next)),
            Usage::Ignored(reason) if !is_default => {
                self.warnings.push(format!("connector key '{}' has no effect: {reason}", key.name));
            }
            _ => {}
        }
    }

    /// The value of a key of the table, or its default; none where it is wrong (which `look_at` noted) or has no default.
    fn value(&self, name: &str) -> Option<Value> {
        let key = COMMON.iter().chain(SOURCE).chain(SINK).find(|key| key.name == name)?;
        let text = match (self.config.get(name), key.default) {
            (Some(text), _) => text,
            (None, Fallback::Value(text)) => text,
            (None, _) => return None,
        };
        def::parse(name, key.kind, text).ok()
    }

    fn text(&self, name: &str) -> String {
        match self.value(name) {
            Some(Value::Text(text)) => text,
            _ => String::new(),
        }
    }

    fn flag(&self, name: &str) -> bool {
        self.value(name) == Some(Value::Boolean(true))
    }

    fn number(&self, name: &str) -> Option<u64> {
        match self.value(name) {
            Some(Value::Number(number)) => u64::try_from(number).ok(),
            _ => None,
        }
    }

    fn subscription(&mut self) -> Subscription {
        let topics = match self.value("topics") {
            Some(Value::List(topics)) => topics,
            _ => Vec::new(),
        };
        if topics.len() > TOPICS_MAX {
            let text = format!("'topics' names {} topics, and may name {TOPICS_MAX}. Use topics.regex.", topics.len());
            self.errors.push(Error::other("topics", text));
        }
        let regex = self.text("topics.regex");
        if regex.is_empty() { Subscription::Topics(topics) } else { Subscription::Pattern(regex) }
    }

    fn errors_settings(&self, kind: PluginKind) -> Errors {
        let millis = |number: u64| Duration::from_millis(number);
        let defaults = Errors::default();
        Errors {
            tolerate_all: self.text("errors.tolerance") == "all",
            // Below zero is for ever, which `number` gives nothing for.
            retry_timeout: match self.value("errors.retry.timeout") {
                Some(Value::Number(_)) => self.number("errors.retry.timeout").map(millis),
                _ => defaults.retry_timeout,
            },
            retry_delay_max: self.number("errors.retry.delay.max.ms").map_or(Duration::ZERO, millis),
            log: self.flag("errors.log.enable"),
            log_records: self.flag("errors.log.include.messages"),
            dead_letters: (kind == PluginKind::Sink).then(|| self.dead_letters()).flatten(),
        }
    }

    fn dead_letters(&self) -> Option<DeadLetterQueue> {
        let topic = self.text("errors.deadletterqueue.topic.name");
        let factor = match self.value("errors.deadletterqueue.topic.replication.factor") {
            Some(Value::Number(factor)) => i16::try_from(factor).unwrap_or(-1),
            _ => -1,
        };
        let context_headers = self.flag("errors.deadletterqueue.context.headers.enable");
        (!topic.is_empty()).then_some(DeadLetterQueue { topic, replication_factor: factor, context_headers })
    }

    fn check_exactly_once(&mut self) {
        if self.text("exactly.once.support").eq_ignore_ascii_case("required") {
            let text = "This worker does not have exactly-once source support enabled.";
            self.errors.push(Error::other("exactly.once.support", text));
        }
    }

    fn restarts(&mut self, worker: RestartPolicy) -> RestartPolicy {
        let millis = |name: &str| self.number(name).map(Duration::from_millis);
        let attempts = self.number("weir.restart.max.attempts").and_then(|number| u32::try_from(number).ok());
        let policy = RestartPolicy {
            max_attempts: attempts.unwrap_or(worker.max_attempts),
            delay: millis("weir.restart.delay.ms").unwrap_or(worker.delay),
            delay_max: millis("weir.restart.delay.max.ms").unwrap_or(worker.delay_max),
            reset_after: millis("weir.restart.reset.after.ms").unwrap_or(worker.reset_after),
        };
        if policy.delay < worker.delay {
            let (name, bound) = ("weir.restart.delay.ms", worker.delay.as_millis());
            let detail = format!("Value must be at least {bound}, which is the worker's {name}");
            self.errors.push(Error::invalid(name, policy.delay.as_millis(), detail));
        }
        policy
    }

    fn limits(&mut self, worker: Limits) -> Limits {
        let mut lower = |name: &str, bound: u64| match self.number(name) {
            Some(asked) if asked > bound => {
                let detail = format!("Value must be no more than {bound}, which is the worker's {name}");
                self.errors.push(Error::invalid(name, asked, detail));
                bound
            }
            Some(asked) => asked,
            None => bound,
        };
        let call_bound = u64::try_from(worker.call_timeout.as_millis()).unwrap_or(u64::MAX);
        Limits {
            memory_max: lower("weir.task.memory.max", worker.memory_max),
            call_timeout: Duration::from_millis(lower("weir.call.timeout.ms", call_bound)),
            ..worker
        }
    }
}

#[cfg(test)]
mod tests {
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

    fn parsed(kind: PluginKind, entries: &[(&str, &str)]) -> Common {
        let least = [("name", "a"), ("connector.class", "X")];
        let config = least.iter().chain(entries).map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Common::parse("a", &config, &plugin(kind), &worker())
    }

    fn plugin(kind: PluginKind) -> PluginInfo {
        PluginInfo { class: "X".into(), kind, version: "1".into(), config: Vec::new() }
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
        let text = "'topics' names 2001 topics, and may name 2000. Use topics.regex.";
        assert_eq!(faults(PluginKind::Sink, &[("topics", &named(2001))]), [text]);
    }

    #[test]
    fn the_lines_about_a_configuration_are_bounded() {
        let lines = |count: usize| (0..count).map(|number| number.to_string()).collect::<Vec<_>>();
        assert_eq!(bounded(lines(20)), lines(20));
        let bounded = bounded(lines(100_000));
        assert_eq!(bounded.len(), 21);
        assert_eq!(bounded[20], "99980 more keys have no effect or are not known");
    }

    #[test]
    fn limits_may_be_lowered_and_not_raised() {
        let lower = [("weir.task.memory.max", "1048576"), ("weir.call.timeout.ms", "10")];
        let limits = parsed(PluginKind::Source, &lower).limits;
        assert_eq!((limits.memory_max, limits.call_timeout), (1 << 20, Duration::from_millis(10)));
        assert_eq!(
            faults(PluginKind::Source, &[("weir.task.memory.max", "67108865"), ("weir.call.timeout.ms", "60001")]),
            [
                "Invalid value 67108865 for configuration weir.task.memory.max: Value must be no more than 67108864, which is \
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
        assert_eq!(
            wrong,
            ["Invalid value soon for configuration producer.override.linger.ms: Not a number of type LONG"],
        );
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
    fn keys_that_nobody_knows_are_named() {
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
        let warnings = unknown(&config, &plugin);
        let named: Vec<_> = warnings.iter().filter_map(|warning| warning.split('\'').nth(1)).collect();
        assert_eq!(named, keys[4..7], "{warnings:?}");
    }

    #[test]
    fn keys_for_the_other_kind_of_connector_are_not_called_unknown() {
        let config = |keys: &[&str]| keys.iter().map(|key| ((*key).to_owned(), "1".to_owned())).collect();
        let queue = config(&["errors.deadletterqueue.topic.name", "topics"]);
        let warnings = unknown(&queue, &plugin(PluginKind::Source));
        assert_eq!(
            warnings,
            [
                "connector key 'errors.deadletterqueue.topic.name' has no effect: it is for sink connectors, and this is a source \
                 connector",
                "connector key 'topics' has no effect: it is for sink connectors, and this is a source connector",
            ]
        );
        let warnings = unknown(&config(&["exactly.once.support"]), &plugin(PluginKind::Sink));
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
        assert!(unknown_own(&config, &plugin).is_empty(), "the plugin knows it");
    }

    #[test]
    fn keys_without_effect_are_named() {
        let common = parsed(PluginKind::Source, &[("offsets.storage.topic", "o"), ("config.action.reload", "restart")]);
        assert_eq!(common.warnings.len(), 1, "{:?}", common.warnings);
        assert!(common.warnings[0].contains("'offsets.storage.topic' has no effect"));
    }

    #[test]
    fn what_happens_to_rows_that_fail_is_read_and_only_a_sink_has_a_dead_letter_queue() {
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
}
