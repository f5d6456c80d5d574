//! Converters: between the bytes of Kafka and the values that plugins see. [`converter`] makes one by its class name.
//!
//! A converter works on a whole column. A row that it cannot convert is null in the output and has an error of its own.
//!
//! They do what Kafka Connect's do, which `tests/kafka_connect.rs` compares them with, except for a few things:
//!
//! - JSON without a schema is checked, not rebuilt: members keep their order, numbers and strings their spelling.
//! - A Decimal always has its schema's scale. One written as a number gets the zeros it lacks, or fails.
//! - StringConverter passes bytes on as they are, where Java prints an address; inside of other values they are base64.
//! - Null in a list or map whose schema allows none is refused when it is read, wherever the list or map stands.
//! - A logical type's name counts on the type that carries it only, and structs may have defaults.
//! - Lists and maps in headers whose entries have no type in common have no schema.
//! - Number converters take a number without a schema if it fits: plugins in most languages have one kind of number.

mod boolean;
mod bytes;
mod charset;
mod json;
mod numbers;
pub(crate) mod rows;
pub(crate) mod settings;
mod string;
pub(crate) mod view;

use std::collections::HashMap;

use crate::records::{Column, Format, Part, Values};

/// Converts keys or values.
#[expect(clippy::wrong_self_convention, reason = "Kafka Connect calls these two directions fromConnect and toConnect")]
pub trait Converter: Send {
    /// Connect to Kafka. The values are those of a checked batch. Values of a type that the converter cannot write are
    /// errors of their rows.
    fn from_connect(&mut self, formats: &[Format], values: Values, count: u32) -> Converted<Column>;

    /// True = values with such formats may become much larger than they are, by what their schemas add to each. They are
    /// better converted in parts.
    fn grows(&self, _formats: &[Format]) -> bool {
        false
    }

    /// As [`from_connect`](Self::from_connect), for part of a column, which stays where it is. A converter that
    /// [`grows`](Self::grows) stops after the row with which the output has `limit` bytes; the output then has as many lengths
    /// as rows were converted.
    fn from_connect_part(&mut self, formats: &[Format], part: Part<'_>, _limit: usize) -> Converted<Column> {
        self.from_connect(formats, part.to_values(), part.count)
    }

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

/// Simple names of the converters there are.
const KNOWN: &str = "BooleanConverter, ByteArrayConverter, DoubleConverter, FloatConverter, IntegerConverter, \
    JsonConverter, LongConverter, ShortConverter, StringConverter";

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
    let unknown = || ConfigError::UnknownClass { kind: "converter", class: class.to_owned(), known: KNOWN };
    Ok(match simple_name(class, &["Converter"]).ok_or_else(unknown)? {
        "Boolean" => Box::new(boolean::Boolean::new()),
        "ByteArray" => Box::new(bytes::Bytes::new()),
        "Double" => Box::new(numbers::Numbers::new(numbers::Kind::Double)),
        "Float" => Box::new(numbers::Numbers::new(numbers::Kind::Float)),
        "Integer" => Box::new(numbers::Numbers::new(numbers::Kind::Integer)),
        "Json" => Box::new(json::Json::configure(settings)?),
        "Long" => Box::new(numbers::Numbers::new(numbers::Kind::Long)),
        "Short" => Box::new(numbers::Numbers::new(numbers::Kind::Short)),
        "String" => Box::new(string::Text::configure(settings, is_key)?),
        _ => return Err(unknown()),
    })
}

/// The packages of Kafka Connect's converters, by the name of a class without its suffix.
fn package(name: &str) -> &'static str {
    match name {
        "Json" => "org.apache.kafka.connect.json",
        "String" | "Simple" => "org.apache.kafka.connect.storage",
        _ => "org.apache.kafka.connect.converters",
    }
}

/// The full name of a converter's class, whichever of its names was given.
pub fn full_name(class: &str) -> String {
    match simple_name(class, &["HeaderConverter", "Converter"]) {
        Some("Simple") => format!("{}.SimpleHeaderConverter", package("Simple")),
        Some(name) => format!("{}.{name}Converter", package(name)),
        None => class.to_owned(),
    }
}

/// A class's simple name without the suffix, whichever of its names was given. A full name has to have the right package.
pub(crate) fn simple_name<'a>(class: &'a str, suffixes: &[&str]) -> Option<&'a str> {
    let class = class.trim();
    let strip = |name: &'a str| suffixes.iter().find_map(|suffix| name.strip_suffix(suffix));
    match class.rsplit_once('.') {
        Some((given, name)) => strip(name).filter(|name| package(name) == given),
        None => Some(strip(class).unwrap_or(class)),
    }
}

pub use self::json::NOT_JSON;
pub use crate::header::{HeaderConverter, header_converter};
