//! Plays the runtime in unit tests, on the host: no Kafka, no WebAssembly, plain `cargo test`.
//!
//! [`SourceHarness`] polls a source, settles its rows, stores their offsets and starts it again from them; [`SinkHarness`]
//! keeps a topic for a sink, gives it the rows, asks which offsets are safe and starts it again at those. Both check what
//! the runtime would check, and panic with what is wrong.

mod rows;
pub(crate) mod runtime;
mod sink;
mod source;

pub use rows::{KafkaRecord, Row};
pub use runtime::LogLine;
pub use sink::{Requests, SinkHarness};
pub use source::{Polled, SourceHarness, StoredOffsets};

use crate::ConfigMap;

/// A configuration from pairs.
fn config_of<K: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (K, V)>) -> ConfigMap {
    pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect()
}
