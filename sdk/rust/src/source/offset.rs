//! Source partitions and offsets: where a record came from, and where to continue after it.

use std::fmt;
use std::io::Write;

use serde_json::{Map, Value};

use crate::host;

/// A part of the source that has its own offset, such as a file.
///
/// Offsets are stored under the JSON text of the partition, so use the same keys in the same order each time.
///
/// ```
/// use weir_sdk::source::SourcePartition;
/// let file = SourcePartition::new().with("filename", "/data/in.txt");
/// assert_eq!(file.as_json(), r#"{"filename":"/data/in.txt"}"#);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SourcePartition {
    json: String,
}

impl SourcePartition {
    /// Creates a partition without keys, for a source that has only one partition.
    pub fn new() -> SourcePartition {
        SourcePartition { json: "{}".into() }
    }

    /// Adds a key.
    pub fn with(mut self, key: &str, value: impl OffsetValue) -> SourcePartition {
        let mut bytes = std::mem::take(&mut self.json).into_bytes();
        bytes.pop();
        if bytes.len() > 1 {
            bytes.push(b',');
        }
        write_text(&mut bytes, key);
        bytes.push(b':');
        // JSON cannot represent the number, so no offset could be found with it.
        if value.write(&mut bytes).is_err() {
            bytes.extend_from_slice(b"null");
        }
        bytes.push(b'}');
        self.json = String::from_utf8_lossy(&bytes).into_owned();
        self
    }

    /// Returns the JSON object under which offsets are stored.
    pub fn as_json(&self) -> &str {
        &self.json
    }
}

impl Default for SourcePartition {
    fn default() -> SourcePartition {
        SourcePartition::new()
    }
}

/// A stored offset.
///
/// ```
/// use weir_sdk::source::Offset;
/// let offset = Offset::parse(r#"{"position":30,"file":"a"}"#).unwrap();
/// assert_eq!(offset.u64("position"), Some(30));
/// assert_eq!(offset.str("file"), Some("a"));
/// assert_eq!(offset.i64("nothing"), None);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Offset {
    fields: Map<String, Value>,
}

impl Offset {
    /// Parses a JSON object. Returns `None` if the text is not a JSON object.
    pub fn parse(json: &str) -> Option<Offset> {
        serde_json::from_str(json).ok().map(|fields| Offset { fields })
    }

    /// Returns a non-negative integer.
    pub fn u64(&self, key: &str) -> Option<u64> {
        self.fields.get(key)?.as_u64()
    }

    /// Returns an integer.
    pub fn i64(&self, key: &str) -> Option<i64> {
        self.fields.get(key)?.as_i64()
    }

    /// Returns a string.
    pub fn str(&self, key: &str) -> Option<&str> {
        self.fields.get(key)?.as_str()
    }

    /// Returns a value of any type.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.fields.get(key)
    }
}

/// Returns the offsets that the runtime has stored for these partitions, one result for each.
pub(crate) fn stored(partitions: &[SourcePartition]) -> Vec<Option<Offset>> {
    let texts: Vec<String> = partitions.iter().map(|partition| partition.as_json().into()).collect();
    host::stored_offsets(&texts).into_iter().map(|offset| offset.as_deref().and_then(Offset::parse)).collect()
}

/// Writes the offset of a record, directly into its column.
#[derive(Debug)]
pub struct OffsetWriter<'a> {
    column: &'a mut Vec<u8>,
    any: bool,
    error: Option<String>,
}

impl<'a> OffsetWriter<'a> {
    pub(crate) fn new(column: &'a mut Vec<u8>) -> OffsetWriter<'a> {
        OffsetWriter { column, any: false, error: None }
    }

    /// Sets a key to an integer, a string, a boolean or a finite floating-point number.
    pub fn set(&mut self, key: &str, value: impl OffsetValue) {
        self.column.push(if self.any { b',' } else { b'{' });
        self.any = true;
        write_text(self.column, key);
        self.column.push(b':');
        if let Err(error) = value.write(self.column) {
            self.error.get_or_insert(format!("the offset's {key} cannot be stored: {error}"));
        }
    }

    /// Ends the offset. If no key was set, the record has no offset.
    pub(crate) fn finish(self) -> Result<(), String> {
        if self.any {
            self.column.push(b'}');
        }
        self.error.map_or(Ok(()), Err)
    }
}

/// A type that can be used for values in source partitions and offsets.
pub trait OffsetValue {
    /// Writes the value as JSON.
    fn write(&self, out: &mut Vec<u8>) -> Result<(), NotANumber>;
}

/// The value is infinite or NaN, which JSON cannot represent.
#[derive(Debug)]
pub struct NotANumber(f64);

impl fmt::Display for NotANumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JSON has no number {}", self.0)
    }
}

macro_rules! whole_numbers {
    ($($type:ty)*) => {$(
        impl OffsetValue for $type {
            fn write(&self, out: &mut Vec<u8>) -> Result<(), NotANumber> {
                out.extend_from_slice(itoa::Buffer::new().format(*self).as_bytes());
                Ok(())
            }
        }
    )*};
}

whole_numbers! { i32 i64 u32 u64 usize }

impl OffsetValue for f64 {
    fn write(&self, out: &mut Vec<u8>) -> Result<(), NotANumber> {
        // Writing into a vector does not fail.
        if self.is_finite() && write!(out, "{self:?}").is_ok() { Ok(()) } else { Err(NotANumber(*self)) }
    }
}

impl OffsetValue for bool {
    fn write(&self, out: &mut Vec<u8>) -> Result<(), NotANumber> {
        out.extend_from_slice(if *self { b"true" } else { b"false" });
        Ok(())
    }
}

impl OffsetValue for str {
    fn write(&self, out: &mut Vec<u8>) -> Result<(), NotANumber> {
        write_text(out, self);
        Ok(())
    }
}

impl OffsetValue for String {
    fn write(&self, out: &mut Vec<u8>) -> Result<(), NotANumber> {
        self.as_str().write(out)
    }
}

impl<T: OffsetValue + ?Sized> OffsetValue for &T {
    fn write(&self, out: &mut Vec<u8>) -> Result<(), NotANumber> {
        (**self).write(out)
    }
}

/// Writes a JSON string.
fn write_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            0..0x20 => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(byte >> 4)]);
                out.push(HEX[usize::from(byte & 15)]);
            }
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_and_numbers_are_exact() {
        let mut column = b"before".to_vec();
        let mut writer = OffsetWriter::new(&mut column);
        writer.set("a\"\\\n", "\u{1}ü");
        writer.set("n", u64::MAX);
        writer.set("f", 1e300);
        writer.set("b", true);
        writer.finish().unwrap();
        let json = std::str::from_utf8(&column[6..]).unwrap();
        let offset = Offset::parse(json).unwrap();
        assert_eq!(offset.str("a\"\\\n"), Some("\u{1}ü"));
        assert_eq!(offset.u64("n"), Some(u64::MAX));
        assert_eq!(offset.get("f").and_then(Value::as_f64), Some(1e300));
        assert_eq!(offset.get("b"), Some(&Value::Bool(true)));
    }

    #[test]
    fn an_offset_that_json_cannot_hold_is_an_error() {
        let mut column = Vec::new();
        let mut writer = OffsetWriter::new(&mut column);
        writer.set("f", f64::NAN);
        assert_eq!(writer.finish().unwrap_err(), "the offset's f cannot be stored: JSON has no number NaN");
    }

    #[test]
    fn a_partition_has_its_keys_in_the_order_given() {
        let partition = SourcePartition::new().with("db", "x").with("shard", 3);
        assert_eq!(partition.as_json(), r#"{"db":"x","shard":3}"#);
    }
}
