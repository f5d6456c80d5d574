//! The life of a sink, played by the harness.

use std::time::Duration;

use weir_sdk::harness::{KafkaRecord, SinkHarness};
use weir_sdk::sink::{
    Commit, Partitions, RecordFailures, Sink, SinkBatch, SinkContext, TimestampType, TopicPartition,
    TopicPartitionOffset,
};
use weir_sdk::{Config, Error, RecordError};

#[derive(Config)]
struct BufferConfig {
    /// Records to hold back before they are written together.
    #[config(default = 3, range(1..))]
    records: u32,
}

/// Writes records in groups, as an object store's sink does.
struct Buffer {
    config: BufferConfig,
    context: SinkContext,
    held: Vec<(String, i64)>,
    written: Vec<String>,
    safe: i64,
    error: Option<Error>,
    rewind_to: Option<i64>,
    changes: Vec<String>,
}

impl Sink for Buffer {
    const CLASS: &'static str = "org.example.BufferSink";
    const VERSION: &'static str = "1";
    type Config = BufferConfig;

    fn start(config: BufferConfig, context: &SinkContext) -> Result<Buffer, Error> {
        let context = context.clone();
        let (held, written, changes) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Buffer { config, context, held, written, safe: 0, error: None, rewind_to: None, changes })
    }

    fn put(&mut self, batch: &SinkBatch) -> Result<RecordFailures, Error> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        let mut failures = RecordFailures::none();
        for record in batch.records() {
            match record.value().as_str() {
                Some(text) => self.held.push((text.into(), record.offset())),
                None => failures.add(&record, RecordError::new("no text")),
            }
        }
        if self.held.len() >= self.config.records as usize {
            self.safe = self.held.last().map_or(self.safe, |(_, offset)| offset + 1);
            self.written.extend(self.held.drain(..).map(|(text, _)| text));
            self.context.request_commit();
        } else {
            self.context.timeout(Duration::from_secs(2));
        }
        Ok(failures)
    }
}

impl Partitions for Buffer {
    fn assigned(&mut self, partitions: &[TopicPartition]) -> Result<(), Error> {
        self.changes.push(format!("{} assigned", partitions.len()));
        if let Some(offset) = self.rewind_to {
            let at =
                |of: &TopicPartition| TopicPartitionOffset { topic: of.topic.clone(), partition: of.partition, offset };
            self.context.rewind(&partitions.iter().map(at).collect::<Vec<_>>());
        }
        Ok(())
    }

    fn revoked(&mut self, partitions: &[TopicPartition]) -> Result<(), Error> {
        self.changes.push(format!("{} revoked", partitions.len()));
        Ok(())
    }

    fn lost(&mut self, partitions: &[TopicPartition]) -> Result<(), Error> {
        self.changes.push(format!("{} lost", partitions.len()));
        Ok(())
    }
}

impl Commit for Buffer {
    fn pre_commit(&mut self, offsets: Vec<TopicPartitionOffset>) -> Result<Vec<TopicPartitionOffset>, Error> {
        Ok(offsets.into_iter().map(|asked| TopicPartitionOffset { offset: self.safe, ..asked }).collect())
    }
}

fn records<const N: usize>(texts: [&str; N]) -> [KafkaRecord; N] {
    texts.map(|text| KafkaRecord::text("t", 0, text))
}

weir_sdk::export!(sinks: [Buffer], commit: [Buffer], partitions: [Buffer]);

fn start() -> SinkHarness<Buffer> {
    let mut task = SinkHarness::start([("records", "3")]).unwrap().with_commit().with_partitions();
    task.assign(&[("t", 0)]).unwrap();
    task
}

#[test]
fn what_is_held_back_comes_again_after_a_restart() {
    let mut task = start();
    task.put(&records(["a", "b", "c"])).unwrap();
    assert!(task.take_requests().commit);
    task.put(&records(["d"])).unwrap();
    assert_eq!(task.take_requests().timeout, Some(Duration::from_secs(2)));
    assert_eq!(task.commit().unwrap()[0].offset, 3);

    let mut task = task.restart().unwrap();
    task.put(&records(["e", "f"])).unwrap();
    assert_eq!(task.task().written, ["d", "e", "f"]);
    assert_eq!(task.stop().unwrap()[0].offset, 6);
}

#[test]
fn after_a_retry_the_same_records_come_again() {
    let mut task = start();
    task.task().error = Some(Error::retriable("busy"));
    assert_eq!(task.put(&records(["a", "b"])).unwrap_err(), Error::retriable("busy"));
    task.put(&records(["c"])).unwrap();
    assert_eq!(task.task().written, ["a", "b", "c"]);
}

#[test]
fn a_record_can_fail_alone() {
    let mut task = start();
    let [a, b] = records(["a", "b"]);
    let failures = task.put(&[a, KafkaRecord::null("t", 0), KafkaRecord::bytes("t", 0, b"\xff"), b]).unwrap();
    assert_eq!(failures.iter().map(|failure| failure.index).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(task.task().held.len(), 2);
}

#[test]
fn a_rewound_partition_is_read_from_there() {
    let mut task = start();
    task.put(&records(["a", "b", "c", "d", "e"])).unwrap();
    task.task().rewind_to = Some(3);
    task.revoke(&[("t", 0)]).unwrap();
    task.task().written.clear();
    task.assign(&[("t", 0)]).unwrap();
    task.put(&records(["f"])).unwrap();
    assert_eq!(task.task().written, ["d", "e", "f"]);
}

#[test]
fn partitions_that_are_lost_are_not_committed_before() {
    let mut task = start();
    task.put(&records(["a", "b", "c"])).unwrap();
    task.lose(&[("t", 0)]).unwrap();
    task.assign(&[("t", 0)]).unwrap();
    task.put(&[]).unwrap();
    assert_eq!(task.task().written.len(), 6, "the records are passed again");
    task.revoke(&[("t", 0)]).unwrap();
    assert_eq!(task.task().changes, ["1 assigned", "1 lost", "1 assigned", "1 revoked"]);
}

#[test]
#[should_panic(expected = "is greater than the requested offset")]
fn the_harness_refuses_offsets_that_were_not_asked_for() {
    let mut task = start();
    task.task().safe = 7;
    let _ = task.commit();
}

/// Says what it sees of each record.
struct Look(Vec<String>);

impl Sink for Look {
    const CLASS: &'static str = "org.example.LookSink";
    const VERSION: &'static str = "1";
    type Config = ();

    fn start(_: (), _: &SinkContext) -> Result<Look, Error> {
        Ok(Look(Vec::new()))
    }

    fn put(&mut self, batch: &SinkBatch) -> Result<RecordFailures, Error> {
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
        Ok(RecordFailures::none())
    }
}

#[test]
fn every_part_of_a_record_is_seen() {
    let mut task = SinkHarness::<Look>::start([("topics", "a,b")]).unwrap();
    task.assign(&[("a", 0), ("b", 2)]).unwrap();
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
    assert_eq!(task.commit().unwrap().len(), 2, "by default all is safe");
}
