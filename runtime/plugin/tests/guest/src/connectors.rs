//! The source, the sink and the connector around them.

use std::cell::RefCell;

use crate::bindings::exports::weir::connect::{connector, sink, source};
use crate::bindings::weir::connect::data::{
    Column, ConfigEntry, Fault, Records, Retry, RowFailure, TopicPartition, TopicPartitionOffset,
};
use crate::bindings::weir::connect::{sink_context, source_context};
use crate::codec::{decode, encode};
use crate::{Guest, commands, configure, setting};

impl connector::Guest for Guest {
    fn start(context: connector::ConnectorContext) -> Result<connector::Started, Fault> {
        configure(&context.config);
        match setting("do").as_str() {
            "refuse" => Err(Fault::Fatal(format!("{} refuses", context.name))),
            _ => Ok(connector::Started { check_interval_ms: Some(1500) }),
        }
    }

    fn task_configs(max_tasks: u32) -> Result<Vec<connector::TaskConfig>, Fault> {
        let count = if setting("do") == "lie" { max_tasks + 1 } else { max_tasks };
        let entry = |number: u32| ConfigEntry { key: "number".into(), value: number.to_string() };
        let entries = |number: u32| match setting("do").as_str() {
            "flood-values" => vec![ConfigEntry { key: "large".into(), value: "x".repeat(9 << 20) }],
            _ => vec![entry(number)],
        };
        Ok((0..count).map(|number| connector::TaskConfig { entries: entries(number) }).collect())
    }

    fn check() -> Result<bool, Fault> {
        Err(Fault::Retry(Retry { message: "busy".into(), after_ms: Some(250) }))
    }

    fn stop() {
        commands::run(&setting("stop"));
    }

    fn exactly_once_support(_class: String, _config: Vec<ConfigEntry>) -> connector::Support {
        connector::Support::Supported
    }

    fn transaction_boundary_support(_class: String, _config: Vec<ConfigEntry>) -> connector::Support {
        connector::Support::Unsupported
    }

    fn alter_offsets(
        class: String,
        _config: Vec<ConfigEntry>,
        change: connector::OffsetChange,
    ) -> Result<bool, String> {
        match change {
            connector::OffsetChange::Source(offsets) if offsets.iter().any(|offset| offset.offset.is_none()) => {
                Err(format!("{class} never forgets"))
            }
            connector::OffsetChange::Source(_) => Ok(true),
            connector::OffsetChange::Sink(_) => Ok(false),
        }
    }
}

impl source::Guest for Guest {
    fn start(context: source::TaskContext) -> Result<source::Started, Fault> {
        configure(&context.config);
        if setting("do") == "refuse" {
            return Err(Fault::Fatal(format!("{} {} {}", context.connector, context.class, context.task)));
        }
        Ok(source::Started { wants_settled: true, wants_committed: false })
    }

    fn poll(budget: source::Budget) -> Result<source::Polled, Fault> {
        let batch = match setting("do").as_str() {
            "replay" => replay(),
            "rows" => lines(budget.rows),
            "too-many" => lines(budget.rows + 1),
            "bad-offset" => {
                let mut batch = lines(1);
                batch.source_offsets = Column { lengths: vec![2], bytes: b"17".into() };
                batch
            }
            "retry" => return Err(Fault::Retry(Retry { message: "no rows yet".into(), after_ms: None })),
            command => return Err(Fault::Fatal(commands::run(command))),
        };
        Ok(source::Polled { batch, idle_ms: 20 })
    }

    fn settled(rows: source::SettledRows) -> Result<(), Fault> {
        let partitions: Vec<_> =
            rows.topic_partitions.iter().map(|at| format!("{}-{}", at.topic, at.partition)).collect();
        Err(Fault::Fatal(format!("{:?} {partitions:?} {:?} {:?}", rows.rows, rows.topic_partition, rows.offsets)))
    }

    fn committed(row: u64) -> Result<(), Fault> {
        Err(Fault::Fatal(format!("committed {row}")))
    }

    fn stop() {
        commands::run(&setting("stop"));
    }
}

/// The batch that the test hands over as a stored offset.
fn replay() -> source::SourceBatch {
    let stored = source_context::stored_offsets(&["nothing".to_owned(), "batch".to_owned()]);
    assert_eq!(stored[0], None, "answers are in order");
    let text = stored[1].as_deref().expect("the batch to replay");
    let (records, ((partitions, partition), offsets)) = decode::<(Records, ((Vec<String>, Vec<u32>), Column))>(text);
    source::SourceBatch {
        records,
        source_partitions: partitions,
        source_partition: partition,
        source_offsets: offsets,
        boundaries: vec![source::TransactionBoundary { row: None, abort: true }],
    }
}

fn lines(count: u32) -> source::SourceBatch {
    let line = [b'x'; 100];
    let mut records = empty();
    records.count = count;
    records.topics.names = vec!["lines".into()];
    records.values.lengths = vec![100; count as usize];
    records.values.bytes = line.repeat(count as usize);
    let mut offsets = Column { lengths: Vec::new(), bytes: Vec::new() };
    for row in 0..count {
        let offset = format!("{{\"position\":{row}}}");
        offsets.lengths.push(offset.len() as i32);
        offsets.bytes.extend_from_slice(offset.as_bytes());
    }
    source::SourceBatch {
        records,
        source_partitions: vec![r#"{"filename":"a"}"#.into()],
        source_partition: vec![],
        source_offsets: offsets,
        boundaries: vec![],
    }
}

fn empty() -> Records {
    use crate::types::{HeaderColumns, TopicColumn, Values};
    let values = || Values { lengths: vec![], bytes: vec![], formats: vec![] };
    Records {
        count: 0,
        topics: TopicColumn { names: vec![], rows: vec![] },
        partitions: vec![],
        timestamps: vec![],
        formats: vec![],
        keys: values(),
        values: values(),
        headers: HeaderColumns { counts: vec![], names: Column { lengths: vec![], bytes: vec![] }, values: values() },
    }
}

thread_local! {
    /// What of a text is still to be said.
    static REST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// The next piece of a text, because messages are cut: `+` and more to come, or `.` and the last.
fn piece_of(text: impl FnOnce() -> String) -> String {
    REST.with_borrow_mut(|rest| {
        if rest.is_empty() {
            *rest = text();
        }
        let more = rest.split_off(rest.len().min(8000));
        let piece = std::mem::replace(rest, more);
        format!("{}{piece}", if rest.is_empty() { '.' } else { '+' })
    })
}

impl sink::Guest for Guest {
    fn start(context: sink::TaskContext) -> Result<(), Fault> {
        configure(&context.config);
        Ok(())
    }

    fn open(partitions: Vec<TopicPartition>) -> Result<(), Fault> {
        if setting("do") == "requests" {
            sink_context::pause(&partitions);
            let rewind = |at: &TopicPartition| TopicPartitionOffset {
                topic: at.topic.clone(),
                partition: at.partition,
                offset: 7,
            };
            sink_context::rewind(&partitions.iter().map(rewind).collect::<Vec<_>>());
            sink_context::resume(&partitions[..1]);
            sink_context::request_commit();
            sink_context::timeout(1234);
        }
        Ok(())
    }

    fn put(batch: sink::SinkBatch) -> Result<Vec<RowFailure>, Fault> {
        match setting("do").as_str() {
            "take" => Ok(vec![]),
            "dump" => {
                let kinds: Vec<u8> = batch.timestamp_types.iter().map(|kind| *kind as u8).collect();
                let partitions: Vec<_> =
                    batch.topic_partitions.into_iter().map(|at| (at.topic, at.partition)).collect();
                let rest = ((partitions, batch.topic_partition), (batch.offsets, kinds));
                Err(Fault::Fatal(piece_of(|| encode(&(batch.records, rest)))))
            }
            "fail" => Ok([2, 0, 2].map(|row| RowFailure { row, message: "no".into() }).into()),
            "lie" => Ok(vec![RowFailure { row: batch.records.count, message: "no".into() }]),
            "retry" => Err(Fault::Retry(Retry { message: "busy".into(), after_ms: Some(100) })),
            command => Err(Fault::Fatal(commands::run(command))),
        }
    }

    fn pre_commit(mut offsets: Vec<TopicPartitionOffset>) -> Result<Vec<TopicPartitionOffset>, Fault> {
        if setting("do") == "lie" {
            offsets[0].offset += 1;
        }
        Ok(offsets)
    }

    fn close(partitions: Vec<TopicPartition>) -> Result<(), Fault> {
        Err(Fault::Fatal(format!("{} closed", partitions.len())))
    }

    fn stop() {
        commands::run(&setting("stop"));
    }
}
