//! `source` and `sink`: lines of text from a file to a topic, and from a topic to a file; `large`: the same with longer ones.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use weir_tests::topics::{self, Watch};

use super::{Row, Scenario, row};
use crate::bench::{Bench, Meter, Record, length};
use crate::figure::{Figure, Figures};
use crate::goal::Goal;
use crate::input;
use crate::sample::Name;
use crate::systems::{Running, Setup};

const LINES: u64 = 1_000_000;
const LINE_BYTES: usize = 100;

/// The works of `large`: names, rows and bytes of a row.
const LARGE: [(&str, &str, u64, usize); 2] =
    [("source 1 KB", "sink 1 KB", 200_000, 1_000), ("source 10 KB", "sink 10 KB", 20_000, 10_000)];

/// Time between two questions for a topic's end.
const ASK: Duration = Duration::from_millis(20);
/// Time between two looks at a file's length.
const LOOK: Duration = Duration::from_millis(5);

pub(crate) const SOURCE: Scenario = Scenario {
    name: "source",
    what: "`FileStreamSource` reads a file of 1,000,000 lines of 100 bytes into a topic of one partition. Done when the topic's \
           end offset is the number of lines. kcat: `kcat -P -b BROKER -t TOPIC -l FILE`, the same file.",
    best_by: Figure::CpuSeconds,
    rows: &[
        row(Figure::CpuSeconds, Some(Goal::MostOf(1.0 / 5.0, Name::KafkaConnect))),
        row(Figure::CpuSeconds, Some(Goal::MostOf(2.0, Name::Kcat))),
        row(Figure::PeakMb, Some(Goal::MostOf(1.0 / 10.0, Name::KafkaConnect))),
        row(Figure::RowsPerSecond, None),
    ],
    run: source,
};

pub(crate) const SINK: Scenario = Scenario {
    name: "sink",
    what: "`FileStreamSink` writes a topic of 1,000,000 rows of 100 bytes, one partition, to a file. Done when the file has all \
           bytes; it is compared with what was sent afterwards. kcat: `kcat -C -b BROKER -t TOPIC -o beginning -e -q > FILE`.",
    best_by: Figure::CpuSeconds,
    rows: &[
        row(Figure::CpuSeconds, Some(Goal::MostOf(1.0 / 2.0, Name::KafkaConnect))),
        row(Figure::CpuSeconds, Some(Goal::MostOf(1.5, Name::Kcat))),
        row(Figure::PeakMb, None),
        row(Figure::RowsPerSecond, None),
    ],
    run: sink,
};

pub(crate) const LARGE_ROWS: Scenario = Scenario {
    name: "large",
    what: "As `source` and `sink`, with 200,000 rows of 1,000 bytes and with 20,000 of 10,000 bytes.",
    best_by: Figure::CpuSeconds,
    rows: &[large_row("source 1 KB"), large_row("sink 1 KB"), large_row("source 10 KB"), large_row("sink 10 KB")],
    run: large,
};

const fn large_row(case: &'static str) -> Row {
    Row { case, figure: Figure::MbPerCpuSecond, goal: Some(Goal::LeastOf(3.0, Name::KafkaConnect)) }
}

fn large(bench: &Bench, record: &mut Record) -> Result<()> {
    for (source, sink, rows, bytes) in LARGE {
        let file = bench.file("lines");
        let rows = bench.rows(rows);
        input::write_lines(&file, rows, bytes)?;
        sources(bench, record, source, &file, rows)?;
        sinks(bench, record, sink, &file, rows)?;
        bench.clean()?;
    }
    Ok(())
}

fn source(bench: &Bench, record: &mut Record) -> Result<()> {
    let file = bench.file("lines");
    let lines = bench.rows(LINES);
    input::write_lines(&file, lines, LINE_BYTES)?;
    record.settings.push(format!("Connector: `{}`.", source_config(Path::new("FILE"), "TOPIC")));
    sources(bench, record, "", &file, lines)
}

fn sink(bench: &Bench, record: &mut Record) -> Result<()> {
    let file = bench.file("lines");
    let lines = bench.rows(LINES);
    input::write_lines(&file, lines, LINE_BYTES)?;
    record.settings.push(format!("Connector: `{}`.", sink_config(Path::new("FILE"), "TOPIC")));
    record.settings.push("The topic is filled once, by librdkafka with its defaults, and read by all.".into());
    sinks(bench, record, "", &file, lines)
}

/// Every system reads the file into a topic of its own.
fn sources(bench: &Bench, record: &mut Record, case: &'static str, file: &Path, lines: u64) -> Result<()> {
    let work = |running: &mut dyn Running| {
        let topic = bench.topic(1)?;
        let watch = Watch::new(&bench.bootstrap, &topic, "weir-bench")?;
        let mut meter = Meter::start(running)?;
        meter.create(&bench.unique("source"), &source_config(file, &topic))?;
        meter.until(ASK, || Ok(watch.end()? >= lines))?;
        let figures = meter.finish()?;
        if watch.end()? != lines {
            bail!("the topic has {} rows for {lines} lines", watch.end()?);
        }
        per_time(figures, lines, length(file)?)
    };
    bench.take_turns(record, case, &Setup::default(), work, |kcat| {
        let topic = bench.topic(1)?;
        per_time(kcat.produce(&bench.bootstrap, &topic, file)?, lines, length(file)?).map(Some)
    })
}

/// Every system writes the lines, once they are in a topic, to a file of its own.
fn sinks(bench: &Bench, record: &mut Record, case: &'static str, file: &Path, lines: u64) -> Result<()> {
    let topic = bench.topic(1)?;
    let sent = std::fs::read(file).with_context(|| file.display().to_string())?;
    topics::fill(&bench.bootstrap, &topic, sent.strip_suffix(b"\n").unwrap_or(&sent).split(|byte| *byte == b'\n'))?;
    let bytes = sent.len() as u64;
    drop(sent);
    let work = |running: &mut dyn Running| {
        let out = bench.file("sink");
        let mut meter = Meter::start(running)?;
        meter.create(&bench.unique("sink"), &sink_config(&out, &topic))?;
        meter.until(LOOK, || Ok(length(&out)? >= bytes))?;
        let figures = meter.finish()?;
        compare(file, &out)?;
        per_time(figures, lines, bytes)
    };
    bench.take_turns(record, case, &Setup::default(), work, |kcat| {
        let out = bench.file("kcat");
        let figures = kcat.consume(&bench.bootstrap, &topic, &out)?;
        compare(file, &out)?;
        per_time(figures, lines, bytes).map(Some)
    })
}

pub(super) fn source_config(file: &Path, topic: &str) -> Value {
    json!({"connector.class": "FileStreamSource", "tasks.max": "1", "file": file, "topic": topic})
}

pub(super) fn sink_config(file: &Path, topic: &str) -> Value {
    json!({"connector.class": "FileStreamSink", "tasks.max": "1", "file": file, "topics": topic})
}

/// Adds what follows from time and CPU.
pub(super) fn per_time(mut figures: Figures, rows: u64, bytes: u64) -> Result<Figures> {
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
    std::fs::remove_file(got).with_context(|| got.display().to_string())
}
