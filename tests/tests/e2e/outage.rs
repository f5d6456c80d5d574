//! A broker that goes away and comes back: nothing is lost and nothing fails.

use std::time::Duration;

use anyhow::{Result, ensure};
use weir_tests::kafka::Kafka;
use weir_tests::lines::{self, Appender, Counter};
use weir_tests::rest::Rest;
use weir_tests::worker::Worker;
use weir_tests::{topics, wait};

use crate::support::{sink, source};

const OUTAGE: Duration = Duration::from_secs(20);

#[test]
fn a_broker_that_is_away_for_20_seconds_costs_no_line_and_no_task() -> Result<()> {
    let mut kafka = Kafka::start()?;
    let bootstrap = kafka.bootstrap();
    topics::create(&bootstrap, "outage", 1)?;
    let mut worker = Worker::new(&bootstrap)?;
    let (input, output) = (worker.data().join("input"), worker.data().join("output"));
    worker.start()?;
    let rest = worker.rest();
    let mut appender = Appender::start(&input, 200)?;
    rest.create("outage-source", &source(&input, "outage"))?;
    rest.create("outage-sink", &sink(&output, "outage"))?;
    let mut counter = Counter::new(&output);
    let more = |counter: &mut Counter, than: u64, within| {
        wait::until("lines to arrive", within, || match counter.count().map_err(|error| error.to_string())? {
            count if count > than => Ok(()),
            count => Err(format!("{count} lines")),
        })
    };
    more(&mut counter, 100, Duration::from_secs(30))?;

    kafka.stop()?;
    let before = counter.count()?;
    wait::holds("the peace while the broker is away", OUTAGE, || {
        worker.check_runs()?;
        nothing_failed(&rest)
    })?;
    let meanwhile = appender.written();
    ensure!(meanwhile > before + 2000, "lines were to be appended during the outage");
    kafka.resume()?;

    more(&mut counter, meanwhile, Duration::from_secs(60))?;
    let written = appender.stop()?;
    more(&mut counter, written - 1, Duration::from_secs(60))?;
    nothing_failed(&rest).map_err(anyhow::Error::msg)?;
    println!("{:?}", lines::check_delivered(&output, written)?);
    worker.stop()
}

fn nothing_failed(rest: &Rest) -> Result<(), String> {
    for name in ["outage-source", "outage-sink"] {
        let status = rest.status(name).map_err(|error| format!("{error:#}"))?;
        if status.to_string().contains("FAILED") {
            return Err(status.to_string());
        }
    }
    Ok(())
}
