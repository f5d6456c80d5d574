//! `topic.creation.*`: the same configurations make the same topics in Kafka Connect and in Weir.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use weir_tests::connect::{Connect, Setup};
use weir_tests::rest::Rest;
use weir_tests::topics::{self, Shape};
use weir_tests::worker::Worker;
use weir_tests::{kafka, wait};

use crate::support::{source, with};

const WITHIN: Duration = Duration::from_secs(30);

/// Settings of topics and the parts of topics' names that try each of them.
const DEFAULT: [(&str, &str); 2] =
    [("topic.creation.default.partitions", "3"), ("topic.creation.default.replication.factor", "1")];
const GROUPS: [(&str, &str); 10] = [
    ("topic.creation.groups", "slow,wide"),
    ("topic.creation.default.partitions", "2"),
    ("topic.creation.default.replication.factor", "-1"),
    ("topic.creation.default.retention.ms", "3600000"),
    ("topic.creation.slow.include", ".*-keys-.*, .*-tables-.*"),
    ("topic.creation.slow.exclude", ".*-not-.*"),
    ("topic.creation.slow.segment.ms", "7200000"),
    ("topic.creation.wide.include", ".*-(?:wide|keys)-.*"),
    ("topic.creation.wide.partitions", "5"),
    ("topic.creation.wide.compression.type", "lz4"),
];

/// A worker under comparison: its name, its REST API.
struct Side<'a> {
    name: &'static str,
    rest: &'a Rest,
}

impl Side<'_> {
    fn topic(&self, part: &str) -> String {
        topics::unique(&format!("tc-{part}-{}", self.name))
    }

    /// Runs a file source into a topic, until a record is there.
    fn run(&self, input: &std::path::Path, topic: &str, more: &[(&str, &str)]) -> Result<()> {
        self.rest.create(topic, &with(&source(input, topic), more))?;
        let bootstrap = kafka::bootstrap()?;
        wait::until(&format!("rows in {topic}"), WITHIN, || match topics::count(bootstrap, topic) {
            Ok(count) if count > 0 => Ok(()),
            other => Err(format!("{other:?}, {}", self.rest.status(topic).unwrap_or_default())),
        })
    }
}

fn shape(topic: &str) -> Result<Shape> {
    topics::shape(kafka::bootstrap()?, topic)?.with_context(|| format!("there is no topic {topic}"))
}

#[test]
fn topics_are_made_as_kafka_connect_makes_them() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let mut connect = Connect::launch(bootstrap, &Setup::default())?;
    let mut worker = Worker::new(bootstrap)?;
    let input = worker.data().join("input");
    fs::write(&input, "row\n")?;
    worker.start()?;
    connect.wait_healthy()?;
    let rest = worker.rest();
    let sides = [Side { name: "weir", rest: &rest }, Side { name: "connect", rest: connect.rest() }];

    let auto = [("transforms", "")];
    let groups: &[(&str, &str)] = &GROUPS;
    for (part, settings) in [
        ("auto", &auto[..]),
        ("default", &DEFAULT[..]),
        ("keys-x", groups),
        ("keys-not-x", groups),
        ("wide-x", groups),
        ("other", groups),
    ] {
        let mut shapes = Vec::new();
        for side in &sides {
            let topic = side.topic(part);
            side.run(&input, &topic, settings)?;
            shapes.push(shape(&topic)?);
        }
        ensure!(shapes[0] == shapes[1], "{part}: Weir made {:?}, Kafka Connect {:?}", shapes[0], shapes[1]);
    }

    // The same without a worker's comparison: what is expected of each is written out here, too.
    ensure!(shape(&sides[0].topic("default"))?.partitions == 3);
    let slow = shape(&sides[0].topic("keys-x"))?;
    ensure!(slow.partitions == 2 && slow.configs["segment.ms"] == "7200000", "{slow:?}");
    ensure!(
        shape(&sides[0].topic("keys-not-x"))?.configs.contains_key("compression.type"),
        "the next group that takes it"
    );
    ensure!(shape(&sides[0].topic("wide-x"))?.partitions == 5);
    ensure!(shape(&sides[0].topic("other"))?.configs["retention.ms"] == "3600000");

    // One that exists stays as it is.
    let existing = topics::unique("tc-existing");
    topics::create(bootstrap, &existing, 1)?;
    sides[0].run(&input, &existing, &DEFAULT)?;
    ensure!(shape(&existing)?.partitions == 1);

    failures(&sides, &input)?;
    races(&sides[0], &input)
}

/// What cannot be made fails the task, and says what it tried.
fn failures(sides: &[Side<'_>], input: &std::path::Path) -> Result<()> {
    for (part, key, value) in [
        ("replicas", "topic.creation.default.replication.factor", "3"),
        ("unknown", "topic.creation.default.no.such.setting", "1"),
    ] {
        for side in sides {
            let topic = side.topic(part);
            let settings = [DEFAULT.as_slice(), &[(key, value)]].concat();
            side.rest.create(&topic, &with(&source(input, &topic), &settings))?;
            let trace = side.rest.wait_failed(&topic, WITHIN)?;
            let unable = format!("Unable to create topic(s) '{topic}'");
            let error = format!("Error while attempting to create/find topic(s) '{topic}'");
            ensure!(trace.contains(&unable) || trace.contains(&error), "{}: {trace}", side.name);
            ensure!(topics::shape(kafka::bootstrap()?, &topic)?.is_none(), "nobody made {topic}");
            if side.name == "weir" {
                ensure!(
                    trace.contains("topic.creation.default.*") && trace.contains(&format!("name={topic}")),
                    "{trace}"
                );
            }
        }
    }
    // What is wrong with the keys themselves is said before anything starts, in the same words.
    let wrong = [("topic.creation.default.partitions", "0"), ("topic.creation.groups", "g")];
    for side in sides {
        let body = serde_json::json!({"name": "tc-wrong", "config": with(&source(input, "tc-wrong"), &wrong)});
        let answer = side.rest.post("/connectors", &body)?;
        let missing = "Missing required configuration \"topic.creation.default.replication.factor\"";
        // Kafka Connect answers 500, because it stumbles over it before it validates; Weir 400.
        ensure!(answer.status >= 400 && answer.message().contains(missing), "{}: {answer:?}", side.name);
    }
    Ok(())
}

/// Two connectors that come to a new topic at the same time both go on.
fn races(weir: &Side<'_>, input: &std::path::Path) -> Result<()> {
    for round in 0..3 {
        let topic = topics::unique(&format!("tc-race-{round}"));
        let names = [format!("{topic}-a"), format!("{topic}-b")];
        let config: Value = with(&source(input, &topic), &DEFAULT);
        for name in &names {
            weir.rest.create(name, &config)?;
        }
        wait::until("a row of each", WITHIN, || {
            match topics::count(kafka::bootstrap().map_err(|e| e.to_string())?, &topic) {
                Ok(2) => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })?;
        for name in &names {
            weir.rest.wait_running(name, 1)?;
        }
        ensure!(shape(&topic)?.partitions == 3);
    }
    Ok(())
}

#[test]
fn a_worker_may_leave_the_making_of_topics_to_the_broker() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let mut worker = Worker::new(bootstrap)?.set("topic.creation.enable", "false");
    let input = worker.data().join("input");
    fs::write(&input, "row\n")?;
    worker.start()?;
    let rest = worker.rest();
    let side = Side { name: "weir", rest: &rest };
    let topic = topics::unique("tc-disabled");
    side.run(&input, &topic, &DEFAULT)?;
    ensure!(shape(&topic)?.partitions == 1, "the broker's own default");
    worker.stop()
}
