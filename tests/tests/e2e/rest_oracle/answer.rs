//! What is compared of two answers, after what must differ was made equal.

use serde_json::{Map, Value};
use weir_tests::http::Response;

/// Headers that say something of the connection or the server, not of the answer.
const NOT_COMPARED: [&str; 5] = ["date", "server", "content-length", "connection", "transfer-encoding"];

/// Headers whose value is a set.
const SETS: [&str; 2] = ["allow", "access-control-allow-methods"];

/// One thing in which two answers differ. What is not there is `-`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Difference {
    /// `status`, `header NAME`, `body`, `body /json/pointer`, `order /json/pointer`.
    pub(super) part: String,
    pub(super) theirs: String,
    pub(super) ours: String,
}

/// What has to be made equal on one side.
pub(super) struct Side<'a> {
    /// The name that stands for `{{side}}` there.
    pub(super) name: &'a str,
    /// The worker's `host:port`.
    pub(super) worker: &'a str,
}

pub(super) fn compare(theirs: (&Response, &Side<'_>), ours: (&Response, &Side<'_>)) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut note = |part: String, theirs: String, ours: String| found.push(Difference { part, theirs, ours });
    let (their, our) = (theirs.0, ours.0);
    if their.status != our.status {
        note("status".into(), their.status.to_string(), our.status.to_string());
    }
    let mut names: Vec<&str> = their.headers.iter().chain(&our.headers).map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names.into_iter().filter(|name| !NOT_COMPARED.contains(name)) {
        let (their, our) = (header(their, name, theirs.1), header(our, name, ours.1));
        if their != our {
            note(format!("header {name}"), their, our);
        }
    }
    match (json(&their.body, theirs.1), json(&our.body, ours.1)) {
        (Some(their), Some(our)) => structure("", &their, &our, &mut note),
        _ if their.body == our.body => {}
        _ => note("body".into(), text(their, theirs.1), text(our, ours.1)),
    }
    found
}

fn header(response: &Response, name: &str, side: &Side<'_>) -> String {
    let Some(value) = response.header(name) else { return "-".into() };
    if SETS.contains(&name) {
        let mut items: Vec<&str> = value.split(',').map(str::trim).collect();
        items.sort_unstable();
        return items.join(",");
    }
    // A date, whichever: the two workers did not answer at the same time.
    if value.ends_with(" GMT") && value.len() == 29 { "DATE".into() } else { level(&value, side) }
}

fn text(response: &Response, side: &Side<'_>) -> String {
    match String::from_utf8_lossy(&response.body) {
        text if text.is_empty() => "-".into(),
        text => level(&text, side),
    }
}

fn level(text: &str, side: &Side<'_>) -> String {
    text.replace(side.name, "SIDE").replace(side.worker, "WORKER")
}

fn json(body: &[u8], side: &Side<'_>) -> Option<Value> {
    let mut value = serde_json::from_slice(body).ok()?;
    normalise(&mut value, side);
    Some(value)
}

fn normalise(value: &mut Value, side: &Side<'_>) {
    match value {
        Value::String(text) => *text = level(text, side),
        Value::Array(items) => {
            items.iter_mut().for_each(|item| normalise(item, side));
            if let Some(named) = named(items) {
                *value = named.into();
            }
        }
        Value::Object(members) => {
            // The side's name may be a key, too.
            *members = std::mem::take(members).into_iter().map(|(key, value)| (level(&key, side), value)).collect();
            for (key, value) in members {
                match (key.as_str(), &value) {
                    ("version" | "trace", Value::String(text)) if !text.is_empty() => {
                        *value = key.to_uppercase().into();
                    }
                    ("last_modified", Value::Number(_)) => *value = "TIME".into(),
                    ("offsets", _) => {
                        normalise(value, side);
                        // Kafka Connect gives the partitions in the order of their hashes.
                        if let Value::Array(partitions) = value {
                            partitions.sort_by_key(Value::to_string);
                        }
                    }
                    _ => normalise(value, side),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A list of definitions or plugins by their names, so that one more in it is one difference, not one for all behind it.
fn named(items: &[Value]) -> Option<Map<String, Value>> {
    let mut members = Map::new();
    for item in items {
        let name = [&item["name"], &item["definition"]["name"], &item["value"]["name"], &item["class"]];
        let name = name.into_iter().find_map(Value::as_str)?;
        let name = format!("{name} {}", item["type"].as_str().unwrap_or_default()).trim().to_owned();
        if members.insert(name, item.clone()).is_some() {
            return None;
        }
    }
    (!members.is_empty()).then_some(members)
}

/// Finds where two values differ, each place once.
fn structure(at: &str, theirs: &Value, ours: &Value, note: &mut impl FnMut(String, String, String)) {
    match (theirs, ours) {
        (Value::Object(theirs), Value::Object(ours)) => {
            let there = |key: &String| theirs.contains_key(key) && ours.contains_key(key);
            let order = |members: &Map<String, Value>| {
                members.keys().filter(|key| there(key)).cloned().collect::<Vec<_>>().join(" ")
            };
            if order(theirs) != order(ours) {
                note(format!("order {at}"), order(theirs), order(ours));
            }
            let more = ours.keys().filter(|key| !theirs.contains_key(*key));
            for key in theirs.keys().chain(more) {
                let at = format!("{at}/{key}");
                match (theirs.get(key), ours.get(key)) {
                    (Some(theirs), Some(ours)) => structure(&at, theirs, ours, note),
                    (theirs, ours) => note(format!("body {at}"), show(theirs), show(ours)),
                }
            }
        }
        (Value::Array(theirs), Value::Array(ours)) if theirs.len() == ours.len() => {
            for (index, (theirs, ours)) in theirs.iter().zip(ours).enumerate() {
                structure(&format!("{at}/{index}"), theirs, ours, note);
            }
        }
        _ if theirs == ours => {}
        _ => note(format!("body {at}"), show(Some(theirs)), show(Some(ours))),
    }
}

fn show(value: Option<&Value>) -> String {
    match value {
        None => "-".into(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}
