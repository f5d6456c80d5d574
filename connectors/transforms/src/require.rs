//! What transforms need of a value, and Kafka Connect's messages where it is something else (its class `Requirements`).

use weir_sdk::RecordError;
use weir_sdk::schema::{SchemaRef, SchemaType};
use weir_sdk::value::{FieldName, Value};

/// The value is a map: a JSON object without a schema.
#[inline]
pub(crate) fn map(value: &mut Value<'_>, purpose: &str) -> Result<(), RecordError> {
    if value.is_object() {
        return Ok(());
    }
    let class = value.class();
    Err(RecordError::new(format_args!(
        "Only Map objects supported in absence of schema for [{purpose}], found: {class}"
    )))
}

/// The value is a struct: a JSON object with a struct's schema.
#[inline]
pub(crate) fn structure(value: &mut Value<'_>, purpose: &str) -> Result<(), RecordError> {
    if value.is_struct() && value.is_object() {
        return Ok(());
    }
    let class = value.class();
    Err(RecordError::new(format_args!("Only Struct objects supported for [{purpose}], found: {class}")))
}

/// The record is on its way to a sink: it has an offset.
#[inline]
pub(crate) fn sink_record(offset: Option<i64>, purpose: &str) -> Result<i64, RecordError> {
    offset.ok_or_else(|| {
        RecordError::new(format_args!(
            "Only SinkRecord supported for [{purpose}], found: org.apache.kafka.connect.source.SourceRecord"
        ))
    })
}

/// What is said of a null where a field of a struct must have a value (`ConnectSchema.validateValue`).
pub(crate) fn null_message(field: &str, schema: SchemaRef<'_>) -> String {
    null_of(field, schema.kind())
}

/// The same, of a field of this type.
pub(crate) fn null_of(field: &str, kind: SchemaType) -> String {
    let kind = java_name(kind);
    format!("Invalid value: null used for required field: \"{field}\", schema type: {kind}")
}

/// What is said where the fields of something else than a struct are asked for.
pub(crate) const NO_FIELDS: &str = "Cannot list fields on non-struct type";

/// The fields of a struct that may be null in Kafka, because there is a default for them, and not in a struct that a transform
/// makes, unless it reads null as the default.
#[derive(Debug)]
pub(crate) struct Required(Vec<(FieldName, String)>);

impl Required {
    /// Those among fields of a struct.
    pub(crate) fn of<'a>(fields: impl Iterator<Item = (&'a str, SchemaRef<'a>)>) -> Required {
        let required = fields.filter(|(_, field)| !field.is_optional() && field.node().default.is_some());
        Required(required.map(|(name, field)| (FieldName::new(name), null_message(name, field))).collect())
    }

    /// None of them is null.
    pub(crate) fn check(&self, value: &mut Value<'_>) -> Result<(), RecordError> {
        for (name, message) in &self.0 {
            if value.get(name).is_none_or(|json| json.is_null()) {
                return Err(RecordError::new(message));
            }
        }
        Ok(())
    }
}

/// Java's name of a schema's type.
pub(crate) fn java_name(kind: SchemaType) -> &'static str {
    match kind {
        SchemaType::Int8 => "INT8",
        SchemaType::Int16 => "INT16",
        SchemaType::Int32 => "INT32",
        SchemaType::Int64 => "INT64",
        SchemaType::Float32 => "FLOAT32",
        SchemaType::Float64 => "FLOAT64",
        SchemaType::Boolean => "BOOLEAN",
        SchemaType::String => "STRING",
        SchemaType::Bytes => "BYTES",
        SchemaType::Array => "ARRAY",
        SchemaType::Map => "MAP",
        SchemaType::Struct => "STRUCT",
    }
}
