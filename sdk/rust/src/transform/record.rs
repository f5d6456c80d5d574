//! A record that passes through a chain.

use std::rc::Rc;

use super::columns::Columns;
use super::headers::Headers;
use super::topics::Topics;
use crate::value::Value;

/// A record, as changed by the previous steps.
#[derive(Debug)]
pub struct Record<'b> {
    pub(super) now: State<'b>,
    pub(super) topics: Topics,
    pub(super) offset: Option<i64>,
    /// The records passed to `emit`, in order.
    pub(super) emitted: Vec<State<'b>>,
    /// The columns that the current step requested.
    pub(super) columns: Columns,
}

/// The parts of a record that steps can change.
#[derive(Clone, Debug)]
pub(super) struct State<'b> {
    pub(super) topic: u32,
    pub(super) partition: i32,
    pub(super) timestamp: i64,
    pub(super) key: Value<'b>,
    pub(super) value: Value<'b>,
    pub(super) headers: Headers<'b>,
    pub(super) changed: Changed,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Changed {
    pub(super) topic: bool,
    pub(super) partition: bool,
    pub(super) timestamp: bool,
}

impl<'b> Record<'b> {
    /// Returns the topic.
    #[inline]
    pub fn topic(&self) -> &str {
        self.topics.name(self.now.topic)
    }

    /// Returns the topic as a separate text, for use while the key or value is changed. Nothing is copied.
    #[inline]
    pub fn shared_topic(&self) -> Rc<str> {
        self.topics.shared(self.now.topic)
    }

    /// Sets the topic. A name that is not valid in Kafka fails the task.
    #[inline]
    pub fn set_topic(&mut self, topic: &str) {
        let index = self.topics.index(topic);
        if index != self.now.topic {
            self.now.topic = index;
            self.now.changed.topic = true;
        }
    }

    /// Returns the Kafka partition, or `None` if none is set.
    #[inline]
    pub fn partition(&self) -> Option<i32> {
        Some(self.now.partition).filter(|partition| *partition >= 0)
    }

    /// Sets the Kafka partition. With `None`, Kafka's partitioner chooses it.
    pub fn set_partition(&mut self, partition: Option<i32>) {
        self.now.partition = partition.unwrap_or(-1);
        self.now.changed.partition = true;
    }

    /// Returns the timestamp in milliseconds since 1970-01-01T00:00:00Z, or `None` if the record has none.
    #[inline]
    pub fn timestamp(&self) -> Option<i64> {
        Some(self.now.timestamp).filter(|timestamp| *timestamp >= 0)
    }

    /// Sets or removes the timestamp.
    pub fn set_timestamp(&mut self, timestamp: Option<i64>) {
        self.now.timestamp = timestamp.unwrap_or(-1);
        self.now.changed.timestamp = true;
    }

    /// Returns the offset in Kafka, or `None` if the record comes from a source.
    #[inline]
    pub fn offset(&self) -> Option<i64> {
        self.offset
    }

    /// Returns the key for reading and changing.
    ///
    /// # Panics
    /// Panics if the step's `columns` do not include the keys. The same applies to values and headers.
    #[inline]
    pub fn key(&mut self) -> &mut Value<'b> {
        self.needs(Columns::KEYS, "keys");
        &mut self.now.key
    }

    /// Returns the value for reading and changing.
    #[inline]
    pub fn value(&mut self) -> &mut Value<'b> {
        self.needs(Columns::VALUES, "values");
        &mut self.now.value
    }

    /// Returns the headers for reading and changing.
    #[inline]
    pub fn headers(&mut self) -> &mut Headers<'b> {
        self.needs(Columns::HEADERS, "headers");
        &mut self.now.headers
    }

    /// Returns the key for reading only, as in predicates.
    #[inline]
    pub fn peek_key(&self) -> &Value<'b> {
        self.needs(Columns::KEYS, "keys");
        &self.now.key
    }

    /// Returns the value for reading only, as in predicates.
    #[inline]
    pub fn peek_value(&self) -> &Value<'b> {
        self.needs(Columns::VALUES, "values");
        &self.now.value
    }

    /// Returns the headers for reading only, as in predicates.
    #[inline]
    pub fn peek_headers(&self) -> &Headers<'b> {
        self.needs(Columns::HEADERS, "headers");
        &self.now.headers
    }

    /// Passes a copy of the current record to the next step. The record itself can then be changed further, so that one
    /// record can produce several.
    ///
    /// The returned [`Outcome`](super::Outcome) applies to the remaining record: to produce `n` records, call this
    /// `n - 1` times and return `Keep`, or `n` times and return `Drop`.
    ///
    /// ```
    /// use weir_sdk::RecordError;
    /// use weir_sdk::transform::{Outcome, Record};
    ///
    /// /// One record for each element of the array `items`.
    /// fn apply(record: &mut Record<'_>) -> Result<Outcome, RecordError> {
    ///     let Some(items) = record.value().get("items") else { return Ok(Outcome::Keep) };
    ///     let items: Vec<Vec<u8>> = items.elements().map(|item| item.raw().to_vec()).collect();
    ///     for item in items {
    ///         record.value().set_raw("items", &item)?;
    ///         record.emit();
    ///     }
    ///     Ok(Outcome::Drop)
    /// }
    /// ```
    pub fn emit(&mut self) {
        self.emitted.push(self.now.clone());
    }

    #[inline]
    fn needs(&self, columns: Columns, name: &str) {
        assert!(self.columns.contains(columns), "the step uses the {name}, but its `columns` do not name them");
    }
}
