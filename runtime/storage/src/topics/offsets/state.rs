//! The source offsets in one topic.

use super::super::ReadRecord;
use super::record::{compact, read};
use crate::offsets::state::State;
use crate::offsets::{Entry, Exceeded, Limits, check_texts};

/// The state after the records that were read so far.
#[derive(Default)]
pub struct OffsetsState(State);

impl OffsetsState {
    /// Applies the next record of a partition. All records about a source partition are in the same partition of the topic.
    pub fn apply(&mut self, record: ReadRecord<'_>) {
        if let Some(read) = read(record) {
            self.0.set(&read.connector, &read.partition, read.offset);
        }
    }

    /// Returns the offset of a source partition of a connector, also if it is stored under another text that means the same.
    pub fn get(&self, connector: &str, partition: &str) -> Option<&str> {
        self.0.get(connector, partition)
    }

    /// Returns the text under which a source partition is stored.
    pub fn text(&self, connector: &str, partition: &str) -> Option<&str> {
        self.0.text(connector, partition)
    }

    /// Returns all source partitions of a connector and their offsets, sorted by their texts. A partition that is null is not listed.
    pub fn all<'a>(&'a self, connector: &str) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        self.0.all(connector).filter(|(partition, _)| partition.starts_with('{'))
    }

    /// Returns a change with the texts that are to be written: a source partition keeps the text under which it is stored, so that the new
    /// record replaces the earlier one. Fails if the change would exceed a limit.
    pub fn prepare(&self, limits: &Limits, connector: &str, entries: Vec<Entry>) -> Result<Vec<Entry>, Exceeded> {
        check_texts(connector, &entries)?;
        let stored = |partition: String| match self.0.text(connector, &partition) {
            Some(text) => text.to_owned(),
            None => compact(&partition),
        };
        let entries = entries.into_iter();
        let entries: Vec<Entry> =
            entries.map(|(partition, offset)| (stored(partition), offset.as_deref().map(compact))).collect();
        self.0.draft().add(&self.0, limits, connector, entries.clone())?;
        Ok(entries)
    }
}
