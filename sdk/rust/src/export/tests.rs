//! Results of the exported functions, called as the runtime calls them.

use std::time::Duration;

use super::{ConnectorEntry, Connectors, PluginEntry, Plugins, SinkEntry, Sinks, SourceEntry, Sources};
use crate::batch::BatchBuilder;
use crate::bindings::connector::interface as connector;
use crate::bindings::host::weir::connect::data::{ConfigEntry, Fault, TopicPartitionOffset};
use crate::bindings::plugin::interface as plugin;
use crate::bindings::sink::interface as sink;
use crate::bindings::source::interface as source;
use crate::config::{Capability, Config, ConfigField, ConfigKey, ConfigValue};
use crate::sink::{RowFailures, Sink, SinkBatch, SinkContext};
use crate::source::{Poll, Source, SourceContext};
use crate::{ConfigError, ConfigMap, Error};

struct Limit(u64);

/// Written by hand: the derive macro generates paths that start with the name of this crate, which cannot be used inside
/// it.
impl Config for Limit {
    fn keys() -> Vec<ConfigKey> {
        vec![ConfigKey::new("limit", u64::KIND, "Rows to bring.")]
    }

    fn parse(entries: &ConfigMap) -> Result<Limit, ConfigError> {
        crate::config::derive::field(entries, "limit", None).map(Limit)
    }
}

struct Ones(u64);

impl Source for Ones {
    const CLASS: &'static str = "Ones";
    const VERSION: &'static str = "2";
    const WANTS_SETTLED: bool = true;
    type Config = Limit;

    fn start(config: Limit, _: &SourceContext) -> Result<Ones, Error> {
        Ok(Ones(config.0))
    }

    fn poll(&mut self, batch: &mut BatchBuilder) -> Result<Poll, Error> {
        for _ in 0..std::mem::take(&mut self.0) {
            batch.record("ones").value_text("1").push();
        }
        Ok(Poll::Idle(Duration::from_micros(10)))
    }

    fn validate(config: &Limit) -> Vec<ConfigValue> {
        if config.0 > 100 { vec![ConfigValue::error("limit", "too many")] } else { Vec::new() }
    }

    fn capabilities(_: &Limit) -> Result<Vec<Capability>, Error> {
        Ok(vec![Capability::ReadFolder("/in".into())])
    }
}

struct Gone;

impl Sink for Gone {
    const CLASS: &'static str = "Gone";
    const VERSION: &'static str = "2";
    type Config = ();

    fn start(_: (), _: &SinkContext) -> Result<Gone, Error> {
        Ok(Gone)
    }

    fn put(&mut self, _: &SinkBatch) -> Result<RowFailures, Error> {
        Err(Error::retry_after(Duration::from_secs(3), "not now"))
    }
}

struct Component;

impl Plugins for Component {
    fn plugins() -> Vec<PluginEntry> {
        vec![PluginEntry::source::<Ones>(), PluginEntry::sink::<Gone>()]
    }
}

impl Connectors for Component {
    fn connectors() -> Vec<ConnectorEntry> {
        vec![ConnectorEntry::source::<Ones>(), ConnectorEntry::sink::<Gone>()]
    }
}

impl Sources for Component {
    fn sources() -> Vec<SourceEntry> {
        vec![SourceEntry::of::<Ones>()]
    }
}

impl Sinks for Component {
    fn sinks() -> Vec<SinkEntry> {
        vec![SinkEntry::of::<Gone>()]
    }
}

fn config(limit: &str) -> Vec<ConfigEntry> {
    vec![ConfigEntry { key: "limit".into(), value: limit.into() }]
}

fn start_source(class: &str, limit: &str) -> Result<source::Started, Fault> {
    <Component as source::Guest>::start(source::TaskContext {
        connector: "c".into(),
        class: class.into(),
        task: 0,
        config: config(limit),
    })
}

#[test]
fn the_component_describes_its_plugins() {
    let plugins = <Component as plugin::Guest>::describe();
    let names: Vec<_> = plugins.iter().map(|plugin| (plugin.class.as_str(), plugin.kind)).collect();
    assert_eq!(names, [("Ones", plugin::PluginKind::Source), ("Gone", plugin::PluginKind::Sink)]);
    assert_eq!((plugins[0].version.as_str(), plugins[0].config[0].name.as_str()), ("2", "limit"));
}

#[test]
fn a_configuration_is_read_before_the_plugin_sees_it() {
    let validate = |limit| <Component as plugin::Guest>::validate("Ones".into(), config(limit));
    assert_eq!(validate("5"), []);
    assert_eq!(validate("500")[0].errors, ["too many"]);
    assert_eq!(validate("x")[0].errors, ["Invalid value x for configuration limit: Not a number of type LONG"]);
    let unknown = <Component as plugin::Guest>::validate("Twos".into(), config("5"));
    assert_eq!(unknown[0].errors, ["this component has no class Twos; it has Ones, Gone"]);
    let capabilities = <Component as plugin::Guest>::capabilities("Ones".into(), config("5"));
    assert_eq!(capabilities, Ok(vec![Capability::ReadFolder("/in".into())]));
    assert!(<Component as plugin::Guest>::capabilities("Ones".into(), Vec::new()).is_err());
}

#[test]
fn a_source_task_is_started_polled_and_stopped() {
    let budget = source::Budget { rows: 10, bytes: 100, wait_ms: 0 };
    let poll = || <Component as source::Guest>::poll(budget);
    assert!(matches!(poll(), Err(Fault::Fatal(message)) if message == "the task was not started"));
    let started = start_source("Ones", "2").unwrap();
    assert!(started.wants_settled && !started.wants_committed);
    let polled = poll().unwrap();
    assert_eq!((polled.batch.records.count, polled.idle_ms), (2, 1), "a short pause is not none");
    <Component as source::Guest>::stop();
    assert!(poll().is_err());

    start_source("Ones", "11").unwrap();
    assert!(matches!(poll(), Err(Fault::Fatal(message)) if message.starts_with("poll pushed 11 rows")));
}

#[test]
fn a_task_of_an_unknown_class_or_a_wrong_configuration_is_not_started() {
    let fatal = |result: Result<source::Started, Fault>| match result {
        Err(Fault::Fatal(message)) => message,
        _ => panic!("it started"),
    };
    assert_eq!(fatal(start_source("Twos", "1")), "this component has no class Twos; it has Ones");
    let wrong = fatal(start_source("Ones", "-1"));
    assert_eq!(wrong, "Invalid value -1 for configuration limit: Not a number of type LONG");
}

#[test]
fn a_sinks_retry_reaches_the_runtime_with_its_time() {
    let context = sink::TaskContext { connector: "c".into(), class: "Gone".into(), task: 0, config: Vec::new() };
    <Component as sink::Guest>::start(context).unwrap();
    let records = BatchBuilder::new(Default::default(), 0).finish().unwrap().records;
    let batch = sink::SinkBatch {
        records,
        topic_partitions: Vec::new(),
        topic_partition: Vec::new(),
        offsets: Vec::new(),
        timestamp_types: Vec::new(),
    };
    let fault = <Component as sink::Guest>::put(batch).unwrap_err();
    assert!(matches!(fault, Fault::Retry(retry) if retry.after_ms == Some(3000) && retry.message == "not now"));
}

#[test]
fn a_connector_makes_its_tasks() {
    let start = |class: &str| {
        let context = connector::ConnectorContext { name: "c".into(), class: class.into(), config: config("5") };
        let started = <Component as connector::Guest>::start(context).unwrap();
        assert_eq!(started.check_interval_ms, None);
    };
    let tasks = || <Component as connector::Guest>::task_configs(3).unwrap();
    start("Ones");
    assert_eq!(tasks().len(), 1);
    assert_eq!((tasks()[0].entries[0].key.as_str(), tasks()[0].entries[0].value.as_str()), ("limit", "5"));
    <Component as connector::Guest>::stop();
    start("Gone");
    assert_eq!(tasks().len(), 3);
    assert!(!<Component as connector::Guest>::check().unwrap());
    <Component as connector::Guest>::stop();
    assert!(<Component as connector::Guest>::task_configs(3).is_err());
}

#[test]
fn offsets_of_the_other_kind_are_refused() {
    let alter = |class: &str| {
        let offset = TopicPartitionOffset { topic: "t".into(), partition: 0, offset: 1 };
        let change = connector::OffsetChange::Sink(vec![offset]);
        <Component as connector::Guest>::alter_offsets(class.into(), config("5"), change)
    };
    assert_eq!(alter("Gone"), Ok(false));
    assert_eq!(alter("Ones"), Err("a source has no consumer offsets".into()));
}
