//! Compares the converters with those of Kafka Connect 4.3.1.
//!
//! Each line of `tests/oracle/cases/converters.jsonl` was recorded by reading `input` with one of its converters and writing the
//! result with another (in UTC): the bytes, or which of the two failed and with which message. Where Weir differs on purpose, the line
//! also has Weir's result in `weir`, and the reason in `why`. `cargo xtask record converters` records the lines again.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use weir_data::converter::{Converted, Converter, HeaderConverter, converter, header_converter};
use weir_data::records::{Column, Format, Records, Topics, Values};

const CASES: &str = include_str!("../../../tests/oracle/cases/converters.jsonl");

enum Either {
    Data(Box<dyn Converter>),
    Header(Box<dyn HeaderConverter>),
}

impl Either {
    fn make(class: &str, settings: &str) -> Result<Self, String> {
        let pairs = settings.split(';').filter_map(|pair| pair.split_once('='));
        let settings: HashMap<_, _> = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        if class == "Simple" {
            header_converter(class, &settings).map(Self::Header).map_err(|error| error.to_string())
        } else {
            converter(class, &settings, false).map(Self::Data).map_err(|error| error.to_string())
        }
    }

    fn read(&mut self, column: Column, formats: &mut Vec<Format>) -> Converted<Values> {
        match self {
            Self::Data(converter) => converter.to_connect(column, 1, formats),
            Self::Header(converter) => converter.to_connect(column, 1, formats),
        }
    }

    fn write(&mut self, formats: &[Format], values: Values) -> Converted<Column> {
        match self {
            Self::Data(converter) => converter.from_connect(formats, values, 1),
            Self::Header(converter) => converter.from_connect(formats, values, 1),
        }
    }
}

/// The bytes of a member, which are in base64 where they are not UTF-8.
fn bytes(case: &Value, member: &str) -> Option<Vec<u8>> {
    let base64 = case.get(format!("{member}_base64")).and_then(Value::as_str);
    let base64 = base64.map(|base64| STANDARD.decode(base64).expect("base64"));
    base64.or_else(|| Some(case.get(member)?.as_str()?.as_bytes().to_vec()))
}

fn outcome(case: &Value) -> Value {
    let text = |member: &str| case[member].as_str().expect("a string");
    let made = Either::make(text("read"), text("read_settings"))
        .and_then(|read| Ok((read, Either::make(text("write"), text("write_settings"))?)));
    let (mut read, mut write) = match made {
        Ok(both) => both,
        Err(message) => return json!({ "error": "config", "message": message }),
    };
    let mut formats = Vec::new();
    let column = Column::from_entries([bytes(case, "input")]);
    let Converted { output: values, failures } = read.read(column, &mut formats);
    // Whatever is read is a batch that a plugin may be given.
    let topics = Topics::all("t");
    let records = Records { count: 1, topics, formats: formats.clone(), values: values.clone(), ..Records::default() };
    records.check().expect("a valid batch");
    if let Some(failure) = failures.first() {
        return json!({ "error": "read", "message": failure.message });
    }
    let Converted { output, failures } = write.write(&formats, values);
    if let Some(failure) = failures.first() {
        return json!({ "error": "write", "message": failure.message });
    }
    match output.iter(1).next().flatten() {
        None => json!({ "output": null }),
        Some(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => json!({ "output": text }),
            Err(_) => json!({ "output_base64": STANDARD.encode(bytes) }),
        },
    }
}

/// Whether an outcome is the one recorded. Behind Kafka Connect's message there may be more of Weir's own.
fn same(expected: &Value, found: &Value) -> bool {
    let message = |value: &Value| value["message"].as_str().unwrap_or_default().to_owned();
    match expected.get("error") {
        Some(error) => found.get("error") == Some(error) && message(found).starts_with(&message(expected)),
        None => {
            found.get("error").is_none()
                && found.get("output") == expected.get("output")
                && found.get("output_base64") == expected.get("output_base64")
        }
    }
}

#[test]
fn converters_do_what_those_of_kafka_connect_do() {
    let mut wrong = Vec::new();
    for line in CASES.lines() {
        let case: Value = serde_json::from_str(line).expect("JSON");
        let expected = case.get("weir").unwrap_or(&case);
        let found = catch_unwind(AssertUnwindSafe(|| outcome(&case))).unwrap_or_else(|_| json!({ "error": "panic" }));
        if !same(expected, &found) {
            wrong.push(format!("{line}\n  found {found}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
