//! Tests of MaskField: maps and structs, keys, the replacement for each type, and values that cannot be masked.

use super::*;
use crate::mask_field::MaskField;
use crate::side::{Key, Value};

const A: &[(&str, &str)] = &[("fields", "a")];

fn replaced_by(replacement: &str) -> [(&str, &str); 2] {
    [("fields", "a"), ("replacement", replacement)]
}

#[test]
fn a_field_of_a_map_gets_the_value_of_its_type_that_says_nothing() {
    for (json, expected) in [
        ("\"secret\"", "\"\""),
        ("42", "0"),
        ("-4.2", "0.0"),
        ("1e3", "0.0"),
        ("true", "false"),
        ("[1,2]", "[]"),
        ("{\"b\":1}", "{}"),
        ("null", "null"),
    ] {
        let record = Input::json(&format!(r#"{{"x":1,"a":{json}}}"#));
        assert_eq!(value::<MaskField<Value>>(A, record), Some(format!(r#"{{"x":1,"a":{expected}}}"#)));
    }
    assert_eq!(value::<MaskField<Value>>(A, Input::json(r#"{"x":1}"#)).as_deref(), Some(r#"{"x":1,"a":null}"#));
}

#[test]
fn no_namesake_keeps_what_is_masked() {
    let record = Input::json(r#"{"a":"secret","x":1,"\u0061":"secret","a":"secret"}"#);
    assert_eq!(value::<MaskField<Value>>(A, record).as_deref(), Some(r#"{"x":1,"a":""}"#));
}

#[test]
fn texts_and_numbers_can_be_replaced() {
    for (replacement, json, expected) in [
        ("12", "\"secret\"", "\"12\""),
        ("a \"b\"", "\"secret\"", r#""a \"b\"""#),
        ("12", "42", "12"),
        ("-1.9", "42", "-1"),
        ("12", "4.2", "12.0"),
        ("1e10", "4.2", "1.0E10"),
    ] {
        let record = Input::json(&format!(r#"{{"a":{json}}}"#));
        assert_eq!(
            value::<MaskField<Value>>(&replaced_by(replacement), record),
            Some(format!(r#"{{"a":{expected}}}"#))
        );
    }
    for (replacement, json, message) in [
        ("x", "42", "Unable to convert x (class java.lang.String) to a number"),
        ("x", "4.2", "Unable to convert x (class java.lang.String) to a number"),
        ("1", "true", "Cannot mask value of type class java.lang.Boolean with custom replacement."),
        ("1", "[]", "Cannot mask value of type class java.util.ArrayList with custom replacement."),
        ("1", "{}", "Cannot mask value of type class java.util.HashMap with custom replacement."),
    ] {
        let record = Input::json(&format!(r#"{{"a":{json}}}"#));
        assert_eq!(failure::<MaskField<Value>>(&replaced_by(replacement), record), message);
    }
}

#[test]
fn a_struct_keeps_its_schema_and_the_order_of_its_fields() {
    let record = Input::json(r#"{"id":7,"note":"secret"}"#).schema(&order());
    let output = one::<MaskField<Value>>(&[("fields", "note,id,other")], record);
    assert_eq!(output.records[0].value.as_deref(), Some(r#"{"id":0,"note":""}"#));
    assert_eq!(output.records[0].value_schema.as_ref(), Some(&order()));
}

#[test]
fn every_type_of_a_struct_has_its_own_nothing_and_its_own_replacement() {
    let none = |class: &str| Err(format!("Cannot mask value of type: class {class}"));
    let no_custom = |class: &str| Err(format!("Cannot mask value of type class {class} with custom replacement."));
    let ok = |json: &str| Ok(json.to_string());
    for (schema, json, nothing, custom) in [
        (Schema::int8(), "1", ok("0"), ok("44")),
        (Schema::int16(), "1", ok("0"), ok("300")),
        (Schema::int32(), "1", ok("0"), ok("300")),
        (Schema::int64(), "1", ok("0"), ok("300")),
        (Schema::float32(), "1.5", ok("0.0"), ok("300.0")),
        (Schema::float64(), "1.5", ok("0.0"), ok("300.0")),
        (Schema::string(), "\"x\"", ok("\"\""), ok("\"300.0\"")),
        (Schema::boolean(), "true", ok("false"), no_custom("java.lang.Boolean")),
        (Schema::date(), "1", ok("0"), no_custom("java.util.Date")),
        (Schema::time(), "1", ok("0"), no_custom("java.util.Date")),
        (Schema::timestamp(), "1", ok("0"), no_custom("java.util.Date")),
        (Schema::decimal(2), "\"AQ==\"", ok("\"AA==\""), ok("\"dTA=\"")),
        (Schema::array(Schema::int8()), "[1]", ok("[]"), no_custom("java.util.ArrayList")),
        (Schema::map(Schema::string(), Schema::int8()), "{\"k\":1}", ok("{}"), no_custom("java.util.HashMap")),
        (Schema::map(Schema::int8(), Schema::int8()), "[[1,1]]", ok("[]"), no_custom("java.util.HashMap")),
        (Schema::bytes(), "\"AQ==\"", none("[B"), no_custom("[B")),
        (
            Schema::structure("n"),
            "{}",
            none("org.apache.kafka.connect.data.Struct"),
            no_custom("org.apache.kafka.connect.data.Struct"),
        ),
    ] {
        let schema = Schema::structure("s").field("a", schema).build();
        for (config, expected) in [(A, nothing), (&replaced_by("300.0"), custom)] {
            let output = one::<MaskField<Value>>(config, Input::json(&format!(r#"{{"a":{json}}}"#)).schema(&schema));
            let found = match output.records.first() {
                Some(record) => Ok(record.value.clone().unwrap()),
                None => Err(output.failures[0].message.clone()),
            };
            assert_eq!(found, expected.map(|json| format!(r#"{{"a":{json}}}"#)));
        }
    }
}

#[test]
fn a_decimal_keeps_to_the_scale_of_its_schema() {
    let schema = Schema::structure("s").field("a", Schema::decimal(2)).build();
    let record = || Input::json(r#"{"a":"AQ=="}"#).schema(&schema);
    assert_eq!(value::<MaskField<Value>>(&replaced_by("-12.500"), record()).as_deref(), Some(r#"{"a":"+x4="}"#));
    assert_eq!(
        failure::<MaskField<Value>>(&replaced_by("12.345"), record()),
        "Decimal value has mismatching scale for given Decimal schema. Schema has scale 2, value has scale 3."
    );
    assert_eq!(
        failure::<MaskField<Value>>(&replaced_by("x"), record()),
        "Unable to convert x (class java.lang.String) to number"
    );
}

#[test]
fn a_null_is_masked_as_the_default_it_stands_for() {
    let schema = Schema::structure("s")
        .field("a", Schema::string().optional().default_json("\"d\""))
        .field("b", Schema::string().optional().default_json("\"d\""))
        .field("c", Schema::string().optional())
        .build();
    let record = || Input::json(r#"{"a":null,"b":null,"c":null}"#).schema(&schema);
    for (replace, expected) in [("true", r#"{"a":"","b":"d","c":null}"#), ("false", r#"{"a":null,"b":null,"c":null}"#)]
    {
        let config = [("fields", "a,c"), ("replace.null.with.default", replace)];
        assert_eq!(value::<MaskField<Value>>(&config, record()).as_deref(), Some(expected));
    }
    let required = Schema::structure("s").field("a", Schema::int8().default_json("1")).build();
    let config = [("fields", "a"), ("replace.null.with.default", "false")];
    assert_eq!(
        failure::<MaskField<Value>>(&config, Input::json(r#"{"a":null}"#).schema(&required)),
        "Invalid value: null used for required field: \"a\", schema type: INT8"
    );
}

#[test]
fn a_tombstone_is_no_map_and_no_struct() {
    for record in [Input::null(), Input::json("null")] {
        assert_eq!(
            failure::<MaskField<Value>>(A, record.clone()),
            "Only Map objects supported in absence of schema for [mask fields], found: null"
        );
        assert_eq!(
            failure::<MaskField<Value>>(A, record.schema(&order())),
            "Only Struct objects supported for [mask fields], found: null"
        );
    }
}

#[test]
fn keys_are_masked_alone() {
    let output = one::<MaskField<Key>>(A, Input::text("v").key_json(r#"{"a":1}"#));
    assert_eq!(output.records[0].key.as_deref(), Some(r#"{"a":0}"#));
    assert_eq!(output.written, [false, false, false, true, false, false]);
}

#[test]
fn the_fields_must_be_given() {
    assert_eq!(
        refusal::<MaskField<Value>>(&[]),
        "transforms.t: Missing required configuration \"fields\" which has no default value."
    );
}
