//! The text of values in Java: `String.valueOf` of the object that Kafka Connect would have.

use super::to_string::{bytes, to_string};
use crate::json::payload::{Direction, Rules, tree};
use crate::json::shape::Shape;
use crate::records::Encoding;
use crate::schema::Schema;
use weir_json::check_strict;

/// Prints values with the same encoding and schema.
#[derive(Debug)]
pub struct JavaText {
    encoding: Encoding,
    shape: Option<Shape>,
}

impl JavaText {
    /// Creates a printer for values with this format.
    ///
    /// # Errors
    /// The schema cannot be used.
    pub fn new(encoding: Encoding, schema: Option<&Schema>) -> Result<JavaText, String> {
        // Defaults are not used here, but a shape needs rules for them.
        let rules = Rules { direction: Direction::Read, replace_null: false };
        let shape = schema.map(|schema| Shape::of(schema, &rules)).transpose().map_err(|error| error.to_string())?;
        Ok(JavaText { encoding, shape })
    }

    /// Appends the text of a value. Bytes that are not a Decimal are not changed; Java prints an address.
    ///
    /// # Errors
    /// The format is JSON and the value is not valid JSON.
    pub fn append(&self, value: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        let is_logical = self.shape.as_ref().is_some_and(|shape| shape.logical.is_some());
        match self.encoding {
            Encoding::Bytes if is_logical => out.extend_from_slice(bytes(self.shape.as_ref(), value).as_bytes()),
            Encoding::Bytes | Encoding::Utf8 => out.extend_from_slice(value),
            Encoding::Json => {
                check_strict(value).map_err(|error| error.to_string())?;
                let text = simdutf8::basic::from_utf8(value).map_err(|error| error.to_string())?;
                let mut printed = String::new();
                to_string(self.shape.as_ref(), &tree(text)?, &mut printed);
                out.extend_from_slice(printed.as_bytes());
            }
        }
        Ok(())
    }
}
