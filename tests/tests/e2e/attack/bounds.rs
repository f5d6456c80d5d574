//! What is too much: bounds for the worker, for its neighbour and for a client that means well, and what was seen of each.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use weir_tests::usage::Usage;

use super::actors::Scene;

const MIB: u64 = 1 << 20;

/// The worker's memory. Five guests with 32 MiB each and what they have in flight, a dozen uploads of up to 8 MiB, JSON bodies of 4 MiB,
/// and what the allocator does not give back.
const MEMORY: u64 = 1280 * MIB;
/// Memory of its child processes, together.
const CHILDREN_MEMORY: u64 = 2048 * MIB;
/// Kafka's clients have half a dozen threads for each connector, and the pools for blocking calls have their bounds.
const THREADS: u64 = 400;
/// 512 connections, and those of Kafka's clients.
const DESCRIPTORS: u64 = 1200;
/// Child processes at once.
const CHILDREN: u64 = 8;

/// Share of the neighbour's lines that has to arrive in each window: guests that spin have the processors, and may have theirs.
const SHARE_OF_A_WINDOW: f64 = 0.5;
/// And on the whole.
const SHARE_OF_ALL: f64 = 0.9;

/// Share of the good client's requests that has to be answered.
const SERVED: f64 = 0.98;

/// What may be left of the attack when it is over: pools keep some threads and files.
const LEFT_MEMORY: u64 = 512 * MIB;
const LEFT_THREADS: u64 = 30;
const LEFT_DESCRIPTORS: u64 = 60;

/// Bytes of log in a second, on the whole.
const LOG_A_SECOND: f64 = 4.0 * MIB as f64;

/// Characters of a failure that are shown: names may be long here.
const SHOWN: usize = 2000;

pub(super) struct Bounds {
    begin: Instant,
    before: Usage,
    last: Usage,
    most: Usage,
    shares: Vec<f64>,
    served: Option<(u64, u64)>,
    log: u64,
    /// The first of each kind, and how many followed.
    failures: BTreeMap<String, (String, u64)>,
}

impl Bounds {
    /// `before` = before the attack.
    pub(super) fn new(before: Usage) -> Bounds {
        Bounds {
            begin: Instant::now(),
            before,
            last: before,
            most: before,
            shares: Vec::new(),
            served: None,
            log: 0,
            failures: BTreeMap::new(),
        }
    }

    /// Compares what the worker has now with what it may have.
    pub(super) fn look(&mut self, usage: Usage, scene: &Scene) {
        self.last = usage;
        self.most = self.most.most(usage);
        for (what, has, may) in Self::parts(usage) {
            if has > may {
                self.crossed(what, &format!("{} of {}", shown(what, has), shown(what, may)), &scene.doing());
            }
        }
    }

    /// The share of its lines that the neighbour got in a window.
    pub(super) fn neighbour(&mut self, share: f64, scene: &Scene) {
        self.shares.push(share);
        if share < SHARE_OF_A_WINDOW {
            self.crossed("the neighbour", &format!("{:.0} % of its lines in a window", share * 100.0), &scene.doing());
        }
    }

    /// How many requests of a good client were answered, and how many not.
    pub(super) fn good_client(&mut self, served: u64, refused: u64) {
        self.served = Some((served, refused));
        if served == 0 || (served as f64) < SERVED * (served + refused) as f64 {
            self.failed("the good client", &format!("{refused} of {} requests were not answered", served + refused));
        }
    }

    /// Whether the worker has as much as before the attack.
    pub(super) fn rest(&mut self, usage: Usage) -> Result<(), String> {
        self.last = usage;
        let before = self.before;
        let left = [
            usage.memory > before.memory + LEFT_MEMORY,
            usage.threads > before.threads + LEFT_THREADS,
            usage.descriptors > before.descriptors + LEFT_DESCRIPTORS,
            usage.children > before.children,
        ];
        if left.contains(&true) { Err(format!("{usage:?}; before the attack {before:?}")) } else { Ok(()) }
    }

    /// Looks through the log for panics of the worker itself, and at its size.
    pub(super) fn log(&mut self, path: &Path) -> Result<()> {
        let seconds = self.begin.elapsed().as_secs_f64();
        self.log = path.metadata().context("the log")?.len();
        if self.log as f64 > LOG_A_SECOND * seconds {
            self.failed("log", &format!("{} MiB in {seconds:.0} s", self.log / MIB));
        }
        for line in BufReader::new(File::open(path).context("the log")?).split(b'\n') {
            let line = String::from_utf8_lossy(&line.context("the log")?).into_owned();
            // A guest's panic names its own source.
            if line.contains("panicked at") && !line.contains("plugins/hostile") {
                self.failed("panic", &line);
            }
        }
        Ok(())
    }

    /// A bound was crossed while they were doing this.
    pub(super) fn crossed(&mut self, what: &str, how: &str, doing: &str) {
        let at = self.begin.elapsed().as_secs();
        if !self.failures.contains_key(what) {
            println!("{at:>5} s: BOUND CROSSED: {what}: {}", how.chars().take(SHOWN).collect::<String>());
        }
        self.failed(what, &format!("{how} after {at} s, meanwhile: {doing}"));
    }

    /// Something failed.
    pub(super) fn failed(&mut self, what: &str, how: &str) {
        let shown = || how.chars().take(SHOWN).collect();
        self.failures.entry(what.to_owned()).or_insert_with(|| (shown(), 0)).1 += 1;
    }

    /// All that failed.
    pub(super) fn failures(&self) -> Vec<String> {
        self.failures.iter().map(|(what, (how, count))| format!("{what} ({count} times), first: {how}")).collect()
    }

    /// What the worker has now, in a line.
    pub(super) fn now(&self) -> String {
        let Usage { memory, threads, descriptors, children, children_memory } = self.last;
        format!(
            "memory {} MiB, threads {threads}, descriptors {descriptors}, children {children} with {} MiB, neighbour {:.0} %",
            memory / MIB,
            children_memory / MIB,
            self.shares.last().copied().unwrap_or(1.0) * 100.0
        )
    }

    /// Everything, as a table.
    pub(super) fn summary(&mut self) -> String {
        let mean = self.shares.iter().sum::<f64>() / (self.shares.len().max(1) as f64);
        if !self.shares.is_empty() && mean < SHARE_OF_ALL {
            self.failed("the neighbour on the whole", &format!("{:.0} % of its lines", mean * 100.0));
        }
        let worst = self.shares.iter().copied().fold(1.0, f64::min);
        let mut text = "| What | Before | Most | After | Bound |\n| --- | --- | --- | --- | --- |\n".to_owned();
        let rows = Self::parts(self.before).into_iter().zip(Self::parts(self.most)).zip(Self::parts(self.last));
        for (((what, before, bound), (_, most, _)), (_, after, _)) in rows {
            let [before, most, after, bound] = [before, most, after, bound].map(|number| shown(what, number));
            text += &format!("| {what} | {before} | {most} | {after} | {bound} |\n");
        }
        text += &format!(
            "The neighbour got {:.1} % of its lines in time, {:.0} % in the worst of {} windows.\n",
            mean * 100.0,
            worst * 100.0,
            self.shares.len()
        );
        if let Some((served, refused)) = self.served {
            text += &format!("A good client was served {served} times and was not {refused} times.\n");
        }
        text + &format!("The log has {} MiB.\n", self.log / MIB)
    }

    fn parts(usage: Usage) -> [(&'static str, u64, u64); 5] {
        [
            ("memory", usage.memory, MEMORY),
            ("threads", usage.threads, THREADS),
            ("descriptors", usage.descriptors, DESCRIPTORS),
            ("children", usage.children, CHILDREN),
            ("memory of children", usage.children_memory, CHILDREN_MEMORY),
        ]
    }
}

fn shown(what: &str, number: u64) -> String {
    if what.starts_with("memory") { format!("{} MiB", number / MIB) } else { number.to_string() }
}
