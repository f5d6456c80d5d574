//! Single steps of a machine. What several machines do together is simulated.

use std::collections::BTreeSet;

use super::*;
use crate::record::{Assignment, Part, Version};
use crate::work::{Tasks, WorkSet};

const OWN: &str = "http://a:8083-1";

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn part(member: &str, version: Version, over: bool, config_position: i64, work: WorkSet) -> Record {
    let share =
        Assignment { version, worker: "http://a:8083".into(), over, config_position, work, revoked: Vec::new() };
    Record::Assignment(Part { member: member.into(), part: 0, parts: 1, share })
}

fn version(number: u64) -> Version {
    Version { epoch: 1, number }
}

fn work(ids: &[u32]) -> WorkSet {
    let tasks = Tasks { generation: 1, ids: ids.iter().copied().collect::<BTreeSet<_>>() };
    WorkSet { connectors: ["c".into()].into(), tasks: [("c".into(), tasks)].into() }
}

fn task(id: u32) -> Work {
    Work::Task("c".into(), id)
}

/// A machine that knows a connector with three tasks and has joined the group, at 100 s.
fn joined() -> Machine {
    let mut machine = Machine::new(Settings::default(), "http://a:8083".into());
    let now = seconds(100);
    machine.step(Event::Config { offset: 0, change: Change::Connector("c".into()) }, now);
    let tasks = Change::Tasks { connector: "c".into(), generation: 1, count: 3 };
    machine.step(Event::Config { offset: 1, change: tasks }, now);
    let actions = machine.step(Event::Joined { member: OWN.into() }, now);
    assert_eq!(actions, [Action::Prove { member: OWN.into() }]);
    machine
}

/// The same, after a proof that was sent at 100 s. It runs the connector and the tasks 0 and 1.
fn running() -> Machine {
    let mut machine = joined();
    machine.step(Event::Record(part(OWN, version(1), false, 2, work(&[0, 1]))), seconds(100));
    let actions = machine.step(Event::Proven { member: OWN.into(), sent_at: seconds(100) }, seconds(101));
    assert_eq!(actions, [Action::ReadToEnd { ticket: 1 }]);
    let actions = machine.step(Event::ReadToEnd { ticket: 1 }, seconds(101));
    assert_eq!(actions.len(), 3, "{actions:?}");
    assert!(machine.is_settled());
    machine
}

fn stopped(machine: &mut Machine, works: &[Work], now: Duration) -> Vec<Action> {
    works.iter().flat_map(|work| machine.step(Event::Stopped(work.clone()), now)).collect()
}

#[test]
fn nothing_starts_before_the_session_is_proven_and_the_topics_are_read() {
    let mut machine = joined();
    let actions = machine.step(Event::Record(part(OWN, version(1), false, 2, work(&[0]))), seconds(100));
    assert_eq!(actions, []);
    machine.step(Event::Proven { member: OWN.into(), sent_at: seconds(100) }, seconds(100));
    assert_eq!(machine.step(Event::Tick, seconds(101)), []);
    assert_eq!(machine.step(Event::ReadToEnd { ticket: 1 }, seconds(101)).len(), 2);
}

#[test]
fn the_lease_counts_from_the_request_and_its_end_stops_everything_first() {
    let mut machine = running();
    // The lease takes 8 of the 10 seconds of the session timeout.
    assert!(machine.is_alive(Duration::from_millis(107_999)));
    assert!(!machine.is_alive(seconds(108)));
    let actions = machine.step(Event::Config { offset: 2, change: Change::Other }, seconds(108));
    assert_eq!(actions[0], Action::Abandon);
    assert_eq!(actions[1], Action::Prove { member: OWN.into() });
}

#[test]
fn a_proof_that_arrives_after_a_pause_does_not_extend_the_lease() {
    let mut machine = running();
    let actions = machine.step(Event::Proven { member: OWN.into(), sent_at: seconds(101) }, seconds(150));
    assert_eq!(actions[0], Action::Abandon);
    assert!(!machine.is_alive(seconds(150)));
}

#[test]
fn a_clock_that_goes_back_ends_the_lease() {
    let mut machine = running();
    let actions = machine.step(Event::Tick, seconds(90));
    assert_eq!(actions[0], Action::Abandon);
    assert!(!machine.is_alive(seconds(90)));
}

#[test]
fn another_session_stops_everything_first_and_starts_after_it_has_stopped() {
    let mut machine = running();
    let now = seconds(101);
    let member: MemberId = "http://a:8083-2".into();
    let actions = machine.step(Event::Joined { member: member.clone() }, now);
    assert_eq!(actions, [Action::Abandon, Action::Prove { member: member.clone() }]);
    machine.step(Event::Record(part(&member, version(2), false, 2, work(&[0]))), now);
    machine.step(Event::Proven { member, sent_at: now }, now);
    assert_eq!(machine.step(Event::ReadToEnd { ticket: 2 }, now), []);
    let start = Action::Start { work: task(0), generation: 1 };
    assert_eq!(stopped(&mut machine, &[task(0)], now), [start]);
    assert_eq!(stopped(&mut machine, &[task(1)], now), []);
}

#[test]
fn a_proof_of_the_former_session_proves_nothing() {
    let mut machine = running();
    machine.step(Event::Joined { member: "http://a:8083-2".into() }, seconds(101));
    machine.step(Event::Proven { member: OWN.into(), sent_at: seconds(101) }, seconds(101));
    assert!(!machine.is_alive(seconds(101)));
}

#[test]
fn a_session_that_is_published_as_over_or_removed_is_left() {
    let now = seconds(101);
    for record in
        [part(OWN, version(2), true, 2, work(&[0, 1])), Record::AssignmentRemoved { member: OWN.into(), part: 0 }]
    {
        let mut machine = running();
        assert_eq!(machine.step(Event::Record(record), now), [Action::Abandon, Action::Rejoin]);
        assert_eq!(machine.member(), None);
    }
}

#[test]
fn revoked_work_is_acknowledged_when_it_has_stopped() {
    let mut machine = running();
    let now = seconds(101);
    let Record::Assignment(mut next) = part(OWN, version(2), false, 2, work(&[1])) else { unreachable!() };
    let tasks = Tasks { generation: 1, ids: [0].into() };
    next.share.revoke(version(2), WorkSet { tasks: [("c".into(), tasks)].into(), ..WorkSet::default() });
    assert_eq!(machine.step(Event::Record(Record::Assignment(next)), now), [Action::Stop(task(0))]);
    let acknowledgement = Action::Acknowledge(Record::Acknowledgement { member: OWN.into(), version: version(2) });
    assert_eq!(stopped(&mut machine, &[task(0)], now), std::slice::from_ref(&acknowledgement));
    assert_eq!(machine.step(Event::AcknowledgeFailed, now), []);
    let again = now + Settings::default().retry_backoff;
    assert_eq!(machine.next_step(), Some(again));
    assert_eq!(machine.step(Event::Tick, again), [acknowledgement]);
}

#[test]
fn an_assignment_waits_for_the_configuration_that_it_was_made_for() {
    let mut machine = running();
    let now = seconds(101);
    let mut more = work(&[0, 1]);
    more.connectors.insert("d".into());
    machine.step(Event::Config { offset: 2, change: Change::Connector("d".into()) }, now);
    assert_eq!(machine.step(Event::Record(part(OWN, version(2), false, 5, more)), now), []);
    assert_eq!(machine.step(Event::Config { offset: 3, change: Change::Other }, now), []);
    let start = Action::Start { work: Work::Connector("d".into()), generation: 0 };
    assert_eq!(machine.step(Event::Config { offset: 4, change: Change::Other }, now), [start]);
}

#[test]
fn work_without_its_component_waits_for_it() {
    let mut machine = running();
    let now = seconds(101);
    machine.step(Event::ComponentMissing("c".into()), now);
    let actions = machine.step(Event::Record(part(OWN, version(2), false, 2, work(&[0, 1, 2]))), now);
    assert_eq!(actions, [Action::AwaitComponent(task(2))], "what runs already continues");
    assert!(machine.is_settled());
    let start = Action::Start { work: task(2), generation: 1 };
    assert_eq!(machine.step(Event::ComponentArrived("c".into()), now), [start]);
}

#[test]
fn new_task_configurations_stop_the_old_tasks_before_the_leader_knows() {
    let mut machine = running();
    let tasks = Change::Tasks { connector: "c".into(), generation: 2, count: 3 };
    let actions = machine.step(Event::Config { offset: 2, change: tasks }, seconds(101));
    assert_eq!(actions, [Action::Stop(task(0)), Action::Stop(task(1))]);
}

#[test]
fn changes_of_a_connector_reach_what_runs_here() {
    let mut machine = running();
    let now = seconds(101);
    let configure = |change| Event::Config { offset: 2, change };
    let actions = machine.step(configure(Change::Connector("c".into())), now);
    assert_eq!(actions, [Action::Reconfigure("c".into())]);
    let actions = machine.step(configure(Change::TargetState("c".into())), now);
    assert_eq!(actions, [Action::ApplyTargetState("c".into())]);
    let restart = crate::Restart { connector: "c".into(), include_tasks: true, only_failed: false };
    let actions = machine.step(configure(Change::Restart(restart.clone())), now);
    let work = vec![Work::Connector("c".into()), task(0), task(1)];
    assert_eq!(actions, [Action::Restart { restart, work }]);
    let actions = machine.step(configure(Change::ConnectorRemoved("c".into())), now);
    assert_eq!(actions.len(), 3, "{actions:?}");
}

#[test]
fn a_worker_leaves_the_group_when_everything_has_stopped() {
    let mut machine = running();
    let now = seconds(101);
    let works = [Work::Connector("c".into()), task(0), task(1)];
    assert_eq!(machine.step(Event::ShutDown, now), works.clone().map(Action::Stop));
    assert_eq!(stopped(&mut machine, &works, now).last(), Some(&Action::Leave));
    assert_eq!(machine.next_step(), None);
}

/// A machine that has become the leader of a group of one, with the tickets of its requests.
fn leading() -> Machine {
    let mut machine = running();
    let now = seconds(101);
    let actions = machine.step(Event::LeaderPartition { is_assigned: true }, now);
    assert_eq!(actions, [Action::Claim { ticket: 2 }]);
    assert_eq!(machine.step(Event::Claimed { ticket: 2 }, now), [Action::ReadToEnd { ticket: 3 }]);
    assert_eq!(machine.step(Event::ReadToEnd { ticket: 3 }, now), [Action::Describe { ticket: 4 }]);
    assert!(machine.leads());
    machine
}

fn describe(machine: &mut Machine, members: &[(&str, &str)]) -> Vec<Action> {
    let members = members.iter().map(|(member, url)| ((*member).into(), (*url).into())).collect();
    machine.step(Event::Described { ticket: 4, members }, seconds(101))
}

#[test]
fn a_leader_begins_with_its_epoch_and_what_no_worker_runs() {
    let mut machine = leading();
    let actions = describe(&mut machine, &[(OWN, "http://a:8083")]);
    let [Action::Publish { version, records }] = &actions[..] else { panic!("{actions:?}") };
    assert_eq!(*version, Version { epoch: 2, number: 2 });
    let [Record::Leader(leader), Record::Assignment(part)] = &records[..] else { panic!("{records:?}") };
    assert_eq!((leader.epoch, &*leader.member), (2, OWN));
    assert_eq!(part.share.work, work(&[0, 1, 2]));
    assert_eq!(machine.step(Event::Published { version: *version }, seconds(101)), [Action::ReadToEnd { ticket: 5 }]);
}

#[test]
fn a_fenced_leader_claims_again_only_while_the_partition_is_assigned_to_it() {
    for event in [Event::PublishFailed { version: Version { epoch: 2, number: 2 } }, Event::ConfigWriteFailed] {
        let mut machine = leading();
        describe(&mut machine, &[(OWN, "http://a:8083")]);
        assert_eq!(machine.step(event.clone(), seconds(101)), []);
        assert!(!machine.leads());
        let mut deposed = leading();
        describe(&mut deposed, &[(OWN, "http://a:8083")]);
        deposed.step(event, seconds(101));
        deposed.step(Event::LeaderPartition { is_assigned: false }, seconds(101));
        let is_claim = |action: &Action| matches!(action, Action::Claim { .. });
        assert!(machine.step(Event::Tick, seconds(103)).iter().any(is_claim));
        assert!(!deposed.step(Event::Tick, seconds(103)).iter().any(is_claim));
    }
}

#[test]
fn a_description_without_the_leader_itself_is_not_used() {
    let mut machine = leading();
    assert_eq!(describe(&mut machine, &[]), []);
    let mut machine = leading();
    assert_eq!(describe(&mut machine, &[("http://b:8083-3", "http://b:8083")]), []);
}

#[test]
fn nothing_is_assigned_while_an_assignment_of_a_member_cannot_be_read() {
    let mut machine = leading();
    let other: MemberId = "http://b:8083-3".into();
    machine.step(Event::Unreadable { member: other.clone(), part: 0 }, seconds(101));
    let actions = describe(&mut machine, &[(OWN, "http://a:8083"), (&other, "http://b:8083")]);
    assert_eq!(actions, [Action::ReportUnreadable { member: other.clone() }]);
    // The next description does not contain it any more.
    let mut machine = leading();
    machine.step(Event::Unreadable { member: other.clone(), part: 0 }, seconds(101));
    let actions = describe(&mut machine, &[(OWN, "http://a:8083")]);
    let [Action::Publish { records, .. }] = &actions[..] else { panic!("{actions:?}") };
    assert!(records.contains(&Record::AssignmentRemoved { member: other, part: 0 }));
}
