//! What guests cost the host beside their own memory: records in flight while the broker of a connector does not answer, schemas that
//! are written into each record, offsets, topics. The worker keeps to its budget, and answers.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use weir_tests::scrape::Scrape;
use weir_tests::worker::Worker;
use weir_tests::{kafka, paths, topics};

use crate::neighbour::Neighbour;
use crate::support::with;

/// What the worker may take beside its budget: itself, plugins, compiled code, and one batch for each task.
const BESIDE: f64 = 700e6;

fn hostile(does: &str, rows: &str, topic: &str) -> Value {
    json!({
        "connector.class": "weir.tests.HostileSource", "topic": topic, "hook": "source.poll", "does": does, "records": rows,
        "value.converter": "org.apache.kafka.connect.json.JsonConverter",
    })
}

#[test]
fn records_that_no_broker_takes_stay_within_the_budget() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let mut worker = Worker::new(bootstrap)?
        .with_plugins(&paths::test_plugins())
        .set("weir.records.in.flight.max.bytes", &(64 << 20).to_string());
    worker.start()?;
    let rest = worker.rest();
    let neighbour = Neighbour::start(&worker, bootstrap, "budget-neighbour")?;
    // Nobody listens there.
    let away = [("producer.override.bootstrap.servers", "127.0.0.1:1")];
    for number in 0..8 {
        let (does, rows) = if number % 2 == 0 { ("documented", "2000") } else { ("large-offsets", "36") };
        rest.create(&format!("away-{number}"), &with(&hostile(does, rows, "nowhere"), &away))?;
    }
    let (mut peak, mut in_flight, mut slowest) = (0.0_f64, 0.0_f64, Duration::ZERO);
    let end = Instant::now() + Duration::from_secs(20);
    while Instant::now() < end {
        let begin = Instant::now();
        rest.get("/")?.expect(200)?;
        slowest = slowest.max(begin.elapsed());
        let scrape = Scrape::of(&rest)?;
        let value = |name: &str| scrape.value(name, &[]).with_context(|| format!("no {name}"));
        peak = peak.max(value("process_resident_memory_bytes")?);
        in_flight = in_flight.max(value("weir_records_in_flight_bytes")?);
        std::thread::sleep(Duration::from_millis(200));
    }
    println!("peak {:.0} MB, in flight {:.0} MB, slowest answer {slowest:?}", peak / 1e6, in_flight / 1e6);
    for number in 0..8 {
        rest.wait_running(&format!("away-{number}"), 1)?;
        rest.remove(&format!("away-{number}"))?;
    }
    ensure!(in_flight > 64e6, "the budget was not used: {in_flight}");
    ensure!(peak < BESIDE, "the worker took {:.0} MB", peak / 1e6);
    ensure!(slowest < Duration::from_secs(15), "an answer took {slowest:?}");
    neighbour.finish()?;
    worker.stop()
}

#[test]
fn a_task_writes_to_a_bounded_number_of_topics() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let mut worker = Worker::new(bootstrap)?.with_plugins(&paths::test_plugins()).set("weir.task.topics.max", "25");
    worker.start()?;
    let rest = worker.rest();
    let topic = topics::unique("many");
    rest.create("many", &hostile("many-topics", "10", &topic))?;
    let trace = rest.wait_failed("many", Duration::from_secs(60))?;
    ensure!(trace.contains("more than 25 topics") && trace.contains("weir.task.topics.max"), "{trace}");
    worker.stop()
}
