//! Simulation of a cluster: random schedules of what happens to workers, to the group coordinator and to the network, with rules that are
//! checked at each step.
//!
//! Each test takes a fixed number of schedules, the same in each run. `WEIR_FUZZ_SECONDS` takes others for that long, and
//! `WEIR_FUZZ_SEED` begins with this seed. The seed of a schedule that breaks a rule is printed, with what happened last.

mod check;
mod coordinator;
mod directed;
mod log;
mod process;
mod schedule;
mod world;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use schedule::{Schedule, late_proofs, leaders, random, resurrection};
use world::Flaws;

use crate::fault::{self, Fault};

/// The number of schedules of a test.
const SCHEDULES: u64 = 700;

/// The most schedules after which a fault has to be found.
const UNTIL_FOUND: u64 = 5000;

fn variable(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}: {text:?} is not a valid number")))
}

/// Takes schedules until the number of schedules or the time is reached, and fails with the first that breaks a rule.
fn assert_unbroken(schedule: Schedule, count: u64) {
    let seconds = variable("WEIR_FUZZ_SECONDS");
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_secs() * 1_000_000);
    let first = variable("WEIR_FUZZ_SEED").unwrap_or(if seconds.is_some() { clock } else { 0 });
    let end = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let mut taken = 0;
    while end.map_or(taken < count, |end| Instant::now() < end) {
        let seed = first + taken;
        if schedule(seed, Flaws::default(), false).violation.is_some() {
            let world = schedule(seed, Flaws::default(), true);
            let from = world.trace.len().saturating_sub(400);
            println!("{}", world.trace[from..].join("\n"));
            panic!("WEIR_FUZZ_SEED={seed}: {}", world.violation.unwrap_or_default());
        }
        taken += 1;
    }
    println!("{taken} schedules, from seed {first}");
}

#[test]
fn random_schedules_break_no_rule() {
    assert_unbroken(random, SCHEDULES);
}

#[test]
fn sessions_that_another_coordinator_knows_again_break_no_rule() {
    assert_unbroken(resurrection, SCHEDULES);
}

#[test]
fn proofs_that_are_late_break_no_rule() {
    assert_unbroken(late_proofs, SCHEDULES);
}

#[test]
fn leaders_that_replace_each_other_break_no_rule() {
    assert_unbroken(leaders, SCHEDULES);
}

/// Checks that the simulation finds a violation whose text contains one of those expected.
fn assert_found(schedule: Schedule, fault: Option<Fault>, flaws: Flaws, expected: &[&str]) {
    fault::inject(fault);
    let found = (0..UNTIL_FOUND).find_map(|seed| Some((seed, schedule(seed, flaws, false).violation?)));
    fault::inject(None);
    let (seed, violation) = found.unwrap_or_else(|| panic!("{fault:?} {flaws:?} is not found"));
    println!("{fault:?} {flaws:?}, seed {seed}: {violation}");
    assert!(expected.iter().any(|text| violation.contains(text)), "{violation}");
}

/// The violations of tasks that run twice, or with two sets of task configurations.
const TWICE: &[&str] = &["believes to own", "still executes", "while"];

#[test]
fn a_leader_that_does_not_wait_for_acknowledgements_is_found() {
    assert_found(random, Some(Fault::NoAcknowledgement), Flaws::default(), TWICE);
}

#[test]
fn a_worker_without_a_lease_is_found() {
    assert_found(random, Some(Fault::NoLease), Flaws::default(), TWICE);
}

#[test]
fn a_lease_that_begins_with_the_response_is_found() {
    assert_found(late_proofs, Some(Fault::LeaseFromResponse), Flaws::default(), TWICE);
}

#[test]
fn a_clock_that_stops_during_a_pause_is_found() {
    assert_found(random, None, Flaws { clock_stops: true, ..Flaws::default() }, TWICE);
}

#[test]
fn a_worker_that_continues_without_reading_to_the_end_is_found() {
    assert_found(resurrection, Some(Fault::NoReadToEnd), Flaws::default(), TWICE);
}

#[test]
fn a_leader_that_trusts_one_description_is_found() {
    assert_found(resurrection, Some(Fault::OneDescription), Flaws::default(), TWICE);
}

#[test]
fn old_and_new_task_configurations_at_once_are_found() {
    assert_found(random, Some(Fault::NoGenerations), Flaws::default(), &["while"]);
}

#[test]
fn a_worker_that_ignores_the_end_of_its_session_is_found() {
    assert_found(
        resurrection,
        Some(Fault::IgnoresOver),
        Flaws::default(),
        &["believes to own", "after the quiet time"],
    );
}

#[test]
fn changes_by_a_fenced_leader_are_found() {
    let flaws = Flaws { unfenced_configs: true, ..Flaws::default() };
    assert_found(leaders, None, flaws, &["whose creation was acknowledged"]);
}

#[test]
fn assignments_by_a_fenced_leader_are_found() {
    let flaws = Flaws { unfenced_assignments: true, ..Flaws::default() };
    assert_found(leaders, Some(Fault::NoEpochs), flaws, TWICE);
}

#[test]
fn moves_that_balance_does_not_require_are_found() {
    assert_found(random, Some(Fault::NotSticky), Flaws::default(), &["revoked"]);
}
