//! A connector pair that does its work while something else on the same worker misbehaves: lines are appended at a steady rate
//! and have to arrive at that rate.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use weir_tests::lines::{self, Appender, Counter};
use weir_tests::rest::Rest;
use weir_tests::usage::Processors;
use weir_tests::worker::Worker;
use weir_tests::{topics, wait};

use crate::support::{sink, source, with};

/// Lines a second. Well below what a worker can do, and enough to tell 20 % apart in a short time.
const RATE: u64 = 1000;

/// How much of the rate has to arrive while others misbehave.
const SHARE: f64 = 0.8;

/// How much of the machine's processor time other processes may use. If it is more, it is they who delay the neighbour.
const OTHERS: f64 = 0.5;

/// How many of the times that were judged may not count for that reason. If there are more, nothing was shown.
const WAIVED: f64 = 0.5;

/// How long to look before judging: a file source that has read everything looks again after a second, so lines come in lumps.
const WINDOW: Duration = Duration::from_secs(10);

/// The pair, running.
#[derive(Debug)]
pub(crate) struct Neighbour {
    name: String,
    rest: Rest,
    appender: Appender,
    counter: Counter,
    output: std::path::PathBuf,
    since: Instant,
    arrived: u64,
    meanwhile: Vec<String>,
    processors: Processors,
    /// How often it was judged, and how often too little had arrived and other processes were the reason.
    judged: u32,
    waived: u32,
}

impl Neighbour {
    /// Starts the pair and waits until lines arrive.
    pub(crate) fn start(worker: &Worker, bootstrap: &str, name: &str) -> Result<Neighbour> {
        let (input, output) = (worker.data().join(format!("{name}-in")), worker.data().join(format!("{name}-out")));
        let topic = &topics::unique(name);
        topics::create(bootstrap, topic, 1)?;
        let rest = worker.rest();
        let appender = Appender::start(&input, RATE)?;
        let quick = [("producer.override.linger.ms", "5"), ("consumer.override.fetch.max.wait.ms", "50")];
        rest.create(&format!("{name}-source"), &with(&source(&input, topic), &quick))?;
        rest.create(&format!("{name}-sink"), &with(&sink(&output, topic), &quick))?;
        let mut neighbour = Neighbour {
            name: name.into(),
            rest,
            appender,
            counter: Counter::new(&output),
            output,
            since: Instant::now(),
            arrived: 0,
            meanwhile: Vec::new(),
            processors: Processors::watch(&[worker.id().context("the worker runs")?, std::process::id()])?,
            judged: 0,
            waived: 0,
        };
        wait::until("lines of the neighbour to arrive", Duration::from_secs(60), || {
            let (arrived, written) = (neighbour.arrived_now()?, neighbour.appender.written());
            // Close behind the appender: what piled up before the sink joined its group is through.
            if arrived > 0 && written - arrived < RATE { Ok(()) } else { Err(format!("{arrived} of {written} lines")) }
        })?;
        neighbour.begin()?;
        Ok(neighbour)
    }

    fn begin(&mut self) -> Result<()> {
        self.arrived = self.counter.count()?;
        self.since = Instant::now();
        self.meanwhile.clear();
        self.processors.others()?;
        Ok(())
    }

    /// Must be called repeatedly, with what has happened since the last call. Returns an error if, over some time, less has arrived than
    /// should have, although the machine was not busy with other processes; it names everything that happened in that time.
    pub(crate) fn watch(&mut self, meanwhile: &str) -> Result<()> {
        self.meanwhile.push(meanwhile.to_owned());
        let seconds = self.since.elapsed().as_secs_f64();
        let meanwhile = self.meanwhile.join("; ");
        let others = if self.since.elapsed() < WINDOW { 0.0 } else { self.processors.others()? };
        let Some(share) = self.share()? else { return Ok(()) };
        println!(
            "the neighbour got {:.0} % of its lines in {seconds:.1} s; other processes used {:.0} % of the processors",
            share * 100.0,
            others * 100.0
        );
        ensure!(
            share >= SHARE || others > OTHERS,
            "{:.0} % of the neighbour's lines came in {seconds:.1} s of {meanwhile}",
            share * 100.0
        );
        self.judged += 1;
        self.waived += u32::from(share < SHARE);
        Ok(())
    }

    /// To be called again and again: the share of its lines that arrived since the last answer, `None` until there is enough to judge.
    pub(crate) fn share(&mut self) -> Result<Option<f64>> {
        if self.since.elapsed() < WINDOW {
            return Ok(None);
        }
        let rows = (self.counter.count()? - self.arrived) as f64;
        let share = rows / self.since.elapsed().as_secs_f64() / RATE as f64;
        self.begin()?;
        Ok(Some(share))
    }

    /// What the names of its connectors begin with.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Ends the pair: all lines have arrived exactly once, and nothing of it has failed. Returns an error, too, if other processes were the
    /// reason too often: then it is not known whether the worker delayed it.
    pub(crate) fn finish(mut self) -> Result<()> {
        ensure!(
            f64::from(self.waived) <= f64::from(self.judged) * WAIVED,
            "in {} of {} cases the neighbour got too little while other processes used the processors; run the test on a machine that is \
             less busy",
            self.waived,
            self.judged
        );
        self.rest.wait_running(&format!("{}-source", self.name), 1)?;
        self.rest.wait_running(&format!("{}-sink", self.name), 1)?;
        let written = self.appender.stop()?;
        wait::until("the neighbour's last lines", Duration::from_secs(120), || match self.arrived_now()? {
            arrived if arrived >= written => Ok(()),
            arrived => Err(format!("{arrived} of {written}")),
        })?;
        let delivered = lines::check_delivered(&self.output, written)?;
        ensure!(delivered.duplicates == 0 && delivered.torn == 0, "the neighbour's file: {delivered:?}");
        Ok(())
    }

    fn arrived_now(&mut self) -> Result<u64, String> {
        self.counter.count().map_err(|error| error.to_string())
    }
}
