//! Tests of the predicates, as conditions of a Filter.

use weir_sdk::Predicate;

use super::*;
use crate::filter::Filter;
use crate::hoist_field::HoistField;
use crate::insert_field::InsertField;
use crate::predicates::{HasHeaderKey, RecordIsTombstone, TopicNameMatches};
use crate::regex_router::RegexRouter;
use crate::side::Value;

/// Returns for which records the predicate is true.
fn holds<P: Predicate>(config: &[(&str, &str)], records: &[Input]) -> Vec<bool> {
    let filter = || Step::of::<Filter>("f", NOTHING);
    let left =
        |step| -> Vec<usize> { run(&[step], records).unwrap().records.iter().map(|record| record.origin).collect() };
    let dropped_unless = left(filter().unless::<P>(config.iter().copied()));
    let dropped_when = left(filter().when::<P>(config.iter().copied()));
    let holds: Vec<bool> = (0..records.len()).map(|record| dropped_unless.contains(&record)).collect();
    // `negate` inverts the result for each record.
    assert!((0..records.len()).all(|record| dropped_when.contains(&record) != holds[record]));
    holds
}

#[test]
fn topics_match_as_a_whole() {
    let records = ["my-a", "my-", "a-my-b", "other", "my-a"].map(|topic| Input::null().topic(topic));
    assert_eq!(holds::<TopicNameMatches>(&[("pattern", "my-.+")], &records), [true, false, false, false, true]);
}

#[test]
fn a_header_is_known_by_its_exact_name() {
    let records = [
        Input::null(),
        Input::null().header("h", ""),
        Input::null().header("H", "1").header("hh", "2"),
        Input::null().header("x", "1").header("h", "2").header("h", "3"),
    ];
    assert_eq!(holds::<HasHeaderKey>(&[("name", "h")], &records), [false, true, false, true]);
}

#[test]
fn a_tombstone_has_no_value_whatever_its_schema_and_key() {
    let schema = Schema::string().optional().build();
    let records = [
        Input::null().key_text("k"),
        Input::null().schema(&schema),
        Input::json("null"),
        Input::text(""),
        Input::bytes(b""),
        Input::json("\"null\""),
    ];
    assert_eq!(holds::<RecordIsTombstone>(&[], &records), [true, true, true, false, false, false]);
}

#[test]
fn a_bad_pattern_is_told_with_the_alias() {
    let step = Step::of::<Filter>("f", NOTHING).when::<TopicNameMatches>([("pattern", "(")]);
    let message = run(&[step], &[]).unwrap_err();
    let begin = "transforms.f.predicate: Invalid value ( for configuration pattern: Invalid regex: ";
    assert!(message.starts_with(begin), "{message}");
}

#[test]
fn a_predicate_sees_what_the_steps_before_made() {
    let steps = [
        Step::of::<RegexRouter>("r", [("regex", "in-(.*)"), ("replacement", "out-$1")]),
        Step::of::<HoistField<Value>>("h", [("field", "line")]).unless::<RecordIsTombstone>(NOTHING),
        Step::of::<InsertField<Value>>("i", [("topic.field", "topic")])
            .when::<TopicNameMatches>([("pattern", "out-.*")]),
    ];
    let records = [Input::text("one").topic("in-a"), Input::null().topic("in-a"), Input::text("two").topic("b")];
    let output = run(&steps, &records).unwrap();
    let left: Vec<_> = output.records.iter().map(|record| (record.topic.as_str(), record.value.as_deref())).collect();
    assert_eq!(
        left,
        [("out-a", Some(r#"{"line":"one","topic":"out-a"}"#)), ("out-a", None), ("b", Some(r#"{"line":"two"}"#)),]
    );
}
