//! Creates columns entry by entry, and changes single entries of a column.

use std::ops::Range;

use super::{Converted, EntryError};
use crate::json::payload::{MAX_COLUMN, too_large};
use crate::records::Column;

/// Creates a column of the same length. `each` appends the bytes of the converted entry, and returns whether it is a value or null, or
/// an error message.
pub(crate) fn each_value<'a>(
    entries: impl ExactSizeIterator<Item = Option<&'a [u8]>>,
    capacity: usize,
    each: impl FnMut(usize, Option<&'a [u8]>, &mut Vec<u8>) -> Result<bool, String>,
) -> Converted<Column> {
    each_value_until(usize::MAX, entries, capacity, each)
}

/// Like [`each_value`], but stops after the entry with which the column reaches `limit` bytes. The column has one length for each
/// converted entry.
#[inline]
pub(crate) fn each_value_until<'a>(
    limit: usize,
    entries: impl ExactSizeIterator<Item = Option<&'a [u8]>>,
    capacity: usize,
    mut each: impl FnMut(usize, Option<&'a [u8]>, &mut Vec<u8>) -> Result<bool, String>,
) -> Converted<Column> {
    let mut column = Column { lengths: Vec::with_capacity(entries.len()), bytes: Vec::with_capacity(capacity) };
    let mut failures = Vec::new();
    for (index, bytes) in entries.enumerate() {
        let start = column.bytes.len();
        let mut converted = each(index, bytes, &mut column.bytes);
        if column.bytes.len() > MAX_COLUMN && converted.is_ok() {
            converted = Err(too_large());
        }
        let length = match converted {
            Ok(true) => (column.bytes.len() - start) as i32,
            Ok(false) => -1,
            Err(message) => {
                failures.push(EntryError { index: index as u32, message: shortened(message) });
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

/// The maximum number of bytes in a message about an entry. Each message may quote the entry or its schema.
const MAX_MESSAGE: usize = 2 << 10;

/// Truncates a message.
pub(crate) fn shortened(mut message: String) -> String {
    if message.len() > MAX_MESSAGE {
        message.truncate(message.floor_char_boundary(MAX_MESSAGE));
        message.push_str("...");
        message.shrink_to_fit();
    }
    message
}

/// The change of an entry.
#[derive(Debug)]
pub(crate) enum Patch {
    /// The entry becomes null.
    Null,
    /// Only this part of the entry remains.
    Part(Range<usize>),
    /// The entry gets these bytes.
    Bytes(Vec<u8>),
    /// The entry fails with this message.
    Fail(String),
}

/// The changes of a column, in the order of its entries. A column without changes is moved, not copied.
#[derive(Debug, Default)]
pub(crate) struct Patches(Vec<(usize, Patch)>);

impl Patches {
    /// Calls a function for each entry that is not null, which returns the change of the entry.
    pub(crate) fn find(column: &Column, count: u32, mut patch: impl FnMut(&[u8]) -> Option<Patch>) -> Self {
        let mut patches = Vec::new();
        for (index, bytes) in column.iter(count).enumerate() {
            if let Some(patch) = bytes.and_then(&mut patch) {
                patches.push((index, patch));
            }
        }
        Self(patches)
    }

    /// Applies the changes to the column.
    pub(crate) fn apply(self, column: Column, count: u32) -> Converted<Column> {
        if self.0.is_empty() {
            return Converted::all(column);
        }
        let mut patches = self.0.into_iter().peekable();
        each_value(column.iter(count), column.bytes.len(), |index, bytes, out| {
            let Some((_, patch)) = patches.next_if(|(patched, _)| *patched == index) else {
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
