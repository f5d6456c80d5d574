//! The table of formats that occur in a batch.

use crate::bindings::host::weir::connect::data::{Encoding, Format};
use crate::schema::{Schema, SchemaType};

#[derive(Debug, Default)]
pub(crate) struct Formats {
    entries: Vec<(Encoding, Option<Schema>)>,
    last: usize,
}

impl Formats {
    /// Returns the index of a format. Adds the format if it is new.
    pub(crate) fn index(&mut self, encoding: Encoding, schema: Option<&Schema>) -> u32 {
        let found = match self.entries.get(self.last) {
            Some(last) if same(last, encoding, schema) => self.last,
            _ => self
                .entries
                .iter()
                .position(|entry| same(entry, encoding, schema))
                // Equal schemas that were built apart are one entry too; this is slow, and only for those.
                .or_else(|| self.entries.iter().position(|(other, of)| *other == encoding && of.as_ref() == schema))
                .unwrap_or_else(|| {
                    self.entries.push((encoding, schema.cloned()));
                    self.entries.len() - 1
                }),
        };
        self.last = found;
        found as u32
    }

    /// Returns the index of a format for a null. The schema matters, the encoding does not.
    pub(crate) fn of_null(&mut self, schema: Option<&Schema>) -> u32 {
        match schema {
            Some(schema) => self.index(encoding_of(schema.kind()), Some(schema)),
            None => match self.entries.iter().position(|(_, schema)| schema.is_none()) {
                Some(index) => index as u32,
                None => self.index(Encoding::Bytes, None),
            },
        }
    }

    pub(crate) fn into_list(self) -> Vec<Format> {
        let format = |(encoding, schema): (Encoding, Option<Schema>)| Format {
            encoding,
            schema: schema.map(|schema| schema.to_wit()),
        };
        self.entries.into_iter().map(format).collect()
    }
}

fn same(entry: &(Encoding, Option<Schema>), encoding: Encoding, schema: Option<&Schema>) -> bool {
    entry.0 == encoding
        && match (&entry.1, schema) {
            (None, None) => true,
            (Some(one), Some(other)) => one.same(other),
            _ => false,
        }
}

fn encoding_of(kind: SchemaType) -> Encoding {
    match kind {
        SchemaType::Bytes => Encoding::Bytes,
        SchemaType::String => Encoding::Utf8,
        _ => Encoding::Json,
    }
}
