//! The Java class that Kafka Connect would hold a value in. Its messages print it, and so do ours.

use super::json::{Json, JsonKind};
use crate::schema::{SchemaNode, SchemaType};

const STRING: &str = "java.lang.String";
const BYTES: &str = "[B";

/// Of a value that is text.
pub(super) const fn of_text() -> &'static str {
    STRING
}

/// Of a value that is bytes.
pub(super) const fn of_bytes() -> &'static str {
    BYTES
}

/// Of a JSON value without a schema.
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

/// Of a value, not null, that has a schema.
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
