//! `source` and `sink`: lines of text from a file to a topic, and from a topic to a file; `large`: the same with longer ones.

use std::path::Path;

use anyhow::Result;

use super::{Row, Scenario, row};
use crate::bench::{Bench, Record};
use crate::figure::Figure;
use crate::goal::Goal;
use crate::sample::Name;
use crate::systems::{Running, Setup};
use crate::work::{self, Lines};

pub(crate) const LINES: u64 = 1_000_000;
pub(crate) const LINE_BYTES: usize = 100;

/// The work with Kafka Connect's defaults as well: most workers have them.
pub(crate) const DEFAULTS: &str = "all defaults";

/// The works of `large`: names, rows and bytes of a row.
const LARGE: [(&str, &str, u64, usize); 2] =
    [("source 1 KB", "sink 1 KB", 200_000, 1_000), ("source 10 KB", "sink 10 KB", 20_000, 10_000)];

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
        Row { case: DEFAULTS, figure: Figure::CpuSeconds, goal: Some(Goal::MostOf(1.0 / 5.0, Name::KafkaConnect)) },
        Row { case: DEFAULTS, figure: Figure::RowsPerSecond, goal: None },
    ],
    run: source,
};

pub(crate) const SINK: Scenario = Scenario {
    name: "sink",
    what: "`FileStreamSink` writes a topic of 1,000,000 records of 100 bytes, one partition, to a file. Done when the file has all \
           bytes; it is compared with what was sent afterwards. kcat: `kcat -C -b BROKER -t TOPIC -o beginning -e -q > FILE`.",
    best_by: Figure::CpuSeconds,
    rows: &[
        row(Figure::CpuSeconds, Some(Goal::MostOf(1.0 / 2.0, Name::KafkaConnect))),
        row(Figure::CpuSeconds, Some(Goal::MostOf(1.5, Name::Kcat))),
        row(Figure::PeakMb, None),
        row(Figure::RowsPerSecond, None),
        Row { case: DEFAULTS, figure: Figure::CpuSeconds, goal: Some(Goal::MostOf(1.0 / 2.0, Name::KafkaConnect)) },
        Row { case: DEFAULTS, figure: Figure::RowsPerSecond, goal: None },
    ],
    run: sink,
};

pub(crate) const LARGE_ROWS: Scenario = Scenario {
    name: "large",
    what: "As `source` and `sink`, with 200,000 records of 1,000 bytes and with 20,000 of 10,000 bytes.",
    best_by: Figure::CpuSeconds,
    rows: &[large_row("source 1 KB"), large_row("sink 1 KB"), large_row("source 10 KB"), large_row("sink 10 KB")],
    run: large,
};

const fn large_row(case: &'static str) -> Row {
    Row { case, figure: Figure::MbPerCpuSecond, goal: Some(Goal::LeastOf(3.0, Name::KafkaConnect)) }
}

fn source(bench: &Bench, record: &mut Record) -> Result<()> {
    record.settings.push(format!("Connector: `{}`.", work::source_config(Path::new("FILE"), "TOPIC")));
    let lines = Lines::write(bench, LINES, LINE_BYTES)?;
    sources(bench, record, "", &Setup::tuned(), &lines)?;
    sources(bench, record, DEFAULTS, &Setup::default(), &lines)
}

fn sink(bench: &Bench, record: &mut Record) -> Result<()> {
    record.settings.push(format!("Connector: `{}`.", work::sink_config(Path::new("FILE"), "TOPIC")));
    record.settings.push("The topic is filled once, by librdkafka with its defaults, and read by all.".into());
    let lines = Lines::write(bench, LINES, LINE_BYTES)?;
    let topic = lines.topic(bench)?;
    sinks(bench, record, "", &Setup::tuned(), &lines, &topic)?;
    sinks(bench, record, DEFAULTS, &Setup::default(), &lines, &topic)
}

fn large(bench: &Bench, record: &mut Record) -> Result<()> {
    for (source, sink, rows, bytes) in LARGE {
        let lines = Lines::write(bench, rows, bytes)?;
        sources(bench, record, source, &Setup::tuned(), &lines)?;
        sinks(bench, record, sink, &Setup::tuned(), &lines, &lines.topic(bench)?)?;
        bench.clean()?;
    }
    Ok(())
}

/// Every system reads the file into a topic of its own.
fn sources(bench: &Bench, record: &mut Record, case: &'static str, setup: &Setup, lines: &Lines) -> Result<()> {
    let work = |running: &mut dyn Running| work::source(bench, running, lines, &[]);
    bench.take_turns(record, case, setup, work, |kcat| work::kcat_source(bench, kcat, lines).map(Some))
}

/// Every system writes the lines, once they are in a topic, to a file of its own.
fn sinks(
    bench: &Bench,
    record: &mut Record,
    case: &'static str,
    setup: &Setup,
    lines: &Lines,
    topic: &str,
) -> Result<()> {
    let work = |running: &mut dyn Running| work::sink(bench, running, lines, topic);
    bench.take_turns(record, case, setup, work, |kcat| work::kcat_sink(bench, kcat, lines, topic).map(Some))
}
