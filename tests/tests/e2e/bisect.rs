//! Sinks that fail for a batch and do not say for which records: with `errors.tolerance=all` the records are found, the others arrive
//! once and in order, and what the sink had taken and not made durable is not lost with its instance.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use weir_tests::lines::Counter;
use weir_tests::topics::{self, Record};
use weir_tests::worker::Worker;
use weir_tests::{kafka, paths, wait};

use crate::support::with;

/// How long a sink may take for its records.
const WITHIN: Duration = Duration::from_secs(120);

/// A sink that keeps its records in a file and does its deed at records with `poison` in them.
fn config(topic: &str, file: &Path, deed: &str) -> Value {
    json!({"connector.class": "weir.tests.HostileSink", "topics": topic, "hook": "sink.put", "does": deed, "poison": "poison",
        "keeps": file, "needs.write": file.parent(), "errors.tolerance": "all",
        "errors.deadletterqueue.topic.name": dead(topic), "errors.deadletterqueue.topic.replication.factor": "1",
        "errors.deadletterqueue.context.headers.enable": "true"})
}

fn dead(topic: &str) -> String {
    format!("{topic}-dead")
}

fn row(partition: i32, number: u64, bad: bool) -> Record {
    let value = format!("{}row {number} of {partition}", if bad { "poison " } else { "" });
    Record { partition, value: Some(value.into_bytes()), ..Record::default() }
}

fn text(record: &Record) -> String {
    record.value.as_deref().map(|value| String::from_utf8_lossy(value).into_owned()).unwrap_or_default()
}

fn header(record: &Record, name: &str) -> String {
    let found = record.headers.iter().find(|(key, _)| key == &format!("__connect.errors.{name}"));
    found
        .and_then(|(_, value)| value.as_deref())
        .map(|value| String::from_utf8_lossy(value).into_owned())
        .unwrap_or_default()
}

fn committed(worker: &mut Worker, bootstrap: &str, topic: &str, rows: u64) -> Result<()> {
    let rest = worker.rest();
    wait::until("all records to be committed", WITHIN, || {
        worker.check_runs()?;
        match topics::committed(bootstrap, &format!("connect-{topic}"), topic) {
            Ok(offset) if offset == rows as i64 => Ok(()),
            other => Err(format!("{other:?} of {rows}; {}", rest.status(topic).unwrap_or_default())),
        }
    })
}

#[test]
fn rows_that_a_sink_fails_for_are_found_and_the_others_arrive_once_and_in_order() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let mut worker = Worker::new(bootstrap)?.with_plugins(&paths::test_plugins());
    worker.start()?;
    let rest = worker.rest();
    for (deed, partitions, numbers) in [("trap", 1, 2000_u64), ("fatal", 3, 500)] {
        let topic = &topics::unique(&format!("bisected-{deed}"));
        topics::create(bootstrap, topic, partitions)?;
        let is_bad = |number: u64| matches!(number, 0 | 77 | 78 | 333 | 1999);
        let rows: Vec<Record> = (0..numbers)
            .flat_map(|number| (0..partitions).map(move |partition| row(partition, number, is_bad(number))))
            .collect();
        topics::produce(bootstrap, topic, &rows)?;
        let file = worker.data().join(topic);
        let begin = Instant::now();
        rest.create(topic, &config(topic, &file, deed))?;
        committed(&mut worker, bootstrap, topic, rows.len() as u64)?;
        rest.wait_running(topic, 1)?;
        let bad: Vec<&Record> = rows.iter().filter(|record| text(record).contains("poison")).collect();
        println!("{deed}: {} bad of {} rows in {:?}", bad.len(), rows.len(), begin.elapsed());

        let lines = fs::read_to_string(&file)?;
        for partition in 0..partitions {
            let of = format!(" of {partition}");
            let found: Vec<&str> = lines.lines().filter(|line| line.ends_with(&of)).collect();
            let good: Vec<String> =
                rows.iter().map(text).filter(|row| row.ends_with(&of) && !row.contains("poison")).collect();
            ensure!(found == good, "{} rows of partition {partition}, where {} are expected", found.len(), good.len());
        }
        let letters = topics::read(bootstrap, &dead(topic))?;
        let mut found: Vec<String> = letters.iter().map(text).collect();
        let mut expected: Vec<String> = bad.iter().map(|record| text(record)).collect();
        found.sort();
        expected.sort();
        ensure!(found == expected, "{found:?} in the queue, where {expected:?} are expected");
        let first = letters.iter().find(|letter| text(letter) == text(bad[0])).context("a letter")?;
        for (name, value) in [
            ("stage", "TASK_PUT"),
            ("class.name", "org.apache.kafka.connect.sink.SinkTask"),
            ("exception.class.name", "org.apache.kafka.connect.errors.ConnectException"),
            ("topic", topic),
            ("offset", "0"),
        ] {
            ensure!(header(first, name) == value, "{name} is {:?}", header(first, name));
        }
        let message = header(first, "exception.message");
        let said = if deed == "trap" { "in sink.put" } else { "hostile refusal" };
        ensure!(message.contains(said), "{message}");
        let log = worker.log();
        let tries = log.lines().filter(|line| line.contains("sink rejected a batch")).count();
        println!("{tries} batches failed so far");
    }
    worker.stop()
}

/// Large records come in several batches together. Of some partitions the first records are in a batch behind the one that the sink fails
/// for.
#[test]
fn rows_of_other_partitions_that_came_together_with_those_that_a_sink_fails_for_arrive() -> Result<()> {
    const PARTITIONS: i32 = 12;
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique("bisect-large");
    topics::create(bootstrap, topic, PARTITIONS)?;
    let large = |partition: i32, number: u64| {
        let mut record = row(partition, number, number == 0 && partition % 2 == 0);
        let padding = std::iter::repeat_n(b'.', 700_000);
        record.value = record.value.map(|value| padding.chain(value).collect());
        record
    };
    let rows: Vec<Record> =
        (0..3).flat_map(|number| (0..PARTITIONS).map(move |partition| large(partition, number))).collect();
    topics::produce(bootstrap, topic, &rows)?;
    let mut worker = Worker::new(bootstrap)?.with_plugins(&paths::test_plugins());
    worker.start()?;
    let file = worker.data().join(topic);
    worker.rest().create(topic, &config(topic, &file, "fatal"))?;
    committed(&mut worker, bootstrap, topic, rows.len() as u64)?;
    worker.stop()?;
    let end = |text: &str| text.trim_start_matches('.').to_owned();
    let mut found: Vec<String> = fs::read_to_string(&file)?.lines().map(end).collect();
    let mut expected: Vec<String> =
        rows.iter().map(|record| end(&text(record))).filter(|text| !text.contains("poison")).collect();
    found.sort();
    expected.sort();
    // A record that the failed instance had accepted may be passed to the new one as well.
    found.dedup();
    ensure!(found == expected, "{found:?} where {expected:?} are expected");
    Ok(())
}

#[test]
fn rows_that_a_sink_names_are_not_given_again() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique("bisect-named");
    topics::create(bootstrap, topic, 1)?;
    let rows: Vec<Record> = (0..300).map(|number| row(0, number, number % 100 == 7)).collect();
    topics::produce(bootstrap, topic, &rows)?;
    let mut worker = Worker::new(bootstrap)?.with_plugins(&paths::test_plugins());
    worker.start()?;
    let file = worker.data().join(topic);
    let more = [("errors.log.enable", "true"), ("errors.log.include.messages", "true")];
    worker.rest().create(topic, &with(&config(topic, &file, "record-failure"), &more))?;
    committed(&mut worker, bootstrap, topic, 300)?;
    worker.stop()?;
    let letters: Vec<String> = topics::read(bootstrap, &dead(topic))?.iter().map(text).collect();
    ensure!(letters == ["poison row 7 of 0", "poison row 107 of 0", "poison row 207 of 0"], "{letters:?}");
    ensure!(fs::read_to_string(&file)?.lines().count() == 297);
    let line = format!(
        "Error encountered in task {topic}-0. Executing stage 'TASK_PUT' with class 'org.apache.kafka.connect.sink.SinkTask', where \
         consumed record is {{topic='{topic}', partition=0, offset=107, timestamp="
    );
    ensure!(worker.log().contains(&line), "no line {line}");
    Ok(())
}

#[test]
fn a_sink_that_fails_for_every_row_fails_its_task_after_a_bounded_number_of_tries() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique("broken");
    topics::create(bootstrap, topic, 1)?;
    topics::produce(bootstrap, topic, &(0..500).map(|number| row(0, number, true)).collect::<Vec<_>>())?;
    let mut worker = Worker::new(bootstrap)?.with_plugins(&paths::test_plugins());
    worker.start()?;
    let file = worker.data().join(topic);
    let begin = Instant::now();
    worker.rest().create(topic, &config(topic, &file, "panic"))?;
    let trace = worker.rest().wait_failed(topic, WITHIN)?;
    println!("given up after {:?}", begin.elapsed());
    ensure!(trace.contains("more than 100 records"), "{trace}");
    ensure!(trace.contains("hostile panic"), "the trace does not say why: {trace}");
    ensure!(topics::count(bootstrap, &dead(topic))? == 100);
    worker.stop()
}

#[test]
fn a_worker_that_is_killed_while_it_looks_for_bad_rows_loses_none() -> Result<()> {
    const ROWS: u64 = 3000;
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique("killed-dead");
    topics::create(bootstrap, topic, 1)?;
    // Each hundredth row makes the sink trap, and each hundredth is no JSON.
    let value = |number: u64| match number % 100 {
        13 => format!("\"poison {number}\""),
        57 => format!("broken {number}"),
        _ => format!("\"row {number}\""),
    };
    let rows: Vec<Record> =
        (0..ROWS).map(|number| Record { value: Some(value(number).into_bytes()), ..Record::default() }).collect();
    let mut worker = Worker::new(bootstrap)?
        .with_plugins(&paths::test_plugins())
        .set("consumer.session.timeout.ms", "1000")
        .set("consumer.heartbeat.interval.ms", "300")
        .set("consumer.max.poll.records", "50")
        .set("offset.flush.interval.ms", "200");
    let file = worker.data().join(topic);
    let more = [
        ("value.converter", "org.apache.kafka.connect.json.JsonConverter"),
        ("value.converter.schemas.enable", "false"),
    ];
    worker.connector(topic, &with(&config(topic, &file, "trap"), &more))?;
    topics::produce(bootstrap, topic, &rows)?;
    let mut moment = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_nanos() as u64) | 1;
    println!("seed {moment:#x}");
    let mut counter = Counter::new(&file);
    let mut useful = 0;
    for _ in 0..6 {
        worker.start()?;
        // Any moment between two commits after this many more lines, which takes a busy machine as long as it takes.
        moment ^= moment << 13;
        moment ^= moment >> 7;
        moment ^= moment << 17;
        let enough = counter.count()? + moment % (ROWS / 10);
        wait::until("lines in the sink's file", WITHIN, || {
            worker.check_runs()?;
            let lines = counter.count().map_err(|error| error.to_string())?;
            if lines >= enough { Ok(()) } else { Err(format!("{lines} of {enough} lines")) }
        })?;
        std::thread::sleep(Duration::from_millis(moment / ROWS % 300));
        worker.kill();
        useful += u32::from(topics::committed(bootstrap, &format!("connect-{topic}"), topic)? < ROWS as i64);
    }
    println!("{useful} of 6 kills came before the end");
    worker.start()?;
    committed(&mut worker, bootstrap, topic, ROWS)?;
    worker.stop()?;

    let lines = fs::read_to_string(&file)?;
    let letters: Vec<String> = topics::read(bootstrap, &dead(topic))?.iter().map(text).collect();
    let mut good = 0;
    for number in 0..ROWS {
        let value = value(number);
        if value.contains("row") {
            good += 1;
            ensure!(lines.lines().any(|line| line == value), "{value} is lost");
        } else {
            ensure!(letters.contains(&value), "{value} is not in the queue");
            ensure!(!lines.contains(&value), "{value} was taken");
        }
    }
    println!("{good} good rows in {} lines, {} bad in {} letters", lines.lines().count(), ROWS - good, letters.len());
    ensure!(useful > 0, "the worker was through before it was killed: the test tests nothing");
    Ok(())
}
