//! Topics that a sink names and that do not exist when it starts.

use std::time::Duration;

use anyhow::{Result, ensure};
use weir_tests::kafka::Kafka;
use weir_tests::rest::Rest;
use weir_tests::worker::Worker;
use weir_tests::{topics, wait};

use crate::support::{sink, with};

/// Far below the five minutes of `metadata.max.age.ms`, after which librdkafka itself looks.
const WITHIN: Duration = Duration::from_secs(90);

const OWN_TOPICS: [(&str, &str); 1] = [("consumer.override.allow.auto.create.topics", "false")];

fn contains(file: &std::path::Path, line: &str, rest: &Rest, name: &str) -> Result<()> {
    wait::until(&format!("{line} in the sink"), WITHIN, || match std::fs::read_to_string(file) {
        Ok(text) if text.lines().any(|found| found == line) => Ok(()),
        other => Err(format!("{other:?}; {}", rest.status(name).unwrap_or_default())),
    })
}

#[test]
fn topics_that_are_created_later_are_read_soon_and_none_is_created_where_that_is_not_wanted() -> Result<()> {
    let kafka = Kafka::start()?;
    let bootstrap = kafka.bootstrap();
    topics::create(&bootstrap, "first", 1)?;
    topics::fill(&bootstrap, "first", ["one"])?;
    let mut worker = Worker::new(&bootstrap)?;
    worker.start()?;
    let rest = worker.rest();

    let out = worker.data().join("several");
    rest.create("several", &with(&sink(&out, "first,second,third"), &OWN_TOPICS))?;
    contains(&out, "one", &rest, "several")?;
    for (topic, line) in [("second", "two"), ("third", "three")] {
        topics::create(&bootstrap, topic, 1)?;
        topics::fill(&bootstrap, topic, [line])?;
        contains(&out, line, &rest, "several")?;
    }

    // None of the sink's topics exists at first.
    let out = worker.data().join("alone");
    rest.create("alone", &with(&sink(&out, "later"), &OWN_TOPICS))?;
    rest.wait_running("alone", 1)?;
    // This one's is made by the broker, because Java's consumer lets it.
    let made = worker.data().join("made");
    rest.create("made", &sink(&made, "by.itself"))?;
    wait::until("the broker to create the topic", WITHIN, || match topics::names(&bootstrap) {
        Ok(names) if names.iter().any(|name| name == "by.itself") => Ok(()),
        other => Err(format!("{other:?}; {}", rest.status("made").unwrap_or_default())),
    })?;
    ensure!(
        !topics::names(&bootstrap)?.iter().any(|name| name == "later"),
        "a topic was created against the sink's will"
    );
    topics::fill(&bootstrap, "by.itself", ["four"])?;
    contains(&made, "four", &rest, "made")?;
    topics::create(&bootstrap, "later", 1)?;
    topics::fill(&bootstrap, "later", ["five"])?;
    contains(&out, "five", &rest, "alone")?;
    worker.stop()
}
