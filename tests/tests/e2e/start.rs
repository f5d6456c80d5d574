//! How a worker starts: connectors from files of every form, what it says about its configuration, its log, and `weir dev`.

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use weir_tests::lines::{self, Counter};
use weir_tests::process::Process;
use weir_tests::rest::Rest;
use weir_tests::worker::Worker;
use weir_tests::{kafka, paths, topics, wait};

use crate::support::{sink, source, with};

#[test]
fn connectors_come_from_properties_and_from_both_forms_of_json() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let mut worker = Worker::new(bootstrap)?;
    let mut topics_made = Vec::new();
    for form in ["properties", "map", "body"] {
        let (input, topic) = (worker.data().join(form), topics::unique(form));
        fs::write(&input, "one line\n")?;
        topics::create(bootstrap, &topic, 1)?;
        let config = source(&input, &topic);
        let text = match form {
            "properties" => {
                let entries = config.as_object().context("an object")?.iter();
                let lines: Vec<String> =
                    entries.map(|(key, value)| format!("{key} = {}", value.as_str().unwrap_or_default())).collect();
                format!("# a comment\nname=properties\n{}\n", lines.join("\n"))
            }
            "map" => with(&config, &[("name", "map")]).to_string(),
            _ => serde_json::json!({"name": "body", "config": config}).to_string(),
        };
        worker.connector_file(&format!("{form}.file"), &text)?;
        topics_made.push(topic);
    }
    worker.start()?;
    for topic in topics_made {
        wait::until(&format!("the line in {topic}"), Duration::from_secs(30), || {
            worker.check_runs()?;
            match topics::count(bootstrap, &topic) {
                Ok(1) => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })?;
    }
    worker.stop()
}

#[test]
fn a_configuration_that_cannot_be_used_is_said_at_start() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    for (key, value, parts) in [
        ("value.converter", "NoSuchConverter", &["value.converter", "NoSuchConverter"][..]),
        ("offset.flush.interval.ms", "soon", &["offset.flush.interval.ms", "soon"]),
        ("listeners", "ftp://nowhere", &["listeners", "ftp://nowhere"]),
        ("weir.allow.connect", "no port", &["weir.allow.connect", "no port"]),
        ("rest.extension.classes", "x.Security", &["rest.extension.classes"]),
    ] {
        let output = Worker::new(bootstrap)?.set(key, value).start_in_vain()?;
        for part in parts {
            ensure!(output.contains(part), "{key}={value}: {part:?} is not in {output}");
        }
    }
    // What has no effect does not keep a worker from starting, and is not swallowed either.
    let mut worker = Worker::new(bootstrap)?.set("no.such.key", "1").set("group.id", "cluster");
    worker.start()?;
    // Logged before the REST API answers.
    worker.wait_for_log("the REST API answers")?;
    let log = worker.log();
    for key in ["no.such.key", "group.id"] {
        ensure!(log.lines().any(|line| line.contains("WARN") && line.contains(key)), "{key} is not in {log}");
    }
    worker.stop()
}

#[test]
fn a_connector_of_the_command_line_that_cannot_be_created_ends_the_worker() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let mut worker = Worker::new(bootstrap)?;
    worker.connector_file("broken.json", r#"{"name":"broken","config":{"connector.class":"NoSuch"}}"#)?;
    let output = worker.start_in_vain()?;
    ensure!(output.contains("broken.json") && output.contains("NoSuch"), "{output}");
    Ok(())
}

#[test]
fn each_line_of_a_json_log_is_an_object_with_its_connector_and_task() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique("logged");
    topics::create(bootstrap, topic, 1)?;
    let mut worker = Worker::new(bootstrap)?.set("weir.log.format", "json").with_plugins(&paths::test_plugins());
    worker.start()?;
    let rest = worker.rest();
    let hostile = serde_json::json!({"connector.class": "weir.tests.HostileSource", "topic": topic, "hook": "source.start",
        "does": "trap"});
    rest.create("logged", &hostile)?;
    rest.wait_failed("logged", Duration::from_secs(20))?;
    worker.stop()?;
    let log = worker.log();
    let mut of_the_guest = 0;
    // The line that says where the REST API is, too.
    for line in log.lines() {
        let entry: Value = serde_json::from_str(line).with_context(|| format!("no JSON: {line}"))?;
        ensure!(entry["level"].is_string() && entry["timestamp"].is_string(), "{line}");
        ensure!(line.matches("\"target\":").count() == 1, "a name twice: {line}");
        if line.contains("hostile, beginning to") {
            of_the_guest += 1;
            let fields = entry.to_string();
            ensure!(fields.contains(r#""connector":"logged""#) && fields.contains(r#""task":0"#), "{line}");
        }
    }
    ensure!(of_the_guest == 1, "{of_the_guest} lines of the guest in {log}");
    Ok(())
}

#[test]
fn the_dev_worker_runs_uploaded_components_without_any_kafka() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let home = dir.path().canonicalize()?;
    let port = paths::free_port()?;
    let mut command = Command::new(paths::weir()?);
    command.args(["dev", "--listen", &format!("127.0.0.1:{port}"), "--dir"]).arg(&home);
    let mut process = Process::start("weir dev", &mut command, &dir.path().join("log.txt"))?;
    let rest = Rest::new(port);
    wait::until("weir dev to be healthy", Duration::from_secs(60), || {
        process.check_runs()?;
        match rest.get("/health") {
            Ok(answer) if answer.status == 200 => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })?;
    for name in ["file", "transforms"] {
        let answer = rest.upload(&fs::read(paths::plugin(name)?)?)?;
        ensure!(matches!(answer.status, 200 | 201), "{answer:?}");
    }
    let data = home.join("data");
    fs::create_dir_all(&data)?;
    let (input, output) = (data.join("input"), data.join("output"));
    fs::write(&input, (0..5000).map(lines::line).collect::<String>())?;
    let text = [("value.converter", "StringConverter"), ("key.converter", "StringConverter")];
    rest.create("dev-source", &with(&source(&input, "dev"), &text))?;
    rest.create("dev-sink", &with(&sink(&output, "dev"), &text))?;
    let mut counter = Counter::new(&output);
    wait::until("5000 lines through the broker inside", Duration::from_secs(60), || {
        process.check_runs()?;
        match counter.count() {
            Ok(count) if count >= 5000 => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })?;
    // The broker inside gives a new topic four partitions, so that only the lines of each are in order.
    let mut found: Vec<String> = fs::read_to_string(&output)?.lines().map(|line| format!("{line}\n")).collect();
    let mut expected: Vec<String> = (0..5000).map(lines::line).collect();
    found.sort();
    expected.sort();
    ensure!(found == expected, "other lines than those of the input: {} of them", found.len());
    let status = process.terminate(Duration::from_secs(20))?;
    ensure!(status.success(), "it ended with {status}");
    Ok(())
}
