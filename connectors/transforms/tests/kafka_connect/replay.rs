//! Runs a case: reads, transforms and writes a record as a worker does.

use std::collections::HashMap;

use serde_json::{Map, Value as Json, json};
use weir_data::converter::{Converter, converter};
use weir_data::records::{Column, Encoding, Format, Headers, Records, Topics, Values};
use weir_sdk::bindings::host::weir::connect::data::TransformBatch;
use weir_sdk::transform::Columns;

use crate::case::Case;
use crate::{plugins, records};

/// The default content of the side that the transform does not work on.
const OTHER_SIDE: &str = "other side";
const TOPIC: &str = "t";

/// Returns the result in the form of [`Case`]: `output`, and `changed` if more changed, or `error` and `message`.
pub(crate) fn outcome(case: &Case) -> Json {
    run(case).unwrap_or_else(|(stage, message)| json!({ "error": stage, "message": message }))
}

fn run(case: &Case) -> Result<Json, (&'static str, String)> {
    let mut chain = plugins::chain(case.class(), &case.entries("config")).map_err(|why| ("config", why))?;
    let settings: HashMap<_, _> = case.entries("converter").into_iter().collect();
    let mut converter = converter("Json", &settings, case.is_key()).expect("a converter");
    let before = record(case, &mut *converter).map_err(|why| ("read", why))?;
    let batch = only(records::to_guest(before.clone(), 0), chain.columns());
    let answer = records::to_host(chain.apply(batch).expect("an answer"));
    answer.check(&before).expect("what the runtime takes");
    let (after, origins, mut failures) = answer.into_records(before.clone());
    if let Some(failure) = failures.pop() {
        return Err(("transform", failure.message));
    }
    if origins.is_empty() {
        return Ok(json!({ "output": null, "changed": { "dropped": true } }));
    }
    let sides = |records: &Records| {
        let (key, value) = (records.keys.clone(), records.values.clone());
        if case.is_key() { (key, value) } else { (value, key) }
    };
    let mut write = |records: &Records, values: Values| write(&mut *converter, &records.formats, values);
    let fail = |why| ("write", why);
    let output = write(&after, sides(&after).0).map_err(fail)?;
    let mut changed = Map::new();
    let other = write(&after, sides(&after).1).map_err(fail)?;
    if other != write(&before, sides(&before).1).map_err(fail)? {
        changed.insert("other".into(), json!(other));
    }
    if after.topics.topic(0) != before.topics.topic(0) {
        changed.insert("topic".into(), json!(after.topics.topic(0)));
    }
    if after.partition(0) != before.partition(0) {
        changed.insert("partition".into(), json!(after.partition(0)));
    }
    if after.timestamp(0) != before.timestamp(0) {
        changed.insert("timestamp".into(), json!(after.timestamp(0)));
    }
    let mut headers = |records: &Records| -> Result<Vec<Json>, String> {
        let written = records.headers.all().map(|header| {
            let value = Values::from_column(Column::from_entries([header.value]), 1, header.format as u32);
            let name = String::from_utf8_lossy(header.name).into_owned();
            Ok(json!([name, write(records, value)?]))
        });
        written.collect()
    };
    let (found, given) = (headers(&after).map_err(fail)?, headers(&before).map_err(fail)?);
    if found != given {
        changed.insert("headers".into(), json!(found));
    }
    Ok(if changed.is_empty() { json!({ "output": output }) } else { json!({ "output": output, "changed": changed }) })
}

/// Reads a text with the converter.
fn record(case: &Case, converter: &mut dyn Converter) -> Result<Records, String> {
    let mut formats = vec![Format { encoding: Encoding::Utf8, schema: None }];
    let mut read = |text: Option<&str>| -> Result<Values, String> {
        let column = Column::from_entries([text]);
        let read = converter.to_connect(column, 1, &mut formats);
        match read.failures.first() {
            Some(failure) => Err(failure.message.clone()),
            None => Ok(read.output),
        }
    };
    let side = read(case.text("input"))?;
    let other = match case.outcome().get("other") {
        Some(other) => read(other.as_str())?,
        None => Values::from_column(Column::from_entries([Some(OTHER_SIDE)]), 1, 0),
    };
    let headers = case.headers();
    let mut values = Values::default();
    for (_, text) in &headers {
        let value = read(*text)?;
        values.formats.push(value.format(0) as u32);
        values.push_bytes(value.iter(1).next().flatten());
    }
    let (keys, values_column) = if case.is_key() { (side, other) } else { (other, side) };
    Ok(Records {
        count: 1,
        topics: Topics::all(case.text("topic").unwrap_or(TOPIC)),
        partitions: vec![0],
        timestamps: vec![case.number("timestamp").unwrap_or(-1)],
        formats,
        keys,
        values: values_column,
        headers: Headers {
            counts: vec![headers.len() as u32],
            names: Column::from_entries(headers.iter().map(|(name, _)| Some(*name))),
            values,
        },
    })
}

/// Removes the columns that the chain did not request.
fn only(mut batch: TransformBatch, columns: Columns) -> TransformBatch {
    let none =
        weir_sdk::bindings::host::weir::connect::data::Values { lengths: vec![], bytes: vec![], format_index: vec![] };
    let records = &mut batch.records;
    if !columns.contains(Columns::KEYS) {
        records.keys = none.clone();
    }
    if !columns.contains(Columns::VALUES) {
        records.values = none.clone();
    }
    if !columns.contains(Columns::HEADERS) {
        records.headers.counts.clear();
        records.headers.names.lengths.clear();
        records.headers.names.bytes.clear();
        records.headers.values = none;
    }
    batch
}

fn write(converter: &mut dyn Converter, formats: &[Format], values: Values) -> Result<Option<String>, String> {
    let written = converter.from_connect(formats, values, 1);
    match written.failures.first() {
        Some(failure) => Err(failure.message.clone()),
        None => {
            let bytes = written.output.iter(1).next().flatten();
            Ok(bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned()))
        }
    }
}

/// Returns whether a result is the recorded one. The fields of a struct are ordered, those of a map are not.
pub(crate) fn same(expected: &Json, found: &Json) -> bool {
    if expected.get("error").is_some() {
        // More details of Weir may follow the converter's message.
        let message = |value: &Json| value["message"].as_str().unwrap_or_default().to_owned();
        return expected["error"] == found["error"] && message(found).starts_with(&message(expected));
    }
    let read = |outcome: &Json| {
        let changed = outcome.get("changed").map(|changed| {
            let changed = changed.as_object().expect("an object");
            // The partition of a key depends on its bytes.
            let order = |value: &Json| json!([comparable(value), names(value)]);
            changed.iter().map(|(member, value)| (member.clone(), order(value))).collect::<Json>()
        });
        outcome.get("output").map(|output| (comparable(output), changed))
    };
    read(expected).is_some() && read(expected) == read(found)
}

/// Returns the names of the members of a map in their order.
fn names(output: &Json) -> Vec<String> {
    let map = output.as_str().and_then(|text| serde_json::from_str::<serde_json::Map<String, Json>>(text).ok());
    map.into_iter().flatten().map(|(name, _)| name).collect()
}

/// Returns the text of a map as a map.
fn comparable(output: &Json) -> Json {
    let map = output.as_str().filter(|text| text.starts_with('{') && !text.starts_with("{\"schema\":"));
    let envelope = output.as_str().and_then(|text| text.strip_prefix("{\"schema\":null,\"payload\":"));
    match (map, envelope) {
        (Some(map), _) => serde_json::from_str(map).expect("JSON"),
        (_, Some(payload)) => json!([serde_json::from_str::<Json>(&payload[..payload.len() - 1]).expect("JSON")]),
        _ => output.clone(),
    }
}

/// Returns whether two results are equal if numbers without a schema are read as Java's long and double.
pub(crate) fn same_but_for_digits(expected: &Json, found: &Json) -> bool {
    fn read(value: Json) -> Json {
        match value {
            Json::Number(number) => {
                let text = number.to_string();
                let long = text.parse::<i128>().ok().map(|long| json!(long as i64));
                long.or_else(|| Some(json!(text.parse::<f64>().ok()?))).unwrap_or(Json::Null)
            }
            Json::Array(items) => items.into_iter().map(read).collect(),
            Json::Object(members) => members.into_iter().map(|(name, value)| (name, read(value))).collect(),
            Json::String(text) if text.starts_with("{\"schema\":{") => Json::String(text),
            Json::String(text) => serde_json::from_str(&text).map_or(Json::String(text), read),
            other => other,
        }
    }
    let [expected, found] = [expected, found].map(|outcome| {
        let part = |member| outcome.get(member).cloned().map(read);
        (part("output"), part("changed"))
    });
    expected.0.is_some() && expected == found
}

/// Returns whether two outputs are equal except for digits that a 32-bit floating-point number cannot represent.
pub(crate) fn same_as_floats(expected: &Json, found: &Json) -> bool {
    fn read(value: Json) -> Json {
        match value {
            Json::Number(number) => {
                let float = number.to_string().parse::<f32>().unwrap_or_default();
                json!(float.to_bits())
            }
            Json::Array(items) => items.into_iter().map(read).collect(),
            Json::Object(members) => members.into_iter().map(|(name, value)| (name, read(value))).collect(),
            Json::String(text) => match text.parse::<f32>() {
                Ok(float) if float.is_finite() => json!([float.to_bits()]),
                _ => Json::String(text),
            },
            other => other,
        }
    }
    let [expected, found] = [expected, found].map(|outcome| {
        let output = outcome["output"].as_str().and_then(|text| serde_json::from_str::<Json>(text).ok());
        output.filter(|_| outcome.get("changed").is_none()).map(read)
    });
    expected.is_some() && expected == found
}
