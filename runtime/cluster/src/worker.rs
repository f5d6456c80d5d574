//! The worker's role: runs what the published assignment says, while the session is alive.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::config::{Change, Config, Restart};
use crate::event::Action;
use crate::record::{Assignment, MemberId, Record, Version};
use crate::work::{Generation, Name, Work};

/// What the worker's role decides by.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    /// This worker's session.
    pub(crate) member: Option<&'a MemberId>,
    /// What the session runs.
    pub(crate) assignment: Option<&'a Assignment>,
    pub(crate) config: &'a Config,
    /// Whether work may be started.
    pub(crate) may_start: bool,
}

impl View<'_> {
    /// Whether the work may run, with these task configurations.
    fn wants(&self, work: &Work, generation: Generation) -> bool {
        let is_assigned = |assignment: &Assignment| !assignment.over && assignment.work.contains(work, generation);
        self.assignment.is_some_and(is_assigned) && self.config.has(work, generation)
    }

    /// Whether the configuration is known for which the assignment was made.
    fn is_current(&self) -> bool {
        let reached = |assignment: &Assignment| self.config.position() >= assignment.config_position;
        self.assignment.is_some_and(reached)
    }
}

/// A connector or task that this worker has started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Slot {
    generation: Generation,
    is_stopping: bool,
}

/// What runs on this worker.
#[derive(Debug, Default)]
pub(crate) struct Worker {
    slots: BTreeMap<Work, Slot>,
    /// The number of slots that are stopping.
    stopping: usize,
    /// Connectors without a component.
    missing: BTreeSet<Name>,
    /// Work that was reported as waiting for its component.
    awaiting: BTreeSet<Work>,
    acknowledged: Version,
    acknowledge_at: Option<Duration>,
    /// Whether the configuration had not yet reached the position of the assignment.
    is_behind: bool,
    shutdown: Shutdown,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Shutdown {
    #[default]
    No,
    Stopping,
    Done,
}

impl Worker {
    /// Returns what this worker has started and what has not stopped yet.
    pub(crate) fn running(&self) -> impl Iterator<Item = (&Work, Generation)> {
        self.slots.iter().map(|(work, slot)| (work, slot.generation))
    }

    /// Whether everything assigned runs, nothing else does, and nothing is stopping.
    pub(crate) fn is_settled(&self, view: &View<'_>) -> bool {
        let runs = |(work, _): (Work, Generation)| self.slots.contains_key(&work) || self.awaiting.contains(&work);
        self.stopping == 0
            && view.may_start
            && view.assignment.is_some_and(|assignment| assignment.work.iter().all(runs))
    }

    /// Whether the worker has stopped and left the group.
    pub(crate) fn has_left(&self) -> bool {
        self.shutdown == Shutdown::Done
    }

    /// Stops everything at once.
    pub(crate) fn abandon(&mut self, actions: &mut Vec<Action>) {
        if self.slots.is_empty() {
            return;
        }
        for slot in self.slots.values_mut() {
            slot.is_stopping = true;
        }
        self.stopping = self.slots.len();
        actions.push(Action::Abandon);
    }

    /// Notes that the worker has another session, in which it has acknowledged nothing.
    pub(crate) fn change_session(&mut self, actions: &mut Vec<Action>) {
        self.acknowledged = Version::default();
        self.acknowledge_at = None;
        self.abandon(actions);
    }

    /// Begins to stop everything. The worker leaves the group when that is done.
    pub(crate) fn shut_down(&mut self) {
        if self.shutdown == Shutdown::No {
            self.shutdown = Shutdown::Stopping;
        }
    }

    /// Notes that an acknowledgement could not be written.
    pub(crate) fn retry_acknowledgement(&mut self, at: Duration) {
        self.acknowledged = Version::default();
        self.acknowledge_at = Some(at);
    }

    /// Notes that a connector's component is missing or has arrived.
    pub(crate) fn note_component(&mut self, connector: &Name, is_missing: bool) {
        if is_missing {
            self.missing.insert(connector.clone());
        } else {
            self.missing.remove(connector);
        }
    }

    /// Notes that a connector or task has stopped.
    pub(crate) fn note_stopped(&mut self, work: &Work) {
        if let Some(slot) = self.slots.remove(work) {
            self.stopping -= usize::from(slot.is_stopping);
        }
    }

    /// Applies a change of the configuration. Whether the work still exists is up to [`Self::reconcile_connector`].
    pub(crate) fn apply(&self, change: &Change, actions: &mut Vec<Action>) {
        let runs = |work: &Work| self.slots.get(work).is_some_and(|slot| !slot.is_stopping);
        match change {
            Change::Connector(name) if runs(&Work::Connector(name.clone())) => {
                actions.push(Action::Reconfigure(name.clone()));
            }
            Change::TargetState(name) if self.of(name).iter().any(runs) => {
                actions.push(Action::ApplyTargetState(name.clone()));
            }
            Change::Restart(restart) => {
                let Restart { connector, include_tasks, .. } = restart;
                let is_included = |work: &Work| *include_tasks || matches!(work, Work::Connector(_));
                let work: Vec<Work> =
                    self.of(connector).into_iter().filter(|work| is_included(work) && runs(work)).collect();
                if !work.is_empty() {
                    actions.push(Action::Restart { restart: restart.clone(), work });
                }
            }
            _ => {}
        }
    }

    /// Stops what may not run and starts what may.
    pub(crate) fn reconcile(&mut self, view: &View<'_>, actions: &mut Vec<Action>) {
        let all: Vec<Work> = self.slots.keys().cloned().collect();
        self.stop_unwanted(&all, view, actions);
        self.awaiting.clear();
        if let Some(assignment) = view.assignment {
            for (work, generation) in assignment.work.iter() {
                self.start(work, generation, view, actions);
            }
        }
        self.is_behind = !view.is_current();
    }

    /// Does the same for one connector and its tasks.
    pub(crate) fn reconcile_connector(&mut self, name: &Name, view: &View<'_>, actions: &mut Vec<Action>) {
        if self.is_behind && view.is_current() {
            self.reconcile(view, actions);
            return;
        }
        let of_connector = self.of(name);
        self.stop_unwanted(&of_connector, view, actions);
        let Some(assignment) = view.assignment else { return };
        if assignment.work.connectors.contains(name) {
            self.start(Work::Connector(name.clone()), 0, view, actions);
        }
        if let Some(tasks) = assignment.work.tasks.get(name) {
            for id in &tasks.ids {
                self.start(Work::Task(name.clone(), *id), tasks.generation, view, actions);
            }
        }
    }

    /// Acknowledges the assignment if that is expected and nothing else runs any more, and leaves if everything has stopped.
    pub(crate) fn advance(&mut self, view: &View<'_>, now: Duration, actions: &mut Vec<Action>) {
        if self.shutdown == Shutdown::Stopping && self.slots.is_empty() {
            self.shutdown = Shutdown::Done;
            actions.push(Action::Leave);
        }
        let (Some(member), Some(assignment)) = (view.member, view.assignment) else { return };
        let is_expected = assignment.unacknowledged(self.acknowledged).next().is_some() && !assignment.over;
        if is_expected && self.stopping == 0 && self.acknowledge_at.is_none_or(|at| at <= now) {
            self.acknowledged = assignment.version;
            self.acknowledge_at = None;
            let (member, version) = (member.clone(), assignment.version);
            actions.push(Action::Acknowledge(Record::Acknowledgement { member, version }));
        }
    }

    /// Returns when an acknowledgement is to be written again.
    pub(crate) fn next_step(&self) -> Option<Duration> {
        self.acknowledge_at
    }

    fn stop_unwanted(&mut self, works: &[Work], view: &View<'_>, actions: &mut Vec<Action>) {
        for work in works {
            let Some(slot) = self.slots.get_mut(work) else { continue };
            let is_wanted = self.shutdown == Shutdown::No && view.wants(work, slot.generation);
            if !is_wanted && !slot.is_stopping {
                slot.is_stopping = true;
                self.stopping += 1;
                actions.push(Action::Stop(work.clone()));
            }
        }
    }

    fn start(&mut self, work: Work, generation: Generation, view: &View<'_>, actions: &mut Vec<Action>) {
        let is_wanted = self.shutdown == Shutdown::No && view.wants(&work, generation);
        // What is still stopping starts again after `Stopped`.
        if !is_wanted || !view.may_start || !view.is_current() || self.slots.contains_key(&work) {
            return;
        }
        if self.missing.contains(work.connector()) {
            if self.awaiting.insert(work.clone()) {
                actions.push(Action::AwaitComponent(work));
            }
            return;
        }
        self.awaiting.remove(&work);
        self.slots.insert(work.clone(), Slot { generation, is_stopping: false });
        actions.push(Action::Start { work, generation });
    }

    /// Returns what has been started of a connector.
    fn of(&self, name: &Name) -> Vec<Work> {
        let connector = Work::Connector(name.clone());
        let tasks = Work::Task(name.clone(), 0)..=Work::Task(name.clone(), u32::MAX);
        let connector = self.slots.contains_key(&connector).then_some(connector);
        connector.into_iter().chain(self.slots.range(tasks).map(|(work, _)| work.clone())).collect()
    }
}
