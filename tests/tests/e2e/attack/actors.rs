//! Runs the attackers, each in threads of its own with random numbers of its own, and remembers what came of what they did.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::Scope;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use fastrand::Rng;
use weir_tests::rest::Rest;
use weir_tests::worker::Worker;
use weir_tests::{paths, wait};

use super::bounds::Bounds;
use super::clients;
use crate::hostile::Places;

/// How many failures of an actor are told one by one.
const TOLD: usize = 10;
/// And how many characters of what took longest.
const TOLD_OF_THE_LONGEST: usize = 200;

/// One kind of attacker.
pub(super) struct Actor {
    pub(super) name: &'static str,
    pub(super) threads: usize,
    /// Does one thing, from its beginning to its end, in some seconds. What it gives back is counted; an error is a failure of the worker.
    pub(super) act: fn(&mut Turn<'_>) -> Result<String>,
}

/// A thread of an actor.
pub(super) struct Turn<'a> {
    pub(super) scene: &'a Scene,
    pub(super) rng: Rng,
    thread: String,
    what: String,
}

impl Turn<'_> {
    /// Says what is done now, in words with which it can be done again.
    pub(super) fn does(&mut self, what: String) {
        lock(&self.scene.doing).insert(self.thread.clone(), what.clone());
        self.what = what;
    }

    /// One of them.
    pub(super) fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.rng.usize(..all.len())]
    }
}

/// What the attackers have in common.
pub(super) struct Scene {
    /// Has every right.
    pub(super) rest: Rest,
    pub(super) port: u16,
    pub(super) at: Places,
    /// The hostile connectors as a component.
    pub(super) component: Vec<u8>,
    /// The directory that guests may be granted.
    pub(super) data: PathBuf,
    seed: u64,
    over: AtomicBool,
    next: AtomicU64,
    results: Mutex<BTreeMap<&'static str, Results>>,
    doing: Mutex<BTreeMap<String, String>>,
    /// Answers before this process, for the guests that connect to it.
    _listener: TcpListener,
}

/// What came of what an actor did.
#[derive(Default)]
struct Results {
    outcomes: BTreeMap<String, u64>,
    failures: u64,
    told: Vec<String>,
    longest: (Duration, String),
}

impl Scene {
    pub(super) fn new(worker: &Worker, seed: u64, input: String, output: String) -> Result<Scene> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let at = Places { output, input, host: listener.local_addr()?.to_string() };
        let rest = worker.rest();
        let made = Command::new("mkfifo").arg(pipe(&worker.data())).status().context("running `mkfifo`")?;
        ensure!(made.success(), "there is no pipe: {made}");
        Ok(Scene {
            data: worker.data(),
            port: rest.port(),
            rest,
            at,
            component: std::fs::read(paths::test_plugin("hostile")?).context("the hostile component")?,
            seed,
            over: AtomicBool::new(false),
            next: AtomicU64::new(0),
            results: Mutex::default(),
            doing: Mutex::default(),
            _listener: listener,
        })
    }

    /// A pipe into which nobody writes.
    pub(super) fn pipe(&self) -> PathBuf {
        pipe(&self.data)
    }

    /// A name that no other connector of this run has.
    pub(super) fn name(&self, part: &str) -> String {
        format!("{part}-{:x}-{}", self.seed, self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// True once the time is over.
    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Waits, but not beyond the end.
    pub(super) fn pause(&self, time: Duration) {
        let begin = Instant::now();
        while !self.is_over() && begin.elapsed() < time {
            std::thread::sleep(Duration::from_millis(20).min(time));
        }
    }

    /// Dropping it ends the actors.
    pub(super) fn stop_at_the_end(&self) -> impl Drop {
        struct Stop<'a>(&'a AtomicBool);
        impl Drop for Stop<'_> {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        Stop(&self.over)
    }

    /// What all of them are doing now.
    pub(super) fn doing(&self) -> String {
        let doing = lock(&self.doing);
        doing.iter().map(|(name, what)| format!("{name}: {what}")).collect::<Vec<_>>().join("; ")
    }

    /// How often each has done something.
    pub(super) fn counts(&self) -> String {
        let results = lock(&self.results);
        let count = |results: &Results| results.outcomes.values().sum::<u64>() + results.failures;
        results.iter().map(|(name, results)| format!("{name} {}", count(results))).collect::<Vec<_>>().join(", ")
    }

    /// What came of everything.
    pub(super) fn summary(&self) -> String {
        let mut text = String::new();
        for (name, results) in lock(&self.results).iter() {
            let outcomes: Vec<String> =
                results.outcomes.iter().map(|(outcome, count)| format!("{outcome} {count}")).collect();
            let (took, what) = &results.longest;
            let what: String = what.chars().take(TOLD_OF_THE_LONGEST).collect();
            text += &format!(
                "{name}: {}; failures {}; the longest took {:.1} s: {what}\n",
                outcomes.join(", "),
                results.failures,
                took.as_secs_f64()
            );
        }
        text
    }

    /// Has the failures of the actors among those of the run.
    pub(super) fn check(&self, bounds: &mut Bounds) {
        for (name, results) in lock(&self.results).iter() {
            for told in &results.told {
                bounds.failed(name, told);
            }
            let untold = results.failures - results.told.len() as u64;
            if untold > 0 {
                bounds.failed(name, &format!("and {untold} more"));
            }
            if *name == clients::GOOD {
                let of = |name| results.outcomes.get(name).copied().unwrap_or_default();
                let all = results.outcomes.values().sum::<u64>();
                bounds.good_client(of(clients::SERVED), all - of(clients::SERVED));
            }
        }
    }

    /// Removes the connectors that actors were not done with.
    pub(super) fn remove_leftovers(&self, kept: &str) -> Result<()> {
        wait::until("all connectors of the attack to be removed", Duration::from_secs(60), || {
            let body = self.rest.get("/connectors").map_err(|error| format!("{error:#}"))?.body;
            let names = body.as_array().ok_or("not a list")?.iter().filter_map(|name| name.as_str());
            let left: Vec<&str> = names.filter(|name| !name.starts_with(kept)).collect();
            for name in &left {
                self.rest
                    .delete(&format!("/connectors/{}", clients::encoded(name)))
                    .map_err(|error| format!("{error:#}"))?;
            }
            if left.is_empty() { Ok(()) } else { Err(format!("{} are left", left.len())) }
        })
    }

    fn note(&self, actor: &'static str, outcome: Result<String>, what: &str, took: Duration) {
        let mut results = lock(&self.results);
        let results = results.entry(actor).or_default();
        if took > results.longest.0 {
            results.longest = (took, what.to_owned());
        }
        match outcome {
            Ok(outcome) => *results.outcomes.entry(outcome).or_default() += 1,
            // What was cut off by the end says nothing.
            Err(_) if self.is_over() => *results.outcomes.entry("cut off by the end".into()).or_default() += 1,
            Err(error) => {
                results.failures += 1;
                if results.told.len() < TOLD {
                    results.told.push(format!("{what}: {error:#}"));
                }
            }
        }
    }
}

/// Starts all threads of all actors. They end when the scene is over.
pub(super) fn start<'scope, 'env>(
    scope: &'scope Scope<'scope, 'env>,
    scene: &'env Scene,
    actors: &'static [Actor],
    seed: u64,
) {
    let mut seeds = Rng::with_seed(seed);
    for actor in actors {
        for thread in 0..actor.threads {
            let rng = Rng::with_seed(seeds.u64(..));
            scope.spawn(move || {
                let mut turn = Turn { scene, rng, thread: format!("{} {thread}", actor.name), what: String::new() };
                while !scene.is_over() {
                    let begin = Instant::now();
                    let outcome = (actor.act)(&mut turn);
                    scene.note(actor.name, outcome, &turn.what, begin.elapsed());
                }
            });
        }
    }
}

fn pipe(data: &Path) -> PathBuf {
    data.join("pipe")
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // A thread that panicked leaves counts that are still counts.
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
