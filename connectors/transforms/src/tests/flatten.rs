//! Tests of Flatten that the recorded cases do not cover.

use super::*;
use crate::flatten::Flatten;
use crate::side::Value;

fn nested() -> Schema {
    Schema::structure("S")
        .field("a", Schema::int8())
        .field(
            "b",
            Schema::structure("N").field("c", Schema::string().optional()).field("d", Schema::int8().optional()),
        )
        .build()
}

#[test]
fn the_members_of_a_struct_may_come_in_any_order_or_be_missing() {
    for (json, expected) in [
        (r#"{"a":1,"b":{"c":"x","d":2}}"#, r#"{"a":1,"b.c":"x","b.d":2}"#),
        (r#"{"b":{"d":2,"c":"x"},"a":1}"#, r#"{"a":1,"b.c":"x","b.d":2}"#),
        (r#"{"a":1,"b":{}}"#, r#"{"a":1,"b.c":null,"b.d":null}"#),
        (r#"{"a":0,"b":{"c":"x","d":2,"c":"y"},"a":1}"#, r#"{"a":1,"b.c":"y","b.d":2}"#),
        (r#"{"a":1}"#, r#"{"a":1,"b.c":null,"b.d":null}"#),
    ] {
        let record = Input::json(json).schema(&nested());
        assert_eq!(value::<Flatten<Value>>(&[], record).as_deref(), Some(expected), "{json}");
    }
}

#[test]
fn a_value_that_grows_out_of_bounds_fails_alone() {
    let depth = 20;
    let name = "n".repeat(50_000);
    let leaves: Vec<String> = (0..50).map(|leaf| format!("\"{leaf}\":0")).collect();
    let json = format!("{}{{{}}}{}", format!("{{\"{name}\":").repeat(depth), leaves.join(","), "}".repeat(depth));
    let message = failure::<Flatten<Value>>(&[], Input::json(&json));
    assert!(message.starts_with("The flattened value takes more than 32 MiB"), "{message}");
}

#[test]
fn a_map_without_maps_stays_as_it_came() {
    let json = r#"{ "a" : 1.50, "b":[{"c":1}] }"#;
    let output = one::<Flatten<Value>>(&[], Input::json(json));
    assert_eq!(output.records[0].value.as_deref(), Some(json));
    assert!(!output.written[4]);
}
