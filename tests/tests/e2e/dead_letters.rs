//! Kafka Connect as the oracle of errors: the same broken records through its own sinks and through Weir's leave the same dead
//! letters, header by header, the same lines in the log and the same first words of a trace.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use weir_tests::connect::Connect;
use weir_tests::rest::Rest;
use weir_tests::topics::{self, Record};
use weir_tests::worker::Worker;
use weir_tests::{kafka, paths, wait};

use crate::support::{sink, with};

/// How long all connectors of one worker may take.
const WITHIN: Duration = Duration::from_secs(60);

const JSON: &str = "org.apache.kafka.connect.json.JsonConverter";

/// A sink, what it is fed, and how many of that fail.
struct Case {
    name: &'static str,
    config: &'static [(&'static str, &'static str)],
    rows: Vec<Record>,
    letters: u64,
    /// The task is to fail.
    fails: bool,
}

fn row(key: &[u8], value: &str, headers: &[(&str, Option<&str>)]) -> Record {
    Record {
        partition: 0,
        key: Some(key.to_vec()),
        value: Some(value.as_bytes().to_vec()),
        headers: headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.map(|value| value.as_bytes().to_vec())))
            .collect(),
    }
}

fn cases() -> Vec<Case> {
    let json = &[
        ("key.converter", JSON),
        ("key.converter.schemas.enable", "false"),
        ("value.converter", JSON),
        ("value.converter.schemas.enable", "false"),
        ("header.converter", JSON),
        ("header.converter.schemas.enable", "false"),
        ("transforms", "insert"),
        ("transforms.insert.type", "org.apache.kafka.connect.transforms.InsertField$Value"),
        ("transforms.insert.static.field", "f"),
        ("transforms.insert.static.value", "v"),
    ];
    vec![
        Case {
            name: "json",
            config: json,
            rows: vec![
                row(b"1", r#"{"a":1}"#, &[]),
                row(b"2", "{broken", &[("h", Some("\"x\"")), ("n", None), ("h", Some("2"))]),
                row(b"{broken", r#"{"a":1}"#, &[]),
                row(b"4", r#"{"a":1}"#, &[("good", Some("1")), ("bad", Some("{broken"))]),
                row(b"5", "\"text\"", &[("h", Some("1"))]),
                row(b"{broken", "{broken", &[("bad", Some("{broken"))]),
                row(b"\xff\xfe\x00", "[1,2]", &[]),
                Record { value: Some(b"17".to_vec()), ..Record::default() },
                row(b"8", r#"{"a":8}"#, &[]),
            ],
            letters: 7,
            fails: false,
        },
        Case {
            name: "envelope",
            config: &[("value.converter", JSON)],
            rows: vec![row(b"k", r#"{"a":1}"#, &[]), row(b"k", r#"{"schema":{"type":"no such"},"payload":1}"#, &[])],
            letters: 2,
            fails: false,
        },
        Case {
            name: "integer",
            config: &[("value.converter", "org.apache.kafka.connect.converters.IntegerConverter")],
            rows: vec![row(b"k", "four", &[]), row(b"k", "three", &[])],
            letters: 1,
            fails: false,
        },
        Case {
            name: "none",
            config: &[("value.converter", JSON), ("errors.tolerance", "none")],
            rows: vec![row(b"k", "{broken", &[]), row(b"k", "{broken", &[])],
            letters: 1,
            fails: true,
        },
    ]
}

/// What one worker made of a case.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    letters: Vec<Record>,
    /// The first line of the trace, and of its cause.
    trace: Vec<String>,
    log: Vec<String>,
}

struct Side<'a> {
    bootstrap: &'a str,
    rest: &'a Rest,
    /// Both have the same length.
    name: &'a str,
    data: &'a std::path::Path,
}

impl Side<'_> {
    fn topic(&self, case: &Case) -> String {
        topics::unique(&format!("letters-{}-{}", self.name, case.name))
    }

    fn dead(&self, case: &Case) -> String {
        format!("{}-dead", self.topic(case))
    }

    fn start(&self, cases: &[Case]) -> Result<()> {
        let names: Vec<String> = cases.iter().map(|case| self.topic(case)).collect();
        topics::create_all(self.bootstrap, &names.iter().map(String::as_str).collect::<Vec<_>>(), 1)?;
        for (case, topic) in cases.iter().zip(&names) {
            topics::produce(self.bootstrap, topic, &case.rows)?;
            let dead = self.dead(case);
            let common = [
                ("errors.tolerance", "all"),
                ("errors.log.enable", "true"),
                ("errors.log.include.messages", "true"),
                ("errors.deadletterqueue.topic.name", &*dead),
                ("errors.deadletterqueue.topic.replication.factor", "1"),
                ("errors.deadletterqueue.context.headers.enable", "true"),
            ];
            let config = with(&with(&sink(&self.data.join(topic), topic), &common), case.config);
            self.rest.create(topic, &config).with_context(|| case.name)?;
        }
        Ok(())
    }

    fn outcome(&self, case: &Case, log: &dyn Fn() -> String) -> Result<Outcome> {
        let (topic, dead) = (self.topic(case), self.dead(case));
        wait::until(&format!("the letters of {topic}"), WITHIN, || {
            match topics::count(self.bootstrap, &dead).map_err(|error| format!("{error:#}"))? {
                count if count >= case.letters => Ok(()),
                count => Err(format!("{count}; {}", self.rest.status(&topic).unwrap_or_default())),
            }
        })?;
        let trace = if case.fails { self.rest.wait_failed(&topic, WITHIN)? } else { String::new() };
        let mut letters = topics::read(self.bootstrap, &dead)?;
        for (name, value) in letters.iter_mut().flat_map(|letter| &mut letter.headers) {
            let Some(bytes) = value else { continue };
            let Ok(text) = String::from_utf8(bytes.clone()) else { continue };
            let mut text = text.replace(&topic, "TOPIC");
            if name == "__connect.errors.exception.stacktrace" {
                // Below it are Java's own lines, and ours.
                text = text.lines().next().unwrap_or_default().to_owned();
            }
            *bytes = text.into_bytes();
        }
        let trace = trace.lines().filter(|line| line.contains("Exception: ")).take(2);
        let trace = trace.map(|line| line.trim_end().to_owned()).collect();
        let log = log();
        let lines = log
            .lines()
            .filter_map(|line| line.find(&format!("Error encountered in task {topic}-0")).map(|at| &line[at..]));
        Ok(Outcome { letters, trace, log: lines.map(|line| without_time(&line.replace(&topic, "TOPIC"))).collect() })
    }
}

/// The sentence, without the time that differs and without what a log format puts behind it.
fn without_time(line: &str) -> String {
    let line = &line[..line.find("}.").map_or(line.len(), |at| at + 2)];
    match (line.find("timestamp="), line.find(", timestampType")) {
        (Some(from), Some(to)) if line[from + 10..to].len() == 13 => {
            format!("{}timestamp=NOW{}", &line[..from], &line[to..])
        }
        _ => line.to_owned(),
    }
}

#[test]
fn kafka_connect_and_weir_leave_the_same_dead_letters() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let cases = cases();
    let data = tempfile::tempdir()?;
    let mut connect = Connect::start(bootstrap)?;
    let rest = connect.rest().clone();
    let theirs = Side { bootstrap, rest: &rest, name: "connect", data: data.path() };
    theirs.start(&cases)?;
    let mut worker = Worker::new(bootstrap)?;
    worker.start()?;
    let (rest, data) = (worker.rest(), worker.data());
    let ours = Side { bootstrap, rest: &rest, name: "weirweb", data: &data };
    ours.start(&cases)?;

    for case in &cases {
        let expected = theirs.outcome(case, &|| String::new())?;
        // The line comes before the letter, but not through the same pipe.
        let lines = wait::until("the lines in Kafka Connect's log", WITHIN, || {
            let text = connect.process().output();
            let found = theirs.outcome(case, &|| text.clone()).map_err(|error| format!("{error:#}"))?.log;
            if found.len() as u64 >= case.letters { Ok(found) } else { Err(format!("{found:?}")) }
        })?;
        let expected = Outcome { log: lines, ..expected };
        let found = ours.outcome(case, &|| worker.log())?;
        ensure!(expected.letters.len() as u64 == case.letters, "{}: {} letters", case.name, expected.letters.len());
        for (index, (expected, found)) in expected.letters.iter().zip(&found.letters).enumerate() {
            ensure!(
                expected == found,
                "{} {index}:\nKafka Connect: {}\nWeir: {}",
                case.name,
                show(expected),
                show(found)
            );
        }
        ensure!(expected == found, "{}:\nKafka Connect: {expected:#?}\nWeir: {found:#?}", case.name);
        println!("{}: {} letters, {:?}, {:#?}", case.name, found.letters.len(), found.trace, found.log);
    }
    worker.stop()
}

fn show(record: &Record) -> String {
    let text = |bytes: &Option<Vec<u8>>| bytes.as_deref().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let headers: Vec<String> =
        record.headers.iter().map(|(name, value)| format!("\n    {name} = {:?}", text(value))).collect();
    format!("{:?} => {:?}{}", text(&record.key), text(&record.value), headers.concat())
}

#[test]
fn a_row_that_a_transform_asks_for_again_is_tried_again_and_keeps_its_place() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique("again");
    topics::create(bootstrap, topic, 1)?;
    let rows: Vec<Record> =
        (0..50).map(|number| Record { value: Some(format!("{number}").into_bytes()), ..Record::default() }).collect();
    topics::produce(bootstrap, topic, &rows)?;
    let mut worker = Worker::new(bootstrap)?.with_plugins(&paths::test_plugins());
    worker.start()?;
    let output = worker.data().join("output");
    let flaky = [
        ("transforms", "t"),
        ("transforms.t.type", "weir.tests.HostileTransform"),
        ("transforms.t.hook", "transform.apply"),
        ("transforms.t.does", "record-retry"),
        ("transforms.t.times", "2"),
        ("errors.retry.timeout", "60000"),
    ];
    worker.rest().create(topic, &with(&sink(&output, topic), &flaky))?;
    let expected: String = (0..50).map(|number| format!("{number}\n")).collect();
    wait::until("the rows in the file", WITHIN, || {
        let text = std::fs::read_to_string(&output).unwrap_or_default();
        if text == expected {
            Ok(())
        } else {
            Err(format!("{text}; {}", worker.rest().status(topic).unwrap_or_default()))
        }
    })?;
    // Without the time to try again, the same row fails the task.
    let config = with(&sink(&output, topic), &[&flaky[..5], &[("errors.log.enable", "true")]].concat());
    let other = &format!("{topic}-not");
    worker.rest().create(other, &config)?;
    let trace = worker.rest().wait_failed(other, WITHIN)?;
    ensure!(
        trace.starts_with("org.apache.kafka.connect.errors.ConnectException: Tolerance exceeded in error handler\n"),
        "{trace}"
    );
    ensure!(trace.contains("Caused by: org.apache.kafka.connect.errors.RetriableException: hostile record"), "{trace}");
    worker.stop()
}

#[test]
fn a_record_of_a_source_that_is_too_large_is_skipped_and_logged() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique("refused");
    topics::create(bootstrap, topic, 1)?;
    let mut worker = Worker::new(bootstrap)?.with_plugins(&paths::test_plugins());
    worker.start()?;
    let config: Value = json!({"connector.class": "weir.tests.HostileSource", "topic": topic, "records": "5",
        "hook": "source.poll", "does": "large-record", "times": "1", "errors.tolerance": "all",
        "errors.log.enable": "true", "errors.log.include.messages": "true"});
    worker.rest().create(topic, &config)?;
    let line = format!(
        "Error encountered in task {topic}-0. Executing stage 'KAFKA_PRODUCE' with class \
         'org.apache.kafka.connect.runtime.WorkerSourceTask', where source record is = SourceRecord{{sourcePartition="
    );
    wait::until("the line and the rows that come after", WITHIN, || {
        worker.check_runs()?;
        let rows = topics::count(bootstrap, topic).map_err(|error| format!("{error:#}"))?;
        let lines = worker.log().lines().filter(|found| found.contains(&line)).count();
        if rows > 0 && lines >= 1 { Ok(()) } else { Err(format!("{rows} rows, {lines} lines")) }
    })?;
    worker.rest().wait_running(topic, 1)?;
    worker.stop()
}

#[test]
fn a_dead_letter_queue_that_cannot_be_made_fails_the_task_before_it_reads() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique("no-queue");
    topics::create(bootstrap, topic, 1)?;
    let mut worker = Worker::new(bootstrap)?;
    worker.start()?;
    let dead = format!("{topic}-dead");
    // Three copies, of a cluster that has one node.
    let config = with(&sink(&worker.data().join(topic), topic), &[("errors.deadletterqueue.topic.name", &*dead)]);
    worker.rest().create(topic, &config)?;
    let trace = worker.rest().wait_failed(topic, WITHIN)?;
    ensure!(trace.contains(&format!("Could not initialize dead letter queue with topic={dead}")), "{trace}");
    worker.stop()
}
