//! Tests each call: arguments, results, and the detection of results that violate the contract.

use std::sync::Arc;
use std::time::Duration;

use weir_data::records::{Column, Format, Headers, Records, Topics, Values};
use weir_data::transformed::StepFailure;
use weir_plugin::{
    Budget, CallError, ClassError, Columns, ConnectorInstance, Grants, Limits, NoStoredOffsets, OffsetChange,
    PluginKind, PredicateInstance, RecordFailure, SettledRecords, SinkBatch, SinkInstance, SinkRequests,
    SourceInstance, Step, StepPredicate, TimestampType, TopicPartition, TopicPartitionOffset, TransformInstance,
};

use crate::guest::{component, config, identity};

const BUDGET: Budget = Budget { max_records: 3, max_bytes: 1000, max_wait: Duration::from_millis(5) };

async fn source(command: &str) -> SourceInstance {
    let component = component().await;
    let mut source = component.source(identity("test.Source"), &Limits::default(), &Grants::none()).await.unwrap();
    let wanted = source.start(&config(&[("do", command)]), Arc::new(NoStoredOffsets)).await.unwrap();
    assert!(wanted.settled && !wanted.committed);
    source
}

async fn sink(command: &str) -> SinkInstance {
    let component = component().await;
    let mut sink = component.sink(identity("test.Sink"), &Limits::default(), &Grants::none()).await.unwrap();
    sink.start(&config(&[("do", command)])).await.unwrap();
    sink
}

async fn transform(command: &str, columns: &str) -> TransformInstance {
    let component = component().await;
    let identity = identity("test.Transform");
    let mut transform = component.transform(identity, &Limits::default(), &Grants::none()).await.unwrap();
    transform.configure(&[step(command, columns)]).await.unwrap();
    transform
}

fn step(command: &str, columns: &str) -> Step {
    let config = config(&[("do", command), ("columns", columns)]);
    Step { alias: "t".into(), class: "test.Transform".into(), config, predicate: None }
}

fn numbered(count: u32) -> Records {
    let column = Column::from_entries((0..count).map(|number| Some(number.to_string())));
    Records {
        count,
        topics: Topics::all("t"),
        formats: vec![Format::plain(weir_data::records::Encoding::Utf8)],
        keys: Values::from_column(column.clone(), count, 0),
        values: Values::from_column(column.clone(), count, 0),
        headers: Headers {
            counts: vec![1; count as usize],
            names: column.clone(),
            values: Values::from_column(column, count, 0),
        },
        ..Records::default()
    }
}

fn sink_batch() -> SinkBatch {
    SinkBatch {
        records: numbered(3),
        topic_partitions: vec![partition(0)],
        topic_partition: vec![],
        offsets: vec![5, 6, 7],
        timestamp_types: vec![TimestampType::CreateTime],
    }
}

fn partition(partition: i32) -> TopicPartition {
    TopicPartition { topic: "t".into(), partition }
}

fn at(partition: i32, offset: i64) -> TopicPartitionOffset {
    TopicPartitionOffset { topic: "t".into(), partition, offset }
}

fn fatal<T: std::fmt::Debug>(answer: Result<T, CallError>) -> String {
    match answer {
        Err(CallError::Fatal(message)) => message,
        other => panic!("a fatal fault was expected: {other:?}"),
    }
}

/// Returns the text of a trap about a violation of the contract.
fn lie<T: std::fmt::Debug>(answer: Result<T, CallError>) -> String {
    match answer {
        Err(CallError::Trapped(trap)) if trap.cause.starts_with("the result violates the contract: ") => {
            trap.to_string()
        }
        other => panic!("a lie was expected: {other:?}"),
    }
}

#[tokio::test]
async fn a_source_learns_whose_task_it_is() {
    let component = component().await;
    let mut source = component.source(identity("test.Source"), &Limits::default(), &Grants::none()).await.unwrap();
    let answer = source.start(&config(&[("do", "refuse")]), Arc::new(NoStoredOffsets)).await;
    assert_eq!(fatal(answer), "c test.Source 3");
}

#[tokio::test]
async fn a_source_keeps_to_its_budget_or_dies() {
    let mut honest = source("records").await;
    let polled = honest.poll(BUDGET).await.unwrap();
    let batch = polled.batch.expect("a batch");
    assert_eq!(batch.records.count, 3);
    assert_eq!(batch.source_offsets.iter(3).last(), Some(Some(&br#"{"position":2}"#[..])));
    honest.stop().await.unwrap();

    let text = lie(source("too-many").await.poll(BUDGET).await);
    assert!(text.contains("source.poll") && text.contains("4 records, but the budget allows 3"), "{text}");
    let text = lie(source("bad-offset").await.poll(BUDGET).await);
    assert!(text.contains("source offset \"17\" of record 0"), "{text}");
}

#[tokio::test]
async fn a_source_may_ask_to_be_called_later() {
    let mut source = source("retry").await;
    for _ in 0..2 {
        let answer = source.poll(BUDGET).await;
        assert!(matches!(answer, Err(CallError::Retry { message, after: None }) if message == "no records yet"));
    }
}

#[tokio::test]
async fn a_source_learns_the_outcomes_of_its_records() {
    let mut source = source("records").await;
    let settled = SettledRecords {
        numbers: vec![7, 8, 9],
        topic_partitions: vec![partition(4)],
        topic_partition: vec![0, -1, -2],
        offsets: vec![77, -1, -1],
    };
    assert_eq!(fatal(source.settled(settled).await), r#"[7, 8, 9] ["t-4"] [0, -1, -2] [77, -1, -1]"#);
    assert_eq!(fatal(source.committed(10).await), "committed 10");
}

#[tokio::test]
async fn the_failed_records_of_a_sink_are_returned_once_and_in_order() {
    let mut batch = sink_batch();
    let failures = sink("fail").await.put(&mut batch).await.unwrap();
    let failure = |index| RecordFailure { index, message: "no".into() };
    assert_eq!(failures, [failure(0), failure(2)]);
    assert_eq!(batch, sink_batch());
    let text = lie(sink("lie").await.put(&mut batch).await);
    assert!(text.contains("record 3 failed, but the batch has 3 records"), "{text}");
    assert_eq!(batch, sink_batch(), "the batch is back even so");
}

#[tokio::test]
async fn a_batch_is_whole_after_a_retry_and_after_a_trap() {
    let mut batch = sink_batch();
    let answer = sink("retry").await.put(&mut batch).await;
    assert!(matches!(answer, Err(CallError::Retry { after: Some(after), .. }) if after == Duration::from_millis(100)));
    assert_eq!(batch, sink_batch());
    let answer = sink("panic now").await.put(&mut batch).await;
    assert!(answer.unwrap_err().is_trap());
    assert_eq!(batch, sink_batch());
}

#[tokio::test]
async fn safe_offsets_are_checked() {
    let asked = [at(0, 10), at(1, 20)];
    assert_eq!(sink("take").await.pre_commit(&asked).await.unwrap(), asked);
    let text = lie(sink("lie").await.pre_commit(&asked).await);
    assert!(text.contains("offset 11 of t-0 is greater than the requested 10"), "{text}");
}

#[tokio::test]
async fn a_sinks_requests_are_handed_over_once() {
    let mut sink = sink("requests").await;
    assert_eq!(sink.take_requests(), SinkRequests::default());
    sink.assigned(&[partition(0), partition(1)]).await.unwrap();
    let expected = SinkRequests {
        rewind: vec![at(0, 7), at(1, 7)],
        pause: vec![partition(1)],
        resume: vec![partition(0)],
        commit: true,
        timeout: Some(Duration::from_millis(1234)),
    };
    assert_eq!(sink.take_requests(), expected);
    assert_eq!(sink.take_requests(), SinkRequests::default());
    assert_eq!(fatal(sink.revoked(&[partition(0)]).await), "1 closed");
}

#[tokio::test]
async fn a_transform_gets_the_columns_it_asked_for_and_no_others() {
    for (columns, shape) in [("", "0 0 0 1"), ("keys", "2 0 0 1"), ("values,headers", "0 2 2 1")] {
        let mut transform = transform("shape", columns).await;
        let (mut records, mut offsets) = (numbered(2), vec![1, 2]);
        assert_eq!(fatal(transform.apply(&mut records, &mut offsets).await), shape);
        assert_eq!((records, offsets), (numbered(2), vec![1, 2]));
    }
}

#[tokio::test]
async fn a_transforms_answer_is_checked() {
    let (mut records, mut offsets) = (numbered(2), vec![40, 41]);
    let answer = transform("fail", "").await.apply(&mut records, &mut offsets).await.unwrap();
    assert_eq!(answer.origins, [1]);
    assert_eq!(answer.failures, [StepFailure { index: 0, step: 0, message: "[40, 41]".into(), retriable: true }]);
    for (command, expected) in [
        ("lie-origin", "origins"),
        ("lie-step", "step 1 failed, but the chain has 1 steps"),
        ("lie-length", "add up to"),
    ] {
        let text = lie(transform(command, "values").await.apply(&mut records, &mut offsets).await);
        assert!(text.contains("transform.apply") && text.contains(expected), "{text}");
    }
    assert_eq!(records, numbered(2));
}

#[tokio::test]
async fn a_transform_may_import_wasi_and_reaches_nothing_by_it() {
    let imports = component().await.imports();
    assert!(imports.iter().any(|name| name.starts_with("wasi:filesystem/types@")), "{imports:?}");
    let (mut records, mut offsets) = (numbered(1), vec![1]);
    let said = fatal(transform("environment", "").await.apply(&mut records, &mut offsets).await);
    assert_eq!(said, "[] [] \"\"");
    for command in ["read /etc/passwd", "list /", "look-up localhost", "connect 127.0.0.1:9"] {
        let said = fatal(transform(command, "").await.apply(&mut records, &mut offsets).await);
        assert!(said.starts_with("error: "), "{command}: {said}");
    }
    // Time and random numbers need no grant.
    let random = |said: String| said.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let said = random(fatal(transform("random", "").await.apply(&mut records, &mut offsets).await));
    assert!(said[1].parse::<u64>().unwrap() > 1_700_000_000, "{said:?}");
}

#[tokio::test]
async fn a_transforms_configuration_may_be_refused() {
    let component = component().await;
    let identity = identity("test.Transform");
    let mut transform = component.transform(identity, &Limits::default(), &Grants::none()).await.unwrap();
    let predicate = StepPredicate { class: "test.Predicate".into(), config: config(&[]), negate: true };
    let refused = transform.configure(&[Step { predicate: Some(predicate), ..step("keep", "") }]).await;
    assert_eq!(fatal(refused), "t test.Predicate true");
}

#[tokio::test]
async fn a_predicate_returns_a_result_for_each_record() {
    async fn predicate(command: &str) -> PredicateInstance {
        let identity = identity("test.Predicate");
        let component = component().await;
        let mut predicate = component.predicate(identity, &Limits::default(), &Grants::none()).await.unwrap();
        let columns = predicate.configure(&config(&[("do", command), ("columns", "keys")])).await.unwrap();
        assert_eq!(columns, Columns { keys: true, ..Columns::default() });
        predicate
    }
    let (mut records, mut offsets) = (numbered(3), vec![]);
    assert_eq!(predicate("even").await.test(&mut records, &mut offsets).await.unwrap(), [true, false, true]);
    let text = lie(predicate("short").await.test(&mut records, &mut offsets).await);
    assert!(text.contains("2 results for 3 records"), "{text}");
    assert_eq!(records, numbered(3));
}

async fn connector(command: &str) -> Result<ConnectorInstance, CallError> {
    let component = component().await;
    let (limits, offsets) = (Limits::default(), Arc::new(NoStoredOffsets));
    let mut connector = component.connector(identity("test.Sink"), &limits, &Grants::none(), offsets).await?;
    connector.start(&config(&[("do", command)])).await?;
    Ok(connector)
}

#[tokio::test]
async fn a_connector_makes_configurations_for_its_tasks() {
    let mut honest = connector("work").await.unwrap();
    let configs = honest.task_configs(2).await.unwrap();
    let numbers: Vec<_> = configs.iter().map(|config| config["number"].as_str()).collect();
    assert_eq!(numbers, ["0", "1"]);
    assert!(honest.has_check());
    let busy = honest.check().await;
    assert!(matches!(busy, Err(CallError::Retry { after: Some(after), .. }) if after == Duration::from_millis(250)));
    honest.stop().await.unwrap();

    let more = connector("lie").await.unwrap().task_configs(2).await.unwrap();
    assert_eq!(more.len(), 3, "whether a connector may have more tasks than tasks.max is not decided here");
    assert_eq!(fatal(connector("refuse").await.map(drop)), "c refuses");
}

#[tokio::test]
async fn what_a_connector_says_to_its_tasks_is_bounded() {
    let text = lie(connector("flood-values").await.unwrap().task_configs(2).await);
    assert!(text.contains("the task configurations have 18874"), "{text}");
    assert!(text.contains("the limit is 16777216"), "{text}");
    let one = connector("flood-values").await.unwrap().task_configs(1).await.unwrap();
    assert_eq!(one[0]["large"].len(), 9 << 20);
}

#[tokio::test]
async fn a_connector_is_asked_about_guarantees_and_offsets() {
    let component = component().await;
    let (limits, grants, config) = (Limits::default(), Grants::none(), config(&[]));
    assert!(component.supports_exactly_once("test.Source", &config, &limits, &grants).await.unwrap());
    assert!(!component.can_define_transactions("test.Source", &config, &limits, &grants).await.unwrap());
    let alter = |change| async move {
        let config = crate::guest::config(&[]);
        component.alter_offsets(identity("test.Source"), &config, &change, &Limits::default(), &Grants::none()).await
    };
    assert!(alter(OffsetChange::Source(vec![("{}".into(), Some("{}".into()))])).await.unwrap());
    assert!(!alter(OffsetChange::Sink(vec![at(0, -1)])).await.unwrap());
    assert_eq!(fatal(alter(OffsetChange::Source(vec![("{}".into(), None)])).await), "test.Source never forgets");
}

#[tokio::test]
async fn what_is_not_there_or_is_something_else_is_said() {
    let component = component().await;
    let (limits, grants) = (Limits::default(), Grants::none());
    let error = component.source(identity("test.Other"), &limits, &grants).await.err().expect("no such class");
    let CallError::NoSuchClass(ClassError::Unknown { class, classes, .. }) = error else { panic!("{error}") };
    assert_eq!(class, "test.Other");
    assert!(classes.iter().any(|class| class == "test.Source"), "{classes:?}");
    let error = component.source(identity("test.Sink"), &limits, &grants).await.err().expect("not a source");
    let is_sink =
        |error: &CallError| matches!(error, CallError::NoSuchClass(ClassError::Kind { kind: PluginKind::Sink, .. }));
    assert!(is_sink(&error), "{error}");
}
