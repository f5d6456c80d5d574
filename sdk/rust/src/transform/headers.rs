//! The headers of a record.

use std::borrow::Cow;

use crate::record::Data;
use crate::schema::Schema;
use crate::value::Encoding;

/// A header: a name and a value with an optional schema.
#[derive(Clone, Debug)]
pub struct Header<'b> {
    pub(super) name: Cow<'b, [u8]>,
    pub(super) encoding: Encoding,
    pub(super) value: Option<Cow<'b, [u8]>>,
    pub(super) schema: Option<Schema>,
}

impl Header<'_> {
    /// Creates a header to add to a record.
    pub fn new(name: &str, value: Data<'_>, schema: Option<Schema>) -> Header<'static> {
        let encoding = match value {
            Data::Bytes(_) => Encoding::Bytes,
            Data::Text(_) => Encoding::Utf8,
            Data::Json(_) | Data::Null => Encoding::Json,
        };
        let value = value.as_bytes().map(|bytes| Cow::Owned(bytes.to_vec()));
        Header { name: Cow::Owned(name.as_bytes().to_vec()), encoding, value, schema }
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        std::str::from_utf8(&self.name).unwrap_or_default()
    }

    /// Returns the value.
    pub fn value(&self) -> Data<'_> {
        let Some(value) = &self.value else { return Data::Null };
        let text = || std::str::from_utf8(value).unwrap_or_default();
        match self.encoding {
            Encoding::Bytes => Data::Bytes(value),
            Encoding::Utf8 => Data::Text(text()),
            Encoding::Json => Data::Json(text()),
        }
    }

    /// Returns the schema of the value.
    pub fn schema(&self) -> Option<&Schema> {
        self.schema.as_ref()
    }
}

/// The headers of a record, in order. A name may occur more than once.
#[derive(Clone, Debug, Default)]
pub struct Headers<'b> {
    pub(super) entries: Vec<Header<'b>>,
    pub(super) changed: bool,
}

impl<'b> Headers<'b> {
    /// Returns an iterator over all headers.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Header<'b>> {
        self.entries.iter()
    }

    /// Returns whether at least one header has this name.
    pub fn contains(&self, name: &str) -> bool {
        self.entries.iter().any(|header| *header.name == *name.as_bytes())
    }

    /// Adds a header after the existing ones.
    pub fn push(&mut self, header: Header<'b>) {
        self.entries.push(header);
        self.changed = true;
    }

    /// Removes the headers for which `keep` returns false.
    pub fn retain(&mut self, keep: impl FnMut(&Header<'b>) -> bool) {
        let before = self.entries.len();
        self.entries.retain(keep);
        self.changed |= self.entries.len() < before;
    }
}
