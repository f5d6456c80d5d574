//! What the scenarios of one run share: the broker, the systems, directories, topics, and how a run is measured.

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fs, thread};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use weir_tests::topics::{self, Watch};

use crate::figure::{Figure, Figures};
use crate::input;
use crate::interrupt;
use crate::proc_stat::{Stat, memory, seconds, wait_quiet};
use crate::sample::{Name, Run, Sample};
use crate::systems::{Connect, Kcat, Running, Setup, System, Weir};

/// The longest that a piece of work may take before it counts as failed.
const PATIENCE: Duration = Duration::from_secs(600);

/// How long a worker may take to come to rest: after a start, or after connectors were removed.
pub(crate) const REST: Duration = Duration::from_secs(10);

/// How long the rest of a work may take that is counted in.
const AFTERMATH: Duration = Duration::from_secs(2);

/// How long the CPU of an idle process is counted.
const IDLE: Duration = Duration::from_secs(10);

/// What the broker is warmed with.
const WARM_UPS: usize = 5;
const WARM_UP_ROWS: usize = 200_000;

/// Time between two questions whether connectors have failed.
const CHECK: Duration = Duration::from_secs(1);

/// One run of the program.
pub(crate) struct Bench {
    pub(crate) bootstrap: String,
    pub(crate) weir: Weir,
    pub(crate) connect: Connect,
    /// Or why there is none.
    pub(crate) kcat: Result<Kcat, String>,
    pub(crate) rounds: u32,
    /// Rows are divided by this.
    pub(crate) shrink: u64,
    /// The directory of all files, by its real name.
    pub(crate) dir: PathBuf,
    topics: RefCell<Vec<String>>,
    names: Cell<u32>,
}

/// What came of a scenario, also of one that failed on its way.
#[derive(Debug, Default)]
pub(crate) struct Record {
    pub(crate) samples: Vec<Sample>,
    /// Sentences or code on what was set, for the report.
    pub(crate) settings: Vec<String>,
}

impl Bench {
    pub(crate) fn new(weir: Weir, connect: Connect, kcat: Result<Kcat, String>, rounds: u32, shrink: u64) -> Bench {
        let (bootstrap, dir) = (weir.bootstrap.clone(), weir.data.clone());
        Bench { bootstrap, weir, connect, kcat, rounds, shrink, dir, topics: RefCell::default(), names: Cell::new(0) }
    }

    /// Has the broker write and read rows until its JVM has compiled what that takes, and hand out its first producer id and make
    /// its topic of offsets, which takes a second. Otherwise the system that comes first would pay for it.
    pub(crate) fn warm_broker(&self) -> Result<()> {
        let row = input::line(0, 100);
        for _ in 0..WARM_UPS {
            interrupt::check()?;
            let topic = self.topic(1)?;
            topics::fill(&self.bootstrap, &topic, (0..WARM_UP_ROWS).map(|_| row.as_slice()))?;
            Watch::new(&self.bootstrap, &topic, &topic)?.committed()?;
            let read = topics::read(&self.bootstrap, &topic)?.len();
            if read != WARM_UP_ROWS {
                bail!("the broker has {read} of {WARM_UP_ROWS} rows");
            }
        }
        self.clean()
    }

    /// How many rows this run has where a whole one has these.
    pub(crate) fn rows(&self, whole: u64) -> u64 {
        (whole / self.shrink).max(1)
    }

    /// Both systems, in the order in which they take turns.
    pub(crate) fn systems(&self) -> [&dyn System; 2] {
        [&self.weir, &self.connect]
    }

    /// A name that nothing else of this run has.
    pub(crate) fn unique(&self, name: &str) -> String {
        self.names.set(self.names.get() + 1);
        topics::unique(&format!("{name}-{}", self.names.get()))
    }

    /// Makes a topic, which goes when the scenario ends.
    pub(crate) fn topic(&self, partitions: i32) -> Result<String> {
        let name = self.unique("bench");
        topics::create(&self.bootstrap, &name, partitions)?;
        self.topics.borrow_mut().push(name.clone());
        Ok(name)
    }

    /// A path in the directory, for a file that is not there yet.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.dir.join(self.unique(name))
    }

    /// Removes what scenarios left: topics and files.
    pub(crate) fn clean(&self) -> Result<()> {
        let names = self.topics.take();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        if !names.is_empty() {
            topics::remove(&self.bootstrap, &names)?;
        }
        for entry in fs::read_dir(&self.dir).context("the directory of the files")? {
            let path = entry.context("the directory of the files")?.path();
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.with_context(|| path.display().to_string())?;
        }
        Ok(())
    }

    /// Has each system do a work twice in a fresh process, in turn, round by round. `kcat` is asked for its part after both.
    pub(crate) fn take_turns(
        &self,
        record: &mut Record,
        case: &'static str,
        setup: &Setup,
        mut work: impl FnMut(&mut dyn Running) -> Result<Figures>,
        mut kcat: impl FnMut(&Kcat) -> Result<Option<Figures>>,
    ) -> Result<()> {
        for round in 1..=self.rounds {
            for system in self.systems() {
                interrupt::check()?;
                let mut running = system.start(setup)?;
                for run in [Run::First, Run::Second] {
                    wait_quiet(running.process(), REST)?;
                    let figures = work(running.as_mut());
                    let figures = figures.map_err(|error| failed(error, running.as_mut(), system.name(), round))?;
                    record.add(Sample { case, system: system.name(), round, run, figures });
                }
            }
            if let Ok(installed) = &self.kcat
                && let Some(figures) = kcat(installed)?
            {
                record.add(Sample { case, system: Name::Kcat, round, run: Run::First, figures });
            }
        }
        Ok(())
    }
}

impl Record {
    /// Notes a run and says so.
    pub(crate) fn add(&mut self, sample: Sample) {
        let figures: Vec<String> = sample
            .figures
            .iter()
            .map(|(figure, value)| format!("{} {}", crate::number::figure(*value), figure.title()))
            .collect();
        let run = match sample.run {
            Run::First => "",
            Run::Second => ", second run",
        };
        let case = if sample.case.is_empty() { String::new() } else { format!("{}: ", sample.case) };
        eprintln!("  {case}{} {}{run}: {}", sample.system, sample.round, figures.join("; "));
        self.samples.push(sample);
    }
}

/// Connectors that are created, and what the worker uses until their work is done.
pub(crate) struct Meter<'a> {
    running: &'a mut dyn Running,
    connectors: Vec<String>,
    begin: Instant,
    ticks: u64,
    checked: Instant,
}

impl<'a> Meter<'a> {
    /// Begins to measure.
    pub(crate) fn start(running: &'a mut dyn Running) -> Result<Self> {
        let ticks = Stat::of(running.process())?.ticks;
        let begin = Instant::now();
        Ok(Meter { running, connectors: Vec::new(), begin, ticks, checked: begin })
    }

    /// Creates a connector.
    pub(crate) fn create(&mut self, name: &str, config: &Value) -> Result<()> {
        self.running.rest().create(name, config)?;
        self.connectors.push(name.into());
        Ok(())
    }

    /// Waits until the work is done, asking this often. An error when the worker ends or a connector fails before.
    pub(crate) fn until(&mut self, pause: Duration, mut done: impl FnMut() -> Result<bool>) -> Result<()> {
        while !done()? {
            interrupt::check()?;
            if self.begin.elapsed() > PATIENCE {
                bail!("not done after {PATIENCE:?}");
            }
            if self.checked.elapsed() > CHECK {
                self.check()?;
                self.checked = Instant::now();
            }
            thread::sleep(pause);
        }
        Ok(())
    }

    /// Takes the figures, then removes the connectors. To be called when the work was just done.
    pub(crate) fn finish(self) -> Result<Figures> {
        let wall = self.begin.elapsed();
        let process = self.running.process();
        wait_quiet(process, AFTERMATH)?;
        let ticks = Stat::of(process)?.ticks - self.ticks;
        let memory = memory(process)?;
        for name in &self.connectors {
            self.running.rest().remove(name)?;
        }
        let figures = [
            (Figure::CpuSeconds, seconds(ticks)),
            (Figure::WallSeconds, wall.as_secs_f64()),
            (Figure::ResidentMb, memory.resident as f64 / 1e6),
            (Figure::PeakMb, memory.peak as f64 / 1e6),
        ];
        Ok(figures.into())
    }

    fn check(&mut self) -> Result<()> {
        self.running.check_runs().map_err(anyhow::Error::msg)?;
        for name in &self.connectors {
            let status = self.running.rest().status(name)?;
            let tasks = status["tasks"].as_array().into_iter().flatten();
            if tasks.chain([&status["connector"]]).any(|part| part["state"] == "FAILED") {
                bail!("{name} has failed: {status:#}");
            }
        }
        Ok(())
    }
}

/// Shows the end of the worker's log, which is too long for a report, and says whose error it is.
pub(crate) fn failed(error: anyhow::Error, running: &mut dyn Running, name: Name, round: u32) -> anyhow::Error {
    if interrupt::check().is_err() {
        // Ctrl-C reaches the workers as well, and nothing is wrong with them.
        return error;
    }
    eprintln!("--- the end of what {name} wrote ---\n{}\n---", running.tail());
    error.context(format!("{name} in round {round}"))
}

/// CPU of a process that has nothing to do, over [`IDLE`], in percent of one core.
pub(crate) fn idle(process: u32) -> Result<f64> {
    let (begin, before) = (Instant::now(), Stat::of(process)?.ticks);
    thread::sleep(IDLE);
    let used = seconds(Stat::of(process)?.ticks - before);
    Ok(used / begin.elapsed().as_secs_f64() * 100.0)
}

/// The length of a file; 0 while it is not there.
pub(crate) fn length(file: &Path) -> Result<u64> {
    match fs::metadata(file) {
        Ok(metadata) => Ok(metadata.len()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error).with_context(|| file.display().to_string()),
    }
}
