//! A builder for one record. Its parts are written into the columns of the batch immediately. `push` adds the record;
//! dropping the builder discards it.

use std::fmt;
use std::io::Write;

use serde::Serialize;

use super::BatchBuilder;
use super::columns::ValuesWriter;
use crate::bindings::host::weir::connect::data::Encoding;
use crate::record::Data;
use crate::schema::Schema;
use crate::source::{OffsetWriter, SourcePartition};

/// Sets the parts of a record. A key or value that is not set is null.
#[must_use = "a record becomes part of the batch when `push` is called"]
#[derive(Debug)]
pub struct RecordBuilder<'a> {
    batch: &'a mut BatchBuilder,
    topic: u32,
    partition: i32,
    timestamp: i64,
    key: Option<Encoding>,
    key_schema: Option<Schema>,
    value: Option<Encoding>,
    value_schema: Option<Schema>,
    /// The number of headers in the columns before those of this record.
    headers: usize,
    source_partition: Option<u32>,
}

impl<'a> RecordBuilder<'a> {
    pub(super) fn new(batch: &'a mut BatchBuilder, topic: &str) -> RecordBuilder<'a> {
        let topic = batch.topics.index(topic);
        let headers = batch.header_names.len();
        RecordBuilder {
            batch,
            topic,
            partition: -1,
            timestamp: -1,
            key: None,
            key_schema: None,
            value: None,
            value_schema: None,
            headers,
            source_partition: None,
        }
    }

    /// Sets the Kafka partition. If it is not set, Kafka's partitioner chooses one.
    pub fn partition(mut self, partition: i32) -> Self {
        self.partition = partition;
        self
    }

    /// Sets the timestamp in milliseconds since 1970-01-01T00:00:00Z. If it is not set, Kafka uses the time of writing.
    pub fn timestamp(mut self, milliseconds: i64) -> Self {
        self.timestamp = milliseconds;
        self
    }

    /// Sets the key, in any encoding.
    pub fn key(mut self, key: Data<'_>) -> Self {
        self.key = write(&mut self.batch.keys, key);
        self
    }

    /// Sets the key to a text.
    pub fn key_text(self, key: &str) -> Self {
        self.key(Data::Text(key))
    }

    /// Sets the key to bytes.
    pub fn key_bytes(self, key: &[u8]) -> Self {
        self.key(Data::Bytes(key))
    }

    /// Sets the key to a JSON text in the payload format of JsonConverter.
    pub fn key_json(self, json: &str) -> Self {
        self.key(Data::Json(json))
    }

    /// Serializes a value with serde to a JSON text and sets the key to it.
    pub fn key_serialize(mut self, key: &impl Serialize) -> Self {
        self.key = Some(Encoding::Json);
        if let Err(error) = serde_json::to_writer(self.batch.keys.column.restart(), key) {
            self.batch.fail(format_args!("a key cannot be written as JSON: {error}"));
        }
        self
    }

    /// Sets the schema of the key. Text needs a string schema, bytes need a bytes schema, and JSON any other.
    pub fn key_schema(mut self, schema: &Schema) -> Self {
        self.key_schema = Some(schema.clone());
        self
    }

    /// Sets the value, in any encoding.
    pub fn value(mut self, value: Data<'_>) -> Self {
        self.value = write(&mut self.batch.values, value);
        self
    }

    /// Sets the value to a text.
    pub fn value_text(self, value: &str) -> Self {
        self.value(Data::Text(value))
    }

    /// Sets the value to a text that is formatted in place: `value_format(format_args!("{n}"))`.
    pub fn value_format(mut self, value: fmt::Arguments<'_>) -> Self {
        self.value = Some(Encoding::Utf8);
        if let Err(error) = self.batch.values.column.restart().write_fmt(value) {
            self.batch.fail(format_args!("a value cannot be formatted: {error}"));
        }
        self
    }

    /// Sets the value to bytes.
    pub fn value_bytes(self, value: &[u8]) -> Self {
        self.value(Data::Bytes(value))
    }

    /// Sets the value to a JSON text in the payload format of JsonConverter.
    pub fn value_json(self, json: &str) -> Self {
        self.value(Data::Json(json))
    }

    /// Serializes a value with serde to a JSON text and sets the value to it.
    pub fn value_serialize(mut self, value: &impl Serialize) -> Self {
        self.value = Some(Encoding::Json);
        if let Err(error) = serde_json::to_writer(self.batch.values.column.restart(), value) {
            self.batch.fail(format_args!("a value cannot be written as JSON: {error}"));
        }
        self
    }

    /// Sets the schema of the value. Text needs a string schema, bytes need a bytes schema, and JSON any other.
    pub fn value_schema(mut self, schema: &Schema) -> Self {
        self.value_schema = Some(schema.clone());
        self
    }

    /// Adds a header with an optional schema.
    pub fn header(self, name: &str, value: Data<'_>, schema: Option<&Schema>) -> Self {
        self.batch.header_names.restart().extend_from_slice(name.as_bytes());
        self.batch.header_names.push();
        let encoding = write(&mut self.batch.header_values, value);
        let format = format(self.batch, encoding, schema);
        self.batch.header_values.push(encoding.is_none(), format);
        self
    }

    /// Adds a header whose value is a text.
    pub fn header_text(self, name: &str, value: &str) -> Self {
        self.header(name, Data::Text(value), None)
    }

    /// Adds a header whose value is bytes.
    pub fn header_bytes(self, name: &str, value: &[u8]) -> Self {
        self.header(name, Data::Bytes(value), None)
    }

    /// Sets the source partition of the record and the offset from which the source continues after it:
    /// `offset(&partition, |o| o.set("position", n))`.
    ///
    /// The runtime stores the offset once Kafka has acknowledged the record and all records before it.
    /// [`SourceContext::stored_offset`](crate::source::SourceContext::stored_offset) returns it when the task restarts.
    pub fn offset(mut self, partition: &SourcePartition, set: impl FnOnce(&mut OffsetWriter<'_>)) -> Self {
        self.source_partition = Some(self.batch.source_partitions.index(partition.as_json()));
        let mut writer = OffsetWriter::new(self.batch.offsets.restart());
        set(&mut writer);
        if let Err(reason) = writer.finish() {
            self.batch.fail(reason);
        }
        self
    }

    /// Sets the source partition of the record without an offset. The offset of a later record of the same partition
    /// covers it.
    pub fn source_partition(mut self, partition: &SourcePartition) -> Self {
        self.source_partition = Some(self.batch.source_partitions.index(partition.as_json()));
        self.batch.offsets.restart();
        self
    }

    /// Adds the record to the batch and returns its number. The records of a task are numbered from 0 as long as it runs.
    pub fn push(mut self) -> u64 {
        let record = self.batch.next_number();
        let value_format = format(self.batch, self.value, self.value_schema.as_ref());
        let key_format = format(self.batch, self.key, self.key_schema.as_ref());
        let headers = self.batch.header_names.len() - self.headers;
        // They now belong to the record, so dropping the builder keeps them.
        self.headers += headers;
        let batch = &mut *self.batch;
        batch.keys.push(self.key.is_none(), key_format);
        batch.values.push(self.value.is_none(), value_format);
        batch.topic_index.push(self.topic);
        sparse(&mut batch.partitions, batch.count, self.partition, -1);
        sparse(&mut batch.timestamps, batch.count, self.timestamp, -1);
        sparse(&mut batch.header_counts, batch.count, headers as u32, 0);
        // A record without an origin has an empty partition, for which no offset is ever stored.
        batch.source_partition.push(match self.source_partition {
            Some(partition) => partition,
            None => batch.source_partitions.index("{}"),
        });
        // A JSON object is never empty.
        if batch.offsets.is_open() {
            batch.offsets.push();
        } else {
            batch.offsets.push_null();
        }
        batch.count += 1;
        record
    }
}

/// Discards a record that was not pushed.
impl Drop for RecordBuilder<'_> {
    fn drop(&mut self) {
        self.batch.header_names.truncate(self.headers);
        self.batch.header_values.truncate(self.headers);
        self.batch.keys.column.restart();
        self.batch.values.column.restart();
        self.batch.offsets.restart();
    }
}

/// Writes the bytes into the column. Returns their encoding, or `None` for null.
fn write(column: &mut ValuesWriter, data: Data<'_>) -> Option<Encoding> {
    let place = column.column.restart();
    place.extend_from_slice(data.as_bytes()?);
    match data {
        Data::Null => None,
        Data::Bytes(_) => Some(Encoding::Bytes),
        Data::Text(_) => Some(Encoding::Utf8),
        Data::Json(_) => Some(Encoding::Json),
    }
}

fn format(batch: &mut BatchBuilder, encoding: Option<Encoding>, schema: Option<&Schema>) -> u32 {
    match encoding {
        Some(encoding) => batch.formats.index(encoding, schema),
        None => batch.formats.of_null(schema),
    }
}

/// Adds a value to a column that stays empty as long as all records have the default.
fn sparse<T: Copy + PartialEq>(column: &mut Vec<T>, record: u32, value: T, usual: T) {
    if value != usual && column.is_empty() {
        column.resize(record as usize, usual);
    }
    if value != usual || !column.is_empty() {
        column.push(value);
    }
}

#[cfg(test)]
mod tests {
    use crate::batch::{BatchBuilder, Budget};
    use crate::record::{Data, RecordIter};
    use crate::schema::Schema;
    use crate::source::SourcePartition;

    fn batch() -> BatchBuilder {
        BatchBuilder::new(Budget::default(), 10)
    }

    #[test]
    fn columns_that_say_nothing_stay_empty() {
        let mut batch = batch();
        for value in ["a", "b"] {
            batch.record("t").value_text(value).push();
        }
        let batch = batch.finish().unwrap();
        let records = batch.records;
        assert_eq!((records.topics.names, records.topics.name_index), (vec!["t".to_string()], vec![]));
        assert_eq!((records.partitions, records.timestamps), (vec![], vec![]));
        assert_eq!(
            (records.keys.lengths, records.keys.format_index, records.values.format_index),
            (vec![], vec![], vec![])
        );
        assert_eq!((records.values.lengths, records.values.bytes), (vec![1, 1], b"ab".to_vec()));
        assert!(records.headers.counts.is_empty() && records.headers.names.lengths.is_empty());
        assert_eq!(records.formats.len(), 1);
        assert_eq!((batch.source_partitions, batch.source_partition_index), (vec!["{}".to_string()], vec![]));
        assert!(batch.source_offsets.lengths.is_empty());
    }

    #[test]
    fn what_is_written_is_read_back() {
        let schema = Schema::structure("s").field("a", Schema::int8()).build();
        let here = SourcePartition::new().with("f", "x");
        let mut batch = batch();
        assert_eq!(batch.record("t").key_text("k").value_json("{\"a\":1}").value_schema(&schema).push(), 10);
        batch.record("u").header_text("h", "1").header("h", Data::Null, Some(&schema)).push();
        batch.record("t").timestamp(5).partition(2).value_bytes(b"z").offset(&here, |o| o.set("p", 3)).push();
        batch.record("t").value_format(format_args!("{}", 12)).header_bytes("b", b"\xff").push();
        let batch = batch.finish().unwrap();
        let records: Vec<_> = RecordIter::new(&batch.records).collect();
        assert_eq!(records.iter().map(|record| record.topic()).collect::<String>(), "tutt");
        assert_eq!(records[0].key(), Data::Text("k"));
        assert_eq!(records[0].value(), Data::Json("{\"a\":1}"));
        assert_eq!(records[0].value_schema().unwrap().name(), Some("s"));
        assert_eq!((records[1].key(), records[1].value()), (Data::Null, Data::Null));
        assert!(records[1].value_schema().is_none() && records[1].key_schema().is_none());
        let headers: Vec<_> = records[1].headers().map(|header| (header.name, header.value)).collect();
        assert_eq!(headers, [("h", Data::Text("1")), ("h", Data::Null)]);
        assert!(records[1].header("h").unwrap().schema.is_some());
        assert_eq!(
            (records[2].timestamp(), records[2].partition(), records[2].value()),
            (Some(5), Some(2), Data::Bytes(b"z"))
        );
        assert_eq!(
            (records[3].timestamp(), records[3].partition(), records[3].value()),
            (None, None, Data::Text("12"))
        );
        assert_eq!(records[3].header("b").unwrap().value, Data::Bytes(b"\xff"));
        assert_eq!(batch.source_partition_index, [0, 0, 1, 0]);
        assert_eq!(batch.source_offsets.lengths, [-1, -1, 7, -1]);
        assert_eq!(batch.source_offsets.bytes, b"{\"p\":3}");
    }

    #[test]
    fn a_record_that_is_not_pushed_leaves_nothing() {
        let here = SourcePartition::new().with("f", "x");
        let mut batch = batch();
        batch.record("t").header_text("kept", "1").value_text("a").push();
        drop(batch.record("t").key_text("k").header_text("h", "2").value_text("b").offset(&here, |o| o.set("p", 1)));
        batch.record("t").value_text("first try").value_text("c").push();
        let batch = batch.finish().unwrap();
        let values: Vec<_> =
            RecordIter::new(&batch.records).map(|record| (record.value(), record.headers().len())).collect();
        assert_eq!(values, [(Data::Text("a"), 1), (Data::Text("c"), 0)]);
        assert!(batch.source_offsets.lengths.is_empty() && batch.records.keys.bytes.is_empty());
    }

    #[test]
    fn schemas_built_apart_are_one_format_when_they_are_equal() {
        let mut batch = batch();
        for _ in 0..3 {
            batch.record("t").value_json("1").value_schema(&Schema::int8().build()).push();
        }
        batch.record("t").value_schema(&Schema::int8().build()).push();
        let records = batch.finish().unwrap().records;
        assert_eq!(records.formats.len(), 2, "the schema, and none for the keys");
        assert!(records.values.format_index.is_empty());
    }

    #[test]
    fn more_records_than_the_budget_are_refused() {
        let mut batch = BatchBuilder::new(Budget { max_records: 1, ..Budget::default() }, 0);
        assert!(batch.has_room());
        batch.record("t").push();
        assert!(!batch.has_room());
        batch.record("t").push();
        assert!(batch.finish().unwrap_err().to_string().starts_with("poll pushed 2 records, but at most 1 are"));
    }
}
