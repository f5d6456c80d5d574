//! Every codec that Kafka knows, on the way in and on the way out.

use std::fs;
use std::time::Duration;

use anyhow::Result;
use weir_tests::worker::Worker;
use weir_tests::{kafka, topics, wait};

use crate::support::{sink, source, with};

#[test]
fn rows_come_through_whichever_way_their_batches_are_compressed() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let mut worker = Worker::new(bootstrap)?;
    let input = worker.data().join("input");
    let lines: String = (0..1_000).map(|line| format!("line {line}, which is much like the others\n")).collect();
    fs::write(&input, &lines)?;
    worker.start()?;
    for codec in ["gzip", "snappy", "lz4", "zstd"] {
        let topic = &topics::unique(codec);
        topics::create(bootstrap, topic, 1)?;
        let output = worker.data().join(codec);
        let rest = worker.rest();
        let compressed = [("producer.override.compression.type", codec)];
        rest.create(&format!("{topic}-source"), &with(&source(&input, topic), &compressed))?;
        rest.create(&format!("{topic}-sink"), &sink(&output, topic))?;
        wait::until(&format!("the lines that {codec} compressed"), Duration::from_secs(60), || {
            worker.check_runs()?;
            match fs::read_to_string(&output) {
                Ok(found) if found == lines => Ok(()),
                Ok(found) => Err(format!("{} of {} bytes", found.len(), lines.len())),
                Err(error) => Err(error.to_string()),
            }
        })?;
    }
    worker.stop()
}
