//! The offsets in memory, which are the same as in the file, and the changes that are about to be written.

use std::collections::{BTreeMap, HashMap};

use super::document::Line;
use super::limits::{Exceeded, Limits, Size, TEXT_MAX};
use super::partition::canonical;
use super::{Entry, document};
use crate::checksummed_lines::{Facts, Problem, facts};

/// The offsets of all connectors.
#[derive(Default)]
pub(crate) struct State {
    /// The Kafka cluster that has the records, and how often a worker was started with the offsets.
    pub(super) facts: Facts,
    connectors: BTreeMap<String, Stored>,
}

/// The offsets of one connector.
struct Stored {
    /// The connector's name as a JSON string.
    name: String,
    /// Maps each partition to its offset.
    offsets: BTreeMap<String, String>,
    /// Maps the canonical text of a partition to the text it is stored under, where the two differ.
    others: HashMap<String, String>,
    size: Size,
}

impl Stored {
    fn new(connector: &str) -> Self {
        let name = serde_json::Value::from(connector).to_string();
        Self { name, offsets: BTreeMap::new(), others: HashMap::new(), size: Size::default() }
    }

    /// Returns the text under which a partition is stored.
    fn find(&self, wanted: &str) -> Option<&str> {
        if let Some((text, _)) = self.offsets.get_key_value(wanted) {
            return Some(text);
        }
        let canonical = canonical(wanted);
        match self.offsets.get_key_value(&canonical) {
            Some((text, _)) => Some(text),
            None => self.others.get(&canonical).map(String::as_str),
        }
    }

    fn insert(&mut self, partition: String, offset: String) {
        if !self.offsets.contains_key(&partition) {
            let canonical = canonical(&partition);
            if canonical != partition {
                self.others.insert(canonical, partition.clone());
            }
        }
        self.offsets.insert(partition, offset);
    }

    fn remove(&mut self, partition: &str) {
        if self.offsets.remove(partition).is_some() {
            let canonical = canonical(partition);
            if self.others.get(&canonical).is_some_and(|text| text == partition) {
                self.others.remove(&canonical);
            }
        }
    }
}

impl State {
    /// Parses the text of a file.
    pub(super) fn parse(text: &[u8]) -> Result<Self, Problem> {
        let mut state = Self { facts: facts(text), ..Self::default() };
        for (connector, partition, offset) in document::parse(text)? {
            let stored = state.connectors.entry(connector).or_insert_with_key(|connector| Stored::new(connector));
            if stored.offsets.contains_key(&partition) {
                return Err("it contains an offset twice".into());
            }
            stored.size.add(&stored.name, &partition, &offset);
            stored.insert(partition, offset);
        }
        Ok(state)
    }

    /// Whether there are no offsets.
    pub(super) fn is_empty(&self) -> bool {
        self.connectors.is_empty()
    }

    /// Returns the offset of a source partition, whatever text it is stored under. Texts that are too long to be stored are not parsed.
    pub(crate) fn get(&self, connector: &str, partition: &str) -> Option<&str> {
        let stored = self.connectors.get(connector).filter(|_| partition.len() <= TEXT_MAX)?;
        stored.offsets.get(stored.find(partition)?).map(String::as_str)
    }

    /// Returns the text under which a source partition is stored.
    pub(crate) fn text(&self, connector: &str, partition: &str) -> Option<&str> {
        self.connectors.get(connector)?.find(partition)
    }

    /// Returns all source partitions of a connector and their offsets.
    pub(crate) fn all<'a>(&'a self, connector: &str) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let offsets = self.connectors.get(connector).into_iter().flat_map(|stored| &stored.offsets);
        offsets.map(|(partition, offset)| (partition.as_str(), offset.as_str()))
    }

    /// Stores the offset of a source partition under this text, or removes it, whatever the limits.
    pub(crate) fn set(&mut self, connector: &str, partition: &str, offset: Option<String>) {
        if !self.connectors.contains_key(connector) {
            self.connectors.insert(connector.to_owned(), Stored::new(connector));
        }
        let stored = self.connectors.get_mut(connector).expect("it was just added");
        if let Some(before) = stored.offsets.get(partition) {
            stored.size.remove(&stored.name, partition, before);
        }
        match offset {
            Some(offset) => {
                stored.size.add(&stored.name, partition, &offset);
                stored.insert(partition.to_owned(), offset);
            }
            None => stored.remove(partition),
        }
        if stored.offsets.is_empty() {
            self.connectors.remove(connector);
        }
    }

    /// Creates an empty draft for this state.
    pub(crate) fn draft(&self) -> Draft {
        Draft { connectors: BTreeMap::new(), total: self.connectors.values().map(|stored| stored.size.bytes).sum() }
    }

    /// Renders the file with these changes.
    pub(super) fn render(&self, draft: &Draft) -> String {
        self.render_with(&self.facts, draft)
    }

    /// The same with another header.
    pub(super) fn render_with(&self, facts: &Facts, draft: &Draft) -> String {
        let kept = self.connectors.iter().flat_map(|(connector, stored)| {
            let changed = draft.connectors.get(connector);
            let untouched =
                move |partition: &str| changed.is_none_or(|changed| !changed.entries.contains_key(partition));
            let offsets = stored.offsets.iter().filter(move |(partition, _)| untouched(partition));
            offsets.map(|(partition, offset)| Line { connector: &stored.name, partition, offset })
        });
        let new = draft.connectors.values().flat_map(|changed| {
            changed.entries.iter().filter_map(|(partition, offset)| {
                Some(Line { connector: &changed.name, partition, offset: offset.as_deref()? })
            })
        });
        document::render(facts, kept.chain(new))
    }

    /// Applies the changes once they are in the file.
    pub(super) fn apply(&mut self, draft: Draft) {
        for (connector, changed) in draft.connectors {
            let stored = self.connectors.entry(connector).or_insert_with_key(|connector| Stored::new(connector));
            for (partition, offset) in changed.entries {
                match offset {
                    Some(offset) => stored.insert(partition, offset),
                    None => stored.remove(&partition),
                }
            }
            stored.size = changed.size;
        }
        self.connectors.retain(|_, stored| !stored.offsets.is_empty());
    }
}

/// Changes that are written to the file together.
pub(crate) struct Draft {
    connectors: BTreeMap<String, Changed>,
    /// Bytes of all connectors after the changes.
    total: u64,
}

/// The changes of one connector.
struct Changed {
    name: String,
    /// Maps each partition to its new offset; `None` removes the partition.
    entries: BTreeMap<String, Option<String>>,
    /// The size of all of the connector's offsets after the change.
    size: Size,
}

impl Draft {
    /// Adds a change as a whole, or not at all if it would exceed a limit.
    pub(crate) fn add(
        &mut self,
        state: &State,
        limits: &Limits,
        connector: &str,
        entries: Vec<Entry>,
    ) -> Result<(), Exceeded> {
        let stored = state.connectors.get(connector);
        let changed = self.connectors.entry(connector.to_owned()).or_insert_with_key(|connector| Changed {
            name: serde_json::Value::from(connector.as_str()).to_string(),
            entries: BTreeMap::new(),
            size: stored.map_or_else(Size::default, |stored| stored.size),
        });
        let mut new: BTreeMap<String, Option<String>> = BTreeMap::new();
        for (partition, offset) in entries {
            // A partition is stored under one text, the one that was written last.
            if !changed.entries.contains_key(&partition)
                && let Some(text) = stored.and_then(|stored| stored.find(&partition))
                && text != partition
            {
                new.entry(text.to_owned()).or_insert(None);
            }
            new.insert(partition, offset);
        }
        let mut size = changed.size;
        for (partition, offset) in &new {
            let before = match changed.entries.get(partition) {
                Some(pending) => pending.as_deref(),
                None => stored.and_then(|stored| stored.offsets.get(partition)).map(String::as_str),
            };
            if let Some(before) = before {
                size.remove(&changed.name, partition, before);
            }
            if let Some(offset) = offset {
                size.add(&changed.name, partition, offset);
            }
        }
        let others = self.total - changed.size.bytes;
        limits.check(connector, changed.size, size, others)?;
        self.total = others + size.bytes;
        changed.entries.append(&mut new);
        changed.size = size;
        Ok(())
    }

    /// Whether there is nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        self.connectors.values().all(|changed| changed.entries.is_empty())
    }
}

/// Removes the line breaks of a JSON text, which can only be between its tokens: each line of the file is one offset.
pub(super) fn one_line(text: String) -> String {
    if text.contains(['\n', '\r']) { text.replace(['\n', '\r'], " ") } else { text }
}
