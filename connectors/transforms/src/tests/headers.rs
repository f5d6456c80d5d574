//! DropHeaders, InsertHeader and HeaderFrom on batches. Single records are compared with Kafka Connect's in `tests/oracle`.

use weir_sdk::transform::Columns;
use weir_sdk::transform::testing::TestChain;

use super::*;
use crate::drop_headers::DropHeaders;
use crate::header_from::HeaderFrom;
use crate::insert_header::InsertHeader;
use crate::side::{Key, Value};

#[test]
fn each_record_of_a_batch_has_its_own_headers() {
    let steps = [
        Step::of::<InsertHeader>("i", [("header", "n"), ("value.literal", "300")]),
        Step::of::<HeaderFrom<Value>>("f", [("fields", "a"), ("headers", "h"), ("operation", "move")]),
        Step::of::<DropHeaders>("d", [("headers", "gone,b")]),
    ];
    let mut chain = TestChain::new(&steps).unwrap();
    assert_eq!(chain.columns(), Columns::VALUES | Columns::HEADERS);
    let records = [
        Input::json(r#"{"a":{"b":1},"z":2}"#).header("gone", "1").header("h", "2"),
        Input::json(r#"{"a":null}"#),
        Input::json("7").header("b", "3"),
        Input::json("{}"),
    ];
    for _ in 0..2 {
        let output = chain.run(&records);
        let headers: Vec<Vec<(&str, Option<&str>)>> = output
            .records
            .iter()
            .map(|record| record.headers.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect())
            .collect();
        assert_eq!(
            headers,
            [
                vec![("h", Some("2")), ("n", Some("300")), ("h", Some(r#"{"b":1}"#))],
                vec![("n", Some("300")), ("h", None)],
                vec![("n", Some("300")), ("h", None)],
            ]
        );
        assert_eq!(output.records[0].value.as_deref(), Some(r#"{"z":2}"#));
        assert_eq!(output.failures.len(), 1);
        assert_eq!(output.failures[0].index, 2);
    }
}

#[test]
fn a_key_can_become_a_header_too() {
    let config = [("fields", "k"), ("headers", "h"), ("operation", "copy")];
    let output = one::<HeaderFrom<Key>>(&config, Input::null().key_json(r#"{"k":"x"}"#));
    assert_eq!(output.records[0].headers, [("h".to_string(), Some("\"x\"".to_string()))]);
    assert_eq!(output.written, [false, false, false, false, false, true]);
}

#[test]
fn a_field_that_a_struct_does_not_have_is_named() {
    let config = [("fields", "id,nope"), ("headers", "a,b"), ("operation", "move")];
    let message = failure::<HeaderFrom<Value>>(&config, Input::json(r#"{"id":1,"note":null}"#).schema(&order()));
    assert_eq!(message, "The struct has no field \"nope\" to make a header of; correct `fields`");
}
