//! Tests of chains as the runtime runs them: records kept, dropped, added and failed, and columns written only if they
//! changed.

use super::chain::Chain;
use super::entry::{Plugins, TransformEntry};
use super::testing::{Failure, Input, Output, OutputRecord, Step, TestChain, run};
use super::{Columns, Header, Outcome, Predicate, Record, Transform};
use crate::bindings::host::weir::connect::data::{
    Column, ConfigEntry, HeaderColumns, Records, TopicColumn, TransformBatch, Values,
};
use crate::bindings::transform::interface as wit;
use crate::record::Data;
use crate::schema::Schema;
use crate::value::SchemaCache;
use crate::{ConfigError, ConfigMap, RecordError};

const NOTHING: [(&str, &str); 0] = [];

/// A configuration without a definition: tests use the keys directly.
#[derive(Clone, Default)]
struct Keys(ConfigMap);

impl crate::Config for Keys {
    fn keys() -> Vec<crate::config::ConfigKey> {
        Vec::new()
    }

    fn parse(entries: &ConfigMap) -> Result<Keys, ConfigError> {
        Ok(Keys(entries.clone()))
    }
}

/// Does what the JSON value requests: drops, fails, retries or emits copies.
struct Act;

impl Transform for Act {
    const CLASS: &'static str = "Act";
    const VERSION: &'static str = "1";
    type Config = ();

    fn new((): ()) -> Result<Act, ConfigError> {
        Ok(Act)
    }

    fn columns(&self) -> Columns {
        Columns::VALUES
    }

    fn apply(&mut self, record: &mut Record<'_>) -> Result<Outcome, RecordError> {
        let action = record.value().get("do").and_then(|action| action.as_str()).map(|action| action.into_owned());
        let copies = record.value().get("copies").and_then(|copies| copies.as_i64()).unwrap_or(0);
        for copy in 0..copies {
            record.value().set_i64("copy", copy)?;
            record.emit();
        }
        match action.as_deref() {
            Some("drop") => Ok(Outcome::Drop),
            Some("fail") => Err(RecordError::new("asked to fail")),
            Some("retry") => Err(RecordError::retriable("asked to retry")),
            _ => Ok(Outcome::Keep),
        }
    }
}

/// Sets everything except key and value if the topic is `from`.
struct Move(ConfigMap);

impl Transform for Move {
    const CLASS: &'static str = "Move";
    const VERSION: &'static str = "1";
    type Config = Keys;

    fn new(config: Keys) -> Result<Move, ConfigError> {
        if config.0.contains_key("bad") {
            return Err(ConfigError { key: "bad".into(), message: "no good".into() });
        }
        Ok(Move(config.0))
    }

    fn columns(&self) -> Columns {
        Columns::HEADERS
    }

    fn apply(&mut self, record: &mut Record<'_>) -> Result<Outcome, RecordError> {
        if record.topic() == self.0["from"] {
            record.set_topic(&self.0["to"]);
            record.set_partition(Some(7));
            record.set_timestamp(record.offset().map(|offset| offset * 10));
            record.headers().retain(|header| header.name() != "gone");
            record.headers().push(Header::new("moved", Data::Text("yes"), None));
        }
        Ok(Outcome::Keep)
    }
}

struct HasField(String);

impl Predicate for HasField {
    const CLASS: &'static str = "HasField";
    const VERSION: &'static str = "1";
    type Config = Keys;

    fn new(config: Keys) -> Result<HasField, ConfigError> {
        Ok(HasField(config.0["field"].clone()))
    }

    fn columns(&self) -> Columns {
        Columns::VALUES
    }

    fn test(&mut self, record: &Record<'_>) -> Result<bool, RecordError> {
        Ok(record.peek_value().peek(&self.0).is_some())
    }
}

/// Replaces the schema of the key with an optional one, whose version counts how many schemas it made.
#[derive(Default)]
struct OptionalKey {
    schemas: SchemaCache,
    made: i32,
}

impl Transform for OptionalKey {
    const CLASS: &'static str = "OptionalKey";
    const VERSION: &'static str = "1";
    type Config = ();

    fn new((): ()) -> Result<OptionalKey, ConfigError> {
        Ok(OptionalKey::default())
    }

    fn columns(&self) -> Columns {
        Columns::KEYS
    }

    fn apply(&mut self, record: &mut Record<'_>) -> Result<Outcome, RecordError> {
        let Some(schema) = record.key().schema().cloned() else { return Ok(Outcome::Keep) };
        let made = &mut self.made;
        let optional = self.schemas.get_or_make(&schema, || {
            *made += 1;
            Ok::<_, RecordError>(Schema::string().optional().version(*made).build())
        })?;
        record.key().set_schema(Some(optional));
        Ok(Outcome::Keep)
    }
}

fn act() -> Step {
    Step::of::<Act>("act", NOTHING)
}

fn values(output: &Output) -> Vec<(usize, &str)> {
    output.records.iter().map(|record| (record.origin, record.value.as_deref().unwrap_or("-"))).collect()
}

#[test]
fn records_are_kept_dropped_added_and_failed_in_order() {
    let records = [
        Input::json(r#"{"n":0}"#),
        Input::json(r#"{"do":"drop"}"#),
        Input::json(r#"{"copies":2}"#),
        Input::json(r#"{"do":"retry"}"#),
        Input::json(r#"{"do":"drop","copies":1}"#),
        Input::json(r#"{"do":"fail","copies":3}"#),
        Input::null(),
    ];
    let output = run(&[act()], &records).unwrap();
    assert_eq!(
        values(&output),
        [
            (0, r#"{"n":0}"#),
            (2, r#"{"copies":2,"copy":0}"#),
            (2, r#"{"copies":2,"copy":1}"#),
            (2, r#"{"copies":2,"copy":1}"#),
            (4, r#"{"do":"drop","copies":1,"copy":0}"#),
            (6, "-"),
        ]
    );
    let failure = |index, message: &str, retriable| Failure { index, step: 0, message: message.into(), retriable };
    assert_eq!(output.failures, [failure(3, "asked to retry", true), failure(5, "asked to fail", false)]);
}

#[test]
fn a_record_that_fails_behind_its_copies_leaves_none_of_them() {
    let fails = Input::json(r#"{"copies":2}"#).header("gone", "x").topic("a");
    let steps = [Step::of::<Move>("m", [("from", "a"), ("to", "b")]), act(), Step::of::<FailCopy>("f", NOTHING)];
    let output = run(&steps, &[Input::json("{}").key_text("k"), fails, Input::json(r#"{"n":1}"#)]).unwrap();
    assert_eq!(values(&output), [(0, "{}"), (2, r#"{"n":1}"#)]);
    assert_eq!(output.failures, [Failure { index: 1, step: 2, message: "copy 1".into(), retriable: false }]);
    assert!(output.records.iter().all(|record| record.topic == "topic" && record.headers.is_empty()));
}

/// Fails for the second copy that `Act` makes.
struct FailCopy;

impl Transform for FailCopy {
    const CLASS: &'static str = "FailCopy";
    const VERSION: &'static str = "1";
    type Config = ();

    fn new((): ()) -> Result<FailCopy, ConfigError> {
        Ok(FailCopy)
    }

    fn apply(&mut self, record: &mut Record<'_>) -> Result<Outcome, RecordError> {
        record.key().set_text("touched", None);
        match record.value().get("copy").and_then(|copy| copy.as_i64()) {
            Some(1) => Err(RecordError::new("copy 1")),
            _ => Ok(Outcome::Keep),
        }
    }
}

#[test]
fn columns_are_written_from_the_first_change_on() {
    let records = [
        Input::json("{}").offset(1).header("h", "1").header("i", "2").topic("x").partition(3).timestamp(4),
        Input::json("{}").offset(2),
        Input::json("{}").offset(3).header("gone", "1").header("stays", "2").topic("a").partition(5).timestamp(6),
        Input::json("{}").offset(4).header("j", "3").topic("x"),
    ];
    let step = Step::of::<Move>("m", [("from", "a"), ("to", "b")]);
    let output = run(std::slice::from_ref(&step), &records).unwrap();
    assert_eq!(output.written, [true, true, true, false, false, true]);
    let of = |record: &OutputRecord| {
        let headers: Vec<_> =
            record.headers.iter().map(|(name, value)| format!("{name}={}", value.as_ref().unwrap())).collect();
        format!("{} {} {} {}", record.topic, record.partition, record.timestamp, headers.join(","))
    };
    let records_left: Vec<String> = output.records.iter().map(of).collect();
    assert_eq!(records_left, ["x 3 4 h=1,i=2", "topic -1 -1 ", "b 7 30 stays=2,moved=yes", "x -1 -1 j=3"]);

    let untouched = run(&[step], &records[..2]).unwrap();
    assert_eq!(untouched.written, [false; 6]);
    assert_eq!(untouched.records.iter().map(of).collect::<Vec<_>>(), records_left[..2]);
}

#[test]
fn copies_made_before_headers_changed_keep_theirs() {
    let records = [
        Input::json(r#"{"copies":2}"#).header("h", "1"),
        Input::json("{}").header("i", "2").header("j", "3").topic("a"),
    ];
    let output = run(&[act(), Step::of::<Move>("m", [("from", "a"), ("to", "b")])], &records).unwrap();
    let headers: Vec<usize> = output.records.iter().map(|record| record.headers.len()).collect();
    assert_eq!(headers, [1, 1, 1, 3]);
    assert_eq!(output.records[2].headers[0], ("h".to_string(), Some("1".to_string())));
}

#[test]
fn a_header_goes_to_its_own_record_where_the_batch_has_none() {
    let none = || Values { lengths: vec![], bytes: vec![], format_index: vec![] };
    let records = Records {
        count: 3,
        topics: TopicColumn { names: vec!["a".into(), "c".into()], name_index: vec![0, 1, 0] },
        partitions: vec![],
        timestamps: vec![],
        formats: vec![],
        keys: none(),
        values: none(),
        headers: HeaderColumns { counts: vec![], names: Column { lengths: vec![], bytes: vec![] }, values: none() },
    };
    let plugins = Plugins { transforms: vec![TransformEntry::of::<Move>()], predicates: vec![] };
    let config = [("from", "a"), ("to", "b")].map(|(key, value)| ConfigEntry {
        key: key.into(),
        value: value.into(),
        secret: false,
    });
    let step = wit::Step { alias: "m".into(), class_name: Move::CLASS.into(), config: config.into(), predicate: None };
    let mut chain = Chain::new(&plugins, vec![step]).unwrap();
    let left = chain.apply(TransformBatch { records, offsets: vec![] }).unwrap();
    assert_eq!(left.headers.unwrap().counts, [1, 0, 1]);
}

#[test]
fn predicates_choose_the_records_of_a_step() {
    let records = [Input::json(r#"{"do":"drop"}"#), Input::json(r#"{"do":"drop","keep":1}"#), Input::text("{}")];
    let output = run(&[act().unless::<HasField>([("field", "keep")])], &records).unwrap();
    assert_eq!(output.records.iter().map(|record| record.origin).collect::<Vec<_>>(), [1, 2]);
    let output = run(&[act().when::<HasField>([("field", "keep")])], &records).unwrap();
    assert_eq!(output.records.iter().map(|record| record.origin).collect::<Vec<_>>(), [0, 2]);
}

#[test]
fn schemas_made_for_one_batch_are_found_for_the_next() {
    let mut chain = TestChain::new(&[Step::of::<OptionalKey>("o", NOTHING)]).unwrap();
    let (text, number) = (Schema::string().build(), Schema::int8().build());
    let record = |schema| Input::null().key_text("k").key_schema(schema);
    let versions = |output: &Output| -> Vec<Option<i32>> {
        output
            .records
            .iter()
            .map(|record| record.key_schema.as_ref().and_then(|schema| schema.root().node().version))
            .collect()
    };
    let records = [record(&text), record(&number), record(&text), Input::null().key_text("k")];
    assert_eq!(versions(&chain.run(&records)), [Some(1), Some(2), Some(1), None]);
    assert_eq!(versions(&chain.run(&records[1..])), [Some(2), Some(1), None]);
}

#[test]
fn a_chain_asks_for_what_its_steps_ask_for() {
    let step = Step::of::<Move>("m", [("from", "a"), ("to", "b")]);
    let columns = |steps: &[Step]| TestChain::new(steps).unwrap().columns();
    assert_eq!(columns(&[]), Columns::NONE);
    assert_eq!(columns(std::slice::from_ref(&step)), Columns::HEADERS);
    assert_eq!(columns(&[step.when::<HasField>([("field", "a")])]), Columns::HEADERS | Columns::VALUES);
    assert_eq!(columns(&[Step::of::<FailCopy>("f", NOTHING)]), Columns::ALL);
}

#[test]
fn a_bad_configuration_is_told_with_its_alias_and_key() {
    let error = run(&[act(), Step::of::<Move>("m", [("bad", "1")])], &[]).unwrap_err();
    assert_eq!(error, "transforms.m: no good (bad)");
}

#[test]
#[should_panic(expected = "the step uses the keys, but its `columns` do not name them")]
fn a_step_that_uses_what_it_did_not_ask_for_is_told_so() {
    struct Forgetful;
    impl Transform for Forgetful {
        const CLASS: &'static str = "Forgetful";
        const VERSION: &'static str = "1";
        type Config = ();

        fn new((): ()) -> Result<Forgetful, ConfigError> {
            Ok(Forgetful)
        }

        fn columns(&self) -> Columns {
            Columns::VALUES
        }

        fn apply(&mut self, record: &mut Record<'_>) -> Result<Outcome, RecordError> {
            record.key().set_null(None);
            Ok(Outcome::Keep)
        }
    }
    let _ = run(&[Step::of::<Forgetful>("f", NOTHING)], &[Input::null()]);
}
