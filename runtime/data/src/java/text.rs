//! What Java prints for the values of one format: `String.valueOf` of what Kafka Connect would have there.

use super::to_string::{bytes, to_string};
use crate::json::payload::{Direction, Rules, tree};
use crate::json::shape::Shape;
use crate::records::Encoding;
use crate::schema::Schema;
use weir_json::check_strict;

/// Prints values that have one encoding and one schema.
#[derive(Debug)]
pub struct JavaText {
    encoding: Encoding,
    shape: Option<Shape>,
}

impl JavaText {
    /// For values of this format.
    ///
    /// # Errors
    /// The schema cannot be used.
    pub fn new(encoding: Encoding, schema: Option<&Schema>) -> Result<JavaText, String> {
        // Defaults are of no interest here, but a schema's shape has to be made by some rules.
        let rules = Rules { direction: Direction::Read, replace_null: false };
        let shape = schema.map(|schema| Shape::of(schema, &rules)).transpose().map_err(|error| error.to_string())?;
        Ok(JavaText { encoding, shape })
    }

    /// Appends a value's text. Bytes that are no Decimal stay what they are, where Java prints an address.
    ///
    /// # Errors
    /// The value is said to be JSON and is not.
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
