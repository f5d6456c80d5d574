//! Tests the source as the runtime calls it, with real files.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;
use weir_file::FileStreamSource;
use weir_sdk::Source;
use weir_sdk::batch::Budget;
use weir_sdk::config::{Capability, Config, ConfigMap};
use weir_sdk::harness::{SourceHarness, SourceRecord, StoredOffsets};
use weir_sdk::schema::{Schema, SchemaType};
use weir_sdk::source::{AlterOffsets, SourceOffset, Transactions};

type Task = SourceHarness<FileStreamSource>;

/// A temporary directory, and the file in it.
struct Input {
    _directory: TempDir,
    path: PathBuf,
}

impl Input {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { path: directory.path().join("in.txt"), _directory: directory }
    }

    fn with(bytes: &[u8]) -> Self {
        let input = Self::new();
        fs::write(&input.path, bytes).unwrap();
        input
    }

    fn append(&self, bytes: &[u8]) {
        let mut file = OpenOptions::new().append(true).create(true).open(&self.path).unwrap();
        file.write_all(bytes).unwrap();
    }

    fn file(&self) -> String {
        self.path.to_str().unwrap().to_owned()
    }

    fn config(&self) -> [(&'static str, String); 2] {
        [("file", self.file()), ("topic", "lines".to_owned())]
    }

    fn start(&self) -> Task {
        Task::start(self.config()).unwrap()
    }

    fn stored(&self, position: u64) -> StoredOffsets {
        let partition = format!(r#"{{"filename":"{}"}}"#, self.file());
        StoredOffsets::from([(partition, format!(r#"{{"position":{position}}}"#))])
    }
}

fn values(records: &[SourceRecord]) -> Vec<&str> {
    records.iter().map(|record| record.value.as_deref().unwrap()).collect()
}

fn offsets(records: &[SourceRecord]) -> Vec<&str> {
    records.iter().map(|record| record.offset.as_deref().unwrap()).collect()
}

#[test]
fn a_line_becomes_a_record_of_the_shape_that_kafka_connect_gives_it() {
    let input = Input::with("é one\ntwo\r\n".as_bytes());
    let records = input.start().drain().unwrap();
    assert_eq!(values(&records), ["é one", "two"]);
    // The number of bytes, not of characters.
    assert_eq!(offsets(&records), [r#"{"position":7}"#, r#"{"position":12}"#]);
    let record = &records[0];
    assert_eq!(record.topic, "lines");
    assert_eq!((record.partition, &record.key, &record.key_schema), (None, &None, &None));
    assert_eq!(record.value_schema.as_ref().map(Schema::kind), Some(SchemaType::String));
    assert!(record.headers.is_empty());
    assert_eq!(record.source_partition, format!(r#"{{"filename":"{}"}}"#, input.file()));
    assert!(record.timestamp.is_some_and(|time| time > 1_700_000_000_000));
}

#[test]
fn the_last_line_is_held_back_until_it_has_an_end() {
    let input = Input::with(b"whole\npar");
    let mut task = input.start();
    assert_eq!(values(&task.drain().unwrap()), ["whole"]);
    input.append(b"tial\r");
    assert!(task.drain().unwrap().is_empty(), "a line feed may follow the carriage return");
    input.append(b"next");
    let records = task.drain().unwrap();
    assert_eq!((values(&records), offsets(&records)), (vec!["partial"], vec![r#"{"position":14}"#]));
    input.append(b"\n");
    assert_eq!(values(&task.drain().unwrap()), ["next"]);
}

#[test]
fn a_file_that_grows_is_looked_at_soon_and_one_that_does_not_ever_more_rarely() {
    let input = Input::with(b"one\n");
    let mut task = input.start();
    let look = |task: &mut Task| {
        let polled = task.poll().unwrap();
        (polled.records.len(), polled.idle.unwrap().as_millis())
    };
    let in_vain = [10, 20, 40, 80, 160, 320, 640, 1000, 1000].map(|wait| (0, wait));
    assert_eq!(look(&mut task), (1, 10));
    assert_eq!(in_vain.map(|_| look(&mut task)), in_vain);
    input.append(b"two\n");
    assert_eq!(look(&mut task), (1, 10), "what is new is read at once");
    assert_eq!(look(&mut task), (0, 10));
}

#[test]
fn all_three_line_ends_and_empty_lines_count() {
    let input = Input::with(b"a\nb\r\nc\r\n\n\rd\r\re\n");
    assert_eq!(values(&input.start().drain().unwrap()), ["a", "b", "c", "", "", "d", "", "e"]);
}

#[test]
fn a_line_end_that_a_read_cuts_in_two_is_one_line_end() {
    // Reads end at a power of two, so one of these texts is divided between the \r and the \n.
    for size in [4 << 10, 8 << 10, 64 << 10, 128 << 10, 1 << 20] {
        let mut text = "x".repeat(size - 1);
        text.push_str("\r\nnext\r\n");
        let input = Input::with(text.as_bytes());
        let records = input.start().drain().unwrap();
        assert_eq!(records.len(), 2, "{size}");
        assert_eq!((records[0].value.as_ref().map(String::len), values(&records)[1]), (Some(size - 1), "next"));
    }
}

#[test]
fn a_restarted_task_goes_on_after_the_last_stored_line() {
    let input = Input::with(b"one\ntwo\nthree\nfour\n");
    let mut task = Task::start_from(input.config(), input.stored(4)).unwrap();
    task.set_budget(Budget { max_records: 1, ..Budget::default() });
    let first = task.poll().unwrap().records;
    assert_eq!(values(&first), ["two"]);
    let second = task.poll().unwrap().records;
    // Kafka acknowledged only the first record, so the second one is returned again.
    task.settle(&first).unwrap();
    task.commit().unwrap();
    let mut task = task.restart().unwrap();
    assert_eq!(values(&task.drain().unwrap()), ["three", "four"]);
    assert_eq!(values(&second), ["three"]);
}

#[test]
fn an_offset_in_the_middle_of_a_line_gives_the_rest_of_it() {
    let input = Input::with(b"one\ntwo\n");
    let mut task = Task::start_from(input.config(), input.stored(5)).unwrap();
    assert_eq!(values(&task.drain().unwrap()), ["wo"]);
}

#[test]
fn a_stored_offset_that_is_no_number_fails_the_task() {
    let input = Input::with(b"one\n");
    let offsets = input.stored(0).into_keys().map(|partition| (partition, r#"{"position":"x"}"#.to_owned())).collect();
    let error = Task::start_from(input.config(), offsets).unwrap().poll().unwrap_err();
    assert!(error.to_string().contains("with another name"), "{error}");
}

#[test]
fn a_file_that_is_not_there_is_waited_for_and_said_once() {
    let input = Input::new();
    let mut task = input.start();
    for _ in 0..3 {
        let polled = task.poll().unwrap();
        assert_eq!((polled.records.len(), polled.idle), (0, Some(Duration::from_secs(1))));
    }
    assert_eq!(task.logs().iter().filter(|line| line.level == log::Level::Warn).count(), 1);
    input.append(b"here\n");
    assert_eq!(values(&task.drain().unwrap()), ["here"]);
}

#[test]
fn a_file_cut_shorter_is_said_once_and_read_again_when_it_has_grown_past_its_place() {
    let input = Input::with(b"one\ntwo\nhalf");
    let mut task = input.start();
    assert_eq!(task.drain().unwrap().len(), 2);
    fs::write(&input.path, b"new\n").unwrap();
    for _ in 0..3 {
        assert!(task.poll().unwrap().records.is_empty());
    }
    let warnings: Vec<_> = task.logs().into_iter().filter(|line| line.level == log::Level::Warn).collect();
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].message.contains("has 4 bytes, fewer than the 8 that were read"), "{}", warnings[0].message);
    // The kept bytes of the old last line are discarded.
    input.append(b"aaa\nbbb\n");
    assert_eq!(values(&task.drain().unwrap()), ["bbb"]);
}

#[test]
fn a_begun_line_that_was_cut_off_and_written_anew_is_read_as_it_is_now() {
    let input = Input::with(b"one\nhalf");
    let mut task = input.start();
    assert_eq!(task.drain().unwrap().len(), 1);
    fs::write(&input.path, b"one\nX").unwrap();
    assert!(task.drain().unwrap().is_empty());
    input.append(b"Y\n");
    assert_eq!(values(&task.drain().unwrap()), ["XY"]);
}

#[test]
fn a_long_line_comes_whole_and_one_that_is_too_long_fails_the_task_after_what_stands_before_it() {
    let long = "y".repeat(3 << 20);
    let input = Input::with(format!("a\n{long}\nb\n").as_bytes());
    let records = input.start().drain().unwrap();
    assert_eq!(records.iter().map(|record| record.value.as_ref().unwrap().len()).collect::<Vec<_>>(), [1, 3 << 20, 1]);

    let input = Input::with(format!("a\n{}\n", "z".repeat(9 << 20)).as_bytes());
    let mut task = input.start();
    assert_eq!(values(&task.poll().unwrap().records), ["a"]);
    let error = task.poll().unwrap_err().to_string();
    assert!(error.contains("byte 2: a line is longer than 8 MiB"), "{error}");
}

#[test]
fn bytes_that_are_not_utf_8_are_replaced_as_java_does() {
    let input = Input::with(b"a\xffb\n\xe2\x82\ncaf\xc3\xa9\n");
    let records = input.start().drain().unwrap();
    assert_eq!(values(&records), ["a\u{fffd}b", "\u{fffd}", "café"]);
    assert_eq!(offsets(&records)[2], r#"{"position":13}"#);
}

#[test]
fn a_poll_brings_at_most_batch_size_records_and_keeps_to_its_budget() {
    let input = Input::with(b"1\n2\n3\n4\n5\n6\n7\n");
    let mut task = Task::start(input.config().into_iter().chain([("batch.size", "3".to_owned())])).unwrap();
    assert_eq!(values(&task.poll().unwrap().records), ["1", "2", "3"]);
    task.set_budget(Budget { max_records: 2, ..Budget::default() });
    assert_eq!(values(&task.poll().unwrap().records), ["4", "5"]);
    task.set_budget(Budget { max_bytes: 1, ..Budget::default() });
    let polled = task.poll().unwrap();
    assert_eq!((values(&polled.records), polled.idle), (vec!["6"], None));
    assert_eq!(values(&task.drain().unwrap()), ["7"]);
}

#[test]
fn the_definition_is_kafka_connects() {
    let keys = <FileStreamSource as Source>::Config::keys();
    let brief: Vec<_> = keys.iter().map(|key| (key.name.as_str(), key.required, key.default.as_deref())).collect();
    assert_eq!(brief, [("file", false, None), ("topic", true, None), ("batch.size", false, Some("2000"))]);
    let error = Task::start([("file", "/data/in.txt")]).unwrap_err();
    assert_eq!(error.to_string(), "Missing required configuration \"topic\" which has no default value.");
}

#[test]
fn without_a_file_the_configuration_is_refused_with_its_reason() {
    let config = ConfigMap::from([("topic".to_owned(), "lines".to_owned())]);
    let config = Config::parse(&config).unwrap();
    let found = FileStreamSource::validate(&config);
    assert_eq!(found[0].key, "file");
    assert!(found[0].errors[0].contains("standard input"), "{}", found[0].errors[0]);
    assert!(FileStreamSource::capabilities(&config).unwrap().is_empty());
    assert!(!FileStreamSource::supports_exactly_once(&config));
}

#[test]
fn a_task_needs_the_directory_of_its_file() {
    let input = Input::with(b"");
    let task = input.start();
    let directory = input.path.parent().unwrap().to_str().unwrap().to_owned();
    assert_eq!(task.capabilities().unwrap(), [Capability::ReadDirectory(directory)]);
    let config = Config::parse(&input.config().map(|(key, value)| (key.to_owned(), value)).into()).unwrap();
    assert!(FileStreamSource::supports_exactly_once(&config));
}

#[test]
fn an_operator_may_move_the_position() {
    let input = Input::new();
    let config = Config::parse(&input.config().map(|(key, value)| (key.to_owned(), value)).into()).unwrap();
    let change =
        |offset: &str| SourceOffset { partition: r#"{"filename":"f"}"#.to_owned(), offset: Some(offset.to_owned()) };
    assert_eq!(FileStreamSource::alter_offsets(&config, &[change(r#"{"position":4}"#)]), Ok(true));
    assert!(FileStreamSource::alter_offsets(&config, &[change(r#"{"position":-4}"#)]).is_err());
}
