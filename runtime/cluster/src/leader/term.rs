//! One worker's time as the leader: from its claim until it is fenced or loses the partition.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::absence::Absences;
use super::plan::{Changes, Situation};
use crate::config::Config;
use crate::event::{Action, Ticket, Tickets};
use crate::fault::{self, Fault};
use crate::record::{LeaderRecord, MemberId, Record, Version};
use crate::settings::Settings;
use crate::table::Table;
use crate::work::Name;

/// The least time between two plans. Many workers acknowledge at about the same time, and a plan costs as much for one acknowledgement as
/// for all of them.
const PLAN_INTERVAL: Duration = Duration::from_millis(25);

/// What the leader's role decides by.
pub(crate) struct Context<'a> {
    pub(crate) now: Duration,
    pub(crate) settings: &'a Settings,
    pub(crate) table: &'a Table,
    pub(crate) config: &'a Config,
    /// Whether the leader's own session is proven to be alive.
    pub(crate) is_alive: bool,
    pub(crate) tickets: &'a mut Tickets,
}

/// What a leader knows and does.
#[derive(Debug)]
pub(crate) struct Term {
    epoch: u64,
    /// Whether nothing was published yet.
    is_new: bool,
    /// The last valid description of the group.
    group: Option<Group>,
    asked: Option<Ticket>,
    describe_at: Duration,
    absences: Absences,
    /// Until when the work of lost members waits for them.
    waits: BTreeMap<MemberId, Duration>,
    progress: Progress,
    /// Whether something has changed since the last plan.
    is_due: bool,
    planned_at: Duration,
    /// The members that were reported because their assignments cannot be read.
    reported: BTreeSet<MemberId>,
}

#[derive(Debug)]
struct Group {
    ticket: Ticket,
    members: BTreeMap<MemberId, Name>,
}

/// One transaction at a time: the next plan is made from what the topic contains after it.
#[derive(Debug, PartialEq, Eq)]
enum Progress {
    Idle,
    Publishing(Version),
    ReadingBack(Ticket),
}

impl Term {
    pub(crate) fn new(epoch: u64) -> Self {
        Self {
            epoch,
            is_new: true,
            group: None,
            asked: None,
            describe_at: Duration::ZERO,
            absences: Absences::default(),
            waits: BTreeMap::new(),
            progress: Progress::Idle,
            is_due: true,
            planned_at: Duration::ZERO,
            reported: BTreeSet::new(),
        }
    }

    /// Whether this version is being published.
    pub(crate) fn publishes(&self, version: Version) -> bool {
        self.progress == Progress::Publishing(version)
    }

    /// Notes that the group may have changed: it is described as soon as possible.
    pub(crate) fn note_rebalance(&mut self) {
        self.describe_at = Duration::ZERO;
    }

    /// Notes that the topics have changed.
    pub(crate) fn note_change(&mut self) {
        self.is_due = true;
    }

    /// Notes that a version was committed.
    pub(crate) fn note_published(&mut self, version: Version, tickets: &mut Tickets, actions: &mut Vec<Action>) {
        if self.publishes(version) {
            let ticket = tickets.draw();
            self.is_new = false;
            self.progress = Progress::ReadingBack(ticket);
            actions.push(Action::ReadToEnd { ticket });
        }
    }

    /// Notes that the topics were read to their ends.
    pub(crate) fn note_read(&mut self, ticket: Ticket) {
        if self.progress == Progress::ReadingBack(ticket) {
            self.progress = Progress::Idle;
            self.is_due = true;
        }
    }

    /// Notes a description of the group. Returns whether the leader's session has to be proven again.
    pub(crate) fn note_described(
        &mut self,
        ticket: Ticket,
        members: Vec<(MemberId, Name)>,
        own: &MemberId,
        now: Duration,
        settings: &Settings,
    ) -> bool {
        if self.asked == Some(ticket) {
            self.asked = None;
        }
        if self.group.as_ref().is_some_and(|known| known.ticket > ticket) {
            return false;
        }
        let members: BTreeMap<MemberId, Name> = members.into_iter().collect();
        if !members.contains_key(own) {
            // The coordinator does not know the group, or is about to remove this worker.
            self.describe_at = self.describe_at.min(now + settings.retry_backoff);
            return false;
        }
        let is_new = self.group.as_ref().is_none_or(|known| known.members != members);
        self.is_due |= is_new;
        let needs_proof = self.absences.describe(ticket, &members, now);
        self.group = Some(Group { ticket, members });
        needs_proof
    }

    /// Notes that the group could not be described.
    pub(crate) fn note_describe_failed(&mut self, ticket: Ticket, now: Duration, settings: &Settings) {
        if self.asked == Some(ticket) {
            self.asked = None;
            self.describe_at = now + settings.retry_backoff;
        }
    }

    /// Notes a proof of the leader's session.
    pub(crate) fn note_proven(&mut self, sent_at: Duration) {
        self.is_due |= self.absences.prove(sent_at);
    }

    pub(crate) fn advance(
        &mut self,
        member: &MemberId,
        worker: &Name,
        context: &mut Context<'_>,
        actions: &mut Vec<Action>,
    ) {
        if !context.is_alive {
            return;
        }
        if self.absences.follow(context.table, context.tickets.next()) {
            self.describe_at = Duration::ZERO;
        }
        if context.now >= self.describe_at && self.asked.is_none() {
            let ticket = context.tickets.draw();
            self.asked = Some(ticket);
            self.describe_at = context.now + context.settings.describe_interval;
            actions.push(Action::Describe { ticket });
        }
        let now = context.now;
        self.is_due |= self.waits.values().any(|until| *until > self.planned_at && *until <= now);
        if self.is_due && self.progress == Progress::Idle && now >= self.planned_at + PLAN_INTERVAL {
            self.plan(member, worker, context, actions);
        }
    }

    /// Returns when something is due.
    pub(crate) fn next_step(&self) -> Duration {
        let describe = if self.asked.is_none() { self.describe_at } else { Duration::MAX };
        let can_plan = self.is_due && self.progress == Progress::Idle && self.group.is_some();
        let next = if can_plan { describe.min(self.planned_at + PLAN_INTERVAL) } else { describe };
        self.waits.values().filter(|until| **until > self.planned_at).fold(next, |next, until| next.min(*until))
    }

    fn plan(&mut self, member: &MemberId, worker: &Name, context: &Context<'_>, actions: &mut Vec<Action>) {
        let Some(group) = &self.group else { return };
        let Context { now, table, config, .. } = *context;
        self.is_due = false;
        self.planned_at = now;
        let unreadable = table.unreadable().find(|(member, _)| group.members.contains_key(*member));
        if let Some((unreadable, _)) = unreadable {
            // What this member runs is not known, so nothing can be given to others.
            if self.reported.insert(unreadable.clone()) {
                actions.push(Action::ReportUnreadable { member: unreadable.clone() });
            }
            return;
        }
        self.waits = waits(&self.waits, group, context, self.is_new);
        let waiting = self.waits.iter().filter(|(_, until)| **until > now).map(|(member, _)| member.clone()).collect();
        let mut gone = self.absences.certain();
        if fault::is(Fault::OneDescription) {
            gone.extend(
                table
                    .assignments()
                    .map(|(member, _)| member)
                    .filter(|member| !group.members.contains_key(*member))
                    .cloned(),
            );
        }
        let version = Version { epoch: self.epoch, number: table.latest().number + 1 };
        let situation = Situation { table, config, live: &group.members, gone: &gone, waiting: &waiting, version };
        let mut records = Vec::new();
        if self.is_new {
            let (member, worker) = (member.clone(), worker.clone());
            records.push(Record::Leader(LeaderRecord { epoch: self.epoch, member, worker }));
        }
        add_records(&mut records, situation.plan(), group, context);
        if !records.is_empty() {
            self.progress = Progress::Publishing(version);
            actions.push(Action::Publish { version, records });
        }
    }
}

/// Returns until when the work of each lost member waits. If a new leader finds none of the members whose assignments are published, it
/// does not wait: all workers have stopped, and the first to start again are to begin.
fn waits(
    known: &BTreeMap<MemberId, Duration>,
    group: &Group,
    context: &Context<'_>,
    is_new: bool,
) -> BTreeMap<MemberId, Duration> {
    let is_lost = |member: &MemberId, over: bool| over || !group.members.contains_key(member);
    let mut assignments = context.table.assignments();
    let is_start = is_new && assignments.all(|(member, assignment)| is_lost(member, assignment.over));
    let delay = if is_start || fault::is(Fault::NoDelay) { Duration::ZERO } else { context.settings.rebalance_delay };
    let lost = context.table.assignments().filter(|(member, assignment)| is_lost(member, assignment.over));
    lost.map(|(member, _)| (member.clone(), known.get(member).copied().unwrap_or(context.now + delay))).collect()
}

/// Adds the records of changed assignments, and tombstones of what is left of others.
fn add_records(records: &mut Vec<Record>, changes: Changes, group: &Group, context: &Context<'_>) {
    let Context { table, settings, .. } = context;
    for (member, assignment) in &changes {
        let parts =
            assignment.as_ref().map_or_else(Vec::new, |change| change.divide(member, settings.record_max_bytes));
        let count = u32::try_from(parts.len()).unwrap_or(u32::MAX);
        records.extend(parts.into_iter().map(Record::Assignment));
        let left = table.part_numbers(member).filter(|part| *part >= count);
        records.extend(left.map(|part| Record::AssignmentRemoved { member: member.clone(), part }));
    }
    let unreadable = table.unreadable().filter(|(member, _)| !changes.contains_key(*member));
    records.extend(unreadable.map(|(member, part)| Record::AssignmentRemoved { member: member.clone(), part }));
    for member in table.acknowledging() {
        let is_needed = group.members.contains_key(member)
            || changes.get(member).map_or_else(|| table.assignment(member).is_some(), Option::is_some);
        if !is_needed {
            records.push(Record::AcknowledgementRemoved { member: member.clone() });
        }
    }
}
