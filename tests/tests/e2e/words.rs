//! What plugins say, and where: a log that they cannot flood or forge, errors that stay readable, a trace that names the transform at
//! fault, and no record in Kafka's own topics.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use weir_tests::topics::Record;
use weir_tests::worker::Worker;
use weir_tests::{kafka, paths, topics, wait};

use crate::support::with;

/// How long a task may take to fail.
const SOON: Duration = Duration::from_secs(60);

fn worker(bootstrap: &str) -> Result<Worker> {
    let mut worker = Worker::new(bootstrap)?
        .with_plugins(&paths::test_plugins())
        .set("connector.client.config.override.policy", "All");
    worker.start()?;
    Ok(worker)
}

fn source(topic: &str, more: &[(&str, &str)]) -> Value {
    with(&json!({"connector.class": "weir.tests.HostileSource", "topic": topic}), more)
}

#[test]
fn a_guests_words_are_cut_counted_and_kept_in_their_line() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique("words");
    topics::create(bootstrap, topic, 1)?;
    let mut worker = worker(bootstrap)?;
    let rest = worker.rest();

    rest.create("long", &source(topic, &[("hook", "source.poll"), ("does", "fatal-30mb")]))?;
    let trace = rest.wait_failed("long", SOON)?;
    ensure!(trace.len() < 20_000 && trace.contains("... truncated, 31457280 bytes in total"), "{} bytes", trace.len());

    rest.create("forger", &source(topic, &[("hook", "source.poll"), ("does", "log-forged,fatal-forged")]))?;
    rest.wait_failed("forger", SOON)?;
    let forged = || -> Result<usize> {
        let log = worker.log();
        let disguise = |c: char| c != '\n' && (c.is_control() || matches!(c, '\u{202e}' | '\u{2028}'));
        ensure!(!log.contains(disguise), "{:?}", log.lines().find(|line| line.contains(disguise)));
        ensure!(!log.lines().any(|line| line.starts_with("2026-01-01T00")), "a line was forged");
        Ok(log.lines().filter(|line| line.contains("hostile\\n2026-01-01T00")).count())
    };
    // The line of `host.log`, and that of the failure. Standard error is a line each anyway.
    wait::until("what the guest said to be in the log", SOON, || match forged() {
        Ok(2..) => Ok(()),
        Ok(found) => Err(format!("{found} lines")),
        Err(error) => panic!("{error:#}"),
    })?;

    // Polls that bring nothing come again at once, each with all that a call may log.
    let before = worker.log().len();
    rest.create("flood", &source(topic, &[("hook", "source.poll"), ("does", "log-flood"), ("records", "0")]))?;
    wait::until("lines to be dropped", SOON, || {
        let metrics = rest.get("/metrics").map_err(|error| format!("{error:#}"))?;
        let metrics = metrics.body.as_str().unwrap_or_default().to_owned();
        let dropped = metrics.lines().find(|line| {
            line.starts_with("weir_guest_log_lines_dropped_total{")
                && line.contains(r#"connector="flood""#)
                && line.contains(r#"sandbox="task""#)
        });
        let count = dropped.and_then(|line| line.rsplit(' ').next()).and_then(|count| count.parse::<u64>().ok());
        // 60 lines of 16 KB a call.
        if count.is_some_and(|count| count > 5000) { Ok(()) } else { Err(format!("{dropped:?}")) }
    })?;
    rest.remove("flood")?;
    worker.wait_for_log("weir.plugin.log.bytes.per.second")?;
    let written = worker.log().len() - before;
    // 80 MB at the least would be there. The burst of 1 MiB is, and 64 KiB for each second that this took.
    ensure!(written < 12 << 20, "{written} bytes");
    worker.stop()
}

#[test]
fn a_trace_names_the_transform_at_fault() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique("chain");
    topics::create(bootstrap, topic, 1)?;
    let mut worker = worker(bootstrap)?;
    let rest = worker.rest();
    let class = "weir.tests.HostileTransform";
    let chain = |more: &[(&str, &str)]| {
        let steps = ["a", "b", "c"].map(|alias| (format!("transforms.{alias}.type"), class));
        let steps: Vec<(&str, &str)> = steps.iter().map(|(key, class)| (key.as_str(), *class)).collect();
        let of_source = [("transforms", "a,b,c"), ("weir.call.timeout.ms", "2000")];
        source(topic, &[&of_source[..], &steps, more].concat())
    };
    let hook = ("transforms.b.hook", "transform.apply");
    for (name, deed, cause) in [
        ("traps", "trap", "in transform.apply: "),
        ("panics", "panic", "in transform.apply: "),
        ("spins", "spin", "in transform.apply: call timeout"),
        ("refuses", "fatal", "hostile refusal"),
        ("lies", "lie-lengths", "in transform.apply: the result violates the contract"),
    ] {
        rest.create(name, &chain(&[hook, ("transforms.b.does", deed)]))?;
        let trace = rest.wait_failed(name, SOON)?;
        // What the plugin said itself comes first.
        ensure!(trace.contains(&format!("Caused by: transforms.b ({class}): ")), "{name}: {trace}");
        ensure!(trace.contains(cause), "{name}: {trace}");
        rest.remove(name)?;
    }
    // What does not happen again is not pinned on anyone.
    rest.create("once", &chain(&[hook, ("transforms.b.does", "trap"), ("transforms.b.after", "2")]))?;
    let trace = rest.wait_failed("once", SOON)?;
    let all = format!("one of transforms.a ({class}), transforms.b ({class}), transforms.c ({class}): in");
    ensure!(trace.contains(&all), "{trace}");
    // Nor is it, when there is one only, looked for.
    rest.create(
        "alone",
        &source(
            topic,
            &[
                ("transforms", "x"),
                ("transforms.x.type", class),
                ("transforms.x.hook", "transform.apply"),
                ("transforms.x.does", "trap"),
                ("transforms.x.after", "2"),
            ],
        ),
    )?;
    let trace = rest.wait_failed("alone", SOON)?;
    ensure!(trace.contains(&format!("transforms.x ({class}): in transform.apply")), "{trace}");
    let configure = ("transforms.b.hook", "transform.configure");
    rest.create("unconfigured", &chain(&[configure, ("transforms.b.does", "trap")]))?;
    let trace = rest.wait_failed("unconfigured", SOON)?;
    ensure!(trace.contains(&format!("transforms.b ({class}): in transform.configure")), "{trace}");
    rest.create(
        "predicate",
        &source(
            topic,
            &[
                ("transforms", "t"),
                ("transforms.t.type", "org.apache.kafka.connect.transforms.Filter"),
                ("transforms.t.predicate", "p"),
                ("predicates", "p"),
                ("predicates.p.type", "weir.tests.HostilePredicate"),
                ("predicates.p.hook", "predicate.test"),
                ("predicates.p.does", "trap"),
            ],
        ),
    )?;
    let trace = rest.wait_failed("predicate", SOON)?;
    let place = "predicates.p (weir.tests.HostilePredicate), of transforms.t: in predicate.test";
    ensure!(trace.contains(place), "{trace}");
    worker.stop()
}

#[test]
fn nothing_is_written_to_kafkas_own_topics() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let (topic, input) = (&topics::unique("mine"), &topics::unique("mine-input"));
    topics::create_all(bootstrap, &[topic, input], 1)?;
    topics::produce(bootstrap, input, &[Record { value: Some(b"row".to_vec()), ..Record::default() }])?;
    let mut worker = worker(bootstrap)?;
    let rest = worker.rest();
    for internal in ["__consumer_offsets", "__transaction_state", "__share_group_state", "__cluster_metadata"] {
        rest.create(internal, &source(internal, &[]))?;
        let trace = rest.wait_failed(internal, SOON)?;
        ensure!(trace.contains("InvalidTopic") && trace.contains(internal), "{internal}: {trace}");
        rest.remove(internal)?;
    }
    // A transform that sends records there is no way around it.
    rest.create(
        "routed",
        &source(
            topic,
            &[
                ("transforms", "r"),
                ("transforms.r.type", "org.apache.kafka.connect.transforms.RegexRouter"),
                ("transforms.r.regex", ".*"),
                ("transforms.r.replacement", "__transaction_state"),
            ],
        ),
    )?;
    let trace = rest.wait_failed("routed", SOON)?;
    ensure!(trace.contains("InvalidTopic"), "{trace}");

    let refused = |name: &str, config: &Value, part: &str| -> Result<()> {
        let answer = rest.post("/connectors", &json!({"name": name, "config": config}))?;
        let answer = answer.expect(400).with_context(|| name.to_owned())?;
        ensure!(answer.message().contains(part), "{name}: {part} is not in {}", answer.message());
        Ok(())
    };
    let trusted = [("producer.override.client.id", "__admin_client")];
    refused("trusted", &source(topic, &trusted), "choose another name")?;
    let sink = json!({
        "connector.class": "weir.tests.HostileSink", "topics": input, "errors.tolerance": "all",
        "errors.deadletterqueue.topic.name": "__consumer_offsets",
    });
    refused("letters", &sink, "is one of Kafka's internal topics")?;
    let alias = "a".repeat(50_000);
    let long = [("transforms", alias.as_str())];
    refused("long", &source(topic, &long), "has an alias of 50000 bytes; the limit is 256")?;
    worker.stop()
}
