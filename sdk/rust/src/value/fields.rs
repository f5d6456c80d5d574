//! The fields of a value that is a JSON object: a schemaless map, or a struct.
//!
//! With a schema, the value alone is changed here. A transform that adds or removes fields of a struct gives the value the
//! schema that fits, see [`StructBuilder`](super::StructBuilder) and [`SchemaCache`](super::SchemaCache).

use std::borrow::Cow;

use super::object::Span;
use super::{Content, Encoding, Json, JsonKind, Name, NotAnObject, Value, text};
use crate::schema::{Schema, SchemaType};

impl Value<'_> {
    /// A field. Where a name occurs twice the last one counts. `None` = there is none, or the value is no JSON object.
    pub fn get<N: Name + ?Sized>(&mut self, name: &N) -> Option<Json<'_>> {
        self.index().ok()?;
        let span = self.object.get(&self.texts, name)?;
        Some(Json::from_bytes(self.texts.get(span)))
    }

    /// As [`get`](Value::get), without remembering where the fields are: for a look from a predicate.
    pub fn peek(&self, name: &str) -> Option<Json<'_>> {
        match self.content {
            Content::Object(_) => self.object.get(&self.texts, name).map(|span| Json::from_bytes(self.texts.get(span))),
            Content::Whole(span) if self.encoding == Encoding::Json => Json::from_bytes(self.texts.get(span)).get(name),
            _ => None,
        }
    }

    /// The fields in order.
    pub fn fields(&mut self) -> Result<impl Iterator<Item = (Cow<'_, str>, Json<'_>)>, NotAnObject> {
        self.index()?;
        Ok(self.object.members(&self.texts))
    }

    /// Sets a field: in its place if it is there, at the end if not. `write` appends the new value's JSON text.
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

    /// Sets a field to a whole number.
    pub fn set_i64<N: Name + ?Sized>(&mut self, name: &N, value: i64) -> Result<(), NotAnObject> {
        self.set_with(name, |out| out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes()))
    }

    /// Sets a field to a floating point number.
    pub fn set_f64<N: Name + ?Sized>(&mut self, name: &N, value: f64) -> Result<(), NotAnObject> {
        self.set_with(name, |out| text::push_f64(out, value))
    }

    /// Sets a field to true or false.
    pub fn set_bool<N: Name + ?Sized>(&mut self, name: &N, value: bool) -> Result<(), NotAnObject> {
        self.set_raw(name, if value { b"true" } else { b"false" })
    }

    /// Sets a field to a JSON text, which must be one: the runtime checks it and fails the task where it is not.
    pub fn set_raw<N: Name + ?Sized>(&mut self, name: &N, json: &[u8]) -> Result<(), NotAnObject> {
        self.set_with(name, |out| out.extend_from_slice(json))
    }

    /// Sets a field to a JSON text that depends on the value it has, `None` = the field is not there: found once, where
    /// [`get`](Value::get) and [`set_raw`](Value::set_raw) find it twice. Where `new` gives `None`, the value stays as it is.
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

    /// Takes a field out. False = there was none.
    pub fn remove<N: Name + ?Sized>(&mut self, name: &N) -> Result<bool, NotAnObject> {
        self.index()?;
        let found = self.object.remove(&self.texts, name);
        self.changes.content |= found;
        Ok(found)
    }

    /// Gives a field another name, in its place; a field that has that name already goes. False = there was none.
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

    /// Becomes one of its fields, the opposite of [`wrap`](Value::wrap): a string becomes a text unless the schema is that of
    /// something else, and a field that is not there becomes null. Only a text with escapes is copied.
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

    /// True = the value is a JSON object.
    #[inline]
    pub fn is_object(&mut self) -> bool {
        self.index().is_ok()
    }

    /// Finds the fields, unless they are known.
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
