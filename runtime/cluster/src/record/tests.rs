//! Records as bytes: every record is read as it was written, and whatever else is in the topic is refused without harm.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::work::Tasks;

fn name() -> impl Strategy<Value = Name> {
    "[a-z\"\\\\\u{1}é-]{1,6}".prop_map(Name::from)
}

fn work() -> impl Strategy<Value = WorkSet> {
    let ids = prop::collection::btree_set(prop_oneof![0..40u32, any::<u32>()], 1..20);
    let tasks = (0..5i64, ids).prop_map(|(generation, ids)| Tasks { generation, ids });
    let tasks = prop::collection::btree_map(name(), tasks, 0..6);
    (prop::collection::btree_set(name(), 0..6), tasks).prop_map(|(connectors, tasks)| WorkSet { connectors, tasks })
}

fn version() -> impl Strategy<Value = Version> {
    (any::<u64>(), any::<u64>()).prop_map(|(epoch, number)| Version { epoch, number })
}

fn assignment() -> impl Strategy<Value = Assignment> {
    let revoked = prop::collection::btree_map(version(), work(), 0..3);
    (version(), name(), any::<bool>(), any::<i64>(), work(), revoked).prop_map(
        |(version, worker, over, config_position, work, revoked)| {
            let entry = |(since, work): (Version, WorkSet)| Revoked { since, work };
            let revoked = revoked.into_iter().filter(|(_, work)| !work.is_empty()).map(entry).collect();
            Assignment { version, worker, over, config_position, work, revoked }
        },
    )
}

fn round_trip(record: &Record) -> Record {
    let (key, value) = encode(record);
    decode(&key, value.as_deref()).unwrap()
}

proptest! {
    #[test]
    fn an_assignment_is_read_as_it_was_written(assignment in assignment(), member in name(), max in 600..4000usize) {
        let parts = assignment.divide(&member, max);
        let mut shares = Vec::new();
        for part in &parts {
            let record = Record::Assignment(part.clone());
            prop_assert_eq!(&round_trip(&record), &record);
            shares.push(part.share.clone());
        }
        prop_assert_eq!(Assignment::assemble(shares), Some(assignment));
    }

    #[test]
    fn other_records_are_read_as_they_were_written(member in name(), worker in name(), version in version()) {
        for record in [
            Record::Leader(LeaderRecord { epoch: version.epoch, member: member.clone(), worker: worker.clone() }),
            Record::AssignmentRemoved { member: member.clone(), part: 3 },
            Record::Acknowledgement { member: member.clone(), version },
            Record::AcknowledgementRemoved { member: member.clone() },
        ] {
            prop_assert_eq!(&round_trip(&record), &record);
        }
    }

    #[test]
    fn arbitrary_records_are_refused_without_a_panic(key in ".{0,40}", value in any::<Option<Vec<u8>>>()) {
        for key in [key.clone(), "leader".into(), format!("assignment-{key}"), format!("acknowledgement-{key}")] {
            let _ = decode(&key, value.as_deref());
        }
    }

    #[test]
    fn changed_records_are_refused_without_a_panic(
        assignment in assignment(),
        at in any::<prop::sample::Index>(),
        piece in prop::sample::select(vec![&b"["[..], b"]", b"\"", b"-1", b"4294967295", b"99999999999999999999", b"null", b"{}", b"\xff"]),
    ) {
        let part = assignment.divide(&"m".into(), 4000).remove(0);
        let (key, value) = encode(&Record::Assignment(part));
        let mut value = value.unwrap();
        let at = at.index(value.len());
        value.splice(at..at + 1, piece.iter().copied());
        if let Ok(Record::Assignment(part)) = decode(&key, Some(&value)) {
            prop_assert!(part.share.work.task_count() <= ids::MAX_TASKS);
        }
    }
}

fn refused(key: &str, value: &str) -> String {
    decode(key, Some(value.as_bytes())).unwrap_err().to_string()
}

const WHOLE: &str =
    r#"{"version":1,"member":"m","worker":"w","epoch":1,"number":2,"part":0,"parts":1,"config-position":3"#;

#[test]
fn the_text_of_a_record_is_stable() {
    let tasks = |ids: &[u32]| Tasks { generation: 7, ids: ids.iter().copied().collect::<BTreeSet<_>>() };
    let share = Assignment {
        version: Version { epoch: 1, number: 2 },
        worker: "http://w:8083".into(),
        over: false,
        config_position: 9,
        work: WorkSet { connectors: ["a".into()].into(), tasks: BTreeMap::from([("a".into(), tasks(&[0, 1, 2, 5]))]) },
        revoked: vec![Revoked {
            since: Version { epoch: 1, number: 2 },
            work: WorkSet { connectors: ["b".into()].into(), ..WorkSet::default() },
        }],
    };
    let part = Part { member: "http://w:8083-1".into(), part: 0, parts: 1, share };
    let (key, value) = encode(&Record::Assignment(part));
    assert_eq!(key, "assignment-http://w:8083-1-0");
    assert_eq!(
        String::from_utf8(value.unwrap()).unwrap(),
        concat!(
            r#"{"version":1,"member":"http://w:8083-1","worker":"http://w:8083","epoch":1,"number":2,"part":0,"parts":1,"#,
            r#""config-position":9,"connectors":["a"],"tasks":[{"connector":"a","generation":7,"ids":[[0,2],[5,5]]}],"#,
            r#""revoked":[{"epoch":1,"number":2,"connectors":["b"]}]}"#
        )
    );
}

#[test]
fn unknown_fields_are_ignored_and_greater_versions_are_refused() {
    let value = format!(r#"{WHOLE},"capacity":{{"cores":8}}}}"#);
    assert!(decode("assignment-m-0", Some(value.as_bytes())).is_ok());
    let text = refused("assignment-m-0", r#"{"version":2,"anything":[]}"#);
    assert!(text.contains("version 2") && text.ends_with("upgrade this worker"), "{text}");
}

#[test]
fn contradictions_are_refused() {
    for (key, rest, expected) in [
        ("assignment-n-0", "", "another member"),
        ("assignment-m-1", "", "another member or part"),
        ("assignment-m-0", r#","connectors":["a","a"]"#, "occurs twice"),
        ("assignment-m-0", r#","tasks":[{"connector":"a","generation":1,"ids":[]}]"#, "missing or occur twice"),
        ("assignment-m-0", r#","tasks":[{"connector":"a","generation":1,"ids":[[3,2]]}]"#, "not in order"),
        ("assignment-m-0", r#","tasks":[{"connector":"a","generation":1,"ids":[[0,2],[2,3]]}]"#, "not in order"),
        ("assignment-m-0", r#","tasks":[{"connector":"a","generation":1,"ids":[[0,4294967295]]}]"#, "too many"),
        ("assignment-m-0", r#","revoked":[{"epoch":1,"number":2},{"epoch":1,"number":2}]"#, "not in order"),
    ] {
        let text = refused(key, &format!("{WHOLE}{rest}}}"));
        assert!(text.contains(expected), "{rest}: {text}");
    }
    let text = refused("assignment-m-0", &WHOLE.replace("\"parts\":1", "\"parts\":0").replace("3", "3}"));
    assert!(text.contains("number of parts"), "{text}");
    assert!(refused("connector-a", "{}").contains("not a valid key"));
    assert!(refused("assignment-m-x", "{}").contains("number of the part"));
    assert!(decode("leader", None).is_err());
}

#[test]
fn an_assignment_is_divided_below_the_limit() {
    let connectors: BTreeSet<Name> = (0..2000).map(|number| format!("connector-{number}").into()).collect();
    let tasks = |name: &Name| (name.clone(), Tasks { generation: 1 << 40, ids: (0..600).map(|id| id * 2).collect() });
    let tasks: BTreeMap<Name, Tasks> = connectors.iter().take(50).map(tasks).collect();
    let work = WorkSet { connectors, tasks };
    let since = Version { epoch: 1, number: 2 };
    let revoked = vec![Revoked { since, work: work.clone() }];
    let assignment = Assignment { version: since, worker: "w".into(), over: false, config_position: 0, work, revoked };
    let parts = assignment.divide(&"m".into(), 40_000);
    assert!(parts.len() > 10);
    for part in &parts {
        let (_, value) = encode(&Record::Assignment(part.clone()));
        assert!(value.unwrap().len() <= 40_000);
    }
    assert_eq!(Assignment::assemble(parts.into_iter().map(|part| part.share)), Some(assignment));
}
