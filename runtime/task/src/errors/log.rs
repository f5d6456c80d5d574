//! The log lines about records that failed, in the words of Kafka Connect's `LogReporter`.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::sync::OnceLock;

use base64::Engine as _;
use weir_data::record_starts::RecordStarts;
use weir_data::records::{Encoding, Format, Records, Values};
use weir_data::schema::Schema;
use weir_data::topic_partition::TopicPartition;
use weir_plugin::TimestampType;

/// Maximum number of bytes of a value in a line.
const MAX_VALUE: usize = 4 << 10;
/// Bytes of headers after which a line has no more of them.
const MAX_HEADERS: usize = 16 << 10;

/// Where a sink consumed a record. `Display` is Kafka Connect's text of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecordLocation<'a> {
    pub(crate) id: &'a TopicPartition,
    pub(crate) offset: i64,
    /// As consumed: milliseconds since 1970.
    pub(crate) timestamp: Option<(TimestampType, i64)>,
}

impl fmt::Display for RecordLocation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id: TopicPartition { topic, partition }, offset, timestamp } = self;
        write!(f, "{{topic='{topic}', partition={partition}, offset={offset}")?;
        match timestamp {
            Some((TimestampType::CreateTime, at)) => write!(f, ", timestamp={at}, timestampType=CreateTime")?,
            Some((TimestampType::LogAppendTime, at)) => write!(f, ", timestamp={at}, timestampType=LogAppendTime")?,
            Some((TimestampType::None, _)) | None => {}
        }
        f.write_str("}")
    }
}

/// The records as the source returned them, in case one of them fails.
pub(crate) struct Polled {
    records: Records,
    /// Made when the first of them fails.
    starts: OnceLock<RecordStarts>,
}

impl Polled {
    pub(crate) fn new(records: Records) -> Self {
        Self { records, starts: OnceLock::new() }
    }

    /// The bytes that they take in memory.
    pub(crate) fn size(&self) -> usize {
        self.records.size()
    }

    /// One record as text. `partition` and `offset` are the JSON objects of the source.
    pub(crate) fn text(&self, record: u32, partition: &str, offset: &str) -> String {
        let Records { keys, values, headers, .. } = &self.records;
        let starts = self.starts.get_or_init(|| RecordStarts::of(keys, values, headers));
        source_record(&self.records, starts, record, partition, offset)
    }
}

/// A record of a source, as `SourceRecord.toString` has it. `partition` and `offset` are the JSON objects of the source. Structured
/// values are JSON, bytes base64, and long ones cut.
fn source_record(records: &Records, starts: &RecordStarts, record: u32, partition: &str, offset: &str) -> String {
    let index = record as usize;
    let topic = records.topics.topic(index);
    let number = |number: Option<i64>| number.map_or_else(|| "null".to_owned(), |number| number.to_string());
    let format = |values: &Values| records.formats.get(values.format(index));
    let (key, key_schema) = value(starts.key(&records.keys, index), format(&records.keys));
    let (own, own_schema) = value(starts.value(&records.values, index), format(&records.values));
    let mut headers = String::new();
    for header in starts.headers(&records.headers, index) {
        if headers.len() > MAX_HEADERS {
            headers.push_str(", ...");
            break;
        }
        let format = records.formats.get(header.format);
        let separator = if headers.is_empty() { "" } else { ", " };
        let (name, value) = (text(Some(header.name), Some(&Format::plain(Encoding::Utf8))), text(header.value, format));
        let schema = schema(format.and_then(|format| format.schema.as_deref()));
        let _ = write!(headers, "{separator}ConnectHeader(key={name}, value={value}, schema={schema})");
    }
    format!(
        "SourceRecord{{sourcePartition={}, sourceOffset={}}} ConnectRecord{{topic='{topic}', kafkaPartition={}, key={key}, \
         keySchema={key_schema}, value={own}, valueSchema={own_schema}, timestamp={}, headers=ConnectHeaders(headers={headers})}}",
        java_map(partition),
        java_map(offset),
        number(records.partition(index).map(i64::from)),
        number(records.timestamp(index)),
    )
}

fn value(value: Option<&[u8]>, format: Option<&Format>) -> (String, String) {
    (text(value, format), schema(format.and_then(|format| format.schema.as_deref())))
}

fn text(value: Option<&[u8]>, format: Option<&Format>) -> String {
    let Some(bytes) = value else { return "null".to_owned() };
    let cut = &bytes[..bytes.len().min(MAX_VALUE)];
    let text = match format.map_or(Encoding::Bytes, |format| format.encoding) {
        Encoding::Bytes => Cow::Owned(base64::engine::general_purpose::STANDARD.encode(cut)),
        Encoding::Utf8 | Encoding::Json => String::from_utf8_lossy(cut),
    };
    if cut.len() < bytes.len() { format!("{text}... ({} bytes)", bytes.len()) } else { text.into_owned() }
}

/// Returns the beginning of a text.
pub(crate) fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_VALUE)]
}

/// `Schema.toString`: `Schema{NAME:TYPE}`, `Schema{TYPE}`.
fn schema(schema: Option<&Schema>) -> String {
    let Some(schema) = schema else { return "null".to_owned() };
    let Some(root) = schema.nodes.first() else { return "null".to_owned() };
    let kind = root.kind.name();
    match &root.name {
        Some(name) => format!("Schema{{{}:{kind}}}", cut(name)),
        None => format!("Schema{{{kind}}}"),
    }
}

/// A flat JSON object as Java prints a map: `{filename=/in.txt}`.
fn java_map(json: &str) -> String {
    if json.len() > MAX_VALUE {
        return format!("{}... ({} bytes)", cut(json), json.len());
    }
    let Ok(serde_json::Value::Object(entries)) = serde_json::from_str(json) else { return "null".to_owned() };
    let entries = entries.into_iter().map(|(key, value)| match value {
        serde_json::Value::String(text) => format!("{key}={text}"),
        other => format!("{key}={other}"),
    });
    format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use weir_data::records::{Column, Headers, Topics};

    #[test]
    fn a_location_reads_as_kafka_connects() {
        let id = TopicPartition::new("t", 3);
        let mut location = RecordLocation { id: &id, offset: 42, timestamp: None };
        assert_eq!(location.to_string(), "{topic='t', partition=3, offset=42}");
        location.timestamp = Some((TimestampType::CreateTime, 7));
        assert_eq!(location.to_string(), "{topic='t', partition=3, offset=42, timestamp=7, timestampType=CreateTime}");
        location.timestamp = Some((TimestampType::None, -1));
        assert_eq!(location.to_string(), "{topic='t', partition=3, offset=42}");
    }

    #[test]
    fn a_record_of_a_source_reads_as_kafka_connects() {
        let string = Format::with_schema(Encoding::Utf8, Arc::new(Schema::string()));
        let records = Records {
            count: 2,
            topics: Topics::all("t"),
            timestamps: vec![-1, 5],
            formats: vec![string, Format::plain(Encoding::Json)],
            values: Values { lengths: vec![1, 7], bytes: b"a{\"b\":1}".to_vec(), formats: vec![0, 1] },
            headers: Headers {
                counts: vec![0, 1],
                names: Column::from_entries([Some("h")]),
                values: Values { lengths: vec![-1], bytes: Vec::new(), formats: vec![1] },
            },
            ..Records::default()
        };
        let polled = Polled::new(records);
        assert_eq!(
            polled.text(0, r#"{"filename":"/in"}"#, r#"{"position":30}"#),
            "SourceRecord{sourcePartition={filename=/in}, sourceOffset={position=30}} ConnectRecord{topic='t', \
             kafkaPartition=null, key=null, keySchema=Schema{STRING}, value=a, valueSchema=Schema{STRING}, timestamp=null, \
             headers=ConnectHeaders(headers=)}"
        );
        assert!(polled.text(1, "{}", "null").ends_with(
            "value={\"b\":1}, valueSchema=null, timestamp=5, headers=ConnectHeaders(headers=ConnectHeader(key=h, \
                 value=null, schema=null))}"
        ));
    }

    #[test]
    fn the_text_of_a_large_record_is_short() {
        let many = 100_000;
        let large = Some("x".repeat(100_000));
        let column = |text: &Option<String>| Values::from_column(Column::from_entries([text.clone()]), 1, 0);
        let records = Records {
            count: 1,
            topics: Topics::all("t"),
            keys: column(&large),
            values: column(&large),
            headers: Headers {
                counts: vec![many],
                names: Column::from_entries(vec![Some("name"); many as usize]),
                values: Values::default(),
            },
            ..Records::default()
        };
        let offset = format!(r#"{{"a":"{}"}}"#, "x".repeat(200_000));
        assert!(Polled::new(records).text(0, &offset, &offset).len() < 64 << 10);
    }

    #[test]
    fn a_long_value_is_cut() {
        let text = text(Some(&[b'x'; MAX_VALUE + 1]), Some(&Format::plain(Encoding::Utf8)));
        assert!(text.ends_with("x... (4097 bytes)") && text.len() < MAX_VALUE + 30);
    }
}
