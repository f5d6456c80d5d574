//! The columns a batch of rows is made of: host twins of `wit/data.wit`, and ways to walk them row by row.
//!
//! Nothing here trusts its input: walking columns that [`Records::check`] would refuse gives wrong rows, never a panic.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use crate::schema::Schema;

/// Byte strings of different lengths, one for each row, in row order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Column {
    /// Length of each row's bytes; -1 = null. Empty = every row is null.
    pub lengths: Vec<i32>,
    /// The bytes of all rows, one after the other, nothing between them.
    pub bytes: Vec<u8>,
}

/// Keys, values or header values: a column whose rows also say how their bytes are to be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values {
    /// As [`Column::lengths`].
    pub lengths: Vec<i32>,
    /// As [`Column::bytes`].
    pub bytes: Vec<u8>,
    /// For each row an index into the batch's formats. Empty = every row has the first one; with an empty table of
    /// formats that is [`Encoding::Bytes`] without a schema.
    pub formats: Vec<u32>,
}

/// Some neighbouring rows of [`Values`], borrowed.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// As [`Values::lengths`].
    pub lengths: &'a [i32],
    /// As [`Values::bytes`].
    pub bytes: &'a [u8],
    /// As [`Values::formats`].
    pub formats: &'a [u32],
    /// The number of rows.
    pub count: u32,
}

/// The topic of each row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Topics {
    /// The names that occur in this batch.
    pub names: Vec<String>,
    /// For each row an index into `names`. Empty = every row has the first one.
    pub rows: Vec<u32>,
}

/// The headers of a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers {
    /// The number of headers of each row. Empty = no row has any.
    pub counts: Vec<u32>,
    /// The names of all headers of all rows, in row order. UTF-8, never null.
    pub names: Column,
    /// The values of the same headers.
    pub values: Values,
}

/// How the bytes of one value are to be read.
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
    /// How the bytes are to be read.
    pub encoding: Encoding,
    /// `None` = the value has no schema. Shared, because every batch of a task tends to have the same few.
    pub schema: Option<Arc<Schema>>,
}

/// Rows on their way from a source to Kafka or from Kafka to a sink.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Records {
    /// The number of rows; every column below agrees with it.
    pub count: u32,
    /// The topic of each row.
    pub topics: Topics,
    /// The Kafka partition of each row; -1 = none chosen. Empty = -1 for every row.
    pub partitions: Vec<i32>,
    /// Milliseconds since 1970-01-01T00:00:00Z; -1 = none. Empty = -1 for every row.
    pub timestamps: Vec<i64>,
    /// The formats that `keys`, `values` and the header values point into.
    pub formats: Vec<Format>,
    /// The keys.
    pub keys: Values,
    /// The values.
    pub values: Values,
    /// The headers.
    pub headers: Headers,
}

/// What the absence of a table of formats stands for.
pub static NO_FORMAT: Format = Format { encoding: Encoding::Bytes, schema: None };

impl Format {
    /// A format without a schema.
    pub const fn plain(encoding: Encoding) -> Self {
        Self { encoding, schema: None }
    }

    /// A format with a schema.
    pub fn with_schema(encoding: Encoding, schema: Arc<Schema>) -> Self {
        Self { encoding, schema: Some(schema) }
    }

    /// The index of this format in `formats`, to whose end it is put when it is not there yet. Schemas are compared by
    /// identity first, so that this is cheap for the few formats a task really has; it is meant to be called once for
    /// a batch, not once for a row.
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

/// Walks byte strings laid out as lengths and bytes; `None` is a null row. Made by [`Column::iter`] and [`Values::iter`].
#[derive(Debug, Clone)]
pub struct Rows<'a> {
    lengths: &'a [i32],
    bytes: &'a [u8],
    all_null: usize,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(lengths: &'a [i32], bytes: &'a [u8], count: u32) -> Self {
        let all_null = if lengths.is_empty() { count as usize } else { 0 };
        Self { lengths, bytes, all_null }
    }
}

impl<'a> Iterator for Rows<'a> {
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
        // A length past the end is refused by `check`; here it is cut, because a panic would be the guest's to cause.
        let (row, rest) = self.bytes.split_at(length.min(self.bytes.len()));
        self.bytes = rest;
        Some(Some(row))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.lengths.len() + self.all_null;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Rows<'_> {}

impl Column {
    /// A column of `rows`, copied together.
    pub fn from_rows<R: AsRef<[u8]>>(rows: impl IntoIterator<Item = Option<R>>) -> Self {
        let mut column = Self::default();
        for row in rows {
            column.push(row.as_ref().map(AsRef::as_ref));
        }
        column
    }

    /// The bytes that the column takes in memory.
    pub fn size(&self) -> usize {
        size(&self.lengths, &self.bytes)
    }

    /// Adds one row. Rows longer than `i32::MAX` bytes are cut there, which Kafka's own limits never let happen.
    #[inline]
    pub fn push(&mut self, row: Option<&[u8]>) {
        push(&mut self.lengths, &mut self.bytes, row);
    }

    /// The rows, in order. `count` is the number of rows, needed because an empty column may stand for any number of
    /// nulls.
    pub fn iter(&self, count: u32) -> Rows<'_> {
        Rows::new(&self.lengths, &self.bytes, count)
    }
}

impl Values {
    /// Values of which all have the format at index `format`.
    pub fn from_column(column: Column, count: u32, format: u32) -> Self {
        let formats = if format == 0 { Vec::new() } else { vec![format; count as usize] };
        Self { lengths: column.lengths, bytes: column.bytes, formats }
    }

    /// All rows. `count` is their number.
    pub fn part(&self, count: u32) -> Part<'_> {
        Part { lengths: &self.lengths, bytes: &self.bytes, formats: &self.formats, count }
    }

    /// Lengths and bytes, without what says how to read them. Nothing is copied.
    pub fn into_column(self) -> Column {
        Column { lengths: self.lengths, bytes: self.bytes }
    }

    /// Adds the bytes of one row, but not its format.
    #[inline]
    pub fn push_bytes(&mut self, row: Option<&[u8]>) {
        push(&mut self.lengths, &mut self.bytes, row);
    }

    /// The rows, in order. `count` is the number of rows.
    pub fn iter(&self, count: u32) -> Rows<'_> {
        Rows::new(&self.lengths, &self.bytes, count)
    }

    /// Index of the row's format.
    #[inline]
    pub fn format(&self, row: usize) -> usize {
        self.formats.get(row).map_or(0, |&format| format as usize)
    }

    /// The row's format, out of the batch's table.
    #[inline]
    pub fn format_of<'a>(&self, row: usize, formats: &'a [Format]) -> &'a Format {
        formats.get(self.format(row)).unwrap_or(&NO_FORMAT)
    }

    /// The format that all rows share, if they do. Cheap where `formats` is empty, else one pass over it.
    pub fn common_format<'a>(&self, formats: &'a [Format]) -> Option<&'a Format> {
        let first = self.format(0);
        let same = self.formats.iter().all(|&format| format as usize == first);
        same.then(|| formats.get(first).unwrap_or(&NO_FORMAT))
    }
}

impl<'a> Part<'a> {
    /// The rows, in order.
    pub fn iter(&self) -> Rows<'a> {
        Rows::new(self.lengths, self.bytes, self.count)
    }

    /// Index of the row's format.
    #[inline]
    pub fn format(&self, row: usize) -> usize {
        self.formats.get(row).map_or(0, |&format| format as usize)
    }

    /// A copy.
    pub fn to_values(&self) -> Values {
        Values { lengths: self.lengths.to_vec(), bytes: self.bytes.to_vec(), formats: self.formats.to_vec() }
    }

    /// Takes the first `count` rows off.
    pub fn split_off(&mut self, count: u32) -> Part<'a> {
        let rows = count as usize;
        let (lengths, rest) = self.lengths.split_at(rows.min(self.lengths.len()));
        let size = lengths.iter().map(|&length| length.max(0) as usize).sum::<usize>();
        let (bytes, rest_bytes) = self.bytes.split_at(size.min(self.bytes.len()));
        let (formats, rest_formats) = self.formats.split_at(rows.min(self.formats.len()));
        *self =
            Part { lengths: rest, bytes: rest_bytes, formats: rest_formats, count: self.count.saturating_sub(count) };
        Part { lengths, bytes, formats, count }
    }
}

impl Topics {
    /// One topic for every row.
    pub fn all(name: impl Into<String>) -> Self {
        Self { names: vec![name.into()], rows: Vec::new() }
    }

    /// The topics of some neighbouring rows, without the names of others.
    pub fn part(&self, rows: Range<usize>) -> Topics {
        let Some(part) = self.rows.get(rows) else {
            // Every row has the first one.
            return Topics { names: self.names.first().cloned().into_iter().collect(), rows: Vec::new() };
        };
        let mut names = Vec::new();
        let mut indexes: HashMap<u32, u32> = HashMap::new();
        let rows = part.iter().map(|&topic| {
            *indexes.entry(topic).or_insert_with(|| {
                names.push(self.names.get(topic as usize).cloned().unwrap_or_default());
                (names.len() - 1) as u32
            })
        });
        let rows = rows.collect();
        Topics { names, rows }
    }

    /// Index of the row's topic in `names`.
    #[inline]
    pub fn index(&self, row: usize) -> usize {
        self.rows.get(row).map_or(0, |&topic| topic as usize)
    }

    /// The row's topic. Empty where the columns are not those of a checked batch.
    #[inline]
    pub fn topic(&self, row: usize) -> &str {
        self.names.get(self.index(row)).map_or("", String::as_str)
    }
}

/// One header of a row: its name, its value, and the index of the value's format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// The name. Bytes rather than text, because they were checked once already.
    pub name: &'a [u8],
    /// `None` = null.
    pub value: Option<&'a [u8]>,
    /// Index of the value's format.
    pub format: usize,
}

impl Headers {
    /// The number of headers of all rows together.
    pub fn total(&self) -> u32 {
        u32::try_from(self.names.lengths.len()).unwrap_or(u32::MAX)
    }

    /// Whether no row has a header.
    pub fn is_empty(&self) -> bool {
        self.names.lengths.is_empty()
    }

    /// Every header of every row, in order; `counts` says where one row ends and the next begins.
    pub fn all(&self) -> HeaderIter<'_> {
        let total = self.total();
        let (names, values) = (self.names.iter(total), self.values.iter(total));
        HeaderIter { names, values, formats: &self.values.formats, index: 0 }
    }

    /// For each row, in order, an iterator over its headers. `count` is the number of rows.
    pub fn rows(&self, count: u32) -> impl Iterator<Item = std::iter::Take<HeaderIter<'_>>> {
        let mut all = self.all();
        (0..count as usize).map(move |row| {
            let own = self.counts.get(row).copied().unwrap_or(0) as usize;
            let headers = all.clone().take(own);
            if own > 0 {
                all.nth(own - 1);
            }
            headers
        })
    }
}

/// Walks headers in the order of the columns. Made by [`Headers::all`].
#[derive(Debug, Clone)]
pub struct HeaderIter<'a> {
    pub(crate) names: Rows<'a>,
    pub(crate) values: Rows<'a>,
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
    /// The bytes that the columns take in memory. Schemas, which batches share, do not count.
    pub fn size(&self) -> usize {
        let values = |values: &Values| size(&values.lengths, &values.bytes) + size_of_val(values.formats.as_slice());
        let names = self.topics.names.iter().map(|name| size_of::<String>() + name.len());
        names.sum::<usize>()
            + size_of_val(self.topics.rows.as_slice())
            + size_of_val(self.partitions.as_slice())
            + size_of_val(self.timestamps.as_slice())
            + values(&self.keys)
            + values(&self.values)
            + size_of_val(self.headers.counts.as_slice())
            + self.headers.names.size()
            + values(&self.headers.values)
    }

    /// The Kafka partition of a row; `None` = Kafka's partitioner chooses.
    #[inline]
    pub fn partition(&self, row: usize) -> Option<i32> {
        self.partitions.get(row).copied().filter(|&partition| partition >= 0)
    }

    /// The timestamp of a row in milliseconds since 1970; `None` = it has none.
    #[inline]
    pub fn timestamp(&self, row: usize) -> Option<i64> {
        self.timestamps.get(row).copied().filter(|&timestamp| timestamp >= 0)
    }
}

fn size(lengths: &[i32], bytes: &[u8]) -> usize {
    size_of_val(lengths) + bytes.len()
}

#[inline]
pub(crate) fn push(lengths: &mut Vec<i32>, bytes: &mut Vec<u8>, row: Option<&[u8]>) {
    match row {
        None => lengths.push(-1),
        Some(row) => {
            let row = &row[..row.len().min(i32::MAX as usize)];
            lengths.push(row.len() as i32);
            bytes.extend_from_slice(row);
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
    fn rows_come_back_as_they_were_pushed() {
        let rows: [Option<&[u8]>; 4] = [Some(b"a"), None, Some(b""), Some(b"bcd")];
        let column = Column::from_rows(rows);
        assert_eq!(column.iter(4).collect::<Vec<_>>(), rows);
    }

    #[test]
    fn headers_are_given_row_by_row() {
        let headers = Headers {
            counts: vec![1, 0, 2],
            names: Column::from_rows([Some("a"), Some("b"), Some("c")]),
            values: Values { lengths: vec![1, -1, 1], bytes: b"xz".to_vec(), formats: vec![0, 1, 0] },
        };
        let text = |bytes: Option<&[u8]>| bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let row = |row: &mut dyn Iterator<Item = Header<'_>>| -> Vec<String> {
            row.map(|header| format!("{:?}={:?}/{}", text(Some(header.name)), text(header.value), header.format))
                .collect()
        };
        let seen: Vec<_> = headers.rows(3).map(|mut headers| row(&mut headers)).collect();
        let expected: [&[&str]; 3] =
            [&[r#"Some("a")=Some("x")/0"#], &[], &[r#"Some("b")=None/1"#, r#"Some("c")=Some("z")/0"#]];
        assert_eq!(seen, expected);
    }

    #[test]
    fn walking_columns_that_lie_does_not_panic() {
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
