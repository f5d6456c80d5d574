//! Schemas, envelopes and payloads in JSON as Kafka Connect's JsonConverter reads and writes them.

pub(crate) mod envelope;
pub(crate) mod payload;
pub(crate) mod schema;
pub(crate) mod shape;
