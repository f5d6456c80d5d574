//! Reads the records of a batch one after the other into one [`Record`], whose memory is reused.

use std::borrow::Cow;

use super::columns::Columns;
use super::formats::Formats;
use super::headers::Header;
use super::record::{Changed, Record};
use crate::bindings::host::weir::connect::data::{Column, HeaderColumns, Values};
use crate::value::Value;

/// The columns of a batch except topics and formats, which steps add to.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) count: u32,
    pub(super) topic_index: Vec<u32>,
    pub(super) partitions: Vec<i32>,
    pub(super) timestamps: Vec<i64>,
    pub(super) keys: Values,
    pub(super) values: Values,
    pub(super) headers: HeaderColumns,
    pub(super) offsets: Vec<i64>,
}

/// The read positions in the columns.
#[derive(Debug, Default)]
pub(super) struct Position {
    index: usize,
    keys: usize,
    values: usize,
    header: usize,
    header_names: usize,
    header_values: usize,
}

impl Input {
    /// Reads the next record into `record`. Only the columns in `columns` are read.
    #[inline]
    pub(super) fn read<'b>(&'b self, at: &mut Position, columns: Columns, formats: &Formats, record: &mut Record<'b>) {
        let index = at.index;
        record.offset = self.offsets.get(index).copied();
        record.emitted.clear();
        let now = &mut record.now;
        now.topic = topic(&self.topic_index, index);
        now.partition = self.partitions.get(index).copied().unwrap_or(-1);
        now.timestamp = self.timestamps.get(index).copied().unwrap_or(-1);
        now.changed = Changed::default();
        if columns.contains(Columns::KEYS) {
            load(&mut now.key, &self.keys, &mut at.keys, index, formats);
        }
        if columns.contains(Columns::VALUES) {
            load(&mut now.value, &self.values, &mut at.values, index, formats);
        }
        if columns.contains(Columns::HEADERS) {
            // Also those that a step gave to the previous record.
            now.headers.entries.clear();
            now.headers.changed = false;
            for _ in 0..self.headers.counts.get(index).copied().unwrap_or(0) {
                now.headers.entries.push(self.header(at, formats));
            }
        }
        at.index += 1;
    }

    fn header(&self, at: &mut Position, formats: &Formats) -> Header<'_> {
        let Column { lengths, bytes } = &self.headers.names;
        let name = next(lengths, bytes, &mut at.header_names, at.header).unwrap_or_default();
        let values = &self.headers.values;
        let value = next(&values.lengths, &values.bytes, &mut at.header_values, at.header);
        let (encoding, schema) = formats.get(format(values, at.header));
        at.header += 1;
        Header { name: Cow::Borrowed(name), encoding, value: value.map(Cow::Borrowed), schema: schema.cloned() }
    }
}

#[inline]
fn load<'b>(value: &mut Value<'b>, values: &'b Values, at: &mut usize, record: usize, formats: &Formats) {
    let (encoding, schema) = formats.get(format(values, record));
    value.load(encoding, next(&values.lengths, &values.bytes, at, record), schema);
}

/// Returns the index of a record's topic. An empty column means the first topic for every record.
#[inline]
pub(super) fn topic(indexes: &[u32], record: usize) -> u32 {
    indexes.get(record).copied().unwrap_or(0)
}

/// Returns the index of a record's format. An empty column means the first format for every record.
#[inline]
pub(super) fn format(values: &Values, record: usize) -> u32 {
    values.format_index.get(record).copied().unwrap_or(0)
}

/// Returns the bytes of the record that begins at `at`. The batch has been checked, so they exist.
#[inline]
pub(super) fn next<'b>(lengths: &[i32], bytes: &'b [u8], at: &mut usize, record: usize) -> Option<&'b [u8]> {
    let length = usize::try_from(*lengths.get(record)?).ok()?;
    let begin = *at;
    *at += length;
    bytes.get(begin..*at)
}
