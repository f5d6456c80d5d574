//! Bodies that Kafka Connect 4.3.1 was asked about, and what it said. `tests/tests/e2e/rest_oracle` asks it again, with more of
//! them.

use super::*;

/// What Jackson calls the place of an error.
fn at(line: usize, column: usize) -> String {
    format!("\n at {}", error::Position { line, column })
}

fn refused<T: Body>(body: &str) -> String {
    match read::<T>(body.as_bytes()) {
        Ok(_) => panic!("{body} was taken"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn scalars_are_taken_as_text_as_they_stand() {
    let body = br#"{"b":"x\u00e9\ud83d\ude00","a":1.50,"c":true,"d":null,"e":12345678901234567890123,"b":"y"}"#;
    let map = read::<StringMap>(body).expect("taken").expect("a map");
    let entries: Vec<_> = map.iter().map(|(k, v)| (k.as_str(), v.as_deref())).collect();
    let want = [
        ("b", Some("y")),
        ("a", Some("1.50")),
        ("c", Some("true")),
        ("d", None),
        ("e", Some("12345678901234567890123")),
    ];
    assert_eq!(entries, want);
    let text = read::<CreateConnectorRequest>(br#"{"name":"\ud83d\ude00 \u00e9\n\ud800x"}"#).expect("taken");
    assert_eq!(text.expect("a request").name.as_deref(), Some("😀 é\n\u{fffd}x"));
}

#[test]
fn no_body_and_null_are_the_same() {
    for body in ["", "  \n ", "null", " null "] {
        assert_eq!(read::<StringMap>(body.as_bytes()), Ok(None), "{body:?}");
    }
}

#[test]
fn what_is_no_json_is_refused_in_jacksons_words() {
    for (body, text, place) in [
        ("{", "Unexpected end-of-input: expected close marker for Object (start marker at ", at(1, 2)),
        ("{\"name", "Unexpected end-of-input in field name", at(1, 7)),
        ("{\"name\":", "Unexpected end-of-input within/between Object entries", at(1, 9)),
        (
            "{\n \"a\":\n   7 7\n}",
            "Unexpected character ('7' (code 55)): was expecting comma to separate Object entries",
            at(3, 6),
        ),
        (
            "{\"a\":\"b\",}",
            "Unexpected character ('}' (code 125)): was expecting double-quote to start field name",
            at(1, 10),
        ),
        (
            "{\"a\" \"b\"}",
            "Unexpected character ('\"' (code 34)): was expecting a colon to separate field name and value",
            at(1, 6),
        ),
        ("{\"a\":tru}", "Unrecognized token 'tru': was expecting (JSON String, Number", at(1, 6)),
        (
            "{\"a\":NaN}",
            "Non-standard token 'NaN': enable `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow",
            at(1, 9),
        ),
        ("{\"a\":01}", "Invalid numeric value: Leading zeroes not allowed", at(1, 7)),
        (
            "{\"a\":1.}",
            "Unexpected character ('}' (code 125)) in numeric value: Decimal point not followed by a digit",
            at(1, 8),
        ),
        ("{\"a\":-", "Unexpected end-of-input in FIELD_NAME", at(1, 7)),
        ("{\"a\":\"\\q\"}", "Unrecognized character escape 'q' (code 113)", at(1, 8)),
        ("{\"a\":\"\u{1}\"}", "Illegal unquoted character ((CTRL-CHAR, code 1)): has to be escaped", at(1, 7)),
        ("{\"a\":\"b\"]", "Unexpected close marker ']': expected '}' (for Object starting at ", at(1, 9)),
        (
            "{\"a\":\"b\"} {",
            "Trailing token (of type START_OBJECT) found after value (bound as `java.util.Map`)",
            at(1, 11),
        ),
        ("{/**/}", "Unexpected character ('/' (code 47)): maybe a (non-standard) comment?", at(1, 2)),
    ] {
        let error = refused::<StringMap>(body);
        assert!(error.starts_with(text) && error.ends_with(&place), "{body}: {error}");
    }
    let error = read::<StringMap>(b"{\"a\":\"\xc3\x28\"}").expect_err("no UTF-8").to_string();
    assert_eq!(error, format!("Invalid UTF-8 middle byte 0x28{}", at(1, 9)));
    let deep = format!("{{\"offsets\":[{{\"offset\":{{\"a\":{}", "[".repeat(2000));
    assert!(
        refused::<ConnectorOffsets>(&deep).starts_with("Document nesting depth (1001) exceeds the maximum allowed")
    );
}

#[test]
fn a_name_that_is_too_long_is_named_by_its_beginning() {
    let body =
        |length: usize| format!("{{\"name\":\"a\",\"config\":{{\"predicates.{}.type\":\"x\"}}}}", "n".repeat(length));
    let error = read::<CreateConnectorRequest>(body(60_000).as_bytes()).expect_err("refused");
    assert!(error.is_long_name());
    let text = error.to_string();
    assert!(text.starts_with("Name length (60016) exceeds the maximum allowed (50000, "), "{text}");
    assert!(text.contains("\"predicates.nnn") && text.contains("[\"config\"]") && text.len() < 500, "{text}");
    assert!(read::<CreateConnectorRequest>(body(49_000).as_bytes()).is_ok());
}

#[test]
fn what_is_no_value_of_its_type_is_refused_with_the_way_to_it() {
    const PACKAGE: &str = "org.apache.kafka.connect.runtime.rest.entities";
    let error = refused::<StringMap>("[1]");
    let text = "Cannot deserialize value of type `java.util.LinkedHashMap<java.lang.String,java.lang.String>` from Array value \
                (token `JsonToken.START_ARRAY`)";
    assert_eq!(error, format!("{text}{}", at(1, 1)));
    let error = refused::<CreateConnectorRequest>(r#"{"config":{"a":{"b":1}}}"#);
    let text = "Cannot deserialize value of type `java.lang.String` from Object value (token `JsonToken.START_OBJECT`)";
    let way = format!(
        "(through reference chain: {PACKAGE}.CreateConnectorRequest[\"config\"]->java.util.LinkedHashMap[\"a\"])"
    );
    assert_eq!(error, format!("{text}{} {way}", at(1, 16)));
    // Broken JSON has no step for the entry of the map.
    let error = refused::<CreateConnectorRequest>(r#"{"config":{"a":"\q"}}"#);
    assert!(error.ends_with(&format!("chain: {PACKAGE}.CreateConnectorRequest[\"config\"])")), "{error}");
    let error = refused::<CreateConnectorRequest>(r#"{"name":"a","extra":{"a":[1,{}]},"config":{}}"#);
    assert!(error.starts_with("Unrecognized field \"extra\" (class ") && error.contains(&at(1, 46)), "{error}");
    let error = refused::<CreateConnectorRequest>(r#"{"initial_state":" running "}"#);
    assert!(error.contains("CreateConnectorRequest.InitialState. RUNNING \n"), "{error}");
    let error = refused::<ConnectorOffsets>(r#"{"offsets":[{"partition":{},"offset":"x"}]}"#);
    let way = format!(
        "{PACKAGE}.ConnectorOffsets[\"offsets\"]->java.util.ArrayList[0]->{PACKAGE}.ConnectorOffset[\"offset\"])"
    );
    assert!(error.ends_with(&way), "{error}");
    let error = refused::<ConnectorOffsets>(r#"{"offsets":[],"x":1}"#);
    assert!(error.contains(&at(1, 20)), "what comes after the last field is seen at once: {error}");
}

#[test]
fn files_of_the_command_line_may_have_other_properties() {
    let file = read::<CreateConnectorFile>(br#"{"other":[1,{"a":"b"}],"name":"a","config":{"b":1}}"#).expect("taken");
    assert_eq!(file.expect("a file").name.as_deref(), Some("a"));
}
