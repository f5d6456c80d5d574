//! Tests that the guest reads each batch as the host wrote it, and the reverse.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{TestCaseResult, TestRunner};
use weir_data::records::{Column, Records};
use weir_plugin::{
    Budget, CallError, Grants, Guest, Limits, OffsetsFuture, SinkBatch, SourceBatch, Step, StoredOffsets, TaskFacts,
    TimestampType, TopicPartition, TransactionBoundary, TransformInstance,
};

use crate::codec::{decode, encode};
use crate::guest::{component, config, identity};
use crate::records::records;

const CASES: u32 = 100;

/// Checks a property in which each case calls the guest.
fn check<S: Strategy>(strategy: S, property: impl Fn(&tokio::runtime::Runtime, S::Value) -> TestCaseResult) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut config = ProptestConfig::with_cases(CASES);
    config.failure_persistence = None;
    TestRunner::new(config).run(&strategy, |value| property(&runtime, value)).unwrap();
}

#[test]
fn the_random_batches_are_batches() {
    let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(CASES) });
    runner
        .run(&records(), |records| {
            prop_assert_eq!(records.check(), Ok(()));
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_transform_reads_and_returns_every_column_as_it_came() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let echo = runtime.block_on(transform("all"));
    let keep = runtime.block_on(transform("keep"));
    let mut config = ProptestConfig::with_cases(CASES);
    config.failure_persistence = None;
    TestRunner::new(config)
        .run(&records(), |sent| {
            let mut records = sent.clone();
            let mut offsets: Vec<i64> = (0..i64::from(sent.count)).collect();
            let kept = runtime.block_on(keep.borrow_mut().apply(&mut records, &mut offsets)).unwrap();
            prop_assert_eq!(&records, &sent, "what was lent is back");
            prop_assert_eq!(offsets.len(), sent.count as usize);
            prop_assert_eq!(kept.into_records(sent.clone()).0, sent.clone());

            let answer = runtime.block_on(echo.borrow_mut().apply(&mut records, &mut offsets)).unwrap();
            prop_assert_eq!(&records, &sent);
            let first = sent.formats.len();
            let mut returned = answer.into_records(sent.clone()).0;
            // The guest returns its own formats after those of the input. They are equal.
            prop_assert_eq!(&returned.formats[..first], &sent.formats[..]);
            prop_assert_eq!(&returned.formats[first..], &sent.formats[..]);
            for values in [&mut returned.keys, &mut returned.values, &mut returned.headers.values] {
                values.formats.iter_mut().for_each(|format| *format -= first as u32);
            }
            prop_assert_eq!(spelled_out(returned), spelled_out(sent));
            Ok(())
        })
        .unwrap();
}

/// Returns the same batch with all indexes of formats, and without the table, which was compared before.
fn spelled_out(mut records: Records) -> Records {
    let headers = records.headers.names.lengths.len();
    for (values, count) in [
        (&mut records.keys, records.count as usize),
        (&mut records.values, records.count as usize),
        (&mut records.headers.values, headers),
    ] {
        if values.formats.is_empty() {
            values.formats = vec![0; count];
        }
    }
    records.formats.clear();
    records
}

async fn transform(what: &str) -> RefCell<TransformInstance> {
    let identity = identity("test.Transform");
    let mut transform =
        component().await.transform(identity, &Limits::default(), &Grants::none()).await.expect("an instance");
    let step = Step {
        alias: "t".into(),
        class: "test.Transform".into(),
        config: config(&[("do", what), ("columns", "keys,values,headers")]),
        predicate: None,
    };
    transform.configure(&[step]).await.expect("a valid configuration");
    transform.into()
}

fn sink_batch() -> impl Strategy<Value = SinkBatch> {
    let partition = ("[a-z]{1,9}", 0_i32..100).prop_map(|(topic, partition)| TopicPartition { topic, partition });
    let kind =
        prop_oneof![Just(TimestampType::None), Just(TimestampType::CreateTime), Just(TimestampType::LogAppendTime)];
    (records(), vec((partition, kind), 1..4)).prop_flat_map(|(records, partitions)| {
        let count = records.count as usize;
        let indexes = prop_oneof![Just(Vec::new()), vec(0..partitions.len() as u32, count)];
        (indexes, vec(0_i64..i64::MAX, count)).prop_map(move |(topic_partition, offsets)| {
            let (topic_partitions, timestamp_types) = partitions.clone().into_iter().unzip();
            SinkBatch { records: records.clone(), topic_partitions, topic_partition, offsets, timestamp_types }
        })
    })
}

#[test]
fn a_sink_reads_what_the_host_wrote() {
    check(sink_batch(), |runtime, sent| {
        runtime.block_on(async {
            let component = component().await;
            let mut sink = component.sink(identity("test.Sink"), &Limits::default(), &Grants::none()).await.unwrap();
            sink.start(&config(&[("do", "dump")])).await.unwrap();
            // Twice, because the formats are cached the second time.
            for _ in 0..2 {
                let mut dump = String::new();
                loop {
                    let mut batch = sent.clone();
                    let Err(CallError::Fatal(piece)) = sink.put(&mut batch).await else {
                        panic!("a dump was expected")
                    };
                    prop_assert_eq!(&batch, &sent, "what was lent is back");
                    dump.push_str(&piece[1..]);
                    if piece.starts_with('.') {
                        break;
                    }
                }
                type Rest = ((Vec<(String, i32)>, Vec<u32>), (Vec<i64>, Vec<u8>));
                let (records, ((partitions, partition), (offsets, kinds))) = decode::<(Records, Rest)>(&dump);
                prop_assert_eq!(&records, &sent.records);
                let sent_partitions: Vec<_> =
                    sent.topic_partitions.iter().map(|at| (at.topic.clone(), at.partition)).collect();
                prop_assert_eq!(partitions, sent_partitions);
                prop_assert_eq!(&partition, &sent.topic_partition);
                prop_assert_eq!(&offsets, &sent.offsets);
                let sent_kinds: Vec<u8> = sent.timestamp_types.iter().map(|kind| *kind as u8).collect();
                prop_assert_eq!(kinds, sent_kinds);
            }
            Ok(())
        })
    });
}

/// Provides `batch` as the guest's stored offset.
struct Replay(String);

impl StoredOffsets for Replay {
    fn stored_offsets(&self, partitions: Vec<String>) -> OffsetsFuture<'_> {
        let answers = partitions.iter().map(|partition| (partition == "batch").then(|| self.0.clone())).collect();
        Box::pin(async move { Ok(answers) })
    }
}

fn source_batch() -> impl Strategy<Value = SourceBatch> {
    // The tables of a source must not be longer than its number of records.
    let records = records().prop_filter("a longer table", |records| records.count >= 4);
    (records, vec("[a-zä]{1,9}", 1..4)).prop_flat_map(|(records, names)| {
        let count = records.count as usize;
        let indexes = prop_oneof![Just(Vec::new()), vec(0..names.len() as u32, count)];
        (indexes, vec(proptest::option::of(any::<u64>()), count)).prop_map(move |(source_partition, positions)| {
            SourceBatch {
                records: records.clone(),
                source_partitions: names.iter().map(|name| format!("{{\"file\":\"{name}\"}}")).collect(),
                source_partition,
                source_offsets: Column::from_entries(
                    positions.iter().map(|position| position.map(|position| format!("{{\"position\": {position} }}"))),
                ),
                boundaries: vec![TransactionBoundary { index: None, abort: true }],
            }
        })
    })
}

#[test]
fn the_host_reads_what_a_source_wrote() {
    check(source_batch(), |runtime, sent| {
        runtime.block_on(async {
            let batch = sent.clone();
            let rest = ((batch.source_partitions, batch.source_partition), batch.source_offsets);
            let replay = Arc::new(Replay(encode(&(batch.records, rest))));
            let component = component().await;
            let facts = TaskFacts { defines_transactions: true, ..TaskFacts::default() };
            let guest = Guest::from(identity("test.Source")).in_task(facts);
            let mut source = component.source(guest, &Limits::default(), &Grants::none()).await.unwrap();
            source.start(&config(&[("do", "replay")]), replay).await.unwrap();
            let budget = Budget { max_records: 1000, max_bytes: 1 << 20, max_wait: Duration::ZERO };
            let polled = source.poll(budget).await.unwrap();
            prop_assert_eq!(polled.idle, Duration::from_millis(20));
            let mut batch = polled.batch.expect("a batch");
            prop_assert_eq!(&batch, &sent);
            // The second batch has the same schemas, and shares them.
            let again = source.poll(budget).await.unwrap().batch.expect("a batch");
            prop_assert_eq!(&again, &sent);
            for (first, second) in batch.records.formats.iter_mut().zip(again.records.formats) {
                if let (Some(first), Some(second)) = (&first.schema, second.schema) {
                    prop_assert!(Arc::ptr_eq(first, &second));
                }
            }
            Ok(())
        })
    });
}
