//! A source of numbered records that breaks each rule of the contract for them.

use std::cell::Cell;

use crate::bindings::exports::weir::connect::source::{Budget, Polled, SourceBatch};
use crate::bindings::exports::weir::connect::source_acknowledgements::{Acknowledgements, SettledRecords};
use crate::bindings::exports::weir::connect::{source, source_acknowledgements};
use crate::bindings::weir::connect::data::{
    Column, ConfigEntry, Encoding, Fault, Format, HeaderColumns, Records, Schema, SchemaNode, SchemaType, TopicColumn,
    Values,
};
use crate::bindings::weir::connect::source_context;
use crate::{Hostile, fault, plan, refusal, set_plan};

/// Milliseconds between two batches.
const PACE_MS: u32 = 20;

thread_local! {
    static NEXT: Cell<u64> = const { Cell::new(0) };
}

impl source::Guest for Hostile {
    fn start(_class: String, config: Vec<ConfigEntry>) -> Result<(), String> {
        set_plan(&config);
        refusal("source.start").map(drop)
    }

    fn poll(budget: Budget) -> Result<Polled, Fault> {
        let lie = fault("source.poll")?;
        let count = plan::value("records").parse().unwrap_or(10).min(budget.max_records);
        let mut batch = batch(count);
        if count == 0 {
            // Tables have no more entries than there are records.
            batch.records.topics.names.clear();
            batch.source_partitions.clear();
        }
        if let Some(lie) = lie {
            falsify(&mut batch, &lie, &budget)?;
        }
        Ok(Polled { batch: Some(batch), idle_ms: PACE_MS })
    }

    fn stop() {
        let _ = refusal("source.stop");
    }
}

impl source_acknowledgements::Guest for Hostile {
    fn wanted() -> Acknowledgements {
        Acknowledgements::SETTLED | Acknowledgements::COMMITTED
    }

    fn settled(_records: SettledRecords) -> Result<(), String> {
        refusal("source-acknowledgements.settled").map(drop)
    }

    fn committed(_number: u64) -> Result<(), String> {
        refusal("source-acknowledgements.committed").map(drop)
    }
}

fn batch(count: u32) -> SourceBatch {
    let first = NEXT.replace(NEXT.get() + u64::from(count));
    let numbers = first..first + u64::from(count);
    let values = column(numbers.clone().map(|number| format!("hostile {number}")));
    SourceBatch {
        records: Records {
            count,
            topics: TopicColumn { names: vec![plan::value("topic")], name_index: Vec::new() },
            partitions: Vec::new(),
            timestamps: Vec::new(),
            formats: vec![Format { encoding: Encoding::Utf8, schema: None }],
            keys: Values { lengths: Vec::new(), bytes: Vec::new(), format_index: Vec::new() },
            values: Values { lengths: values.lengths, bytes: values.bytes, format_index: Vec::new() },
            headers: HeaderColumns {
                counts: Vec::new(),
                names: column([].into_iter()),
                values: Values { lengths: Vec::new(), bytes: Vec::new(), format_index: Vec::new() },
            },
        },
        source_partitions: vec![r#"{"hostile":"source"}"#.into()],
        source_partition_index: Vec::new(),
        source_offsets: column(numbers.map(|number| format!(r#"{{"number":{number}}}"#))),
    }
}

/// A source partition of its own for each record, that no other batch has, with a text of that many more bytes.
fn partition_for_each(batch: &mut SourceBatch, more: usize) {
    let count = u64::from(batch.records.count);
    let (first, more) = (NEXT.get() - count, "x".repeat(more));
    batch.source_partitions = (first..first + count).map(|number| format!(r#"{{"p":"{more}{number}"}}"#)).collect();
    batch.source_partition_index = (0..batch.records.count).collect();
}

fn column(texts: impl Iterator<Item = String>) -> Column {
    let mut column = Column { lengths: Vec::new(), bytes: Vec::new() };
    for text in texts {
        column.lengths.push(text.len() as i32);
        column.bytes.extend(text.into_bytes());
    }
    column
}

/// Breaks one rule of the contract.
fn falsify(batch: &mut SourceBatch, lie: &str, budget: &Budget) -> Result<(), Fault> {
    let count = batch.records.count as usize;
    let records = &mut batch.records;
    match lie {
        "lie-count" => records.count += 1,
        "lie-count-huge" => records.count = u32::MAX,
        "lie-lengths" => records.values.lengths[0] += 1,
        "lie-lengths-negative" => records.values.lengths[0] = -2,
        // Together they wrap around to what is there.
        "lie-lengths-huge" => {
            records.values.lengths = vec![i32::MAX; count];
            records.values.lengths[0] = i32::MIN;
        }
        "lie-lengths-short" => records.values.lengths.truncate(count - 1),
        "lie-nulls" => records.keys.bytes = b"bytes of nobody".to_vec(),
        "lie-utf8" => records.values.bytes[0] = 0xff,
        "lie-json" => records.formats[0].encoding = Encoding::Json,
        "lie-formats" => records.values.format_index = vec![7; count],
        "lie-schema-index" => records.formats[0].schema = Some(Schema { nodes: vec![node(SchemaType::Array, &[9])] }),
        "lie-schema-cycle" => records.formats[0].schema = Some(Schema { nodes: vec![node(SchemaType::Array, &[0])] }),
        "lie-schema-empty" => records.formats[0].schema = Some(Schema { nodes: Vec::new() }),
        "lie-topic" => records.topics.names[0] = "no such/topic name".into(),
        "lie-topic-dots" => records.topics.names[0] = "..".into(),
        "lie-topic-long" => records.topics.names[0] = "t".repeat(250),
        "lie-topic-empty" => records.topics.names[0].clear(),
        "lie-topic-none" => records.topics.names.clear(),
        "lie-topic-unused" => {
            records.topics.names.extend((0..400_000).map(|number| format!("unused-{number}")));
            records.topics.name_index = vec![0; count];
        }
        "lie-topic-index" => records.topics.name_index = vec![1; count],
        "lie-schema-huge" => {
            let doc = Some("d".repeat(17 << 20));
            let node = SchemaNode { doc, ..node(SchemaType::String, &[]) };
            records.formats[0].schema = Some(Schema { nodes: vec![node] });
        }
        "lie-partition" => records.partitions = vec![-2; count],
        "lie-partition-unknown" => records.partitions = vec![4711; count],
        "partition-one" => records.partitions = vec![1; count],
        "lie-timestamp" => records.timestamps = vec![-5; count],
        "lie-headers" => records.headers.counts = vec![1; count],
        "lie-headers-huge" => records.headers.counts = vec![u32::MAX; count],
        "lie-source-partition" => batch.source_partitions = vec!["no JSON".into()],
        "lie-source-partition-array" => batch.source_partitions = vec!["[1]".into()],
        "lie-source-partition-nested" => batch.source_partitions = vec![r#"{"a":{"b":1}}"#.into()],
        "lie-source-partition-unused" => batch.source_partitions = vec!["{}".into(); count + 1],
        "lie-source-partition-index" => batch.source_partition_index = vec![1; count],
        "lie-source-offset" => batch.source_offsets = column((0..count).map(|_| "no JSON".to_owned())),
        "lie-source-offset-huge" => {
            batch.source_offsets = column((0..count).map(|_| format!(r#"{{"a":"{}"}}"#, "x".repeat(300 << 10))));
        }
        "lie-source-offset-short" => batch.source_offsets.lengths.truncate(count - 1),
        // After the last record, and traps unless the task defines where transactions end.
        "lie-boundary" => source_context::commit_transaction(Some(count as u32)),
        // Valid, but unusually large.
        "many-partitions" => partition_for_each(batch, 0),
        "large-partitions" => partition_for_each(batch, 10_000),
        "line-breaks" => {
            batch.source_partitions = vec!["{\"hostile\":\r\n\"line breaks\"}\n".into()];
            batch.source_offsets = column((0..count).map(|number| format!("\n{{\"number\":\n{number}}}")));
        }
        // These keep to the contract, and cost the host something.
        "many-topics" => {
            let first = NEXT.get();
            records.topics.names = (0..count as u64).map(|index| format!("hostile-{}", first + index)).collect();
            records.topics.name_index = (0..count as u32).collect();
        }
        "documented" => {
            let doc = Some("d".repeat(250 << 10));
            records.formats[0].schema =
                Some(Schema { nodes: vec![SchemaNode { doc, ..node(SchemaType::String, &[]) }] });
        }
        "large-offsets" => {
            let text = "x".repeat(250 << 10);
            batch.source_offsets = column((0..count).map(|_| format!(r#"{{"a":"{text}"}}"#)));
        }
        "lie-budget" => *batch = self::batch(budget.max_records + 1),
        // One record larger than `max.request.size`.
        "large-record" => {
            let large = "x".repeat(1_100_000);
            let values = column([large].into_iter().chain((1..count).map(|number| format!("small {number}"))));
            records.values.lengths = values.lengths;
            records.values.bytes = values.bytes;
        }
        // More than a record may have, in a batch that is far above the budget's bytes.
        "lie-huge" => {
            let huge = "x".repeat(20 << 20);
            let values = column([huge].into_iter().chain((1..count).map(|_| String::new())));
            records.values.lengths = values.lengths;
            records.values.bytes = values.bytes;
        }
        other => return Err(Fault::Fatal(format!("no such deed: {other}"))),
    }
    Ok(())
}

fn node(kind: SchemaType, children: &[u32]) -> SchemaNode {
    SchemaNode {
        kind,
        optional: false,
        name: None,
        version: None,
        doc: None,
        parameters: Vec::new(),
        default: None,
        children: children.to_vec(),
        field_names: Vec::new(),
    }
}
