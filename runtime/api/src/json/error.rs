//! What is wrong with a JSON body, in the words that Jackson 2.21 has for it and with the place where it sees it. Kafka Connect's
//! clients get these texts, so ours are the same.

use std::fmt;

/// Line and column, both from 1. A column is a byte of its line, as in Jackson's reader of UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) line: usize,
    pub(super) column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column } = self;
        write!(
            f,
            "[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: {line}, column: {column}]"
        )
    }
}

/// A body that is not what it should be. Kafka Connect answers these with 500, and Weir too, but for an overlong name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    text: String,
    at: Option<Position>,
    /// The steps that lead to it from the whole body: `java.util.LinkedHashMap["a"]`.
    path: Vec<String>,
    /// Whether it is about the meaning of the JSON, not about its form. Maps and lists add a step only to such ones.
    mapping: bool,
    /// Whether there is nothing wrong with it but the length of a field name.
    long_name: bool,
}

impl Error {
    /// Broken JSON.
    pub(super) fn malformed(text: impl Into<String>, at: Position) -> Self {
        Self { text: text.into(), at: Some(at), path: Vec::new(), mapping: false, long_name: false }
    }

    /// More of something than Jackson reads; it tells no place.
    pub(super) fn too_much(text: String) -> Self {
        Self { text, at: None, path: Vec::new(), mapping: false, long_name: false }
    }

    /// A longer field name than Jackson reads.
    pub(super) fn long_name(text: String) -> Self {
        Self { long_name: true, ..Self::too_much(text) }
    }

    /// Whether a field name is longer than it may be.
    pub fn is_long_name(&self) -> bool {
        self.long_name
    }

    /// JSON that is no value of the expected type.
    pub(super) fn mapping(text: impl Into<String>, at: Option<Position>) -> Self {
        Self { text: text.into(), at, path: Vec::new(), mapping: true, long_name: false }
    }

    /// The same error, met while a field of a record was read.
    pub(super) fn in_field(mut self, class: &str, field: &str) -> Self {
        self.mapping = true;
        self.path.insert(0, format!("{class}[\"{field}\"]"));
        self
    }

    /// The same error, met while an entry of a map was read.
    pub(super) fn in_entry(mut self, key: &str) -> Self {
        if self.mapping {
            self.path.insert(0, format!("java.util.LinkedHashMap[\"{key}\"]"));
        }
        self
    }

    /// The same error, met while an item of a list was read.
    pub(super) fn in_item(mut self, index: usize) -> Self {
        if self.mapping {
            self.path.insert(0, format!("java.util.ArrayList[{index}]"));
        }
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        if let Some(at) = self.at {
            write!(f, "\n at {at}")?;
        }
        if !self.path.is_empty() {
            write!(f, " (through reference chain: {})", self.path.join("->"))?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
