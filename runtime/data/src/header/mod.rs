//! Header converters: between the bytes of Kafka's headers and the values that plugins see.

use std::collections::HashMap;

use crate::converter::{ConfigError, Converted};
use crate::records::{Column, Format, Values};

/// Converts the values of headers; one column holds those of all headers of a batch.
pub trait HeaderConverter: Send {
    /// Connect to Kafka, as [`Converter::from_connect`](crate::converter::Converter::from_connect).
    fn from_connect(&mut self, formats: &[Format], values: Values, count: u32) -> Converted<Column>;

    /// Kafka to Connect, as [`Converter::to_connect`](crate::converter::Converter::to_connect).
    fn to_connect(&mut self, column: Column, count: u32, formats: &mut Vec<Format>) -> Converted<Values>;
}

/// Makes the header converter of this class, which may be given by full name, simple name or alias (simple name without
/// `HeaderConverter` or `Converter`). `settings` are its own, the prefix `header.converter.` removed.
///
/// # Errors
/// An unknown class, or a setting that does not parse.
pub fn header_converter(
    class: &str,
    settings: &HashMap<String, String>,
) -> Result<Box<dyn HeaderConverter>, ConfigError> {
    let _ = settings;
    Err(ConfigError::UnknownClass { kind: "header converter", class: class.to_owned(), known: "" })
}
