//! Tests the sink as the runtime calls it, with real files.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use tempfile::TempDir;
use weir_file::FileStreamSink;
use weir_sdk::config::{Capability, Config, ConfigMap};
use weir_sdk::harness::{KafkaRecord, SinkHarness};
use weir_sdk::sink::AlterOffsets;
use weir_sdk::{Error, Sink};

type Task = SinkHarness<FileStreamSink>;

/// A temporary directory, and the file in it.
struct Output {
    _directory: TempDir,
    path: PathBuf,
}

impl Output {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { path: directory.path().join("out.txt"), _directory: directory }
    }

    fn start(&self) -> Task {
        let mut task = Task::start([("file", self.path.to_str().unwrap())]).unwrap().with_commit();
        task.assign(&[("t", 0)]).unwrap();
        task
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.path).unwrap()
    }
}

#[test]
fn each_record_becomes_a_line_whatever_its_value_is() {
    let output = Output::new();
    let failures = output
        .start()
        .put(&[
            KafkaRecord::text("t", 0, "text").key_text("not written").header_text("nor", "this"),
            KafkaRecord::null("t", 0),
            KafkaRecord::bytes("t", 0, b"bytes"),
            KafkaRecord::json("t", 0, "{\"a\": 1,\n \"b\": [true]}"),
            KafkaRecord::text("t", 0, ""),
        ])
        .unwrap();
    assert!(failures.is_empty());
    assert_eq!(output.text(), "text\nnull\nbytes\n{a=1, b=[true]}\n\n");
}

#[test]
fn structured_values_are_json_where_that_is_asked_for() {
    let output = Output::new();
    let file = output.path.to_str().unwrap();
    let mut task = Task::start([("file", file), ("weir.values.json", "true")]).unwrap();
    task.assign(&[("t", 0)]).unwrap();
    task.put(&[KafkaRecord::json("t", 0, "{\"a\": 1,\n \"b\": [true]}")]).unwrap();
    assert_eq!(output.text(), "{\"a\": 1,  \"b\": [true]}\n");
}

#[test]
fn what_is_there_already_stays_and_a_line_without_end_gets_one() {
    let output = Output::new();
    fs::write(&output.path, "old\nhalf a li").unwrap();
    let mut task = output.start();
    task.put(&[]).unwrap();
    assert_eq!(output.text(), "old\nhalf a li", "nothing to write, nothing changed");
    task.put(&[KafkaRecord::text("t", 0, "new")]).unwrap();
    assert_eq!(output.text(), "old\nhalf a li\nnew\n");
}

#[test]
fn a_line_that_another_task_is_writing_is_left_to_it() {
    let found = || {
        let output = Output::new();
        fs::write(&output.path, "half a li").unwrap();
        let mut task = output.start();
        let path = output.path.clone();
        let other = std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(40));
            fs::OpenOptions::new().append(true).open(path).unwrap().write_all(b"ne\n").unwrap();
        });
        task.put(&[KafkaRecord::text("t", 0, "new")]).unwrap();
        other.join().unwrap();
        output.text()
    };
    // On a busy machine the other task may be too late, but not in all attempts.
    assert!((0..5).any(|_| found() == "half a line\nnew\n"));
}

#[test]
fn a_file_that_ends_with_a_line_end_is_only_appended_to() {
    let output = Output::new();
    for round in 1..4 {
        let mut task = output.start();
        task.put(&[KafkaRecord::text("t", 0, "line")]).unwrap();
        task.put(&[KafkaRecord::text("t", 0, "line")]).unwrap();
        assert_eq!(output.text(), "line\n".repeat(2 * round));
    }
}

#[test]
fn the_offsets_asked_for_are_safe_once_they_are_on_disk() {
    let output = Output::new();
    let mut task = output.start();
    task.put(&[KafkaRecord::text("t", 0, "a"), KafkaRecord::text("t", 0, "b")]).unwrap();
    let safe = task.commit().unwrap();
    assert_eq!((safe.len(), safe[0].offset), (1, 2));
    assert_eq!(output.text(), "a\nb\n");
}

#[test]
fn a_big_batch_is_written_whole() {
    let output = Output::new();
    let line = "x".repeat(1000);
    let records: Vec<_> = (0..3000).map(|_| KafkaRecord::text("t", 0, &line)).collect();
    output.start().put(&records).unwrap();
    assert_eq!(output.text(), format!("{line}\n").repeat(3000));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_waited_for_and_said() {
    // A device that never has space.
    let mut task = Task::start([("file", "/dev/full")]).unwrap();
    task.assign(&[("t", 0)]).unwrap();
    for _ in 0..2 {
        let error = task.put(&[KafkaRecord::text("t", 0, "line")]).unwrap_err();
        assert!(
            matches!(&error, Error::Retriable { message, .. } if message.contains("/dev/full: the disk is full")),
            "{error}"
        );
    }
}

#[test]
fn without_a_file_the_configuration_is_refused_with_its_reason() {
    let config = Config::parse(&ConfigMap::new()).unwrap();
    let found = FileStreamSink::validate(&config);
    assert_eq!(found[0].key, "file");
    assert!(found[0].errors[0].contains("standard output"), "{}", found[0].errors[0]);
    let error = Task::start([("topics", "t")]).unwrap_err();
    assert!(matches!(error, Error::Fatal(message) if message.contains("configuration file")));
}

#[test]
fn a_directory_that_is_not_there_fails_the_task_with_the_path() {
    let output = Output::new();
    let file = output.path.join("below/out.txt");
    let error = Task::start([("file", file.to_str().unwrap())]).unwrap_err().to_string();
    assert!(error.contains(file.to_str().unwrap()), "{error}");
}

#[test]
fn a_task_needs_the_directory_of_its_file() {
    let output = Output::new();
    let task = output.start();
    let directory = output.path.parent().unwrap().to_str().unwrap().to_owned();
    assert_eq!(task.capabilities().unwrap(), [Capability::WriteDirectory(directory)]);
}

#[test]
fn an_operator_may_change_the_offsets() {
    let config = Config::parse(&ConfigMap::new()).unwrap();
    assert_eq!(FileStreamSink::alter_offsets(&config, &[]), Ok(true));
}
