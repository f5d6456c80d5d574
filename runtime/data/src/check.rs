//! Checks a batch against everything `wit/data.wit` promises. Whatever a plugin hands over goes through here first, so
//! that nothing behind this point has to ask again.
//!
//! The work is linear in the size of the batch, and nothing is allocated for a row: the batch may be hostile.

use crate::records::{Column, Encoding, Format, Headers, Records, Topics, Values};
use crate::schema_check::{self, SchemaFault};

/// Most rows, and most headers, that a batch may have. Short forms let a few bytes stand for any number of rows, which
/// nobody behind this point could hold.
pub const MAX_ROWS: usize = 1 << 20;

/// Most bytes that the formats of one batch may take in memory. Each is made ready by up to three converters, which
/// takes a multiple of it.
pub const MAX_FORMAT_BYTES: usize = 16 << 20;

/// What is wrong with a batch. The texts are for the author of the plugin that made it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// A column has another number of rows than the batch.
    #[error("{column} has {found} entries, the batch has {expected} rows; give one entry for each row, or none at all")]
    Count {
        /// Which column.
        column: &'static str,
        /// Its number of entries.
        found: usize,
        /// The number of rows.
        expected: usize,
    },
    /// More rows than a batch may have.
    #[error("{column} has {found} entries; a batch has at most {MAX_ROWS} rows and at most as many headers")]
    TooMany {
        /// Which column.
        column: &'static str,
        /// Its number of entries.
        found: usize,
    },
    /// More rows or failures than can come of a batch of this size.
    #[error("{column} has {found} entries for a batch of {inputs} records; at most {most} can come of so many")]
    Expansion {
        /// Which column.
        column: &'static str,
        /// Its number of entries.
        found: usize,
        /// Rows of the input.
        inputs: usize,
        /// Most entries that are taken.
        most: usize,
    },
    /// Schemas that take more memory than a batch may use for them.
    #[error("the formats take {bytes} bytes or more; those of a batch may take {MAX_FORMAT_BYTES}")]
    FormatBytes {
        /// What those up to the first that is too much take.
        bytes: usize,
    },
    /// A length below -1.
    #[error("{column}: the length of row {row} is {length}; only -1, which is null, may be negative")]
    Length {
        /// Which column.
        column: &'static str,
        /// The row.
        row: usize,
        /// Its length.
        length: i32,
    },
    /// Lengths and bytes do not agree.
    #[error("{column}: the lengths add up to {lengths} bytes, but there are {bytes}")]
    Sum {
        /// Which column.
        column: &'static str,
        /// Sum of the lengths.
        lengths: u64,
        /// Number of bytes.
        bytes: usize,
    },
    /// An index outside its table.
    #[error("{column}: row {row} has index {index}, but the table has {len} entries")]
    Index {
        /// Which column.
        column: &'static str,
        /// The row.
        row: usize,
        /// The index.
        index: u32,
        /// Length of the table.
        len: usize,
    },
    /// There are rows, but no topic.
    #[error("topics has no names, but the batch has rows")]
    NoTopic,
    /// A partition or timestamp below -1.
    #[error("{column}: row {row} is {value}; only -1, which is none, may be negative")]
    Negative {
        /// Which column.
        column: &'static str,
        /// The row.
        row: usize,
        /// The value.
        value: i64,
    },
    /// Text that is not UTF-8.
    #[error("{column}: row {row} is not UTF-8")]
    Utf8 {
        /// Which column.
        column: &'static str,
        /// The row.
        row: usize,
    },
    /// A header without a name.
    #[error("headers.names: header {index} is null; every header has a name")]
    NullHeaderName {
        /// Index of the header among all headers of the batch.
        index: usize,
    },
    /// The encoding does not go with the schema's type.
    #[error("format {format}: {encoding} does not go with a schema of type {kind}")]
    Encoding {
        /// Index of the format.
        format: usize,
        /// The encoding.
        encoding: &'static str,
        /// The schema's type.
        kind: &'static str,
    },
    /// A schema that is none.
    #[error("format {format}: {fault}")]
    Schema {
        /// Index of the format.
        format: usize,
        /// What is wrong with it.
        fault: SchemaFault,
    },
    /// Output rows of a transform that go backwards.
    #[error(
        "origins: row {row} came from input row {origin}, the one before it from {previous}; the order of rows is kept"
    )]
    Order {
        /// Index of the output row.
        row: usize,
        /// Its origin.
        origin: u32,
        /// The origin of the output row before it.
        previous: u32,
    },
    /// Rows repeated until no memory holds them.
    #[error("origins: repeating input rows as often as asked would take {bytes} bytes, more than the {max} allowed")]
    TooLarge {
        /// What they would take.
        bytes: u64,
        /// The most they may take.
        max: u64,
    },
    /// A row that failed and is there all the same.
    #[error("input row {row} is both in failures and in origins")]
    FailedYetThere {
        /// The input row.
        row: u32,
    },
}

impl Records {
    /// Checks every promise of `wit/data.wit`, in one pass over the batch and without an allocation for a row. Text is
    /// checked to be UTF-8; JSON is not parsed, which is the converters' business.
    ///
    /// # Errors
    /// The first broken promise found.
    pub fn check(&self) -> Result<(), CheckError> {
        let count = self.count as usize;
        check_rows("count", count)?;
        check_topics(&self.topics, count)?;
        check_not_below("partitions", &self.partitions, count)?;
        check_not_below("timestamps", &self.timestamps, count)?;
        check_formats(&self.formats, 0)?;
        let formats = Formats(&self.formats, &[]);
        check_values("keys", &self.keys, count, &formats)?;
        check_values("values", &self.values, count, &formats)?;
        check_headers(&self.headers, count, &formats)
    }
}

pub(crate) fn check_rows(column: &'static str, found: usize) -> Result<(), CheckError> {
    if found > MAX_ROWS { Err(CheckError::TooMany { column, found }) } else { Ok(()) }
}

/// A table of formats in two parts: a batch's own, and those that a transform adds behind them.
pub(crate) struct Formats<'a>(pub(crate) &'a [Format], pub(crate) &'a [Format]);

impl Formats<'_> {
    fn len(&self) -> usize {
        self.0.len() + self.1.len()
    }

    fn is_text(&self, index: usize) -> bool {
        let format = self.0.get(index).or_else(|| self.1.get(index - self.0.len()));
        format.is_some_and(|format| format.encoding != Encoding::Bytes)
    }
}

pub(crate) fn check_topics(topics: &Topics, count: usize) -> Result<(), CheckError> {
    // What the names are is asked before they go to Kafka: a transform may give others, and a sink may want any.
    if count > 0 && topics.names.is_empty() {
        return Err(CheckError::NoTopic);
    }
    check_indexes("topics.rows", &topics.rows, count, topics.names.len())
}

pub(crate) fn check_not_below<T: Copy + Into<i64>>(
    column: &'static str,
    entries: &[T],
    count: usize,
) -> Result<(), CheckError> {
    if !entries.is_empty() && entries.len() != count {
        return Err(CheckError::Count { column, found: entries.len(), expected: count });
    }
    match entries.iter().position(|&entry| entry.into() < -1) {
        None => Ok(()),
        Some(row) => Err(CheckError::Negative { column, row, value: entries[row].into() }),
    }
}

/// `first` is the number that the first of these formats has in the whole table.
pub(crate) fn check_formats(formats: &[Format], first: usize) -> Result<(), CheckError> {
    let mut bytes = 0;
    for (index, format) in formats.iter().enumerate() {
        bytes += size_of::<Format>();
        let Some(schema) = &format.schema else { continue };
        bytes += schema.weight();
        if bytes > MAX_FORMAT_BYTES {
            return Err(CheckError::FormatBytes { bytes });
        }
        let index = first + index;
        let kind = schema_check::check(schema).map_err(|fault| CheckError::Schema { format: index, fault })?;
        let (encoding, fits) = match format.encoding {
            Encoding::Bytes => ("bytes", kind == crate::schema::SchemaType::Bytes),
            Encoding::Utf8 => ("utf8", kind == crate::schema::SchemaType::String),
            Encoding::Json => ("json", true),
        };
        if !fits {
            return Err(CheckError::Encoding { format: index, encoding, kind: kind.name() });
        }
    }
    if bytes > MAX_FORMAT_BYTES { Err(CheckError::FormatBytes { bytes }) } else { Ok(()) }
}

pub(crate) fn check_values(
    column: &'static str,
    values: &Values,
    count: usize,
    formats: &Formats<'_>,
) -> Result<(), CheckError> {
    check_lengths(column, &values.lengths, &values.bytes, count)?;
    // Without any format every row is bytes, and index 0, spelled out or not, says no more than that.
    check_indexes(column, &values.formats, count, formats.len().max(1))?;
    let text = |row: usize| formats.is_text(values.formats.get(row).map_or(0, |&format| format as usize));
    let all_text = if values.formats.is_empty() { text(0) } else { (0..values.formats.len()).all(text) };
    if all_text {
        return check_utf8(column, &values.lengths, &values.bytes);
    }
    if values.formats.is_empty() {
        return Ok(());
    }
    let rows = crate::records::Rows::new(&values.lengths, &values.bytes, 0);
    for (row, bytes) in rows.enumerate() {
        if text(row) && bytes.is_some_and(|bytes| simdutf8::basic::from_utf8(bytes).is_err()) {
            return Err(CheckError::Utf8 { column, row });
        }
    }
    Ok(())
}

pub(crate) fn check_headers(headers: &Headers, count: usize, formats: &Formats<'_>) -> Result<(), CheckError> {
    let column = "headers.counts";
    if !headers.counts.is_empty() && headers.counts.len() != count {
        return Err(CheckError::Count { column, found: headers.counts.len(), expected: count });
    }
    let total: u64 = headers.counts.iter().map(|&own| u64::from(own)).sum();
    if headers.names.lengths.len() as u64 != total {
        let expected = usize::try_from(total).unwrap_or(usize::MAX);
        return Err(CheckError::Count { column: "headers.names", found: headers.names.lengths.len(), expected });
    }
    check_rows("headers.names", headers.names.lengths.len())?;
    let Column { lengths, bytes } = &headers.names;
    check_lengths("headers.names", lengths, bytes, lengths.len())?;
    if let Some(index) = lengths.iter().position(|&length| length < 0) {
        return Err(CheckError::NullHeaderName { index });
    }
    check_utf8("headers.names", lengths, bytes)?;
    check_values("headers.values", &headers.values, lengths.len(), formats)
}

fn check_lengths(column: &'static str, lengths: &[i32], bytes: &[u8], count: usize) -> Result<(), CheckError> {
    if !lengths.is_empty() && lengths.len() != count {
        return Err(CheckError::Count { column, found: lengths.len(), expected: count });
    }
    // Both passes compile to vector code, which one pass with a way out would not.
    if lengths.iter().any(|&length| length < -1) {
        let row = lengths.iter().position(|&length| length < -1).unwrap_or(0);
        return Err(CheckError::Length { column, row, length: lengths[row] });
    }
    let sum: u64 = lengths.iter().map(|&length| length.max(0) as u64).sum();
    if sum != bytes.len() as u64 {
        return Err(CheckError::Sum { column, lengths: sum, bytes: bytes.len() });
    }
    Ok(())
}

fn check_indexes(column: &'static str, indexes: &[u32], count: usize, len: usize) -> Result<(), CheckError> {
    if !indexes.is_empty() && indexes.len() != count {
        return Err(CheckError::Count { column, found: indexes.len(), expected: count });
    }
    match indexes.iter().position(|&index| index as usize >= len) {
        None => Ok(()),
        Some(row) => Err(CheckError::Index { column, row, index: indexes[row], len }),
    }
}

/// Checks that each row is UTF-8: one look at all bytes at once, then one at each row's first byte. Text that is UTF-8 as
/// a whole and is cut where characters begin is UTF-8 in each part.
pub(crate) fn check_utf8(column: &'static str, lengths: &[i32], bytes: &[u8]) -> Result<(), CheckError> {
    if simdutf8::basic::from_utf8(bytes).is_ok() && cut_between_characters(lengths, bytes) {
        return Ok(());
    }
    let rows = crate::records::Rows::new(lengths, bytes, 0);
    let row = rows.into_iter().position(|row| row.is_some_and(|row| simdutf8::basic::from_utf8(row).is_err()));
    row.map_or(Ok(()), |row| Err(CheckError::Utf8 { column, row }))
}

fn cut_between_characters(lengths: &[i32], bytes: &[u8]) -> bool {
    let mut at = 0_usize;
    lengths.iter().all(|&length| {
        let begins = bytes.get(at).is_none_or(|&byte| byte & 0xC0 != 0x80);
        at += length.max(0) as usize;
        begins
    })
}
