//! Names of fields, and their JSON form where it is made once instead of once a row.

use super::text::push_string;

/// A field's name that is used for many rows: its JSON form is made once.
///
/// ```
/// use weir_sdk::value::FieldName;
/// assert_eq!(FieldName::new("a\"b").text(), "a\"b");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldName {
    text: String,
    json: Vec<u8>,
    head: u64,
}

impl FieldName {
    /// Makes the JSON form.
    pub fn new(text: impl Into<String>) -> FieldName {
        let text = text.into();
        let mut json = Vec::new();
        push_string(&mut json, &text);
        FieldName { head: head(text.as_bytes()), text, json }
    }

    /// The name itself.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// What a field can be named by: a `str`, a `String`, or, cheaper where many rows name the same field, a [`FieldName`].
pub trait Name {
    /// The name.
    fn text(&self) -> &str;

    /// Appends the name as a JSON string.
    fn push_json(&self, out: &mut Vec<u8>);

    /// The first eight bytes, by which most names are told apart.
    #[doc(hidden)]
    #[inline]
    fn head(&self) -> u64 {
        head(self.text().as_bytes())
    }
}

/// So many bytes of a name are its head.
pub(super) const HEAD: usize = 8;

/// The first eight bytes of a name, with zeros behind a shorter one.
#[inline]
pub(super) fn head(name: &[u8]) -> u64 {
    match name.first_chunk::<HEAD>() {
        Some(eight) => u64::from_le_bytes(*eight),
        None => name.iter().rev().fold(0, |head, byte| head << 8 | u64::from(*byte)),
    }
}

impl Name for FieldName {
    fn text(&self) -> &str {
        &self.text
    }

    #[inline]
    fn push_json(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.json);
    }

    #[inline]
    fn head(&self) -> u64 {
        self.head
    }
}

impl Name for str {
    fn text(&self) -> &str {
        self
    }

    fn push_json(&self, out: &mut Vec<u8>) {
        push_string(out, self);
    }
}

impl Name for String {
    fn text(&self) -> &str {
        self
    }

    fn push_json(&self, out: &mut Vec<u8>) {
        push_string(out, self);
    }
}
