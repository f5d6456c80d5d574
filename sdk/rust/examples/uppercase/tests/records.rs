//! The transform on records, without Kafka and without WebAssembly.

use uppercase::Uppercase;
use weir_sdk::transform::testing::{Input, Step, run};

#[test]
fn the_field_is_upper_cased_where_it_is_a_text() {
    let steps = [Step::of::<Uppercase>("upper", [("field", "name")])];
    for (value, expected) in [
        (r#"{"id":1,"name":"Zoë \"z\"","city":"Ulm"}"#, r#"{"id":1,"name":"ZOË \"Z\"","city":"Ulm"}"#),
        (r#"{"id":1}"#, r#"{"id":1}"#),
        (r#"{"name":7}"#, r#"{"name":7}"#),
        ("[\"name\"]", "[\"name\"]"),
    ] {
        let output = run(&steps, &[Input::json(value)]).unwrap();
        assert_eq!(output.records[0].value.as_deref(), Some(expected));
    }
}

#[test]
fn the_field_must_be_named() {
    let error = run(&[Step::of::<Uppercase>("upper", [("other", "x")])], &[]).unwrap_err();
    assert_eq!(error, "transforms.upper: Missing required configuration \"field\" which has no default value.");
}
