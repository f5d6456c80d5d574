//! Nothing is lost: whatever the worker was doing when it was killed, each line arrives, in order of first appearance.

use std::fs::File;
use std::io::Write;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use weir_tests::lines::{self, Appender, Counter};
use weir_tests::worker::Worker;
use weir_tests::{kafka, topics, wait};

use crate::support::{sink, source};

/// How often the worker is killed, unless `WEIR_TEST_KILLS` says otherwise.
const KILLS: u32 = 30;

/// The longest life of a worker, in milliseconds, on a machine that is not busy. A sink waits about 1,000 until the broker has removed its
/// predecessor from the group.
const LONGEST_LIFE: u64 = 2500;

#[test]
fn nothing_is_lost_when_the_worker_is_killed_again_and_again() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique("killed");
    topics::create(bootstrap, topic, 1)?;
    let mut worker = Worker::new(bootstrap)?
        .set("consumer.session.timeout.ms", "1000")
        .set("consumer.heartbeat.interval.ms", "300")
        .set("offset.flush.interval.ms", "200");
    let (input, output) = (worker.data().join("input"), worker.data().join("output"));
    worker.connector("killed-source", &source(&input, topic))?;
    worker.connector("killed-sink", &sink(&output, topic))?;
    let mut appender = Appender::start(&input, 500)?;
    let mut random = Random::new();
    println!("seed {:#x}", random.0);

    let kills = match std::env::var("WEIR_TEST_KILLS") {
        Ok(text) => text.parse().context("WEIR_TEST_KILLS")?,
        Err(_) => KILLS,
    };
    let mut counter = Counter::new(&output);
    // On a busy machine, lives must be longer so that some of them deliver records.
    worker.start()?;
    let begin = Instant::now();
    arrives_after(&mut worker, &mut counter, 0)?;
    let longest_life = LONGEST_LIFE.max(1000 + 3 * begin.elapsed().as_millis() as u64);
    worker.kill();
    let mut lives_with_rows = 0;
    for _ in 0..kills {
        let before = counter.count()?;
        worker.start()?;
        // It does not wait for an event, because it must be killed at any moment.
        std::thread::sleep(Duration::from_millis(random.below(longest_life)));
        worker.check_runs().map_err(anyhow::Error::msg)?;
        worker.kill();
        lives_with_rows += u32::from(counter.count()? > before);
    }
    println!("{lives_with_rows} of {kills} lives brought rows, {} lines by then", counter.count()?);
    ensure!(
        lives_with_rows * 5 >= kills,
        "only {lives_with_rows} of {kills} lives brought rows: the test tests little"
    );

    worker.start()?;
    let written = appender.stop()?;
    arrives(&mut worker, &mut counter, written)?;
    let delivered = lines::check_delivered(&output, written)?;
    println!("{delivered:?}");
    ensure!(delivered.torn <= u64::from(kills), "more torn lines than kills: {delivered:?}");

    // Stopped in good order and started again, it goes on exactly where it was.
    worker.stop()?;
    let (rows_before, lines_before) = (topics::count(bootstrap, topic)?, counter.count()?);
    worker.start()?;
    File::options().append(true).open(&input)?.write_all(lines::line(written).as_bytes())?;
    arrives_after(&mut worker, &mut counter, lines_before)?;
    ensure!(counter.count()? == lines_before + 1, "the sink's file has lines twice after a stop in good order");
    ensure!(topics::count(bootstrap, topic)? == rows_before + 1, "the topic has rows twice after a stop in good order");
    worker.stop()
}

/// Waits until the last of so many lines is in the sink's file.
fn arrives(worker: &mut Worker, counter: &mut Counter, written: u64) -> Result<()> {
    let output = worker.data().join("output");
    wait::until(&format!("line {} in the sink's file", written - 1), Duration::from_secs(60), || {
        worker.check_runs()?;
        let count = counter.count().map_err(|error| error.to_string())?;
        let check = if count < written { None } else { Some(lines::check_delivered(&output, written)) };
        match check {
            Some(Ok(_)) => Ok(()),
            Some(Err(error)) => Err(format!("{count} lines, {error}")),
            None => Err(format!("{count} of {written} lines")),
        }
    })
}

fn arrives_after(worker: &mut Worker, counter: &mut Counter, before: u64) -> Result<()> {
    wait::until("one more line in the sink's file", Duration::from_secs(90), || {
        worker.check_runs()?;
        let count = counter.count().map_err(|error| error.to_string())?;
        if count > before { Ok(()) } else { Err(format!("{count} lines")) }
    })
}

/// Marsaglia's xorshift: any moment is as good as any other, and the seed is printed.
struct Random(u64);

impl Random {
    fn new() -> Random {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_nanos() as u64);
        Random(now | 1)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}
