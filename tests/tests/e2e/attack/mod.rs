//! `cargo xtask test --attack`: hostile guests and clients in random order and with random settings, all at once and for a given time,
//! while the records of a neighbour and the worker's memory, threads and descriptors are watched.
//!
//! [`guests`] are connectors that misbehave, [`uploads`] components that do, [`clients`] what misbehaves at the other end of a connection,
//! and [`operator`] has every right and uses it carelessly. [`actors`] runs them and remembers what came of it. [`bounds`] says what is too
//! much.
//!
//! The seed is printed. The same seed makes each actor do the same things in the same order; when, depends on the worker.

mod actors;
mod bombs;
mod bounds;
mod clients;
mod guests;
mod operator;
mod uploads;

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use weir_tests::topics::Record;
use weir_tests::usage::Usage;
use weir_tests::worker::Worker;
use weir_tests::{kafka, paths, topics, wait};

use self::actors::{Actor, Scene};
use self::bounds::Bounds;
use crate::neighbour::Neighbour;

/// How long to attack, in seconds.
const SECONDS_VARIABLE: &str = "WEIR_TEST_ATTACK";
/// What the random choices begin with.
const SEED_VARIABLE: &str = "WEIR_TEST_SEED";

/// Without [`SECONDS_VARIABLE`].
const SHORT: Duration = Duration::from_secs(60);

/// Time between two looks at the worker.
const LOOK: Duration = Duration::from_millis(250);

/// Time between two lines about how it is going.
const LINE: Duration = Duration::from_secs(30);

/// How long the first window may take, in which nobody attacks.
const CALM: Duration = Duration::from_secs(60);

/// How long a worker whose attackers have left may take until it has as much as before.
const SETTLE: Duration = Duration::from_secs(90);

/// Who attacks, and with how many threads.
const ACTORS: &[Actor] = &[
    Actor { name: "guests", threads: 5, act: guests::act },
    Actor { name: "uploads", threads: 2, act: uploads::act },
    Actor { name: "operator", threads: 1, act: operator::act },
    Actor { name: "slow heads", threads: 1, act: clients::slow_heads },
    Actor { name: "silent connections", threads: 1, act: clients::silent_connections },
    Actor { name: "held uploads", threads: 1, act: clients::held_uploads },
    Actor { name: "unread answers", threads: 1, act: clients::unread_answers },
    Actor { name: "garbage", threads: 2, act: clients::garbage },
    Actor { name: "huge names", threads: 1, act: clients::huge_names },
    Actor { name: "wrong passwords", threads: 1, act: clients::wrong_passwords },
    // A client that means well, to see whether it is served.
    Actor { name: clients::GOOD, threads: 1, act: clients::good },
];

#[test]
#[ignore = "runs for minutes; `cargo xtask test --attack` starts it"]
fn the_worker_keeps_within_its_bounds_while_it_is_attacked() -> Result<()> {
    let number = |name| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let time = number(SECONDS_VARIABLE).map_or(SHORT, Duration::from_secs);
    let seed = number(SEED_VARIABLE).unwrap_or_else(|| fastrand::u64(..1_000_000));
    println!("seed {seed}; to repeat: cargo xtask test --attack {}s --seed {seed}", time.as_secs());

    let bootstrap = kafka::bootstrap()?;
    let (mut worker, scene) = prepare(bootstrap, seed)?;
    let mut neighbour = Neighbour::start(&worker, bootstrap, "attack-neighbour")?;
    let process = worker.id().unwrap_or_default();
    let mut bounds = Bounds::new(Usage::of(process)?);

    let alone = wait::until("the neighbour's lines without an attack", CALM, || match neighbour.share() {
        Ok(Some(share)) => Ok(share),
        Ok(None) => Err("too early".into()),
        Err(error) => Err(format!("{error:#}")),
    })?;
    println!("without an attack the neighbour gets {:.0} % of its lines", alone * 100.0);

    let begin = Instant::now();
    std::thread::scope(|scope| {
        actors::start(scope, &scene, ACTORS, seed);
        // Ends the actors also when something here fails.
        let _stop = scene.stop_at_the_end();
        let mut said = Instant::now();
        while begin.elapsed() < time {
            std::thread::sleep(LOOK);
            if let Err(ended) = worker.check_runs() {
                bounds.crossed("the worker ended", &ended, &scene.doing());
                return;
            }
            match Usage::of(process) {
                Ok(usage) => bounds.look(usage, &scene),
                Err(error) => bounds.crossed("the worker", &format!("{error:#}"), &scene.doing()),
            }
            match neighbour.share() {
                Ok(Some(share)) => bounds.neighbour(share, &scene),
                Ok(None) => {}
                Err(error) => bounds.crossed("the neighbour", &format!("{error:#}"), &scene.doing()),
            }
            if said.elapsed() >= LINE {
                said = Instant::now();
                println!("{:>5} s: {}; {}", begin.elapsed().as_secs(), bounds.now(), scene.counts());
            }
        }
    });

    let ended = end(&mut worker, &scene, neighbour, &mut bounds);
    if let Err(error) = ended {
        bounds.crossed("the end", &format!("{error:#}"), "nothing any more");
    }
    if let Err(error) = bounds.log(&worker.log_file()) {
        bounds.failed("log", &format!("{error:#}"));
    }
    scene.check(&mut bounds);
    println!("\n{}\n{}", scene.summary(), bounds.summary());
    if bounds.failures().is_empty() {
        return Ok(());
    }
    if let Some(process) = worker.process() {
        process.quiet();
    }
    let kept = paths::target().join(format!("weir-tests/attack-{seed}.log"));
    std::fs::copy(worker.log_file(), &kept)?;
    println!("the worker's log is in {}", kept.display());
    bail!("{} bounds were crossed with seed {seed}:\n{}", bounds.failures().len(), bounds.failures().join("\n"));
}

/// A worker with users, where the good client has a token and every right.
fn prepare(bootstrap: &str, seed: u64) -> Result<(Worker, Scene)> {
    let (output, input) = (topics::unique("attack"), topics::unique("attack-input"));
    topics::create_all(bootstrap, &[&output, &input], 1)?;
    let rows: Vec<Record> =
        (0..20).map(|row| Record { value: Some(format!("row {row}").into_bytes()), ..Record::default() }).collect();
    topics::produce(bootstrap, &input, &rows)?;
    let worker = Worker::new(bootstrap)?;
    let file = |name: &str, text: &str| -> Result<String> {
        let path = worker.dir().join(name);
        std::fs::write(&path, text)?;
        Ok(path.display().to_string())
    };
    let users = file("users.properties", clients::USERS)?;
    let tokens = file("tokens.properties", &format!("good={}\n", clients::TOKEN))?;
    let mut worker = worker
        .token(clients::TOKEN)
        .with_plugins(&paths::test_plugins())
        .set("weir.rest.auth.users.file", &users)
        .set("weir.rest.auth.tokens.file", &tokens)
        .set("weir.rest.auth.upload", "good")
        .set("offset.flush.interval.ms", "300")
        .set("task.shutdown.graceful.timeout.ms", "1000")
        // So that every upload has its answer within the time that a client here waits, whoever else uploads: it waits, is compiled and
        // describes itself.
        .set("weir.plugin.compile.queue.timeout.ms", "10000")
        .set("weir.plugin.compile.timeout.ms", "15000")
        // Half of the default: it is also what an upload may take to describe itself, and the neighbour is held to it, too.
        .set("weir.call.timeout.ms", "30000");
    worker.start()?;
    let scene = Scene::new(&worker, seed, input, output)?;
    Ok((worker, scene))
}

/// The attackers have left: their connectors go, and the worker comes to rest and ends.
fn end(worker: &mut Worker, scene: &Scene, neighbour: Neighbour, bounds: &mut Bounds) -> Result<()> {
    worker.check_runs().map_err(anyhow::Error::msg)?;
    let process = worker.id().unwrap_or_default();
    scene.remove_leftovers(neighbour.name())?;
    let settled = wait::until("the worker to come to rest", SETTLE, || {
        let usage = Usage::of(process).map_err(|error| format!("{error:#}"))?;
        bounds.rest(usage)
    });
    if let Err(error) = settled {
        bounds.crossed("after the attack", &format!("{error:#}"), "nothing any more");
    }
    neighbour.finish()?;
    worker.stop()
}
