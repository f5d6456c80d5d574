//! `partitions`: several tasks at once in one worker, on a topic of several partitions.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{Scenario, row};
use crate::bench::{Bench, Meter, Record, length};
use crate::figure::Figure;
use crate::goal::Goal;
use crate::input;
use crate::sample::Name;
use crate::systems::{Running, Setup};
use crate::work::{per_time, sink_config, source_config};

const PARTITIONS_OF_TOPIC: i32 = 12;
const SOURCES: usize = 4;
const SINK_TASKS: usize = 4;
/// In each file.
const LINES: u64 = 250_000;
const LINE_BYTES: usize = 100;

/// Time between two looks at the file's length.
const LOOK: Duration = Duration::from_millis(5);

pub(crate) const PARTITIONS: Scenario = Scenario {
    name: "partitions",
    what: "Four `FileStreamSource` connectors, each with a file of 250,000 lines of 100 bytes, write to a topic of 12 partitions, which \
           one `FileStreamSink` connector with 4 tasks reads at the same time in the same worker; its tasks append to one file. Done \
           when that file has all bytes; its lines are counted afterwards.",
    best_by: Figure::CpuSeconds,
    rows: &[
        row(Figure::RowsPerSecond, Some(Goal::LeastOf(2.0, Name::KafkaConnect))),
        row(Figure::CpuSeconds, Some(Goal::MostOf(1.0 / 3.0, Name::KafkaConnect))),
        row(Figure::PeakMb, None),
    ],
    run,
};

fn run(bench: &Bench, record: &mut Record) -> Result<()> {
    let lines = bench.rows(LINES);
    let files: Vec<_> = (0..SOURCES).map(|_| bench.file("lines")).collect();
    for file in &files {
        input::write_lines(file, lines, LINE_BYTES)?;
    }
    let rows = lines * SOURCES as u64;
    let bytes = rows * (LINE_BYTES as u64 + 1);
    let work = |running: &mut dyn Running| {
        let topic = bench.topic(PARTITIONS_OF_TOPIC)?;
        let out = bench.file("sink");
        let mut meter = Meter::start(running)?;
        for file in &files {
            meter.create(&bench.unique("source"), &source_config(file, &topic))?;
        }
        let mut sink = sink_config(&out, &topic);
        sink["tasks.max"] = Value::String(SINK_TASKS.to_string());
        meter.create(&bench.unique("sink"), &sink)?;
        meter.until(LOOK, || Ok(length(&out)? >= bytes))?;
        let figures = meter.finish()?;
        let text = fs::read(&out).with_context(|| out.display().to_string())?;
        let whole = text.split(|byte| *byte == b'\n').filter(|line| line.len() == LINE_BYTES).count() as u64;
        if (whole, text.len() as u64) != (rows, bytes) {
            bail!("the sink's file has {whole} whole lines and {} bytes for {rows} rows of {bytes} bytes", text.len());
        }
        fs::remove_file(&out).with_context(|| out.display().to_string())?;
        per_time(figures, rows, bytes)
    };
    bench.take_turns(record, "", &Setup::tuned(), work, |_| Ok(None))
}
