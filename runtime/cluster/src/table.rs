//! What the assignment topic says: the last record of each key, in the order of the topic.

use std::collections::{BTreeMap, BTreeSet};

use crate::fault::{self, Fault};
use crate::record::{Assignment, LeaderRecord, MemberId, Part, Record, Version};
use crate::work::Work;

/// The assignments and acknowledgements of all members.
#[derive(Debug, Default)]
pub struct Table {
    leader: Option<LeaderRecord>,
    latest: Version,
    assignments: BTreeMap<MemberId, Assignment>,
    /// The parts of each member that the topic contains. The share of a part is kept until all parts of its version are read.
    parts: BTreeMap<MemberId, BTreeMap<u32, Stored>>,
    acknowledged: BTreeMap<MemberId, Version>,
    /// The parts that cannot be read.
    unreadable: BTreeMap<MemberId, BTreeSet<u32>>,
}

#[derive(Debug)]
struct Stored {
    version: Version,
    parts: u32,
    share: Option<Assignment>,
}

impl Table {
    /// Applies the next record of the topic.
    ///
    /// Returns whether it was applied. A record of a leader whose epoch is less than the current one is not: its producer is fenced, so
    /// such a record was not written by a leader.
    pub fn apply(&mut self, record: Record) -> bool {
        match record {
            Record::Leader(leader) => {
                if self.is_of_the_past(leader.epoch) {
                    return false;
                }
                self.latest.epoch = self.latest.epoch.max(leader.epoch);
                self.leader = Some(leader);
            }
            Record::Assignment(part) => {
                if self.is_of_the_past(part.share.version.epoch) {
                    return false;
                }
                self.latest = self.latest.max(part.share.version);
                self.store(part);
            }
            Record::AssignmentRemoved { member, part } => {
                let is_last = self.parts.get_mut(&member).is_some_and(|parts| {
                    parts.remove(&part);
                    parts.is_empty()
                });
                if is_last {
                    self.parts.remove(&member);
                }
                self.note_readable(&member, part);
                if part == 0 {
                    self.assignments.remove(&member);
                }
            }
            Record::Acknowledgement { member, version } => {
                // A producer's retry may have written an earlier one again.
                let known = self.acknowledged.entry(member).or_default();
                *known = version.max(*known);
            }
            Record::AcknowledgementRemoved { member } => {
                self.acknowledged.remove(&member);
            }
        }
        true
    }

    /// Notes that a part of an assignment cannot be read.
    pub fn note_unreadable(&mut self, member: MemberId, part: u32) {
        self.unreadable.entry(member).or_default().insert(part);
    }

    /// Returns the leader that published last.
    pub fn leader(&self) -> Option<&LeaderRecord> {
        self.leader.as_ref()
    }

    /// Returns the greatest version that was published.
    pub fn latest(&self) -> Version {
        self.latest
    }

    /// Returns what a member runs.
    pub fn assignment(&self, member: &MemberId) -> Option<&Assignment> {
        self.assignments.get(member)
    }

    /// Returns what each member runs.
    pub fn assignments(&self) -> impl Iterator<Item = (&MemberId, &Assignment)> {
        self.assignments.iter()
    }

    /// Returns the assignment that contains the connector or task, if its session is not over.
    pub fn owner(&self, work: &Work) -> Option<&Assignment> {
        let owns = |assignment: &&Assignment| match work {
            Work::Connector(name) => assignment.work.connectors.contains(name),
            Work::Task(name, id) => assignment.work.tasks.get(name).is_some_and(|tasks| tasks.ids.contains(id)),
        };
        self.assignments.values().filter(|assignment| !assignment.over).find(owns)
    }

    /// Returns the version that a member has acknowledged.
    pub fn acknowledged(&self, member: &MemberId) -> Version {
        self.acknowledged.get(member).copied().unwrap_or_default()
    }

    /// Returns the parts of assignments that cannot be read.
    pub fn unreadable(&self) -> impl Iterator<Item = (&MemberId, u32)> {
        self.unreadable.iter().flat_map(|(member, parts)| parts.iter().map(move |part| (member, *part)))
    }

    /// Returns the members that have acknowledged an assignment, also those without one.
    pub(crate) fn acknowledging(&self) -> impl Iterator<Item = &MemberId> {
        self.acknowledged.keys()
    }

    /// Returns the numbers of the parts of a member's assignment that the topic contains.
    pub(crate) fn part_numbers(&self, member: &MemberId) -> impl Iterator<Item = u32> {
        self.parts.get(member).into_iter().flat_map(|parts| parts.keys().copied())
    }

    fn is_of_the_past(&self, epoch: u64) -> bool {
        epoch < self.latest.epoch && !fault::is(Fault::NoEpochs)
    }

    fn store(&mut self, Part { member, part, parts, share }: Part) {
        let version = share.version;
        self.note_readable(&member, part);
        let stored = self.parts.entry(member.clone()).or_default();
        stored.insert(part, Stored { version, parts, share: Some(share) });
        let whole = |number| stored.get(&number).is_some_and(|known| known.version == version && known.parts == parts);
        if !(0..parts).all(whole) {
            return;
        }
        let shares = (0..parts).filter_map(|number| stored.get_mut(&number).and_then(|known| known.share.take()));
        if let Some(assignment) = Assignment::assemble(shares.collect::<Vec<_>>()) {
            self.assignments.insert(member, assignment);
        }
    }

    fn note_readable(&mut self, member: &MemberId, part: u32) {
        let is_last = self.unreadable.get_mut(member).is_some_and(|parts| {
            parts.remove(&part);
            parts.is_empty()
        });
        if is_last {
            self.unreadable.remove(member);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work::{Name, Tasks, WorkSet};

    fn assignment(epoch: u64, number: u64, ids: &[u32]) -> Assignment {
        let tasks = Tasks { generation: 1, ids: ids.iter().copied().collect() };
        Assignment {
            version: Version { epoch, number },
            worker: "http://w:8083".into(),
            over: false,
            config_position: 0,
            work: WorkSet { connectors: BTreeSet::new(), tasks: [("c".into(), tasks)].into() },
            revoked: Vec::new(),
        }
    }

    fn member() -> MemberId {
        "m".into()
    }

    fn task(id: u32) -> Work {
        Work::Task("c".into(), id)
    }

    #[test]
    fn an_assignment_is_applied_when_all_its_parts_are_read() {
        let mut table = Table::default();
        let ids: Vec<u32> = (0..100).map(|id| id * 2).collect();
        let connectors: BTreeSet<Name> = (0..50).map(|number| format!("connector-{number}").into()).collect();
        let mut whole = assignment(1, 1, &ids);
        whole.work.connectors = connectors;
        let parts = whole.divide(&member(), 800);
        let count = parts.len();
        assert!(count > 2);
        for (number, part) in parts.into_iter().enumerate() {
            assert_eq!(table.assignment(&member()), None, "before part {number}");
            table.apply(Record::Assignment(part));
        }
        assert_eq!(table.assignment(&member()), Some(&whole));
        assert_eq!(table.part_numbers(&member()).count(), count);
        // The next version is smaller. Its transaction removes the parts that are left.
        let next = assignment(1, 2, &[0]);
        table.apply(Record::Assignment(next.divide(&member(), 800).remove(0)));
        assert_eq!(table.assignment(&member()), Some(&next));
        for part in 1..count as u32 {
            table.apply(Record::AssignmentRemoved { member: member(), part });
        }
        assert_eq!(table.part_numbers(&member()).collect::<Vec<_>>(), [0]);
        table.apply(Record::AssignmentRemoved { member: member(), part: 0 });
        assert_eq!(table.assignment(&member()), None);
    }

    #[test]
    fn records_of_lower_epochs_are_not_applied() {
        let mut table = Table::default();
        let part = |epoch, ids: &[u32]| Record::Assignment(assignment(epoch, 1, ids).divide(&member(), 800).remove(0));
        let leader = |epoch| LeaderRecord { epoch, member: member(), worker: "w".into() };
        assert!(table.apply(Record::Leader(leader(3))));
        assert!(!table.apply(part(2, &[0])));
        assert!(!table.apply(Record::Leader(leader(2))));
        assert!(table.apply(part(3, &[1])));
        assert_eq!(table.leader(), Some(&leader(3)));
        assert_eq!(table.owner(&task(0)), None);
        assert_eq!(table.owner(&task(1)), table.assignment(&member()));
    }

    #[test]
    fn no_worker_owns_the_work_of_a_session_that_is_over() {
        let mut table = Table::default();
        let over = Assignment { over: true, ..assignment(1, 1, &[0]) };
        table.apply(Record::Assignment(over.divide(&member(), 800).remove(0)));
        assert_eq!(table.owner(&task(0)), None);
    }

    #[test]
    fn an_acknowledgement_that_is_written_again_does_not_go_back() {
        let mut table = Table::default();
        for number in [1, 3, 2] {
            let version = Version { epoch: 1, number };
            table.apply(Record::Acknowledgement { member: member(), version });
        }
        assert_eq!(table.acknowledged(&member()).number, 3);
        table.apply(Record::AcknowledgementRemoved { member: member() });
        assert_eq!(table.acknowledged(&member()), Version::default());
    }
}
