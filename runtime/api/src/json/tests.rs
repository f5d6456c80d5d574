//! Bodies that were sent to Kafka Connect 4.3.1, and its answers. `tests/tests/e2e/rest_oracle` sends more of them.

use super::*;

fn refused<T: Body>(body: &str) -> String {
    match read::<T>(body.as_bytes()) {
        Ok(_) => panic!("{body} was accepted"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn scalars_are_read_as_text_without_change() {
    let body = br#"{"b":"x\u00e9\ud83d\ude00","a":1.50,"c":true,"d":null,"e":12345678901234567890123,"b":"y"}"#;
    let map = read::<StringMap>(body).expect("accepted").expect("a map");
    let entries: Vec<_> = map.iter().map(|(k, v)| (k.as_str(), v.as_deref())).collect();
    let want = [
        ("b", Some("y")),
        ("a", Some("1.50")),
        ("c", Some("true")),
        ("d", None),
        ("e", Some("12345678901234567890123")),
    ];
    assert_eq!(entries, want);
    let text = read::<CreateConnectorRequest>(br#"{"name":"\ud83d\ude00 \u00e9\n\ud800x"}"#).expect("accepted");
    assert_eq!(text.expect("a request").name.as_deref(), Some("😀 é\n\u{fffd}x"));
}

#[test]
fn no_body_and_null_are_the_same() {
    for body in ["", "  \n ", "null", " null "] {
        assert_eq!(read::<StringMap>(body.as_bytes()), Ok(None), "{body:?}");
    }
}

#[test]
fn the_first_syntax_error_is_reported_with_its_position() {
    for (body, error) in [
        ("{", "Unexpected end-of-input at line 1 column 2"),
        ("{\"name", "Unexpected end-of-input at line 1 column 7"),
        ("{\"name\":", "Unexpected end-of-input at line 1 column 9"),
        ("{\n \"a\":\n   7 7\n}", "Unexpected character ('7' (code 55)) at line 3 column 6"),
        ("{\"a\":\"b\",}", "Unexpected character ('}' (code 125)) at line 1 column 10"),
        ("{\"a\" \"b\"}", "Unexpected character ('\"' (code 34)) at line 1 column 6"),
        ("{\"a\":tru}", "Unrecognized token 'tru' at line 1 column 6"),
        ("{\"a\":NaN}", "Unrecognized token 'NaN' at line 1 column 6"),
        ("{\"a\":01}", "Invalid numeric value: Leading zeroes not allowed at line 1 column 6"),
        ("{\"a\":1.}", "Unexpected character ('}' (code 125)) in numeric value at line 1 column 8"),
        ("{\"a\":-", "Unexpected end-of-input at line 1 column 7"),
        ("{\"a\":\"\\u12g4\"}", "Unexpected character ('g' (code 103)) at line 1 column 11"),
        ("{\"a\":\"\\q\"}", "Unrecognized character escape 'q' (code 113) at line 1 column 8"),
        ("{\"a\":\"\u{1}\"}", "Illegal unquoted character ((CTRL-CHAR, code 1)) at line 1 column 7"),
        ("{\"a\":\"b\"]", "Unexpected close marker ']' at line 1 column 9"),
        ("{\"a\":\"b\"} {", "Trailing token (of type START_OBJECT) found after value at line 1 column 11"),
        ("{\"a\":\"b\"} }", "Unexpected close marker '}' at line 1 column 11"),
        ("{/**/}", "Unexpected character ('/' (code 47)) at line 1 column 2"),
    ] {
        assert_eq!(refused::<StringMap>(body), error, "{body}");
    }
    let error = read::<StringMap>(b"{\"a\":\"\xc3\x28\"}").expect_err("not UTF-8").to_string();
    assert_eq!(error, "Invalid UTF-8 at line 1 column 7");
    let deep = format!("{{\"offsets\":[{{\"offset\":{{\"a\":{}", "[".repeat(2000));
    assert!(
        refused::<ConnectorOffsets>(&deep).starts_with("Document nesting depth (1001) exceeds the maximum allowed")
    );
}

#[test]
fn an_error_of_type_before_a_syntax_error_is_reported_first() {
    let error = refused::<StringMap>(r#"{"a":{"b":"#);
    assert!(error.starts_with("Cannot deserialize value of type `java.lang.String` from Object value"), "{error}");
    let error = refused::<StringMap>(r#"{"a":["x"],"a":"x"}"#);
    assert!(error.starts_with("Cannot deserialize value of type `java.lang.String` from Array value"), "{error}");
}

#[test]
fn the_deepest_body_allowed_fits_a_small_stack() {
    let deep = format!("{{\"offsets\":[{{\"offset\":{{\"a\":{}{}}}}}]}}", "[".repeat(1000), "]".repeat(1000));
    let run = move || read::<ConnectorOffsets>(deep.as_bytes()).is_ok();
    let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(run).expect("a thread");
    assert!(thread.join().expect("no overflow"));
}

#[test]
fn a_name_that_is_too_long_is_named_by_its_beginning() {
    let body =
        |length: usize| format!("{{\"name\":\"a\",\"config\":{{\"predicates.{}.type\":\"x\"}}}}", "n".repeat(length));
    let error = read::<CreateConnectorRequest>(body(60_000).as_bytes()).expect_err("refused");
    assert!(error.is_long_name());
    let text = error.to_string();
    assert!(text.starts_with("Name length (60016) exceeds the maximum allowed (50000): "), "{text}");
    assert!(text.contains("\"predicates.nnn") && text.len() < 500, "{text}");
    assert!(read::<CreateConnectorRequest>(body(49_000).as_bytes()).is_ok());
}

#[test]
fn values_of_another_type_are_refused_with_their_position() {
    let error = refused::<StringMap>("[1]");
    let map = "java.util.LinkedHashMap<java.lang.String,java.lang.String>";
    let text = format!("Cannot deserialize value of type `{map}` from Array value (token `JsonToken.START_ARRAY`)");
    assert_eq!(error, format!("{text} at line 1 column 1"));
    let error = refused::<CreateConnectorRequest>(r#"{"config":{"a":{"b":1}}}"#);
    let text = "Cannot deserialize value of type `java.lang.String` from Object value (token `JsonToken.START_OBJECT`)";
    assert_eq!(error, format!("{text} at line 1 column 16"));
    for body in ["1", "1.5", "true", r#""x""#] {
        assert!(refused::<CreateConnectorRequest>(body).starts_with("Cannot construct instance of `org."), "{body}");
    }
    assert!(refused::<CreateConnectorRequest>(r#"" ""#).starts_with("Cannot coerce empty String (\"\") to `org."));
    let error = refused::<CreateConnectorRequest>(r#"{"initial_state":" running "}"#);
    assert!(error.starts_with("Cannot construct instance of `org.") && error.contains("InitialState`"), "{error}");
    let error = refused::<ConnectorOffsets>(r#"{"offsets":[{"partition":{},"offset":"x"}]}"#);
    assert!(error.starts_with("Cannot construct instance of `java.util.LinkedHashMap`"), "{error}");
}

/// Takes hours if the position of each of them is counted from the start of the body.
#[test]
fn a_body_full_of_unknown_properties_is_read_once() {
    let unknown = "\"\":0,".repeat(800_000);
    let error = refused::<CreateConnectorRequest>(&format!("{{{unknown}\"name\":\"a\"}}"));
    assert!(error.starts_with("Unrecognized field \"\" (class org."), "{error}");
    let states = "\"initial_state\":null,".repeat(150_000);
    let error = refused::<CreateConnectorRequest>(&format!("{{{states}\"extra\":0}}"));
    assert!(error.starts_with("Unrecognized field \"extra\""), "{error}");
}

#[test]
fn unknown_properties_are_refused_once_the_record_is_complete() {
    let error = refused::<CreateConnectorRequest>(r#"{"name":"a","extra":{"a":[1,{}]},"config":{}}"#);
    assert!(error.starts_with("Unrecognized field \"extra\" (class org."), "{error}");
    let error = refused::<CreateConnectorRequest>(r#"{"extra":1,"name":{}}"#);
    assert!(error.starts_with("Cannot deserialize value"), "{error}");
    let error = refused::<ConnectorOffsets>(r#"{"offsets":[],"x":tru}"#);
    assert!(error.starts_with("Unrecognized field \"x\""), "{error}");
    let error = refused::<ConnectorOffsets>(r#"{"offsets":[],"offsets":[]}"#);
    assert!(error.contains("more than once"), "{error}");
}

#[test]
fn files_of_the_command_line_may_have_other_properties() {
    let file =
        read::<CreateConnectorFile>(br#"{"other":[1,{"a":"b"}],"name":"a","config":{"b":1}}"#).expect("accepted");
    assert_eq!(file.expect("a file").name.as_deref(), Some("a"));
}
