//! Tests of InsertField: maps and structs, keys, each kind of field, and values that cannot have fields.

use super::*;
use crate::insert_field::InsertField;
use crate::side::{Key, Value};

const TOPIC: &[(&str, &str)] = &[("topic.field", "t")];
const ALL: &[(&str, &str)] = &[
    ("static.field", "s"),
    ("static.value", "x\"y"),
    ("timestamp.field", "ts"),
    ("offset.field", "o"),
    ("partition.field", "p"),
    ("topic.field", "t"),
];

fn sink_record(value: Input) -> Input {
    value.topic("orders").partition(2).offset(9).timestamp(1_700_000_000_000)
}

#[test]
fn maps_get_every_field_that_is_known() {
    for (record, expected) in [
        (sink_record(Input::json("{}")), r#"{"t":"orders","p":2,"o":9,"ts":1700000000000,"s":"x\"y"}"#),
        (
            sink_record(Input::json(r#"{"p" : {"q":[]}, "a":1}"#)),
            r#"{"p":2,"a":1,"t":"orders","o":9,"ts":1700000000000,"s":"x\"y"}"#,
        ),
        (Input::json("{\"a\":1}").offset(0), r#"{"a":1,"t":"topic","o":0,"s":"x\"y"}"#),
    ] {
        assert_eq!(value::<InsertField<Value>>(ALL, record).as_deref(), Some(expected));
    }
}

#[test]
fn the_suffix_is_no_part_of_the_name() {
    for spec in ["t", "t!", "t?"] {
        assert_eq!(
            value::<InsertField<Value>>(&[("topic.field", spec)], Input::json("{}")).as_deref(),
            Some(r#"{"t":"topic"}"#)
        );
    }
    assert_eq!(
        value::<InsertField<Value>>(&[("topic.field", "t!?")], Input::json("{}")).as_deref(),
        Some(r#"{"t!":"topic"}"#)
    );
}

#[test]
fn structs_get_fields_and_a_schema_that_has_them() {
    let output = one::<InsertField<Value>>(ALL, sink_record(Input::json(r#"{"id":1,"note":null}"#)).schema(&order()));
    assert_eq!(
        output.records[0].value.as_deref(),
        Some(r#"{"id":1,"note":null,"t":"orders","p":2,"o":9,"ts":1700000000000,"s":"x\"y"}"#)
    );
    let expected = Schema::structure("org.example.Order")
        .version(3)
        .doc("An order.")
        .parameter("p", "q")
        .field("id", Schema::int64())
        .field("note", Schema::string().optional())
        .field("t", Schema::string().optional())
        .field("p", Schema::int32().optional())
        .field("o", Schema::int64().optional())
        .field("ts", Schema::timestamp().optional())
        .field("s", Schema::string().optional())
        .build();
    assert_eq!(output.records[0].value_schema.as_ref(), Some(&expected));
}

#[test]
fn a_mark_makes_a_struct_field_required() {
    let config = [("topic.field", "t!"), ("timestamp.field", "ts!"), ("partition.field", "p?")];
    let output = one::<InsertField<Value>>(&config, Input::json(r#"{"id":1,"note":"n"}"#).schema(&order()));
    let schema = output.records[0].value_schema.clone().unwrap();
    let optional = ["t", "ts", "p"].map(|name| schema.field(name).unwrap().is_optional());
    assert_eq!(optional, [false, false, true]);
    // A missing value is null, which the converter rejects if the field is required.
    assert_eq!(output.records[0].value.as_deref(), Some(r#"{"id":1,"note":"n","t":"topic","p":null,"ts":null}"#));
}

#[test]
fn null_fields_are_read_as_their_defaults() {
    let schema = Schema::structure("s")
        .field("a", Schema::string().optional().default_json("\"d\""))
        .field("b", Schema::int8().optional())
        .build();
    let record = || Input::json(r#"{"a":null,"b":null}"#).schema(&schema);
    for (replace, expected) in
        [("true", r#"{"a":"d","b":null,"t":"topic"}"#), ("false", r#"{"a":null,"b":null,"t":"topic"}"#)]
    {
        let config = [("topic.field", "t"), ("replace.null.with.default", replace)];
        assert_eq!(value::<InsertField<Value>>(&config, record()).as_deref(), Some(expected));
    }
    let kept = Input::json(r#"{"a":"x","b":1}"#).schema(&schema);
    assert_eq!(value::<InsertField<Value>>(TOPIC, kept).as_deref(), Some(r#"{"a":"x","b":1,"t":"topic"}"#));
}

#[test]
fn a_null_stays_as_it_is() {
    for record in
        [Input::null(), Input::null().schema(&order()), Input::json("null"), Input::json("null").schema(&order())]
    {
        let output = one::<InsertField<Value>>(TOPIC, record);
        assert_eq!(output.written, [false; 6]);
        assert_eq!(output.records.len(), 1);
    }
}

#[test]
fn what_is_no_map_is_refused_by_its_class() {
    for (record, class) in [
        (Input::text("{}"), "java.lang.String"),
        (Input::json("\"x\""), "java.lang.String"),
        (Input::bytes(b"{}"), "[B"),
        (Input::json("1"), "java.lang.Long"),
        (Input::json("1.5"), "java.lang.Double"),
        (Input::json("true"), "java.lang.Boolean"),
        (Input::json("[]"), "java.util.ArrayList"),
    ] {
        assert_eq!(
            failure::<InsertField<Value>>(TOPIC, record),
            format!("Only Map objects supported in absence of schema for [field insertion], found: {class}")
        );
    }
}

#[test]
fn what_is_no_struct_is_refused_by_its_class() {
    let map = Schema::map(Schema::string(), Schema::int8()).build();
    for (record, schema, class) in [
        (Input::text("{}"), Schema::string().optional().build(), "java.lang.String"),
        (Input::bytes(b"{}"), Schema::bytes().build(), "[B"),
        (Input::json("{}"), map, "java.util.HashMap"),
        (Input::json("1"), Schema::int32().build(), "java.lang.Integer"),
        (Input::json("1"), Schema::timestamp().build(), "java.util.Date"),
        (Input::json("\"AQ==\""), Schema::decimal(2).build(), "java.math.BigDecimal"),
    ] {
        assert_eq!(
            failure::<InsertField<Value>>(TOPIC, record.schema(&schema)),
            format!("Only Struct objects supported for [field insertion], found: {class}")
        );
    }
}

#[test]
fn only_sinks_have_offsets() {
    assert_eq!(
        failure::<InsertField<Value>>(&[("offset.field", "o")], Input::json("{}")),
        "Only SinkRecord supported for [field insertion], found: org.apache.kafka.connect.source.SourceRecord"
    );
}

#[test]
fn a_struct_has_each_name_once() {
    for config in [&[("topic.field", "id")][..], &[("topic.field", "t"), ("static.field", "t!"), ("static.value", "x")]]
    {
        let name = if config.len() == 1 { "id" } else { "t" };
        let record = Input::json(r#"{"id":1,"note":null}"#).schema(&order());
        assert_eq!(
            failure::<InsertField<Value>>(config, record),
            format!("Cannot create field because of field name duplication {name}")
        );
    }
}

#[test]
fn keys_get_fields_of_their_own() {
    let output = one::<InsertField<Key>>(TOPIC, Input::text("v").key_json(r#"{"k":1}"#));
    assert_eq!(output.records[0].key.as_deref(), Some(r#"{"k":1,"t":"topic"}"#));
    assert_eq!(output.written, [false, false, false, true, false, false]);
}

#[test]
fn unusable_settings_are_refused() {
    assert_eq!(refusal::<InsertField<Value>>(&[]), "transforms.t: No field insertion configured");
    assert_eq!(
        refusal::<InsertField<Value>>(&[("static.field", "f!")]),
        "transforms.t: Invalid value null for configuration static.value: No value specified for static field: f!"
    );
}
