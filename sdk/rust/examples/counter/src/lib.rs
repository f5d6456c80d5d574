//! A source that counts, and continues where it stopped when it starts again.
//!
//! `cargo test`, then `cargo build --release --target wasm32-wasip2`.

use std::time::Duration;
use weir_sdk::source::{Poll, Source, SourceContext, SourcePartition};
use weir_sdk::{BatchBuilder, Config, Error};

/// What a user may set.
#[derive(Config)]
pub struct CounterConfig {
    /// Topic to write to.
    #[config(importance = high, validator = non_empty)]
    topic: String,
    /// The last number.
    #[config(default = 1000, range(1..))]
    max: u64,
}

/// A running task.
pub struct Counter {
    config: CounterConfig,
    partition: SourcePartition,
    next: u64,
}

impl Source for Counter {
    const CLASS: &'static str = "org.example.CounterSource";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    type Config = CounterConfig;

    fn start(config: CounterConfig, context: &SourceContext) -> Result<Counter, Error> {
        let partition = SourcePartition::new().with("counter", &config.topic);
        let last = context.stored_offset(&partition).and_then(|offset| offset.u64("last")).unwrap_or(0);
        log::info!("counting from {} to {}", last + 1, config.max);
        Ok(Counter { config, partition, next: last + 1 })
    }

    fn poll(&mut self, batch: &mut BatchBuilder) -> Result<Poll, Error> {
        while self.next <= self.config.max && batch.has_room() {
            batch
                .record(&self.config.topic)
                .value_format(format_args!("{}", self.next))
                .offset(&self.partition, |offset| offset.set("last", self.next))
                .push();
            self.next += 1;
        }
        Ok(if self.next <= self.config.max { Poll::Ready } else { Poll::Idle(Duration::from_secs(60)) })
    }
}

weir_sdk::export!(sources: [Counter]);

#[cfg(test)]
mod tests {
    use super::*;
    use weir_sdk::harness::SourceHarness;

    #[test]
    fn counts_on_after_a_restart() -> Result<(), Error> {
        let mut task = SourceHarness::<Counter>::start([("topic", "numbers"), ("max", "2000")])?;
        let first = task.poll()?.records;
        assert_eq!(first.last().and_then(|record| record.value.as_deref()), Some("1000"));
        task.settle(&first)?;
        task.commit()?;

        let rest = task.restart()?.drain()?;
        assert_eq!(rest.len(), 1000);
        assert_eq!(rest[0].value.as_deref(), Some("1001"));
        Ok(())
    }
}
