//! Fields of a value that is a JSON object: a schemaless map, or a struct.
//!
//! These functions change only the value, not its schema. A transform that adds or removes fields of a struct must also
//! set a schema that matches, see [`StructBuilder`](super::StructBuilder) and [`SchemaCache`](super::SchemaCache).

use std::borrow::Cow;

use super::object::Span;
use super::{Content, Encoding, Json, JsonKind, Name, NotAnObject, Value, text};
use crate::schema::{Schema, SchemaType};

impl Value<'_> {
    /// Returns a field, or `None` if it does not exist or the value is not a JSON object. If a name occurs more than
    /// once, the last field is returned.
    pub fn get<N: Name + ?Sized>(&mut self, name: &N) -> Option<Json<'_>> {
        self.index().ok()?;
        let span = self.object.get(&self.texts, name)?;
        Some(Json::from_bytes(self.texts.get(span)))
    }

    /// Like [`get`](Value::get), but does not store the positions of the fields. For use in predicates.
    pub fn peek(&self, name: &str) -> Option<Json<'_>> {
        match self.content {
            Content::Object(_) => self.object.get(&self.texts, name).map(|span| Json::from_bytes(self.texts.get(span))),
            Content::Whole(span) if self.encoding == Encoding::Json => Json::from_bytes(self.texts.get(span)).get(name),
            _ => None,
        }
    }

    /// Returns the fields in order.
    pub fn fields(&mut self) -> Result<impl Iterator<Item = (Cow<'_, str>, Json<'_>)>, NotAnObject> {
        self.index()?;
        Ok(self.object.members(&self.texts))
    }

    /// Sets a field. An existing field keeps its position, a new one is added at the end. `write` appends the JSON text
    /// of the new value.
    #[inline]
    fn set_with<N: Name + ?Sized>(&mut self, name: &N, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), NotAnObject> {
        self.index()?;
        self.object.set(&mut self.texts, name, write);
        self.changes.content = true;
        Ok(())
    }

    /// Sets a field to a string.
    pub fn set_str<N: Name + ?Sized>(&mut self, name: &N, value: &str) -> Result<(), NotAnObject> {
        self.set_with(name, |out| text::push_string(out, value))
    }

    /// Sets a field to an integer.
    pub fn set_i64<N: Name + ?Sized>(&mut self, name: &N, value: i64) -> Result<(), NotAnObject> {
        self.set_with(name, |out| out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes()))
    }

    /// Sets a field to a floating-point number.
    pub fn set_f64<N: Name + ?Sized>(&mut self, name: &N, value: f64) -> Result<(), NotAnObject> {
        self.set_with(name, |out| text::push_f64(out, value))
    }

    /// Sets a field to true or false.
    pub fn set_bool<N: Name + ?Sized>(&mut self, name: &N, value: bool) -> Result<(), NotAnObject> {
        self.set_raw(name, if value { b"true" } else { b"false" })
    }

    /// Sets a field to a JSON text. The text must be valid JSON: the runtime checks it and fails the task if it is not.
    pub fn set_raw<N: Name + ?Sized>(&mut self, name: &N, json: &[u8]) -> Result<(), NotAnObject> {
        self.set_with(name, |out| out.extend_from_slice(json))
    }

    /// Sets a field to a JSON text that depends on the current value, or on `None` if the field does not exist. If `new`
    /// returns `None`, the field is not changed. The field is looked up once; [`get`](Value::get) and
    /// [`set_raw`](Value::set_raw) would look it up twice.
    ///
    /// ```
    /// use weir_sdk::value::{NotAnObject, Value};
    /// let mut value = Value::json(r#"{"a":7}"#);
    /// value.update("a", |a| Ok::<_, NotAnObject>(a.filter(|a| !a.is_null()).map(|_| &b"0"[..])))?;
    /// assert_eq!(value.to_string(), r#"{"a":0}"#);
    /// # Ok::<(), NotAnObject>(())
    /// ```
    #[inline]
    pub fn update<'j, N, E>(
        &mut self,
        name: &N,
        new: impl FnOnce(Option<Json<'_>>) -> Result<Option<&'j [u8]>, E>,
    ) -> Result<(), E>
    where
        N: Name + ?Sized,
        E: From<NotAnObject>,
    {
        self.index()?;
        self.changes.content |= self.object.update(&mut self.texts, name, new)?;
        Ok(())
    }

    /// Removes a field. Returns false if it does not exist.
    pub fn remove<N: Name + ?Sized>(&mut self, name: &N) -> Result<bool, NotAnObject> {
        self.index()?;
        let found = self.object.remove(&self.texts, name);
        self.changes.content |= found;
        Ok(found)
    }

    /// Renames a field without changing its position. A field that already has the new name is removed. Returns false if
    /// the field to rename does not exist.
    pub fn rename<F, N>(&mut self, from: &F, to: &N) -> Result<bool, NotAnObject>
    where
        F: Name + ?Sized,
        N: Name + ?Sized,
    {
        self.index()?;
        let found = self.object.rename(&mut self.texts, from, to);
        self.changes.content |= found;
        Ok(found)
    }

    /// Replaces the value with one of its fields, the opposite of [`wrap`](Value::wrap). A string becomes text unless the
    /// schema is of another type, and a missing field becomes null. Only text with escapes is copied.
    ///
    /// ```
    /// use weir_sdk::value::{NotAnObject, Value};
    /// let mut value = Value::json(r#"{"a":{"b":"text"}}"#);
    /// value.extract("a", None)?;
    /// value.extract("b", None)?;
    /// assert_eq!(value.as_text(), Some("text"));
    /// # Ok::<(), NotAnObject>(())
    /// ```
    pub fn extract<N: Name + ?Sized>(&mut self, name: &N, schema: Option<Schema>) -> Result<(), NotAnObject> {
        self.index()?;
        let span = self.object.get(&self.texts, name);
        let is_text = schema.as_ref().is_none_or(|schema| schema.kind() == SchemaType::String);
        let (content, encoding) = match span.map(|span| (span, Json::from_bytes(self.texts.get(span)).kind())) {
            None | Some((_, JsonKind::Null)) => (Content::Null, Encoding::Json),
            Some((span, JsonKind::String)) if is_text => match self.texts.unquote(span) {
                Some(text) => (Content::Whole(text), Encoding::Utf8),
                None => (Content::Whole(span), Encoding::Json),
            },
            Some((span, _)) => (Content::Whole(span), Encoding::Json),
        };
        self.content = content;
        self.changed_to(encoding, schema);
        Ok(())
    }

    /// Returns whether the value is a JSON object.
    #[inline]
    pub fn is_object(&mut self) -> bool {
        self.index().is_ok()
    }

    /// Finds the fields, unless they are already known.
    #[inline]
    fn index(&mut self) -> Result<(), NotAnObject> {
        let found = match self.content {
            Content::Object(_) => true,
            Content::Whole(span) if self.encoding == Encoding::Json => self.find(span),
            _ => false,
        };
        if found { Ok(()) } else { Err(NotAnObject { class: self.class() }) }
    }

    fn find(&mut self, span: Span) -> bool {
        let found = self.object.read(&self.texts, span);
        if found {
            self.content = Content::Object(span);
        }
        found
    }
}
