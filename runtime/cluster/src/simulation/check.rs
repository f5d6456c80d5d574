//! The rules that hold at each step, and those that hold when nothing has disturbed the cluster for some time.

use std::collections::{BTreeMap, BTreeSet};

use super::world::World;
use crate::Machine;
use crate::record::{Assignment, MemberId, Record};
use crate::work::{Generation, Work, WorkSet};

/// How long after a pause a process may execute what it has to abandon.
const RESUME: u64 = 300;

impl World {
    /// Checks that what a process has started runs nowhere else, and that tasks with other task configurations do not run anywhere.
    pub(super) fn check_start(&mut self, at: usize, work: &Work, generation: Generation) {
        let mut wrong = None;
        for (other, process) in self.processes.iter().enumerate() {
            for (running, execution) in &process.executions {
                if running.connector() != work.connector() {
                    continue;
                }
                let is_believed = process.believes_in(execution, self.now);
                let is_task = |work: &Work| matches!(work, Work::Task(..));
                if running == work && other != at {
                    let was_paused = process.is_paused(self.now) || self.now < process.resumed_at + RESUME;
                    if is_believed {
                        wrong = Some(format!("w{at} started {work:?}, which w{other} runs and believes to own"));
                    } else if !was_paused {
                        wrong = Some(format!("w{at} started {work:?}, which w{other} still executes"));
                    }
                } else if is_task(running) && is_task(work) && execution.generation != generation && is_believed {
                    wrong = Some(format!(
                        "w{at} started {work:?}@{generation} while w{other} runs {running:?}@{}",
                        execution.generation
                    ));
                }
            }
        }
        if let Some(wrong) = wrong {
            self.violate(wrong);
        }
    }

    /// Checks that a leader revokes work that has not changed only from a member that has more than its share.
    pub(super) fn check_moves(&mut self, at: usize, records: &[Record]) {
        let machine = self.processes[at].machine.as_ref().expect("a process that publishes");
        let (table, config) = (machine.table(), machine.config());
        let mut after: BTreeMap<MemberId, Option<Assignment>> = BTreeMap::new();
        for record in records {
            match record {
                Record::Assignment(part) => {
                    let before = after.remove(&part.member).flatten();
                    let whole = Assignment::assemble(before.into_iter().chain([part.share.clone()]));
                    after.insert(part.member.clone(), whole);
                }
                Record::AssignmentRemoved { member, part: 0 } => {
                    after.insert(member.clone(), None);
                }
                _ => {}
            }
        }
        let is_live = |member: &&MemberId| match after.get(*member) {
            Some(change) => change.as_ref().is_some_and(|assignment| !assignment.over),
            None => table.assignment(member).is_some_and(|assignment| !assignment.over),
        };
        let members: BTreeSet<&MemberId> = table.assignments().map(|(member, _)| member).chain(after.keys()).collect();
        let count = members.into_iter().filter(is_live).count().max(1);
        let all = config.work();
        let (share, task_share) = (all.connectors.len() / count, all.task_count() / count);
        let mut wrong = None;
        for (member, assignment) in &after {
            let (Some(before), Some(assignment)) = (table.assignment(member), assignment) else { continue };
            if assignment.over {
                continue;
            }
            let still = |set: &WorkSet| {
                set.iter().filter(|(work, generation)| config.has(work, *generation)).collect::<Vec<_>>()
            };
            let moved = still(&before.work.minus(&assignment.work));
            let kept = still(&before.work).len() - moved.len();
            let is_connector = |(work, _): &&(Work, Generation)| matches!(work, Work::Connector(_));
            let kept_connectors = before.work.connectors.intersection(&assignment.work.connectors).count();
            let moved_connectors = moved.iter().filter(is_connector).count();
            let moved_tasks = moved.len() - moved_connectors;
            if moved_connectors > 0 && kept_connectors < share || moved_tasks > 0 && kept - kept_connectors < task_share
            {
                wrong = Some(format!("w{at} revoked {moved:?} from {member}, which keeps {kept} of {count} shares"));
            }
        }
        if let Some(wrong) = wrong {
            self.violate(wrong);
        }
    }

    /// Checks that each connector and task of the config topic runs on one worker, that nothing else runs, and that the load is balanced.
    pub(super) fn check_quiet(&mut self) {
        let mut wrong = Vec::new();
        let mut runs: BTreeMap<Work, Vec<(usize, Generation)>> = BTreeMap::new();
        let mut loads = Vec::new();
        for (at, process) in self.processes.iter().enumerate() {
            for (work, execution) in &process.executions {
                runs.entry(work.clone()).or_default().push((at, execution.generation));
            }
            let connectors = process.executions.keys().filter(|work| matches!(work, Work::Connector(_))).count();
            loads.push((connectors, process.executions.len() - connectors));
            match &process.machine {
                None => wrong.push(format!("w{at} does not run")),
                Some(machine) if !machine.is_settled() => wrong.push(format!("w{at} is not settled")),
                Some(machine) => {
                    if !machine.config().connectors().eq(self.config.connectors()) {
                        wrong.push(format!("w{at} does not know the configuration"));
                    }
                }
            }
        }
        for (work, generation) in self.config.work().iter() {
            match runs.remove(&work).as_deref() {
                Some([(_, running)]) if *running == generation || matches!(work, Work::Connector(_)) => {}
                places => wrong.push(format!("{work:?}@{generation} runs on {places:?}")),
            }
        }
        wrong.extend(runs.into_iter().map(|(work, places)| format!("{work:?} runs on {places:?}, but does not exist")));
        let spread = |count: fn(&(usize, usize)) -> usize| {
            let counts = loads.iter().map(count);
            counts.clone().max().unwrap_or_default() - counts.min().unwrap_or_default()
        };
        if spread(|load| load.0) > 1 || spread(|load| load.1) > 1 || spread(|load| load.0 + load.1) > 1 {
            wrong.push(format!("the loads {loads:?} are not balanced"));
        }
        let leaders = self
            .processes
            .iter()
            .filter_map(|process| process.machine.as_ref())
            .filter(|machine| Machine::leads(machine));
        let leaders = leaders.count();
        if leaders != 1 {
            wrong.push(format!("{leaders} leaders"));
        }
        if !wrong.is_empty() {
            self.violate(format!("after the quiet time: {}", wrong.join("; ")));
        }
    }
}
