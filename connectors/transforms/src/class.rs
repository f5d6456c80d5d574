//! The Java class in which Kafka Connect holds the values of a schema.

use weir_java::Class;
use weir_sdk::schema::{SchemaRef, SchemaType};

/// The class of a schema's values, and what is needed to convert them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) class: Class,
    /// The scale of a Decimal.
    pub(crate) scale: i32,
    /// The JSON text of an empty map. A map whose keys are not text is a list of pairs.
    pub(crate) empty_map: &'static str,
}

impl From<Class> for Held {
    fn from(class: Class) -> Held {
        Held { class, scale: 0, empty_map: "{}" }
    }
}

impl Held {
    /// Returns the class of a schema's values.
    pub(crate) fn of_schema(schema: SchemaRef<'_>) -> Held {
        let logical = schema.name().and_then(|name| name.strip_prefix("org.apache.kafka.connect.data."));
        let class = match (schema.kind(), logical) {
            (SchemaType::Bytes, Some("Decimal")) => {
                let scale = schema.parameter("scale").and_then(|scale| scale.parse().ok()).unwrap_or(0);
                return Held { scale, ..Class::BigDecimal.into() };
            }
            (SchemaType::Int32, Some("Date" | "Time")) | (SchemaType::Int64, Some("Timestamp")) => Class::Date,
            (SchemaType::Int8, _) => Class::Byte,
            (SchemaType::Int16, _) => Class::Short,
            (SchemaType::Int32, _) => Class::Integer,
            (SchemaType::Int64, _) => Class::Long,
            (SchemaType::Float32, _) => Class::Float,
            (SchemaType::Float64, _) => Class::Double,
            (SchemaType::Boolean, _) => Class::Boolean,
            (SchemaType::String, _) => Class::String,
            (SchemaType::Bytes, _) => Class::Bytes,
            (SchemaType::Array, _) => Class::List,
            (SchemaType::Map, _) => {
                let is_object = schema.key().is_some_and(|key| key.kind() == SchemaType::String);
                return Held { empty_map: if is_object { "{}" } else { "[]" }, ..Class::Map.into() };
            }
            (SchemaType::Struct, _) => Class::Struct,
        };
        class.into()
    }
}
