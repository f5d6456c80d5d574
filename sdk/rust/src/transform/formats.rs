//! The formats of a batch and their schemas. Equal schemas keep the same identity across batches.

use crate::bindings::host::weir::connect::data as wit;
use crate::schema::Schema;
use crate::value::Encoding;

/// The number of schemas to keep: more than a chain normally uses at a time.
const KEPT: usize = 64;

/// Schemas from previous batches. Equal schemas share one instance, so that a transform that derived a schema from one
/// for a record of an earlier batch finds it again.
#[derive(Debug, Default)]
pub(super) struct SchemaPool {
    /// Most recently used first.
    schemas: Vec<Schema>,
}

impl SchemaPool {
    fn share(&mut self, schema: wit::Schema) -> Schema {
        let schema = match self.schemas.iter().position(|known| known.nodes() == schema.nodes) {
            Some(at) => self.schemas.remove(at),
            None => Schema::from_nodes(schema.nodes),
        };
        self.schemas.truncate(KEPT - 1);
        self.schemas.insert(0, schema.clone());
        schema
    }
}

/// The format table of a batch.
#[derive(Debug)]
pub(super) struct Formats {
    entries: Vec<(Encoding, Option<Schema>)>,
    /// The number of formats in the input batch.
    original: usize,
    last: usize,
}

impl Formats {
    pub(super) fn new(formats: Vec<wit::Format>, pool: &mut SchemaPool) -> Formats {
        let entries: Vec<_> = formats
            .into_iter()
            .map(|format| (format.encoding, format.schema.map(|schema| pool.share(schema))))
            .collect();
        Formats { original: entries.len(), entries, last: 0 }
    }

    /// Returns the format of a record. An empty table means bytes without a schema.
    #[inline]
    pub(super) fn get(&self, index: u32) -> (Encoding, Option<&Schema>) {
        match self.entries.get(index as usize) {
            Some((encoding, schema)) => (*encoding, schema.as_ref()),
            None => (Encoding::Bytes, None),
        }
    }

    /// Returns the index of a format. Adds the format if it is new.
    #[inline]
    pub(super) fn index(&mut self, encoding: Encoding, schema: Option<&Schema>) -> u32 {
        if !self.entries.get(self.last).is_some_and(|entry| same(entry, encoding, schema)) {
            self.last = self.search(encoding, schema);
        }
        self.last as u32
    }

    fn search(&mut self, encoding: Encoding, schema: Option<&Schema>) -> usize {
        if self.entries.is_empty() {
            // What records without an index had until now must stay the first one.
            self.entries.push((Encoding::Bytes, None));
        }
        let same = self.entries.iter().position(|entry| same(entry, encoding, schema));
        // Equal schemas that were made apart are one entry too; this is slow, and only for those.
        same.or_else(|| self.entries.iter().position(|entry| entry.0 == encoding && entry.1.as_ref() == schema))
            .unwrap_or_else(|| {
                self.entries.push((encoding, schema.cloned()));
                self.entries.len() - 1
            })
    }

    /// Returns the formats that were not in the input batch.
    pub(super) fn into_added(self) -> Vec<wit::Format> {
        let added = self.entries.into_iter().skip(self.original);
        added.map(|(encoding, schema)| wit::Format { encoding, schema: schema.map(|schema| schema.to_wit()) }).collect()
    }
}

#[inline]
fn same(entry: &(Encoding, Option<Schema>), encoding: Encoding, schema: Option<&Schema>) -> bool {
    entry.0 == encoding
        && match (&entry.1, schema) {
            (None, None) => true,
            (Some(there), Some(schema)) => there.same(schema),
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(schema: Option<Schema>) -> wit::Format {
        wit::Format { encoding: Encoding::Json, schema: schema.map(|schema| schema.to_wit()) }
    }

    #[test]
    fn schemas_keep_their_identity_from_batch_to_batch() {
        let mut pool = SchemaPool::default();
        let mut batch = || Formats::new(vec![format(None), format(Some(Schema::int8().build()))], &mut pool);
        let (first, second) = (batch(), batch());
        assert!(first.get(1).1.unwrap().same(second.get(1).1.unwrap()));
        assert!(second.get(0).1.is_none());
    }

    #[test]
    fn formats_are_added_once_and_behind_those_of_the_input() {
        let mut pool = SchemaPool::default();
        let mut formats = Formats::new(vec![format(None)], &mut pool);
        let (one, other) = (Schema::int8().build(), Schema::int8().build());
        assert_eq!(formats.index(Encoding::Utf8, None), 1);
        assert_eq!(formats.index(Encoding::Json, None), 0);
        assert_eq!(formats.index(Encoding::Json, Some(&one)), 2);
        assert_eq!(formats.index(Encoding::Json, Some(&other)), 2);
        let added = formats.into_added();
        assert_eq!(added.len(), 2);
        assert_eq!(added[1].schema.as_ref().unwrap().nodes, one.nodes());
    }

    #[test]
    fn an_empty_table_keeps_its_meaning() {
        let mut formats = Formats::new(vec![], &mut SchemaPool::default());
        assert_eq!(formats.get(0), (Encoding::Bytes, None));
        assert_eq!(formats.index(Encoding::Json, None), 1);
        assert_eq!(formats.into_added().len(), 2);
    }
}
