//! TimestampConverter and TimestampRouter on batches. Single records are compared with Kafka Connect's in `tests/oracle`.

use weir_sdk::transform::testing::TestChain;

use super::*;
use crate::side::{Key, Value};
use crate::timestamp_converter::TimestampConverter;
use crate::timestamp_router::TimestampRouter;

const DAY: i64 = 86_400_000;

#[test]
fn each_record_goes_to_the_topic_of_its_own_moment() {
    let step = Step::of::<TimestampRouter>("r", [("timestamp.format", "yyyyMMddHH")]);
    let mut chain = TestChain::new(&[step]).unwrap();
    let record = |topic: &str, timestamp| Input::null().topic(topic).timestamp(timestamp);
    let records = [
        record("a", 0),
        record("b", 1),
        record("a", 3_599_999),
        record("a", 3_600_000),
        record("a", 0),
        record("c", -1),
        record("a", DAY),
    ];
    for _ in 0..2 {
        let output = chain.run(&records);
        let topics: Vec<&str> = output.records.iter().map(|record| record.topic.as_str()).collect();
        assert_eq!(
            topics,
            ["a-1970010100", "b-1970010100", "a-1970010100", "a-1970010101", "a-1970010100", "a-1970010200"]
        );
        assert_eq!(output.failures[0].message, "Timestamp missing on record: topic c");
    }
}

#[test]
fn a_pattern_that_cannot_be_used_is_refused_with_the_configuration() {
    assert_eq!(
        refusal::<TimestampRouter>(&[("timestamp.format", "yyyy-MM-ddTHH")]),
        "transforms.t: Invalid value yyyy-MM-ddTHH for configuration timestamp.format: Illegal pattern character 'T'"
    );
}

#[test]
fn a_struct_keeps_its_default_converted() {
    let moment = Schema::timestamp().optional();
    let schema = Schema::structure("s")
        .field("at", moment)
        .field("n", Schema::int8().optional().default_json("5"))
        .optional()
        .default_json(r#"{"at":86400000,"n":null}"#)
        .build();
    let config = [("field", "at"), ("target.type", "string"), ("format", "yyyy-MM-dd")];
    let output = one::<TimestampConverter<Value>>(&config, Input::json(r#"{"at":0,"n":null}"#).schema(&schema));
    assert_eq!(output.records[0].value.as_deref(), Some(r#"{"at":"1970-01-01","n":5}"#));
    let root = output.records[0].value_schema.clone().unwrap();
    assert!(root.root().is_optional());
    assert_eq!(root.nodes()[0].default.as_deref(), Some(r#"{"at":"1970-01-02","n":5}"#));
}

#[test]
fn text_and_bytes_are_what_they_are() {
    let config = [("target.type", "Timestamp"), ("format", "yyyy-MM-dd")];
    let schema = Schema::string().optional().build();
    let output = one::<TimestampConverter<Key>>(&config, Input::null().key_text("1970-01-02").key_schema(&schema));
    assert_eq!(output.records[0].key.as_deref(), Some("86400000"));
    assert_eq!(output.records[0].key_schema, Some(Schema::timestamp().optional().build()));
    assert_eq!(value::<TimestampConverter<Value>>(&config, Input::text("1970-01-02")).as_deref(), Some("86400000"));
    assert_eq!(
        failure::<TimestampConverter<Value>>(&config, Input::bytes(b"1")),
        "TimestampConverter does not support class [B objects as timestamps"
    );
}
