//! Parses a request to alter offsets as Kafka Connect does: maps with primitive values for a source, a partition of a topic and a number
//! for a sink.

use indexmap::IndexMap;
use serde_json::{Map, Number, Value};

use super::super::error_kind::ErrorKind;
use weir_api::ConnectorOffset;
use weir_data::topic_partition::TopicPartition;
use weir_storage::offsets::canonical;

/// Partitions and offsets of a source as JSON texts. A partition without an offset is to be deleted.
pub(super) type SourceChange = Vec<(String, Option<String>)>;

/// Partitions and offsets of a sink. The offset of a partition without one is to be deleted.
pub(super) type SinkChange = Vec<(TopicPartition, Option<i64>)>;

/// The reason why a request to alter offsets is not valid. The texts are Kafka Connect's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// A partition or an offset of a source is neither null nor an object.
    #[error("Offsets must be specified as a Map")]
    NotAMap,
    /// A partition or an offset of a source has a value that is not primitive.
    #[error("Offsets may only contain primitive types as values, but field {field} contains {found}")]
    NotPrimitive {
        /// The name of the value.
        field: String,
        /// Its type or its Java class.
        found: &'static str,
    },
    /// A partition of a sink is not an object.
    #[error("The partition for a sink connector offset cannot be null or missing")]
    NoPartition,
    /// A partition of a sink lacks a key.
    #[error("The partition for a sink connector offset must contain the keys 'kafka_topic' and 'kafka_partition'")]
    IncompletePartition,
    /// The topic is null.
    #[error("Kafka topic names must be valid strings and may not be null")]
    NullTopic,
    /// The number of the partition is null.
    #[error("Kafka partitions must be valid numbers and may not be null")]
    NullPartition,
    /// The number of the partition is not a 32-bit integer.
    #[error(
        "Failed to parse the following Kafka partition value in the provided offsets: '{value}'. Partition values for sink connectors need to \
         be integers."
    )]
    PartitionNotInteger {
        /// The value as text.
        value: String,
    },
    /// An offset of a sink lacks its key.
    #[error("The offset for a sink connector should either be null or contain the key 'kafka_offset'")]
    NoOffset,
    /// An offset of a sink is not a 64-bit integer.
    #[error(
        "Failed to parse the following Kafka offset value in the provided offsets: '{value}'. Offset values for sink connectors need to be \
         integers."
    )]
    OffsetNotInteger {
        /// The value as text.
        value: String,
    },
}

impl RequestError {
    /// Returns the kind of the error. Kafka Connect answers with 500 for a source.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NotAMap | Self::NotPrimitive { .. } => ErrorKind::Internal,
            Self::NoPartition
            | Self::IncompletePartition
            | Self::NullTopic
            | Self::NullPartition
            | Self::PartitionNotInteger { .. }
            | Self::NoOffset
            | Self::OffsetNotInteger { .. } => ErrorKind::BadRequest,
        }
    }
}

/// Keeps only the last of equal partitions, as a map does.
fn last_of_equals(offsets: Vec<ConnectorOffset>) -> impl Iterator<Item = ConnectorOffset> {
    let mut last: IndexMap<String, ConnectorOffset> = IndexMap::new();
    for offset in offsets {
        last.insert(canonical(&offset.partition.to_string()), offset);
    }
    last.into_values()
}

/// Checks the partitions and offsets of a source, and writes them as a source would (`Worker.normalizeSourceConnectorOffsets`).
pub(super) fn source(offsets: Vec<ConnectorOffset>) -> Result<SourceChange, RequestError> {
    last_of_equals(offsets)
        .map(|ConnectorOffset { partition, offset }| {
            let partition = primitives(partition)?;
            let offset = primitives(offset)?;
            Ok((partition.to_string(), (!offset.is_null()).then(|| offset.to_string())))
        })
        .collect()
}

/// Checks that a value is null or an object with primitive values (`OffsetUtils.validateFormat`).
fn primitives(value: Value) -> Result<Value, RequestError> {
    let members = match value {
        Value::Null => return Ok(Value::Null),
        Value::Object(members) => members,
        _ => return Err(RequestError::NotAMap),
    };
    let mut checked = Map::with_capacity(members.len());
    for (field, value) in members {
        let value = match value {
            Value::Array(_) => Err("ARRAY"),
            Value::Object(_) => Err("MAP"),
            Value::Number(number) => self::number(&number).map(Value::Number),
            other => Ok(other),
        };
        match value {
            Ok(value) => drop(checked.insert(field, value)),
            Err(found) => return Err(RequestError::NotPrimitive { field, found }),
        }
    }
    Ok(Value::Object(checked))
}

/// Returns whole numbers with 64 bits and others as doubles. The error is the Java class of a number that is neither.
fn number(number: &Number) -> Result<Number, &'static str> {
    if let Some(number) = number.as_i64() {
        return Ok(number.into());
    }
    if !number.to_string().contains(['.', 'e', 'E']) {
        return Err("class java.math.BigInteger");
    }
    number.as_f64().and_then(Number::from_f64).ok_or("class java.lang.Double")
}

/// Reads the partitions and offsets of a sink (`SinkUtils.parseSinkConnectorOffsets`).
pub(super) fn sink(offsets: Vec<ConnectorOffset>) -> Result<SinkChange, RequestError> {
    let mut change: IndexMap<TopicPartition, Option<i64>> = IndexMap::new();
    for ConnectorOffset { partition, offset } in last_of_equals(offsets) {
        let Value::Object(partition) = partition else {
            return Err(RequestError::NoPartition);
        };
        let (Some(topic), Some(number)) = (partition.get("kafka_topic"), partition.get("kafka_partition")) else {
            return Err(RequestError::IncompletePartition);
        };
        if topic.is_null() {
            return Err(RequestError::NullTopic);
        }
        if number.is_null() {
            return Err(RequestError::NullPartition);
        }
        let number = java_text(number);
        let Ok(number) = number.parse::<i32>() else {
            return Err(RequestError::PartitionNotInteger { value: number });
        };
        let offset = match offset {
            Value::Object(offset) => {
                let offset = java_text(offset.get("kafka_offset").ok_or(RequestError::NoOffset)?);
                Some(offset.parse().map_err(|_| RequestError::OffsetNotInteger { value: offset })?)
            }
            _ => None,
        };
        change.insert(TopicPartition::new(java_text(topic), number), offset);
    }
    Ok(change.into_iter().collect())
}

/// Returns the result of `String.valueOf` for a value that Jackson has read.
fn java_text(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => match number.to_string() {
            whole if !whole.contains(['.', 'e', 'E']) => whole,
            fraction => number.as_f64().map_or(fraction, |double| format!("{double:?}")),
        },
        Value::Array(values) => format!("[{}]", values.iter().map(java_text).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let members: Vec<_> = members.iter().map(|(key, value)| format!("{key}={}", java_text(value))).collect();
            format!("{{{}}}", members.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn offset(partition: Value, offset: Value) -> Vec<ConnectorOffset> {
        vec![ConnectorOffset { partition, offset }]
    }

    #[test]
    fn numbers_of_sources_have_64_bits_or_are_doubles_and_values_are_not_nested() {
        let text = r#"{"position":9007199254740993,"x":2.50,"s":"t","n":null,"b":true}"#;
        let given = serde_json::from_str(text).expect("JSON");
        let change = source(offset(json!({"filename": "f"}), given)).expect("taken");
        let written = r#"{"position":9007199254740993,"x":2.5,"s":"t","n":null,"b":true}"#;
        assert_eq!(change, [(r#"{"filename":"f"}"#.to_owned(), Some(written.to_owned()))]);
        assert_eq!(source(offset(Value::Null, Value::Null)).expect("taken"), [("null".to_owned(), None)]);
        let large = serde_json::from_str(r#"{"position":99999999999999999999}"#).expect("JSON");
        for (value, end) in [
            (json!({"f": ["a"]}), "field f contains ARRAY"),
            (json!({"f": {"a": 1}}), "field f contains MAP"),
            (large, "field position contains class java.math.BigInteger"),
        ] {
            let refused = source(offset(value.clone(), Value::Null)).expect_err("refused");
            assert!(refused.to_string().ends_with(end), "{refused}");
            assert_eq!(refused.kind(), ErrorKind::Internal, "{refused}");
            assert!(source(offset(json!({}), value)).is_err());
        }
    }

    #[test]
    fn of_equal_partitions_the_last_counts() {
        let one = |order: &str, offset: Value| ConnectorOffset {
            partition: serde_json::from_str(order).expect("JSON"),
            offset,
        };
        let given = || vec![one(r#"{"a":1,"b":2}"#, json!({"p": 1})), one(r#"{"b":2,"a":1}"#, json!({"p": 2}))];
        assert_eq!(source(given()).expect("taken"), [(r#"{"b":2,"a":1}"#.to_owned(), Some(r#"{"p":2}"#.to_owned()))]);
        let sinks = [json!("0"), json!(0)].map(|number| ConnectorOffset {
            partition: json!({"kafka_topic": "t", "kafka_partition": number}),
            offset: json!({"kafka_offset": number}),
        });
        assert_eq!(sink(sinks.to_vec()).expect("taken"), [(TopicPartition::new("t", 0), Some(0))]);
    }

    #[test]
    fn offsets_of_sinks_are_refused_with_kafka_connects_messages() {
        let at = |number: Value| json!({"kafka_topic": "t", "kafka_partition": number});
        for (partition, offset_value, text) in [
            (Value::Null, Value::Null, "cannot be null or missing"),
            (json!({"kafka_topic": "t"}), Value::Null, "must contain the keys 'kafka_topic' and 'kafka_partition'"),
            (
                json!({"kafka_topic": null, "kafka_partition": null}),
                Value::Null,
                "Kafka topic names must be valid strings",
            ),
            (at(Value::Null), Value::Null, "Kafka partitions must be valid numbers"),
            (at(json!("x")), Value::Null, "partition value in the provided offsets: 'x'."),
            (at(json!(1.0)), Value::Null, "partition value in the provided offsets: '1.0'."),
            (at(json!(3_000_000_000_u32)), Value::Null, "'3000000000'"),
            (at(json!({"a": 1, "b": [null, true]})), Value::Null, "'{a=1, b=[null, true]}'"),
            (at(json!(0)), json!({}), "should either be null or contain the key 'kafka_offset'"),
            (at(json!(0)), json!({"kafka_offset": null}), "offset value in the provided offsets: 'null'."),
            (at(json!(0)), json!({"kafka_offset": 1.5}), "offset value in the provided offsets: '1.5'."),
        ] {
            let refused = sink(offset(partition, offset_value)).expect_err("refused");
            assert!(refused.to_string().contains(text), "{text}: {refused}");
            assert_eq!(refused.kind(), ErrorKind::BadRequest, "{refused}");
        }
        let signed = sink(offset(at(json!("+0")), json!({"kafka_offset": "+2", "y": 1}))).expect("taken");
        assert_eq!(signed, [(TopicPartition::new("t", 0), Some(2))]);
    }
}
