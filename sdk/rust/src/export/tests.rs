//! Results of the exported functions, called as the runtime calls them.

use std::time::Duration;

use super::{
    Acknowledge, AcknowledgeEntry, CheckEntry, Checks, CommitEntry, Commits, ConnectorEntry, Connectors,
    PartitionsEntry, PartitionsList, PluginEntry, Plugins, SinkEntry, SinkOffsets, SinkOffsetsEntry, Sinks,
    SourceEntry, SourceOffsets, SourceOffsetsEntry, Sources, Transactions, TransactionsEntry,
};
use crate::batch::BatchBuilder;
use crate::bindings::capabilities::interface as capabilities;
use crate::bindings::connector::interface as connector;
use crate::bindings::connector_check::interface as check;
use crate::bindings::host::weir::connect::data::{ConfigEntry, Fault, TopicPartition, TopicPartitionOffset};
use crate::bindings::plugin::interface as plugin;
use crate::bindings::sink::interface as sink;
use crate::bindings::sink_commit::interface as commit;
use crate::bindings::sink_offsets::interface as sink_offsets;
use crate::bindings::sink_partitions::interface as partitions;
use crate::bindings::source::interface as source;
use crate::bindings::source_acknowledgements::interface as acknowledgements;
use crate::bindings::source_offsets::interface as source_offsets;
use crate::bindings::source_transactions::interface as transactions;
use crate::bindings::validation::interface as validation;
use crate::config::{Capability, Config, ConfigField, ConfigKey, ConfigValue};
use crate::connector::{Check, Connector, ConnectorContext};
use crate::sink::{RecordFailures, Sink, SinkBatch, SinkContext};
use crate::source::{Acknowledgements, Poll, Source, SourceContext, SourceOffset};
use crate::{ConfigError, ConfigMap, Error, transform};

struct Limit(u64);

/// Written by hand: the derive macro generates paths that start with the name of this crate, which cannot be used inside
/// it.
impl Config for Limit {
    fn keys() -> Vec<ConfigKey> {
        vec![ConfigKey::new("limit", u64::KIND, "Number of records.")]
    }

    fn parse(entries: &ConfigMap) -> Result<Limit, ConfigError> {
        (crate::config::derive::field().parse)(entries, "limit", None).map(Limit)
    }
}

/// A source that implements everything.
struct Ones(u64);

impl Source for Ones {
    const CLASS: &'static str = "Ones";
    const VERSION: &'static str = "2";
    const DOC: Option<&'static str> = Some("Ones.");
    const MEMORY: Option<u64> = Some(1 << 20);
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
        Ok(vec![Capability::ReadDirectory("/in".into())])
    }
}

impl crate::source::Acknowledge for Ones {
    fn wanted(&self) -> Acknowledgements {
        Acknowledgements { settled: self.0 > 1, committed: false }
    }

    fn committed(&mut self, number: u64) -> Result<(), Error> {
        Err(Error::retriable(format_args!("committed {number}")))
    }
}

impl crate::source::Transactions for Ones {
    fn supports_exactly_once(config: &Limit) -> bool {
        config.0 == 1
    }
}

impl crate::source::AlterOffsets for Ones {
    fn alter_offsets(_: &Limit, offsets: &[SourceOffset]) -> Result<bool, Error> {
        if offsets.is_empty() { Ok(true) } else { Err(Error::fatal("not these")) }
    }
}

/// A source and a sink that implement nothing more than they must.
struct Plain;

impl Source for Plain {
    const CLASS: &'static str = "PlainSource";
    const VERSION: &'static str = "2";
    type Config = ();

    fn start(_: (), _: &SourceContext) -> Result<Plain, Error> {
        Ok(Plain)
    }

    fn poll(&mut self, _: &mut BatchBuilder) -> Result<Poll, Error> {
        Ok(Poll::Ready)
    }
}

impl Sink for Plain {
    const CLASS: &'static str = "PlainSink";
    const VERSION: &'static str = "2";
    type Config = ();

    fn start(_: (), _: &SinkContext) -> Result<Plain, Error> {
        Ok(Plain)
    }

    fn put(&mut self, _: &SinkBatch) -> Result<RecordFailures, Error> {
        Err(Error::retriable_after(Duration::from_secs(3), "not now"))
    }
}

/// A sink that implements everything.
struct Held;

impl Sink for Held {
    const CLASS: &'static str = "Held";
    const VERSION: &'static str = "2";
    type Config = ();

    fn start(_: (), _: &SinkContext) -> Result<Held, Error> {
        Ok(Held)
    }

    fn put(&mut self, _: &SinkBatch) -> Result<RecordFailures, Error> {
        Ok(RecordFailures::none())
    }
}

impl crate::sink::Commit for Held {
    fn pre_commit(&mut self, _: Vec<TopicPartitionOffset>) -> Result<Vec<TopicPartitionOffset>, Error> {
        Ok(Vec::new())
    }
}

impl crate::sink::Partitions for Held {
    fn assigned(&mut self, partitions: &[TopicPartition]) -> Result<(), Error> {
        Err(Error::fatal(format_args!("{} assigned", partitions.len())))
    }

    fn revoked(&mut self, _: &[TopicPartition]) -> Result<(), Error> {
        Err(Error::fatal("revoked"))
    }

    fn lost(&mut self, _: &[TopicPartition]) -> Result<(), Error> {
        Err(Error::fatal("lost"))
    }
}

impl crate::sink::AlterOffsets for Held {
    fn alter_offsets(_: &(), offsets: &[TopicPartitionOffset]) -> Result<bool, Error> {
        Ok(!offsets.is_empty())
    }
}

/// The connector of `Ones`.
struct Halves(ConnectorContext);

impl Connector for Halves {
    const CLASS: &'static str = Ones::CLASS;
    type Config = Limit;

    fn start(_: Limit, context: &ConnectorContext) -> Result<Halves, Error> {
        Ok(Halves(context.clone()))
    }

    fn task_configs(&mut self, _: u32) -> Result<Vec<ConfigMap>, Error> {
        Ok(vec![self.0.config.clone(); 2])
    }
}

impl Check for Halves {
    fn check(&mut self) -> Result<Option<Duration>, Error> {
        Ok(Some(Duration::from_secs(1)))
    }
}

struct Component;

impl Plugins for Component {
    fn plugins() -> Vec<PluginEntry> {
        vec![
            PluginEntry::source::<Ones>(),
            PluginEntry::source::<Plain>(),
            PluginEntry::sink::<Plain>(),
            PluginEntry::sink::<Held>(),
        ]
    }

    fn chains() -> transform::Plugins {
        transform::Plugins::default()
    }
}

macro_rules! list {
    ($($list:ident: $entry:ident [$($plugin:ty),+];)+) => {$(
        impl $list for Component {
            fn entries() -> Vec<$entry> {
                vec![$($entry::of::<$plugin>()),+]
            }
        }
    )+};
}

list! {
    Sources: SourceEntry [Ones, Plain];
    Acknowledge: AcknowledgeEntry [Ones];
    Transactions: TransactionsEntry [Ones];
    SourceOffsets: SourceOffsetsEntry [Ones];
    Sinks: SinkEntry [Plain, Held];
    Commits: CommitEntry [Held];
    PartitionsList: PartitionsEntry [Held];
    SinkOffsets: SinkOffsetsEntry [Held];
    Connectors: ConnectorEntry [Halves];
    Checks: CheckEntry [Halves];
}

fn config(limit: &str) -> Vec<ConfigEntry> {
    vec![ConfigEntry { key: "limit".into(), value: limit.into(), secret: false }]
}

fn start_source(class: &str, limit: &str) -> Result<(), String> {
    <Component as source::Guest>::start(class.into(), config(limit))
}

fn start_sink(class: &str) {
    <Component as sink::Guest>::start(class.into(), Vec::new()).unwrap();
}

fn at(offset: i64) -> TopicPartitionOffset {
    TopicPartitionOffset { topic: "t".into(), partition: 0, offset }
}

#[test]
fn the_component_describes_its_plugins() {
    let plugins = <Component as plugin::Guest>::describe();
    let names: Vec<_> = plugins.iter().map(|plugin| (plugin.class_name.as_str(), plugin.kind.as_str())).collect();
    assert_eq!(names, [("Ones", "source"), ("PlainSource", "source"), ("PlainSink", "sink"), ("Held", "sink")]);
    assert_eq!((plugins[0].version.as_str(), plugins[0].config[0].name.as_str()), ("2", "limit"));
    let attributes =
        [("doc", "Ones."), ("memory", "1048576")].map(|(name, value)| (name.to_string(), value.to_string()));
    assert_eq!((&plugins[0].attributes[..], &plugins[1].attributes[..]), (&attributes[..], &[][..]));
}

#[test]
fn a_configuration_is_read_before_the_plugin_sees_it() {
    let validate = |limit| <Component as validation::Guest>::validate("Ones".into(), config(limit));
    assert_eq!(validate("5"), []);
    assert_eq!(validate("500")[0].errors, ["too many"]);
    assert_eq!(validate("x")[0].errors, ["Invalid value x for configuration limit: Not a number of type LONG"]);
    let unknown = <Component as validation::Guest>::validate("Twos".into(), config("5"));
    assert_eq!(unknown[0].errors, ["this component has no class Twos; it has Ones, PlainSource, PlainSink, Held"]);
    let required = <Component as capabilities::Guest>::required("Ones".into(), config("5")).unwrap();
    assert_eq!((required[0].kind.as_str(), required[0].target.as_str()), ("read-directory", "/in"));
    assert!(<Component as capabilities::Guest>::required("Ones".into(), Vec::new()).is_err());
}

#[test]
fn a_source_task_is_started_polled_and_stopped() {
    let budget = source::Budget { max_records: 10, max_bytes: 100, max_wait_ms: 0 };
    let poll = || <Component as source::Guest>::poll(budget);
    assert!(matches!(poll(), Err(Fault::Fatal(message)) if message == "the task was not started"));
    start_source("Ones", "2").unwrap();
    let polled = poll().unwrap();
    assert_eq!((polled.batch.unwrap().records.count, polled.idle_ms), (2, 1), "a short pause is longer than none");
    assert_eq!(poll().unwrap().batch, None);
    <Component as source::Guest>::stop();
    assert!(poll().is_err());

    start_source("Ones", "11").unwrap();
    assert!(matches!(poll(), Err(Fault::Fatal(message)) if message.starts_with("poll pushed 11 records")));
}

#[test]
fn a_task_of_an_unknown_class_or_a_wrong_configuration_is_not_started() {
    assert_eq!(start_source("Twos", "1"), Err("this component has no class Twos; it has Ones, PlainSource".into()));
    let wrong = "Invalid value -1 for configuration limit: Not a number of type LONG";
    assert_eq!(start_source("Ones", "-1"), Err(wrong.into()));
}

#[test]
fn a_source_chooses_its_acknowledgements_and_one_without_gets_none() {
    let wanted = || <Component as acknowledgements::Guest>::wanted();
    let committed = || <Component as acknowledgements::Guest>::committed(7);
    start_source("Ones", "2").unwrap();
    assert_eq!(wanted(), acknowledgements::Acknowledgements::SETTLED);
    assert_eq!(committed(), Err("committed 7".into()));
    start_source("Ones", "1").unwrap();
    assert_eq!(wanted(), acknowledgements::Acknowledgements::empty());
    start_source("PlainSource", "1").unwrap();
    assert_eq!((wanted(), committed()), (acknowledgements::Acknowledgements::empty(), Ok(())));
}

#[test]
fn only_a_source_with_transactions_supports_them() {
    let supports =
        |class: &str, limit| <Component as transactions::Guest>::supports_exactly_once(class.into(), config(limit));
    assert!(supports("Ones", "1"));
    assert!(!supports("Ones", "2") && !supports("Ones", "x") && !supports("PlainSource", "1"));
    assert!(!<Component as transactions::Guest>::can_define_transactions("Ones".into(), config("1")));
}

#[test]
fn a_sinks_retriable_error_reaches_the_runtime_with_its_time() {
    start_sink("PlainSink");
    let records = BatchBuilder::new(Default::default(), 0).finish().unwrap().records;
    let batch = sink::SinkBatch {
        records,
        topic_partitions: Vec::new(),
        timestamp_types: Vec::new(),
        topic_partition_index: Vec::new(),
        offsets: Vec::new(),
    };
    let fault = <Component as sink::Guest>::put(batch).unwrap_err();
    assert!(
        matches!(fault, Fault::Retriable(retriable) if retriable.after_ms == Some(3000) && retriable.message == "not now")
    );
}

#[test]
fn a_sink_without_optional_functions_gives_the_neutral_answers() {
    let pre_commit = || <Component as commit::Guest>::pre_commit(vec![at(5)]);
    let assigned =
        || <Component as partitions::Guest>::assigned(vec![TopicPartition { topic: "t".into(), partition: 0 }]);
    start_sink("Held");
    assert_eq!((pre_commit(), assigned()), (Ok(vec![]), Err("1 assigned".into())));
    assert_eq!(<Component as partitions::Guest>::revoked(Vec::new()), Err("revoked".into()));
    assert_eq!(<Component as partitions::Guest>::lost(Vec::new()), Err("lost".into()));
    start_sink("PlainSink");
    assert_eq!((pre_commit(), assigned()), (Ok(vec![at(5)]), Ok(())));
}

#[test]
fn a_connector_makes_its_tasks() {
    let start = |class: &str| <Component as connector::Guest>::start(class.into(), config("5")).unwrap();
    let tasks = || <Component as connector::Guest>::task_configs(3).unwrap();
    let check = || <Component as check::Guest>::check().unwrap();
    start("Ones");
    assert_eq!((tasks().len(), check()), (2, Some(1000)));
    assert_eq!(tasks()[0].entries, [("limit".to_string(), "5".to_string())]);
    <Component as connector::Guest>::stop();
    start("PlainSource");
    assert_eq!((tasks().len(), check()), (1, None), "a source without a connector has one task");
    start("PlainSink");
    assert_eq!(tasks().len(), 3, "a sink without a connector has as many as allowed");
    <Component as connector::Guest>::stop();
    assert!(<Component as connector::Guest>::task_configs(3).is_err());
    assert!(<Component as connector::Guest>::start("Twos".into(), Vec::new()).is_err());
}

#[test]
fn offsets_are_checked_by_those_that_do_and_accepted_for_the_others() {
    let source = |class: &str, offsets| <Component as source_offsets::Guest>::alter(class.into(), config("5"), offsets);
    let offset = || SourceOffset { partition: "{}".into(), offset: None };
    assert_eq!((source("Ones", vec![]), source("Ones", vec![offset()])), (Ok(true), Err("not these".into())));
    assert_eq!(source("PlainSource", vec![offset()]), Ok(false));
    let sink = |class: &str| <Component as sink_offsets::Guest>::alter(class.into(), Vec::new(), vec![at(1)]);
    assert_eq!((sink("Held"), sink("PlainSink")), (Ok(true), Ok(false)));
}
