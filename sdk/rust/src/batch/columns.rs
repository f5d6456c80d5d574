//! Writers for columns. The data of the unfinished record follows that of the finished ones and can be discarded.

use crate::bindings::host::weir::connect::data::{Column, Values};

/// A column of byte strings.
#[derive(Debug, Default)]
pub(crate) struct ColumnWriter {
    lengths: Vec<i32>,
    bytes: Vec<u8>,
    /// The start of the unfinished record.
    start: usize,
    any: bool,
}

impl ColumnWriter {
    /// Discards what was written since the last record, and returns the buffer to write to.
    pub(crate) fn restart(&mut self) -> &mut Vec<u8> {
        self.bytes.truncate(self.start);
        &mut self.bytes
    }

    /// Makes what was written since the last record the next record.
    pub(crate) fn push(&mut self) {
        // A record that long does not fit into a guest's memory.
        self.lengths.push(i32::try_from(self.bytes.len() - self.start).unwrap_or(i32::MAX));
        self.start = self.bytes.len();
        self.any = true;
    }

    pub(crate) fn push_null(&mut self) {
        self.restart();
        self.lengths.push(-1);
    }

    /// Returns whether anything was written since the last record.
    pub(crate) fn is_open(&self) -> bool {
        self.bytes.len() > self.start
    }

    /// Returns the number of bytes of the finished records.
    pub(crate) fn size(&self) -> usize {
        self.start
    }

    pub(crate) fn len(&self) -> usize {
        self.lengths.len()
    }

    /// Removes the last records so that `records` are left.
    pub(crate) fn truncate(&mut self, records: usize) {
        for length in self.lengths.drain(records..) {
            self.start -= usize::try_from(length).unwrap_or(0);
        }
        self.restart();
    }

    pub(crate) fn finish(mut self) -> Column {
        self.restart();
        Column { lengths: if self.any { self.lengths } else { Vec::new() }, bytes: self.bytes }
    }
}

/// A column of values with their formats.
#[derive(Debug, Default)]
pub(crate) struct ValuesWriter {
    pub(crate) column: ColumnWriter,
    formats: Vec<u32>,
}

impl ValuesWriter {
    pub(crate) fn push(&mut self, null: bool, format: u32) {
        if null {
            self.column.push_null();
        } else {
            self.column.push();
        }
        self.formats.push(format);
    }

    pub(crate) fn size(&self) -> usize {
        self.column.size()
    }

    pub(crate) fn truncate(&mut self, records: usize) {
        self.column.truncate(records);
        self.formats.truncate(records);
    }

    pub(crate) fn finish(self) -> Values {
        let Column { lengths, bytes } = self.column.finish();
        Values { lengths, bytes, format_index: super::unless_all_first(self.formats) }
    }
}
