//! A Kafka that cannot be reached: what a start, the status of tasks, metrics and the log say, and that they say it no longer when the
//! broker is back.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use weir_tests::kafka::Kafka;
use weir_tests::rest::Rest;
use weir_tests::scrape::Scrape;
use weir_tests::worker::Worker;
use weir_tests::{topics, wait};

use crate::support::{sink, source};

const WITHIN: Duration = Duration::from_secs(120);

/// Waits until a RUNNING task's `trace` says that Kafka cannot be reached.
fn wait_until_told(rest: &Rest, name: &str) -> Result<()> {
    wait::until("the status to tell of it", WITHIN, || {
        let status = rest.status(name).map_err(|error| format!("{error:#}"))?;
        let task = &status["tasks"][0];
        let trace = task["trace"].as_str().unwrap_or_default();
        let tells = task["state"] == "RUNNING" && trace.starts_with("Kafka cannot be reached by the task's ");
        if tells { Ok(()) } else { Err(status.to_string()) }
    })
}

/// Waits until no `trace` says so any more, and the sink's file has all lines.
fn wait_until_back(rest: &Rest, output: &Path, lines: &str) -> Result<()> {
    wait::until("the status to tell that it is back", WITHIN, || {
        let found = std::fs::read_to_string(output).unwrap_or_default();
        let statuses = ["source", "sink"].map(|name| rest.status(name).unwrap_or_default());
        let good = statuses.iter().all(|status| status["tasks"][0]["trace"].is_null()) && found == lines;
        if good { Ok(()) } else { Err(format!("{found:?} {statuses:?}")) }
    })
}

#[test]
fn tasks_metrics_and_the_log_say_that_the_broker_is_away_and_that_it_is_back() -> Result<()> {
    let mut kafka = Kafka::start()?;
    let bootstrap = kafka.bootstrap();
    topics::create(&bootstrap, "away", 1)?;
    let mut worker = Worker::new(&bootstrap)?;
    let (input, output) = (worker.data().join("input"), worker.data().join("output"));
    std::fs::write(&input, "one\n")?;
    worker.start()?;
    let rest = worker.rest();
    ensure!(rest.get("/")?.body["kafka_cluster_id"].is_string(), "the id is known from the first answer on");
    rest.create("source", &source(&input, "away"))?;
    rest.create("sink", &sink(&output, "away"))?;
    let scraped = |what: &str, labels: &[(&str, &str)]| {
        Scrape::of(&rest).and_then(|scrape| scrape.value(what, labels)).map_err(|error| format!("{error:#}"))
    };
    let sink_task = [("connector", "sink"), ("task", "0")];
    wait::until("lag, connections and a commit to be known", WITHIN, || {
        let lag = scraped("weir_sink_lag_records", &sink_task)?;
        let commit = scraped("weir_task_offset_commit_last_timestamp_seconds", &sink_task)?;
        let up: Vec<f64> = ["consumer", "producer"]
            .into_iter()
            .map(|client| scraped("weir_kafka_connections", &[("client", client)]))
            .collect::<Result<_, String>>()?;
        let is_known = lag == 0.0 && commit > 1.7e9 && up.iter().all(|up| *up >= 1.0);
        if is_known { Ok(()) } else { Err(format!("lag {lag}, commit {commit}, up {up:?}")) }
    })?;

    kafka.stop()?;
    for name in ["source", "sink"] {
        wait_until_told(&rest, name)?;
        ensure!(scraped("weir_task_kafka_reachable", &[("connector", name)]).map_err(anyhow::Error::msg)? == 0.0);
    }
    ensure!(rest.get("/health")?.status == 200, "as in Kafka Connect");

    kafka.resume()?;
    std::fs::write(&input, "one\ntwo\n")?;
    wait_until_back(&rest, &output, "one\ntwo\n")?;
    let log = worker.log();
    let warnings = log.lines().filter(|line| line.contains("Kafka broker cannot be reached")).count();
    ensure!((1..=3).contains(&warnings), "{warnings} warnings in {log}");
    ensure!(log.contains("Kafka broker can be reached again"), "{log}");
    ensure!(!log.contains("POLLIN"), "{log}");
    worker.stop()
}

/// Its connections stay open, so only requests without an answer tell.
#[test]
fn a_broker_that_hangs_is_told_of_in_the_status_and_nothing_is_lost() -> Result<()> {
    let kafka = Kafka::start()?;
    let bootstrap = kafka.bootstrap();
    topics::create(&bootstrap, "hangs", 1)?;
    let mut worker =
        Worker::new(&bootstrap)?.set("producer.request.timeout.ms", "5000").set("consumer.request.timeout.ms", "5000");
    let (input, output) = (worker.data().join("input"), worker.data().join("output"));
    std::fs::write(&input, "one\n")?;
    worker.start()?;
    let rest = worker.rest();
    rest.create("source", &source(&input, "hangs"))?;
    rest.create("sink", &sink(&output, "hangs"))?;
    wait_until_back(&rest, &output, "one\n")?;

    kafka.freeze(true)?;
    std::fs::write(&input, "one\ntwo\n")?;
    for name in ["source", "sink"] {
        wait_until_told(&rest, name)?;
    }
    ensure!(rest.get("/health")?.status == 200, "as in Kafka Connect");
    kafka.freeze(false)?;
    wait_until_back(&rest, &output, "one\ntwo\n")?;
    worker.stop()
}

#[test]
fn a_listener_for_tls_is_named_as_what_it_is_and_other_clusters_offsets_are_noticed() -> Result<()> {
    let (kafka, guarded) = Kafka::start_guarded()?;
    let output = Worker::new(&guarded.ssl)?
        .set("default.api.timeout.ms", "4000")
        .set("request.timeout.ms", "2000")
        .start_in_vain()?;
    let words = ["it may expect TLS or SASL", "security.protocol=PLAINTEXT", "Check worker's broker connection"];
    for part in words {
        ensure!(output.contains(part), "{part} is not in {output}");
    }

    topics::create(&kafka.bootstrap(), "moved", 1)?;
    let mut worker = Worker::new(&kafka.bootstrap())?;
    let input = worker.data().join("input");
    std::fs::write(&input, "one\n")?;
    worker.connector("source", &source(&input, "moved"))?;
    let warned = |worker: &Worker| worker.log().matches("belong to another Kafka cluster").count();
    let stored = |worker: &Worker| {
        wait::until("an offset to be stored", WITHIN, || match std::fs::read_to_string(worker.offsets()) {
            Ok(text) if text.contains("position") => Ok(()),
            other => Err(format!("{other:?}")),
        })
    };
    worker.start()?;
    stored(&worker)?;
    worker.stop()?;
    worker.start()?;
    worker.stop()?;
    ensure!(warned(&worker) == 0, "{}", worker.log());
    // All nodes of these tests have the same id, so the file is made to have another.
    let text = std::fs::read_to_string(worker.offsets())?;
    let id = text.split("\"kafka_cluster_id\":\"").nth(1).and_then(|rest| rest.split('"').next()).context("an id")?;
    std::fs::write(worker.offsets(), text.replace(id, "another"))?;
    worker.start()?;
    worker.stop()?;
    ensure!(warned(&worker) == 1, "{}", worker.log());
    Ok(())
}
