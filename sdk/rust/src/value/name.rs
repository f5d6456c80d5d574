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
}

impl FieldName {
    /// Makes the JSON form.
    pub fn new(text: impl Into<String>) -> FieldName {
        let text = text.into();
        let mut json = Vec::new();
        push_string(&mut json, &text);
        FieldName { text, json }
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
}

impl Name for FieldName {
    fn text(&self) -> &str {
        &self.text
    }

    fn push_json(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.json);
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
