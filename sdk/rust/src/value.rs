//! Keys and values in transforms. They are read in place, parsed only when a field is accessed, and written once.
//!
//! A [`Value`] is null, bytes, text, or JSON text in the payload format of Kafka Connect's JsonConverter, each with or
//! without a Connect schema. The members of a JSON object can be read, set, added, renamed and removed. They are found in
//! one pass over the text without building a tree, and changes are kept separately from the text until the value leaves
//! the chain. A value is parsed and written once, regardless of the number of transforms in the chain.
//!
//! ```
//! use weir_sdk::value::Value;
//!
//! let mut value = Value::json(r#"{"id":7,"name":"ann","note":null}"#);
//! assert_eq!(value.get("id").and_then(|id| id.as_i64()), Some(7));
//! value.set_str("name", "Ann")?;
//! value.remove("note")?;
//! value.rename("id", "key")?;
//! value.set_bool("checked", true)?;
//! assert_eq!(value.to_string(), r#"{"key":7,"name":"Ann","checked":true}"#);
//! # Ok::<(), weir_sdk::value::NotAnObject>(())
//! ```

mod cache;
mod class;
mod fields;
mod json;
mod name;
mod object;
mod rebuild;
mod scan;
#[cfg(test)]
mod tests;
mod text;

use std::fmt;

pub use cache::SchemaCache;
pub use json::{Json, JsonKind};
pub use name::{FieldName, Name};
pub use rebuild::{FieldError, StructBuilder};
pub use text::json_string;

pub use crate::bindings::host::weir::connect::data::Encoding;
use crate::schema::{Schema, SchemaType};
use object::{Object, Span, Texts};

/// A key or a value. See the [module](self).
#[derive(Clone, Debug)]
pub struct Value<'b> {
    content: Content,
    encoding: Encoding,
    schema: Option<Schema>,
    texts: Texts<'b>,
    /// The members of a `Content::Object`. The memory is reused for all records.
    object: Object,
    /// A buffer to write an object that another object wraps.
    spare: Vec<u8>,
    changes: Changes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    Null,
    /// Bytes, text or JSON, depending on `encoding`.
    Whole(Span),
    /// JSON with known members. The span is its text, which is valid until something changes.
    Object(Span),
}

/// The parts of a value that have changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Changes {
    content: bool,
    /// The encoding or the schema.
    format: bool,
}

/// The value has no fields to change, because it is not a JSON object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the value is not a JSON object but a {class}")]
pub struct NotAnObject {
    /// The Java class that Kafka Connect would use for the value.
    pub class: &'static str,
}

impl From<NotAnObject> for crate::RecordError {
    fn from(error: NotAnObject) -> crate::RecordError {
        crate::RecordError::new(error)
    }
}

/// Constructors, for tests and for records that a transform adds.
impl<'b> Value<'b> {
    /// Creates a null without a schema.
    pub fn null() -> Value<'b> {
        Value::new(Encoding::Json, None, None)
    }

    /// Creates a value of bytes without a schema.
    pub fn bytes(bytes: &'b [u8]) -> Value<'b> {
        Value::new(Encoding::Bytes, Some(bytes), None)
    }

    /// Creates a text without a schema.
    pub fn text(text: &'b str) -> Value<'b> {
        Value::new(Encoding::Utf8, Some(text.as_bytes()), None)
    }

    /// Creates a JSON text without a schema.
    pub fn json(text: &'b str) -> Value<'b> {
        Value::new(Encoding::Json, Some(text.as_bytes()), None)
    }

    /// Sets the schema. The value is not checked against it.
    pub fn with_schema(mut self, schema: &Schema) -> Value<'b> {
        self.schema = Some(schema.clone());
        self
    }

    pub(crate) fn new(encoding: Encoding, bytes: Option<&'b [u8]>, schema: Option<Schema>) -> Value<'b> {
        let mut value = Value {
            content: Content::Null,
            encoding,
            schema: None,
            texts: Texts::default(),
            object: Object::default(),
            spare: Vec::new(),
            changes: Changes::default(),
        };
        value.load(encoding, bytes, schema.as_ref());
        value
    }

    /// Loads the value of another record. The memory is reused.
    #[inline]
    pub(crate) fn load(&mut self, encoding: Encoding, bytes: Option<&'b [u8]>, schema: Option<&Schema>) {
        self.texts.original = bytes.unwrap_or_default();
        self.texts.edits.clear();
        self.encoding = encoding;
        self.changes = Changes::default();
        self.content = match bytes {
            Some(bytes) => Content::Whole(Span::original(0, bytes.len())),
            None => Content::Null,
        };
        match (&self.schema, schema) {
            (None, None) => {}
            (Some(there), Some(schema)) if there.same(schema) => {}
            _ => self.schema = schema.cloned(),
        }
    }

    /// Reuses the memory for the values of another batch.
    pub(crate) fn recycle<'c>(self) -> Value<'c> {
        let texts = Texts { original: &[], edits: self.texts.edits };
        let mut value = Value { texts, object: self.object, spare: self.spare, ..Value::null() };
        value.load(Encoding::Json, None, None);
        value
    }

    /// Returns whether the value has changed since it was loaded.
    #[inline]
    pub(crate) fn is_changed(&self) -> bool {
        self.changes != Changes::default()
    }
}

/// Functions for the whole value.
impl<'b> Value<'b> {
    /// Returns whether the value is null. The JSON text `null` counts as null.
    #[inline]
    pub fn is_null(&self) -> bool {
        match self.content {
            Content::Null => true,
            Content::Whole(span) => self.encoding == Encoding::Json && Json::from_bytes(self.texts.get(span)).is_null(),
            Content::Object(_) => false,
        }
    }

    /// Returns the encoding of the value. It has no meaning for a null.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Returns the schema of the value.
    pub fn schema(&self) -> Option<&Schema> {
        self.schema.as_ref()
    }

    /// Replaces the schema of the value. The value itself is unchanged and is not checked against the schema.
    pub fn set_schema(&mut self, schema: Option<Schema>) {
        self.schema = schema;
        self.changes.format = true;
    }

    /// Returns the text if the value is text, or `None`. To read a JSON string, use [`Value::as_json`].
    pub fn as_text(&self) -> Option<&str> {
        match self.content {
            Content::Whole(span) if self.encoding == Encoding::Utf8 => std::str::from_utf8(self.texts.get(span)).ok(),
            _ => None,
        }
    }

    /// Returns the bytes if the value is bytes, or `None`.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self.content {
            Content::Whole(span) if self.encoding == Encoding::Bytes => Some(self.texts.get(span)),
            _ => None,
        }
    }

    /// Returns the JSON if the value is JSON, or `None`.
    pub fn as_json(&mut self) -> Option<Json<'_>> {
        if self.encoding != Encoding::Json {
            return None;
        }
        let span = self.settle()?;
        Some(Json::from_bytes(self.texts.get(span)))
    }

    /// Returns the Java class that Kafka Connect would use for this value and prints in its messages, or `null` for a
    /// null.
    pub fn class(&self) -> &'static str {
        if self.is_null() {
            return "null";
        }
        match (&self.schema, self.content, self.encoding) {
            (Some(schema), ..) => class::of_schema(schema.root().node()),
            (None, _, Encoding::Utf8) => class::of_text(),
            (None, _, Encoding::Bytes) => class::of_bytes(),
            (None, Content::Whole(span), Encoding::Json) => class::of_json(Json::from_bytes(self.texts.get(span))),
            (None, ..) => class::of_json(Json::from_bytes(b"{")),
        }
    }

    /// Returns whether the schema is that of a struct.
    #[inline]
    pub fn is_struct(&self) -> bool {
        self.schema.as_ref().is_some_and(|schema| schema.kind() == SchemaType::Struct)
    }

    /// Sets the value to null.
    pub fn set_null(&mut self, schema: Option<Schema>) {
        self.content = Content::Null;
        // Not that of the value before, which need not go with the schema.
        self.changed_to(Encoding::Json, schema);
    }

    /// Sets the value to a text.
    pub fn set_text(&mut self, text: &str, schema: Option<Schema>) {
        self.replace(text.as_bytes(), Encoding::Utf8, schema);
    }

    /// Sets the value to bytes.
    pub fn set_bytes(&mut self, bytes: &[u8], schema: Option<Schema>) {
        self.replace(bytes, Encoding::Bytes, schema);
    }

    /// Sets the value to a JSON text. The text must be valid JSON: the runtime checks it and fails the task if it is not.
    pub fn set_json(&mut self, text: &str, schema: Option<Schema>) {
        self.replace(text.as_bytes(), Encoding::Json, schema);
    }

    /// Wraps the value in an object with one member. Text becomes a JSON string, and bytes become base64.
    pub fn wrap<N: Name + ?Sized>(&mut self, name: &N, schema: Option<Schema>) {
        let span = match (self.settle(), self.encoding) {
            (None, _) => self.texts.edit(|out| out.extend_from_slice(b"null")),
            (Some(span), Encoding::Json) => span,
            (Some(span), Encoding::Utf8) => self.texts.rewrite(span, text::push_utf8),
            (Some(span), Encoding::Bytes) => self.texts.rewrite(span, text::push_base64),
        };
        self.object.single(&mut self.texts, name, span);
        self.content = Content::Object(span);
        self.changed_to(Encoding::Json, schema);
    }

    /// Appends the current value, or nothing for a null.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match self.content {
            Content::Null => {}
            Content::Whole(span) => out.extend_from_slice(self.texts.get(span)),
            Content::Object(span) if !self.changes.content => out.extend_from_slice(self.texts.get(span)),
            Content::Object(_) => self.object.write(&self.texts, out),
        }
    }

    /// Returns whether the value is absent. The JSON text `null` is not absent.
    pub(crate) fn is_absent(&self) -> bool {
        self.content == Content::Null
    }

    fn replace(&mut self, bytes: &[u8], encoding: Encoding, schema: Option<Schema>) {
        self.content = Content::Whole(self.texts.edit(|out| out.extend_from_slice(bytes)));
        self.changed_to(encoding, schema);
    }

    fn changed_to(&mut self, encoding: Encoding, schema: Option<Schema>) {
        self.encoding = encoding;
        self.schema = schema;
        self.changes = Changes { content: true, format: true };
    }

    /// Returns the bytes of the value in one piece, or `None` for null.
    fn settle(&mut self) -> Option<Span> {
        match self.content {
            Content::Null => None,
            Content::Whole(span) => Some(span),
            Content::Object(span) if !self.changes.content => Some(span),
            Content::Object(_) => {
                self.spare.clear();
                self.object.write(&self.texts, &mut self.spare);
                let span = self.texts.edit(|edits| edits.extend_from_slice(&self.spare));
                self.content = Content::Whole(span);
                Some(span)
            }
        }
    }
}

/// Formats the value as it would be written. A null is empty.
impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::new();
        self.write(&mut out);
        f.write_str(&String::from_utf8_lossy(&out))
    }
}
