//! When a session is over for certain.
//!
//! A member that a description of the group does not contain has lost its session, and its lease ended before. But if the coordinator
//! moves to another broker before the rebalance that follows has completed, the new coordinator reads the group as it was before, with
//! that member in it, and the worker may prove its session again. Therefore the leader first publishes that the session is over. Only if
//! a description that it requested after that does not contain the member either is the session over for certain: a worker that proves its
//! session later reads the topic to its end before it starts anything, and so reads that its session is over.
//!
//! A broker that has been replaced as the coordinator and does not know it yet may describe a group whose members have all moved to the
//! new coordinator. The leader therefore acts on the description only after a proof of its own session that was requested after it: that
//! is an offset commit, which a replaced coordinator cannot replicate.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::event::Ticket;
use crate::record::MemberId;
use crate::table::Table;
use crate::work::Name;

/// What is known about the end of a session that was published as over.
#[derive(Debug, Clone, Copy)]
struct Absence {
    /// The first description that was requested after it was published.
    first_ticket: Ticket,
    /// When such a description arrived that does not contain the member.
    seen_at: Option<Duration>,
    /// Whether the leader's own session was proven after that.
    is_certain: bool,
}

/// The sessions that were published as over.
#[derive(Debug, Default)]
pub(crate) struct Absences(BTreeMap<MemberId, Absence>);

impl Absences {
    /// Notes which sessions are published as over. Returns whether there are new ones, for which the group has to be described again.
    /// `next_ticket` is the number of the next request.
    pub(crate) fn follow(&mut self, table: &Table, next_ticket: Ticket) -> bool {
        self.0.retain(|member, _| table.assignment(member).is_some_and(|assignment| assignment.over));
        let mut is_new = false;
        for (member, _) in table.assignments().filter(|(_, assignment)| assignment.over) {
            self.0.entry(member.clone()).or_insert_with(|| {
                is_new = true;
                Absence { first_ticket: next_ticket, seen_at: None, is_certain: false }
            });
        }
        is_new
    }

    /// Notes a description of the group. Returns whether it has to be followed by a proof.
    pub(crate) fn describe(&mut self, ticket: Ticket, members: &BTreeMap<MemberId, Name>, now: Duration) -> bool {
        let mut is_new = false;
        for (member, absence) in &mut self.0 {
            if members.contains_key(member) {
                (absence.seen_at, absence.is_certain) = (None, false);
            } else if ticket >= absence.first_ticket && absence.seen_at.is_none() {
                absence.seen_at = Some(now);
                is_new = true;
            }
        }
        is_new
    }

    /// Notes a proof of the leader's session. Returns whether another session is over for certain now.
    pub(crate) fn prove(&mut self, sent_at: Duration) -> bool {
        let mut is_new = false;
        for absence in self.0.values_mut() {
            if !absence.is_certain && absence.seen_at.is_some_and(|seen| seen <= sent_at) {
                absence.is_certain = true;
                is_new = true;
            }
        }
        is_new
    }

    /// Returns the members whose sessions are over for certain.
    pub(crate) fn certain(&self) -> BTreeSet<MemberId> {
        self.0.iter().filter(|(_, absence)| absence.is_certain).map(|(member, _)| member.clone()).collect()
    }
}
