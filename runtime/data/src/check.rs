//! Checks a batch against the rules of `wit/data.wit`. Every batch of a plugin is checked here first, so that later steps can
//! rely on the rules.
//!
//! The time is linear in the size of the batch, and no memory is allocated per record, because the batch may be hostile.

use crate::records::{Column, Encoding, Entries, Format, Headers, Records, Topics, Values};
use crate::schema_check::{self, SchemaFault};

/// The maximum number of records, and of headers, in a batch. Without a limit, the short forms of columns would let a few bytes
/// stand for more records than fit into memory.
pub const MAX_RECORDS: usize = 1 << 20;

/// The maximum number of bytes that the formats of a batch may take in memory. Up to three converters prepare each format, which
/// takes a multiple of that.
pub const MAX_FORMAT_BYTES: usize = 16 << 20;

/// Why a batch is invalid. The texts are for the author of the plugin that returned it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// A column has another number of entries than the batch has records or headers.
    #[error("{column} has {found} entries, but {expected} are expected; return one entry for each record, or none")]
    Count {
        /// The column.
        column: &'static str,
        /// Its number of entries.
        found: usize,
        /// The expected number of entries.
        expected: usize,
    },
    /// Too many records or headers.
    #[error("{column} has {found} entries; a batch has at most {MAX_RECORDS} records and at most as many headers")]
    TooMany {
        /// Which column.
        column: &'static str,
        /// Its number of entries.
        found: usize,
    },
    /// More output records or failures than a transform may return for a batch of this size.
    #[error("{column} has {found} entries for a batch of {inputs} records; the limit is {most}")]
    Expansion {
        /// The column.
        column: &'static str,
        /// Its number of entries.
        found: usize,
        /// The number of records in the input.
        inputs: usize,
        /// The maximum number of entries.
        most: usize,
    },
    /// Schemas that take too much memory.
    #[error("the formats take {bytes} bytes or more; the limit for a batch is {MAX_FORMAT_BYTES}")]
    FormatBytes {
        /// The bytes of the formats up to the one that exceeds the limit.
        bytes: usize,
    },
    /// A length below -1.
    #[error("{column}: the length of entry {entry} is {length}; the only negative length is -1, for null")]
    Length {
        /// The column.
        column: &'static str,
        /// The index of the entry.
        entry: usize,
        /// Its length.
        length: i32,
    },
    /// The lengths do not add up to the number of bytes.
    #[error("{column}: the lengths add up to {lengths} bytes, but there are {bytes}")]
    Sum {
        /// The column.
        column: &'static str,
        /// The sum of the lengths.
        lengths: u64,
        /// The number of bytes.
        bytes: usize,
    },
    /// An index beyond the end of its table.
    #[error("{column}: entry {entry} has index {index}, but the table has {len} entries")]
    Index {
        /// The column.
        column: &'static str,
        /// The index of the entry.
        entry: usize,
        /// The index in the table.
        index: u32,
        /// The length of the table.
        len: usize,
    },
    /// There are records, but no topic.
    #[error("topics has no names, but the batch has records")]
    NoTopic,
    /// A partition or timestamp below -1.
    #[error("{column}: entry {entry} is {value}; the only negative value is -1, for none")]
    Negative {
        /// The column.
        column: &'static str,
        /// The index of the entry.
        entry: usize,
        /// The value.
        value: i64,
    },
    /// Text that is not UTF-8.
    #[error("{column}: entry {entry} is not UTF-8")]
    Utf8 {
        /// The column.
        column: &'static str,
        /// The index of the entry.
        entry: usize,
    },
    /// A header without a name.
    #[error("headers.names: header {index} is null; every header has a name")]
    NullHeaderName {
        /// The index of the header among all headers of the batch.
        index: usize,
    },
    /// The schema's type does not allow the encoding.
    #[error("format {format}: {encoding} is not a valid encoding for a schema of type {kind}")]
    Encoding {
        /// The index of the format.
        format: usize,
        /// The encoding.
        encoding: &'static str,
        /// The schema's type.
        kind: &'static str,
    },
    /// An invalid schema.
    #[error("format {format}: {fault}")]
    Schema {
        /// The index of the format.
        format: usize,
        /// What is wrong with the schema.
        fault: SchemaFault,
    },
    /// Output records of a transform that are not in the order of the input.
    #[error(
        "origins: record {record} comes from input record {origin}, but the one before it from {previous}; a transform must keep the \
         order of records"
    )]
    Order {
        /// The index of the output record.
        record: usize,
        /// Its origin.
        origin: u32,
        /// The origin of the output record before it.
        previous: u32,
    },
    /// Input records that are repeated too often.
    #[error("origins: the copies of repeated input records take {bytes} bytes; the limit is {max}")]
    TooLarge {
        /// The number of bytes that they take.
        bytes: u64,
        /// The maximum number of bytes.
        max: u64,
    },
    /// A record that failed and that is in the output.
    #[error("input record {record} is both in failures and in origins")]
    FailedYetReturned {
        /// The index of the input record.
        record: u32,
    },
}

impl Records {
    /// Checks all rules of `wit/data.wit`, in one pass over the batch and without an allocation per record. Text is checked to be
    /// UTF-8. JSON is not parsed, because converters do that.
    ///
    /// # Errors
    /// The first violation found.
    pub fn check(&self) -> Result<(), CheckError> {
        let count = self.count as usize;
        check_count("count", count)?;
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

pub(crate) fn check_count(column: &'static str, found: usize) -> Result<(), CheckError> {
    if found > MAX_RECORDS { Err(CheckError::TooMany { column, found }) } else { Ok(()) }
}

/// A table of formats in two parts: those of a batch, followed by those that a transform added.
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
    // The names are checked before records are sent to Kafka: a transform may change them, and a sink may get any name.
    if count > 0 && topics.names.is_empty() {
        return Err(CheckError::NoTopic);
    }
    check_indexes("topics.name-index", &topics.name_index, count, topics.names.len())
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
        Some(entry) => Err(CheckError::Negative { column, entry, value: entries[entry].into() }),
    }
}

/// Checks formats. `first` is the index of the first one in the whole table.
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
    // If the table is empty, all entries are bytes, and index 0 is valid.
    check_indexes(column, &values.formats, count, formats.len().max(1))?;
    let text = |index: usize| formats.is_text(values.formats.get(index).map_or(0, |&format| format as usize));
    let all_text = if values.formats.is_empty() { text(0) } else { (0..values.formats.len()).all(text) };
    if all_text {
        return check_utf8(column, &values.lengths, &values.bytes);
    }
    if values.formats.is_empty() {
        return Ok(());
    }
    for (entry, bytes) in Entries::new(&values.lengths, &values.bytes, 0).enumerate() {
        if text(entry) && bytes.is_some_and(|bytes| simdutf8::basic::from_utf8(bytes).is_err()) {
            return Err(CheckError::Utf8 { column, entry });
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
    check_count("headers.names", headers.names.lengths.len())?;
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
    // The compiler vectorizes both passes; a single pass that can end early would not be vectorized.
    if lengths.iter().any(|&length| length < -1) {
        let entry = lengths.iter().position(|&length| length < -1).unwrap_or(0);
        return Err(CheckError::Length { column, entry, length: lengths[entry] });
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
        Some(entry) => Err(CheckError::Index { column, entry, index: indexes[entry], len }),
    }
}

/// Checks that each entry is UTF-8: first all bytes at once, then the first byte of each entry. If the whole text is UTF-8 and
/// each entry begins with the first byte of a character, each entry is UTF-8.
pub(crate) fn check_utf8(column: &'static str, lengths: &[i32], bytes: &[u8]) -> Result<(), CheckError> {
    if simdutf8::basic::from_utf8(bytes).is_ok() && cut_between_characters(lengths, bytes) {
        return Ok(());
    }
    let mut entries = Entries::new(lengths, bytes, 0);
    let entry = entries.position(|entry| entry.is_some_and(|bytes| simdutf8::basic::from_utf8(bytes).is_err()));
    entry.map_or(Ok(()), |entry| Err(CheckError::Utf8 { column, entry }))
}

fn cut_between_characters(lengths: &[i32], bytes: &[u8]) -> bool {
    let mut at = 0_usize;
    lengths.iter().all(|&length| {
        let begins = bytes.get(at).is_none_or(|&byte| byte & 0xC0 != 0x80);
        at += length.max(0) as usize;
        begins
    })
}
