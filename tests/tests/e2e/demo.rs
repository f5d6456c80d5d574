//! The way of the first demo, with more lines: file, source, two transforms, topic, sink, file.

use std::fs;
use std::time::Duration;

use anyhow::{Result, ensure};
use weir_tests::lines::Counter;
use weir_tests::worker::Worker;
use weir_tests::{kafka, topics, wait};

use crate::support::{sink, source, with};

const LINES: usize = 100_000;

#[test]
fn every_line_comes_through_two_transforms_and_kafka_byte_for_byte() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let mut worker = Worker::new(bootstrap)?;
    let (input, output) = (worker.data().join("input"), worker.data().join("output"));
    let lines: Vec<String> = (0..LINES).map(line).collect();
    fs::write(&input, lines.iter().map(|line| format!("{line}\n")).collect::<String>())?;
    let topic = &topics::unique("demo");
    topics::create(bootstrap, topic, 1)?;
    worker.start()?;
    let json = [
        ("value.converter", "org.apache.kafka.connect.json.JsonConverter"),
        ("value.converter.schemas.enable", "false"),
    ];
    let transforms = [
        ("transforms", "wrap,origin"),
        ("transforms.wrap.type", "org.apache.kafka.connect.transforms.HoistField$Value"),
        ("transforms.wrap.field", "line"),
        ("transforms.origin.type", "org.apache.kafka.connect.transforms.InsertField$Value"),
        ("transforms.origin.static.field", "origin"),
        ("transforms.origin.static.value", "demo"),
    ];
    let rest = worker.rest();
    rest.create("demo-source", &with(&with(&source(&input, topic), &json), &transforms))?;
    rest.create("demo-sink", &with(&with(&sink(&output, topic), &json), &[("weir.values.json", "true")]))?;
    rest.wait_running("demo-source", 1)?;
    rest.wait_running("demo-sink", 1)?;

    let mut counter = Counter::new(&output);
    wait::until(&format!("{LINES} lines in the sink's file"), Duration::from_secs(120), || {
        worker.check_runs()?;
        match counter.count().map_err(|error| error.to_string())? {
            count if count >= LINES as u64 => Ok(()),
            count => Err(format!("{count} lines, {}", rest.status("demo-source").unwrap_or_default())),
        }
    })?;
    worker.stop()?;

    let expected: String =
        lines.iter().map(|line| format!("{{\"line\":{},\"origin\":\"demo\"}}\n", serde_json::json!(line))).collect();
    let found = fs::read_to_string(&output)?;
    if let Some((row, (found, expected))) =
        found.lines().zip(expected.lines()).enumerate().find(|(_, (found, expected))| found != expected)
    {
        anyhow::bail!("row {row} is {found:?} and should be {expected:?}");
    }
    ensure!(found.len() == expected.len(), "{} bytes where {} are expected", found.len(), expected.len());
    Ok(())
}

/// Text of many lengths, with what JSON escapes and what it does not.
fn line(number: usize) -> String {
    match number % 5 {
        0 => String::new(),
        1 => format!("{number} plain text"),
        2 => format!("{number} \"quoted\" \\ and\ta tab"),
        3 => format!("{number} Grüße aus 東京"),
        _ => format!("{number} {}", "long ".repeat(number % 200)),
    }
}
