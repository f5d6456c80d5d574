//! Compares the records of the internal topics with those of Kafka Connect 4.3.1.
//!
//! Each line of `tests/oracle/cases/internal-topics.jsonl` is something that its stores were made to write, with the records that they
//! wrote, or records that they were given to read, with their state afterwards. Where Weir differs on purpose, the line also has Weir's
//! result in `weir`, and the reason in `why`. `cargo xtask record internal-topics` records the lines again.

mod config;
mod offsets;
mod status;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use weir_storage::topics::{NewRecord, ReadRecord};

const CASES: &str = include_str!("../../../../tests/oracle/cases/internal-topics.jsonl");

/// Runs all cases of one kind. `run` returns the members of the result.
fn run_cases(kind: &str, run: impl Fn(&Value) -> Value) {
    let cases = CASES.lines().map(|line| serde_json::from_str::<Value>(line).expect("a case"));
    let mut count = 0;
    let mut different = Vec::new();
    for case in cases.filter(|case| case["do"] == kind) {
        count += 1;
        let own = run(&case);
        let differs = case.get("weir").is_some_and(|_| case["why"].is_string());
        let expected = if differs { &case["weir"] } else { &case };
        for (name, own) in own.as_object().expect("an object") {
            let expected = &expected[name];
            if !same(own, expected) {
                let case = case["name"].as_str().unwrap_or_default();
                different.push(format!("{case}: {name}\n  expected {expected}\n       got {own}"));
            }
        }
    }
    assert!(count > 0, "there are no cases of {kind}");
    assert!(different.is_empty(), "{} differences\n{}", different.len(), different.join("\n"));
}

/// Whether two values are equal, whatever the order of members.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, one)| other.get(name).is_some_and(|other| same(one, other)))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        _ => one == other,
    }
}

fn text<'a>(case: &'a Value, member: &str) -> &'a str {
    case[member].as_str().unwrap_or_else(|| panic!("{member} of {case}"))
}

/// The bytes of a member, which are in Base64 where they are not UTF-8; `None` for null.
fn bytes(case: &Value, member: &str) -> Option<Vec<u8>> {
    match case.get(format!("{member}_base64")).and_then(Value::as_str) {
        Some(base64) => Some(STANDARD.decode(base64).expect("Base64")),
        None => case[member].as_str().map(|text| text.as_bytes().to_vec()),
    }
}

/// Passes the records in a list of a case to `each`.
fn read(case: &Value, list: &str, mut each: impl FnMut(ReadRecord<'_>)) {
    let first = case["first_offset"].as_i64().unwrap_or(0);
    for (offset, record) in (first..).zip(case[list].as_array().expect("records")) {
        let (key, value) = (bytes(record, "key"), bytes(record, "value"));
        each(ReadRecord { offset, key: key.as_deref(), value: value.as_deref() });
    }
}

/// The records as Kafka Connect's are recorded.
fn written(records: impl IntoIterator<Item = NewRecord>) -> Value {
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    records.into_iter().map(|record| json!({"key": record.key, "value": record.value.map(text)})).collect()
}

fn sorted<T>(entries: impl IntoIterator<Item = (String, T)>) -> Value
where
    Value: From<T>,
{
    entries.into_iter().map(|(name, value)| (name, Value::from(value))).collect::<Map<_, _>>().into()
}
