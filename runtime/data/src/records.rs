//! The columns of a batch of records, as `wit/data.wit` defines them, and iterators over them.
//!
//! Nothing here trusts its input: iterating over columns that [`Records::check`] would reject returns wrong records, but never panics.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use crate::schema::Schema;

/// Byte strings of different lengths, one entry for each record, in the order of the records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Column {
    /// The length of each entry, or -1 if it is null. Empty if all entries are null.
    pub lengths: Vec<i32>,
    /// The bytes of all entries, without separators.
    pub bytes: Vec<u8>,
}

/// Keys, values or header values: a column whose entries also have a format.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values {
    /// As [`Column::lengths`].
    pub lengths: Vec<i32>,
    /// As [`Column::bytes`].
    pub bytes: Vec<u8>,
    /// The index of each entry's format in the table of the batch. Empty if all entries have the first format; if the table is
    /// empty too, they are [`Encoding::Bytes`] without a schema.
    pub formats: Vec<u32>,
}

/// A borrowed range of [`Values`].
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// As [`Values::lengths`].
    pub lengths: &'a [i32],
    /// As [`Values::bytes`].
    pub bytes: &'a [u8],
    /// As [`Values::formats`].
    pub formats: &'a [u32],
    /// The number of entries.
    pub count: u32,
}

/// The topic of each record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Topics {
    /// The names that occur in this batch.
    pub names: Vec<String>,
    /// The index of each record's topic in `names`. Empty if all records have the first one.
    pub name_index: Vec<u32>,
}

/// The headers of a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers {
    /// The number of headers of each record. Empty if no record has headers.
    pub counts: Vec<u32>,
    /// The names of all headers, in the order of the records. UTF-8, never null.
    pub names: Column,
    /// The values of the same headers.
    pub values: Values,
}

/// How a value is written as bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// The value is these bytes.
    Bytes,
    /// The value is this UTF-8 text.
    Utf8,
    /// The value is one JSON text, in the payload form of Kafka Connect's JsonConverter.
    Json,
}

/// How a value is encoded and what its schema is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Format {
    /// How values are written as bytes.
    pub encoding: Encoding,
    /// The schema, or `None` if values have no schema. Shared, because the batches of a task usually have the same few schemas.
    pub schema: Option<Arc<Schema>>,
}

/// A batch of records, from a source to Kafka or from Kafka to a sink.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Records {
    /// The number of records. All columns agree with it.
    pub count: u32,
    /// The topic of each record.
    pub topics: Topics,
    /// The Kafka partition of each record, or -1 if none is set. Empty if none is set for any record.
    pub partitions: Vec<i32>,
    /// The timestamp of each record in milliseconds since 1970-01-01T00:00:00Z, or -1 if it has none. Empty if no record has one.
    pub timestamps: Vec<i64>,
    /// The table of formats of the keys, values and header values.
    pub formats: Vec<Format>,
    /// The keys.
    pub keys: Values,
    /// The values.
    pub values: Values,
    /// The headers.
    pub headers: Headers,
}

/// The format of values if the table of formats is empty.
pub static NO_FORMAT: Format = Format { encoding: Encoding::Bytes, schema: None };

impl Format {
    /// Returns a format without a schema.
    pub const fn plain(encoding: Encoding) -> Self {
        Self { encoding, schema: None }
    }

    /// Returns a format with a schema.
    pub fn with_schema(encoding: Encoding, schema: Arc<Schema>) -> Self {
        Self { encoding, schema: Some(schema) }
    }

    /// Returns the index of this format in `formats`, and adds it if it is not in the table yet. Schemas are compared by
    /// identity first, so that this is cheap for the few formats that a task has. Call it once per batch, not once per record.
    pub fn index_in(&self, formats: &mut Vec<Format>) -> u32 {
        let same = |other: &Format| {
            other.encoding == self.encoding
                && match (&other.schema, &self.schema) {
                    (None, None) => true,
                    (Some(a), Some(b)) => Arc::ptr_eq(a, b) || a == b,
                    _ => false,
                }
        };
        let index = formats.iter().position(same).unwrap_or_else(|| {
            formats.push(self.clone());
            formats.len() - 1
        });
        u32::try_from(index).unwrap_or(u32::MAX)
    }
}

/// An iterator over the entries of a column, which are `None` if they are null. See [`Column::iter`] and [`Values::iter`].
#[derive(Debug, Clone)]
pub struct Entries<'a> {
    lengths: &'a [i32],
    bytes: &'a [u8],
    all_null: usize,
}

impl<'a> Entries<'a> {
    pub(crate) fn new(lengths: &'a [i32], bytes: &'a [u8], count: u32) -> Self {
        let all_null = if lengths.is_empty() { count as usize } else { 0 };
        Self { lengths, bytes, all_null }
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Option<&'a [u8]>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let Some((&length, lengths)) = self.lengths.split_first() else {
            self.all_null = self.all_null.checked_sub(1)?;
            return Some(None);
        };
        self.lengths = lengths;
        let Ok(length) = usize::try_from(length) else {
            return Some(None);
        };
        // `check` rejects a length beyond the end. Here it is truncated, because a guest must not be able to cause a panic.
        let (entry, rest) = self.bytes.split_at(length.min(self.bytes.len()));
        self.bytes = rest;
        Some(Some(entry))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.lengths.len() + self.all_null;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Entries<'_> {}

impl Column {
    /// Creates a column with copies of these entries.
    pub fn from_entries<E: AsRef<[u8]>>(entries: impl IntoIterator<Item = Option<E>>) -> Self {
        let mut column = Self::default();
        for entry in entries {
            column.push(entry.as_ref().map(AsRef::as_ref));
        }
        column
    }

    /// Returns the number of bytes that the column takes in memory.
    pub fn size(&self) -> usize {
        size(&self.lengths, &self.bytes)
    }

    /// Adds an entry. It is truncated to `i32::MAX` bytes, which Kafka's limits do not allow it to exceed.
    #[inline]
    pub fn push(&mut self, entry: Option<&[u8]>) {
        push(&mut self.lengths, &mut self.bytes, entry);
    }

    /// Returns an iterator over the entries. `count` is their number, which an empty column of nulls does not contain.
    pub fn iter(&self, count: u32) -> Entries<'_> {
        Entries::new(&self.lengths, &self.bytes, count)
    }
}

impl Values {
    /// Creates values that all have the format with this index.
    pub fn from_column(column: Column, count: u32, format: u32) -> Self {
        let formats = if format == 0 { Vec::new() } else { vec![format; count as usize] };
        Self { lengths: column.lengths, bytes: column.bytes, formats }
    }

    /// Borrows all entries. `count` is their number.
    pub fn part(&self, count: u32) -> Part<'_> {
        Part { lengths: &self.lengths, bytes: &self.bytes, formats: &self.formats, count }
    }

    /// Returns the lengths and bytes, without the formats and without a copy.
    pub fn into_column(self) -> Column {
        Column { lengths: self.lengths, bytes: self.bytes }
    }

    /// Adds the bytes of an entry, but not its format.
    #[inline]
    pub fn push_bytes(&mut self, entry: Option<&[u8]>) {
        push(&mut self.lengths, &mut self.bytes, entry);
    }

    /// Returns an iterator over the entries. `count` is their number.
    pub fn iter(&self, count: u32) -> Entries<'_> {
        Entries::new(&self.lengths, &self.bytes, count)
    }

    /// Returns the index of an entry's format.
    #[inline]
    pub fn format(&self, index: usize) -> usize {
        self.formats.get(index).map_or(0, |&format| format as usize)
    }

    /// Returns an entry's format from the table of the batch.
    #[inline]
    pub fn format_of<'a>(&self, index: usize, formats: &'a [Format]) -> &'a Format {
        formats.get(self.format(index)).unwrap_or(&NO_FORMAT)
    }

    /// Returns the format of all entries, or `None` if they have different ones. Takes one pass over `formats` unless it is empty.
    pub fn common_format<'a>(&self, formats: &'a [Format]) -> Option<&'a Format> {
        let first = self.format(0);
        let same = self.formats.iter().all(|&format| format as usize == first);
        same.then(|| formats.get(first).unwrap_or(&NO_FORMAT))
    }
}

impl<'a> Part<'a> {
    /// Returns an iterator over the entries.
    pub fn iter(&self) -> Entries<'a> {
        Entries::new(self.lengths, self.bytes, self.count)
    }

    /// Returns the index of an entry's format.
    #[inline]
    pub fn format(&self, index: usize) -> usize {
        self.formats.get(index).map_or(0, |&format| format as usize)
    }

    /// Copies the entries.
    pub fn to_values(&self) -> Values {
        Values { lengths: self.lengths.to_vec(), bytes: self.bytes.to_vec(), formats: self.formats.to_vec() }
    }

    /// Removes and returns the first `count` entries.
    pub fn split_off(&mut self, count: u32) -> Part<'a> {
        let entries = count as usize;
        let (lengths, rest) = self.lengths.split_at(entries.min(self.lengths.len()));
        let size = lengths.iter().map(|&length| length.max(0) as usize).sum::<usize>();
        let (bytes, rest_bytes) = self.bytes.split_at(size.min(self.bytes.len()));
        let (formats, rest_formats) = self.formats.split_at(entries.min(self.formats.len()));
        *self =
            Part { lengths: rest, bytes: rest_bytes, formats: rest_formats, count: self.count.saturating_sub(count) };
        Part { lengths, bytes, formats, count }
    }
}

impl Topics {
    /// Creates the column of a batch with only one topic.
    pub fn all(name: impl Into<String>) -> Self {
        Self { names: vec![name.into()], name_index: Vec::new() }
    }

    /// Returns the topics of a range of records, without names that they do not use.
    pub fn part(&self, records: Range<usize>) -> Topics {
        let Some(part) = self.name_index.get(records) else {
            // All records have the first topic.
            return Topics { names: self.names.first().cloned().into_iter().collect(), name_index: Vec::new() };
        };
        let mut names = Vec::new();
        let mut indexes: HashMap<u32, u32> = HashMap::new();
        let name_index = part.iter().map(|&topic| {
            *indexes.entry(topic).or_insert_with(|| {
                names.push(self.names.get(topic as usize).cloned().unwrap_or_default());
                (names.len() - 1) as u32
            })
        });
        let name_index = name_index.collect();
        Topics { names, name_index }
    }

    /// Returns the index of a record's topic in `names`.
    #[inline]
    pub fn index(&self, record: usize) -> usize {
        self.name_index.get(record).map_or(0, |&topic| topic as usize)
    }

    /// Returns a record's topic, or an empty text if the batch was not checked and is invalid.
    #[inline]
    pub fn topic(&self, record: usize) -> &str {
        self.names.get(self.index(record)).map_or("", String::as_str)
    }
}

/// A header of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// The name. Bytes, so that UTF-8 that was checked already is not checked again.
    pub name: &'a [u8],
    /// The value, or `None` if it is null.
    pub value: Option<&'a [u8]>,
    /// The index of the value's format.
    pub format: usize,
}

impl Headers {
    /// Returns the number of headers of all records.
    pub fn total(&self) -> u32 {
        u32::try_from(self.names.lengths.len()).unwrap_or(u32::MAX)
    }

    /// Returns whether no record has a header.
    pub fn is_empty(&self) -> bool {
        self.names.lengths.is_empty()
    }

    /// Returns an iterator over the headers of all records.
    pub fn all(&self) -> HeaderIter<'_> {
        let total = self.total();
        let (names, values) = (self.names.iter(total), self.values.iter(total));
        HeaderIter { names, values, formats: &self.values.formats, index: 0 }
    }

    /// Returns, for each record, an iterator over its headers. `count` is the number of records.
    pub fn per_record(&self, count: u32) -> impl Iterator<Item = std::iter::Take<HeaderIter<'_>>> {
        let mut all = self.all();
        (0..count as usize).map(move |record| {
            let own = self.counts.get(record).copied().unwrap_or(0) as usize;
            let headers = all.clone().take(own);
            if own > 0 {
                all.nth(own - 1);
            }
            headers
        })
    }
}

/// An iterator over headers. See [`Headers::all`].
#[derive(Debug, Clone)]
pub struct HeaderIter<'a> {
    pub(crate) names: Entries<'a>,
    pub(crate) values: Entries<'a>,
    pub(crate) formats: &'a [u32],
    pub(crate) index: usize,
}

impl<'a> Iterator for HeaderIter<'a> {
    type Item = Header<'a>;

    #[inline]
    fn next(&mut self) -> Option<Header<'a>> {
        let name = self.names.next()?.unwrap_or_default();
        let value = self.values.next()?;
        let format = self.formats.get(self.index).map_or(0, |&format| format as usize);
        self.index += 1;
        Some(Header { name, value, format })
    }
}

impl Records {
    /// Returns the number of bytes that the columns take in memory, without the schemas, which batches share.
    pub fn size(&self) -> usize {
        let values = |values: &Values| size(&values.lengths, &values.bytes) + size_of_val(values.formats.as_slice());
        let names = self.topics.names.iter().map(|name| size_of::<String>() + name.len());
        names.sum::<usize>()
            + size_of_val(self.topics.name_index.as_slice())
            + size_of_val(self.partitions.as_slice())
            + size_of_val(self.timestamps.as_slice())
            + values(&self.keys)
            + values(&self.values)
            + size_of_val(self.headers.counts.as_slice())
            + self.headers.names.size()
            + values(&self.headers.values)
    }

    /// Returns the Kafka partition of a record, or `None` if Kafka's partitioner chooses it.
    #[inline]
    pub fn partition(&self, record: usize) -> Option<i32> {
        self.partitions.get(record).copied().filter(|&partition| partition >= 0)
    }

    /// Returns the timestamp of a record in milliseconds since 1970, or `None` if it has none.
    #[inline]
    pub fn timestamp(&self, record: usize) -> Option<i64> {
        self.timestamps.get(record).copied().filter(|&timestamp| timestamp >= 0)
    }
}

fn size(lengths: &[i32], bytes: &[u8]) -> usize {
    size_of_val(lengths) + bytes.len()
}

#[inline]
pub(crate) fn push(lengths: &mut Vec<i32>, bytes: &mut Vec<u8>, entry: Option<&[u8]>) {
    match entry {
        None => lengths.push(-1),
        Some(entry) => {
            let entry = &entry[..entry.len().min(i32::MAX as usize)];
            lengths.push(entry.len() as i32);
            bytes.extend_from_slice(entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_column_is_all_nulls() {
        let column = Column::default();
        assert_eq!(column.iter(3).collect::<Vec<_>>(), vec![None, None, None]);
    }

    #[test]
    fn iterating_returns_the_entries_that_were_pushed() {
        let entries: [Option<&[u8]>; 4] = [Some(b"a"), None, Some(b""), Some(b"bcd")];
        let column = Column::from_entries(entries);
        assert_eq!(column.iter(4).collect::<Vec<_>>(), entries);
    }

    #[test]
    fn headers_are_returned_for_each_record() {
        let headers = Headers {
            counts: vec![1, 0, 2],
            names: Column::from_entries([Some("a"), Some("b"), Some("c")]),
            values: Values { lengths: vec![1, -1, 1], bytes: b"xz".to_vec(), formats: vec![0, 1, 0] },
        };
        let text = |bytes: Option<&[u8]>| bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let record = |record: &mut dyn Iterator<Item = Header<'_>>| -> Vec<String> {
            record
                .map(|header| format!("{:?}={:?}/{}", text(Some(header.name)), text(header.value), header.format))
                .collect()
        };
        let seen: Vec<_> = headers.per_record(3).map(|mut headers| record(&mut headers)).collect();
        let expected: [&[&str]; 3] =
            [&[r#"Some("a")=Some("x")/0"#], &[], &[r#"Some("b")=None/1"#, r#"Some("c")=Some("z")/0"#]];
        assert_eq!(seen, expected);
    }

    #[test]
    fn iterating_over_an_invalid_column_does_not_panic() {
        let column = Column { lengths: vec![i32::MAX, -7, 3], bytes: b"ab".to_vec() };
        assert_eq!(column.iter(3).collect::<Vec<_>>(), vec![Some(&b"ab"[..]), None, Some(&b""[..])]);
    }

    #[test]
    fn a_format_is_added_to_the_table_once() {
        let mut formats = Vec::new();
        assert_eq!(Format::plain(Encoding::Json).index_in(&mut formats), 0);
        let text = Format::with_schema(Encoding::Utf8, Arc::new(Schema::string()));
        assert_eq!(text.index_in(&mut formats), 1);
        assert_eq!(Format::with_schema(Encoding::Utf8, Arc::new(Schema::string())).index_in(&mut formats), 1);
        assert_eq!(formats.len(), 2);
    }
}
