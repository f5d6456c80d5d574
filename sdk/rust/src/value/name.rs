//! Names of fields. Their JSON form can be created once instead of for every record.

use super::text::push_string;

/// The name of a field that is used for many records. Its JSON form is created once.
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
    /// Creates the name and its JSON form.
    pub fn new(text: impl Into<String>) -> FieldName {
        let text = text.into();
        let mut json = Vec::new();
        push_string(&mut json, &text);
        FieldName { head: head(text.as_bytes()), text, json }
    }

    /// Returns the name.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// A type that can name a field: `str`, `String` or [`FieldName`], which is cheaper if the same name is used for many
/// records.
pub trait Name {
    /// Returns the name.
    fn text(&self) -> &str;

    /// Appends the name as a JSON string.
    fn push_json(&self, out: &mut Vec<u8>);

    /// Returns the first eight bytes, which distinguish most names.
    #[doc(hidden)]
    #[inline]
    fn head(&self) -> u64 {
        head(self.text().as_bytes())
    }
}

/// The number of bytes in the head of a name.
pub(super) const HEAD: usize = 8;

/// Returns the first eight bytes of a name. Shorter names are padded with zeros.
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
