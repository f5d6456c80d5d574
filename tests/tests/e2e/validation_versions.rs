//! Several versions of one class, each uploaded for itself (KIP-891): which one a configuration gets, and that a connector keeps it.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use weir_tests::rest::Rest;
use weir_tests::worker::Worker;
use weir_tests::{kafka, paths, topics};

/// The mark of `tests/plugins/hostile/src/describe.rs`, with the place for the version.
const MARK: &[u8; 48] = b"weir-hostile-describe-does:                     ";

const SOURCE: &str = "weir.tests.HostileSource";

/// The hostile component under another version.
fn of_version(version: &str) -> Result<Vec<u8>> {
    let mut bytes = fs::read(paths::test_plugin("hostile")?).context("the hostile component")?;
    let at = bytes.windows(MARK.len()).position(|window| window == MARK).context("the mark")?;
    let start = at + MARK.iter().take_while(|byte| **byte != b' ').count();
    let text = format!("version {version}");
    bytes.get_mut(start..start + text.len()).context("the place of the version")?.copy_from_slice(text.as_bytes());
    Ok(bytes)
}

fn upload(rest: &Rest, version: &str) -> Result<String> {
    let body = rest.upload(&of_version(version)?)?.expect(201)?.body;
    Ok(body["id"].as_str().context("an id")?.to_owned())
}

/// What `config/validate` says of the key, for a source whose version is asked for so.
fn looked_at(rest: &Rest, version: Option<&str>) -> Result<Value> {
    let mut config = json!({"name": "v", "connector.class": SOURCE});
    if let Some(version) = version {
        config["connector.plugin.version"] = version.into();
    }
    let answer = rest.put(&format!("/connector-plugins/{SOURCE}/config/validate"), &config)?.expect(200)?;
    let configs = answer.body["configs"].as_array().context("a list")?;
    let of_version = configs.iter().find(|config| config["value"]["name"] == "connector.plugin.version");
    Ok(of_version.context("an entry for the version")?.clone())
}

#[test]
fn a_configuration_says_which_version_of_a_class_it_wants_and_a_connector_keeps_it() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique("versions");
    topics::create(bootstrap, topic, 1)?;
    let mut worker = Worker::new(bootstrap)?;
    worker.start()?;
    let rest = worker.rest();
    // Not in their order, and told apart as Maven does: 1.10 is later than 1.9, and a release than its candidate.
    let first = upload(&rest, "1.9")?;
    let last = upload(&rest, "1.10")?;
    upload(&rest, "1.10-rc1")?;

    let rows = rest.get("/connector-plugins")?.expect(200)?.body;
    let rows: Vec<_> = rows
        .as_array()
        .context("a list")?
        .iter()
        .filter(|row| row["class"] == SOURCE)
        .map(|row| &row["version"])
        .collect();
    ensure!(rows == ["1.9", "1.10-rc1", "1.10"], "each version is a row: {rows:?}");

    let latest = looked_at(&rest, None)?;
    ensure!(latest["definition"]["default_value"] == "1.10", "not the latest one: {latest}");
    ensure!(latest["value"]["recommended_values"] == json!(["1.9", "1.10-rc1", "1.10"]), "not all: {latest}");
    let none = looked_at(&rest, Some("[2,)"))?;
    let error = format!(
        "Plugin {SOURCE} not found that matches the version range [2,), available versions: [1.9, 1.10-rc1, 1.10]"
    );
    ensure!(none["value"]["errors"] == json!([error]), "another error: {none}");
    let config = |version| rest.get(&format!("/connector-plugins/{SOURCE}/config?version={version}"));
    config("1.9")?.expect(200)?;
    ensure!(config("3")?.expect(400)?.message().starts_with(&format!("Plugin {SOURCE} not found")), "another message");

    let create = |name: &str, version: &str| {
        rest.create(name, &json!({"connector.class": SOURCE, "topic": topic, "connector.plugin.version": version}))
    };
    let version = |name: &str| -> Result<Value> { Ok(rest.status(name)?["connector"]["version"].clone()) };
    for (name, wanted, got) in
        [("exact", "1.9", "1.9"), ("range", "[1.9,1.10)", "1.10-rc1"), ("latest", "latest", "1.10")]
    {
        create(name, wanted)?;
        let found = version(name)?;
        ensure!(found == got, "{name} asked for {wanted} and runs {found}");
    }
    upload(&rest, "2.0")?;
    rest.post("/connectors/latest/restart?includeTasks=true", &Value::Null)?.expect(202)?;
    rest.wait_running("latest", 1)?;
    ensure!(version("latest")? == "1.10", "it did not keep its version");

    let refused = rest.delete(&format!("/plugins/{last}"))?.expect(409)?;
    ensure!(refused.message().contains("latest"), "it does not say who uses it: {}", refused.body);
    rest.remove("exact")?;
    rest.delete(&format!("/plugins/{first}"))?.expect(204)?;
    ensure!(
        !looked_at(&rest, Some("1.9"))?["value"]["errors"].as_array().context("a list")?.is_empty(),
        "1.9 is still there"
    );
    worker.stop()
}
