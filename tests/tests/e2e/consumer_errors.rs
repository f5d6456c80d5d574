//! Errors of a sink's consumer that will not pass by themselves fail the task, beside Kafka Connect's own worker.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use weir_tests::connect::{Connect, Setup};
use weir_tests::kafka::Kafka;
use weir_tests::rest::Rest;
use weir_tests::topics::{self, Record};
use weir_tests::worker::Worker;
use weir_tests::{kafka, wait};

use crate::support::{sink, with};

const WITHIN: Duration = Duration::from_secs(120);

/// Name, keys that make the error, and the exception.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

/// The first line of the trace that the sink's task fails with.
fn failure(rest: &Rest, name: &str) -> Result<String> {
    let trace = rest.wait_failed(name, WITHIN)?;
    rest.remove(name)?;
    Ok(trace.lines().next().unwrap_or_default().to_owned())
}

#[test]
fn a_consumer_error_that_would_stay_fails_the_task_with_kafka_connects_exception() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = topics::unique("consumer-errors");
    topics::create(bootstrap, &topic, 1)?;
    topics::fill(bootstrap, &topic, ["a", "b"])?;
    let policy = ("connector.client.config.override.policy", "All");
    let mut worker = Worker::new(bootstrap)?.set(policy.0, policy.1);
    worker.start()?;
    let setup = Setup::default();
    let mut properties = setup.properties.clone();
    properties.push((policy.0.into(), policy.1.into()));
    let mut connect = Connect::launch(bootstrap, &Setup { properties, ..setup })?;
    connect.wait_healthy()?;
    let cases: [Case<'_>; 3] = [
        ("none", &[("consumer.override.auto.offset.reset", "none")], "NoOffsetForPartitionException"),
        (
            "session",
            &[
                ("consumer.override.session.timeout.ms", "2000000"),
                ("consumer.override.max.poll.interval.ms", "2000000"),
            ],
            "InvalidSessionTimeoutException",
        ),
        ("name", &[("topics", "no/topic")], "InvalidTopicException"),
    ];
    for (name, more, exception) in cases {
        for (who, rest) in [("weir", &worker.rest()), ("java", connect.rest())] {
            let name = format!("{topic}-{name}-{who}");
            rest.create(&name, &with(&sink(&worker.data().join(&name), &topic), more))?;
            let line = failure(rest, &name)?;
            ensure!(line.contains(exception), "{name}: {exception} is not in {line}");
        }
    }

    // A member of a group whose others have agreed on another assignor.
    let group = format!("{topic}-group");
    let of_group = |name: &str, assignor: &str| {
        let class = format!("org.apache.kafka.clients.consumer.{assignor}");
        let keys = [
            ("consumer.override.group.id", group.as_str()),
            ("consumer.override.partition.assignment.strategy", class.as_str()),
        ];
        with(&sink(&worker.data().join(name), &topic), &keys)
    };
    let rest = worker.rest();
    rest.create("range", &of_group("range", "RangeAssignor"))?;
    wait::until("the first member to commit", WITHIN, || match topics::committed(bootstrap, &group, &topic) {
        Ok(2) => Ok(()),
        other => Err(format!("{other:?}; {}", rest.status("range").unwrap_or_default())),
    })?;
    rest.create("robin", &of_group("robin", "RoundRobinAssignor"))?;
    let line = failure(&rest, "robin")?;
    ensure!(line.contains("InconsistentGroupProtocolException"), "{line}");
    connect.rest().create("robin-java", &of_group("robin-java", "RoundRobinAssignor"))?;
    let line = failure(connect.rest(), "robin-java")?;
    ensure!(line.contains("InconsistentGroupProtocolException"), "{line}");
    rest.wait_running("range", 1)?;
    worker.stop()
}

#[test]
fn an_offset_that_retention_has_deleted_fails_the_task_when_none_is_to_be_chosen() -> Result<()> {
    let kafka = Kafka::start_set(&[("log.retention.check.interval.ms", "500"), ("log.initial.task.delay.ms", "500")])?;
    let bootstrap = kafka.bootstrap();
    let small = [("retention.bytes", "1000"), ("segment.bytes", "1048576"), ("file.delete.delay.ms", "100")];
    topics::create_with(&bootstrap, "deleted", 1, &small)?;
    topics::fill(&bootstrap, "deleted", ["first"])?;
    let mut worker = Worker::new(&bootstrap)?;
    worker.start()?;
    let rest = worker.rest();
    let none = [("consumer.override.auto.offset.reset", "none")];
    let config = sink(&worker.data().join("out"), "deleted");
    rest.create("sink", &config)?;
    let group = "connect-sink";
    wait::until("the first record to be committed", WITHIN, || {
        match topics::committed(&bootstrap, group, "deleted") {
            Ok(1) => Ok(()),
            other => Err(format!("{other:?}; {}", rest.status("sink").unwrap_or_default())),
        }
    })?;
    rest.remove("sink")?;
    // Segments that are full and not the last are deleted.
    let large = || Record { value: Some(vec![b'x'; 600_000]), ..Record::default() };
    topics::produce(&bootstrap, "deleted", &[large(), large(), large(), large()])?;
    wait::until("the first two of five records to be deleted", WITHIN, || {
        match topics::count(&bootstrap, "deleted") {
            Ok(0..=3) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })?;
    rest.create("sink", &with(&config, &none))?;
    let trace = rest.wait_failed("sink", WITHIN)?;
    let line = trace.lines().next().context("a trace")?;
    ensure!(line.contains("OffsetOutOfRangeException") && line.contains("deleted-0"), "{trace}");
    ensure!(trace.contains("PATCH /connectors/NAME/offsets"), "{trace}");
    worker.stop()
}
