//! Tests of ValueToKey followed by ExtractField, which make a key of a field.

use super::*;
use crate::extract_field::ExtractField;
use crate::side::Key;
use crate::value_to_key::ValueToKey;

fn key_of_note(record: Input) -> Output {
    let steps =
        [Step::of::<ValueToKey>("c", [("fields", "note")]), Step::of::<ExtractField<Key>>("e", [("field", "note")])];
    run(&steps, &[record]).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_field_of_the_value_becomes_the_key_and_the_value_is_not_touched() {
    for (json, key) in [
        (r#"{"id":7,"note":"a \"b\" é"}"#, Some("a \"b\" é")),
        (r#"{"id":7,"note":""}"#, Some("")),
        (r#"{"id":7,"note":null}"#, None),
    ] {
        for schema in [None, Some(order())] {
            let record = Input::json(json).key_text("old");
            let output = key_of_note(match &schema {
                Some(schema) => record.schema(schema),
                None => record,
            });
            let record = &output.records[0];
            assert_eq!(record.key.as_deref(), key);
            assert_eq!(record.key_schema, schema.as_ref().map(|_| Schema::string().optional().build()));
            assert_eq!((record.value.as_deref(), output.written[4]), (Some(json), false));
        }
    }
}
