//! Columns made row by row, and columns of which only a few rows change.

use std::ops::Range;

use super::{Converted, RowError};
use crate::json::payload::{MAX_COLUMN, too_large};
use crate::records::Column;

/// Makes a column out of rows: `each` appends what a row becomes to the bytes and says whether that is a value or null,
/// or why there is none.
pub(crate) fn each_row<'a>(
    rows: impl ExactSizeIterator<Item = Option<&'a [u8]>>,
    capacity: usize,
    each: impl FnMut(usize, Option<&'a [u8]>, &mut Vec<u8>) -> Result<bool, String>,
) -> Converted<Column> {
    each_row_until(usize::MAX, rows, capacity, each)
}

/// As [`each_row`], and stops after the row with which the column has `limit` bytes. It has as many lengths as rows were
/// looked at.
#[inline]
pub(crate) fn each_row_until<'a>(
    limit: usize,
    rows: impl ExactSizeIterator<Item = Option<&'a [u8]>>,
    capacity: usize,
    mut each: impl FnMut(usize, Option<&'a [u8]>, &mut Vec<u8>) -> Result<bool, String>,
) -> Converted<Column> {
    let mut column = Column { lengths: Vec::with_capacity(rows.len()), bytes: Vec::with_capacity(capacity) };
    let mut failures = Vec::new();
    for (row, bytes) in rows.enumerate() {
        let start = column.bytes.len();
        let mut made = each(row, bytes, &mut column.bytes);
        if column.bytes.len() > MAX_COLUMN && made.is_ok() {
            made = Err(too_large());
        }
        let length = match made {
            Ok(true) => (column.bytes.len() - start) as i32,
            Ok(false) => -1,
            Err(message) => {
                failures.push(RowError { row: row as u32, message: shortened(message) });
                -1
            }
        };
        if length < 0 {
            column.bytes.truncate(start);
        }
        column.lengths.push(length);
        if column.bytes.len() >= limit {
            break;
        }
    }
    Converted { output: column, failures }
}

/// Most bytes of a message about a row: it may quote what the row or its schema has, for each row again.
const MAX_MESSAGE: usize = 2 << 10;

/// A message of a bounded length.
pub(crate) fn shortened(mut message: String) -> String {
    if message.len() > MAX_MESSAGE {
        message.truncate(message.floor_char_boundary(MAX_MESSAGE));
        message.push_str("...");
        message.shrink_to_fit();
    }
    message
}

/// What becomes of a row that does not stay as it is.
#[derive(Debug)]
pub(crate) enum Patch {
    /// It is null.
    Null,
    /// Part of it.
    Part(Range<usize>),
    /// Other bytes.
    Bytes(Vec<u8>),
    /// It failed.
    Fail(String),
}

/// The rows of a column that change, in order. While there are none, the column can be passed on as it is.
#[derive(Debug, Default)]
pub(crate) struct Patches(Vec<(usize, Patch)>);

impl Patches {
    /// Looks at every row of a column. Null rows are not shown.
    pub(crate) fn find(column: &Column, count: u32, mut look: impl FnMut(&[u8]) -> Option<Patch>) -> Self {
        let mut patches = Vec::new();
        for (row, bytes) in column.iter(count).enumerate() {
            if let Some(patch) = bytes.and_then(&mut look) {
                patches.push((row, patch));
            }
        }
        Self(patches)
    }

    /// The column with the changes. Without any it is moved, not copied.
    pub(crate) fn apply(self, column: Column, count: u32) -> Converted<Column> {
        if self.0.is_empty() {
            return Converted::all(column);
        }
        let mut patches = self.0.into_iter().peekable();
        each_row(column.iter(count), column.bytes.len(), |row, bytes, out| {
            let Some((_, patch)) = patches.next_if(|(patched, _)| *patched == row) else {
                out.extend_from_slice(bytes.unwrap_or_default());
                return Ok(bytes.is_some());
            };
            match patch {
                Patch::Null => return Ok(false),
                Patch::Part(part) => out.extend_from_slice(bytes.and_then(|b| b.get(part)).unwrap_or_default()),
                Patch::Bytes(other) => out.extend_from_slice(&other),
                Patch::Fail(message) => return Err(message),
            }
            Ok(true)
        })
    }
}
