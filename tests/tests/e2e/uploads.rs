//! Uploading components: what is taken, what is refused and how, and that it can be used at once.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use weir_tests::rest::{Answer, Rest};
use weir_tests::worker::Worker;
use weir_tests::{kafka, paths, topics, wait};

/// The mark of `tests/plugins/hostile/src/describe.rs`, with the place for the deed.
const MARK: &[u8; 48] = b"weir-hostile-describe-does:                     ";

fn hostile() -> Result<Vec<u8>> {
    fs::read(paths::test_plugin("hostile")?).context("the hostile component")
}

/// The hostile component whose `describe` does this.
pub(crate) fn describing(deed: &str) -> Result<Vec<u8>> {
    let mut bytes = hostile()?;
    let at = bytes.windows(MARK.len()).position(|window| window == MARK).context("the mark")?;
    let start = at + MARK.iter().take_while(|byte| **byte != b' ').count();
    bytes[start..start + deed.len()].copy_from_slice(deed.as_bytes());
    Ok(bytes)
}

fn classes(rest: &Rest) -> Result<Vec<String>> {
    let body = rest.get("/connector-plugins?connectorsOnly=false")?.expect(200)?.body;
    let rows = body.as_array().context("a list")?;
    Ok(rows.iter().map(|row| row["class"].as_str().unwrap_or_default().to_owned()).collect())
}

#[test]
fn an_uploaded_component_is_used_at_once_and_removed_when_nothing_uses_it() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique("uploaded");
    topics::create(bootstrap, topic, 1)?;
    let mut worker = Worker::new(bootstrap)?;
    worker.start()?;
    let rest = worker.rest();
    ensure!(!classes(&rest)?.contains(&"weir.tests.HostileSource".to_owned()), "it is there before it was uploaded");

    let created = rest.upload(&hostile()?)?.expect(201)?;
    let id = created.body["id"].as_str().context("an id")?.to_owned();
    ensure!(id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "not a sha256: {id}");
    let text = created.body.to_string();
    for part in ["weir.tests.HostileSource", "weir.tests.HostileSink", "source", "sink", "0.1.0", "wasi:"] {
        ensure!(text.contains(part), "{part} is not in {text}");
    }
    let again = rest.upload(&hostile()?)?.expect(200)?;
    ensure!(again.body["id"] == created.body["id"], "another id for the same bytes");
    ensure!(rest.get("/plugins")?.expect(200)?.body.to_string().contains(&id), "it is not listed");
    ensure!(rest.get(&format!("/plugins/{id}"))?.expect(200)?.body["id"] == created.body["id"], "it has no page");
    ensure!(classes(&rest)?.contains(&"weir.tests.HostileSource".to_owned()), "its classes are not listed");

    rest.create("uploaded", &json!({"connector.class": "weir.tests.HostileSource", "topic": topic}))?;
    wait::until("rows of the uploaded source", std::time::Duration::from_secs(30), || {
        match topics::count(bootstrap, topic) {
            Ok(count) if count >= 10 => Ok(()),
            other => Err(format!("{other:?}; {}", rest.status("uploaded").unwrap_or_default())),
        }
    })?;
    let refused = rest.delete(&format!("/plugins/{id}"))?.expect(409)?;
    ensure!(refused.message().contains("uploaded"), "it does not say who uses it: {}", refused.body);
    rest.remove("uploaded")?;
    rest.delete(&format!("/plugins/{id}"))?.expect(204)?;
    rest.get(&format!("/plugins/{id}"))?.expect(404)?;
    rest.delete(&format!("/plugins/{id}"))?.expect(404)?;
    ensure!(!classes(&rest)?.contains(&"weir.tests.HostileSource".to_owned()), "it is still there");
    worker.stop()
}

#[test]
fn of_two_components_with_the_same_version_the_answer_says_which_one_is_used() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique("equal-versions");
    topics::create(bootstrap, topic, 1)?;
    let mut worker = Worker::new(bootstrap)?;
    worker.start()?;
    let rest = worker.rest();
    let first = hostile()?;
    // A custom section makes it another component with the same plugins.
    let second = [&first[..], &[0, 2, 1, b'x']].concat();
    let said = |wasm: &[u8], status: u16, is_used: bool| -> Result<(String, String)> {
        let body = rest.upload(wasm)?.expect(status)?.body;
        let plugins = body["plugins"].as_array().context("plugins")?;
        ensure!(plugins.iter().all(|plugin| plugin["used"] == json!(is_used)), "used is not {is_used}: {body}");
        let used = plugins.first().context("a plugin")?["usedId"].clone();
        ensure!(plugins.iter().all(|plugin| plugin["usedId"] == used), "several are used: {body}");
        Ok((body["id"].as_str().context("an id")?.to_owned(), used.as_str().context("a used id")?.to_owned()))
    };
    let (first_id, used) = said(&first, 201, true)?;
    ensure!(used == first_id, "{used} is not the only one");
    let (second_id, used) = said(&second, 201, true)?;
    ensure!(used == second_id && second_id != first_id, "{used} is not the one that was uploaded last, {second_id}");
    // It was there before the other one.
    ensure!(said(&first, 200, false)? == (first_id.clone(), second_id.clone()), "the first one is used");
    let log = worker.log();
    let line = log.lines().find(|line| line.contains("same class in the same version")).context("no warning")?;
    ensure!(line.contains(&first_id) && line.contains(&second_id), "it does not name both: {line}");

    rest.create("equal", &json!({"connector.class": "weir.tests.HostileSource", "topic": topic}))?;
    let refused = rest.delete(&format!("/plugins/{second_id}"))?.expect(409)?;
    ensure!(refused.message().contains("equal"), "it is not the one that the connector uses: {}", refused.body);
    rest.delete(&format!("/plugins/{first_id}"))?.expect(204)?;
    worker.stop()
}

#[test]
fn what_is_no_component_of_ours_is_refused_with_advice() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let mut worker = Worker::new(bootstrap)?.set("weir.plugin.max.bytes", "6000000");
    worker.start()?;
    let rest = worker.rest();
    let before = classes(&rest)?;

    let core: &[u8] = b"\0asm\x01\0\0\0";
    let foreign: &[u8] = b"\0asm\x0d\0\x01\0";
    for (what, bytes) in
        [("nothing", &b""[..]), ("garbage", b"this is no WebAssembly"), ("half a component", &hostile()?[..5000])]
    {
        refused(&rest, what, bytes, &[])?;
    }
    refused(&rest, "a core module", core, &["module", "component"])?;
    refused(&rest, "an empty component", foreign, &["weir:connect"])?;
    let newer = replaced(&hostile()?, b"weir:connect/plugin@0.2.0", b"weir:connect/plugin@9.1.0")?;
    refused(&rest, "a newer contract", &newer, &["9.1.0"])?;

    let large = rest.upload(&vec![0; 6_000_001])?.expect(413)?;
    ensure!(large.message().contains("weir.plugin.max.bytes"), "it does not name the limit: {}", large.body);

    for id in ["abc", &"0".repeat(64), "..%2f..%2fworker.properties"] {
        let answer = rest.get(&format!("/plugins/{id}"))?;
        ensure!(matches!(answer.status, 400 | 404), "GET /plugins/{id}: {answer:?}");
    }
    ensure!(classes(&rest)? == before, "something of it stayed");
    ensure!(
        rest.get("/plugins")?
            .expect(200)?
            .body
            .as_array()
            .is_none_or(|list| { list.iter().all(|plugin| !plugin.to_string().contains("Hostile")) }),
        "something of it is listed"
    );
    worker.stop()
}

#[test]
fn a_component_that_misbehaves_when_it_is_asked_what_it_is_is_refused() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let mut worker = Worker::new(bootstrap)?.set("weir.call.timeout.ms", "1000");
    worker.start()?;
    let rest = worker.rest();
    for deed in
        ["spin", "eat-memory", "trap", "panic", "recurse", "log-1gb", "lie-nothing", "lie-twice", "lie-nameless"]
    {
        refused(&rest, deed, &describing(deed)?, &[])?;
    }
    ensure!(!classes(&rest)?.iter().any(|class| class.contains("Hostile")), "something of it stayed");
    worker.stop()?;
    // With more time: a busy machine may take longer than a second for that much text.
    worker = worker.unset("weir.call.timeout.ms");
    worker.start()?;
    let rest = worker.rest();
    for (deed, part) in [
        ("lie-kind", "no-such-kind"),
        ("lie-attribute", "no-such-attribute"),
        ("bomb-doc", "the configuration key hook: the documentation has 12582912 bytes; the limit is 16384"),
        ("bomb-keys", "the configuration has 60000 keys; the limit is 1000"),
        ("bomb-class", "is not a valid class name"),
        ("bomb-plugins", "the list of plugins has 10000 entries; the limit is 256"),
    ] {
        let answer = refused(&rest, deed, &describing(deed)?, &[part])?;
        ensure!(answer.message().len() < 1000, "{deed}: the answer has {} bytes", answer.message().len());
    }
    ensure!(!classes(&rest)?.iter().any(|class| class.contains("Hostile")), "something of it stayed");
    rest.upload(&hostile()?)?.expect(201)?;
    worker.stop()
}

#[test]
fn an_upload_does_not_take_the_place_of_what_the_operator_installed() -> Result<()> {
    const SOURCE: &str = "weir.tests.HostileSource";
    let bootstrap = kafka::bootstrap()?;
    let mut worker = Worker::new(bootstrap)?.with_plugins(&paths::test_plugins());
    worker.start()?;
    let rest = worker.rest();
    let versions = |rest: &Rest| -> Result<Vec<String>> {
        let rows = rest.get("/connector-plugins")?.expect(200)?.body;
        let rows = rows.as_array().context("a list")?.iter().filter(|row| row["class"] == SOURCE);
        Ok(rows.map(|row| row["version"].as_str().unwrap_or_default().to_owned()).collect())
    };
    let installed = versions(&rest)?;
    ensure!(installed.len() == 1, "it is not installed once: {installed:?}");
    let newer = describing("version 9.9")?;
    let refused = rest.upload(&newer)?.expect(409)?;
    for part in [SOURCE, "plugin.path", "hostile.wasm", "weir.plugin.upload.override"] {
        ensure!(refused.message().contains(part), "{part} is not in {}", refused.body);
    }
    ensure!(versions(&rest)? == installed, "something of it is used");
    // The same bytes change nothing.
    rest.upload(&hostile()?)?;
    worker.stop()?;

    worker = worker.set("weir.plugin.upload.override", "true");
    worker.start()?;
    let rest = worker.rest();
    let id = rest.upload(&newer)?.expect(201)?.body["id"].as_str().context("an id")?.to_owned();
    ensure!(versions(&rest)?.last().is_some_and(|last| last == "9.9"), "the operator allowed it");
    worker.stop()?;

    // What is in the store counts no more than an upload.
    worker = worker.unset("weir.plugin.upload.override");
    worker.start()?;
    let rest = worker.rest();
    ensure!(versions(&rest)? == installed, "it is used after a restart: {:?}", versions(&rest)?);
    rest.delete(&format!("/plugins/{id}"))?.expect(204)?;
    worker.stop()
}

fn refused(rest: &Rest, what: &str, bytes: &[u8], parts: &[&str]) -> Result<Answer> {
    let answer = rest.upload(bytes)?.expect(400).context(what.to_owned())?;
    ensure!(!answer.message().is_empty() && answer.body["error_code"] == 400, "{what}: {}", answer.body);
    for part in parts {
        ensure!(answer.message().contains(part), "{what}: {part} is not in {}", answer.message());
    }
    println!("{what}: {}", answer.message());
    Ok(answer)
}

fn replaced(bytes: &[u8], old: &[u8], new: &[u8]) -> Result<Vec<u8>> {
    let mut bytes = bytes.to_vec();
    let mut from = 0;
    while let Some(at) = bytes[from..].windows(old.len()).position(|window| window == old) {
        bytes[from + at..from + at + old.len()].copy_from_slice(new);
        from += at + old.len();
    }
    ensure!(from > 0, "nothing to replace");
    Ok(bytes)
}
