//! Reads the values of a batch with their schemas, for the converters that read structured values.

use super::entries::shortened;
use crate::json::payload::{Direction, Rules, tree};
use crate::json::shape::Shape;
use crate::records::{Encoding, Format, NO_FORMAT};
use weir_json::check::check_strict;
use weir_json::node::Node;

/// The formats of a batch, with prepared schemas.
pub(crate) struct View<'a> {
    formats: &'a [Format],
    shapes: Vec<Option<Result<Shape, String>>>,
}

/// A value that is not null.
pub(crate) struct Value<'a> {
    pub(crate) encoding: Encoding,
    pub(crate) shape: Option<&'a Shape>,
    pub(crate) bytes: &'a [u8],
    /// The value as JSON, or null if it has another encoding.
    pub(crate) json: Node<'a>,
}

impl<'a> View<'a> {
    pub(crate) fn new(formats: &'a [Format]) -> Self {
        // Defaults are not used here, but a shape needs rules for them.
        let rules = Rules { direction: Direction::Read, replace_null: false };
        let shape = |format: &Format| {
            format.schema.as_ref().map(|schema| Shape::of(schema, &rules).map_err(|error| shortened(error.to_string())))
        };
        Self { formats, shapes: formats.iter().map(shape).collect() }
    }

    /// Returns the schema of values whose format has this index.
    ///
    /// # Errors
    /// The schema cannot be used.
    pub(crate) fn shape(&self, format: usize) -> Result<Option<&Shape>, String> {
        match self.shapes.get(format) {
            Some(Some(Ok(shape))) => Ok(Some(shape)),
            Some(Some(Err(message))) => Err(message.clone()),
            _ => Ok(None),
        }
    }

    /// Returns a value whose format has this index, or `None` if it is null or the JSON value `null`.
    ///
    /// # Errors
    /// The format is JSON and the value is not valid JSON, or its schema cannot be used.
    pub(crate) fn value<'v>(&'v self, format: usize, bytes: Option<&'v [u8]>) -> Result<Option<Value<'v>>, String> {
        let shape = self.shape(format)?;
        let Some(bytes) = bytes else { return Ok(None) };
        let encoding = self.formats.get(format).unwrap_or(&NO_FORMAT).encoding;
        let mut json = Node::Null;
        if encoding == Encoding::Json {
            check_strict(bytes).map_err(|error| format!("the value is not JSON: {error}"))?;
            let text = simdutf8::basic::from_utf8(bytes).map_err(|_| "the value is not UTF-8")?;
            json = tree(text)?;
            if json == Node::Null {
                return Ok(None);
            }
        }
        Ok(Some(Value { encoding, shape, bytes, json }))
    }
}
