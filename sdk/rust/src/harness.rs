//! A test harness that stands in for the runtime in unit tests. It runs with `cargo test` and needs neither Kafka nor
//! WebAssembly.
//!
//! [`SourceHarness`] polls a source, settles its records, stores their offsets and restarts it from them. [`SinkHarness`]
//! keeps a topic in memory, passes its records to a sink, commits the offsets that the sink returns and restarts it from
//! there. Both make the same checks as the runtime, and panic with a description of the error. [`ConnectorHarness`] divides
//! the work of a connector into tasks.

mod connector;
mod records;
pub(crate) mod runtime;
mod sink;
mod source;

pub use connector::{ConnectorHarness, ConnectorRequests};
pub use records::{KafkaRecord, SourceRecord};
pub use runtime::{LogLine, TransactionEnd};
pub use sink::{Requests, SinkHarness};
pub use source::{Polled, SourceHarness, StoredOffsets};

use crate::ConfigMap;

/// Creates a configuration from key-value pairs.
fn config_of<K: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (K, V)>) -> ConfigMap {
    pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect()
}
