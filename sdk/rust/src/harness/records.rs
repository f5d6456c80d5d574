//! Records as tests create and inspect them: owned, and compared as text.

use crate::batch::{BatchBuilder, RecordBuilder};
use crate::record::{Data, Record};
use crate::schema::Schema;

/// A record that a source produced.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceRecord {
    /// The number of the record in its task.
    pub number: u64,
    /// The topic.
    pub topic: String,
    /// The Kafka partition, if the source set one.
    pub partition: Option<i32>,
    /// The timestamp in milliseconds, if the source set one.
    pub timestamp: Option<i64>,
    /// The key. Bytes that are not valid UTF-8 are converted lossily.
    pub key: Option<String>,
    /// The schema of the key.
    pub key_schema: Option<Schema>,
    /// The value. Bytes that are not valid UTF-8 are converted lossily.
    pub value: Option<String>,
    /// The bytes of the value.
    pub value_bytes: Option<Vec<u8>>,
    /// The schema of the value.
    pub value_schema: Option<Schema>,
    /// The names and values of the headers.
    pub headers: Vec<(String, Option<String>)>,
    /// The source partition as JSON.
    pub source_partition: String,
    /// The offset as JSON, or `None` if the record has no offset.
    pub offset: Option<String>,
}

impl SourceRecord {
    pub(super) fn new(
        record: &Record<'_>,
        number: u64,
        source_partition: &str,
        offset: Option<String>,
    ) -> SourceRecord {
        SourceRecord {
            number,
            topic: record.topic().into(),
            partition: record.partition(),
            timestamp: record.timestamp(),
            key: text(record.key()),
            key_schema: record.key_schema().map(|schema| schema.to_schema()),
            value: text(record.value()),
            value_bytes: record.value().as_bytes().map(<[u8]>::to_vec),
            value_schema: record.value_schema().map(|schema| schema.to_schema()),
            headers: record.headers().map(|header| (header.name.into(), text(header.value))).collect(),
            source_partition: source_partition.into(),
            offset,
        }
    }
}

fn text(data: Data<'_>) -> Option<String> {
    data.as_bytes().map(|bytes| String::from_utf8_lossy(bytes).into_owned())
}

/// A record of a topic, for a sink.
///
/// ```
/// use weir_sdk::harness::KafkaRecord;
/// let record = KafkaRecord::json("orders", 0, r#"{"id":1}"#).key_text("1").timestamp(1_700_000_000_000);
/// assert_eq!(record.topic(), "orders");
/// ```
#[derive(Clone, Debug)]
pub struct KafkaRecord {
    pub(super) topic: String,
    pub(super) partition: i32,
    timestamp: i64,
    key: Owned,
    key_schema: Option<Schema>,
    value: Owned,
    value_schema: Option<Schema>,
    headers: Vec<(String, Owned)>,
}

#[derive(Clone, Debug)]
enum Owned {
    Null,
    Bytes(Vec<u8>),
    Text(String),
    Json(String),
}

impl Owned {
    fn data(&self) -> Data<'_> {
        match self {
            Owned::Null => Data::Null,
            Owned::Bytes(bytes) => Data::Bytes(bytes),
            Owned::Text(text) => Data::Text(text),
            Owned::Json(json) => Data::Json(json),
        }
    }
}

impl KafkaRecord {
    fn new(topic: &str, partition: i32, value: Owned) -> KafkaRecord {
        KafkaRecord {
            topic: topic.into(),
            partition,
            timestamp: -1,
            key: Owned::Null,
            key_schema: None,
            value,
            value_schema: None,
            headers: Vec::new(),
        }
    }

    /// Creates a record whose value is a text.
    pub fn text(topic: &str, partition: i32, value: &str) -> KafkaRecord {
        KafkaRecord::new(topic, partition, Owned::Text(value.into()))
    }

    /// Creates a record whose value is bytes.
    pub fn bytes(topic: &str, partition: i32, value: &[u8]) -> KafkaRecord {
        KafkaRecord::new(topic, partition, Owned::Bytes(value.into()))
    }

    /// Creates a record whose value is a JSON text in the payload format of JsonConverter.
    ///
    /// # Panics
    /// Panics if the text is not valid JSON.
    pub fn json(topic: &str, partition: i32, json: &str) -> KafkaRecord {
        if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(json) {
            panic!("{json} is not valid JSON: {error}");
        }
        KafkaRecord::new(topic, partition, Owned::Json(json.into()))
    }

    /// Creates a tombstone.
    pub fn null(topic: &str, partition: i32) -> KafkaRecord {
        KafkaRecord::new(topic, partition, Owned::Null)
    }

    /// Sets the schema of the value.
    pub fn schema(mut self, schema: &Schema) -> KafkaRecord {
        self.value_schema = Some(schema.clone());
        self
    }

    /// Sets the key to a text.
    pub fn key_text(mut self, key: &str) -> KafkaRecord {
        self.key = Owned::Text(key.into());
        self
    }

    /// Sets the key to bytes.
    pub fn key_bytes(mut self, key: &[u8]) -> KafkaRecord {
        self.key = Owned::Bytes(key.into());
        self
    }

    /// Sets the key to a JSON text with an optional schema.
    pub fn key_json(mut self, json: &str, schema: Option<&Schema>) -> KafkaRecord {
        self.key = Owned::Json(json.into());
        self.key_schema = schema.cloned();
        self
    }

    /// Adds a header.
    pub fn header_text(mut self, name: &str, value: &str) -> KafkaRecord {
        self.headers.push((name.into(), Owned::Text(value.into())));
        self
    }

    /// Sets the timestamp, in milliseconds since 1970-01-01T00:00:00Z.
    pub fn timestamp(mut self, milliseconds: i64) -> KafkaRecord {
        self.timestamp = milliseconds;
        self
    }

    /// Returns the topic.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// Adds the record to a batch.
    pub(super) fn push_to(&self, batch: &mut BatchBuilder) {
        let mut record = batch.record(&self.topic).partition(self.partition).timestamp(self.timestamp);
        record = record.key(self.key.data()).value(self.value.data());
        record = with(record, &self.key_schema, RecordBuilder::key_schema);
        record = with(record, &self.value_schema, RecordBuilder::value_schema);
        for (name, value) in &self.headers {
            record = record.header(name, value.data(), None);
        }
        record.push();
    }
}

fn with<'a>(
    record: RecordBuilder<'a>,
    schema: &Option<Schema>,
    set: fn(RecordBuilder<'a>, &Schema) -> RecordBuilder<'a>,
) -> RecordBuilder<'a> {
    match schema {
        Some(schema) => set(record, schema),
        None => record,
    }
}
