//! Inputs for the cases of several transforms.

use serde_json::{Value as Json, json};

use crate::case::Case;

/// JSON of each type, with unusual texts and extreme numbers.
pub(crate) const PLAIN: [&str; 22] = [
    "null",
    "true",
    "0",
    "-1",
    "127",
    "-32769",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "0.1",
    "-2.5e3",
    "1e300",
    "\"\"",
    "\"text\"",
    "\" 12 \"",
    r#""é\uD83D\uDE00\u0000\"\\\n""#,
    "[]",
    "[1,\"a\",null,{\"b\":[]}]",
    "{}",
    "{\"a\":1}",
    "{\"a\":{\"b\":{\"c\":null}}}",
    "{\"\":0,\"a.b\":1,\"é\":[]}",
];

/// A schema without `optional`, and values of it.
pub(crate) const TYPED: [(&str, &[&str]); 18] = [
    (r#""type":"int8""#, &["0", "-128", "127"]),
    (r#""type":"int16""#, &["-1", "32767"]),
    (r#""type":"int32""#, &["-2147483648", "65"]),
    (r#""type":"int64""#, &["9223372036854775807", "-9223372036854775808"]),
    (r#""type":"float""#, &["0.1", "-3.4028235E38", "1.4E-45"]),
    (r#""type":"double""#, &["0.1", "1.7976931348623157E308", "-4.9E-324", "-0.0"]),
    (r#""type":"boolean""#, &["true", "false"]),
    (r#""type":"string""#, &["\"\"", "\"text\"", r#""é\uD83D\uDE00\u0000\"""#]),
    (r#""type":"bytes""#, &["\"\"", "\"AP8=\""]),
    (
        r#""type":"bytes","name":"org.apache.kafka.connect.data.Decimal","version":1,"parameters":{"scale":"2"}"#,
        &["\"AfQ=\"", "\"/w==\"", "\"AA==\""],
    ),
    (r#""type":"int32","name":"org.apache.kafka.connect.data.Date","version":1"#, &["0", "-1", "19700"]),
    (r#""type":"int32","name":"org.apache.kafka.connect.data.Time","version":1"#, &["0", "86399999"]),
    (r#""type":"int64","name":"org.apache.kafka.connect.data.Timestamp","version":1"#, &["-1", "1700000000001"]),
    (r#""type":"array","items":{"type":"int32","optional":true}"#, &["[]", "[1,null]"]),
    (
        r#""type":"map","keys":{"type":"string","optional":false},"values":{"type":"int8","optional":true}"#,
        &["{}", "{\"k\":1}"],
    ),
    (
        r#""type":"map","keys":{"type":"int8","optional":false},"values":{"type":"string","optional":false}"#,
        &["[]", "[[1,\"a\"]]"],
    ),
    (r#""type":"struct","fields":[{"type":"int8","optional":false,"field":"n"}],"name":"N""#, &["{\"n\":1}"]),
    (r#""type":"string","name":"S","version":7,"doc":"A text.","parameters":{"p":"q"}"#, &["\"text\""]),
];

/// Returns a value with its schema, as JsonConverter reads it. `more` contains members of the schema, such as `,"default":1`.
pub(crate) fn envelope(schema: &str, optional: bool, more: &str, payload: &str) -> String {
    format!(r#"{{"schema":{{{schema},"optional":{optional}{more}}},"payload":{payload}}}"#)
}

/// Returns a struct `S` with these fields: for each its name, its schema as in [`envelope`], and its value.
pub(crate) fn structure(fields: &[(&str, &str, bool, &str)], more: &str, payload: &str) -> String {
    let fields: Vec<String> = fields
        .iter()
        .map(|(name, schema, optional, more)| format!(r#"{{{schema},"optional":{optional}{more},"field":"{name}"}}"#))
        .collect();
    format!(r#"{{"schema":{{"type":"struct","fields":[{}],"name":"S"{more}}},"payload":{payload}}}"#, fields.join(","))
}

/// Returns a header with a schema, as JsonConverter reads it.
pub(crate) fn header(schema: &str, payload: &str) -> String {
    envelope(schema, false, "", payload)
}

/// Why Weir rejects a list with a duplicate name.
pub(crate) fn list_twice(case: &Case, key: &str) -> Option<&'static str> {
    let list = case.entries("config").into_iter().find(|(name, _)| name == key)?.1;
    let names: Vec<&str> = list.split(',').map(str::trim).collect();
    let twice = names.iter().enumerate().any(|(place, name)| names[..place].contains(name));
    twice.then_some(
        "refused by validation already, as by the REST API of Kafka Connect; only its configure drops what is there twice",
    )
}

/// A converter that does not replace null by the default, for structs with null fields.
pub(crate) fn without_defaults() -> Json {
    json!({ "replace.null.with.default": "false", "schemas.enable": "true" })
}

/// Returns the members of a schema for a default, if a value of the schema may be one.
pub(crate) fn default_of(schema: &str, value: &str) -> Option<String> {
    // JsonConverter cannot read the default of a struct.
    (!schema.contains("struct")).then(|| format!(",\"default\":{value}"))
}
