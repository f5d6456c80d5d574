//! `GET /metrics` of a worker at work: its format, its values, and that its series come and go with what they are about.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use weir_tests::lines::{self, Counter};
use weir_tests::rest::Rest;
use weir_tests::scrape::Scrape;
use weir_tests::worker::Worker;
use weir_tests::{kafka, paths, topics, wait};

use crate::support::{sink, source, with};

/// Lines of the file that goes through.
const LINES: u64 = 3_000;

const WITHIN: Duration = Duration::from_secs(90);

/// Scrapes until a value is what it should be.
fn until(rest: &Rest, name: &str, labels: &[(&str, &str)], wanted: f64) -> Result<Scrape> {
    wait::until(&format!("{name} {labels:?} to be {wanted}"), WITHIN, || {
        let scrape = Scrape::of(rest).map_err(|error| format!("{error:#}"))?;
        match scrape.values(name, labels).as_slice() {
            [value] if *value == wanted => Ok(scrape),
            other => Err(format!("{other:?}")),
        }
    })
}

/// A worker with a connector of every kind: a source with a transform and a predicate, a sink, a sink that cannot read its records, a
/// source that traps.
struct Scene {
    worker: Worker,
    rest: Rest,
    source: String,
    sink: String,
    skipping: String,
    hostile: String,
}

impl Scene {
    fn set() -> Result<Scene> {
        let bootstrap = kafka::bootstrap()?;
        let topic = &topics::unique("metrics");
        let nowhere = &topics::unique("metrics-hostile");
        topics::create_all(bootstrap, &[topic, nowhere], 1)?;
        let mut worker = Worker::new(bootstrap)?
            .with_plugins(&paths::test_plugins())
            // A busy machine must not take so long that the largest values are forgotten.
            .set("metrics.sample.window.ms", "600000");
        worker.start()?;
        let rest = worker.rest();
        // A name that would be two labels and a sample of its own if it were written as it is.
        let source_name = format!("{topic} \"}},x=\"\\");
        let (input, output) = (worker.data().join("input"), worker.data().join("output"));
        fs::write(&input, (0..LINES).map(lines::line).collect::<String>())?;
        let routed = [
            ("transforms", "route"),
            ("transforms.route.type", "org.apache.kafka.connect.transforms.RegexRouter"),
            ("transforms.route.regex", "no-such-topic"),
            ("transforms.route.replacement", "x"),
            ("transforms.route.predicate", "mine"),
            ("predicates", "mine"),
            ("predicates.mine.type", "org.apache.kafka.connect.transforms.predicates.TopicNameMatches"),
            ("predicates.mine.pattern", ".*"),
        ];
        rest.create(&source_name, &with(&source(&input, topic), &routed))?;
        let sink_name = format!("{topic}-sink");
        rest.create(&sink_name, &sink(&output, topic))?;
        let skipping = format!("{topic}-skipping");
        let lenient = [
            ("value.converter", "org.apache.kafka.connect.json.JsonConverter"),
            ("value.converter.schemas.enable", "false"),
            ("errors.tolerance", "all"),
        ];
        rest.create(&skipping, &with(&sink(&worker.data().join("skipped"), topic), &lenient))?;
        let hostile = format!("{topic}-hostile");
        let plan = json!({"connector.class": "weir.tests.HostileSource", "tasks.max": "1", "topic": nowhere,
            "hook": "source.poll", "does": "trap", "after": "3"});
        rest.create(&hostile, &plan)?;
        rest.wait_failed(&hostile, WITHIN)?;
        let mut counter = Counter::new(&output);
        wait::until("all lines to arrive", WITHIN, || {
            worker.check_runs()?;
            match counter.count().map_err(|error| error.to_string())? {
                LINES => Ok(()),
                count => Err(format!("{count} lines")),
            }
        })?;
        Ok(Scene { worker, rest, source: source_name, sink: sink_name, skipping, hostile })
    }
}

#[test]
fn what_prometheus_reads_is_what_happened() -> Result<()> {
    let mut scene = Scene::set()?;
    let Scene { rest, source, sink, skipping, hostile, .. } = &scene;
    let lines = LINES as f64;
    // After all records are read, acknowledged and committed, nothing changes any more.
    let (read, active) =
        ("kafka_connect_sink_task_sink_record_read_total", "kafka_connect_sink_task_sink_record_active_count");
    for connector in [skipping, sink] {
        until(rest, read, &[("connector", connector)], lines)?;
        until(rest, active, &[("connector", connector)], 0.0)?;
    }
    let of_source = [("connector", source.as_str())];
    until(rest, "kafka_connect_source_task_source_record_active_count", &of_source, 0.0)?;
    let scrape = until(rest, "kafka_connect_connector_task_offset_commit_success_percentage", &of_source, 1.0)?;

    check_source(&scrape, source, lines)?;
    check_sink(&scrape, sink, lines)?;
    let of = [("connector", skipping.as_str()), ("task", "0")];
    ensure!(scrape.value("kafka_connect_sink_task_sink_record_read_total", &of)? == lines);
    ensure!(scrape.value("kafka_connect_sink_task_sink_record_send_total", &of)? == 0.0, "no row is JSON");
    ensure!(scrape.value("kafka_connect_task_error_total_record_failures", &of)? == lines);
    ensure!(scrape.value("kafka_connect_task_error_total_records_skipped", &of)? == lines);
    ensure!(scrape.value("kafka_connect_task_error_total_record_errors", &of)? == lines, "tolerated ones count too");
    ensure!(scrape.value("kafka_connect_task_error_last_error_timestamp", &of)? > 1.7e12, "a time of today");
    check_hostile(&scrape, hostile)?;
    check_worker(&scrape, rest)?;
    check_families(&scrape)?;
    check_dashboard(&scrape)?;

    // What is gone is not shown; the others still are.
    rest.remove(hostile)?;
    let scrape = Scrape::of(rest)?;
    ensure!(scrape.series_with("connector", hostile) == 0, "a deleted connector has series");
    ensure!(scrape.series_with("connector", sink) > 20);
    ensure!(scrape.value("kafka_connect_worker_connector_count", &[])? == 3.0);
    scene.worker.stop()
}

fn check_source(scrape: &Scrape, source: &str, lines: f64) -> Result<()> {
    let of = [("connector", source), ("task", "0")];
    for name in ["poll", "write"] {
        let name = format!("kafka_connect_source_task_source_record_{name}_total");
        ensure!(scrape.value(&name, &of)? == lines, "{name} is {:?}", scrape.values(&name, &of));
    }
    ensure!(scrape.value("kafka_connect_source_task_source_record_active_count", &of)? == 0.0);
    let most = scrape.value("kafka_connect_source_task_source_record_active_count_max", &of)?;
    ensure!(most > 0.0 && most <= lines, "{most} rows on their way");
    let largest = scrape.value("kafka_connect_connector_task_batch_size_max", &of)?;
    ensure!(largest > 0.0 && largest <= 2_000.0, "a batch of {largest} rows, where a poll may bring 2,000");
    ensure!(scrape.value("kafka_connect_source_task_poll_batch_max_time_ms", &of)? > 0.0);
    ensure!(scrape.value("kafka_connect_connector_task_offset_commit_success_percentage", &of)? == 1.0);
    ensure!(scrape.labels("kafka_connect_connector_status", &of, "status") == ["running"]);
    ensure!(scrape.value("kafka_connect_connector_task_running_ratio", &of)? > 0.0);
    // Classes and versions.
    let info = |name: &str, label: &str| scrape.labels(name, &of, label).join(",");
    let class = info("kafka_connect_connector_task_info", "connector_class");
    ensure!(class == "org.apache.kafka.connect.file.FileStreamSourceConnector", "{class}");
    ensure!(info("kafka_connect_connector_task_info", "connector_type") == "source");
    let converter = info("kafka_connect_connector_task_info", "value_converter_class");
    ensure!(converter == "org.apache.kafka.connect.storage.StringConverter", "{converter}");
    ensure!(info("kafka_connect_connector_transform_info", "transform") == "route");
    let class = info("kafka_connect_connector_predicate_info", "predicate_class");
    ensure!(class == "org.apache.kafka.connect.transforms.predicates.TopicNameMatches", "{class}");
    // Its sandboxes.
    let places = scrape.labels("weir_guest_memory_bytes", &of, "sandbox");
    ensure!(places == ["task", "transforms.route"] || places == ["transforms.route", "task"], "{places:?}");
    let task = [("connector", source), ("sandbox", "task")];
    let (now, peak) =
        (scrape.value("weir_guest_memory_bytes", &task)?, scrape.value("weir_guest_memory_peak_bytes", &task)?);
    let limit = scrape.value("weir_guest_memory_limit_bytes", &task)?;
    ensure!(now > 0.0 && now <= peak && peak <= limit && limit == 268_435_456.0, "{now} {peak} {limit}");
    ensure!(scrape.value("weir_guest_cpu_seconds_total", &task)? > 0.0);
    ensure!(scrape.values("weir_guest_traps_total", &task).iter().sum::<f64>() == 0.0);
    let polls = [("connector", source), ("function", "source.poll")];
    ensure!(scrape.value("weir_guest_calls_total", &polls)? >= 2.0, "3,000 rows take two polls at the least");
    ensure!(scrape.value("weir_guest_call_seconds_total", &polls)? > 0.0);
    // It reads a file.
    ensure!(scrape.value("weir_guest_host_calls_total", &[task[0], task[1], ("interface", "wasi")])? > 0.0);
    // It does not divide its work, so that the connector has no instance of its own.
    ensure!(scrape.value("weir_guest_calls_total", &[("connector", source), ("function", "connector.start")]).is_err());
    Ok(())
}

fn check_sink(scrape: &Scrape, sink: &str, lines: f64) -> Result<()> {
    let of = [("connector", sink), ("task", "0")];
    ensure!(scrape.value("kafka_connect_sink_task_sink_record_read_total", &of)? == lines);
    ensure!(scrape.value("kafka_connect_sink_task_sink_record_send_total", &of)? == lines);
    ensure!(scrape.value("kafka_connect_sink_task_partition_count", &of)? == 1.0);
    ensure!(scrape.value("kafka_connect_sink_task_put_batch_max_time_ms", &of)? > 0.0);
    let begun = scrape.value("kafka_connect_sink_task_offset_commit_seq_no", &of)?;
    let ended = scrape.value("kafka_connect_sink_task_offset_commit_completion_total", &of)?;
    ensure!(begun >= 1.0 && ended >= 1.0 && ended <= begun, "{ended} of {begun} commits");
    ensure!(scrape.value("kafka_connect_task_error_total_record_failures", &of)? == 0.0);
    ensure!(scrape.values("kafka_connect_source_task_source_record_poll_total", &of).is_empty(), "it is no source");
    let counted: Vec<_> = scrape.values("weir_guest_calls_total", &[of[0], ("function", "sink.put")]);
    ensure!(counted.len() == 1 && counted[0] >= 1.0, "{counted:?}");
    Ok(())
}

fn check_hostile(scrape: &Scrape, hostile: &str) -> Result<()> {
    let of = [("connector", hostile), ("task", "0")];
    ensure!(scrape.labels("kafka_connect_connector_status", &of, "status") == ["failed"]);
    ensure!(scrape.labels("kafka_connect_connector_state", &[of[0]], "status") == ["running"]);
    ensure!(scrape.value("weir_guest_traps_total", &[of[0], of[1], ("kind", "unreachable")])? == 1.0);
    ensure!(scrape.value("weir_guest_traps_total", &[of[0], of[1], ("kind", "timeout")])? == 0.0);
    ensure!(scrape.value("weir_instances_traps_total", &[("kind", "unreachable")])? == 1.0);
    // The instance is dropped with its task; what it had is still told.
    ensure!(scrape.value("weir_guest_memory_bytes", &of)? == 0.0);
    ensure!(scrape.value("weir_guest_memory_peak_bytes", &of)? > 0.0);
    ensure!(scrape.value("weir_guest_calls_total", &[of[0], ("function", "source.poll")])? == 4.0);
    ensure!(scrape.value("kafka_connect_worker_connector_failed_task_count", &[of[0]])? == 1.0);
    ensure!(scrape.value("kafka_connect_worker_connector_running_task_count", &[of[0]])? == 0.0);
    let started = scrape.value("weir_guest_calls_total", &[("connector", hostile), ("function", "connector.start")])?;
    ensure!(started == 1.0, "the connector's own instance is counted, too");
    Ok(())
}

fn check_worker(scrape: &Scrape, rest: &Rest) -> Result<()> {
    let value = |name: &str| scrape.value(name, &[]);
    ensure!(value("kafka_connect_worker_connector_count")? == 4.0);
    ensure!(value("kafka_connect_worker_task_count")? == 4.0);
    ensure!(value("kafka_connect_worker_connector_startup_attempts_total")? == 4.0);
    ensure!(value("kafka_connect_worker_connector_startup_success_percentage")? == 1.0);
    ensure!(value("kafka_connect_worker_task_startup_success_total")? == 4.0, "the hostile one ran before it died");
    ensure!(value("kafka_connect_worker_task_startup_failure_total")? == 0.0);
    ensure!(value("weir_components")? >= 2.0 && value("weir_producers")? >= 1.0);
    // Three tasks, the transforms of one, and the hostile connector's own, which looks for changes.
    ensure!(value("weir_instances")? == 5.0, "{} instances", value("weir_instances")?);
    ensure!(value("process_resident_memory_bytes")? > 1e6 && value("process_cpu_seconds_total")? > 0.0);
    ensure!(value("process_open_fds")? > 3.0);
    let version = rest.get("/")?.expect(200)?.body["version"].clone();
    let shown = scrape.labels("kafka_connect_version_info", &[], "version");
    ensure!(version == shown.join(","), "{version} and {shown:?}");
    let commits = scrape.labels("weir_build_info", &[("version", env!("CARGO_PKG_VERSION"))], "commit");
    ensure!(commits.len() == 1, "{commits:?}");
    Ok(())
}

/// What the parser does not ask for: a help text for each, and `_total` only on counters.
fn check_families(scrape: &Scrape) -> Result<()> {
    for name in scrape.names() {
        let (kind, help) = scrape.family(name).context("a family")?;
        ensure!(!help.is_empty(), "{name} has no help");
        let counter = format!("{kind}") == "counter";
        ensure!(counter || !name.ends_with("_total"), "{name} is a {kind}");
    }
    Ok(())
}

/// Every metric that the dashboard asks for is there.
fn check_dashboard(scrape: &Scrape) -> Result<()> {
    let text = include_str!("../../../docs/grafana-weir.json");
    let dashboard: Value = serde_json::from_str(text).context("the dashboard")?;
    let mut asked = 0;
    for panel in dashboard["panels"].as_array().context("panels")? {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let expr = target["expr"].as_str().context("a query")?;
            ensure!(target["datasource"]["uid"] == "${datasource}", "{expr} does not use the variable");
            let metrics = metrics_in(expr);
            ensure!(!metrics.is_empty(), "{expr} asks for nothing of ours");
            for name in metrics {
                asked += 1;
                ensure!(scrape.family(name).is_some(), "{name} of {expr} is not in the scrape");
            }
        }
    }
    ensure!(asked > 40, "only {asked} metrics are asked for");
    let variables = dashboard["templating"]["list"].as_array().context("variables")?;
    for (variable, metric) in [
        ("cluster", "kafka_connect_worker_connector_count"),
        ("instance", "kafka_connect_worker_connector_count"),
        ("connector", "kafka_connect_connector_state"),
    ] {
        let query = variables.iter().find(|it| it["name"] == variable).map(|it| &it["definition"]);
        let query = query.and_then(Value::as_str).with_context(|| format!("the variable {variable}"))?;
        ensure!(query.starts_with("label_values(") && query.ends_with(&format!(", {variable})")), "{query}");
        ensure!(metrics_in(query) == [metric] && scrape.family(metric).is_some(), "{query}");
    }
    Ok(())
}

/// The names in a query that can only be those of metrics: functions and labels begin otherwise.
fn metrics_in(expr: &str) -> Vec<&str> {
    let words = expr.split(|char: char| !char.is_ascii_alphanumeric() && char != '_');
    words.filter(|word| ["kafka_", "weir_", "process_"].iter().any(|start| word.starts_with(start))).collect()
}
