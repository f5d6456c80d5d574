//! Schedules with an exact result.

use std::collections::BTreeMap;
use std::time::Duration;

use super::world::{Flaws, World};
use crate::config::Change;
use crate::fault::{self, Fault};
use crate::settings::Settings;
use crate::work::{Generation, Work};

/// The delay of these schedules, in milliseconds.
const DELAY: u64 = 60_000;

/// A cluster of this many workers, and three connectors with four tasks each.
fn cluster(workers: usize) -> World {
    let settings = Settings { rebalance_delay: Duration::from_millis(DELAY), ..Settings::default() };
    let mut world = World::new(7, workers, settings, Flaws::default());
    world.is_calm = true;
    (0..workers).for_each(|at| world.start(at));
    world.run_until(10_000);
    for number in 0..3 {
        change(&mut world, Change::Connector(World::name(number)));
        change(&mut world, Change::Tasks { connector: World::name(number), generation: 0, count: 4 });
    }
    world.run_until(20_000);
    world.check_quiet();
    world
}

/// Writes to the config topic as the leader.
fn change(world: &mut World, change: Change) {
    let at = world.leaders()[0];
    let producer = world.processes[at].producer;
    world.write(producer, change).expect("the leader is not fenced");
}

fn running(world: &World, at: usize) -> BTreeMap<Work, Generation> {
    let executions = world.processes[at].executions.iter();
    executions.map(|(work, execution)| (work.clone(), execution.generation)).collect()
}

fn assert_unbroken(world: &World) {
    assert_eq!(world.violation, None);
}

/// Returns a worker that does not lead.
fn follower(world: &World) -> usize {
    let leader = world.leaders()[0];
    (0..world.processes.len()).find(|at| *at != leader).unwrap()
}

#[test]
fn a_worker_that_is_back_within_the_delay_gets_its_own_work_and_no_other_notices() {
    let mut world = cluster(3);
    let lost = follower(&world);
    let before = running(&world, lost);
    let (starts, stops) = (world.starts, world.stops);
    world.kill(lost);
    world.run_until(world.now + DELAY / 2);
    assert_eq!((world.starts, world.stops), (starts, stops), "the work of the lost worker waits");
    world.start(lost);
    world.run_until(world.now + 5000);
    assert_eq!(running(&world, lost), before);
    assert_eq!((world.starts, world.stops), (starts + before.len() as u64, stops));
    world.check_quiet();
    assert_unbroken(&world);
}

#[test]
fn lost_work_moves_after_the_delay_and_nothing_else_does() {
    let mut world = cluster(3);
    let lost = follower(&world);
    let count = running(&world, lost).len() as u64;
    let (starts, stops) = (world.starts, world.stops);
    world.kill(lost);
    // The session expires at most this late.
    world.run_until(world.now + DELAY + 1000);
    assert_eq!(world.starts, starts);
    world.run_until(world.now + 15_000);
    assert_eq!((world.starts, world.stops), (starts + count, stops));
    assert_unbroken(&world);
}

#[test]
fn lost_work_that_does_not_wait_is_found() {
    let mut world = cluster(3);
    let lost = follower(&world);
    let starts = world.starts;
    fault::inject(Some(Fault::NoDelay));
    world.kill(lost);
    world.run_until(world.now + DELAY / 2);
    fault::inject(None);
    assert_ne!(world.starts, starts);
}

#[test]
fn a_lost_leader_is_replaced_and_its_work_waits_too() {
    let mut world = cluster(3);
    let lost = world.leaders()[0];
    let before = running(&world, lost);
    let (starts, stops) = (world.starts, world.stops);
    world.kill(lost);
    world.run_until(world.now + 20_000);
    assert_eq!(world.leaders().len(), 1);
    assert_eq!((world.starts, world.stops), (starts, stops));
    world.start(lost);
    world.run_until(world.now + 5000);
    assert_eq!(running(&world, lost), before);
    assert_unbroken(&world);
}

#[test]
fn a_cluster_that_starts_again_does_not_wait() {
    let mut world = cluster(3);
    (0..3).for_each(|at| world.kill(at));
    world.run_until(world.now + 20_000);
    // Under another URL, as a container that is replaced.
    world.processes[0].url = "http://other:8083".into();
    world.start(0);
    world.run_until(world.now + 10_000);
    assert_eq!(running(&world, 0).len(), world.config.work().len());
    assert_unbroken(&world);
}

#[test]
fn a_worker_that_joins_gets_its_share_and_the_others_stop_only_that() {
    let mut world = cluster(3);
    world.kill(2);
    world.run_until(world.now + DELAY + 20_000);
    let (starts, stops) = (world.starts, world.stops);
    assert_eq!(running(&world, 0).len() + running(&world, 1).len(), 15);
    world.start(2);
    world.run_until(world.now + 10_000);
    assert_eq!(running(&world, 2).len(), 5);
    assert_eq!((world.starts, world.stops), (starts + 5, stops + 5));
    world.check_quiet();
    assert_unbroken(&world);
}

#[test]
fn a_new_connector_stops_nothing() {
    let mut world = cluster(3);
    let stops = world.stops;
    change(&mut world, Change::Connector(World::name(9)));
    change(&mut world, Change::Tasks { connector: World::name(9), generation: 0, count: 7 });
    world.run_until(world.now + 5000);
    world.check_quiet();
    assert_eq!(world.stops, stops);
    assert_unbroken(&world);
}

#[test]
fn new_task_configurations_restart_the_tasks_of_that_connector_where_they_are() {
    let mut world = cluster(3);
    let before: Vec<Vec<Work>> = (0..3).map(|at| running(&world, at).into_keys().collect()).collect();
    let (starts, stops) = (world.starts, world.stops);
    change(&mut world, Change::Tasks { connector: World::name(1), generation: 0, count: 4 });
    world.run_until(world.now + 10_000);
    let after: Vec<Vec<Work>> = (0..3).map(|at| running(&world, at).into_keys().collect()).collect();
    assert_eq!(after, before);
    assert_eq!((world.starts, world.stops), (starts + 4, stops + 4));
    world.check_quiet();
    assert_unbroken(&world);
}

#[test]
fn a_paused_leader_is_fenced_and_follows_when_it_continues() {
    let mut world = cluster(3);
    let paused = world.leaders()[0];
    world.pause(paused, 40_000);
    world.run_until(world.now + 30_000);
    let leader = world.leaders()[0];
    assert_ne!(leader, paused);
    world.run_until(world.now + 15_000);
    assert_eq!(world.leaders(), [leader]);
    world.check_quiet();
    assert_unbroken(&world);
}
