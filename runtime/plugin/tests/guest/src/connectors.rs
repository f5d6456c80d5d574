//! The source, the sink, and their connector.

use std::cell::RefCell;

use crate::bindings::exports::weir::connect::{
    connector, connector_check, sink, sink_commit, sink_offsets, sink_partitions, source, source_acknowledgements,
    source_offsets, source_transactions,
};
use crate::bindings::weir::connect::data::{
    Column, ConfigEntry, Fault, HeaderColumns, RecordFailure, Records, Retriable, TopicColumn, TopicPartition,
    TopicPartitionOffset, Values,
};
use crate::bindings::weir::connect::{context, sink_context, source_context};
use crate::codec::{decode, encode};
use crate::{Guest, commands, configure, setting, types};

impl connector::Guest for Guest {
    fn start(_class: String, config: Vec<ConfigEntry>) -> Result<(), String> {
        configure(&config);
        match setting("do").as_str() {
            "refuse" => Err(format!("{} refuses", context::connector_name())),
            _ => Ok(()),
        }
    }

    fn task_configs(max_tasks: u32) -> Result<Vec<connector::TaskConfig>, String> {
        let count = if setting("do") == "lie" { max_tasks + 1 } else { max_tasks };
        let entries = |number: u32| match setting("do").as_str() {
            "flood-values" => vec![("large".to_owned(), "x".repeat(9 << 20))],
            _ => vec![("number".to_owned(), number.to_string())],
        };
        Ok((0..count).map(|number| connector::TaskConfig { entries: entries(number) }).collect())
    }

    fn stop() {
        commands::run(&setting("stop"));
    }
}

impl connector_check::Guest for Guest {
    fn check() -> Result<Option<u32>, Fault> {
        Err(Fault::Retriable(Retriable { message: "busy".into(), after_ms: Some(250) }))
    }
}

impl source_transactions::Guest for Guest {
    fn supports_exactly_once(_class: String, _config: Vec<ConfigEntry>) -> bool {
        true
    }

    fn can_define_transactions(_class: String, _config: Vec<ConfigEntry>) -> bool {
        false
    }
}

impl source_offsets::Guest for Guest {
    fn alter(
        class: String,
        _config: Vec<ConfigEntry>,
        offsets: Vec<source_offsets::SourceOffset>,
    ) -> Result<bool, String> {
        match offsets.iter().any(|offset| offset.offset.is_none()) {
            true => Err(format!("{class} never forgets")),
            false => Ok(true),
        }
    }
}

impl sink_offsets::Guest for Guest {
    fn alter(_class: String, _config: Vec<ConfigEntry>, _offsets: Vec<TopicPartitionOffset>) -> Result<bool, String> {
        Ok(false)
    }
}

impl source::Guest for Guest {
    fn start(class: String, config: Vec<ConfigEntry>) -> Result<(), String> {
        configure(&config);
        if setting("do") == "refuse" {
            let task = context::task_number().expect("a task");
            return Err(format!("{} {class} {task}", context::connector_name()));
        }
        Ok(())
    }

    fn poll(budget: source::Budget) -> Result<source::Polled, Fault> {
        let batch = match setting("do").as_str() {
            "replay" => replay(),
            "records" => lines(budget.max_records),
            "too-many" => lines(budget.max_records + 1),
            "bad-offset" => {
                let mut batch = lines(1);
                batch.source_offsets = Column { lengths: vec![2], bytes: b"17".into() };
                batch
            }
            "retry" => return Err(Fault::Retriable(Retriable { message: "no records yet".into(), after_ms: None })),
            command => return Err(Fault::Fatal(commands::run(command))),
        };
        Ok(source::Polled { batch: Some(batch), idle_ms: 20 })
    }

    fn stop() {
        commands::run(&setting("stop"));
    }
}

impl source_acknowledgements::Guest for Guest {
    fn wanted() -> source_acknowledgements::Acknowledgements {
        source_acknowledgements::Acknowledgements::SETTLED
    }

    fn settled(records: source_acknowledgements::SettledRecords) -> Result<(), String> {
        let partitions: Vec<_> =
            records.topic_partitions.iter().map(|at| format!("{}-{}", at.topic, at.partition)).collect();
        let (numbers, index) = (records.numbers, records.topic_partition_index);
        Err(format!("{numbers:?} {partitions:?} {index:?} {:?}", records.offsets))
    }

    fn committed(number: u64) -> Result<(), String> {
        Err(format!("committed {number}"))
    }
}

/// Returns the batch that the test provides as a stored offset.
fn replay() -> source::SourceBatch {
    let stored = source_context::stored_offsets(&["nothing".to_owned(), "batch".to_owned()]);
    assert_eq!(stored[0], None, "answers are in order");
    let text = stored[1].as_deref().expect("the batch to replay");
    let (records, ((partitions, partition), offsets)) =
        decode::<(types::Records, ((Vec<String>, Vec<u32>), Column))>(text);
    if source_context::defines_transactions() {
        source_context::abort_transaction(None);
    }
    source::SourceBatch {
        records: records.into(),
        source_partitions: partitions,
        source_partition_index: partition,
        source_offsets: offsets,
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
    for index in 0..count {
        let offset = format!("{{\"position\":{index}}}");
        offsets.lengths.push(offset.len() as i32);
        offsets.bytes.extend_from_slice(offset.as_bytes());
    }
    source::SourceBatch {
        records,
        source_partitions: vec![r#"{"filename":"a"}"#.into()],
        source_partition_index: vec![],
        source_offsets: offsets,
    }
}

fn empty() -> Records {
    let values = || Values { lengths: vec![], bytes: vec![], format_index: vec![] };
    Records {
        count: 0,
        topics: TopicColumn { names: vec![], name_index: vec![] },
        partitions: vec![],
        timestamps: vec![],
        formats: vec![],
        keys: values(),
        values: values(),
        headers: HeaderColumns { counts: vec![], names: Column { lengths: vec![], bytes: vec![] }, values: values() },
    }
}

thread_local! {
    /// The rest of a text that is returned in pieces.
    static REST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Returns the next piece of a text, because messages are truncated: `+` if more pieces follow, or `.` for the last one.
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
    fn start(_class: String, config: Vec<ConfigEntry>) -> Result<(), String> {
        configure(&config);
        Ok(())
    }

    fn put(batch: sink::SinkBatch) -> Result<Vec<RecordFailure>, Fault> {
        match setting("do").as_str() {
            "take" => Ok(vec![]),
            "dump" => {
                let kinds: Vec<u8> = batch.timestamp_types.iter().map(|kind| *kind as u8).collect();
                let partitions: Vec<_> =
                    batch.topic_partitions.into_iter().map(|at| (at.topic, at.partition)).collect();
                let rest = ((partitions, batch.topic_partition_index), (batch.offsets, kinds));
                Err(Fault::Fatal(piece_of(|| encode(&(types::Records::from(batch.records), rest)))))
            }
            "fail" => Ok([2, 0, 2].map(|index| RecordFailure { index, message: "no".into() }).into()),
            "lie" => Ok(vec![RecordFailure { index: batch.records.count, message: "no".into() }]),
            "retry" => Err(Fault::Retriable(Retriable { message: "busy".into(), after_ms: Some(100) })),
            command => Err(Fault::Fatal(commands::run(command))),
        }
    }

    fn stop() {
        commands::run(&setting("stop"));
    }
}

impl sink_partitions::Guest for Guest {
    fn assigned(partitions: Vec<TopicPartition>) -> Result<(), String> {
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

    fn revoked(partitions: Vec<TopicPartition>) -> Result<(), String> {
        Err(format!("{} closed", partitions.len()))
    }

    fn lost(partitions: Vec<TopicPartition>) -> Result<(), String> {
        Err(format!("{} lost", partitions.len()))
    }
}

impl sink_commit::Guest for Guest {
    fn pre_commit(mut offsets: Vec<TopicPartitionOffset>) -> Result<Vec<TopicPartitionOffset>, String> {
        if setting("do") == "lie" {
            offsets[0].offset += 1;
        }
        Ok(offsets)
    }
}
