//! `latency`: a line on its way from a file through Kafka to another file.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};

use super::{Scenario, row};
use crate::bench::{Bench, Meter, Record, length};
use crate::figure::{Figure, Figures};
use crate::goal::Goal;
use crate::number::percentile;
use crate::sample::Name;
use crate::systems::{Running, Setup};
use crate::work::{sink_config, source_config};

const LINES: usize = 1_000;
/// Lines at the beginning that do not count.
const WARM_UP: usize = 100;
/// Time between two lines.
const EVERY: Duration = Duration::from_millis(10);
/// Time between two looks into the sink's file, and so how far a figure may be off.
const LOOK: Duration = Duration::from_micros(500);
/// How long the last line may take.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const LATENCY: Scenario = Scenario {
    name: "latency",
    what: "`FileStreamSource` on a file that gets a line each 10 ms, 1,000 in all, and `FileStreamSink` on its topic in the same worker. \
           Latency is from a line's being appended to its being readable in the sink's file, which is looked into each half \
           millisecond; the first 100 lines do not count. Kafka Connect's source looks for new lines once a second when it was at \
           the end, which is most of it.",
    best_by: Figure::LatencyP99Ms,
    rows: &[
        row(Figure::LatencyP99Ms, Some(Goal::MostOf(1.0, Name::KafkaConnect))),
        row(Figure::LatencyP50Ms, None),
        row(Figure::CpuSeconds, None),
    ],
    run,
};

fn run(bench: &Bench, record: &mut Record) -> Result<()> {
    let work = |running: &mut dyn Running| measure(bench, running);
    bench.take_turns(record, "", &Setup::default(), work, |_| Ok(None))
}

fn measure(bench: &Bench, running: &mut dyn Running) -> Result<Figures> {
    let (source, sink, topic) = (bench.file("lines"), bench.file("sink"), bench.topic(1)?);
    // A line that opens the way: the sink's group has to form first, and that is not what is measured.
    let mut lines = File::create(&source).with_context(|| source.display().to_string())?;
    lines.write_all(b"open\n").context("appending")?;
    let mut meter = Meter::start(running)?;
    meter.create(&bench.unique("source"), &source_config(&source, &topic))?;
    meter.create(&bench.unique("sink"), &sink_config(&sink, &topic))?;
    meter.until(EVERY, || Ok(length(&sink)? > 0))?;

    let over = AtomicBool::new(false);
    let (appended, seen) = thread::scope(|scope| -> Result<_> {
        let reader = scope.spawn(|| watch(&sink, &over));
        let appended = append(&mut lines);
        if appended.is_err() {
            over.store(true, Ordering::Relaxed);
        }
        let seen = reader.join().map_err(|_| anyhow!("the reading thread panicked"))?;
        Ok((appended?, seen?))
    })?;
    let mut figures = meter.finish()?;
    let latencies = appended.iter().zip(&seen).skip(WARM_UP).map(|(appended, seen)| *seen - *appended);
    let mut latencies: Vec<f64> = latencies.map(|latency| latency.as_secs_f64() * 1e3).collect();
    latencies.sort_by(f64::total_cmp);
    for (figure, percent) in [(Figure::LatencyP50Ms, 50.0), (Figure::LatencyP99Ms, 99.0), (Figure::LatencyMaxMs, 100.0)]
    {
        figures.insert(figure, percentile(&latencies, percent).context("there are latencies")?);
    }
    Ok(figures)
}

/// Appends the lines, by the clock, and says when each was.
fn append(file: &mut File) -> Result<Vec<Instant>> {
    let begin = Instant::now();
    let mut times = Vec::with_capacity(LINES);
    for number in 0..LINES {
        let due = begin + EVERY * number as u32;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        times.push(Instant::now());
        file.write_all(format!("{number}\n").as_bytes()).context("appending")?;
    }
    Ok(times)
}

/// Reads the sink's file until all lines are there, and says when each was.
fn watch(path: &Path, over: &AtomicBool) -> Result<Vec<Instant>> {
    let mut file = File::open(path).with_context(|| path.display().to_string())?;
    let mut seen: Vec<Instant> = Vec::with_capacity(LINES);
    let mut rest = Vec::new();
    let mut opened = false;
    let mut last = Instant::now();
    while seen.len() < LINES && !over.load(Ordering::Relaxed) {
        let read = file.read_to_end(&mut rest).context("reading the sink's file")?;
        let now = Instant::now();
        if read > 0 {
            last = now;
        } else if last.elapsed() > PATIENCE {
            bail!("{} of {LINES} lines arrived, then none for {PATIENCE:?}", seen.len());
        }
        let whole = rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        for line in rest.drain(..whole).collect::<Vec<u8>>().split_inclusive(|byte| *byte == b'\n') {
            if !opened {
                opened = true;
                continue;
            }
            let expected = format!("{}\n", seen.len());
            if line != expected.as_bytes() {
                bail!("line {} arrived as {}", seen.len(), String::from_utf8_lossy(line));
            }
            seen.push(now);
        }
        thread::sleep(LOOK);
    }
    Ok(seen)
}
