//! Offsets and topics over REST (KIP-875, KIP-558): what an operator sees is what connectors do, and what an operator writes is where
//! they go on.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use serde_json::{Value, json};
use weir_tests::rest::{Answer, Rest};
use weir_tests::topics::{self, Record};
use weir_tests::worker::Worker;
use weir_tests::{kafka, lines, wait};

use crate::support::{sink, source, with};

const PATIENCE: Duration = Duration::from_secs(30);

/// What GET /connectors/{c}/offsets answers once it is this.
fn wait_offsets(rest: &Rest, name: &str, wanted: &Value) -> Result<()> {
    wait::until(&format!("the offsets of {name} to be {wanted}"), PATIENCE, || {
        let answer = rest.get(&format!("/connectors/{name}/offsets")).map_err(|error| format!("{error:#}"))?;
        if answer.status == 200 && answer.body["offsets"] == *wanted { Ok(()) } else { Err(answer.body.to_string()) }
    })
}

fn alter(rest: &Rest, name: &str, offsets: &Value) -> Result<Answer> {
    rest.patch(&format!("/connectors/{name}/offsets"), &json!({"offsets": offsets}))
}

fn put(rest: &Rest, name: &str, what: &str) -> Result<Answer> {
    rest.put(&format!("/connectors/{name}/{what}"), &Value::Null)
}

fn is(answer: &Answer, status: u16, message: &str) -> Result<()> {
    ensure!(
        (answer.status, answer.message()) == (status, message),
        "{status} {message:?} was expected, and not {answer:?}"
    );
    Ok(())
}

fn wait_count(bootstrap: &str, topic: &str, count: u64) -> Result<()> {
    wait::until(&format!("{count} rows in {topic}"), PATIENCE, || match topics::count(bootstrap, topic) {
        Ok(found) if found == count => Ok(()),
        other => Err(format!("{other:?}")),
    })
}

#[test]
fn a_sources_place_is_shown_moved_and_forgotten() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique("moved-source");
    topics::create(bootstrap, topic, 1)?;
    let mut worker = Worker::new(bootstrap)?;
    worker.start()?;
    let rest = &worker.rest();
    let input = worker.data().join("input");
    fs::write(&input, (0..10).map(lines::line).collect::<String>())?;
    let (name, size, first) = ("moved", fs::metadata(&input)?.len(), lines::line(0).len());
    rest.create(name, &source(&input, topic))?;
    let at = |position: Value| json!([{"partition": {"filename": input}, "offset": {"position": position}}]);
    wait_offsets(rest, name, &at(json!(size)))?;
    wait_count(bootstrap, topic, 10)?;

    let running = "Connectors must be in the STOPPED state before their offsets can be modified. This can be done for the \
                   specified connector by issuing a 'PUT' request to the '/connectors/moved/stop' endpoint";
    is(&alter(rest, name, &at(json!(first)))?, 400, running)?;
    is(&rest.delete("/connectors/moved/offsets")?, 400, running)?;
    put(rest, name, "pause")?.expect(202)?;
    is(&rest.delete("/connectors/moved/offsets")?, 400, running)?;
    put(rest, name, "stop")?.expect(204)?;
    for (position, message) in [
        (json!("1"), "The value for the 'position' key in the offset is expected to be a Long value"),
        (json!(1.0), "The value for the 'position' key in the offset is expected to be a Long value"),
        (json!(-1), "The value for the 'position' key in the offset should be a non-negative value"),
        (json!([1]), "Offsets may only contain primitive types as values, but field position contains ARRAY"),
    ] {
        is(&alter(rest, name, &at(position))?, 500, message)?;
    }
    wait_offsets(rest, name, &at(json!(size)))?;
    let altered = "The offsets for this connector have been altered successfully";
    is(&alter(rest, name, &at(json!(first)))?, 200, altered)?;
    wait_offsets(rest, name, &at(json!(first)))?;
    put(rest, name, "resume")?.expect(202)?;
    wait_count(bootstrap, topic, 19)?;

    put(rest, name, "stop")?.expect(204)?;
    for _ in 0..2 {
        let reset = "The offsets for this connector have been reset successfully";
        is(&rest.delete("/connectors/moved/offsets")?, 200, reset)?;
        wait_offsets(rest, name, &json!([]))?;
    }
    // What is told to be written is durable, and so is what is told to be gone.
    worker.kill();
    worker.start()?;
    worker.rest().create(name, &source(&input, topic))?;
    wait_count(bootstrap, topic, 29)?;
    worker.stop()
}

#[test]
fn a_sinks_offsets_are_those_of_its_group() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique("moved-sink");
    topics::create(bootstrap, topic, 2)?;
    let rows = (0..10).map(|number| Record {
        partition: number % 2,
        value: Some(format!("row {number}").into_bytes()),
        ..Record::default()
    });
    topics::produce(bootstrap, topic, &rows.collect::<Vec<_>>())?;
    let mut worker = Worker::new(bootstrap)?;
    worker.start()?;
    let rest = &worker.rest();
    let output = worker.data().join("output");
    let count = || -> Result<usize> { Ok(fs::read_to_string(&output)?.lines().count()) };
    // Not the default, to see that it is this one that counts.
    let group = format!("{topic}-group");
    let config = with(&sink(&output, topic), &[("consumer.override.group.id", &group)]);
    rest.create(topic, &config)?;
    let at = |partition: i32| json!({"kafka_partition": partition, "kafka_topic": topic});
    let offset = |partition, offset: i64| json!({"partition": at(partition), "offset": {"kafka_offset": offset}});
    wait_offsets(rest, topic, &json!([offset(0, 5), offset(1, 5)]))?;
    ensure!(count()? == 10);
    put(rest, topic, "stop")?.expect(204)?;

    let failed = format!("Failed to alter consumer group offsets for connector {topic}");
    let wrong = json!([{"partition": {"kafka_topic": topic, "kafka_partition": 99}, "offset": {"kafka_offset": 1}}]);
    is(&alter(rest, topic, &wrong)?, 500, &failed)?;
    // Kafka accepts the one and refuses the other; the answer is that nothing was altered.
    let half = json!([offset(0, 2), offset(1, 2), {"partition": at(99), "offset": {"kafka_offset": 1}}]);
    is(&alter(rest, topic, &half)?, 500, &failed)?;
    wait_offsets(rest, topic, &json!([offset(0, 5), offset(1, 5)]))?;
    let negative = format!("Failed to modify offsets for sink connector {topic}");
    is(&alter(rest, topic, &json!([offset(0, -1)]))?, 500, &negative)?;
    let text = "Failed to parse the following Kafka partition value in the provided offsets: 'x'. Partition values for sink \
                connectors need to be integers.";
    let wrong = json!([{"partition": {"kafka_topic": topic, "kafka_partition": "x"}, "offset": null}]);
    is(&alter(rest, topic, &wrong)?, 400, text)?;

    let altered = "The offsets for this connector have been altered successfully";
    let change = json!([offset(0, 3), {"partition": at(1), "offset": null}]);
    is(&alter(rest, topic, &change)?, 200, altered)?;
    wait_offsets(rest, topic, &json!([offset(0, 3)]))?;
    ensure!(topics::committed(bootstrap, &group, topic)? == 3, "the group has what was written");
    put(rest, topic, "resume")?.expect(202)?;
    wait_offsets(rest, topic, &json!([offset(0, 5), offset(1, 5)]))?;
    ensure!(count()? == 17, "two rows of the one partition and all of the other came again: {}", count()?);

    put(rest, topic, "stop")?.expect(204)?;
    let member = a_member(bootstrap, &group, topic)?;
    let busy = |verb: &str| {
        format!(
            "Failed to {verb} consumer group offsets for connector {topic} either because its tasks haven't stopped completely yet or the \
             connector was resumed before the request to {verb} its offsets could be successfully completed. If the connector is in \
             a stopped state, this operation can be safely retried. If it doesn't eventually succeed, the Connect cluster may need to be \
             restarted to get rid of the zombie sink tasks."
        )
    };
    is(&alter(rest, topic, &json!([offset(0, 1)]))?, 500, &busy("alter"))?;
    is(&alter(rest, topic, &json!([{"partition": at(0), "offset": null}]))?, 500, &busy("alter"))?;
    let path = format!("/connectors/{topic}/offsets");
    is(&rest.delete(&path)?, 500, &busy("reset"))?;
    member.unsubscribe();
    drop(member);
    for _ in 0..2 {
        let reset = "The offsets for this connector have been reset successfully";
        is(&rest.delete(&path)?, 200, reset)?;
        wait_offsets(rest, topic, &json!([]))?;
    }
    worker.stop()
}

/// A consumer that has joined the group.
fn a_member(bootstrap: &str, group: &str, topic: &str) -> Result<BaseConsumer> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", bootstrap).set("group.id", group).set("enable.auto.commit", "false");
    let member: BaseConsumer = config.create().context("a consumer")?;
    member.subscribe(&[topic])?;
    wait::until("the consumer to have partitions", PATIENCE, || {
        member.poll(Duration::from_millis(100));
        match member.assignment() {
            Ok(partitions) if partitions.count() > 0 => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })?;
    Ok(member)
}

#[test]
fn topics_in_use_are_listed_and_listed_again_after_a_reset() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let (read, idle) = (&topics::unique("in-use"), &topics::unique("not-in-use"));
    topics::create_all(bootstrap, &[read, idle], 1)?;
    let mut worker = Worker::new(bootstrap)?;
    worker.start()?;
    let rest = &worker.rest();
    let (input, output) = (worker.data().join("input"), worker.data().join("output"));
    fs::write(&input, "")?;
    let (from, to) = ("topics source", "topics/sink");
    rest.create(from, &source(&input, read))?;
    rest.create(to, &sink(&output, &format!("{read},{idle}")))?;
    let paths = [("topics%20source", from), ("topics%2Fsink", to)];
    let wait_topics = |wanted: &[&String]| -> Result<()> {
        for (path, name) in paths {
            wait::until(&format!("the topics of {name} to be {wanted:?}"), PATIENCE, || {
                let answer = rest.get(&format!("/connectors/{path}/topics")).map_err(|error| format!("{error:#}"))?;
                if answer.body == json!({name: {"topics": wanted}}) { Ok(()) } else { Err(answer.body.to_string()) }
            })?;
        }
        Ok(())
    };
    wait_topics(&[])?;
    for round in 1..3 {
        fs::write(&input, (0..round * 5).map(lines::line).collect::<String>())?;
        wait_topics(&[read])?;
        for (path, _) in paths {
            rest.put(&format!("/connectors/{path}/topics/reset"), &Value::Null)?.expect(202)?;
        }
        wait_topics(&[])?;
    }
    worker.stop()
}
