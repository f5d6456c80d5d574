//! Keys and values of the offsets topics.

use serde_json::value::RawValue;
use tracing::warn;
use weir_json::node::Node;
use weir_json::{is_flat_object, text};

use super::super::{NewRecord, ReadRecord};

/// What a record says about a source partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceOffset {
    /// The connector's name.
    pub connector: String,
    /// The source partition as JSON, with the same bytes as in the key. Usually an object.
    pub partition: String,
    /// The source offset as a JSON object; `None` if it was deleted, or if it is not one.
    pub offset: Option<String>,
}

/// Returns the record that stores the offset of a source partition, or deletes it.
pub fn source_offset(connector: &str, partition: &str, offset: Option<&str>) -> NewRecord {
    let mut key = vec![b'['];
    text::write_string(connector.as_bytes(), &mut key);
    let key = format!("{},{}]", String::from_utf8_lossy(&key), compact(partition));
    NewRecord { key, value: offset.map(|offset| compact(offset).into_bytes()) }
}

/// Reads a record. `None` if its key is not a connector's name and a source partition; Kafka Connect ignores such records, too.
pub fn read(record: ReadRecord<'_>) -> Option<SourceOffset> {
    let key = record.key.unwrap_or_default();
    let (connector, partition): (String, &RawValue) = match serde_json::from_slice(key) {
        Ok(key) => key,
        Err(error) => {
            let key = String::from_utf8_lossy(key);
            warn!(%key, offset = record.offset, %error, "ignoring a source offset whose key is not valid");
            return None;
        }
    };
    if !partition.get().starts_with(['{', 'n']) {
        warn!(
            connector,
            partition = partition.get(),
            "ignoring the offset of a source partition that is not an object"
        );
        return None;
    }
    let offset = record.value.filter(|value| {
        let is_valid = is_flat_object(value);
        if !is_valid {
            let value = String::from_utf8_lossy(value);
            warn!(connector, partition = partition.get(), %value, "ignoring a source offset that is not an object of primitive values");
        }
        is_valid
    });
    let offset = offset.map(|value| String::from_utf8_lossy(value).into_owned());
    Some(SourceOffset { connector, partition: partition.get().to_owned(), offset })
}

/// Returns the JSON as Kafka Connect writes it: without white space, and with its escapes. The order of members stays.
pub(super) fn compact(json: &str) -> String {
    fn write(node: &Node<'_>, out: &mut Vec<u8>) {
        match node {
            Node::String(_) => text::write_string(node.text().unwrap_or_default().as_bytes(), out),
            Node::Object(members) => {
                out.push(b'{');
                for (index, (name, value)) in members.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    text::write_string(name.as_bytes(), out);
                    out.push(b':');
                    write(value, out);
                }
                out.push(b'}');
            }
            // Source partitions and offsets contain primitive values only.
            other => other.write(out),
        }
    }
    let Ok(node) = Node::parse(json) else { return json.to_owned() };
    let mut out = Vec::with_capacity(json.len());
    write(&node, &mut out);
    String::from_utf8(out).unwrap_or_else(|_| json.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_written_as_kafka_connect_writes_it() {
        for (given, written) in [
            (r#"{ "b" : 1, "a" : "\u0078\/" }"#, r#"{"b":1,"a":"x/"}"#),
            ("{\n}", "{}"),
            ("null", "null"),
            ("{broken", "{broken"),
        ] {
            assert_eq!(compact(given), written);
        }
    }
}
