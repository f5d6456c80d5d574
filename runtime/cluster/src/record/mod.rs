//! The records of the assignment topic.
//!
//! | Key | Written by | Value |
//! | --- | --- | --- |
//! | `leader` | the leader | the leader and its epoch |
//! | `assignment-MEMBER-PART` | the leader | what the member runs, or a part of it |
//! | `acknowledgement-MEMBER` | the member | the assignment that it has applied |
//!
//! The topic has one partition and is compacted. The leader writes with a transactional producer, one transaction for all records of a
//! [`Version`]; members read with `isolation.level=read_committed`.

mod ids;
mod json;
mod parts;
#[cfg(test)]
mod tests;
mod text;

use std::fmt;
use std::sync::Arc;

pub use json::{DecodeError, decode, encode, part_of_key};

use crate::work::{Name, WorkSet};

/// The id that the group coordinator gave to a session. A worker gets another one with each session.
pub type MemberId = Arc<str>;

/// The order of what leaders published: first by the leader's epoch, then by the number of the transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Version {
    /// The leader's epoch.
    pub epoch: u64,
    /// The number of the transaction. It grows from leader to leader, too.
    pub number: u64,
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.epoch, self.number)
    }
}

/// A worker that leads, or led.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaderRecord {
    /// Greater than that of each earlier leader.
    pub epoch: u64,
    /// Its session.
    pub member: MemberId,
    /// Its advertised URL.
    pub worker: Name,
}

/// Work that a member had to stop, and the version since which it has had to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    /// The version that no longer contains the work.
    pub since: Version,
    /// The work, with the generations that the member was running.
    pub work: WorkSet,
}

/// What one member runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The version of the transaction that contains it.
    pub version: Version,
    /// The advertised URL of the worker.
    pub worker: Name,
    /// Whether the session is over. Then the member runs nothing, and the work is what was lost with it.
    pub over: bool,
    /// The position in the config topic that the leader had read up to. A member that is not as far yet reads on before it starts work.
    pub config_position: i64,
    /// What the member runs.
    pub work: WorkSet,
    /// What the member had to stop and had not yet acknowledged, in the order of versions.
    pub revoked: Vec<Revoked>,
}

impl Assignment {
    /// Returns the revoked work that a member may still be running that has acknowledged `acknowledged`.
    pub fn unacknowledged(&self, acknowledged: Version) -> impl Iterator<Item = &Revoked> {
        self.revoked.iter().filter(move |revoked| revoked.since > acknowledged)
    }
}

/// One record's share of an assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The member.
    pub member: MemberId,
    /// The number of the part, from 0.
    pub part: u32,
    /// The number of parts.
    pub parts: u32,
    /// The share. The parts of an assignment differ only in `work` and `revoked`.
    pub share: Assignment,
}

/// A record of the assignment topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// A leader's claim.
    Leader(LeaderRecord),
    /// What a member runs.
    Assignment(Part),
    /// The tombstone of a part. That of the first part removes the assignment.
    AssignmentRemoved {
        /// The member.
        member: MemberId,
        /// The number of the part.
        part: u32,
    },
    /// The member has stopped everything that the assignment of this version does not contain, and will not start it again.
    Acknowledgement {
        /// The member.
        member: MemberId,
        /// The version.
        version: Version,
    },
    /// The tombstone of an acknowledgement.
    AcknowledgementRemoved {
        /// The member.
        member: MemberId,
    },
}
