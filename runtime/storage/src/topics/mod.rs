//! The records of Kafka Connect's internal topics, and the states that their readers build from them, byte for byte as in Kafka Connect
//! 4.3.1. Nothing here reads or writes a topic: a reader passes records to a state in the order of their offsets, and a writer sends what
//! the functions here return.
//!
//! - [`config`]: connectors, their tasks and target states, the session key, restart requests and log levels.
//! - [`status`]: the states of connectors and tasks, and the topics that connectors use.
//! - [`offsets`]: keys and values of source offsets.

pub mod config;
mod json;
mod key;
pub mod offsets;
pub mod status;

/// A record that is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRecord {
    /// The key.
    pub key: String,
    /// The value; `None` deletes what earlier records with this key have stored.
    pub value: Option<Vec<u8>>,
}

/// A record that was read.
#[derive(Debug, Clone, Copy)]
pub struct ReadRecord<'a> {
    /// Its offset in its partition.
    pub offset: i64,
    /// The key.
    pub key: Option<&'a [u8]>,
    /// The value.
    pub value: Option<&'a [u8]>,
}
