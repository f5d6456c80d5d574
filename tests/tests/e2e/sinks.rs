//! What a sink may ask for and what its group gives it: time, records again, partitions shared and taken over.

use std::fs;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use weir_tests::lines::Counter;
use weir_tests::topics::{self, Record};
use weir_tests::worker::Worker;
use weir_tests::{kafka, paths, wait};

use crate::support::{sink, source, with};

/// Records in a test's topic.
const ROWS: u64 = 20;

fn rows(numbers: std::ops::Range<u64>, partitions: u64) -> Vec<Record> {
    numbers
        .map(|number| Record {
            partition: (number % partitions) as i32,
            value: Some(format!("row {number}").into_bytes()),
            ..Record::default()
        })
        .collect()
}

/// Runs the hostile sink on a topic of [`ROWS`] records until all are committed, and gives the worker's log.
fn committed(name: &str, plan: &[(&str, &str)]) -> Result<String> {
    committed_of(name, &rows(0..ROWS, 1), plan)
}

/// The same with other records.
fn committed_of(name: &str, rows: &[Record], plan: &[(&str, &str)]) -> Result<String> {
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique(name);
    topics::create(bootstrap, topic, 1)?;
    topics::produce(bootstrap, topic, rows)?;
    let mut worker = Worker::new(bootstrap)?.with_plugins(&paths::test_plugins());
    worker.start()?;
    let rest = worker.rest();
    let base = json!({"connector.class": "weir.tests.HostileSink", "topics": topic, "hook": "sink.put",
        "consumer.override.session.timeout.ms": "60000", "consumer.override.max.poll.interval.ms": "120000"});
    // The topic's name, because the group of an earlier run on the same node may have got further.
    rest.create(topic, &with(&base, plan))?;
    wait::until("all records to be committed", Duration::from_secs(90), || {
        worker.check_runs()?;
        match topics::committed(bootstrap, &format!("connect-{topic}"), topic) {
            Ok(offset) if offset == rows.len() as i64 => Ok(()),
            other => Err(format!("{other:?}; {}", rest.status(topic).unwrap_or_default())),
        }
    })?;
    rest.wait_running(topic, 1)?;
    worker.stop()?;
    Ok(worker.log())
}

/// The records that the hostile sink said it took.
fn taken(log: &str) -> u64 {
    let counts =
        log.lines().filter_map(|line| line.split("hostile took ").nth(1)?.split(' ').next()?.parse::<u64>().ok());
    counts.sum()
}

fn assigned_once(log: &str) -> Result<()> {
    let times = log.matches("partitions assigned").count();
    ensure!(times == 1, "the partition was assigned {times} times");
    Ok(())
}

/// Adds a short session of the consumer to a plan, which the sink then exceeds, and a longest time between two polls. Neither is so short
/// that a busy machine exceeds it.
fn with_short_session<'a>(max_poll: &'a str, plan: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let short = [
        ("consumer.override.session.timeout.ms", "3000"),
        ("consumer.override.heartbeat.interval.ms", "500"),
        ("consumer.override.max.poll.interval.ms", max_poll),
    ];
    [plan, &short].concat()
}

#[test]
fn a_sink_that_asks_to_be_called_later_keeps_its_partition_and_gets_the_rows_again() -> Result<()> {
    // 80 times 50 ms and more: longer than the session and than the longest time between two polls.
    let log = committed("later", &with_short_session("3500", &[("does", "retry"), ("times", "80")]))?;
    assigned_once(&log)?;
    ensure!(taken(&log) == ROWS, "{} rows were taken", taken(&log));
    Ok(())
}

/// A small row, over which the sink naps, and 60 large ones that are fetched meanwhile.
fn large_rows() -> Vec<Record> {
    let large = || Record { value: Some(vec![b'x'; 900_000]), ..Record::default() };
    rows(0..1, 1).into_iter().chain(std::iter::repeat_with(large).take(60)).collect()
}

#[test]
fn large_rows_that_waited_for_a_sink_come_in_pieces_that_fit_its_memory() -> Result<()> {
    // All of them together do not fit into its memory.
    let rows = large_rows();
    let log = committed_of(
        "large",
        &rows,
        &[("does", "nap"), ("nap", "1700"), ("times", "1"), ("weir.task.memory.max", "33554432")],
    )?;
    ensure!(taken(&log) == rows.len() as u64, "{} rows were taken", taken(&log));
    Ok(())
}

#[test]
fn of_rows_that_came_together_none_is_lost_when_the_sink_asks_for_some_later() -> Result<()> {
    let rows = large_rows();
    let log = committed_of("together", &rows, &[("does", "nap,retry"), ("nap", "1700"), ("times", "4")])?;
    ensure!(log.contains("asks for the same records again later"), "it did not ask");
    ensure!(taken(&log) == rows.len() as u64, "{} rows were taken", taken(&log));
    Ok(())
}

#[test]
fn of_rows_that_came_together_none_follows_when_the_sink_goes_back() -> Result<()> {
    let rows = large_rows();
    let log = committed_of("back", &rows, &[("does", "nap,rewind"), ("nap", "1700"), ("times", "2")])?;
    // All of them once, and those again that came before it went back: two pieces of some four records.
    let (all, taken) = (rows.len() as u64, taken(&log));
    ensure!(taken > all && taken < all + 20, "{taken} rows were taken");
    Ok(())
}

#[test]
fn a_sink_that_is_slow_keeps_its_partition() -> Result<()> {
    // Each longer than the session, and all of them longer than the longest time between two polls, which one must not exceed.
    let log = committed("slow", &with_short_session("10000", &[("does", "nap"), ("nap", "4000"), ("times", "3")]))?;
    assigned_once(&log)?;
    ensure!(taken(&log) == ROWS, "{} rows were taken", taken(&log));
    Ok(())
}

#[test]
fn a_sink_gets_the_rows_again_that_it_rewinds_to() -> Result<()> {
    let log = committed("rewound", &[("does", "rewind"), ("times", "1")])?;
    assigned_once(&log)?;
    let taken = taken(&log);
    ensure!(taken > ROWS && taken <= 2 * ROWS, "{taken} rows were taken");
    Ok(())
}

/// A sink that keeps its own offsets says where to begin when it is given its partitions.
#[test]
fn a_sink_begins_where_it_wants_to() -> Result<()> {
    let log = committed(
        "begun",
        &[("hook", "sink-partitions.assigned"), ("does", "rewind"), ("offset", "15"), ("times", "1")],
    )?;
    assigned_once(&log)?;
    ensure!(taken(&log) == ROWS - 15, "{} rows were taken", taken(&log));
    Ok(())
}

#[test]
fn a_row_that_a_sink_cannot_take_is_left_out_when_errors_are_tolerated() -> Result<()> {
    let log = committed(
        "tolerated",
        &[("does", "record-failure"), ("errors.tolerance", "all"), ("errors.log.enable", "true")],
    )?;
    ensure!(log.contains("hostile record"), "the record that was skipped is not in the log");
    Ok(())
}

#[test]
fn tasks_share_the_partitions_and_take_them_over_without_loss_or_repetition() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique("shared");
    topics::create(bootstrap, topic, 4)?;
    let mut worker = Worker::new(bootstrap)?;
    worker.start()?;
    let (rest, output) = (worker.rest(), worker.data().join("output"));
    let mut counter = Counter::new(&output);
    let mut produced = 0;
    // Each change gives the partitions to other tasks; the ones before have committed what they did.
    for tasks in [2, 1, 3] {
        let config = with(&sink(&output, topic), &[("tasks.max", &tasks.to_string())]);
        rest.put(&format!("/connectors/{topic}/config"), &config)?;
        rest.wait_running(topic, tasks)?;
        topics::produce(bootstrap, topic, &rows(produced..produced + 1000, 4))?;
        produced += 1000;
        wait::until("all rows in the sink's file", Duration::from_secs(30), || {
            worker.check_runs()?;
            match counter.count().map_err(|error| error.to_string())? {
                count if count >= produced => Ok(()),
                count => Err(format!("{count} of {produced} rows")),
            }
        })?;
    }
    worker.stop()?;
    let text = fs::read_to_string(&output)?;
    let mut found: Vec<u64> = text.lines().filter_map(|line| line.strip_prefix("row ")?.parse().ok()).collect();
    found.sort_unstable();
    ensure!(found == (0..produced).collect::<Vec<_>>(), "{} rows where {produced} are expected", found.len());
    Ok(())
}

#[test]
fn a_pattern_of_topics_finds_those_that_come_later() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let family = topics::unique("family");
    let (first, second) = (format!("{family}.first"), format!("{family}.second"));
    topics::create(bootstrap, &first, 1)?;
    topics::produce(bootstrap, &first, &rows(0..5, 1))?;
    let mut worker = Worker::new(bootstrap)?;
    worker.start()?;
    let (rest, output) = (worker.rest(), worker.data().join("output"));
    let config: Value = json!({"connector.class": "FileStreamSink", "file": output, "topics.regex": format!("{family}\\..*"),
        "consumer.override.metadata.max.age.ms": "1000"});
    rest.create(&family, &config)?;
    let mut counter = Counter::new(&output);
    let mut arrived = |rows| {
        wait::until("the rows", Duration::from_secs(30), || match counter.count() {
            Ok(count) if count == rows => Ok(()),
            other => Err(format!("{other:?}")),
        })
    };
    arrived(5)?;
    topics::create(bootstrap, &second, 1)?;
    topics::produce(bootstrap, &second, &rows(5..9, 1))?;
    arrived(9)?;
    worker.stop()
}

#[test]
fn a_sink_may_be_given_topic_names_that_kafka_would_refuse_and_a_source_may_only_mend_them() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique("tables");
    topics::create(bootstrap, topic, 1)?;
    let mut worker = Worker::new(bootstrap)?;
    worker.start()?;
    let rest = worker.rest();
    let renamed = |config: &Value, replacement: &str| {
        with(
            config,
            &[
                ("transforms", "table,mine"),
                ("transforms.table.type", "org.apache.kafka.connect.transforms.RegexRouter"),
                ("transforms.table.regex", ".*"),
                ("transforms.table.replacement", "dbo.[my/orders]"),
                ("transforms.mine.type", "org.apache.kafka.connect.transforms.RegexRouter"),
                ("transforms.mine.regex", r".*\[my/(.*)\]"),
                ("transforms.mine.replacement", replacement),
            ],
        )
    };
    let (input, output) = (worker.data().join("in.txt"), worker.data().join("out.txt"));
    fs::write(&input, "a\nb\n")?;
    rest.create("mended", &renamed(&source(&input, "my topic"), topic))?;
    rest.create("tables", &renamed(&sink(&output, topic), "[$1]"))?;
    wait::until("the lines to come out again", Duration::from_secs(90), || {
        match (fs::read_to_string(&output).unwrap_or_default(), rest.status("tables")) {
            (text, _) if text == "a\nb\n" => Ok(()),
            (text, status) => Err(format!("{text:?}; {status:?}")),
        }
    })?;
    rest.create("refused", &renamed(&source(&input, topic), "my orders"))?;
    let trace = rest.wait_failed("refused", Duration::from_secs(90))?;
    ensure!(trace.contains("Kafka does not allow the name"), "{trace}");
    rest.wait_running("mended", 1)?;
    rest.wait_running("tables", 1)?;
    worker.stop()
}
