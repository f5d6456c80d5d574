//! Test cases with their results, and the files that contain them.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json, json};

use crate::cases;

/// The members that define a case. All others are recorded.
const ASKED: [&str; 8] = ["transform", "config", "converter", "input", "other", "topic", "timestamp", "headers"];

/// A line of a recording, with or without its result.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Case(Json);

impl Case {
    /// Creates a case from a class name without `org.apache.kafka.connect.transforms.`, its configuration, whether JSON has an envelope
    /// with a schema, and the input, which is null if it is `None`.
    pub(crate) fn new(class: &str, config: &[(&str, &str)], schemas: bool, input: Option<&str>) -> Case {
        let config: Map<String, Json> = config.iter().map(|(key, value)| ((*key).into(), json!(value))).collect();
        let converter = json!({ "schemas.enable": schemas.to_string() });
        Case(json!({ "transform": class, "config": config, "converter": converter, "input": input }))
    }

    /// Sets another member: `other`, which is the other side of the record, read with the converter; `topic`; `timestamp`, a number; or
    /// `headers`, a list of pairs of a name and an input.
    pub(crate) fn with(mut self, member: &str, value: Json) -> Case {
        assert!(ASKED.contains(&member), "no member {member}");
        self.0[member] = value;
        self
    }

    pub(crate) fn read(line: &str) -> Case {
        Case(serde_json::from_str(line).expect("JSON"))
    }

    /// Returns the case without its result.
    pub(crate) fn asked(&self) -> Case {
        let members = self.0.as_object().expect("an object").iter();
        let asked = members.filter(|(name, _)| ASKED.contains(&name.as_str()));
        Case(Json::Object(asked.map(|(name, value)| (name.clone(), value.clone())).collect()))
    }

    pub(crate) fn outcome(&self) -> &Json {
        &self.0
    }

    /// Returns Weir's own result if it differs.
    pub(crate) fn weir(&self) -> Option<&Json> {
        self.0.get("weir")
    }

    pub(crate) fn set_weir(&mut self, outcome: Json, why: &str) {
        self.0["weir"] = outcome;
        self.0["why"] = json!(why);
    }

    pub(crate) fn why(&self) -> Option<&str> {
        self.text("why")
    }

    pub(crate) fn class(&self) -> &str {
        self.text("transform").expect("a class")
    }

    pub(crate) fn is_key(&self) -> bool {
        self.class().ends_with("$Key")
    }

    pub(crate) fn text(&self, member: &str) -> Option<&str> {
        self.0.get(member)?.as_str()
    }

    /// Returns a setting of the transform.
    pub(crate) fn config(&self, key: &str) -> Option<&str> {
        self.0["config"].get(key)?.as_str()
    }

    pub(crate) fn number(&self, member: &str) -> Option<i64> {
        self.0.get(member)?.as_i64()
    }

    /// Returns the members of an object of texts.
    pub(crate) fn entries(&self, member: &str) -> Vec<(String, String)> {
        let members = self.0[member].as_object().expect("an object");
        members.iter().map(|(key, value)| (key.clone(), value.as_str().expect("a text").into())).collect()
    }

    /// Returns the name and text of each header.
    pub(crate) fn headers(&self) -> Vec<(&str, Option<&str>)> {
        let headers = self.0.get("headers").and_then(Json::as_array);
        headers.into_iter().flatten().map(|header| (header[0].as_str().expect("a name"), header[1].as_str())).collect()
    }

    pub(crate) fn line(&self) -> String {
        self.0.to_string()
    }
}

/// A file of cases.
#[derive(Debug)]
pub(crate) struct Recording {
    name: &'static str,
    /// Creates the cases, or `None` if they were written by hand.
    made: Option<fn() -> Vec<Case>>,
    /// Why Weir's result differs, if that is intended.
    pub(crate) why: fn(&Case) -> Option<&'static str>,
}

impl Recording {
    pub(crate) fn all() -> Vec<Recording> {
        let mut all = vec![Recording { name: "first", made: None, why: |_| None }];
        let made = |(name, made, why)| Recording { name, made: Some(made), why };
        all.extend(cases::all().into_iter().map(made));
        all
    }

    pub(crate) fn name(&self) -> &str {
        self.name
    }

    pub(crate) fn path(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../tests/oracle/cases/transforms")
            .join(format!("{}.jsonl", self.name))
    }

    /// Returns the recorded cases.
    pub(crate) fn lines(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.path());
        let text = text.unwrap_or_else(|error| panic!("{}: {error}", self.path().display()));
        text.lines().map(str::to_owned).collect()
    }

    /// The reasons for differences are only in the file.
    pub(crate) fn is_by_hand(&self) -> bool {
        self.made.is_none()
    }

    /// Returns the cases to record.
    pub(crate) fn cases(&self) -> Vec<Case> {
        match self.made {
            Some(made) => made(),
            None => self.lines().iter().map(|line| Case::read(line).asked()).collect(),
        }
    }
}
