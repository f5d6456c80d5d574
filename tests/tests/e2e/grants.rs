//! Capabilities and limits: a plugin gets what its configuration needs and the operator allowed, and nothing else. A refusal
//! names the key, the value and the bound.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use weir_tests::rest::Rest;
use weir_tests::worker::Worker;
use weir_tests::{kafka, paths, topics, wait};

use crate::support::{sink, source, with};

fn worker(bootstrap: &str) -> Result<Worker> {
    Ok(Worker::new(bootstrap)?.with_plugins(&paths::test_plugins()))
}

/// Creating it is refused, and the message has all of these parts.
fn refused(rest: &Rest, what: &str, config: &Value, parts: &[&str]) -> Result<()> {
    let answer = rest.post("/connectors", &json!({"name": "refused", "config": config}))?;
    ensure!(answer.status == 400, "{what}: answered {} {}", answer.status, answer.body);
    for part in parts {
        ensure!(answer.message().contains(part), "{what}: {part:?} is not in {:?}", answer.message());
    }
    println!("{what}: {}", answer.message());
    rest.get("/connectors/refused")?.expect(404)?;
    Ok(())
}

#[test]
fn files_outside_the_allowed_folders_are_refused_and_symlinks_do_not_escape() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique("escaped");
    topics::create(bootstrap, topic, 1)?;
    let mut worker = worker(bootstrap)?;
    let (data, outside) = (worker.data(), worker.dir().canonicalize()?.join("outside"));
    fs::create_dir(&outside)?;
    fs::write(outside.join("secret"), "secret\n")?;
    symlink(&outside, data.join("link"))?;
    symlink(outside.join("secret"), data.join("secret"))?;
    // A directory whose name begins as the allowed one's does.
    let beside = data.with_extension("beside");
    fs::create_dir(&beside)?;
    worker.start()?;
    let rest = worker.rest();
    let bound = data.display().to_string();

    for (what, path) in [
        ("another folder", outside.join("secret")),
        ("the way back", data.join("../outside/secret")),
        ("a linked folder", data.join("link/secret")),
        ("a longer name", beside.join("secret")),
        ("the root", Path::new("/secret").into()),
        ("a system file", Path::new("/etc/passwd").into()),
    ] {
        let read = ["weir.allow.read", path.parent().and_then(Path::to_str).unwrap_or_default(), &bound];
        refused(&rest, what, &source(&path, topic), &read)?;
        let write = ["weir.allow.write", path.parent().and_then(Path::to_str).unwrap_or_default(), &bound];
        refused(&rest, what, &sink(&path, topic), &write)?;
    }
    refused(&rest, "a relative file", &source(Path::new("data/../outside/secret"), topic), &[])?;

    // The link lies in an allowed directory, and what it leads to does not: the plugin cannot open it.
    rest.create("linked-source", &source(&data.join("secret"), topic))?;
    rest.create("linked-sink", &sink(&data.join("secret"), topic))?;
    topics::produce(
        bootstrap,
        topic,
        &[topics::Record { value: Some(b"overwritten".to_vec()), ..Default::default() }],
    )?;
    let trace = rest.wait_failed("linked-sink", Duration::from_secs(30))?;
    println!("a linked file to write: {trace}");
    wait::holds("nothing to come of a linked file", Duration::from_secs(3), || {
        match topics::count(bootstrap, topic).map_err(|error| error.to_string())? {
            1 => Ok(()),
            count => Err(format!("{count} rows")),
        }
    })?;
    ensure!(fs::read_to_string(outside.join("secret"))? == "secret\n", "the file outside was written to");
    worker.stop()
}

#[test]
fn a_folder_to_read_is_not_a_folder_to_write() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique("read-only");
    topics::create(bootstrap, topic, 1)?;
    let mut worker = worker(bootstrap)?.set("weir.allow.write", "");
    let data = worker.data();
    fs::write(data.join("file"), "a line\n")?;
    worker.start()?;
    let rest = worker.rest();
    let parts = ["weir.allow.write", data.to_str().unwrap_or_default()];
    refused(&rest, "a folder that is read only", &sink(&data.join("file"), topic), &parts)?;
    rest.create("reader", &source(&data.join("file"), topic))?;
    wait::until("the line", Duration::from_secs(30), || match topics::count(bootstrap, topic) {
        Ok(1) => Ok(()),
        other => Err(format!("{other:?}")),
    })?;

    let writes = data.join("written").display().to_string();
    let hostile = json!({"connector.class": "weir.tests.HostileSource", "topic": topic, "hook": "source.start",
        "does": "write-file", "needs.read": data, "writes": writes});
    rest.create("writer", &hostile)?;
    let trace = rest.wait_failed("writer", Duration::from_secs(30))?;
    ensure!(trace.contains("write-file denied"), "{trace}");
    ensure!(!data.join("written").exists(), "it was written");
    worker.stop()
}

#[test]
fn a_plugin_reaches_what_it_asked_for_and_nothing_beside_it() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique("reached");
    topics::create(bootstrap, topic, 1)?;
    let (granted, other) = (TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?);
    let (granted_at, other_at) = (granted.local_addr()?.to_string(), other.local_addr()?.to_string());
    let mut worker =
        worker(bootstrap)?.set("weir.allow.connect", &format!("127.0.0.1:{}", granted.local_addr()?.port()));
    let data = worker.data();
    let outside = worker.dir().canonicalize()?.join("worker.properties").display().to_string();
    fs::create_dir(data.join("mine"))?;
    fs::create_dir(data.join("theirs"))?;
    fs::write(data.join("mine/file"), "granted")?;
    fs::write(data.join("theirs/file"), "not granted")?;
    symlink(data.join("theirs"), data.join("mine/link"))?;
    worker.start()?;
    let rest = worker.rest();
    let mine = data.join("mine").display().to_string();

    let base = json!({"connector.class": "weir.tests.HostileSource", "topic": topic, "hook": "source.start"});
    let theirs = data.join("theirs/file").display().to_string();
    let back = format!("{mine}/../theirs/file");
    let link = format!("{mine}/link/file");
    let file = format!("{mine}/file");
    for (name, does, more, ends) in [
        ("file-mine", "read-file", &[("needs.read", &*mine), ("reads", &*file)][..], "read-file escaped: granted"),
        ("file-theirs", "read-file", &[("needs.read", &mine), ("reads", &theirs)], "read-file denied"),
        ("file-back", "read-file", &[("needs.read", &mine), ("reads", &back)], "read-file denied"),
        ("file-link", "read-file", &[("needs.read", &mine), ("reads", &link)], "read-file denied"),
        ("file-none", "read-file", &[("reads", &file)], "read-file denied"),
        ("file-outside", "read-file", &[("needs.read", &mine), ("reads", &outside)], "read-file denied"),
        (
            "host-granted",
            "connect-host",
            &[("needs.connect", &granted_at), ("connects", &granted_at)],
            "connect-host escaped",
        ),
        (
            "host-other",
            "connect-host",
            &[("needs.connect", &granted_at), ("connects", &other_at)],
            "connect-host denied",
        ),
        ("host-none", "connect-host", &[("connects", &granted_at)], "connect-host denied"),
        ("name", "resolve-host", &[], "resolve-host denied"),
        ("environment", "read-env", &[], "read-env denied"),
        ("list-root", "list-root", &[], "list-root denied"),
    ] {
        rest.create(name, &with(&with(&base, more), &[("does", does)]))?;
        let trace = rest.wait_failed(name, Duration::from_secs(30))?;
        ensure!(trace.contains(ends), "{name}: expected {ends:?}, found {trace}");
    }

    let refused_host = with(&base, &[("needs.connect", &other_at), ("does", "none")]);
    refused(&rest, "a host that is not allowed", &refused_host, &["weir.allow.connect", &other_at, &granted_at])?;
    worker.stop()
}

#[test]
fn a_worker_whose_files_a_plugin_could_be_granted_does_not_start() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let dir = |worker: &Worker| worker.dir().canonicalize();
    for key in ["weir.allow.read", "weir.allow.write"] {
        for (below, what) in [("", "the worker's configuration"), ("plugins", "weir.plugin.store")] {
            let worker = Worker::new(bootstrap)?;
            let allowed = dir(&worker)?.join(below).display().to_string();
            let output = worker.set(key, &allowed).start_in_vain()?;
            ensure!(output.contains(key) && output.contains(what), "{key}, {what}: {output}");
        }
    }
    let worker = Worker::new(bootstrap)?;
    // The offset file is where a plugin may write, though the way there does not look so.
    symlink(worker.data(), dir(&worker)?.join("state"))?;
    let offsets = dir(&worker)?.join("state/offsets").display().to_string();
    let output = worker.set("offset.storage.file.filename", &offsets).start_in_vain()?;
    ensure!(output.contains("weir.allow.read") && output.contains("offset.storage.file.filename"), "{output}");
    Ok(())
}

#[test]
fn compiled_code_that_was_placed_in_the_cache_is_compiled_again() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let mut worker = worker(bootstrap)?.unset("weir.plugin.cache");
    worker.start()?;
    worker.wait_loaded()?;
    let cache = worker.dir().join("plugins/cache");
    worker.stop()?;
    let code = || -> Result<Vec<_>> {
        let paths = fs::read_dir(&cache)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
        Ok(paths.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "cwasm")).collect())
    };
    let compiled = code()?;
    ensure!(compiled.len() >= 2, "{compiled:?}");
    // The code of one component under the name of another one: valid for the engine, with the id that belongs to the name.
    let (first, second) = (fs::read(&compiled[0])?, fs::read(&compiled[1])?);
    let header = 16 + 32;
    fs::write(&compiled[1], [&second[..header], &first[header..]].concat())?;
    worker.start()?;
    worker.wait_loaded()?;
    worker.wait_for_log("unusable; will compile it again")?;
    let log = worker.log();
    let name = compiled[1].file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let refused = |line: &&str| line.contains("unusable; will compile it again") && line.contains(name);
    ensure!(log.lines().filter(refused).count() == 1, "{log}");
    ensure!(
        code()?.len() == compiled.len() && fs::read(&compiled[1])?[header..] != first[header..],
        "it is still there"
    );
    worker.stop()
}

#[test]
fn a_connector_may_lower_its_limits_and_not_raise_them() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique("limits");
    topics::create(bootstrap, topic, 1)?;
    let mut worker = worker(bootstrap)?.set("weir.task.memory.max", "33554432").set("weir.call.timeout.ms", "5000");
    worker.start()?;
    let rest = worker.rest();
    let base = json!({"connector.class": "weir.tests.HostileSource", "topic": topic});
    for (key, value, bound) in
        [("weir.task.memory.max", "33554433", "33554432"), ("weir.call.timeout.ms", "5001", "5000")]
    {
        refused(&rest, key, &with(&base, &[(key, value)]), &[key, value, bound])?;
    }
    for (key, value) in
        [("weir.task.memory.max", "lots"), ("weir.call.timeout.ms", "-1"), ("weir.call.timeout.ms", "0")]
    {
        refused(&rest, key, &with(&base, &[(key, value)]), &[key, value])?;
    }
    // Folders are the operator's to allow; a connector that could do it would be granted anything.
    for (key, all, need, value) in [
        ("weir.allow.read", "/", "needs.read", "/etc"),
        ("weir.allow.write", "/", "needs.write", "/etc"),
        ("weir.allow.connect", "*:*", "needs.connect", "127.0.0.1:1"),
    ] {
        refused(&rest, key, &with(&base, &[(key, all), (need, value)]), &[key, value])?;
    }
    let low = [("weir.task.memory.max", "16777216"), ("weir.call.timeout.ms", "500")];
    rest.create("low", &with(&base, &low))?;
    rest.wait_running("low", 1)?;
    let spin = [("hook", "source.poll"), ("does", "spin")];
    rest.create("low-spin", &with(&with(&base, &low), &spin))?;
    let trace = rest.wait_failed("low-spin", Duration::from_secs(60))?;
    ensure!(trace.contains("call timeout of 500 ms"), "the trace does not name the limit: {trace}");
    worker.stop()
}
