//! The life of a source, played by the harness.

use std::time::Duration;

use weir_sdk::batch::Budget;
use weir_sdk::config::{Capability, ConfigValue};
use weir_sdk::connector::{Connector, ConnectorContext};
use weir_sdk::harness::{ConnectorHarness, SourceHarness, TransactionEnd};
use weir_sdk::schema::Schema;
use weir_sdk::source::{Acknowledge, Acknowledgements, Outcome, Poll, Settled, Source, SourceContext, SourcePartition};
use weir_sdk::{BatchBuilder, Config, ConfigMap, Error, metrics};

#[derive(Config)]
struct QueueConfig {
    /// Queues to read, each a partition of the source.
    queues: Vec<String>,
    /// Host of the broker.
    #[config(default = "mq.internal")]
    host: String,
}

/// Reads made-up queues of ten messages each, in turn.
struct Queues {
    queues: Vec<(SourcePartition, u64)>,
    acknowledged: Vec<(u64, Option<i64>)>,
    committed: Vec<u64>,
    fail: Option<Error>,
}

impl Source for Queues {
    const CLASS: &'static str = "org.example.QueueSource";
    const VERSION: &'static str = "1";
    type Config = QueueConfig;

    fn start(config: QueueConfig, context: &SourceContext) -> Result<Queues, Error> {
        let partitions: Vec<_> = config.queues.iter().map(|name| SourcePartition::new().with("queue", name)).collect();
        let stored = context.stored_offsets(&partitions);
        let next = stored.iter().map(|offset| offset.as_ref().and_then(|offset| offset.u64("next")).unwrap_or(0));
        let queues = partitions.iter().cloned().zip(next).collect();
        log::info!("reading {} queues", config.queues.len());
        Ok(Queues { queues, acknowledged: Vec::new(), committed: Vec::new(), fail: None })
    }

    fn poll(&mut self, batch: &mut BatchBuilder) -> Result<Poll, Error> {
        for (partition, next) in &mut self.queues {
            if *next < 10 && batch.has_room() {
                let record = batch.record("messages").value_format(format_args!("{}{next}", partition.as_json()));
                record.offset(partition, |offset| offset.set("next", *next + 1)).push();
                *next += 1;
            }
        }
        if let Some(error) = self.fail.take() {
            return Err(error);
        }
        metrics::counter_add("polls", 1);
        Ok(if batch.is_empty() { Poll::Idle(Duration::from_millis(5)) } else { Poll::Ready })
    }

    fn capabilities(config: &QueueConfig) -> Result<Vec<Capability>, Error> {
        Ok(vec![Capability::Connect(config.host.clone(), 1414)])
    }

    fn validate(config: &QueueConfig) -> Vec<ConfigValue> {
        let unknown = config.queues.iter().filter(|queue| queue.starts_with('?'));
        unknown.map(|queue| ConfigValue::error("queues", format!("there is no queue {queue}"))).collect()
    }
}

impl Acknowledge for Queues {
    fn wanted(&self) -> Acknowledgements {
        Acknowledgements { settled: true, committed: true }
    }

    fn settled(&mut self, records: &Settled) -> Result<(), Error> {
        self.acknowledged.extend(records.records().map(|record| match record.outcome {
            Outcome::Written { offset, .. } => (record.number, offset),
            Outcome::Dropped | Outcome::Skipped => (record.number, None),
        }));
        Ok(())
    }

    fn committed(&mut self, number: u64) -> Result<(), Error> {
        self.committed.push(number);
        Ok(())
    }
}

struct OneTaskEach {
    config: ConfigMap,
    queues: Vec<String>,
}

impl Connector for OneTaskEach {
    const CLASS: &'static str = Queues::CLASS;
    type Config = QueueConfig;

    fn start(config: QueueConfig, context: &ConnectorContext) -> Result<OneTaskEach, Error> {
        Ok(OneTaskEach { config: context.config.clone(), queues: config.queues })
    }

    fn task_configs(&mut self, max_tasks: u32) -> Result<Vec<ConfigMap>, Error> {
        let config = |queue: &String| {
            let mut config = self.config.clone();
            config.insert("queues".into(), queue.clone());
            config
        };
        Ok(self.queues.iter().take(max_tasks as usize).map(config).collect())
    }
}

weir_sdk::export!(sources: [Queues], acknowledge: [Queues], connectors: [OneTaskEach]);

fn start() -> SourceHarness<Queues> {
    SourceHarness::start([("queues", "a,b")]).unwrap().with_acknowledge()
}

#[test]
fn only_what_is_settled_is_stored_for_each_partition() {
    let mut task = start();
    let first = task.poll().unwrap().records;
    let second = task.poll().unwrap().records;
    assert_eq!(
        first.iter().map(|record| record.source_partition.as_str()).collect::<Vec<_>>(),
        [r#"{"queue":"a"}"#, r#"{"queue":"b"}"#]
    );
    // Of queue a the second record only, of queue b both.
    task.settle(&second).unwrap();
    task.settle(&first[1..]).unwrap();
    task.commit().unwrap();
    assert_eq!(task.task().committed, [0], "record 0 is still on its way");
    let stored = task.stored_offsets();
    assert_eq!(stored.get(r#"{"queue":"a"}"#), None);
    assert_eq!(stored[r#"{"queue":"b"}"#], r#"{"next":2}"#);

    let mut task = task.restart().unwrap();
    let again = task.poll().unwrap().records;
    assert_eq!(again[0].value.as_deref(), Some(r#"{"queue":"a"}0"#));
    assert_eq!(again[1].value.as_deref(), Some(r#"{"queue":"b"}2"#));
}

#[test]
fn a_source_learns_what_became_of_its_records() {
    let mut task = start();
    let records = task.poll().unwrap().records;
    task.settle(&records[..1]).unwrap();
    task.settle_dropped(&records[1..]).unwrap();
    task.commit().unwrap();
    assert_eq!(task.task().acknowledged, [(0, Some(0)), (1, None)]);
    assert_eq!(task.task().committed, [2]);
    assert_eq!(task.stop().unwrap().len(), 2);
}

#[test]
fn records_of_a_poll_that_failed_have_no_numbers() {
    let mut task = start();
    task.task().fail = Some(Error::retriable_after(Duration::from_secs(1), "busy"));
    assert_eq!(task.poll().unwrap_err(), Error::retriable_after(Duration::from_secs(1), "busy"));
    assert_eq!(task.poll().unwrap().records[0].number, 0);
}

#[test]
fn a_poll_keeps_to_its_budget_and_says_when_there_is_nothing() {
    let mut task = start();
    task.set_budget(Budget { max_records: 1, ..Budget::default() });
    assert_eq!(task.poll().unwrap().records.len(), 1);
    task.set_budget(Budget::default());
    assert_eq!(task.drain().unwrap().len(), 19);
    assert_eq!(task.poll().unwrap().idle, Some(Duration::from_millis(5)));
    assert_eq!(task.counter("polls"), 13);
    assert_eq!(task.logs()[0].message, "reading 2 queues");
    assert_eq!(task.logs()[0].level, log::Level::Info);
}

#[test]
fn capabilities_and_tasks_come_from_the_configuration() {
    assert_eq!(start().capabilities().unwrap(), [Capability::Connect("mq.internal".into(), 1414)]);
    let mut connector = ConnectorHarness::<OneTaskEach>::start([("queues", "a,b")]).unwrap();
    let tasks = connector.task_configs(8).unwrap();
    assert_eq!(tasks.iter().map(|config| config["queues"].as_str()).collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn a_wrong_configuration_starts_nothing() {
    let error = SourceHarness::<Queues>::start([("host", "x")]).unwrap_err();
    assert_eq!(error, Error::fatal("Missing required configuration \"queues\" which has no default value."));
}

/// Writes to a topic that the configuration names.
struct AnyTopic(String);

impl Source for AnyTopic {
    const CLASS: &'static str = "org.example.AnyTopic";
    const VERSION: &'static str = "1";
    type Config = ();

    fn start(_: (), context: &SourceContext) -> Result<AnyTopic, Error> {
        Ok(AnyTopic(context.config["topic"].clone()))
    }

    fn poll(&mut self, batch: &mut BatchBuilder) -> Result<Poll, Error> {
        batch.record(&self.0).push();
        Ok(Poll::Ready)
    }
}

#[test]
#[should_panic(expected = "Kafka does not allow the topic name \"a/b\"")]
fn the_harness_refuses_what_the_runtime_would() {
    let _ = SourceHarness::<AnyTopic>::start([("topic", "a/b")]).unwrap().poll();
}

/// Writes values as they should not be.
struct Wrong;

impl Source for Wrong {
    const CLASS: &'static str = "org.example.Wrong";
    const VERSION: &'static str = "1";
    type Config = ();

    fn start(_: (), _: &SourceContext) -> Result<Wrong, Error> {
        Ok(Wrong)
    }

    fn poll(&mut self, batch: &mut BatchBuilder) -> Result<Poll, Error> {
        batch.record("t").value_text("5").value_schema(&Schema::int8().build()).push();
        Ok(Poll::Ready)
    }
}

#[test]
#[should_panic(expected = "the value Text(\"5\") does not go with a schema of type SchemaType::Int8")]
fn a_text_does_not_go_with_the_schema_of_a_number() {
    let _ = SourceHarness::<Wrong>::start([("", ""); 0]).unwrap().poll();
}

#[test]
fn a_source_needs_nothing_unless_it_says_so() {
    let task = SourceHarness::<AnyTopic>::start([("topic", "a")]).unwrap();
    assert_eq!(task.capabilities().unwrap(), []);
}

/// Defines where transactions end, and keeps what it knows of its task.
struct Transactional {
    generation: u64,
    secret: bool,
    shown: String,
}

#[derive(Config)]
struct TransactionalConfig {
    /// Password.
    password: weir_sdk::config::Password,
}

impl Source for Transactional {
    const CLASS: &'static str = "org.example.Transactional";
    const VERSION: &'static str = "1";
    type Config = TransactionalConfig;

    fn start(config: TransactionalConfig, context: &SourceContext) -> Result<Transactional, Error> {
        assert_eq!(config.password.value(), context.config["password"]);
        let (secret, shown) = (context.is_secret("password"), format!("{context:?}"));
        Ok(Transactional { generation: context.generation(), secret, shown })
    }

    fn poll(&mut self, batch: &mut BatchBuilder) -> Result<Poll, Error> {
        batch.record("t").push();
        batch.commit_transaction();
        batch.record("t").push();
        batch.abort_transaction();
        Ok(Poll::Ready)
    }
}

#[test]
fn the_ends_of_transactions_are_reported_with_their_records() {
    let mut task = SourceHarness::<Transactional>::start([("password", "hush")]).unwrap();
    let ends = task.poll().unwrap().transaction_ends;
    let end = |index, abort| TransactionEnd { index: Some(index), abort };
    assert_eq!(ends, [end(0, false), end(1, true)]);
}

#[test]
fn a_context_shows_no_secrets_and_each_start_has_a_greater_generation() {
    let mut task = SourceHarness::<Transactional>::start([("password", "hush")]).unwrap();
    assert!(task.task().secret && !task.task().shown.contains("hush"), "{}", task.task().shown);
    let first = task.task().generation;
    assert!(task.restart().unwrap().task().generation > first);
}
