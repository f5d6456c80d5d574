//! One row on its way through a chain.

use std::rc::Rc;

use super::columns::Columns;
use super::headers::Headers;
use super::topics::Topics;
use crate::value::Value;

/// A row, as the steps before have left it.
#[derive(Debug)]
pub struct Row<'b> {
    pub(super) now: State<'b>,
    pub(super) topics: Topics,
    pub(super) offset: Option<i64>,
    /// What `emit` left, in order.
    pub(super) emitted: Vec<State<'b>>,
    /// What the step that has the row asked for.
    pub(super) columns: Columns,
}

/// What steps can change of a row.
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

impl<'b> Row<'b> {
    /// The topic.
    #[inline]
    pub fn topic(&self) -> &str {
        self.topics.name(self.now.topic)
    }

    /// The topic as a text of its own, for use while key or value are changed. Copies nothing.
    #[inline]
    pub fn shared_topic(&self) -> Rc<str> {
        self.topics.shared(self.now.topic)
    }

    /// Sends the row to another topic. A name that Kafka does not allow fails the task.
    #[inline]
    pub fn set_topic(&mut self, topic: &str) {
        let index = self.topics.index(topic);
        if index != self.now.topic {
            self.now.topic = index;
            self.now.changed.topic = true;
        }
    }

    /// The Kafka partition; `None` = none chosen.
    #[inline]
    pub fn partition(&self) -> Option<i32> {
        Some(self.now.partition).filter(|partition| *partition >= 0)
    }

    /// Chooses a Kafka partition; `None` leaves it to Kafka's partitioner.
    pub fn set_partition(&mut self, partition: Option<i32>) {
        self.now.partition = partition.unwrap_or(-1);
        self.now.changed.partition = true;
    }

    /// Milliseconds since 1970-01-01T00:00:00Z; `None` = the row has no timestamp.
    #[inline]
    pub fn timestamp(&self) -> Option<i64> {
        Some(self.now.timestamp).filter(|timestamp| *timestamp >= 0)
    }

    /// Sets or removes the timestamp.
    pub fn set_timestamp(&mut self, timestamp: Option<i64>) {
        self.now.timestamp = timestamp.unwrap_or(-1);
        self.now.changed.timestamp = true;
    }

    /// The offset in Kafka. `None` = the row comes from a source.
    #[inline]
    pub fn offset(&self) -> Option<i64> {
        self.offset
    }

    /// The key, to read and to change.
    ///
    /// # Panics
    /// If the step's `columns` do not name the keys. The same holds for values and headers.
    #[inline]
    pub fn key(&mut self) -> &mut Value<'b> {
        self.needs(Columns::KEYS, "keys");
        &mut self.now.key
    }

    /// The value, to read and to change.
    #[inline]
    pub fn value(&mut self) -> &mut Value<'b> {
        self.needs(Columns::VALUES, "values");
        &mut self.now.value
    }

    /// The headers, to read and to change.
    #[inline]
    pub fn headers(&mut self) -> &mut Headers<'b> {
        self.needs(Columns::HEADERS, "headers");
        &mut self.now.headers
    }

    /// The key, as predicates see it.
    #[inline]
    pub fn peek_key(&self) -> &Value<'b> {
        self.needs(Columns::KEYS, "keys");
        &self.now.key
    }

    /// The value, as predicates see it.
    #[inline]
    pub fn peek_value(&self) -> &Value<'b> {
        self.needs(Columns::VALUES, "values");
        &self.now.value
    }

    /// The headers, as predicates see them.
    #[inline]
    pub fn peek_headers(&self) -> &Headers<'b> {
        self.needs(Columns::HEADERS, "headers");
        &self.now.headers
    }

    /// Sends the row as it is now on to the next step, and leaves it here to be changed again: the way to make more than one
    /// row out of one. [`Outcome`](super::Outcome) then speaks of what is left: `n` rows are `n - 1` calls and `Keep`, or
    /// `n` calls and `Drop`.
    ///
    /// ```
    /// use weir_sdk::RowError;
    /// use weir_sdk::transform::{Outcome, Row};
    ///
    /// /// One row for each element of the array `items`.
    /// fn apply(row: &mut Row<'_>) -> Result<Outcome, RowError> {
    ///     let Some(items) = row.value().get("items") else { return Ok(Outcome::Keep) };
    ///     let items: Vec<Vec<u8>> = items.elements().map(|item| item.raw().to_vec()).collect();
    ///     for item in items {
    ///         row.value().set_raw("items", &item)?;
    ///         row.emit();
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
