//! Tests of HoistField: values without and with a schema, keys, nulls.

use super::*;
use crate::hoist_field::HoistField;
use crate::side::{Key, Value};

const F: &[(&str, &str)] = &[("field", "f")];

#[test]
fn schemaless_values_become_the_only_member() {
    for (record, expected) in [
        (Input::json("42"), r#"{"f":42}"#),
        (Input::json(r#"{"a": [1]}"#), r#"{"f":{"a": [1]}}"#),
        (Input::json("null"), r#"{"f":null}"#),
        (Input::null(), r#"{"f":null}"#),
        (Input::text("a \"line\"\t\u{7f}é"), "{\"f\":\"a \\\"line\\\"\\t\u{7f}é\"}"),
        (Input::text(""), r#"{"f":""}"#),
        (Input::bytes(b"\x00\xffA"), r#"{"f":"AP9B"}"#),
    ] {
        assert_eq!(value::<HoistField<Value>>(F, record).as_deref(), Some(expected));
    }
    let name = [("field", "a\"b.c")];
    assert_eq!(value::<HoistField<Value>>(&name, Input::json("1")).as_deref(), Some(r#"{"a\"b.c":1}"#));
}

#[test]
fn a_schema_becomes_the_schema_of_the_only_field() {
    let nested = Schema::structure("org.example.Order")
        .field("id", Schema::int64())
        .field("note", Schema::string().optional())
        .version(3)
        .doc("An order.")
        .parameter("p", "q")
        .optional()
        .default_json("{\"id\":1,\"note\":null}");
    for (record, schema, expected, field) in [
        (Input::text("x"), Schema::string().optional().build(), r#"{"f":"x"}"#, Schema::string().optional()),
        (Input::null(), Schema::string().optional().build(), r#"{"f":null}"#, Schema::string().optional()),
        (Input::bytes(b"x"), Schema::bytes().build(), r#"{"f":"eA=="}"#, Schema::bytes()),
        (Input::json("7"), Schema::int8().build(), r#"{"f":7}"#, Schema::int8()),
        (Input::json(r#"{"id":1,"note":null}"#), order(), r#"{"f":{"id":1,"note":null}}"#, nested),
    ] {
        let output = one::<HoistField<Value>>(F, record.schema(&schema));
        assert_eq!(output.records[0].value.as_deref(), Some(expected));
        let mut hoisted = weir_sdk::value::StructBuilder::new();
        hoisted.field("f", field.build().root()).unwrap();
        assert_eq!(output.records[0].value_schema, Some(hoisted.build()));
    }
}

#[test]
fn a_null_needs_an_optional_schema() {
    for (schema, kind) in [
        (Schema::string().build(), "STRING"),
        (Schema::int8().default_json("1").build(), "INT8"),
        (Schema::structure("s").build(), "STRUCT"),
        (Schema::timestamp().build(), "INT64"),
    ] {
        let message = failure::<HoistField<Value>>(F, Input::null().schema(&schema));
        assert_eq!(message, format!("Invalid value: null used for required field: \"f\", schema type: {kind}"));
    }
}

#[test]
fn keys_are_hoisted_alone() {
    let record = Input::json("1").key_text("k").key_schema(&Schema::string().build());
    let output = one::<HoistField<Key>>(F, record);
    assert_eq!(output.records[0].key.as_deref(), Some(r#"{"f":"k"}"#));
    assert!(output.records[0].key_schema.is_some());
    assert_eq!(output.written, [false, false, false, true, false, false]);
}

#[test]
fn the_field_must_be_given() {
    assert_eq!(
        refusal::<HoistField<Key>>(&[]),
        "transforms.t: Missing required configuration \"field\" which has no default value."
    );
}

#[test]
fn a_struct_field_needs_a_name_and_a_map_does_not() {
    let none = [("field", "")];
    assert_eq!(value::<HoistField<Value>>(&none, Input::json("1")).as_deref(), Some(r#"{"":1}"#));
    let record = Input::json("1").schema(&Schema::int8().build());
    assert_eq!(failure::<HoistField<Value>>(&none, record), "fieldName cannot be null.");
}
