//! Converters: between the bytes of Kafka and the values that plugins see. [`converter`] makes one by its class name.
//!
//! A converter works on a whole column. A row that it cannot convert is null in the output and has an error of its own.

use std::collections::HashMap;

use crate::records::{Column, Format, Values};

/// Converts keys or values.
pub trait Converter: Send {
    /// Connect to Kafka. The values are those of a checked batch. Values of a type that the converter cannot write are
    /// errors of their rows.
    fn from_connect(&mut self, formats: &[Format], values: Values, count: u32) -> Converted<Column>;

    /// Kafka to Connect. Adds the formats it needs to `formats`, the table of the whole batch, and gives indexes into it.
    fn to_connect(&mut self, column: Column, count: u32, formats: &mut Vec<Format>) -> Converted<Values>;
}

/// What became of a column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Converted<T> {
    /// The column; rows that failed are null in it.
    pub output: T,
    /// The rows that failed, in order.
    pub failures: Vec<RowError>,
}

/// A row that could not be converted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("row {row}: {message}")]
pub struct RowError {
    /// Index of the row in the column.
    pub row: u32,
    /// Kafka Connect's message, followed by what is known beyond it.
    pub message: String,
}

impl<T> Converted<T> {
    /// A column of which every row succeeded.
    pub fn all(output: T) -> Self {
        Self { output, failures: Vec::new() }
    }
}

/// A converter that cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// No converter of that name.
    #[error("no {kind} has the class {class:?}; there are: {known}")]
    UnknownClass {
        /// `converter` or `header converter`.
        kind: &'static str,
        /// What was asked for.
        class: String,
        /// Simple names of those there are.
        known: &'static str,
    },
    /// A setting with a value that it cannot have.
    #[error("Invalid value {value} for configuration {key}: {reason}")]
    Setting {
        /// The key, without the converter's prefix.
        key: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        reason: String,
    },
}

/// Makes the converter of this class, which may be given by full name, simple name or alias (simple name without
/// `Converter`). `settings` are the converter's own, their prefix (`key.converter.`) removed.
///
/// # Errors
/// An unknown class, or a setting that does not parse.
pub fn converter(
    class: &str,
    settings: &HashMap<String, String>,
    is_key: bool,
) -> Result<Box<dyn Converter>, ConfigError> {
    let _ = (settings, is_key);
    Err(ConfigError::UnknownClass { kind: "converter", class: class.to_owned(), known: "" })
}

pub use crate::header::{HeaderConverter, header_converter};
