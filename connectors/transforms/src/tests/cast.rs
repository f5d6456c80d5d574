//! Tests of Cast that the recorded cases do not cover.

use weir_sdk::value::Encoding;

use super::*;
use crate::cast::Cast;
use crate::side::{Key, Value};

#[test]
fn texts_and_bytes_are_cast_as_what_they_are() {
    for (record, spec, expected) in [
        (Input::text("12"), "int8", "12"),
        (Input::text("a\"b"), "string", "a\"b"),
        (Input::text("TRUE"), "boolean", "true"),
        (Input::bytes(b"\xff\x00"), "string", "/wA="),
        (Input::json("12"), "string", "12"),
        (Input::json("1.0"), "int64", "1"),
    ] {
        let output = one::<Cast<Value>>(&[("spec", spec)], record);
        assert_eq!(output.records[0].value.as_deref(), Some(expected));
        assert_eq!(output.records[0].encoding, if spec == "string" { Encoding::Utf8 } else { Encoding::Json });
    }
    let schema = Schema::bytes().optional().build();
    let output = one::<Cast<Value>>(&[("spec", "string")], Input::bytes(b"M").schema(&schema));
    assert_eq!(output.records[0].value.as_deref(), Some("TQ=="));
    assert_eq!(output.records[0].value_schema, Some(Schema::string().optional().build()));
    let message = failure::<Cast<Value>>(&[("spec", "int8")], Input::bytes(b"M").schema(&schema));
    assert_eq!(message, "Unexpected type in Cast transformation: class [B");
}

#[test]
fn a_value_that_is_none_of_its_schema_fails_alone() {
    let schema = Schema::structure("s").field("a", Schema::decimal(2)).build();
    for json in ["\"\"", "\"?\"", "7"] {
        let record = Input::json(&format!("{{\"a\":{json}}}")).schema(&schema);
        let message = failure::<Cast<Value>>(&[("spec", "a:string")], record);
        assert_eq!(message, "The value is not a java.math.BigDecimal as its schema says", "{json}");
    }
}

#[test]
fn keys_are_cast_and_other_fields_stay_as_they_came() {
    let record = Input::null().key_json(r#"{ "x" : 1.50, "a":"7" }"#);
    let output = one::<Cast<Key>>(&[("spec", "a:int32")], record);
    assert_eq!(output.records[0].key.as_deref(), Some(r#"{"x" : 1.50,"a":7}"#));
}
