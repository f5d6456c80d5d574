//! Checks of values in transforms, with the error messages of Kafka Connect's class `Requirements`.

use weir_sdk::RecordError;
use weir_sdk::schema::{SchemaRef, SchemaType};
use weir_sdk::value::{FieldName, Value};

/// Requires a map: a JSON object without a schema.
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

/// Requires a struct: a JSON object with the schema of a struct.
#[inline]
pub(crate) fn structure(value: &mut Value<'_>, purpose: &str) -> Result<(), RecordError> {
    if value.is_struct() && value.is_object() {
        return Ok(());
    }
    let class = value.class();
    Err(RecordError::new(format_args!("Only Struct objects supported for [{purpose}], found: {class}")))
}

/// Requires a record of a sink connector, which has an offset.
#[inline]
pub(crate) fn sink_record(offset: Option<i64>, purpose: &str) -> Result<i64, RecordError> {
    offset.ok_or_else(|| {
        RecordError::new(format_args!(
            "Only SinkRecord supported for [{purpose}], found: org.apache.kafka.connect.source.SourceRecord"
        ))
    })
}

/// Returns the error for a null in a required field of a struct (`ConnectSchema.validateValue`).
pub(crate) fn null_message(field: &str, schema: SchemaRef<'_>) -> String {
    null_of(field, schema.kind())
}

/// Returns the same error for a field of this type.
pub(crate) fn null_of(field: &str, kind: SchemaType) -> String {
    let kind = java_name(kind);
    format!("Invalid value: null used for required field: \"{field}\", schema type: {kind}")
}

/// Returns the error for reading fields of a value that is not a struct.
pub(crate) const NO_FIELDS: &str = "Cannot list fields on non-struct type";

/// The fields of a struct that may be null in Kafka because they have a default, but not in a struct that a transform creates, unless it
/// replaces null by the default.
#[derive(Debug)]
pub(crate) struct Required(Vec<(FieldName, String)>);

impl Required {
    /// Finds such fields.
    pub(crate) fn of<'a>(fields: impl Iterator<Item = (&'a str, SchemaRef<'a>)>) -> Required {
        let required = fields.filter(|(_, field)| !field.is_optional() && field.node().default.is_some());
        Required(required.map(|(name, field)| (FieldName::new(name), null_message(name, field))).collect())
    }

    /// Checks that none of them is null.
    pub(crate) fn check(&self, value: &mut Value<'_>) -> Result<(), RecordError> {
        for (name, message) in &self.0 {
            if value.get(name).is_none_or(|json| json.is_null()) {
                return Err(RecordError::new(message));
            }
        }
        Ok(())
    }
}

/// Returns Java's name of a schema type.
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
