//! The REST API as clients of Kafka Connect use it: a connector's life, and the answers to what cannot be done.

use std::fs::{self, File};
use std::io::Write;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use weir_tests::lines;
use weir_tests::worker::Worker;
use weir_tests::{kafka, topics, wait};

use crate::support::{source, with};

fn counted(bootstrap: &str, topic: &str, rows: u64) -> Result<()> {
    wait::until(&format!("{rows} rows in {topic}"), Duration::from_secs(30), || match topics::count(bootstrap, topic) {
        Ok(count) if count == rows => Ok(()),
        other => Err(format!("{other:?}")),
    })
}

#[test]
fn a_connectors_life_from_creation_to_deletion() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let (topic, other) = (&topics::unique("life"), &topics::unique("other-life"));
    topics::create_all(bootstrap, &[topic, other], 1)?;
    let mut worker = Worker::new(bootstrap)?;
    let input = worker.data().join("input");
    fs::write(&input, lines::line(0))?;
    worker.start()?;
    let rest = worker.rest();
    let append =
        |text: &str| -> Result<()> { Ok(File::options().append(true).open(&input)?.write_all(text.as_bytes())?) };

    // Created: 201, where it is, and what it is.
    ensure!(rest.get("/connectors")?.expect(200)?.body == json!([]), "connectors before the first one");
    let config = source(&input, topic);
    let created = rest.post("/connectors", &json!({"name": "life", "config": config}))?.expect(201)?;
    ensure!(created.location.as_deref().is_some_and(|url| url.ends_with("/connectors/life")), "{created:?}");
    ensure!(created.body["name"] == "life" && created.body["type"] == "source", "{}", created.body);
    ensure!(created.body["tasks"] == json!([{"connector": "life", "task": 0}]), "{}", created.body);
    let stored = with(&config, &[("name", "life")]);
    ensure!(created.body["config"] == stored, "{}", created.body);
    rest.post("/connectors", &json!({"name": "life", "config": config}))?.expect(409)?;
    rest.wait_running("life", 1)?;
    counted(bootstrap, topic, 1)?;

    // Asked about.
    ensure!(rest.get("/connectors")?.expect(200)?.body == json!(["life"]), "the list");
    ensure!(rest.get("/connectors/life")?.expect(200)?.body == created.body, "the connector");
    ensure!(rest.get("/connectors/life/config")?.expect(200)?.body == stored, "the configuration");
    let expanded = rest.get("/connectors?expand=status&expand=info")?.expect(200)?.body;
    ensure!(expanded["life"]["info"]["config"] == stored, "{expanded}");
    ensure!(expanded["life"]["status"]["connector"]["state"] == "RUNNING", "{expanded}");
    let tasks = rest.get("/connectors/life/tasks")?.expect(200)?.body;
    ensure!(tasks[0]["id"] == json!({"connector": "life", "task": 0}), "{tasks}");
    ensure!(tasks[0]["config"]["topic"] == **topic, "{tasks}");
    let status = rest.status("life")?;
    ensure!(status["type"] == "source" && status["connector"]["worker_id"].is_string(), "{status}");
    ensure!(status["tasks"][0]["id"] == 0, "{status}");
    let task = rest.get("/connectors/life/tasks/0/status")?.expect(200)?.body;
    ensure!(task == status["tasks"][0], "{task}");

    // Paused: nothing comes, resumed: it comes.
    rest.put("/connectors/life/pause", &Value::Null)?.expect(202)?;
    rest.wait_for("life", "PAUSED", 1, Duration::from_secs(10))?;
    append(&lines::line(1))?;
    nothing_comes(bootstrap, topic, 1)?;
    rest.put("/connectors/life/resume", &Value::Null)?.expect(202)?;
    counted(bootstrap, topic, 2)?;
    rest.wait_running("life", 1)?;

    // Stopped: no tasks; resumed: it goes on where it was.
    rest.put("/connectors/life/stop", &Value::Null)?.expect(204)?;
    let status = rest.wait_for("life", "STOPPED", 0, Duration::from_secs(10))?;
    ensure!(status["tasks"] == json!([]), "{status}");
    append(&lines::line(2))?;
    nothing_comes(bootstrap, topic, 2)?;
    rest.put("/connectors/life/resume", &Value::Null)?.expect(202)?;
    counted(bootstrap, topic, 3)?;
    rest.wait_running("life", 1)?;

    // Restarted: it and its task, once by name and once with parameters.
    rest.post("/connectors/life/restart", &Value::Null)?.expect(204)?;
    rest.wait_running("life", 1)?;
    rest.post("/connectors/life/tasks/0/restart", &Value::Null)?.expect(204)?;
    rest.wait_running("life", 1)?;
    let answer = rest.post("/connectors/life/restart?includeTasks=true&onlyFailed=false", &Value::Null)?.expect(202)?;
    ensure!(answer.body["tasks"][0]["state"] == "RESTARTING", "{}", answer.body);
    rest.wait_running("life", 1)?;
    append(&lines::line(3))?;
    counted(bootstrap, topic, 4)?;

    // Changed: the same place in the file, another topic.
    let changed = rest.put("/connectors/life/config", &source(&input, other))?.expect(200)?;
    ensure!(changed.body["config"]["topic"] == **other, "{}", changed.body);
    append(&lines::line(4))?;
    counted(bootstrap, other, 1)?;

    // Deleted, and created again under its name: the offsets stay.
    rest.delete("/connectors/life")?.expect(204)?;
    for path in ["/connectors/life", "/connectors/life/config", "/connectors/life/status", "/connectors/life/tasks"] {
        rest.get(path)?.expect(404)?;
    }
    ensure!(rest.get("/connectors")?.expect(200)?.body == json!([]), "the list after deletion");
    let again = rest.put("/connectors/life/config", &source(&input, other))?.expect(201)?;
    ensure!(again.location.is_some(), "{again:?}");
    append(&lines::line(5))?;
    counted(bootstrap, other, 2)?;
    ensure!(topics::count(bootstrap, topic)? == 4, "rows came twice");
    worker.stop()
}

fn nothing_comes(bootstrap: &str, topic: &str, rows: u64) -> Result<()> {
    wait::holds("the pause", Duration::from_secs(2), || match topics::count(bootstrap, topic) {
        Ok(count) if count == rows => Ok(()),
        other => Err(format!("{other:?} rows where {rows} are expected")),
    })
}

#[test]
fn what_cannot_be_done_is_answered_as_kafka_connect_does() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique("errors");
    topics::create(bootstrap, topic, 1)?;
    let mut worker = Worker::new(bootstrap)?;
    worker.start()?;
    let rest = worker.rest();

    for (path, message) in [
        ("/connectors/none", "Connector none not found"),
        ("/connectors/none/config", "Connector none not found"),
        ("/connectors/none/tasks", "Connector none not found"),
        ("/connectors/none/status", "No status found for connector none"),
        ("/connectors/none/tasks/0/status", "No status found for task none-0"),
    ] {
        let answer = rest.get(path)?.expect(404)?;
        ensure!(answer.body == json!({"error_code": 404, "message": message}), "{path}: {}", answer.body);
    }
    rest.get("/no/such/path")?.expect(404)?;
    rest.delete("/connectors/none")?.expect(404)?;
    for path in ["/connectors/none/pause", "/connectors/none/resume"] {
        let answer = rest.put(path, &Value::Null)?.expect(404)?;
        ensure!(answer.message() == "Unknown connector none", "{path}: {}", answer.body);
    }
    let answer = rest.post("/connectors/none/restart", &Value::Null)?.expect(404)?;
    ensure!(answer.message() == "Unknown connector: none", "{}", answer.body);
    rest.post("/connectors/none/tasks/0/restart", &Value::Null)?.expect(404)?;
    rest.put("/connectors", &json!({}))?.expect(405)?;

    let file = worker.data().join("input");
    let good = source(&file, topic);
    let create = |name: &str, config: &Value| rest.post("/connectors", &json!({"name": name, "config": config}));
    let mut no_topic = good.clone();
    no_topic.as_object_mut().context("an object")?.remove("topic");
    for (what, config, part) in [
        ("no class", json!({"topic": topic}), "contains no connector type"),
        (
            "no such class",
            with(&good, &[("connector.class", "NoSuch")]),
            "Failed to find any class that implements Connector",
        ),
        ("no topic", no_topic, "Missing required configuration \"topic\" which has no default value."),
        ("another name", with(&good, &[("name", "other")]), "Connector name configuration (other) doesn't match"),
        ("no number", with(&good, &[("tasks.max", "many")]), "Invalid value many for configuration tasks.max"),
        ("no task", with(&good, &[("tasks.max", "0")]), "Value must be at least 1"),
        ("no converter", with(&good, &[("value.converter", "NoSuchConverter")]), "NoSuchConverter"),
        ("no transform", with(&good, &[("transforms", "t"), ("transforms.t.type", "NoSuch")]), "NoSuch"),
        (
            "a transform without its key",
            with(
                &good,
                &[("transforms", "t"), ("transforms.t.type", "org.apache.kafka.connect.transforms.HoistField$Value")],
            ),
            "Missing required configuration \"transforms.t.field\"",
        ),
        (
            "a sink without topics",
            json!({"connector.class": "FileStreamSink", "file": file}),
            "Must configure one of topics or topics.regex",
        ),
    ] {
        let answer = create("bad", &config)?;
        ensure!(answer.status == 400, "{what}: {} {}", answer.status, answer.body);
        ensure!(answer.message().contains(part), "{what}: {part:?} is not in {:?}", answer.message());
    }
    let two = create("bad", &with(&good, &[("tasks.max", "0"), ("errors.tolerance", "some")]))?.expect(400)?;
    ensure!(two.message().contains("contains the following 2 error(s)"), "{}", two.body);
    rest.get("/connectors/bad")?.expect(404)?;

    // A bad change leaves the good connector running.
    create("good", &good)?.expect(201)?;
    rest.put("/connectors/good/config", &with(&good, &[("tasks.max", "0")]))?.expect(400)?;
    rest.wait_running("good", 1)?;
    rest.put("/connectors/good/config", &with(&good, &[("name", "other")]))?.expect(400)?;
    worker.stop()
}

#[test]
fn the_worker_says_what_it_is_and_what_it_can_run() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let mut worker = Worker::new(bootstrap)?;
    worker.start()?;
    let rest = worker.rest();
    let health = rest.get("/health")?.expect(200)?.body;
    ensure!(health["status"] == "healthy", "{health}");
    wait::until("the cluster's id", Duration::from_secs(10), || {
        let root = rest.get("/").map_err(|error| error.to_string())?.body;
        let known = root["kafka_cluster_id"].is_string() && root["version"].is_string() && root["commit"].is_string();
        if known { Ok(()) } else { Err(root.to_string()) }
    })?;
    let connectors = rest.get("/connector-plugins")?.expect(200)?.body;
    for (class, kind) in [
        ("org.apache.kafka.connect.file.FileStreamSinkConnector", "sink"),
        ("org.apache.kafka.connect.file.FileStreamSourceConnector", "source"),
    ] {
        let found = connectors.as_array().into_iter().flatten().find(|row| row["class"] == class);
        ensure!(found.is_some_and(|row| row["type"] == kind && row["version"].is_string()), "{class}: {connectors}");
    }
    let all = rest.get("/connector-plugins?connectorsOnly=false")?.expect(200)?.body.to_string();
    for class in [
        "org.apache.kafka.connect.transforms.HoistField$Value",
        "org.apache.kafka.connect.transforms.InsertField$Key",
        "org.apache.kafka.connect.transforms.RegexRouter",
        "org.apache.kafka.connect.transforms.Filter",
        "org.apache.kafka.connect.transforms.DropHeaders",
        "org.apache.kafka.connect.transforms.HeaderFrom$Key",
        "org.apache.kafka.connect.transforms.InsertHeader",
        "org.apache.kafka.connect.transforms.TimestampConverter$Value",
        "org.apache.kafka.connect.transforms.TimestampRouter",
        "org.apache.kafka.connect.transforms.predicates.TopicNameMatches",
        "org.apache.kafka.connect.transforms.predicates.HasHeaderKey",
        "org.apache.kafka.connect.transforms.predicates.RecordIsTombstone",
        "org.apache.kafka.connect.json.JsonConverter",
        "org.apache.kafka.connect.storage.StringConverter",
    ] {
        ensure!(all.contains(class), "{class} is not in {all}");
    }
    worker.stop()
}
