//! Reads the rows of a batch one after the other, out of the columns they travel in. Nothing is copied or allocated.

use serde::Deserialize;

use crate::RowError;
use crate::bindings::host::weir::connect::data::{Column, Encoding, Format, Records, Values};
use crate::schema::SchemaRef;
use crate::value::Value;

/// A key, a value or a header's value, as it crosses the boundary.
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
    /// No value. As a record's value in a compacted topic: a tombstone.
    Null,
    /// These bytes.
    Bytes(&'a [u8]),
    /// This text.
    Text(&'a str),
    /// One JSON text, in the payload form of Kafka Connect's JsonConverter.
    Json(&'a str),
}

impl<'a> Data<'a> {
    /// The bytes, whatever they stand for; `None` = null.
    pub fn as_bytes(self) -> Option<&'a [u8]> {
        match self {
            Data::Null => None,
            Data::Bytes(bytes) => Some(bytes),
            Data::Text(text) | Data::Json(text) => Some(text.as_bytes()),
        }
    }

    /// The text or the JSON text; `None` = null or bytes.
    pub fn as_str(self) -> Option<&'a str> {
        match self {
            Data::Text(text) | Data::Json(text) => Some(text),
            Data::Null | Data::Bytes(_) => None,
        }
    }

    /// Reads JSON with serde, into a struct with the fields of interest or into any other type. It may borrow from the row.
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
    pub fn parse<T: Deserialize<'a>>(self) -> Result<T, RowError> {
        let json = match self {
            Data::Json(json) => json,
            // A null is what an `Option` reads as none.
            Data::Null => "null",
            Data::Text(_) => return Err(RowError::new("expected JSON, not text")),
            Data::Bytes(_) => return Err(RowError::new("expected JSON, not bytes")),
        };
        serde_json::from_str(json).map_err(RowError::new)
    }

    /// True for null.
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

/// To look at fields by name: `Value::from(record.value()).get("id")`.
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

/// The runtime checked it before it came here; this check costs a few nanoseconds and keeps the SDK free of unsafe code.
fn text(bytes: &[u8]) -> &str {
    simdutf8::basic::from_utf8(bytes).expect("the runtime gave text that is not UTF-8")
}

/// One row.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    records: &'a Records,
    row: usize,
    key: Option<&'a [u8]>,
    value: Option<&'a [u8]>,
    headers: Headers<'a>,
}

impl<'a> Record<'a> {
    /// Index of the row in its batch.
    pub fn row(&self) -> u32 {
        self.row as u32
    }

    /// The topic, after the transforms that ran so far.
    pub fn topic(&self) -> &'a str {
        let topics = &self.records.topics;
        &topics.names[pick(&topics.rows, self.row)]
    }

    /// The Kafka partition; `None` = none chosen.
    pub fn partition(&self) -> Option<i32> {
        self.records.partitions.get(self.row).copied().filter(|partition| *partition >= 0)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z; `None` = the row has no timestamp.
    pub fn timestamp(&self) -> Option<i64> {
        self.records.timestamps.get(self.row).copied().filter(|timestamp| *timestamp >= 0)
    }

    /// The key.
    pub fn key(&self) -> Data<'a> {
        Data::new(self.key, self.format(&self.records.keys))
    }

    /// The key's schema; `None` = it has none.
    pub fn key_schema(&self) -> Option<SchemaRef<'a>> {
        schema(self.format(&self.records.keys))
    }

    /// The value.
    pub fn value(&self) -> Data<'a> {
        Data::new(self.value, self.format(&self.records.values))
    }

    /// The value's schema; `None` = it has none.
    pub fn value_schema(&self) -> Option<SchemaRef<'a>> {
        schema(self.format(&self.records.values))
    }

    /// The headers in order; a name may occur more than once.
    pub fn headers(&self) -> Headers<'a> {
        self.headers
    }

    /// The last header of this name, which is the one that counts where only one can.
    pub fn header(&self, name: &str) -> Option<Header<'a>> {
        self.headers.filter(|header| header.name == name).last()
    }

    fn format(&self, values: &'a Values) -> Option<&'a Format> {
        format(self.records, values, self.row)
    }
}

fn format<'a>(records: &'a Records, values: &'a Values, row: usize) -> Option<&'a Format> {
    records.formats.get(pick(&values.formats, row))
}

fn schema(format: Option<&Format>) -> Option<SchemaRef<'_>> {
    format?.schema.as_ref().map(|schema| SchemaRef::new(&schema.nodes))
}

/// An index column's entry; an empty column means the first for every row.
pub(crate) fn pick(rows: &[u32], row: usize) -> usize {
    rows.get(row).map_or(0, |index| *index as usize)
}

/// A header.
#[derive(Clone, Copy, Debug)]
pub struct Header<'a> {
    /// The header's name.
    pub name: &'a str,
    /// The header's value.
    pub value: Data<'a>,
    /// The schema of the value; `None` = it has none.
    pub schema: Option<SchemaRef<'a>>,
}

/// The headers of one row.
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

/// How far a column has been read.
#[derive(Clone, Copy, Debug, Default)]
struct Cursor {
    position: usize,
}

impl Cursor {
    fn next<'a>(&mut self, column: &'a Column, row: usize) -> Option<&'a [u8]> {
        self.next_of(&column.lengths, &column.bytes, row)
    }

    fn next_of<'a>(&mut self, lengths: &[i32], bytes: &'a [u8], row: usize) -> Option<&'a [u8]> {
        let length = usize::try_from(*lengths.get(row)?).ok()?;
        let start = self.position;
        self.position += length;
        Some(&bytes[start..self.position])
    }
}

/// The rows of a batch in order.
#[derive(Clone, Debug)]
pub struct Rows<'a> {
    records: &'a Records,
    row: usize,
    key: Cursor,
    value: Cursor,
    header: usize,
    header_names: Cursor,
    header_values: Cursor,
}

impl<'a> Rows<'a> {
    /// The rows of columns that the runtime has checked.
    #[doc(hidden)]
    pub fn new(records: &'a Records) -> Rows<'a> {
        Rows {
            records,
            row: 0,
            key: Cursor::default(),
            value: Cursor::default(),
            header: 0,
            header_names: Cursor::default(),
            header_values: Cursor::default(),
        }
    }

    fn next_headers(&mut self) -> Headers<'a> {
        let records = self.records;
        let left = records.headers.counts.get(self.row).copied().unwrap_or(0);
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

impl<'a> Iterator for Rows<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        let records = self.records;
        if self.row >= records.count as usize {
            return None;
        }
        let headers = self.next_headers();
        let row = self.row;
        self.row += 1;
        let key = self.key.next_of(&records.keys.lengths, &records.keys.bytes, row);
        let value = self.value.next_of(&records.values.lengths, &records.values.bytes, row);
        Some(Record { records, row, key, value, headers })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.records.count as usize - self.row;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Rows<'_> {}
