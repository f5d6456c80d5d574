//! What the leader publishes next.

use std::collections::{BTreeMap, BTreeSet};

use crate::balance::{Load, Unplaced, balance};
use crate::config::Config;
use crate::fault::{self, Fault};
use crate::record::{Assignment, MemberId, Version};
use crate::table::Table;
use crate::work::{Generation, Name, Tasks, Work, WorkSet};

/// What a plan is made from.
pub(crate) struct Situation<'a> {
    pub(crate) table: &'a Table,
    pub(crate) config: &'a Config,
    /// The members of the group and their workers.
    pub(crate) live: &'a BTreeMap<MemberId, Name>,
    /// The members whose sessions are over for certain.
    pub(crate) gone: &'a BTreeSet<MemberId>,
    /// The lost members whose work waits for them.
    pub(crate) waiting: &'a BTreeSet<MemberId>,
    /// The version to publish.
    pub(crate) version: Version,
}

/// The assignments that change. `None` removes one.
pub(crate) type Changes = BTreeMap<MemberId, Option<Assignment>>;

impl Situation<'_> {
    /// Returns what to publish.
    pub(crate) fn plan(&self) -> Changes {
        let mut changes = self.lost();
        let loads = self.loads();
        // In the first pass, what each member keeps and has to stop; in the second, what it gets: nothing that another may still run.
        let mut blocked = self.blocked();
        let mut drafts = Vec::new();
        for Load { member, connectors, tasks } in loads {
            let empty = WorkSet::default();
            let before = self.table.assignment(&member).map_or(&empty, |assignment| &assignment.work);
            let mut draft = Draft::default();
            for name in connectors {
                draft.add(Work::Connector(name), 0, before);
            }
            for (name, id) in tasks {
                let generation = self.generation(&name);
                draft.add(Work::Task(name, id), generation, before);
            }
            draft.revoked = before.minus(&draft.work);
            if !fault::is(Fault::NoAcknowledgement) {
                blocked.add(&draft.revoked);
            }
            drafts.push((member, draft));
        }
        for (member, mut draft) in drafts {
            for (work, generation) in std::mem::take(&mut draft.granted) {
                if blocked.permits(&work, generation) {
                    insert(&mut draft.work, &work, generation);
                }
            }
            if let Some(assignment) = self.assignment(&member, draft) {
                changes.insert(member, Some(assignment));
            }
        }
        changes
    }

    /// Returns the changes to assignments whose sessions are over: first they are published as over, and then removed when their work
    /// does not wait any longer.
    fn lost(&self) -> Changes {
        let mut changes = Changes::new();
        for (member, assignment) in self.lost_members() {
            let is_back = self.successor(&assignment.worker).is_some();
            if self.gone.contains(member) && (is_back || !self.waiting.contains(member) || assignment.work.is_empty()) {
                changes.insert(member.clone(), None);
            } else if !assignment.over {
                let over = Assignment {
                    version: self.version,
                    over: true,
                    config_position: self.config.position(),
                    ..assignment.clone()
                };
                changes.insert(member.clone(), Some(over));
            }
        }
        changes
    }

    /// Returns what each member is to run, whether or not it can be given that yet.
    fn loads(&self) -> Vec<Load> {
        let mut free = Free::all(self.config);
        let empty = |(member, _)| Load { member, connectors: Vec::new(), tasks: Vec::new() };
        let mut loads: Vec<Load> = self.able().map(empty).collect();
        // What runs unchanged comes first: if a member has more than its share, it gives up what comes last.
        for load in &mut loads {
            let Some(assignment) = self.table.assignment(&load.member) else { continue };
            free.take_connectors(&assignment.work, load);
            for (name, tasks) in &assignment.work.tasks {
                if tasks.generation == self.generation(name) {
                    free.take_tasks(name, tasks, load);
                }
            }
        }
        // Tasks that stop because of new task configurations stay where they are.
        for load in &mut loads {
            let Some(assignment) = self.table.assignment(&load.member) else { continue };
            let revoked = assignment.revoked.iter().flat_map(|revoked| &revoked.work.tasks);
            for (name, tasks) in assignment.work.tasks.iter().chain(revoked) {
                if tasks.generation != self.generation(name) {
                    free.take_tasks(name, tasks, load);
                }
            }
        }
        // A worker that is back gets its own work.
        let mut waits = false;
        for (member, assignment) in self.lost_members() {
            let successor = self.successor(&assignment.worker);
            if let Some(load) = loads.iter_mut().find(|load| Some(&load.member) == successor) {
                free.take(&assignment.work, load);
            } else if self.waiting.contains(member) {
                let mut reserved = Load { member: member.clone(), connectors: Vec::new(), tasks: Vec::new() };
                free.take(&assignment.work, &mut reserved);
                waits |= !reserved.connectors.is_empty() || !reserved.tasks.is_empty();
            }
        }
        // As in Kafka Connect, nothing moves for the sake of balance while lost work waits.
        balance(&mut loads, free.into_unplaced(), !waits);
        loads
    }

    /// Returns what members may still be running although it is not assigned to them: what they have not acknowledged, and everything
    /// of those whose sessions are not over for certain.
    fn blocked(&self) -> Blocked {
        let mut blocked = Blocked::default();
        for (member, assignment) in self.table.assignments() {
            let is_lost = self.is_lost(member, assignment);
            if is_lost && self.gone.contains(member) {
                continue;
            }
            if is_lost {
                blocked.add(&assignment.work);
            }
            if !fault::is(Fault::NoAcknowledgement) {
                let acknowledged = self.table.acknowledged(member);
                assignment.unacknowledged(acknowledged).for_each(|revoked| blocked.add(&revoked.work));
            }
        }
        blocked
    }

    /// Returns the assignment of a member if it changes.
    fn assignment(&self, member: &MemberId, draft: Draft) -> Option<Assignment> {
        let before = self.table.assignment(member);
        if before.is_some_and(|before| before.work == draft.work && draft.revoked.is_empty()) {
            return None;
        }
        let acknowledged = self.table.acknowledged(member);
        let unacknowledged = before.into_iter().flat_map(|before| before.unacknowledged(acknowledged));
        let mut assignment = Assignment {
            version: self.version,
            worker: self.live.get(member).cloned().unwrap_or_default(),
            over: false,
            config_position: self.config.position(),
            work: draft.work,
            revoked: unacknowledged.cloned().collect(),
        };
        if !draft.revoked.is_empty() {
            assignment.revoke(self.version, draft.revoked);
        }
        Some(assignment)
    }

    /// Returns the members that can be given work, and their workers. A member that was published as over, but is in the group, stops
    /// everything and joins again.
    fn able(&self) -> impl Iterator<Item = (MemberId, &Name)> {
        let is_over = |member| self.table.assignment(member).is_some_and(|assignment| assignment.over);
        self.live.iter().filter(move |(member, _)| !is_over(member)).map(|(member, worker)| (member.clone(), worker))
    }

    fn lost_members(&self) -> impl Iterator<Item = (&MemberId, &Assignment)> {
        self.table.assignments().filter(|(member, assignment)| self.is_lost(member, assignment))
    }

    fn is_lost(&self, member: &MemberId, assignment: &Assignment) -> bool {
        assignment.over || !self.live.contains_key(member)
    }

    /// Returns the member that has come back for a lost worker, which is recognized by its advertised URL.
    fn successor(&self, worker: &Name) -> Option<&MemberId> {
        let is_over = |member| self.table.assignment(member).is_some_and(|assignment| assignment.over);
        self.live.iter().find(|(member, url)| *url == worker && !is_over(member)).map(|(member, _)| member)
    }

    fn generation(&self, connector: &str) -> Generation {
        self.config.connector(connector).and_then(|known| known.generation).unwrap_or_default()
    }
}

/// What a member is to run.
#[derive(Default)]
struct Draft {
    /// What it runs already.
    work: WorkSet,
    /// What it is to start.
    granted: Vec<(Work, Generation)>,
    /// What it has to stop.
    revoked: WorkSet,
}

impl Draft {
    fn add(&mut self, work: Work, generation: Generation, before: &WorkSet) {
        if before.contains(&work, generation) {
            insert(&mut self.work, &work, generation);
        } else {
            self.granted.push((work, generation));
        }
    }
}

fn insert(set: &mut WorkSet, work: &Work, generation: Generation) {
    match work {
        Work::Connector(name) => {
            set.connectors.insert(name.clone());
        }
        Work::Task(name, id) => set.insert_task(name, *id, generation),
    }
}

/// The connectors and tasks that have no place yet.
struct Free {
    connectors: BTreeSet<Name>,
    tasks: BTreeMap<Name, BTreeSet<u32>>,
}

impl Free {
    fn all(config: &Config) -> Self {
        let WorkSet { connectors, tasks } = config.work();
        Self { connectors, tasks: tasks.into_iter().map(|(name, tasks)| (name, tasks.ids)).collect() }
    }

    /// Gives a member what is free of this work.
    fn take(&mut self, work: &WorkSet, load: &mut Load) {
        self.take_connectors(work, load);
        for (name, tasks) in &work.tasks {
            self.take_tasks(name, tasks, load);
        }
    }

    fn take_connectors(&mut self, work: &WorkSet, load: &mut Load) {
        load.connectors.extend(work.connectors.iter().filter_map(|name| self.connectors.take(name)));
    }

    fn take_tasks(&mut self, name: &Name, tasks: &Tasks, load: &mut Load) {
        if let Some(free) = self.tasks.get_mut(name) {
            load.tasks.extend(tasks.ids.iter().filter(|id| free.remove(id)).map(|id| (name.clone(), *id)));
        }
    }

    fn into_unplaced(self) -> Unplaced {
        let of = |(name, ids): (Name, BTreeSet<u32>)| ids.into_iter().map(move |id| (name.clone(), id));
        Unplaced {
            connectors: self.connectors.into_iter().collect(),
            tasks: self.tasks.into_iter().flat_map(of).collect(),
        }
    }
}

/// Work that may still be running.
#[derive(Default)]
struct Blocked {
    connectors: BTreeSet<Name>,
    tasks: BTreeMap<Name, Vec<Tasks>>,
}

impl Blocked {
    fn add(&mut self, work: &WorkSet) {
        self.connectors.extend(work.connectors.iter().cloned());
        for (name, tasks) in &work.tasks {
            self.tasks.entry(name.clone()).or_default().push(tasks.clone());
        }
    }

    /// Whether the work can be started: neither it nor a task with other task configurations of the same connector may be running.
    fn permits(&self, work: &Work, generation: Generation) -> bool {
        match work {
            Work::Connector(name) => !self.connectors.contains(name),
            Work::Task(name, id) => self.tasks.get(name).is_none_or(|all| {
                let differs = |tasks: &Tasks| tasks.generation != generation && !fault::is(Fault::NoGenerations);
                !all.iter().any(|tasks| tasks.ids.contains(id) || differs(tasks))
            }),
        }
    }
}
