//! Validation beside Kafka Connect's: the same configurations, put to both workers' `config/validate`, give the same answers, entry by
//! entry. Each line of `cases/validation/cases.jsonl` is one; those that are wrong are also put to `POST /connectors`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::{Value, json};
use weir_tests::connect::Connect;
use weir_tests::rest::{Answer, Rest};
use weir_tests::worker::Worker;
use weir_tests::{jars, kafka, paths};

/// A configuration. `{data}` stands for the directory that connectors may use, `VERSION` for the version of the worker that is asked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What is looked at.
    why: String,
    /// The plugin in the path.
    plugin: String,
    config: Value,
    /// Weir has something else against it than Kafka Connect, on purpose: what, and the reason.
    #[serde(default)]
    differs: Option<Difference>,
}

/// Where Weir differs.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Difference {
    /// Why that is better, or cannot be otherwise.
    #[serde(rename = "why")]
    _why: String,
    /// Each error of Weir's, with its key.
    errors: Vec<(String, String)>,
}

/// Weir's own version: every plugin that ships with it has it.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The group of keys that Kafka Connect does not have.
const WEIRS_OWN: &str = "Weir";

struct Side {
    rest: Rest,
    version: &'static str,
}

impl Side {
    fn validate(&self, case: &Case, data: &str) -> Result<Answer> {
        self.rest
            .put(&format!("/connector-plugins/{}/config/validate", case.plugin), &self.filled_in(&case.config, data)?)
    }

    fn create(&self, case: &Case, data: &str) -> Result<Answer> {
        let config = self.filled_in(&case.config, data)?;
        self.rest.post("/connectors", &json!({"name": config["name"], "config": config}))
    }

    fn filled_in(&self, config: &Value, data: &str) -> Result<Value> {
        let text = config.to_string().replace("{data}", data).replace("VERSION", self.version);
        serde_json::from_str(&text).context("a configuration")
    }

    /// The text without what has to differ: versions, and what there is to choose from.
    fn normal(&self, text: &str) -> String {
        // Kafka Connect's classes are there twice, on the class path and in a plugin directory.
        // Weir's converters have the version of Kafka Connect's, and its plugins one of their own.
        let text = text.replace(jars::VERSION, "VERSION").replace(self.version, "VERSION");
        let mut text = text.replace("[VERSION, VERSION]", "[VERSION]");
        // It says so when it has said the same before.
        text = text.replace("org.apache.kafka.connect.errors.ConnectException: Failed to find", "Failed to find");
        // An expression that is missing is a NullPointerException, whose text names variables of Java's code.
        if let Some(at) = text.find("Cannot invoke ") {
            let to = text[at..].find('\n').map_or(text.len(), |to| at + to);
            text.replace_range(at..to, "null");
        }
        let begin = "available connectors are: ";
        if let Some(at) = text.find(begin) {
            text.replace_range(at + begin.len().., "...");
        }
        text
    }

    /// An answer without what has to differ.
    fn normalised(&self, answer: &Value) -> Value {
        match answer {
            Value::String(text) => self.normal(text).into(),
            Value::Array(entries) => entries.iter().map(|entry| self.normalised(entry)).collect(),
            Value::Object(members) => {
                let members = members.iter().map(|(name, value)| match (name.as_str(), value) {
                    // Weir has fewer transforms; `choices` looks at these.
                    ("recommended_values", Value::Array(choices)) if are_classes(choices) => (name.clone(), json!([])),
                    ("recommended_values", Value::Array(choices)) => {
                        let mut choices = choices.clone();
                        choices.dedup();
                        (name.clone(), self.normalised(&choices.into()))
                    }
                    _ => (name.clone(), self.normalised(value)),
                });
                members.collect()
            }
            other => other.clone(),
        }
    }
}

fn are_classes(choices: &[Value]) -> bool {
    choices
        .iter()
        .any(|choice| choice.as_str().is_some_and(|choice| choice.starts_with("org.apache.kafka.connect.transforms.")))
}

/// All errors of an answer, with their keys.
fn errors(answer: &Value, side: &Side) -> Vec<(String, String)> {
    let configs = answer["configs"].as_array().into_iter().flatten();
    configs
        .flat_map(|config| {
            let key = config["value"]["name"].as_str().unwrap_or_default();
            let errors = config["value"]["errors"].as_array().into_iter().flatten();
            errors.map(move |error| (key.to_owned(), side.normal(error.as_str().unwrap_or_default())))
        })
        .collect()
}

/// Classes that are recommended anywhere in an answer.
fn choices(answer: &Value) -> BTreeSet<&str> {
    let values = answer["configs"].as_array().into_iter().flatten();
    let choices = values
        .filter_map(|config| config["value"]["recommended_values"].as_array())
        .filter(|choices| are_classes(choices));
    choices.flatten().filter_map(Value::as_str).collect()
}

/// Keys of an answer that have no definition.
fn undefined(answer: &Value) -> BTreeSet<&str> {
    let configs = answer["configs"].as_array().into_iter().flatten();
    configs
        .filter(|config| config["definition"].is_null())
        .filter_map(|config| config["value"]["name"].as_str())
        .collect()
}

/// What differs between two answers, entry by entry where they have entries.
fn differences(theirs: &Value, ours: &Value) -> String {
    let (Some(their_configs), Some(our_configs)) = (theirs["configs"].as_array(), ours["configs"].as_array()) else {
        return match theirs == ours {
            true => String::new(),
            false => format!("\n  Kafka Connect: {theirs}\n  Weir:          {ours}"),
        };
    };
    let mut report = String::new();
    for name in ["name", "error_count", "groups"] {
        if theirs[name] != ours[name] {
            let _ = write!(report, "\n  {name}: {} is {}", theirs[name], ours[name]);
        }
    }
    let names =
        |configs: &[Value]| configs.iter().map(|config| config["value"]["name"].to_string()).collect::<Vec<_>>();
    let (their_names, our_names) = (names(their_configs), names(our_configs));
    if their_names != our_names {
        let _ = write!(report, "\n  keys:\n    {}\n    {}", their_names.join(" "), our_names.join(" "));
    }
    for (theirs, ours) in their_configs.iter().zip(our_configs) {
        for part in ["definition", "value"] {
            if theirs[part] != ours[part] {
                let _ = write!(report, "\n  {part} {}\n       is {}", theirs[part], ours[part]);
            }
        }
    }
    report
}

fn cases() -> Result<Vec<Case>> {
    let path = paths::root().join("tests/cases/validation/cases.jsonl");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    text.lines().map(|line| serde_json::from_str(line).with_context(|| line.to_owned())).collect()
}

#[test]
fn kafka_connect_and_weir_say_the_same_of_a_configuration() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let mut connect = Connect::launch(bootstrap, &Default::default())?;
    let mut worker = Worker::new(bootstrap)?;
    worker.start()?;
    connect.wait_healthy()?;
    let theirs = Side { rest: connect.rest().clone(), version: jars::VERSION };
    let ours = Side { rest: worker.rest(), version: VERSION };
    let data = worker.data().display().to_string();

    let cases = cases()?;
    ensure!(cases.len() > 150, "only {} cases were found", cases.len());
    let mut report = String::new();
    for case in &cases {
        let (their_answer, our_answer) = (theirs.validate(case, &data)?, ours.validate(case, &data)?);
        let mut found = String::new();
        let (theirs_undefined, ours_undefined) = (undefined(&their_answer.body), undefined(&our_answer.body));
        if !ours_undefined.is_subset(&theirs_undefined) {
            writeln!(report, "\n{} {}\n  without a definition: {ours_undefined:?}", case.why, case.config)?;
        }
        if let Some(difference) = &case.differs {
            let errors = errors(&our_answer.body, &ours);
            let expected: Vec<_> =
                difference.errors.iter().map(|(key, error)| (key.clone(), error.replace("{data}", &data))).collect();
            if errors != expected {
                writeln!(report, "\n{} {}\n  {expected:?}\n  {errors:?}", case.why, case.config)?;
            }
            let same = theirs.normalised(&their_answer.body) == ours.normalised(&our_answer.body);
            ensure!(!same, "{} is said to differ and does not", case.why);
            continue;
        }
        if their_answer.status != our_answer.status {
            write!(found, "\n  status: {} is {}", their_answer.status, our_answer.status)?;
        }
        let (their_choices, our_choices) = (choices(&their_answer.body), choices(&our_answer.body));
        if !our_choices.is_subset(&their_choices) || our_choices.is_empty() != their_choices.is_empty() {
            write!(found, "\n  classes: {their_choices:?} are {our_choices:?}")?;
        }
        found += &differences(&theirs.normalised(&their_answer.body), &ours.normalised(&our_answer.body));
        if their_answer.body["error_count"] != 0 && our_answer.body["error_count"] != 0 {
            let (their_answer, our_answer) = (theirs.create(case, &data)?, ours.create(case, &data)?);
            let (their_text, our_text) = (theirs.normal(their_answer.message()), ours.normal(our_answer.message()));
            // Kafka Connect fails over a version that nobody has when it is asked for it a second time.
            let is_their_bug = their_answer.status == 500 && their_answer.message().contains("Cannot invoke ");
            if !is_their_bug && (their_answer.status, &their_text) != (our_answer.status, &our_text) {
                let (their_status, our_status) = (their_answer.status, our_answer.status);
                write!(found, "\n  POST: {their_status} {their_text:?}\n     is {our_status} {our_text:?}")?;
            }
        }
        if !found.is_empty() {
            writeln!(report, "\n{} {}{found}", case.why, case.config)?;
        }
    }
    definitions(&theirs, &ours, &mut report)?;
    if !report.is_empty() {
        bail!("Weir and Kafka Connect differ:\n{report}");
    }
    worker.stop()
}

/// Compares the plugins that both have, and the keys of each.
fn definitions(theirs: &Side, ours: &Side, report: &mut String) -> Result<()> {
    let list = |side: &Side| -> Result<Vec<String>> {
        let body = side.rest.get("/connector-plugins?connectorsOnly=false")?.expect(200)?.body;
        let rows = side.normalised(&body);
        Ok(rows.as_array().context("a list")?.iter().map(Value::to_string).collect())
    };
    let (their_rows, our_rows) = (list(theirs)?, list(ours)?);
    let common: Vec<_> = their_rows.iter().filter(|row| our_rows.contains(row)).collect();
    if common != our_rows.iter().collect::<Vec<_>>() {
        writeln!(report, "\nplugins\n  {their_rows:?}\n  {our_rows:?}")?;
    }
    for row in &our_rows {
        let row: Value = serde_json::from_str(row)?;
        let class = row["class"].as_str().context("a class")?.replace('$', "%24");
        let own = ours.rest.get(&format!("/connector-plugins/{class}/config?weirKeys=true"))?.expect(200)?;
        let has_own = own.body.as_array().is_some_and(|keys| keys.iter().any(|key| key["group"] == WEIRS_OWN));
        ensure!(has_own == matches!(row["type"].as_str(), Some("source" | "sink")), "{class}: {}", own.body);
        for query in ["", "?version=latest", "?version=[0,99)"] {
            let get = |side: &Side| side.rest.get(&format!("/connector-plugins/{class}/config{query}"));
            let (their_answer, our_answer) = (get(theirs)?, get(ours)?);
            let found = differences(&theirs.normalised(&their_answer.body), &ours.normalised(&our_answer.body));
            if their_answer.status != our_answer.status || !found.is_empty() {
                writeln!(report, "\n{class}{query} {} {}{found}", their_answer.status, our_answer.status)?;
            }
        }
    }
    for path in [
        "Nope/config",
        "Json/config?version=[1",
        "Json/config?version=99",
        "FileConfigProvider/config",
        "Simple/config",
    ] {
        let get = |side: &Side| side.rest.get(&format!("/connector-plugins/{path}"));
        let (their_answer, our_answer) = (get(theirs)?, get(ours)?);
        let found = differences(&theirs.normalised(&their_answer.body), &ours.normalised(&our_answer.body));
        if their_answer.status != our_answer.status || !found.is_empty() {
            writeln!(report, "\n{path} {} {}{found}", their_answer.status, our_answer.status)?;
        }
    }
    Ok(())
}
