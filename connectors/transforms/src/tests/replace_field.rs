//! Tests of ReplaceField: remaining fields and their names in maps and structs, and names that collide.

use super::*;
use crate::replace_field::ReplaceField;
use crate::side::{Key, Value};

#[test]
fn maps_lose_fields_and_get_other_names() {
    for (config, expected) in [
        (&[][..], r#"{"a":1,"b":[2],"c":"3","d":null}"#),
        (&[("exclude", "b")], r#"{"a":1,"c":"3","d":null}"#),
        (&[("exclude", "a, d,x")], r#"{"b":[2],"c":"3"}"#),
        (&[("exclude", "a,b,c,d")], "{}"),
        (&[("include", "c,a,x")], r#"{"c":"3","a":1}"#),
        (&[("include", "a,b"), ("exclude", "b")], r#"{"a":1}"#),
        (&[("renames", "b:x,d:y")], r#"{"a":1,"x":[2],"c":"3","y":null}"#),
        (&[("renames", "b:b")], r#"{"a":1,"b":[2],"c":"3","d":null}"#),
        (&[("renames", "a:c"), ("exclude", "c")], r#"{"c":1,"b":[2],"d":null}"#),
        (&[("renames", "a:x"), ("exclude", "a")], r#"{"b":[2],"c":"3","d":null}"#),
        (&[("renames", "a:x,b:y"), ("include", "b,d")], r#"{"y":[2],"d":null}"#),
        (&[("renames", "a:b,b:a")], r#"{"b":1,"a":[2],"c":"3","d":null}"#),
        (&[("renames", "a:b,b:c,c:d,d:e")], r#"{"b":1,"c":[2],"d":"3","e":null}"#),
        (&[("renames", "a:x,a:y")], r#"{"y":1,"b":[2],"c":"3","d":null}"#),
    ] {
        let record = Input::json(r#"{"a":1,"b":[2],"c":"3","d":null}"#);
        assert_eq!(value::<ReplaceField<Value>>(config, record).as_deref(), Some(expected), "{config:?}");
    }
}

#[test]
fn of_two_fields_with_one_name_the_later_one_of_javas_map_wins() {
    for (config, record, expected) in [
        ("a:b", r#"{"a":1,"b":2}"#, r#"{"b":2}"#),
        ("b:a", r#"{"a":1,"b":2}"#, r#"{"a":2}"#),
        ("b:a", r#"{"b":2,"a":1}"#, r#"{"a":2}"#),
        ("a:x,b:x", r#"{"b":2,"a":1}"#, r#"{"x":2}"#),
        ("p:b", r#"{"p":1,"b":2}"#, r#"{"b":2}"#),
        (
            "p:b",
            r#"{"p":1,"b":2,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"k":1,"l":1,"m":1}"#,
            r#"{"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"k":1,"l":1,"m":1}"#,
        ),
    ] {
        assert_eq!(
            value::<ReplaceField<Value>>(&[("renames", config)], Input::json(record)).as_deref(),
            Some(expected)
        );
    }
}

#[test]
fn a_struct_gets_a_schema_that_fits() {
    let record = || Input::json(r#"{"id":7,"note":"n"}"#).schema(&order());
    let like = || Schema::structure("org.example.Order").version(3).doc("An order.").parameter("p", "q");
    for (config, expected, schema) in [
        (
            &[][..],
            r#"{"id":7,"note":"n"}"#,
            like().field("id", Schema::int64()).field("note", Schema::string().optional()),
        ),
        (&[("exclude", "id")], r#"{"note":"n"}"#, like().field("note", Schema::string().optional())),
        (&[("include", "id"), ("renames", "id:key")], r#"{"key":7}"#, like().field("key", Schema::int64())),
        (
            &[("renames", "note:remark")],
            r#"{"id":7,"remark":"n"}"#,
            like().field("id", Schema::int64()).field("remark", Schema::string().optional()),
        ),
        (
            &[("renames", "note:id,id:note")],
            r#"{"note":7,"id":"n"}"#,
            like().field("note", Schema::int64()).field("id", Schema::string().optional()),
        ),
        (&[("exclude", "id,note")], "{}", like()),
    ] {
        let output = one::<ReplaceField<Value>>(config, record());
        assert_eq!(output.records[0].value.as_deref(), Some(expected), "{config:?}");
        assert_eq!(output.records[0].value_schema.as_ref(), Some(&schema.build()), "{config:?}");
    }
}

#[test]
fn a_struct_has_each_name_once() {
    assert_eq!(
        failure::<ReplaceField<Value>>(
            &[("renames", "id:note")],
            Input::json(r#"{"id":1,"note":null}"#).schema(&order())
        ),
        "Cannot create field because of field name duplication note"
    );
}

/// Kafka Connect reads the value with the name that the field would have had before.
#[test]
fn a_struct_field_with_the_new_name_of_another_one_gets_the_value_of_that_one() {
    let schema = Schema::structure("s")
        .field("a", Schema::int64())
        .field("b", Schema::int64().optional())
        .field("c", Schema::string())
        .build();
    let record = || Input::json(r#"{"a":1,"b":2,"c":"x"}"#).schema(&schema);
    let excluded = |renames| [("exclude", "a"), ("renames", renames)];
    assert_eq!(value::<ReplaceField<Value>>(&excluded("a:b"), record()).as_deref(), Some(r#"{"b":1,"c":"x"}"#));
    assert_eq!(
        failure::<ReplaceField<Value>>(&excluded("a:c"), record()),
        "Invalid Java object for schema with type STRING: class java.lang.Long for field: \"c\""
    );
    assert_eq!(failure::<ReplaceField<Value>>(&excluded("x:b"), record()), "x is not a valid field name");
    let null = Input::json(r#"{"a":1,"b":null,"c":"x"}"#).schema(&schema);
    assert_eq!(
        failure::<ReplaceField<Value>>(&[("exclude", "b"), ("renames", "b:a")], null),
        "Invalid value: null used for required field: \"a\", schema type: INT64"
    );
}

#[test]
fn null_fields_are_read_as_their_defaults() {
    let schema = Schema::structure("s")
        .field("a", Schema::string().optional().default_json("\"d\""))
        .field("b", Schema::int8().optional())
        .field("c", Schema::int8().optional().default_json("1"))
        .build();
    let record = || Input::json(r#"{"a":null,"b":null,"c":null}"#).schema(&schema);
    for (replace, keep, expected) in [
        ("true", ("exclude", "c"), r#"{"x":"d","b":null}"#),
        ("false", ("exclude", "c"), r#"{"x":null,"b":null}"#),
        ("true", ("include", "a"), r#"{"x":"d"}"#),
        ("false", ("include", "a"), r#"{"x":null}"#),
    ] {
        let config = [keep, ("renames", "a:x"), ("replace.null.with.default", replace)];
        assert_eq!(value::<ReplaceField<Value>>(&config, record()).as_deref(), Some(expected));
    }
    let required =
        Schema::structure("s").field("a", Schema::int8().default_json("1")).field("b", Schema::int8()).build();
    for keep in [("exclude", "b"), ("include", "a")] {
        let config = [keep, ("replace.null.with.default", "false")];
        assert_eq!(
            failure::<ReplaceField<Value>>(&config, Input::json(r#"{"a":null,"b":1}"#).schema(&required)),
            "Invalid value: null used for required field: \"a\", schema type: INT8"
        );
    }
}

#[test]
fn a_null_stays_as_it_is() {
    for record in
        [Input::null(), Input::null().schema(&order()), Input::json("null"), Input::json("null").schema(&order())]
    {
        let output = one::<ReplaceField<Value>>(&[("exclude", "a")], record);
        assert_eq!(output.written, [false; 6]);
        assert_eq!(output.records.len(), 1);
    }
}

#[test]
fn what_has_no_fields_is_refused_by_its_class() {
    assert_eq!(
        failure::<ReplaceField<Value>>(&[], Input::json("[1]")),
        "Only Map objects supported in absence of schema for [field replacement], found: java.util.ArrayList"
    );
    assert_eq!(
        failure::<ReplaceField<Value>>(&[], Input::text("x").schema(&Schema::string().build())),
        "Only Struct objects supported for [field replacement], found: java.lang.String"
    );
}

#[test]
fn keys_are_changed_alone() {
    let output = one::<ReplaceField<Key>>(&[("exclude", "a")], Input::text("v").key_json(r#"{"a":1,"b":2}"#));
    assert_eq!(output.records[0].key.as_deref(), Some(r#"{"b":2}"#));
    assert_eq!(output.written, [false, false, false, true, false, false]);
}

#[test]
fn a_rename_is_a_pair() {
    assert_eq!(
        refusal::<ReplaceField<Value>>(&[("renames", "a:b, c")]),
        "transforms.t: Invalid value [a:b, c] for configuration renames: Invalid rename mapping: c"
    );
}
