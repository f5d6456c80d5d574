//! Random schedules: what disturbs the cluster, and what its clients ask for.

use std::time::Duration;

use super::world::{Flaws, Happening, Inside, Request, World};
use crate::config::{Change, Restart};
use crate::event::Event;
use crate::settings::Settings;

/// Returns the world after a schedule, which has broken a rule if it has a violation.
pub(super) type Schedule = fn(seed: u64, flaws: Flaws, is_traced: bool) -> World;

/// Anything at any time.
pub(super) fn random(seed: u64, flaws: Flaws, is_traced: bool) -> World {
    let mut random = fastrand::Rng::with_seed(seed ^ 0x5eed);
    let settings = Settings {
        rebalance_delay: Duration::from_secs(random.choice([0, 0, 4, 30]).unwrap()),
        describe_interval: Duration::from_millis(random.choice([500, 5000]).unwrap()),
        // So little that some assignments are divided.
        record_max_bytes: random.choice([650, 900, 512 << 10]).unwrap(),
        ..Settings::default()
    };
    let workers = random.usize(1..=4);
    let mut world = World::new(seed, workers, settings, flaws);
    world.is_traced = is_traced;
    for at in 0..workers {
        if random.u8(..) < 200 {
            world.start(at);
        }
    }
    let hurry = random.choice([400, 1500, 4000]).unwrap();
    let end = random.u64(10_000..60_000);
    while world.now < end && world.violation.is_none() {
        let gap = random.u64(1..hurry);
        world.run_until(world.now + gap);
        if random.u8(..) < 130 {
            ask(&mut world, &mut random);
        } else {
            disturb(&mut world, &mut random);
        }
    }
    settle(&mut world);
    world
}

/// A worker loses its session, and the coordinator moves while the leader learns of it: the new one knows the session again.
pub(super) fn resurrection(seed: u64, flaws: Flaws, is_traced: bool) -> World {
    let mut random = fastrand::Rng::with_seed(seed ^ 0xdead);
    let settings = Settings {
        rebalance_delay: Duration::ZERO,
        describe_interval: Duration::from_millis(random.u64(200..1000)),
        ..Settings::default()
    };
    let session = settings.session_timeout.as_millis() as u64;
    let mut world = World::new(seed, random.usize(2..=3), settings, flaws);
    world.is_traced = is_traced;
    (0..world.processes.len()).for_each(|at| world.start(at));
    for _ in 0..random.u64(4..30) {
        world.run_until(world.now + random.u64(100..2000));
        ask(&mut world, &mut random);
    }
    world.run_until(world.now + 3000);
    world.rebalance_time = 8000;
    let at = random.usize(0..world.processes.len());
    let moves_in = session + random.u64(0..4000) - 500;
    world.processes[at].cut_off_until = world.now + moves_in + random.u64(0..300);
    world.after(moves_in, Happening::FailOver);
    for process in &mut world.processes {
        process.reading_slowness = random.choice([0, 0, 1000, 4000]).unwrap();
    }
    for other in (0..world.processes.len()).filter(|other| *other != at) {
        world.processes[other].slowness = random.choice([0, 0, 500, 2000]).unwrap();
    }
    world.run_until(world.now + session + 8000);
    settle(&mut world);
    world
}

/// The responses to a worker's last proofs arrive late, before it loses its session.
pub(super) fn late_proofs(seed: u64, flaws: Flaws, is_traced: bool) -> World {
    let mut random = fastrand::Rng::with_seed(seed ^ 0x1a7e);
    let settings = Settings { rebalance_delay: Duration::ZERO, ..Settings::default() };
    let session = settings.session_timeout.as_millis() as u64;
    let mut world = World::new(seed, random.usize(2..=3), settings, flaws);
    world.is_traced = is_traced;
    (0..world.processes.len()).for_each(|at| world.start(at));
    for _ in 0..random.u64(4..30) {
        world.run_until(world.now + random.u64(100..1500));
        ask(&mut world, &mut random);
    }
    world.run_until(world.now + 3000);
    let at = random.usize(0..world.processes.len());
    world.processes[at].slowness = random.u64(1000..6000);
    world.run_until(world.now + random.u64(1000..8000));
    world.processes[at].cut_off_until = world.now + session + 8000;
    world.run_until(world.now + session + 8000);
    settle(&mut world);
    world
}

/// Leaders replace each other while some learn of it late, and clients ask all of them for changes.
pub(super) fn leaders(seed: u64, flaws: Flaws, is_traced: bool) -> World {
    let mut random = fastrand::Rng::with_seed(seed ^ 0x1ead);
    let settings = Settings { rebalance_delay: Duration::ZERO, ..Settings::default() };
    let mut world = World::new(seed, random.usize(2..=3), settings, flaws);
    world.is_traced = is_traced;
    (0..world.processes.len()).for_each(|at| world.start(at));
    world.run_until(4000);
    for _ in 0..150 {
        world.run_until(world.now + random.u64(1..200));
        if random.u8(..) < 20 {
            move_partition(&mut world, &mut random);
            let at = random.usize(0..world.processes.len());
            world.processes[at].slowness = random.choice([0, 500, 3000]).unwrap();
            world.processes[at].reading_slowness = random.choice([0, 2000]).unwrap();
        }
        ask(&mut world, &mut random);
    }
    settle(&mut world);
    world
}

/// Ends everything that disturbs the cluster, and checks what it does then.
fn settle(world: &mut World) {
    calm(world);
    // A worker that is shutting down has stopped after this time.
    world.run_until(world.now + 3000);
    calm(world);
    // A claim, the delay of lost work, and a session that expires at the end, with the requests of each.
    let delay = world.settings.rebalance_delay.as_millis() as u64;
    world.run_until(world.now + 10_000 + delay + 20_000);
    if world.violation.is_none() {
        world.check_quiet();
        let (starts, stops) = (world.starts, world.stops);
        world.run_until(world.now + 10_000);
        if (world.starts, world.stops) != (starts, stops) {
            world.violate("work was started or stopped although nothing changed".into());
        }
        if world.violation.is_none() {
            world.check_quiet();
        }
    }
}

/// Ends everything that disturbs the cluster.
fn calm(world: &mut World) {
    world.is_calm = true;
    for at in 0..world.processes.len() {
        let process = &mut world.processes[at];
        process.cut_off_until = 0;
        process.slowness = 0;
        process.reading_slowness = 0;
        if process.machine.is_none() {
            world.start(at);
        } else if process.is_paused(world.now) {
            process.paused_until = world.now;
            world.inside(at, 0, Inside::Tick);
        }
    }
}

/// Asks a worker that believes to be the leader for a change.
fn ask(world: &mut World, random: &mut fastrand::Rng) {
    let Some(at) = random.choice(world.leaders()) else { return };
    let process = &mut world.processes[at];
    // The REST API answers one request after the other, each with what the ones before it have changed.
    if process.writing.is_some_and(|offset| process.positions.1 <= offset) {
        return;
    }
    let machine = process.machine.as_ref().expect("a leader");
    let name = World::name(random.u32(0..5));
    let change = if machine.config().connector(&name).is_none() {
        Change::Connector(name)
    } else {
        match random.u8(0..10) {
            0..5 => Change::Tasks { connector: name, generation: 0, count: random.u32(0..6) },
            5..7 => Change::ConnectorRemoved(name),
            7 => Change::TargetState(name),
            8 => Change::Restart(Restart { connector: name, include_tasks: random.bool(), only_failed: false }),
            _ => Change::Other,
        }
    };
    process.writing = Some(usize::MAX);
    let producer = process.producer;
    world.request(at, Request::Write { producer, change });
}

/// Does something to a worker, to the coordinator or to a topic.
fn disturb(world: &mut World, random: &mut fastrand::Rng) {
    let at = random.usize(0..world.processes.len());
    let session = world.settings.session_timeout.as_millis() as u64;
    if world.processes[at].machine.is_none() {
        world.start(at);
        return;
    }
    if world.processes[at].is_paused(world.now) {
        return;
    }
    match random.u8(0..100) {
        0..16 => world.kill(at),
        16..22 => world.step_if_up(at, Event::ShutDown),
        22..32 => world.pause(at, random.u64(1..session * 3 / 4)),
        32..46 => {
            world.pause(at, session + random.u64(0..session));
            if random.bool() {
                // About when the session expires.
                world.after(session + random.u64(0..4000) - 1000, Happening::FailOver);
            }
        }
        46..52 => {
            let jump = random.choice([100, 3000, 20_000]).unwrap();
            world.note(|| format!("the clock of w{at} jumps by {jump}"));
            world.processes[at].jump(jump);
        }
        52..64 => world.after(0, Happening::FailOver),
        64..72 => move_partition(world, random),
        72..80 => {
            let positions = world.processes.iter().filter(|process| process.machine.is_some());
            let positions: Vec<_> = positions.map(|process| process.positions).collect();
            world.assignments.compact(positions.iter().map(|position| position.0).min().unwrap_or_default());
            world.configs.compact(positions.iter().map(|position| position.1).min().unwrap_or_default());
        }
        80..88 => world.processes[at].slowness = random.choice([0, 300, 6000]).unwrap(),
        88..96 => {
            let time = random.u64(1000..2 * session);
            world.note(|| format!("w{at} does not reach the coordinator for {time}"));
            world.processes[at].cut_off_until = world.now + time;
        }
        _ => world.step_if_up(at, Event::Tick),
    }
}

/// Assigns the partition of the config topic to another member.
fn move_partition(world: &mut World, random: &mut fastrand::Rng) {
    if let Some(member) = random.choice(world.coordinator.members.keys().cloned().collect::<Vec<_>>())
        && !world.coordinator.is_rebalancing
    {
        world.note(|| format!("the partition moves to {member}"));
        world.coordinator.move_partition(member);
        world.report_rebalance();
    }
}

impl World {
    fn step_if_up(&mut self, at: usize, event: Event) {
        if self.is_up(at) {
            self.step(at, event);
        }
    }
}
