//! What outlives a worker: source offsets, uploads, compiled components. And what happens when their files are damaged.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use weir_tests::lines::{self, Counter};
use weir_tests::worker::Worker;
use weir_tests::{kafka, paths, topics, wait};

use crate::support::{sink, source};

#[test]
fn a_restarted_worker_goes_on_where_it_stopped() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique("restarted");
    topics::create(bootstrap, topic, 1)?;
    let mut worker = Worker::new(bootstrap)?;
    let (input, output) = (worker.data().join("input"), worker.data().join("output"));
    worker.connector("restarted-source", &source(&input, topic))?;
    worker.connector("restarted-sink", &sink(&output, topic))?;
    let mut counter = Counter::new(&output);
    for round in 0..3_u64 {
        fs::write(&input, (0..(round + 1) * 10).map(lines::line).collect::<String>())?;
        worker.start()?;
        wait::until("the lines of this round", Duration::from_secs(30), || {
            worker.check_runs()?;
            match counter.count().map_err(|error| error.to_string())? {
                count if count >= (round + 1) * 10 => Ok(()),
                count => Err(format!("{count} lines")),
            }
        })?;
        worker.stop()?;
    }
    let delivered = lines::check_delivered(&output, 30)?;
    ensure!(delivered.duplicates == 0, "{delivered:?}");
    ensure!(topics::count(bootstrap, topic)? == 30, "rows were produced twice");
    Ok(())
}

#[test]
fn a_damaged_offsets_file_is_refused_with_advice_and_left_as_it_is() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let mut worker = Worker::new(bootstrap)?;
    let offsets = worker.dir().join("offsets");
    // Text, half a JSON document, what Kafka Connect writes (Java serialisation), bytes of nothing.
    for damage in
        [&b"not offsets"[..], b"{\"version\":1,\"offs", b"\xac\xed\x00\x05sr\x00\x11java.util.HashMap", &[0; 64]]
    {
        fs::write(&offsets, damage)?;
        let output = worker.start_in_vain()?;
        let name = offsets.file_name().unwrap_or_default().to_string_lossy().into_owned();
        ensure!(output.contains(&name), "the message does not name the file: {output}");
        ensure!(fs::read(&offsets)? == damage, "the file was touched");
    }
    fs::remove_file(&offsets)?;
    worker.start()?;
    worker.stop()
}

#[test]
fn a_damaged_compiled_component_is_compiled_again() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let worker = Worker::new(bootstrap)?;
    let cache = worker.dir().join("cache");
    let mut worker = worker.set("weir.plugin.cache", &cache.display().to_string());
    let classes = |worker: &Worker| -> Result<String> {
        Ok(worker.rest().get("/connector-plugins?connectorsOnly=false")?.expect(200)?.body.to_string())
    };
    worker.start()?;
    worker.wait_loaded()?;
    let before = classes(&worker)?;
    ensure!(before.contains("FileStreamSource"), "{before}");
    worker.stop()?;

    for damage in ["truncated", "flipped", "emptied"] {
        // A key that is damaged keeps the worker from starting, with advice: all that it marked is worth nothing then.
        let is_marked = |path: &std::path::PathBuf| path.file_name().is_some_and(|name| name != "key");
        let files: Vec<_> = files(&cache)?.into_iter().filter(is_marked).collect();
        ensure!(!files.is_empty(), "nothing is cached in {}", cache.display());
        for file in &files {
            let mut bytes = fs::read(file)?;
            match damage {
                "truncated" => bytes.truncate(bytes.len() / 2),
                "flipped" => {
                    let middle = bytes.len() / 2;
                    bytes[middle] ^= 0xff;
                }
                _ => bytes.clear(),
            }
            fs::write(file, bytes)?;
        }
        worker.start().with_context(|| format!("with a {damage} cache"))?;
        worker.wait_loaded()?;
        ensure!(classes(&worker)? == before, "other plugins with a {damage} cache");
        works(&worker, bootstrap, damage)?;
        worker.stop()?;
    }
    Ok(())
}

#[test]
fn an_upload_is_there_after_a_restart() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let mut worker = Worker::new(bootstrap)?;
    worker.start()?;
    let component = fs::read(paths::test_plugin("hostile")?)?;
    let answer = worker.rest().upload(&component)?.expect(201)?;
    // A kill and no stop: what was answered with 201 is on the disk.
    worker.kill();
    worker.start()?;
    let id = answer.body["id"].as_str().context("an id")?;
    worker.rest().get(&format!("/plugins/{id}"))?.expect(200)?;
    let classes = worker.rest().get("/connector-plugins")?.expect(200)?.body.to_string();
    ensure!(classes.contains("weir.tests.HostileSource"), "{classes}");
    worker.stop()
}

/// A connector of the component runs.
fn works(worker: &Worker, bootstrap: &str, name: &str) -> Result<()> {
    let input = worker.data().join(name);
    fs::write(&input, "one line\n")?;
    let topic = topics::unique(name);
    topics::create(bootstrap, &topic, 1)?;
    worker.rest().create(name, &source(&input, &topic))?;
    wait::until("the line to come through", Duration::from_secs(30), || match topics::count(bootstrap, &topic) {
        Ok(1) => Ok(()),
        other => Err(format!("{other:?}")),
    })
}

fn files(dir: &Path) -> Result<Vec<std::path::PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).with_context(|| dir.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}
