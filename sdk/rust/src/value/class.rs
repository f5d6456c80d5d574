//! Java classes that Kafka Connect would use for values. Its error messages contain them, and so do Weir's.

use super::json::{Json, JsonKind};
use crate::schema::{SchemaNode, SchemaType};

const STRING: &str = "java.lang.String";
const BYTES: &str = "[B";

/// Returns the class for text.
pub(super) const fn of_text() -> &'static str {
    STRING
}

/// Returns the class for bytes.
pub(super) const fn of_bytes() -> &'static str {
    BYTES
}

/// Returns the class for a JSON value without a schema.
pub(super) fn of_json(json: Json<'_>) -> &'static str {
    match json.kind() {
        JsonKind::Null => "null",
        JsonKind::Boolean => "java.lang.Boolean",
        JsonKind::Number if json.is_floating() => "java.lang.Double",
        JsonKind::Number => "java.lang.Long",
        JsonKind::String => STRING,
        JsonKind::Array => "java.util.ArrayList",
        JsonKind::Object => "java.util.HashMap",
    }
}

/// Returns the class for a non-null value with a schema.
pub(super) fn of_schema(node: &SchemaNode) -> &'static str {
    match node.name.as_deref().and_then(|name| name.strip_prefix("org.apache.kafka.connect.data.")) {
        Some("Decimal") => return "java.math.BigDecimal",
        Some("Date" | "Time" | "Timestamp") => return "java.util.Date",
        _ => {}
    }
    match node.kind {
        SchemaType::Int8 => "java.lang.Byte",
        SchemaType::Int16 => "java.lang.Short",
        SchemaType::Int32 => "java.lang.Integer",
        SchemaType::Int64 => "java.lang.Long",
        SchemaType::Float32 => "java.lang.Float",
        SchemaType::Float64 => "java.lang.Double",
        SchemaType::Boolean => "java.lang.Boolean",
        SchemaType::String => STRING,
        SchemaType::Bytes => BYTES,
        SchemaType::Array => "java.util.ArrayList",
        SchemaType::Map => "java.util.HashMap",
        SchemaType::Struct => "org.apache.kafka.connect.data.Struct",
    }
}
