//! A sink that drops every record: what is left of a benchmark is the way there.
//!
//! It has the class name of the sink of Kafka Connect's own test plugins that does the same, so that both workers run with the
//! same configuration.

use weir_sdk::Error;
use weir_sdk::sink::{RecordFailures, Sink, SinkBatch, SinkContext};

/// A task that keeps nothing.
#[derive(Debug)]
pub struct Discard;

impl Sink for Discard {
    const CLASS: &'static str = "org.apache.kafka.connect.tools.MockSinkConnector";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    type Config = ();

    fn start(_: (), _: &SinkContext) -> Result<Self, Error> {
        Ok(Self)
    }

    fn put(&mut self, _: &SinkBatch) -> Result<RecordFailures, Error> {
        Ok(RecordFailures::none())
    }
}

weir_sdk::export!(sinks: [Discard]);
