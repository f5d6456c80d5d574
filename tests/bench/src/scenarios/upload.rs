//! `upload`: from the upload of a component to a running task of it, with and without compiled code in the cache. Kafka Connect has
//! nothing like it: a plugin is copied to its machine, and the worker restarted.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;
use weir_tests::paths;

use super::{Row, Scenario, row};
use crate::bench::{Bench, Record, failed};
use crate::figure::{Figure, Figures};
use crate::goal::Goal;
use crate::input;
use crate::proc_stat::wait_quiet;
use crate::sample::{Name, Run, Sample};
use crate::systems::{Running, Setup, Weir};
use crate::work::source_config;

/// Time between two questions for the task's state.
const ASK: Duration = Duration::from_millis(5);
/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long the worker may take to come to rest after its start.
const REST: Duration = Duration::from_secs(5);

pub(crate) const UPLOAD: Scenario = Scenario {
    name: "upload",
    what: "A Weir worker without any plugin, its store and its cache empty. Time begins with `POST /plugins` of `file.wasm`; then a \
           `FileStreamSource` is created, and its task's state asked for every 5 ms; time ends when it is RUNNING. Then the same with \
           another worker, whose store is empty and whose cache is that of the first. Kafka Connect takes no uploads.",
    best_by: Figure::UploadMs,
    rows: ROWS,
    run,
};

const ROWS: &[Row] =
    &[row(Figure::UploadMs, Some(Goal::Most(3000.0))), row(Figure::UploadCachedMs, Some(Goal::Most(200.0)))];

fn run(bench: &Bench, record: &mut Record) -> Result<()> {
    let component = paths::plugin("file")?;
    let component = fs::read(&component).with_context(|| component.display().to_string())?;
    for round in 1..=bench.rounds {
        // One that is not there yet, apart from what connectors may be granted.
        let dir = TempDir::with_prefix("weir-bench-cache-").context("a directory for the cache")?;
        let cache = dir.path().join("cache").display().to_string();
        let upload = until_running(bench, &cache, &component, round)?;
        let is_code = |path: &Path| path.extension().is_some_and(|extension| extension == "cwasm");
        if !fs::read_dir(&cache)?.flatten().any(|entry| is_code(&entry.path())) {
            bail!("{cache} holds nothing, so that the second worker would compile as well");
        }
        let cached = until_running(bench, &cache, &component, round)?;
        let figures = Figures::from([(Figure::UploadMs, upload), (Figure::UploadCachedMs, cached)]);
        record.add(Sample { case: "", system: Name::Weir, round, run: Run::First, figures });
    }
    Ok(())
}

/// Milliseconds from the upload to a new worker until a task of it runs.
fn until_running(bench: &Bench, cache: &str, component: &[u8], round: u32) -> Result<f64> {
    let worker = bench.weir.worker(&Setup::default())?.set("plugin.path", "").set("weir.plugin.cache", cache);
    let mut running = Weir::launch_worker(worker)?;
    running.wait_healthy()?;
    let milliseconds = measure(bench, running.as_mut(), component);
    milliseconds.map_err(|error| failed(error, running.as_mut(), Name::Weir, round))
}

fn measure(bench: &Bench, running: &mut dyn Running, component: &[u8]) -> Result<f64> {
    wait_quiet(running.process(), REST)?;
    let topic = bench.topic(1)?;
    let file = bench.file("lines");
    input::write_lines(&file, 10, 100)?;
    let rest = running.rest();

    let begin = Instant::now();
    let answer = rest.upload(component)?;
    if answer.status >= 300 {
        bail!("POST /plugins: {} {}", answer.status, answer.body);
    }
    rest.create("uploaded", &source_config(&file, &topic))?;
    loop {
        let status = rest.status("uploaded")?;
        match status["tasks"][0]["state"].as_str() {
            Some("RUNNING") => return Ok(begin.elapsed().as_secs_f64() * 1e3),
            Some("FAILED") => bail!("the uploaded connector has failed: {status:#}"),
            _ if begin.elapsed() > PATIENCE => bail!("not RUNNING after {PATIENCE:?}: {status:#}"),
            _ => std::thread::sleep(ASK),
        }
    }
}
