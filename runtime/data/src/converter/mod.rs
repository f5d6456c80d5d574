//! Converters between the bytes of Kafka and the values that plugins see. [`converter`] creates one by its class name.
//!
//! A converter works on a whole column. An entry that it cannot convert is null in the output, and its error is returned.
//!
//! Converters behave like those of Kafka Connect, with which `tests/kafka_connect.rs` compares them. The differences are:
//!
//! - JSON without a schema is checked, not rebuilt: the order of members and the spelling of numbers and strings do not change.
//! - A Decimal always has its schema's scale. If it is written as a number, missing zeros are added; otherwise it fails.
//! - StringConverter does not change bytes, for which Java prints an address. Bytes inside other values become base64.
//! - A null in a list or map whose schema does not allow it is rejected when it is read, at any level.
//! - The name of a logical type has a meaning only on its own base type, and structs may have defaults.
//! - A list or map in a header has no schema if its entries do not have a common type.
//! - Number converters accept a number without a schema if it fits, because most languages have only one type of number.

mod boolean;
mod bytes;
mod charset;
pub(crate) mod entries;
mod json;
mod numbers;
pub(crate) mod settings;
mod string;
pub(crate) mod view;

use std::collections::HashMap;

use crate::records::{Column, Format, Part, Values};

/// Converts keys or values.
#[expect(clippy::wrong_self_convention, reason = "Kafka Connect calls these two directions fromConnect and toConnect")]
pub trait Converter: Send {
    /// Converts from Connect to Kafka. The values are those of a checked batch. The result contains an error for each value of a
    /// type that the converter cannot write.
    fn from_connect(&mut self, formats: &[Format], values: Values, count: u32) -> Converted<Column>;

    /// Returns whether values with such formats may become much larger, because of what their schemas add to each of them. Such
    /// values are converted in parts.
    fn grows(&self, _formats: &[Format]) -> bool {
        false
    }

    /// Like [`from_connect`](Self::from_connect), with a borrowed part of a column. A converter that [`grows`](Self::grows) stops
    /// after the entry with which the output reaches `limit` bytes. The output then has one length for each converted entry.
    fn from_connect_part(&mut self, formats: &[Format], part: Part<'_>, _limit: usize) -> Converted<Column> {
        self.from_connect(formats, part.to_values(), part.count)
    }

    /// Converts from Kafka to Connect. Adds the formats of the values to `formats`, the table of the whole batch.
    fn to_connect(&mut self, column: Column, count: u32, formats: &mut Vec<Format>) -> Converted<Values>;
}

/// A converted column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Converted<T> {
    /// The column. Entries that failed are null.
    pub output: T,
    /// The errors of the entries that failed, in order.
    pub failures: Vec<EntryError>,
}

/// The error of an entry that could not be converted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("record {index}: {message}")]
pub struct EntryError {
    /// The index of the entry in the column.
    pub index: u32,
    /// Kafka Connect's message, followed by more details if there are any.
    pub message: String,
}

impl<T> Converted<T> {
    /// Creates the result of a conversion without errors.
    pub fn all(output: T) -> Self {
        Self { output, failures: Vec::new() }
    }
}

/// Why a converter cannot be created.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// There is no converter with that name.
    #[error("{class:?} is not the class of a {kind}; the available ones are: {known}")]
    UnknownClass {
        /// `converter` or `header converter`.
        kind: &'static str,
        /// The given name.
        class: String,
        /// The simple names of the available converters.
        known: &'static str,
    },
    /// A setting has an invalid value.
    #[error("Invalid value {value} for configuration {key}: {reason}")]
    Setting {
        /// The key, without the converter's prefix.
        key: &'static str,
        /// Its value.
        value: String,
        /// The valid values.
        reason: String,
    },
}

/// The simple names of the available converters.
const KNOWN: &str = "BooleanConverter, ByteArrayConverter, DoubleConverter, FloatConverter, IntegerConverter, \
    JsonConverter, LongConverter, ShortConverter, StringConverter";

/// Creates the converter of this class, given by its full name, simple name or alias (simple name without `Converter`). `settings`
/// are those of the converter, without the prefix (`key.converter.`).
///
/// # Errors
/// The class is unknown, or a setting has an invalid value.
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

/// Returns the package of a converter of Kafka Connect, by the name of its class without the suffix.
fn package(name: &str) -> &'static str {
    match name {
        "Json" => "org.apache.kafka.connect.json",
        "String" | "Simple" => "org.apache.kafka.connect.storage",
        _ => "org.apache.kafka.connect.converters",
    }
}

/// Returns the full name of a converter's class, for any of its names.
pub fn full_name(class: &str) -> String {
    match simple_name(class, &["HeaderConverter", "Converter"]) {
        Some("Simple") => format!("{}.SimpleHeaderConverter", package("Simple")),
        Some(name) => format!("{}.{name}Converter", package(name)),
        None => class.to_owned(),
    }
}

/// Returns the simple name of a class without the suffix, for any of its names. A full name must have the right package.
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
