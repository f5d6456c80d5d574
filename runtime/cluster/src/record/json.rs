//! Keys and values of the records: JSON, in which a reader ignores fields that it does not know.
//!
//! `version` is raised only when a reader that does not know a new field would do something wrong. A reader refuses a greater version than
//! its own, and a worker does not lead while it cannot read what another member runs.

use std::collections::{BTreeMap, BTreeSet};
use std::num::ParseIntError;

use serde::{Deserialize, Serialize};

use super::ids::{MAX_TASKS, expand, ranges};
use super::text::Text;
use super::{Assignment, LeaderRecord, MemberId, Part, Record, Revoked, Version};
use crate::work::{Generation, Name, Tasks, WorkSet};

/// The version of the format.
const FORMAT: u32 = 1;

/// The maximum number of parts of an assignment.
const MAX_PARTS: u32 = 10_000;

const LEADER: &str = "leader";
const ASSIGNMENT: &str = "assignment-";
const ACKNOWLEDGEMENT: &str = "acknowledgement-";

/// A record of the assignment topic that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The key does not belong to a known kind of record.
    #[error("{key:?} is not a valid key of the assignment topic; check that no other program writes to it")]
    Key {
        /// The key.
        key: String,
    },
    /// The number of the part in a key cannot be read.
    #[error(
        "the number of the part in {key:?} is not valid; check that no other program writes to the assignment topic"
    )]
    PartNumber {
        /// The key.
        key: String,
        /// The cause.
        #[source]
        source: ParseIntError,
    },
    /// The value is not JSON of the expected form.
    #[error("the value of {key:?} is not valid; check that no other program writes to the assignment topic")]
    Json {
        /// The key.
        key: String,
        /// The cause.
        #[source]
        source: serde_json::Error,
    },
    /// A newer version of Weir wrote the value.
    #[error(
        "the value of {key:?} has version {found}, and this worker reads versions up to {FORMAT}; upgrade this worker"
    )]
    Format {
        /// The key.
        key: String,
        /// The version of the value.
        found: u32,
    },
    /// The value contradicts itself or its key.
    #[error(
        "the value of {key:?} is not consistent: {what}; check that no other program writes to the assignment topic"
    )]
    Inconsistent {
        /// The key.
        key: String,
        /// What is wrong.
        what: &'static str,
    },
}

/// Only the version, which is read first: nothing else is known about the value of a newer version.
#[derive(Deserialize)]
struct Format {
    version: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct LeaderJson {
    version: u32,
    epoch: u64,
    member: Text,
    worker: Text,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct AcknowledgementJson {
    version: u32,
    member: Text,
    epoch: u64,
    number: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct PartJson {
    version: u32,
    member: Text,
    worker: Text,
    epoch: u64,
    number: u64,
    part: u32,
    parts: u32,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    over: bool,
    config_position: i64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    connectors: Vec<Text>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tasks: Vec<TasksJson>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    revoked: Vec<RevokedJson>,
}

#[derive(Serialize, Deserialize)]
struct TasksJson {
    connector: Text,
    generation: Generation,
    ids: Vec<(u32, u32)>,
}

#[derive(Serialize, Deserialize)]
struct RevokedJson {
    epoch: u64,
    number: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    connectors: Vec<Text>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tasks: Vec<TasksJson>,
}

/// Returns the key and the value of a record. `None` is a tombstone.
pub fn encode(record: &Record) -> (String, Option<Vec<u8>>) {
    match record {
        Record::Leader(leader) => {
            let LeaderRecord { epoch, member, worker } = leader.clone();
            let json = LeaderJson { version: FORMAT, epoch, member: Text(member), worker: Text(worker) };
            (LEADER.into(), Some(to_json(&json)))
        }
        Record::Assignment(part) => (part_key(&part.member, part.part), Some(to_json(&part_json(part)))),
        Record::AssignmentRemoved { member, part } => (part_key(member, *part), None),
        Record::Acknowledgement { member, version: Version { epoch, number } } => {
            let (epoch, number) = (*epoch, *number);
            let json = AcknowledgementJson { version: FORMAT, member: Text(member.clone()), epoch, number };
            (format!("{ACKNOWLEDGEMENT}{member}"), Some(to_json(&json)))
        }
        Record::AcknowledgementRemoved { member } => (format!("{ACKNOWLEDGEMENT}{member}"), None),
    }
}

/// Reads a record.
///
/// # Errors
/// If the key or the value is not valid.
pub fn decode(key: &str, value: Option<&[u8]>) -> Result<Record, DecodeError> {
    let inconsistent = |what| DecodeError::Inconsistent { key: key.into(), what };
    if key == LEADER {
        let value = value.ok_or_else(|| inconsistent("a tombstone of the leader"))?;
        let LeaderJson { epoch, member, worker, .. } = from_json(key, value)?;
        return Ok(Record::Leader(LeaderRecord { epoch, member: member.0, worker: worker.0 }));
    }
    if let Some(name) = key.strip_prefix(ACKNOWLEDGEMENT) {
        let Some(value) = value else { return Ok(Record::AcknowledgementRemoved { member: name.into() }) };
        let AcknowledgementJson { member, epoch, number, .. } = from_json(key, value)?;
        if *member.0 != *name {
            return Err(inconsistent("another member than in its key"));
        }
        return Ok(Record::Acknowledgement { member: member.0, version: Version { epoch, number } });
    }
    let (name, part) = assignment_key(key)?;
    let Some(value) = value else { return Ok(Record::AssignmentRemoved { member: name.into(), part }) };
    let json: PartJson = from_json(key, value)?;
    if *json.member.0 != *name || json.part != part {
        return Err(inconsistent("another member or part than in its key"));
    }
    if json.part >= json.parts || json.parts > MAX_PARTS {
        return Err(inconsistent("an impossible number of parts"));
    }
    part_from_json(json).map(Record::Assignment).map_err(inconsistent)
}

/// Returns the member and the part that the key of an assignment names, also if its value cannot be read.
pub fn part_of_key(key: &str) -> Option<(MemberId, u32)> {
    assignment_key(key).ok().map(|(member, part)| (member.into(), part))
}

fn assignment_key(key: &str) -> Result<(&str, u32), DecodeError> {
    let name = key.strip_prefix(ASSIGNMENT).and_then(|rest| rest.rsplit_once('-'));
    let (member, part) = name.ok_or_else(|| DecodeError::Key { key: key.into() })?;
    let part = part.parse().map_err(|source| DecodeError::PartNumber { key: key.into(), source })?;
    Ok((member, part))
}

fn part_key(member: &MemberId, part: u32) -> String {
    format!("{ASSIGNMENT}{member}-{part}")
}

fn part_json(part: &Part) -> PartJson {
    let share = &part.share;
    let revoked = |revoked: &Revoked| RevokedJson {
        epoch: revoked.since.epoch,
        number: revoked.since.number,
        connectors: texts(&revoked.work.connectors),
        tasks: tasks_json(&revoked.work),
    };
    PartJson {
        version: FORMAT,
        member: Text(part.member.clone()),
        worker: Text(share.worker.clone()),
        epoch: share.version.epoch,
        number: share.version.number,
        part: part.part,
        parts: part.parts,
        over: share.over,
        config_position: share.config_position,
        connectors: texts(&share.work.connectors),
        tasks: tasks_json(&share.work),
        revoked: share.revoked.iter().map(revoked).collect(),
    }
}

fn part_from_json(json: PartJson) -> Result<Part, &'static str> {
    let mut room = MAX_TASKS;
    let mut work = |connectors, tasks| work_from_json(connectors, tasks, &mut room);
    let assigned = work(json.connectors, json.tasks)?;
    let mut revoked: Vec<Revoked> = Vec::new();
    for entry in json.revoked {
        let since = Version { epoch: entry.epoch, number: entry.number };
        if revoked.last().is_some_and(|last| last.since >= since) {
            return Err("revocations that are not in order");
        }
        revoked.push(Revoked { since, work: work(entry.connectors, entry.tasks)? });
    }
    let share = Assignment {
        version: Version { epoch: json.epoch, number: json.number },
        worker: json.worker.0,
        over: json.over,
        config_position: json.config_position,
        work: assigned,
        revoked,
    };
    Ok(Part { member: json.member.0, part: json.part, parts: json.parts, share })
}

fn texts(names: &BTreeSet<Name>) -> Vec<Text> {
    names.iter().cloned().map(Text).collect()
}

fn tasks_json(work: &WorkSet) -> Vec<TasksJson> {
    let json = |(connector, tasks): (&Name, &Tasks)| TasksJson {
        connector: Text(connector.clone()),
        generation: tasks.generation,
        ids: ranges(&tasks.ids),
    };
    work.tasks.iter().map(json).collect()
}

/// Reads work. `room` is the number of tasks that the record may still contain.
fn work_from_json(connectors: Vec<Text>, tasks: Vec<TasksJson>, room: &mut usize) -> Result<WorkSet, &'static str> {
    let count = connectors.len();
    let connectors: BTreeSet<Name> = connectors.into_iter().map(|name| name.0).collect();
    if connectors.len() != count {
        return Err("a connector that occurs twice");
    }
    let mut read = BTreeMap::new();
    for TasksJson { connector, generation, ids } in tasks {
        let ids = expand(&ids, *room).ok_or("task numbers that are not in order, or too many of them")?;
        *room -= ids.len();
        if ids.is_empty() || read.insert(connector.0, Tasks { generation, ids }).is_some() {
            return Err("tasks of a connector that are missing or occur twice");
        }
    }
    Ok(WorkSet { connectors, tasks: read })
}

fn to_json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("strings, numbers and lists are always valid JSON")
}

fn from_json<'a, T: Deserialize<'a>>(key: &str, value: &'a [u8]) -> Result<T, DecodeError> {
    let error = |source| DecodeError::Json { key: key.into(), source };
    let Format { version } = serde_json::from_slice(value).map_err(error)?;
    if version > FORMAT {
        return Err(DecodeError::Format { key: key.into(), found: version });
    }
    serde_json::from_slice(value).map_err(error)
}
