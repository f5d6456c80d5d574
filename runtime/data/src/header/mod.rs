//! Header converters: between the bytes of Kafka's headers and the values that plugins see.

mod parse;
mod parsed;
mod simple;
mod temporal;
mod tokens;
mod write;

use std::collections::HashMap;

use crate::converter::{self, ConfigError, Converted, Converter};
use crate::records::{Column, Format, Part, Values};

/// Converts the values of headers; one column holds those of all headers of a batch.
#[expect(clippy::wrong_self_convention, reason = "Kafka Connect calls these two directions fromConnect and toConnect")]
pub trait HeaderConverter: Send {
    /// Connect to Kafka, as [`Converter::from_connect`].
    fn from_connect(&mut self, formats: &[Format], values: Values, count: u32) -> Converted<Column>;

    /// As [`Converter::grows`].
    fn grows(&self, _formats: &[Format]) -> bool {
        false
    }

    /// As [`Converter::from_connect_part`].
    fn from_connect_part(&mut self, formats: &[Format], part: Part<'_>, _limit: usize) -> Converted<Column> {
        self.from_connect(formats, part.to_values(), part.count)
    }

    /// Kafka to Connect, as [`Converter::to_connect`].
    fn to_connect(&mut self, column: Column, count: u32, formats: &mut Vec<Format>) -> Converted<Values>;
}

/// Makes the header converter of this class, which may be given by full name, simple name or alias (simple name without
/// `HeaderConverter` or `Converter`). Every converter is a header converter too, with the same rules. `settings` are its
/// own, the prefix `header.converter.` removed.
///
/// # Errors
/// An unknown class, or a setting that does not parse.
pub fn header_converter(
    class: &str,
    settings: &HashMap<String, String>,
) -> Result<Box<dyn HeaderConverter>, ConfigError> {
    if converter::simple_name(class, &["HeaderConverter"]) == Some("Simple") {
        return Ok(Box::new(simple::Simple::new()));
    }
    // Header use counts as value where a converter's settings differ between the two.
    match converter::converter(class, settings, false) {
        Ok(converter) => Ok(Box::new(Same(converter))),
        Err(ConfigError::UnknownClass { class, .. }) => {
            Err(ConfigError::UnknownClass { kind: "header converter", class, known: KNOWN })
        }
        Err(error) => Err(error),
    }
}

/// Simple names of the header converters there are.
const KNOWN: &str = "BooleanConverter, ByteArrayConverter, DoubleConverter, FloatConverter, IntegerConverter, \
    JsonConverter, LongConverter, ShortConverter, SimpleHeaderConverter, StringConverter";

/// A converter at work on headers.
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
