//! The two topics: logs that a transactional producer writes, which a later claim fences.

use std::collections::BTreeMap;

use crate::config::Change;
use crate::record::{Record, decode, encode};

/// A log of one partition. Compaction leaves gaps, so that offsets stay the same.
#[derive(Debug)]
pub(super) struct Log<T> {
    entries: Vec<Option<(String, T)>>,
}

impl<T> Default for Log<T> {
    fn default() -> Self {
        Self { entries: Vec::new() }
    }
}

impl<T: Clone> Log<T> {
    pub(super) fn end(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn get(&self, offset: usize) -> Option<&T> {
        self.entries[offset].as_ref().map(|(_, entry)| entry)
    }

    pub(super) fn append(&mut self, key: String, entry: T) -> usize {
        self.entries.push(Some((key, entry)));
        self.entries.len() - 1
    }

    /// Removes all entries before `end` but the last of each key. Kafka compacts only closed segments, so that readers that are not far
    /// behind read everything.
    pub(super) fn compact(&mut self, end: usize) {
        let keys = self.entries.iter().enumerate().filter_map(|(at, entry)| Some((entry.as_ref()?.0.clone(), at)));
        let last: BTreeMap<String, usize> = keys.collect();
        for (at, entry) in self.entries.iter_mut().enumerate().take(end) {
            if entry.as_ref().is_some_and(|(key, _)| last[key] != at) {
                *entry = None;
            }
        }
    }
}

/// The key of a change, as in the config topic.
pub(super) fn key(change: &Change) -> String {
    match change {
        Change::Connector(name) | Change::ConnectorRemoved(name) => format!("connector-{name}"),
        Change::Tasks { connector, .. } => format!("commit-{connector}"),
        Change::TaskCount { connector, .. } => format!("tasks-fencing-{connector}"),
        Change::TargetState(name) => format!("target-state-{name}"),
        Change::Restart(restart) => format!("restart-connector-{}", restart.connector),
        Change::Other => "other".into(),
    }
}

/// Returns the record as a reader gets it: through its bytes.
pub(super) fn through_bytes(record: &Record) -> (String, Record) {
    let (key, value) = encode(record);
    let read = decode(&key, value.as_deref()).expect("a valid record");
    assert_eq!(read, *record);
    (key, read)
}
