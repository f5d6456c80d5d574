//! What the log says about a row that failed, in the words of Kafka Connect's `LogReporter`.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use base64::Engine as _;
use weir_data::records::{Encoding, Format, Records, Values};
use weir_data::schema::Schema;
use weir_plugin::TimestampType;

/// Most bytes of a value in a line.
const MAX_VALUE: usize = 4 << 10;

/// Where a row stood that a sink consumed. `Display` is Kafka Connect's text of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::task) struct Place<'a> {
    pub(in crate::task) topic: &'a str,
    pub(in crate::task) partition: i32,
    pub(in crate::task) offset: i64,
    /// As consumed: milliseconds since 1970.
    pub(in crate::task) timestamp: Option<(TimestampType, i64)>,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { topic, partition, offset, timestamp } = self;
        write!(f, "{{topic='{topic}', partition={partition}, offset={offset}")?;
        match timestamp {
            Some((TimestampType::CreateTime, at)) => write!(f, ", timestamp={at}, timestampType=CreateTime")?,
            Some((TimestampType::LogAppendTime, at)) => write!(f, ", timestamp={at}, timestampType=LogAppendTime")?,
            Some((TimestampType::None, _)) | None => {}
        }
        f.write_str("}")
    }
}

/// A row of a source, as `SourceRecord.toString` has it. `partition` and `offset` are the JSON objects of the source. Structured
/// values are JSON, bytes base64, and long ones cut.
pub(in crate::task) fn source_record(records: &Records, row: u32, partition: &str, offset: &str) -> String {
    let index = row as usize;
    let (topic, count) = (records.topics.topic(index), records.count);
    let number = |number: Option<i64>| number.map_or_else(|| "null".to_owned(), |number| number.to_string());
    let (key, key_schema) = value(&records.keys, count, index, &records.formats);
    let (own, own_schema) = value(&records.values, count, index, &records.formats);
    let mut headers = String::new();
    for header in records.headers.rows(count).nth(index).into_iter().flatten() {
        let format = records.formats.get(header.format);
        let separator = if headers.is_empty() { "" } else { ", " };
        let (name, value) = (String::from_utf8_lossy(header.name), text(header.value, format));
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

fn value(values: &Values, count: u32, row: usize, formats: &[Format]) -> (String, String) {
    let format = formats.get(values.format(row));
    let schema = schema(format.and_then(|format| format.schema.as_deref()));
    (text(values.iter(count).nth(row).flatten(), format), schema)
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

/// `Schema.toString`: `Schema{NAME:TYPE}`, `Schema{TYPE}`.
fn schema(schema: Option<&Schema>) -> String {
    let Some(schema) = schema else { return "null".to_owned() };
    let Some(root) = schema.nodes.first() else { return "null".to_owned() };
    let kind = root.kind.name();
    match &root.name {
        Some(name) => format!("Schema{{{name}:{kind}}}"),
        None => format!("Schema{{{kind}}}"),
    }
}

/// A flat JSON object as Java prints a map: `{filename=/in.txt}`.
fn java_map(json: &str) -> String {
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
    fn a_place_reads_as_kafka_connects() {
        let mut place = Place { topic: "t", partition: 3, offset: 42, timestamp: None };
        assert_eq!(place.to_string(), "{topic='t', partition=3, offset=42}");
        place.timestamp = Some((TimestampType::CreateTime, 7));
        assert_eq!(place.to_string(), "{topic='t', partition=3, offset=42, timestamp=7, timestampType=CreateTime}");
        place.timestamp = Some((TimestampType::None, -1));
        assert_eq!(place.to_string(), "{topic='t', partition=3, offset=42}");
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
                names: Column::from_rows([Some("h")]),
                values: Values { lengths: vec![-1], bytes: Vec::new(), formats: vec![1] },
            },
            ..Records::default()
        };
        assert_eq!(
            source_record(&records, 0, r#"{"filename":"/in"}"#, r#"{"position":30}"#),
            "SourceRecord{sourcePartition={filename=/in}, sourceOffset={position=30}} ConnectRecord{topic='t', \
             kafkaPartition=null, key=null, keySchema=Schema{STRING}, value=a, valueSchema=Schema{STRING}, timestamp=null, \
             headers=ConnectHeaders(headers=)}"
        );
        assert!(source_record(&records, 1, "{}", "null").ends_with(
            "value={\"b\":1}, valueSchema=null, timestamp=5, headers=ConnectHeaders(headers=ConnectHeader(key=h, \
                 value=null, schema=null))}"
        ));
    }

    #[test]
    fn a_long_value_is_cut() {
        let text = text(Some(&[b'x'; MAX_VALUE + 1]), Some(&Format::plain(Encoding::Utf8)));
        assert!(text.ends_with("x... (4097 bytes)") && text.len() < MAX_VALUE + 30);
    }
}
