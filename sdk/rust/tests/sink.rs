//! The life of a sink, played by the harness.

use std::time::Duration;

use weir_sdk::harness::{KafkaRecord, SinkHarness};
use weir_sdk::sink::{RowFailures, Sink, SinkBatch, SinkContext, TimestampType, TopicPartition, TopicPartitionOffset};
use weir_sdk::{Config, Error, RowError};

#[derive(Config)]
struct BufferConfig {
    /// Rows to hold back before they are written together.
    #[config(default = 3, range(1..))]
    rows: u32,
}

/// Writes rows in groups, as an object store's sink does.
struct Buffer {
    config: BufferConfig,
    context: SinkContext,
    held: Vec<(String, i64)>,
    written: Vec<String>,
    safe: i64,
    error: Option<Error>,
    rewind_to: Option<i64>,
}

impl Sink for Buffer {
    const CLASS: &'static str = "org.example.BufferSink";
    const VERSION: &'static str = "1";
    type Config = BufferConfig;

    fn start(config: BufferConfig, context: &SinkContext) -> Result<Buffer, Error> {
        let context = context.clone();
        let (held, written) = (Vec::new(), Vec::new());
        Ok(Buffer { config, context, held, written, safe: 0, error: None, rewind_to: None })
    }

    fn open(&mut self, partitions: &[TopicPartition]) -> Result<(), Error> {
        if let Some(offset) = self.rewind_to {
            let at =
                |of: &TopicPartition| TopicPartitionOffset { topic: of.topic.clone(), partition: of.partition, offset };
            self.context.rewind(&partitions.iter().map(at).collect::<Vec<_>>());
        }
        Ok(())
    }

    fn put(&mut self, batch: &SinkBatch) -> Result<RowFailures, Error> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        let mut failures = RowFailures::none();
        for record in batch.records() {
            match record.value().as_str() {
                Some(text) => self.held.push((text.into(), record.offset())),
                None => failures.add(&record, RowError::new("no text")),
            }
        }
        if self.held.len() >= self.config.rows as usize {
            self.safe = self.held.last().map_or(self.safe, |(_, offset)| offset + 1);
            self.written.extend(self.held.drain(..).map(|(text, _)| text));
            self.context.request_commit();
        } else {
            self.context.timeout(Duration::from_secs(2));
        }
        Ok(failures)
    }

    fn pre_commit(&mut self, offsets: Vec<TopicPartitionOffset>) -> Result<Vec<TopicPartitionOffset>, Error> {
        Ok(offsets.into_iter().map(|asked| TopicPartitionOffset { offset: self.safe, ..asked }).collect())
    }
}

fn rows<const N: usize>(texts: [&str; N]) -> [KafkaRecord; N] {
    texts.map(|text| KafkaRecord::text("t", 0, text))
}

fn start() -> SinkHarness<Buffer> {
    let mut task = SinkHarness::start([("rows", "3")]).unwrap();
    task.open(&[("t", 0)]).unwrap();
    task
}

#[test]
fn what_is_held_back_comes_again_after_a_restart() {
    let mut task = start();
    task.put(&rows(["a", "b", "c"])).unwrap();
    assert!(task.take_requests().commit);
    task.put(&rows(["d"])).unwrap();
    assert_eq!(task.take_requests().timeout, Some(Duration::from_secs(2)));
    assert_eq!(task.pre_commit().unwrap()[0].offset, 3);

    let mut task = task.restart().unwrap();
    task.put(&rows(["e", "f"])).unwrap();
    assert_eq!(task.task().written, ["d", "e", "f"]);
    assert_eq!(task.stop().unwrap()[0].offset, 6);
}

#[test]
fn after_a_retry_the_same_rows_come_again() {
    let mut task = start();
    task.task().error = Some(Error::retry("busy"));
    assert_eq!(task.put(&rows(["a", "b"])).unwrap_err(), Error::retry("busy"));
    task.put(&rows(["c"])).unwrap();
    assert_eq!(task.task().written, ["a", "b", "c"]);
}

#[test]
fn a_row_can_fail_alone() {
    let mut task = start();
    let [a, b] = rows(["a", "b"]);
    let failures = task.put(&[a, KafkaRecord::null("t", 0), KafkaRecord::bytes("t", 0, b"\xff"), b]).unwrap();
    assert_eq!(failures.iter().map(|failure| failure.row).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(task.task().held.len(), 2);
}

#[test]
fn a_rewound_partition_is_read_from_there() {
    let mut task = start();
    task.put(&rows(["a", "b", "c", "d", "e"])).unwrap();
    task.task().rewind_to = Some(3);
    task.close(&[("t", 0)]).unwrap();
    task.task().written.clear();
    task.open(&[("t", 0)]).unwrap();
    task.put(&rows(["f"])).unwrap();
    assert_eq!(task.task().written, ["d", "e", "f"]);
}

#[test]
#[should_panic(expected = "is above what was asked for")]
fn the_harness_refuses_offsets_that_were_not_asked_for() {
    let mut task = start();
    task.task().safe = 7;
    let _ = task.pre_commit();
}

/// Says what it sees of each row.
struct Look(Vec<String>);

impl Sink for Look {
    const CLASS: &'static str = "org.example.LookSink";
    const VERSION: &'static str = "1";
    type Config = ();

    fn start(_: (), _: &SinkContext) -> Result<Look, Error> {
        Ok(Look(Vec::new()))
    }

    fn put(&mut self, batch: &SinkBatch) -> Result<RowFailures, Error> {
        for record in batch.records() {
            assert_eq!(record.timestamp_type(), TimestampType::CreateTime);
            let from = record.topic_partition();
            let headers: Vec<_> =
                record.headers().map(|header| format!("{}={:?}", header.name, header.value)).collect();
            self.0.push(format!(
                "{}-{}@{} {:?} {:?} {:?} {}",
                from.topic,
                from.partition,
                record.offset(),
                record.timestamp(),
                record.key(),
                record.value(),
                headers.join(",")
            ));
        }
        Ok(RowFailures::none())
    }
}

#[test]
fn every_part_of_a_row_is_seen() {
    let mut task = SinkHarness::<Look>::start([("topics", "a,b")]).unwrap();
    task.open(&[("a", 0), ("b", 2)]).unwrap();
    task.put(&[
        KafkaRecord::json("b", 2, "{}").key_bytes(b"k").timestamp(9).header_text("x", "1").header_text("y", "2"),
        KafkaRecord::null("a", 0).key_text("k"),
        KafkaRecord::text("b", 2, "").header_text("z", ""),
    ])
    .unwrap();
    assert_eq!(
        task.task().0,
        [
            r#"a-0@0 None Text("k") Null "#,
            r#"b-2@0 Some(9) Bytes([107]) Json("{}") x=Text("1"),y=Text("2")"#,
            r#"b-2@1 None Null Text("") z=Text("")"#,
        ]
    );
    assert_eq!(task.pre_commit().unwrap().len(), 2, "by default all is safe");
    assert_eq!(task.task_configs(3).unwrap().len(), 3, "by default Kafka divides the partitions among all tasks");
}
