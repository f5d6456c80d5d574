//! Compares transforms with those of Kafka Connect 4.3.1.
//!
//! Each line of `tests/oracle/cases/transforms/*.jsonl` is a case: `input` is read with JsonConverter, as the key or the value of a sink
//! record, and `output` is the transform's result, written with the same converter; or `error` says which of these failed and `message`
//! how. Other changes of the record are in `changed`. Where Weir differs on purpose, the line also has Weir's result in `weir`, and the
//! reason in `why`.
//!
//! [`cases`] creates the cases; those of `first.jsonl` were written by hand. `cargo xtask record transforms` runs Kafka Connect's classes
//! on them again, also those of another version of Kafka.

mod case;
mod cases;
mod page;
mod plugins;
mod record;
mod records;
mod replay;

use case::{Case, Recording};

#[test]
fn transforms_do_what_those_of_kafka_connect_do() {
    let mut wrong = Vec::new();
    for line in Recording::all().iter().flat_map(Recording::lines) {
        let case = Case::read(&line);
        let found = replay::outcome(&case);
        let weir = case.weir();
        // A difference that is expected and does not occur is an error, too.
        if !replay::same(weir.unwrap_or(case.outcome()), &found)
            || weir.is_some_and(|weir| replay::same(case.outcome(), weir))
        {
            wrong.push(format!("{line}\n  found {found}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_recorded_cases_are_those_that_are_made() {
    for recording in Recording::all() {
        let recorded: Vec<Case> = recording.lines().iter().map(|line| Case::read(line).asked()).collect();
        let made = recording.cases();
        let first = made.iter().zip(&recorded).find(|(made, recorded)| made != recorded);
        assert!(
            made.len() == recorded.len() && first.is_none(),
            "{} has {} cases and {} are made, first other one {first:?}; next: run `cargo xtask record`",
            recording.name(),
            recorded.len(),
            made.len()
        );
    }
}
