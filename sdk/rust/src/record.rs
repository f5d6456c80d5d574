//! Reads the records of a batch one after the other, directly from its columns. Nothing is copied or allocated.

use serde::Deserialize;

use crate::RecordError;
use crate::bindings::host::weir::connect::data::{Column, Encoding, Format, Records, Values};
use crate::schema::SchemaRef;
use crate::value::Value;

/// A key, a value or a header value, as passed between the runtime and the plugin.
///
/// ```
/// use weir_sdk::record::Data;
/// assert_eq!(Data::Text("a").as_bytes(), Some(b"a".as_slice()));
/// assert_eq!(Data::Json("{}").as_str(), Some("{}"));
/// assert_eq!(Data::Null.as_bytes(), None);
///
/// let mut value = weir_sdk::value::Value::from(Data::Json(r#"{"id":7}"#));
/// assert_eq!(value.get("id").and_then(|id| id.as_i64()), Some(7));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data<'a> {
    /// Null. In a compacted topic, a record with this value is a tombstone.
    Null,
    /// Bytes.
    Bytes(&'a [u8]),
    /// Text.
    Text(&'a str),
    /// A JSON text, in the payload format of Kafka Connect's JsonConverter.
    Json(&'a str),
}

impl<'a> Data<'a> {
    /// Returns the bytes in any encoding, or `None` for null.
    pub fn as_bytes(self) -> Option<&'a [u8]> {
        match self {
            Data::Null => None,
            Data::Bytes(bytes) => Some(bytes),
            Data::Text(text) | Data::Json(text) => Some(text.as_bytes()),
        }
    }

    /// Returns the text or the JSON text, or `None` for null or bytes.
    pub fn as_str(self) -> Option<&'a str> {
        match self {
            Data::Text(text) | Data::Json(text) => Some(text),
            Data::Null | Data::Bytes(_) => None,
        }
    }

    /// Deserializes JSON with serde into any type, such as a struct with the fields of interest. The result may borrow
    /// from the record.
    ///
    /// ```
    /// use weir_sdk::record::Data;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Order<'a> {
    ///     id: u64,
    ///     note: &'a str,
    /// }
    ///
    /// let order: Order<'_> = Data::Json(r#"{"id":7,"note":"soon","more":true}"#).parse().unwrap();
    /// assert_eq!((order.id, order.note), (7, "soon"));
    /// assert_eq!(Data::Bytes(b"x").parse::<u64>().unwrap_err().to_string(), "expected JSON, not bytes");
    /// ```
    pub fn parse<T: Deserialize<'a>>(self) -> Result<T, RecordError> {
        let json = match self {
            Data::Json(json) => json,
            // A null is what an `Option` reads as none.
            Data::Null => "null",
            Data::Text(_) => return Err(RecordError::new("expected JSON, not text")),
            Data::Bytes(_) => return Err(RecordError::new("expected JSON, not bytes")),
        };
        serde_json::from_str(json).map_err(RecordError::new)
    }

    /// Returns whether this is null.
    pub fn is_null(self) -> bool {
        self == Data::Null
    }

    fn new(bytes: Option<&'a [u8]>, format: Option<&Format>) -> Data<'a> {
        let Some(bytes) = bytes else { return Data::Null };
        match format.map_or(Encoding::Bytes, |format| format.encoding) {
            Encoding::Bytes => Data::Bytes(bytes),
            Encoding::Utf8 => Data::Text(text(bytes)),
            Encoding::Json => Data::Json(text(bytes)),
        }
    }
}

/// Gives access to fields by name: `Value::from(record.value()).get("id")`.
impl<'a> From<Data<'a>> for Value<'a> {
    fn from(data: Data<'a>) -> Value<'a> {
        match data {
            Data::Null => Value::null(),
            Data::Bytes(bytes) => Value::bytes(bytes),
            Data::Text(text) => Value::text(text),
            Data::Json(json) => Value::json(json),
        }
    }
}

/// Converts bytes to text. The runtime has already checked them; this check takes a few nanoseconds and keeps the SDK
/// free of unsafe code.
fn text(bytes: &[u8]) -> &str {
    simdutf8::basic::from_utf8(bytes).expect("the runtime gave text that is not UTF-8")
}

/// A record.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    records: &'a Records,
    index: usize,
    key: Option<&'a [u8]>,
    value: Option<&'a [u8]>,
    headers: Headers<'a>,
}

impl<'a> Record<'a> {
    /// Returns the index of the record in its batch.
    pub fn index(&self) -> u32 {
        self.index as u32
    }

    /// Returns the topic, as changed by the transforms that have already run.
    pub fn topic(&self) -> &'a str {
        let topics = &self.records.topics;
        &topics.names[pick(&topics.name_index, self.index)]
    }

    /// Returns the Kafka partition, or `None` if none is set.
    pub fn partition(&self) -> Option<i32> {
        self.records.partitions.get(self.index).copied().filter(|partition| *partition >= 0)
    }

    /// Returns the timestamp in milliseconds since 1970-01-01T00:00:00Z, or `None` if the record has none.
    pub fn timestamp(&self) -> Option<i64> {
        self.records.timestamps.get(self.index).copied().filter(|timestamp| *timestamp >= 0)
    }

    /// Returns the key.
    pub fn key(&self) -> Data<'a> {
        Data::new(self.key, self.format(&self.records.keys))
    }

    /// Returns the schema of the key, or `None` if it has none.
    pub fn key_schema(&self) -> Option<SchemaRef<'a>> {
        schema(self.format(&self.records.keys))
    }

    /// Returns the value.
    pub fn value(&self) -> Data<'a> {
        Data::new(self.value, self.format(&self.records.values))
    }

    /// Returns the schema of the value, or `None` if it has none.
    pub fn value_schema(&self) -> Option<SchemaRef<'a>> {
        schema(self.format(&self.records.values))
    }

    /// Returns the headers in order. A name may occur more than once.
    pub fn headers(&self) -> Headers<'a> {
        self.headers
    }

    /// Returns the last header with this name, which takes precedence over earlier ones.
    pub fn header(&self, name: &str) -> Option<Header<'a>> {
        self.headers.filter(|header| header.name == name).last()
    }

    fn format(&self, values: &'a Values) -> Option<&'a Format> {
        format(self.records, values, self.index)
    }
}

fn format<'a>(records: &'a Records, values: &'a Values, index: usize) -> Option<&'a Format> {
    records.formats.get(pick(&values.format_index, index))
}

fn schema(format: Option<&Format>) -> Option<SchemaRef<'_>> {
    format?.schema.as_ref().map(|schema| SchemaRef::new(&schema.nodes))
}

/// Returns the entry of an index column. An empty column means the first entry for every record.
pub(crate) fn pick(indexes: &[u32], record: usize) -> usize {
    indexes.get(record).map_or(0, |index| *index as usize)
}

/// A header.
#[derive(Clone, Copy, Debug)]
pub struct Header<'a> {
    /// The name of the header.
    pub name: &'a str,
    /// The value of the header.
    pub value: Data<'a>,
    /// The schema of the value, or `None` if it has none.
    pub schema: Option<SchemaRef<'a>>,
}

/// The headers of a record.
#[derive(Clone, Copy, Debug)]
pub struct Headers<'a> {
    records: &'a Records,
    header: usize,
    left: u32,
    names: Cursor,
    values: Cursor,
}

impl<'a> Iterator for Headers<'a> {
    type Item = Header<'a>;

    fn next(&mut self) -> Option<Header<'a>> {
        self.left = self.left.checked_sub(1)?;
        let columns = &self.records.headers;
        let name = self.names.next(&columns.names, self.header).unwrap_or_default();
        let value = self.values.next_of(&columns.values.lengths, &columns.values.bytes, self.header);
        let format = format(self.records, &columns.values, self.header);
        self.header += 1;
        Some(Header { name: text(name), value: Data::new(value, format), schema: schema(format) })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}

impl ExactSizeIterator for Headers<'_> {}

/// The read position in a column.
#[derive(Clone, Copy, Debug, Default)]
struct Cursor {
    position: usize,
}

impl Cursor {
    fn next<'a>(&mut self, column: &'a Column, index: usize) -> Option<&'a [u8]> {
        self.next_of(&column.lengths, &column.bytes, index)
    }

    fn next_of<'a>(&mut self, lengths: &[i32], bytes: &'a [u8], index: usize) -> Option<&'a [u8]> {
        let length = usize::try_from(*lengths.get(index)?).ok()?;
        let start = self.position;
        self.position += length;
        Some(&bytes[start..self.position])
    }
}

/// An iterator over the records of a batch, in order.
#[derive(Clone, Debug)]
pub struct RecordIter<'a> {
    records: &'a Records,
    index: usize,
    key: Cursor,
    value: Cursor,
    header: usize,
    header_names: Cursor,
    header_values: Cursor,
}

impl<'a> RecordIter<'a> {
    /// Creates an iterator over columns that the runtime has checked.
    #[doc(hidden)]
    pub fn new(records: &'a Records) -> RecordIter<'a> {
        RecordIter {
            records,
            index: 0,
            key: Cursor::default(),
            value: Cursor::default(),
            header: 0,
            header_names: Cursor::default(),
            header_values: Cursor::default(),
        }
    }

    fn next_headers(&mut self) -> Headers<'a> {
        let records = self.records;
        let left = records.headers.counts.get(self.index).copied().unwrap_or(0);
        let headers =
            Headers { records, header: self.header, left, names: self.header_names, values: self.header_values };
        for _ in 0..left {
            let columns = &records.headers;
            self.header_names.next(&columns.names, self.header);
            self.header_values.next_of(&columns.values.lengths, &columns.values.bytes, self.header);
            self.header += 1;
        }
        headers
    }
}

impl<'a> Iterator for RecordIter<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        let records = self.records;
        if self.index >= records.count as usize {
            return None;
        }
        let headers = self.next_headers();
        let index = self.index;
        self.index += 1;
        let key = self.key.next_of(&records.keys.lengths, &records.keys.bytes, index);
        let value = self.value.next_of(&records.values.lengths, &records.values.bytes, index);
        Some(Record { records, index, key, value, headers })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.records.count as usize - self.index;
        (left, Some(left))
    }
}

impl ExactSizeIterator for RecordIter<'_> {}
