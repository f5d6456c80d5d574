//! Source offsets that are kept in memory only, for tests.

use parking_lot::RwLock;

use super::limits::{self, Limits};
use super::state::{State, one_line};
use super::store::{OffsetStore, StoreFuture};
use super::{Entry, Error};

/// Stores offsets in memory, with the same limits as a file.
pub struct MemoryOffsets {
    limits: Limits,
    state: RwLock<State>,
}

impl MemoryOffsets {
    /// Creates an empty store.
    pub fn new(limits: Limits) -> Self {
        Self { limits, state: RwLock::default() }
    }

    fn change(&self, connector: &str, entries: Vec<Entry>) -> Result<(), Error> {
        limits::check_texts(connector, &entries)?;
        let entries = entries.into_iter().map(|(partition, offset)| (one_line(partition), offset.map(one_line)));
        let mut state = self.state.write();
        let mut draft = state.draft();
        draft.add(&state, &self.limits, connector, entries.collect())?;
        state.apply(draft);
        Ok(())
    }
}

impl OffsetStore for MemoryOffsets {
    fn get<'a>(&'a self, connector: &'a str, partitions: &'a [String]) -> StoreFuture<'a, Vec<Option<String>>> {
        let state = self.state.read();
        let offsets = partitions.iter().map(|partition| state.get(connector, partition).map(str::to_owned)).collect();
        Box::pin(std::future::ready(Ok(offsets)))
    }

    fn all<'a>(&'a self, connector: &'a str) -> StoreFuture<'a, Vec<(String, String)>> {
        let state = self.state.read();
        let all = state.all(connector).map(|(partition, offset)| (partition.to_owned(), offset.to_owned())).collect();
        Box::pin(std::future::ready(Ok(all)))
    }

    fn texts<'a>(&'a self, connector: &'a str, partitions: Vec<String>) -> StoreFuture<'a, Vec<String>> {
        let state = self.state.read();
        let stored = |partition: String| state.text(connector, &partition).map(str::to_owned).unwrap_or(partition);
        let texts = partitions.into_iter().map(stored).collect();
        Box::pin(std::future::ready(Ok(texts)))
    }

    fn set<'a>(&'a self, connector: &'a str, entries: Vec<Entry>) -> StoreFuture<'a, ()> {
        Box::pin(std::future::ready(self.change(connector, entries)))
    }

    fn failures(&self) -> u64 {
        0
    }
}
