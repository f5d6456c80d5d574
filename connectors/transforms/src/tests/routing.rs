//! Tests of RegexRouter and Filter: records that change their topic or are dropped.

use weir_sdk::transform::Columns;
use weir_sdk::transform::testing::TestChain;

use super::*;
use crate::filter::Filter;
use crate::regex_router::RegexRouter;

#[test]
fn topics_that_match_as_a_whole_are_renamed() {
    for (regex, replacement, topic, expected) in [
        ("raw-(.*)", "clean-$1", "raw-orders", "clean-orders"),
        ("raw-(.*)", "clean-$1", "orders-raw-x", "orders-raw-x"),
        ("(?<a>.*)-(.*)", "$2.${a}", "x-y", "y.x"),
        (".*", "all", "anything", "all"),
        ("a|ab", "x", "ab", "xb"),
        ("(\\d+)_(?=end)end", "$1", "12_end", "12"),
    ] {
        let config = [("regex", regex), ("replacement", replacement)];
        let output = one::<RegexRouter>(&config, Input::bytes(b"v").topic(topic));
        assert_eq!(output.records[0].topic, expected, "{regex}");
        assert_eq!(output.written[0], topic != expected);
        assert_eq!(output.written[1..], [false; 5]);
    }
}

#[test]
fn each_record_of_a_batch_goes_its_own_way() {
    let step = Step::of::<RegexRouter>("r", [("regex", "raw-(.*)"), ("replacement", "$1")]);
    let records: Vec<_> = ["x", "raw-a", "raw-b", "a", "raw-a"].map(|topic| Input::null().topic(topic)).into();
    let mut chain = TestChain::new(&[step]).unwrap();
    assert_eq!(chain.columns(), Columns::NONE);
    for _ in 0..2 {
        let output = chain.run(&records);
        let topics: Vec<_> = output.records.iter().map(|record| record.topic.as_str()).collect();
        assert_eq!(topics, ["x", "a", "b", "a", "a"]);
    }
}

#[test]
fn a_replacement_that_makes_no_sense_fails_the_records_that_match() {
    let config = [("regex", "raw-(.*)"), ("replacement", "$2")];
    assert_eq!(failure::<RegexRouter>(&config, Input::null().topic("raw-a")), "No group 2");
    assert_eq!(one::<RegexRouter>(&config, Input::null().topic("a")).records[0].topic, "a");
}

#[test]
fn an_expression_that_cannot_be_read_is_refused() {
    let message = refusal::<RegexRouter>(&[("regex", "["), ("replacement", "")]);
    assert!(message.starts_with("transforms.t: Invalid value [ for configuration regex: Invalid regex: "), "{message}");
    let missing = refusal::<RegexRouter>(&[("regex", "a")]);
    assert!(missing.contains("\"replacement\" which has no default value"), "{missing}");
}

#[test]
fn filter_drops_every_record_and_looks_at_none() {
    let step = Step::of::<Filter>("f", NOTHING);
    let mut chain = TestChain::new(&[step]).unwrap();
    assert_eq!(chain.columns(), Columns::NONE);
    let output = chain.run(&[Input::json("{}"), Input::null()]);
    assert_eq!((output.records, output.failures), (vec![], vec![]));
}
