//! The example plugins in other languages than Rust (`sdk/examples`): a transform after a source, the same before a sink, and a sink.
//!
//! `cargo xtask languages` builds them. A language whose components are not there is skipped, and the test says so even if its output is
//! not shown.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use weir_tests::rest::Rest;
use weir_tests::topics::{self, Record};
use weir_tests::worker::Worker;
use weir_tests::{kafka, paths, wait};

use crate::support::{source, with};

/// Enough that Go's garbage collector runs many times, and that each language gets several batches.
const LINES: usize = 20_000;
const WITHIN: Duration = Duration::from_secs(120);

const UPLOAD: Duration = Duration::from_secs(300);

const JSON: [(&str, &str); 2] =
    [("value.converter", "org.apache.kafka.connect.json.JsonConverter"), ("value.converter.schemas.enable", "false")];

#[test]
fn plugins_in_javascript_transform_and_receive_records() -> Result<()> {
    check("javascript")
}

#[test]
fn plugins_in_python_transform_and_receive_records() -> Result<()> {
    check("python")
}

#[test]
fn plugins_in_c_transform_and_receive_records() -> Result<()> {
    check("c")
}

#[test]
fn plugins_in_go_transform_and_receive_records() -> Result<()> {
    check("go")
}

fn check(language: &str) -> Result<()> {
    let directory = paths::languages().join(language);
    if !directory.is_dir() {
        // Past the test harness, which shows only what failed tests print.
        writeln!(
            io::stderr(),
            "\nSKIPPED: plugins in {language} are not tested, because {} does not exist; run `cargo xtask languages`",
            directory.display()
        )?;
        return Ok(());
    }
    let mut scene = Scene::set(language, &directory)?;
    scene.a_wrong_configuration_is_rejected()?;
    scene.records_of_a_source_are_transformed()?;
    scene.a_sink_receives_transformed_records()?;
    scene.a_sink_gets_records_again_that_it_wants_later()?;
    scene.worker.stop()
}

/// Uploads a component, and again if the worker's limit for a request has passed, while the worker continues to compile.
fn upload(rest: &Rest, component: &Path) -> Result<()> {
    let bytes = fs::read(component).with_context(|| component.display().to_string())?;
    let answer = wait::until("an upload that ends in time", UPLOAD, || match rest.upload(&bytes) {
        Ok(answer) if answer.message().starts_with("Request timed out") => Err(answer.message().to_owned()),
        other => Ok(other),
    });
    let answer = answer??;
    ensure!(matches!(answer.status, 200 | 201), "{}: {}", component.display(), answer.body);
    Ok(())
}

/// A worker to which the components of a language were uploaded.
struct Scene {
    language: String,
    bootstrap: &'static str,
    worker: Worker,
}

impl Scene {
    fn set(language: &str, directory: &Path) -> Result<Scene> {
        let bootstrap = kafka::bootstrap()?;
        // Compiling a component of more than 10 MB takes long while other tests run.
        let mut worker = Worker::new(bootstrap)?.set("weir.plugin.compile.timeout.ms", "300000");
        worker.start()?;
        for component in ["uppercase.wasm", "log-sink.wasm"] {
            upload(&worker.rest(), &directory.join(component))?;
        }
        Ok(Scene { language: language.to_owned(), bootstrap, worker })
    }

    fn class(&self, name: &str) -> String {
        format!("org.example.{}.{name}", self.language)
    }

    /// A topic, whose name is also that of the connector that uses it.
    fn topic(&self, name: &str) -> Result<String> {
        let topic = topics::unique(&format!("{}-{name}", self.language));
        topics::create(self.bootstrap, &topic, 1)?;
        Ok(topic)
    }

    /// The configuration of the sink.
    fn log_sink(&self, topic: &str) -> Value {
        json!({"connector.class": self.class("LogSink"), "topics": topic, "prefix": format!("{topic}:")})
    }

    /// Upper-cases `name`.
    fn uppercase(&self, config: &Value) -> Value {
        with(config, &[("transforms.upper.type", &self.class("Uppercase")), ("transforms.upper.field", "name")])
    }

    fn wait_for_commit(&mut self, topic: &str, count: i64) -> Result<()> {
        wait::until("all records to be committed", WITHIN, || {
            self.worker.check_runs()?;
            match topics::committed(self.bootstrap, &format!("connect-{topic}"), topic) {
                Ok(offset) if offset == count => Ok(()),
                other => Err(format!("{other:?}; {}", self.worker.rest().status(topic).unwrap_or_default())),
            }
        })
    }

    /// The definition that the component describes is checked.
    fn a_wrong_configuration_is_rejected(&mut self) -> Result<()> {
        let missing = with(
            &self.log_sink("any"),
            &[("transforms", "upper"), ("transforms.upper.type", &self.class("Uppercase"))],
        );
        let answer =
            self.worker.rest().post("/connectors", &json!({"name": "missing", "config": missing}))?.expect(400)?;
        ensure!(answer.message().contains("field"), "it does not name the key: {}", answer.body);
        Ok(())
    }

    fn records_of_a_source_are_transformed(&mut self) -> Result<()> {
        let topic = &self.topic("transformed")?;
        let input = self.worker.data().join("input");
        let line = |number: usize| format!("line {number}: the \"quick\" brown fox jumps over the lazy dog");
        fs::write(&input, (0..LINES).map(|number| line(number) + "\n").collect::<String>())?;
        let steps = [
            ("transforms", "wrap,upper"),
            ("transforms.wrap.type", "org.apache.kafka.connect.transforms.HoistField$Value"),
            ("transforms.wrap.field", "name"),
        ];
        let config = self.uppercase(&with(&with(&source(&input, topic), &JSON), &steps));
        self.worker.rest().create(topic, &config)?;
        wait::until("all records in the topic", WITHIN, || {
            self.worker.check_runs()?;
            match topics::count(self.bootstrap, topic) {
                Ok(count) if count >= LINES as u64 => Ok(()),
                other => Err(format!("{other:?}; {}", self.worker.rest().status(topic).unwrap_or_default())),
            }
        })?;
        let values = topics::values(self.bootstrap, topic)?;
        ensure!(values.len() == LINES, "{} records", values.len());
        for (number, value) in values.iter().enumerate() {
            let value: Value = serde_json::from_str(value).with_context(|| value.clone())?;
            ensure!(value == json!({"name": line(number).to_uppercase()}), "record {number}: {value}");
        }
        self.worker.rest().remove(topic)
    }

    fn a_sink_receives_transformed_records(&mut self) -> Result<()> {
        let topic = &self.topic("received")?;
        let values = [
            Some(r#"{"name":"ada","number":12}"#),
            None,
            Some(r#"{"list":["name","eve"],"name":"Ève","other":{"name":"bob"},"text":"\"name\":\"dan\""}"#),
            Some(r#"{"name":17}"#),
            Some(r#"["name","eve"]"#),
        ];
        let record = |value: &Option<&str>| Record { value: value.map(|text| text.into()), ..Record::default() };
        topics::produce(self.bootstrap, topic, &values.iter().map(record).collect::<Vec<_>>())?;
        // The sink reports the record without a value as failed.
        let more = [("transforms", "upper"), ("errors.tolerance", "all"), ("errors.log.enable", "true")];
        let config = self.uppercase(&with(&with(&self.log_sink(topic), &JSON), &more));
        self.worker.rest().create(topic, &config)?;
        self.wait_for_commit(topic, values.len() as i64)?;
        self.worker.wait_for_log("there is no value")?;
        self.worker.wait_for_log(&format!("{topic}: [\"name\",\"eve\"]"))?;
        let log = self.worker.log();
        for value in [
            r#"{"name":"ADA","number":12}"#,
            r#"{"list":["name","eve"],"name":"ÈVE","other":{"name":"bob"},"text":"\"name\":\"dan\""}"#,
            r#"{"name":17}"#,
        ] {
            ensure!(log.contains(&format!("{topic}: {value}")), "{value} is not in the log:\n{log}");
        }
        self.worker.rest().remove(topic)
    }

    fn a_sink_gets_records_again_that_it_wants_later(&mut self) -> Result<()> {
        let topic = &self.topic("later")?;
        let record = Record { value: Some("retry".into()), ..Record::default() };
        topics::produce(self.bootstrap, topic, &[record])?;
        self.worker.rest().create(topic, &self.log_sink(topic))?;
        self.worker.wait_for_log("a value asks for another try")?;
        let status = self.worker.rest().status(topic)?;
        ensure!(status["tasks"][0]["state"] == "RUNNING", "{status}");
        ensure!(topics::committed(self.bootstrap, &format!("connect-{topic}"), topic)? == 0, "it is committed");
        self.worker.rest().remove(topic)
    }
}
