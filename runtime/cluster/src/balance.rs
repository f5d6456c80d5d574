//! Chooses which worker runs what: balanced, and with as few moves as possible.
//!
//! The numbers of connectors, of tasks and of both together differ by at most one between workers. Kafka Connect balances connectors and
//! tasks separately; the sum is balanced in addition because a connector and a task count alike. That is always possible: if `c` workers
//! have one connector more than the others and `t` workers have one task more, then they are different workers as long as there are enough
//! workers, and otherwise each worker has at least one of the two.

use std::collections::BTreeSet;

use crate::fault::{self, Fault};
use crate::record::MemberId;
use crate::work::Name;

/// What a member runs, or is to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) member: MemberId,
    pub(crate) connectors: Vec<Name>,
    pub(crate) tasks: Vec<(Name, u32)>,
}

/// Work that no member runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Unplaced {
    pub(crate) connectors: Vec<Name>,
    pub(crate) tasks: Vec<(Name, u32)>,
}

/// The most connectors and tasks of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Limit {
    connectors: usize,
    tasks: usize,
}

/// Adds the unplaced work to the loads. If `may_move`, what a load has above its limit moves to others.
pub(crate) fn balance(loads: &mut [Load], mut unplaced: Unplaced, may_move: bool) {
    if loads.is_empty() {
        return;
    }
    if fault::is(Fault::NotSticky) {
        for load in loads.iter_mut() {
            unplaced.connectors.append(&mut load.connectors);
            unplaced.tasks.append(&mut load.tasks);
        }
    }
    let limits = limits(loads, &unplaced);
    if may_move {
        for (load, limit) in loads.iter_mut().zip(&limits) {
            let above = limit.connectors.min(load.connectors.len());
            unplaced.connectors.extend(load.connectors.drain(above..));
            let above = limit.tasks.min(load.tasks.len());
            unplaced.tasks.extend(load.tasks.drain(above..));
        }
    }
    place(loads, unplaced.connectors, &limits, |limit| limit.connectors, |load| &mut load.connectors);
    place(loads, unplaced.tasks, &limits, |limit| limit.tasks, |load| &mut load.tasks);
}

/// Gives each item to the member that has the fewest and is below its limit, so that the tasks of a connector spread over the members.
fn place<T>(
    loads: &mut [Load],
    items: Vec<T>,
    limits: &[Limit],
    limit: impl Fn(&Limit) -> usize,
    list: impl Fn(&mut Load) -> &mut Vec<T>,
) {
    let mut open: BTreeSet<(usize, usize)> = BTreeSet::new();
    for (at, load) in loads.iter_mut().enumerate() {
        let count = list(load).len();
        if count < limit(&limits[at]) {
            open.insert((count, at));
        }
    }
    for item in items {
        // The limits add up to the number of items, so one member is below its limit.
        let Some((count, at)) = open.pop_first() else { return };
        list(&mut loads[at]).push(item);
        if count + 1 < limit(&limits[at]) {
            open.insert((count + 1, at));
        }
    }
}

/// Returns the limits of the members such that as little as possible is above them.
fn limits(loads: &[Load], unplaced: &Unplaced) -> Vec<Limit> {
    let count = loads.len();
    let connectors = unplaced.connectors.len() + loads.iter().map(|load| load.connectors.len()).sum::<usize>();
    let tasks = unplaced.tasks.len() + loads.iter().map(|load| load.tasks.len()).sum::<usize>();
    let (each_connectors, more_connectors) = (connectors / count, connectors % count);
    let (each_tasks, more_tasks) = (tasks / count, tasks % count);
    // Whether a member that does not get one more than `each` has to give one up.
    let has = |at: usize| (loads[at].connectors.len() > each_connectors, loads[at].tasks.len() > each_tasks);
    let kind = |wanted: (bool, bool)| (0..count).filter(move |at| has(*at) == wanted);
    let (connector_only, task_only) = ((true, false), (false, true));
    let (both, neither) = ((true, true), (false, false));
    let choose = |preferred: [(bool, bool); 4], taken: &BTreeSet<usize>, number: usize| -> BTreeSet<usize> {
        preferred.into_iter().flat_map(kind).filter(|at| !taken.contains(at)).take(number).collect()
    };
    let none = BTreeSet::new();
    let (has_more_connectors, has_more_tasks): (BTreeSet<usize>, BTreeSet<usize>) =
        if more_connectors + more_tasks <= count {
            // No member gets one more of both.
            let tasks = choose([task_only, both, neither, connector_only], &none, more_tasks);
            let connectors = choose([connector_only, both, neither, task_only], &tasks, more_connectors);
            (connectors, tasks)
        } else {
            // Each member gets one more of at least one of them.
            let without_task = choose([connector_only, neither, both, task_only], &none, count - more_tasks);
            let without_connector =
                choose([task_only, neither, both, connector_only], &without_task, count - more_connectors);
            let all_but = |without: &BTreeSet<usize>| (0..count).filter(|at| !without.contains(at)).collect();
            (all_but(&without_connector), all_but(&without_task))
        };
    let limit = |at| Limit {
        connectors: each_connectors + usize::from(has_more_connectors.contains(&at)),
        tasks: each_tasks + usize::from(has_more_tasks.contains(&at)),
    };
    (0..count).map(limit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loads(counts: &[(usize, usize)]) -> Vec<Load> {
        let load = |(at, &(connectors, tasks)): (usize, &(usize, usize))| Load {
            member: format!("m{at}").into(),
            connectors: (0..connectors).map(|number| format!("c{at}-{number}").into()).collect(),
            tasks: (0..tasks).map(|number| (format!("t{at}").into(), number as u32)).collect(),
        };
        counts.iter().enumerate().map(load).collect()
    }

    fn unplaced(connectors: usize, tasks: usize) -> Unplaced {
        Unplaced {
            connectors: (0..connectors).map(|number| format!("new-{number}").into()).collect(),
            tasks: (0..tasks).map(|number| ("new".into(), number as u32)).collect(),
        }
    }

    fn spread(counts: impl Iterator<Item = usize> + Clone) -> usize {
        counts.clone().max().unwrap_or_default() - counts.min().unwrap_or_default()
    }

    fn moves(before: &[Load], after: &[Load]) -> usize {
        let lost = |(before, after): (&Load, &Load)| {
            before.connectors.iter().filter(|name| !after.connectors.contains(name)).count()
                + before.tasks.iter().filter(|task| !after.tasks.contains(task)).count()
        };
        before.iter().zip(after).map(lost).sum()
    }

    /// Returns the fewest moves that lead to a balance, by trying which members get one more of what.
    fn fewest_moves(loads: &[Load], new: &Unplaced) -> usize {
        let count = loads.len();
        let connectors = new.connectors.len() + loads.iter().map(|load| load.connectors.len()).sum::<usize>();
        let tasks = new.tasks.len() + loads.iter().map(|load| load.tasks.len()).sum::<usize>();
        let mut fewest = usize::MAX;
        for more in 0..1usize << (2 * count) {
            let extra = |at: usize| (more >> (2 * at) & 1, more >> (2 * at + 1) & 1);
            let sum = (0..count).map(extra).fold((0, 0), |sum, extra| (sum.0 + extra.0, sum.1 + extra.1));
            let totals = (0..count).map(|at| extra(at).0 + extra(at).1);
            if sum == (connectors % count, tasks % count) && spread(totals) <= 1 {
                let above = |(at, load): (usize, &Load)| {
                    load.connectors.len().saturating_sub(connectors / count + extra(at).0)
                        + load.tasks.len().saturating_sub(tasks / count + extra(at).1)
                };
                fewest = fewest.min(loads.iter().enumerate().map(above).sum());
            }
        }
        fewest
    }

    #[test]
    fn loads_are_balanced_with_the_fewest_moves() {
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..3000 {
            let counts: Vec<_> = (0..random.usize(1..=5)).map(|_| (random.usize(0..6), random.usize(0..8))).collect();
            let before = loads(&counts);
            let new = unplaced(random.usize(0..5), random.usize(0..7));
            let mut after = before.clone();
            balance(&mut after, new.clone(), true);
            assert!(spread(after.iter().map(|load| load.connectors.len())) <= 1, "{counts:?}");
            assert!(spread(after.iter().map(|load| load.tasks.len())) <= 1, "{counts:?}");
            assert!(spread(after.iter().map(|load| load.connectors.len() + load.tasks.len())) <= 1, "{counts:?}");
            assert_eq!(moves(&before, &after), fewest_moves(&before, &new), "{counts:?} {new:?}");
            let total =
                |loads: &[Load]| loads.iter().map(|load| load.connectors.len() + load.tasks.len()).sum::<usize>();
            assert_eq!(total(&after), total(&before) + new.connectors.len() + new.tasks.len());
        }
    }

    #[test]
    fn new_work_moves_nothing_that_is_balanced() {
        let mut random = fastrand::Rng::with_seed(2);
        for _ in 0..500 {
            let mut loads = loads(&vec![(0, 0); random.usize(1..=6)]);
            for number in 0..30 {
                let before = loads.clone();
                let new = if random.bool() { unplaced(1, 0) } else { unplaced(0, 1) };
                balance(&mut loads, new, true);
                assert_eq!(moves(&before, &loads), 0, "item {number}");
            }
        }
    }

    #[test]
    fn nothing_moves_while_lost_work_waits() {
        let before = loads(&[(4, 4), (0, 0)]);
        let mut after = before.clone();
        balance(&mut after, unplaced(1, 2), false);
        assert_eq!(moves(&before, &after), 0);
        assert_eq!((after[1].connectors.len(), after[1].tasks.len()), (1, 2));
    }
}
