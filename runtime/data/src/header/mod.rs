//! Header converters: conversions between the bytes of Kafka's headers and the values that plugins see.

mod parse;
mod parsed;
mod simple;
mod temporal;
mod tokens;
mod write;

use std::collections::HashMap;

use crate::converter::{self, ConfigError, Converted, Converter};
use crate::records::{Column, Format, Part, Values};

/// Converts the values of headers. A column contains the values of all headers of a batch.
#[expect(clippy::wrong_self_convention, reason = "Kafka Connect calls these two directions fromConnect and toConnect")]
pub trait HeaderConverter: Send {
    /// Converts from Connect to Kafka, like [`Converter::from_connect`].
    fn from_connect(&mut self, formats: &[Format], values: Values, count: u32) -> Converted<Column>;

    /// See [`Converter::grows`].
    fn grows(&self, _formats: &[Format]) -> bool {
        false
    }

    /// See [`Converter::from_connect_part`].
    fn from_connect_part(&mut self, formats: &[Format], part: Part<'_>, _limit: usize) -> Converted<Column> {
        self.from_connect(formats, part.to_values(), part.count)
    }

    /// Converts from Kafka to Connect, like [`Converter::to_connect`].
    fn to_connect(&mut self, column: Column, count: u32, formats: &mut Vec<Format>) -> Converted<Values>;
}

/// Creates the header converter of this class, given by its full name, simple name or alias (simple name without `HeaderConverter` or
/// `Converter`). Each converter is also a header converter, with the same rules. `settings` are those of the converter, without the prefix
/// `header.converter.`.
///
/// # Errors
/// The class is unknown, or a setting has an invalid value.
pub fn header_converter(
    class: &str,
    settings: &HashMap<String, String>,
) -> Result<Box<dyn HeaderConverter>, ConfigError> {
    if converter::simple_name(class, &["HeaderConverter"]) == Some("Simple") {
        return Ok(Box::new(simple::Simple::new()));
    }
    // If settings differ between keys and values, those of values apply to headers.
    match converter::converter(class, settings, false) {
        Ok(converter) => Ok(Box::new(Same(converter))),
        Err(ConfigError::UnknownClass { class, .. }) => {
            Err(ConfigError::UnknownClass { kind: "header converter", class, known: KNOWN })
        }
        Err(error) => Err(error),
    }
}

/// The simple names of the available header converters.
const KNOWN: &str = "BooleanConverter, ByteArrayConverter, DoubleConverter, FloatConverter, IntegerConverter, \
    JsonConverter, LongConverter, ShortConverter, SimpleHeaderConverter, StringConverter";

/// Applies a converter to headers.
struct Same(Box<dyn Converter>);

impl HeaderConverter for Same {
    fn from_connect(&mut self, formats: &[Format], values: Values, count: u32) -> Converted<Column> {
        self.0.from_connect(formats, values, count)
    }

    fn grows(&self, formats: &[Format]) -> bool {
        self.0.grows(formats)
    }

    fn from_connect_part(&mut self, formats: &[Format], part: Part<'_>, limit: usize) -> Converted<Column> {
        self.0.from_connect_part(formats, part, limit)
    }

    fn to_connect(&mut self, column: Column, count: u32, formats: &mut Vec<Format>) -> Converted<Values> {
        self.0.to_connect(column, count, formats)
    }
}
