//! Kafka's quotas: what Weir writes with its own settings can be read by a client that may not read much.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use weir_tests::worker::Worker;
use weir_tests::{jars, kafka, lines, topics, wait};

use crate::support::{sink, source};

/// Bytes a second that the sink may read.
const QUOTA: u32 = 50_000;

/// Lines in the topic: some 3 MB, so that requests can become as large as they may.
const LINES: u64 = 30_000;

/// Lines that are waited for. They take ten to twenty seconds.
const READ: usize = 8_000;

/// Kafka answers a request with nothing for as long as the records in the answer would exceed the quota by themselves: a batch that is
/// larger than the quota allows in its whole window, eleven seconds, is never read.
#[test]
fn a_sink_with_a_small_quota_reads_what_a_source_wrote() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique("quota");
    topics::create(bootstrap, topic, 1)?;
    let mut worker = Worker::new(bootstrap)?;
    worker.start()?;
    let rest = worker.rest();
    let (input, output) = (worker.data().join("input"), worker.data().join("output"));
    let line = |number| format!("{:0>99}\n", lines::line(number).trim_end());
    fs::write(&input, (0..LINES).map(line).collect::<String>())?;
    rest.create("quota-source", &source(&input, topic))?;
    wait::until("all lines to be written", Duration::from_secs(60), || match topics::count(bootstrap, topic) {
        Ok(LINES) => Ok(()),
        other => Err(format!("{other:?}")),
    })?;

    let (quota, client) = (format!("consumer_byte_rate={QUOTA}"), format!("connector-consumer-{topic}-0"));
    let alter = ["--bootstrap-server", bootstrap, "--alter", "--add-config", &quota];
    let output_of = jars::java(worker.dir(), "warn")?
        .arg("kafka.admin.ConfigCommand")
        .args(alter)
        .args(["--entity-type", "clients", "--entity-name", &client])
        .output()
        .context("setting a quota")?;
    ensure!(output_of.status.success(), "{}", String::from_utf8_lossy(&output_of.stderr));
    rest.create(topic, &sink(&output, topic))?;
    wait::until(&format!("{READ} lines under a quota of {QUOTA} bytes a second"), Duration::from_secs(90), || {
        match fs::read_to_string(&output).map(|text| text.lines().count()) {
            Ok(count) if count >= READ => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })?;
    worker.stop()
}
