//! Schemas and values as deep as Kafka Connect's JSON parser reads them do not exhaust a stack.

use std::collections::HashMap;

use weir_data::converter::converter;
use weir_data::records::Column;
use weir_data::schema_check::STACK;

/// A record in an envelope, and what is read and written of it, if anything.
fn converted(envelope: String, write: &'static str) -> Result<String, String> {
    // The other half is for what calls a converter.
    let thread = std::thread::Builder::new().stack_size(STACK / 2).spawn(move || {
        let settings = HashMap::new();
        let mut read = converter("JsonConverter", &settings, false).expect("a converter");
        let mut write = converter(write, &settings, false).expect("a converter");
        let mut formats = Vec::new();
        let values = read.to_connect(Column::from_entries([Some(envelope)]), 1, &mut formats);
        if let Some(failure) = values.failures.first() {
            return Err(failure.message.clone());
        }
        let column = write.from_connect(&formats, values.output, 1);
        match column.failures.first() {
            Some(failure) => Err(failure.message.clone()),
            None => Ok(String::from_utf8_lossy(&column.output.bytes).into_owned()),
        }
    });
    thread.expect("a thread").join().expect("no panic")
}

fn lists(depth: usize) -> String {
    let schema =
        [r#"{"type":"array","items":"#.repeat(depth), r#"{"type":"int8"}"#.to_owned(), "}".repeat(depth)].concat();
    format!(r#"{{"schema":{schema},"payload":{}1{}}}"#, "[".repeat(depth), "]".repeat(depth))
}

fn structs(depth: usize) -> String {
    let begin = r#"{"type":"struct","optional":true,"field":"f","fields":["#;
    let schema = [begin.repeat(depth), r#"{"type":"int8","field":"f"}"#.to_owned(), "]}".repeat(depth)].concat();
    format!(r#"{{"schema":{schema},"payload":{}1{}}}"#, r#"{"f":"#.repeat(depth), "}".repeat(depth))
}

#[test]
fn envelopes_as_deep_as_kafka_connects_parser_reads_them_pass() {
    for (envelope, depth) in [(lists(998), 998), (structs(499), 499)] {
        let again = converted(envelope.clone(), "JsonConverter").expect("converted");
        assert_eq!(again.matches(r#""type""#).count(), depth + 1);
        let text = converted(envelope, "StringConverter").expect("printed");
        assert!(text.contains('1'), "{text}");
    }
}

#[test]
fn deeper_envelopes_are_rejected() {
    for envelope in [lists(999), structs(500)] {
        assert!(converted(envelope, "JsonConverter").unwrap_err().contains("more than 1000 levels"));
    }
}
