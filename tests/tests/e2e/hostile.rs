//! Hostile guests, in every hook: each makes only its own task or connector fail, with a trace that names the call and the cause, while a
//! neighbour on the same worker receives its lines at the usual rate.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use weir_tests::rest::Rest;
use weir_tests::topics::Record;
use weir_tests::worker::Worker;
use weir_tests::{kafka, paths, topics};

use crate::neighbour::Neighbour;
use crate::support::with;

/// How many misbehave at the same time.
const AT_ONCE: usize = 6;

/// How long a case may take to fail.
const ENDED: Duration = Duration::from_secs(60);

/// How long it may take to remove a connector or to stop the worker: less than a minute, after which a call ends by itself.
const REMOVED: Duration = Duration::from_secs(40);

/// What the trace says: one of these, and where the guest did not choose the words itself, the name of the call.
fn expected(case: &Case) -> (&'static [&'static str], bool) {
    match case.deed {
        "spin" | "sleep" => (&["weir.call.timeout.ms"], true),
        "eat-memory" => (&["weir.task.memory.max"], true),
        // The stack of the guest's own memory, or that of the calls.
        "recurse" => (&["out of bounds memory access", "call stack exhausted"], true),
        "log-1gb" => (&["1 MiB", "1048576"], true),
        "trap" | "panic" => (&["wasm `unreachable` instruction executed"], true),
        "read-file" => (&["read-file denied"], false),
        "connect-host" => (&["connect-host denied"], false),
        "read-env" => (&["read-env denied"], false),
        "fatal" => (&["hostile refusal"], false),
        "record-failure" => (&["hostile record"], false),
        "lie-records-twice" => (&["a record that failed twice"], false),
        "lie-key" => (&["an error of a key that is not there"], false),
        // Bytes that are said to be JSON are read by the converter.
        "lie-json" => (&["the value is not JSON"], false),
        "lie-huge" => (&["weir.task.memory.max"], true),
        "lie-count" if case.hook == "connector.task-configs" => {
            (&["has generated 2 tasks, which is greater than 1, the maximum number of tasks"], false)
        }
        "lie-boundary" => (&["a transaction was ended, but transaction.boundary is not connector"], true),
        "lie-rewind" => (&["asked to rewind weir-tests-nowhere-7"], false),
        "lie-pause" => (&["asked to pause or resume weir-tests-nowhere-7"], false),
        "lie-rewind-negative" => (&["offset -9 in sink-context.rewind"], true),
        "lie-topic" | "lie-topic-dots" | "lie-topic-long" | "lie-topic-empty" => {
            (&["Kafka does not allow the name"], false)
        }
        _ => (&["the result violates the contract"], true),
    }
}

/// Deeds of guests that may import WASI, and of those that may not.
const WITH_WASI: &[&str] = &[
    "spin",
    "sleep",
    "eat-memory",
    "recurse",
    "trap",
    "panic",
    "log-1gb",
    "read-file",
    "connect-host",
    "read-env",
    "fatal",
];
const WITHOUT_WASI: &[&str] = &["spin", "eat-memory", "recurse", "trap", "panic", "log-1gb", "fatal"];

/// How a case ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Creation is refused with 400.
    Refused,
    /// The connector is FAILED.
    Connector,
    /// The task is FAILED, the connector is not.
    Task,
    /// Nothing fails; it is asked to end, and does in time.
    Deleted,
}

/// A hook, how misbehaving in it ends, and the lies it can tell.
const HOOKS: &[(&str, End, &[&str], &[&str])] = &[
    (
        "validation.validate",
        End::Refused,
        &[
            "spin",
            "sleep",
            "eat-memory",
            "recurse",
            "trap",
            "panic",
            "log-1gb",
            "read-file",
            "connect-host",
            "read-env",
        ],
        &["lie-key"],
    ),
    (
        "capabilities.required",
        End::Refused,
        &[
            "spin",
            "sleep",
            "eat-memory",
            "recurse",
            "trap",
            "panic",
            "log-1gb",
            "read-file",
            "connect-host",
            "read-env",
        ],
        &[],
    ),
    // Only Kafka knows how many partitions there are, and there may be more later: the task waits, as in Kafka Connect.
    ("source.poll", End::Deleted, &[], &["lie-partition-unknown"]),
    ("connector.start", End::Connector, WITH_WASI, &[]),
    ("connector.task-configs", End::Connector, WITH_WASI, &["lie-count"]),
    ("connector-check.check", End::Connector, &["spin", "sleep", "eat-memory", "trap", "log-1gb"], &[]),
    ("connector.stop", End::Deleted, &["spin", "sleep", "eat-memory", "trap", "log-1gb"], &[]),
    ("source.start", End::Task, WITH_WASI, &[]),
    (
        "source.poll",
        End::Task,
        WITH_WASI,
        &[
            "lie-count",
            "lie-count-huge",
            "lie-lengths",
            "lie-lengths-negative",
            "lie-lengths-huge",
            "lie-lengths-short",
            "lie-nulls",
            "lie-utf8",
            "lie-json",
            "lie-formats",
            "lie-schema-index",
            "lie-schema-cycle",
            "lie-schema-empty",
            "lie-schema-huge",
            "lie-topic",
            "lie-topic-dots",
            "lie-topic-long",
            "lie-topic-empty",
            "lie-topic-none",
            "lie-topic-unused",
            "lie-topic-index",
            "lie-partition",
            "lie-timestamp",
            "lie-headers",
            "lie-headers-huge",
            "lie-source-partition",
            "lie-source-partition-array",
            "lie-source-partition-nested",
            "lie-source-partition-index",
            "lie-source-partition-unused",
            "lie-source-offset",
            "lie-source-offset-huge",
            "lie-source-offset-short",
            "lie-boundary",
            "lie-budget",
            "lie-huge",
        ],
    ),
    ("source-acknowledgements.settled", End::Task, &["spin", "sleep", "eat-memory", "trap", "log-1gb"], &[]),
    ("source-acknowledgements.committed", End::Task, &["spin", "sleep", "eat-memory", "trap", "log-1gb"], &[]),
    ("source.stop", End::Deleted, &["spin", "sleep", "eat-memory", "trap", "log-1gb"], &[]),
    ("sink.start", End::Task, WITH_WASI, &[]),
    ("sink-partitions.assigned", End::Task, WITH_WASI, &[]),
    (
        "sink.put",
        End::Task,
        WITH_WASI,
        &["lie-records", "lie-records-twice", "lie-rewind", "lie-rewind-negative", "lie-pause", "record-failure"],
    ),
    (
        "sink-commit.pre-commit",
        End::Task,
        &["spin", "sleep", "eat-memory", "trap", "log-1gb"],
        &["lie-offsets", "lie-offsets-negative", "lie-partition", "lie-partition-twice"],
    ),
    ("sink-partitions.revoked", End::Deleted, &["spin", "sleep", "eat-memory", "trap", "log-1gb"], &[]),
    ("sink.stop", End::Deleted, &["spin", "sleep", "eat-memory", "trap", "log-1gb"], &[]),
    ("transform.configure", End::Task, WITHOUT_WASI, &[]),
    (
        "transform.apply",
        End::Task,
        WITHOUT_WASI,
        &[
            "lie-origins",
            "lie-origins-order",
            "lie-origins-million",
            "lie-lengths",
            "lie-lengths-negative",
            "lie-lengths-short",
            "lie-formats",
            "lie-topic",
            "lie-topic-index",
            "lie-topic-unused",
            "lie-partitions",
            "lie-timestamps",
            "lie-headers",
            "lie-failures",
            "lie-failures-step",
            "lie-failures-kept",
            "lie-failures-million",
            "record-failure",
        ],
    ),
    ("predicate.configure", End::Task, WITHOUT_WASI, &[]),
    ("predicate.test", End::Task, WITHOUT_WASI, &["lie-count", "lie-none"]),
];

/// What the cases have in common.
pub(crate) struct Places {
    /// The topic of the sources.
    pub(crate) output: String,
    /// The topic of the sinks.
    pub(crate) input: String,
    /// `host:port` that would answer.
    pub(crate) host: String,
}

/// One connector that misbehaves.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) hook: &'static str,
    pub(crate) deed: &'static str,
    pub(crate) end: End,
}

impl Case {
    fn config(&self, at: &Places) -> Value {
        let plan = [("hook", self.hook), ("does", self.deed), ("reads", "/etc/passwd"), ("connects", &*at.host)];
        // One good call, so that the worker has records in flight; `start` and the like are called only once.
        let after = [("after", "1")];
        // Short for what only the timeout ends. On a busy machine anything else may take longer than that.
        let timeout = if matches!(self.deed, "spin" | "sleep") { "1000" } else { "30000" };
        let limits = [("weir.call.timeout.ms", timeout), ("weir.task.memory.max", "33554432"), ("topic", &*at.output)];
        let base = match self.hook.split_once('.').map_or("", |(interface, _)| interface) {
            interface if interface.starts_with("sink") => {
                json!({"connector.class": "weir.tests.HostileSink", "topics": at.input})
            }
            _ => json!({"connector.class": "weir.tests.HostileSource"}),
        };
        let base = with(&base, &limits);
        let prefixed = |prefix: &str| {
            let mut base = base.clone();
            for (key, value) in plan {
                base[format!("{prefix}{key}")] = value.into();
            }
            base
        };
        match self.hook {
            hook if hook.starts_with("transform.") => with(
                &prefixed("transforms.t."),
                &[("transforms", "t"), ("transforms.t.type", "weir.tests.HostileTransform")],
            ),
            // A transform of another component, so that the predicate's own interface is called.
            hook if hook.starts_with("predicate.") => with(
                &prefixed("predicates.p."),
                &[
                    ("transforms", "t"),
                    ("transforms.t.type", "org.apache.kafka.connect.transforms.Filter"),
                    ("transforms.t.predicate", "p"),
                    ("predicates", "p"),
                    ("predicates.p.type", "weir.tests.HostilePredicate"),
                ],
            ),
            "source.poll" => with(&with(&base, &plan), &after),
            _ => with(&base, &plan),
        }
    }
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (hook, end, deeds, lies) in HOOKS {
        for deed in deeds.iter().chain(*lies) {
            cases.push(Case { name: format!("{hook}-{deed}"), hook, deed, end: *end });
        }
    }
    cases
}

#[test]
fn a_hostile_guest_harms_nobody_but_itself() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let (output, input) = (topics::unique("hostile"), topics::unique("hostile-input"));
    topics::create_all(bootstrap, &[&output, &input], 1)?;
    let rows: Vec<Record> =
        (0..20).map(|row| Record { value: Some(format!("row {row}").into_bytes()), ..Record::default() }).collect();
    topics::produce(bootstrap, &input, &rows)?;
    // Something that would answer, so that `denied` is the sandbox's doing.
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let at = Places { output, input, host: listener.local_addr()?.to_string() };
    let mut worker = Worker::new(bootstrap)?
        .with_plugins(&paths::test_plugins())
        .set("offset.flush.interval.ms", "300")
        .set("task.shutdown.graceful.timeout.ms", "1000");
    worker.start()?;
    let rest = worker.rest();
    let mut neighbour = Neighbour::start(&worker, bootstrap, "neighbour")?;

    let mut failures = Vec::new();
    let cases = cases();
    let filter = std::env::var("WEIR_TEST_HOSTILE").unwrap_or_default();
    let cases: Vec<&Case> = cases.iter().filter(|case| case.name.contains(&filter)).collect();
    for group in cases.chunks(AT_ONCE) {
        let names: Vec<&str> = group.iter().map(|case| case.name.as_str()).collect();
        // Together, and each in its own thread, because a creation may take as long as a call may.
        let results: Vec<Result<String>> = std::thread::scope(|scope| {
            let threads: Vec<_> = group.iter().map(|case| scope.spawn(|| run(&rest, case, &at, &[]))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| bail!("panicked"))).collect()
        });
        for (case, result) in group.iter().zip(results) {
            match result {
                Ok(trace) => println!("{} {:?}: {}", case.name, case.end, trace.lines().next().unwrap_or_default()),
                Err(error) => failures.push(format!("{}: {error:#}", case.name)),
            }
        }
        if let Err(error) = neighbour.watch(&names.join(", ")) {
            failures.push(format!("{error:#}"));
        }
        worker.check_runs().map_err(anyhow::Error::msg)?;
    }
    neighbour.finish()?;
    worker.stop()?;
    ensure!(failures.is_empty(), "{} of {} cases:\n{}", failures.len(), cases.len(), failures.join("\n"));
    Ok(())
}

/// Runs one case to its end, with more settings, and gives the trace.
pub(crate) fn run(rest: &Rest, case: &Case, at: &Places, more: &[(&str, &str)]) -> Result<String> {
    let config = with(&case.config(at), more);
    let answer = rest.post("/connectors", &json!({"name": case.name, "config": config}))?;
    let created = answer.status == 201;
    let trace = match case.end {
        End::Refused => {
            let message = answer.expect(400)?.message().to_owned();
            rest.get(&format!("/connectors/{}", case.name))?.expect(404).context("it was refused and is there")?;
            message
        }
        // Kafka Connect's standalone worker answers 500 when a connector does not start, and keeps it.
        End::Connector if created || answer.status == 500 => {
            rest.wait_failed(&case.name, ENDED)?;
            let status = rest.status(&case.name)?;
            ensure!(status["connector"]["state"] == "FAILED", "not the connector failed: {status}");
            status["connector"]["trace"].as_str().unwrap_or_default().to_owned()
        }
        End::Task if created => {
            rest.wait_failed(&case.name, ENDED)?;
            let status = rest.status(&case.name)?;
            ensure!(status["connector"]["state"] == "RUNNING", "not only the task failed: {status}");
            status["tasks"][0]["trace"].as_str().unwrap_or_default().to_owned()
        }
        End::Deleted if created => {
            rest.wait_running(&case.name, 1)?;
            if case.deed == "lie-partition-unknown" {
                weir_tests::wait::holds("waiting for the partition", Duration::from_millis(500), || {
                    rest.wait_running(&case.name, 1).map_err(|error| format!("{error:#}"))
                })?;
            } else {
                wait_for_records(rest, &case.name)?;
            }
            String::new()
        }
        _ => bail!("creation was answered with {} {}", answer.status, answer.body),
    };
    if case.end != End::Refused {
        let start = Instant::now();
        rest.remove(&case.name)?;
        ensure!(start.elapsed() < REMOVED, "removing it took {:?}", start.elapsed());
    }
    if case.end != End::Deleted {
        let (causes, names_call) = expected(case);
        ensure!(causes.iter().any(|part| trace.contains(part)), "none of {causes:?} in: {trace}");
        let call = format!("in {}:", case.hook);
        ensure!(!names_call || trace.contains(&call), "{call:?} is not in: {trace}");
        ensure!(!trace.contains("escaped"), "{trace}");
        ensure!(!trace.contains("no such deed"), "the plugin does not know it: {trace}");
    }
    Ok(trace)
}

#[test]
fn a_connector_has_more_tasks_than_tasks_max_only_if_that_is_not_enforced() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique("too-many-tasks");
    topics::create(bootstrap, topic, 1)?;
    let mut worker = Worker::new(bootstrap)?.with_plugins(&paths::test_plugins());
    worker.start()?;
    let rest = worker.rest();
    let plan =
        [("hook", "connector.task-configs"), ("does", "lie-count"), ("topic", topic.as_str()), ("tasks.max", "2")];
    let config = with(&json!({"connector.class": "weir.tests.HostileSource"}), &plan);
    let answer = rest.post("/connectors", &json!({"name": "many", "config": config}))?;
    let message = answer.expect(500)?.message().to_owned();
    // Kafka Connect's words (KIP-1004).
    let part = "The connector many has generated 3 tasks, which is greater than 2, the maximum number of tasks it is configured to create.";
    ensure!(message.contains(part), "{message}");
    rest.put("/connectors/many/config", &with(&config, &[("tasks.max.enforce", "false")]))?.expect(200)?;
    rest.wait_running("many", 3)?;
    let log = worker.log();
    ensure!(log.contains("the connector has more tasks than tasks.max"), "{log}");
    worker.stop()
}

/// Waits until a record of the connector has been acknowledged or given to its task, so that there is something to close.
fn wait_for_records(rest: &Rest, name: &str) -> Result<()> {
    weir_tests::wait::until(&format!("records of {name}"), ENDED, || {
        let answer = rest.get(&format!("/connectors/{name}/topics")).map_err(|error| format!("{error:#}"))?;
        match answer.body[name]["topics"].as_array() {
            Some(topics) if !topics.is_empty() => Ok(()),
            _ => Err(answer.body.to_string()),
        }
    })
}

#[test]
fn a_guest_that_ignores_stop_is_ended_after_the_graceful_timeout() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique("stubborn");
    topics::create(bootstrap, topic, 1)?;
    let mut worker =
        Worker::new(bootstrap)?.with_plugins(&paths::test_plugins()).set("task.shutdown.graceful.timeout.ms", "2000");
    worker.start()?;
    let rest = worker.rest();
    let base = json!({"connector.class": "weir.tests.HostileSource", "topic": topic});
    let begun = |worker: &Worker, name: &str| {
        let part = format!("connector={name} ");
        let log = worker.log();
        log.lines().any(|line| line.contains("hostile, beginning to") && line.contains(&part))
    };
    // In `stop` itself, and in a `poll` that does not come back to hear of it. The call limit is a minute.
    for (name, hook, deed) in [
        ("stop-spins", "source.stop", "spin"),
        ("stop-sleeps", "source.stop", "sleep"),
        ("poll-spins", "source.poll", "spin"),
        ("poll-sleeps", "source.poll", "sleep"),
    ] {
        rest.create(name, &with(&base, &[("hook", hook), ("does", deed)]))?;
        rest.wait_running(name, 1)?;
        if hook == "source.poll" {
            weir_tests::wait::until("the poll to hang", Duration::from_secs(20), || {
                if begun(&worker, name) { Ok(()) } else { Err("it does not yet".into()) }
            })?;
        }
        let start = Instant::now();
        rest.remove(name)?;
        let took = start.elapsed();
        ensure!(begun(&worker, name), "{name} did not misbehave");
        ensure!(took >= Duration::from_millis(1500), "{name} was given only {took:?} of 2 s");
        ensure!(took < REMOVED, "{name} was ended after {took:?}, where 2 s are given");
    }
    // A whole worker that is asked to stop ends, too.
    rest.create("stop-spins", &with(&base, &[("hook", "source.stop"), ("does", "spin")]))?;
    rest.wait_running("stop-spins", 1)?;
    let start = Instant::now();
    worker.stop()?;
    ensure!(start.elapsed() < REMOVED, "the worker took {:?} to end", start.elapsed());
    Ok(())
}
