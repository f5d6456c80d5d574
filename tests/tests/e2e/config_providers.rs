//! Config providers: a secret in a file reaches the plugin and comes out nowhere, whatever the plugin does with it; Kafka
//! Connect's worker shows the same for the same connector; a secret that changes reaches a running connector.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use weir_tests::connect::{Connect, Setup};
use weir_tests::rest::Rest;
use weir_tests::worker::Worker;
use weir_tests::{kafka, paths, topics, wait};

use crate::support::{source, with};

const FILE: &str = "org.apache.kafka.common.config.provider.FileConfigProvider";
const DIRECTORY: &str = "org.apache.kafka.common.config.provider.DirectoryConfigProvider";
/// Long enough for a machine that is busy with other tests.
const SOON: Duration = Duration::from_secs(30);

/// The keys of providers `file` and `dir` that may read one directory.
fn providers(folder: &Path) -> [(&'static str, String); 5] {
    let folder = folder.display().to_string();
    [
        ("config.providers", "file,dir".to_owned()),
        ("config.providers.file.class", FILE.to_owned()),
        ("config.providers.file.param.allowed.paths", folder.clone()),
        ("config.providers.dir.class", DIRECTORY.to_owned()),
        ("config.providers.dir.param.allowed.paths", folder),
    ]
}

/// A worker with these providers, and the directory that they may read.
fn worker(bootstrap: &str) -> Result<(Worker, std::path::PathBuf)> {
    let mut worker = Worker::new(bootstrap)?.with_plugins(&paths::test_plugins());
    let secrets = worker.dir().canonicalize()?.join("secrets");
    fs::create_dir(&secrets)?;
    for (key, value) in providers(&secrets) {
        worker = worker.set(key, &value);
    }
    Ok((worker, secrets))
}

/// Every answer that a worker gives about a connector.
fn all_answers(rest: &Rest, name: &str) -> Result<String> {
    let mut all = String::new();
    for path in ["", "/config", "/tasks", "/status", "/tasks/0/status", "/topics"] {
        all += &rest.get(&format!("/connectors/{name}{path}"))?.body.to_string();
    }
    for path in ["/connectors?expand=info&expand=status", "/plugins", "/health", "/metrics", "/admin/loggers"] {
        all += &rest.get(path)?.body.to_string();
    }
    Ok(all)
}

/// All files below a directory but those of these names, as text.
fn all_files(folder: &Path, but: &[&str], text: &mut String) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        if but.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            all_files(&entry.path(), but, text)?;
        } else {
            *text += &String::from_utf8_lossy(&fs::read(entry.path())?);
        }
    }
    Ok(())
}

#[test]
fn a_secret_reaches_the_plugin_and_comes_out_nowhere() -> Result<()> {
    const PASSWORD: &str = "swordfish-7d1f";
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique("secret");
    topics::create(bootstrap, topic, 1)?;
    let (mut worker, secrets) = worker(bootstrap)?;
    let state = worker.dir().join("state.json").display().to_string();
    worker = worker.set("weir.standalone.state", &state).set("weir.log.level", "debug");
    let input = worker.data().join("input-3c9e");
    fs::write(&input, "one\ntwo\n")?;
    let file = secrets.join("s.properties");
    fs::write(&file, format!("file={}\npassword={PASSWORD}\ntasks=many-{PASSWORD}\n", input.display()))?;
    fs::write(secrets.join("password"), format!("{PASSWORD}\n"))?;
    let reference = |key: &str| format!("${{file:{}:{key}}}", file.display());
    worker.start()?;
    let rest = worker.rest();

    // It reaches the plugin: the lines of the file come through.
    let config = with(&source(Path::new(""), topic), &[("file", &reference("file"))]);
    rest.create("reader", &config)?;
    wait::until("the lines of the secret file", SOON, || match topics::count(bootstrap, topic) {
        Ok(2) => Ok(()),
        other => Err(format!("{other:?}")),
    })?;
    let answers = all_answers(&rest, "reader")?;
    ensure!(!answers.contains("input-3c9e"), "{answers}");
    ensure!(answers.contains(&reference("file").replace('"', "\\\"")), "the reference is not shown: {answers}");

    // Guests that say what they were given: in a trace, in a refusal, in the log.
    let hostile = json!({"connector.class": "weir.tests.HostileSource", "topic": topic});
    let directory = format!("${{dir:{}:password}}", secrets.display());
    let echo = with(&hostile, &[("hook", "source.poll"), ("does", &directory)]);
    rest.create("trace", &echo)?;
    let trace = rest.wait_failed("trace", SOON)?;
    ensure!(trace.contains(&format!("no such deed: {directory}")), "the guest did not get the secret: {trace}");
    for hook in ["validation.validate", "capabilities.required"] {
        let echo = with(&hostile, &[("hook", hook), ("does", &reference("password"))]);
        let answer = rest.post("/connectors", &json!({"name": hook, "config": echo}))?.expect(400)?;
        ensure!(!answer.body.to_string().contains(PASSWORD), "{hook}: {}", answer.body);
    }
    // A value that is wrong is not told, not even one that stands for the class.
    let wrong = with(&config, &[("tasks.max", &reference("tasks"))]);
    for (key, body) in [("tasks.max", &wrong), ("connector.class", &with(&config, &[("connector.class", &directory)]))]
    {
        let answer = rest.put("/connectors/wrong/config", body)?.expect(400)?;
        let text = format!(
            "Invalid value for configuration '{key}': the value resolved from the config provider reference failed validation"
        );
        ensure!(answer.message().contains(&text), "{}", answer.body);
        ensure!(!answer.body.to_string().contains(PASSWORD), "{}", answer.body);
    }
    let body = with(&wrong, &[("name", "wrong")]);
    let answer = rest.put("/connector-plugins/FileStreamSource/config/validate", &body)?.expect(200)?;
    let body = answer.body.to_string();
    ensure!(answer.body["error_count"] != 0, "{body}");
    ensure!(!body.contains(PASSWORD) && !body.contains("input-3c9e"), "{body}");
    let missing = with(&config, &[("file", &format!("${{file:{}/none:k}}", secrets.display()))]);
    let answer = rest.put("/connectors/wrong/config", &missing)?.expect(500)?;
    let text = format!("Could not read properties from file {}/none", secrets.display());
    ensure!(answer.message() == text, "{}", answer.body);

    // A reference to what is not there does not become a topic.
    let misspelt = with(&config, &[("topic", &reference("pasword"))]);
    let answer = rest.put("/connectors/wrong/config", &misspelt)?.expect(400)?;
    let text = format!("topic: the config provider 'file' has no value for {}", reference("pasword"));
    ensure!(answer.message().contains(&text), "{}", answer.body);
    let body = with(&misspelt, &[("name", "wrong")]);
    let answer = rest.put("/connector-plugins/FileStreamSource/config/validate", &body)?.expect(200)?;
    ensure!(answer.body["error_count"] == 1 && answer.body.to_string().contains("has no value for"), "{}", answer.body);

    let answers = all_answers(&rest, "trace")?;
    ensure!(!answers.contains(PASSWORD), "{answers}");
    worker.stop()?;
    let mut files = String::new();
    all_files(worker.dir(), &["secrets", "data"], &mut files)?;
    ensure!(files.contains("hostile, beginning to [hidden]"), "the guest's words are not in the log: {}", worker.log());
    ensure!(!files.contains(PASSWORD), "in a file of the worker: {files}");
    ensure!(!worker.log().contains("input-3c9e"), "{}", worker.log());
    Ok(())
}

#[test]
fn references_look_as_in_kafka_connect() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique("shown");
    topics::create(bootstrap, topic, 1)?;
    let (worker, secrets) = worker(bootstrap)?;
    // As Kafka Connect does; by default a reference to what is not there is refused.
    let mut worker = worker.set("weir.config.providers.strict", "false");
    let input = worker.data().join("input");
    let file = secrets.join("s.properties");
    fs::write(&file, format!("file={}\n", input.display()))?;
    let outside = worker.dir().canonicalize()?.join("worker.properties");
    let mut setup = Setup::default();
    setup.properties.extend(providers(&secrets).map(|(key, value)| (key.to_owned(), value)));
    let mut connect = Connect::launch(bootstrap, &setup)?;
    worker.start()?;
    connect.wait_healthy()?;

    let config = json!({
        "connector.class": "org.apache.kafka.connect.file.FileStreamSourceConnector",
        "topic": topic,
        "file": format!("${{file:{}:file}}", file.display()),
        "unknown": format!("${{vault:a:b}} ${{file:{}:none}} ${{file:{}:listeners}}", file.display(), outside.display()),
    });
    let unreadable = with(&config, &[("file", &format!("${{file:{}/none:file}}", secrets.display()))]);
    let mut shown = Vec::new();
    for rest in [connect.rest(), &worker.rest()] {
        rest.create("shown", &config)?;
        rest.wait_running("shown", 1)?;
        let mut answers = Vec::new();
        for path in ["/connectors/shown", "/connectors/shown/config"] {
            answers.push(rest.get(path)?.expect(200)?.body);
        }
        // Which keys a connector gives its tasks is its own affair; this one's are all its own.
        let tasks = rest.get("/connectors/shown/tasks")?.expect(200)?.body;
        answers.push(["file", "topic"].map(|key| tasks[0]["config"][key].clone()).into_iter().collect::<Value>());
        let unreadable = rest.put("/connectors/none/config", &unreadable)?;
        answers.push(json!([unreadable.status, unreadable.body]));
        shown.push(answers);
    }
    ensure!(shown[0] == shown[1], "Kafka Connect: {:#?}\nWeir: {:#?}", shown[0], shown[1]);
    worker.stop()
}

#[test]
fn a_secret_that_changes_reaches_a_running_connector() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let (reloads, stays) = (&topics::unique("reloads"), &topics::unique("stays"));
    topics::create_all(bootstrap, &[reloads, stays], 1)?;
    let (worker, secrets) = worker(bootstrap)?;
    let mut worker = worker.set("config.providers.file.param.weir.ttl.ms", "200");
    let [first, second] = ["first", "second"].map(|name| worker.data().join(name));
    fs::write(&first, "1\n")?;
    fs::write(&second, "1\n2\n")?;
    let file = secrets.join("s.properties");
    let name = |path: &Path| fs::write(&file, format!("file={}\n", path.display()));
    name(&first)?;
    worker.start()?;
    let rest = worker.rest();
    let reference = format!("${{file:{}:file}}", file.display());
    rest.create("reloads", &with(&source(Path::new(""), reloads), &[("file", &reference)]))?;
    let none = [("file", reference.as_str()), ("config.action.reload", "none")];
    rest.create("stays", &with(&source(Path::new(""), stays), &none))?;
    let rows = |topic: &str, rows: u64| {
        wait::until(&format!("{rows} rows in {topic}"), SOON, || match topics::count(bootstrap, topic) {
            Ok(count) if count == rows => Ok(()),
            other => Err(format!("{other:?}")),
        })
    };
    rows(reloads, 1)?;
    rows(stays, 1)?;

    // What is no good, or not there, stops nothing.
    fs::write(&file, "file=\n")?;
    let refused = "could not be restarted with new values";
    wait::until("the bad value to be refused", SOON, || {
        if worker.log().contains(refused) { Ok(()) } else { Err("not yet".into()) }
    })?;
    rest.wait_running("reloads", 1)?;

    name(&second)?;
    rows(reloads, 3)?;
    rest.wait_running("reloads", 1)?;
    // The other one still reads the first file, until it is restarted by hand.
    let mut more = fs::OpenOptions::new().append(true).open(&first)?;
    std::io::Write::write_all(&mut more, b"2\n")?;
    rows(stays, 2)?;
    ensure!(topics::count(bootstrap, reloads)? == 3, "it still reads the old file");
    rest.post("/connectors/stays/restart?includeTasks=true", &Value::Null)?.expect(202)?;
    rows(stays, 4)?;
    worker.stop()
}
