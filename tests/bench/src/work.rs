//! The two works that most scenarios are made of: a file of lines into a topic, and out of it into a file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use weir_tests::topics::{self, Watch};

use crate::bench::{Bench, Meter, length};
use crate::figure::{Figure, Figures};
use crate::input;
use crate::systems::{Kcat, Running};

/// Time between two questions for a topic's end.
const ASK: Duration = Duration::from_millis(20);
/// Time between two looks at a file's length.
const LOOK: Duration = Duration::from_millis(5);

/// A file of lines that are all of one length.
#[derive(Debug)]
pub(crate) struct Lines {
    file: PathBuf,
    count: u64,
    /// Of the file.
    bytes: u64,
}

impl Lines {
    /// Writes the file: this many lines in a whole run, each of `bytes` bytes without its end.
    pub(crate) fn write(bench: &Bench, lines: u64, bytes: usize) -> Result<Lines> {
        let (file, count) = (bench.file("lines"), bench.rows(lines));
        input::write_lines(&file, count, bytes)?;
        let bytes = length(&file)?;
        Ok(Lines { file, count, bytes })
    }

    /// A topic of one partition with all lines.
    pub(crate) fn topic(&self, bench: &Bench) -> Result<String> {
        let topic = bench.topic(1)?;
        let sent = fs::read(&self.file).with_context(|| self.file.display().to_string())?;
        let lines = sent.strip_suffix(b"\n").unwrap_or(&sent).split(|byte| *byte == b'\n');
        topics::fill(&bench.bootstrap, &topic, lines)?;
        Ok(topic)
    }
}

/// Has a worker read the file into a topic; `more` are keys of the connector.
pub(crate) fn source(
    bench: &Bench,
    running: &mut dyn Running,
    lines: &Lines,
    more: &[(&str, &str)],
) -> Result<Figures> {
    let topic = bench.topic(1)?;
    let watch = Watch::new(&bench.bootstrap, &topic, "weir-bench")?;
    let mut config = source_config(&lines.file, &topic);
    for (key, value) in more {
        config[*key] = (*value).into();
    }
    let mut meter = Meter::start(running)?;
    meter.create(&bench.unique("source"), &config)?;
    meter.until(ASK, || Ok(watch.end()? >= lines.count))?;
    let figures = meter.finish()?;
    if watch.end()? != lines.count {
        bail!("the topic has {} rows for {} lines", watch.end()?, lines.count);
    }
    per_time(figures, lines.count, lines.bytes)
}

/// Has a worker write the lines of a topic to a file.
pub(crate) fn sink(bench: &Bench, running: &mut dyn Running, lines: &Lines, topic: &str) -> Result<Figures> {
    let out = bench.file("sink");
    let mut meter = Meter::start(running)?;
    meter.create(&bench.unique("sink"), &sink_config(&out, topic))?;
    meter.until(LOOK, || Ok(length(&out)? >= lines.bytes))?;
    let figures = meter.finish()?;
    compare(&lines.file, &out)?;
    per_time(figures, lines.count, lines.bytes)
}

/// Has kcat read the file into a topic.
pub(crate) fn kcat_source(bench: &Bench, kcat: &Kcat, lines: &Lines) -> Result<Figures> {
    let topic = bench.topic(1)?;
    per_time(kcat.produce(&bench.bootstrap, &topic, &lines.file)?, lines.count, lines.bytes)
}

/// Has kcat write the lines of a topic to a file.
pub(crate) fn kcat_sink(bench: &Bench, kcat: &Kcat, lines: &Lines, topic: &str) -> Result<Figures> {
    let out = bench.file("kcat");
    let figures = kcat.consume(&bench.bootstrap, topic, &out)?;
    compare(&lines.file, &out)?;
    per_time(figures, lines.count, lines.bytes)
}

pub(crate) fn source_config(file: &Path, topic: &str) -> Value {
    json!({"connector.class": "FileStreamSource", "tasks.max": "1", "file": file, "topic": topic})
}

pub(crate) fn sink_config(file: &Path, topic: &str) -> Value {
    json!({"connector.class": "FileStreamSink", "tasks.max": "1", "file": file, "topics": topic})
}

/// Adds what follows from time and CPU.
pub(crate) fn per_time(mut figures: Figures, rows: u64, bytes: u64) -> Result<Figures> {
    let figure = |figure: Figure| figures.get(&figure).copied().context("time and CPU were measured");
    let (wall, cpu) = (figure(Figure::WallSeconds)?, figure(Figure::CpuSeconds)?);
    figures.insert(Figure::RowsPerSecond, rows as f64 / wall);
    figures.insert(Figure::MbPerCpuSecond, bytes as f64 / 1e6 / cpu);
    Ok(figures)
}

/// Compares with `cmp`, and removes the second file when it is the same.
fn compare(sent: &Path, got: &Path) -> Result<()> {
    let output = Command::new("cmp").args([sent, got]).output().context("running `cmp`")?;
    if !output.status.success() {
        bail!("what arrived is not what was sent: {}", String::from_utf8_lossy(&output.stdout));
    }
    fs::remove_file(got).with_context(|| got.display().to_string())
}
