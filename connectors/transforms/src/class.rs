//! The Java class that Kafka Connect holds a value in.

use weir_sdk::schema::{SchemaRef, SchemaType};

/// A class of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Byte,
    Short,
    Integer,
    Long,
    Float,
    Double,
    Boolean,
    String,
    Bytes,
    /// With the scale of its schema.
    BigDecimal(i32),
    /// Date, Time and Timestamp.
    Date,
    List,
    /// With the JSON of an empty one.
    Map(&'static str),
    Struct,
}

impl Class {
    /// That of the values of a schema.
    pub(crate) fn of_schema(schema: SchemaRef<'_>) -> Class {
        let logical = schema.name().and_then(|name| name.strip_prefix("org.apache.kafka.connect.data."));
        match (schema.kind(), logical) {
            (SchemaType::Bytes, Some("Decimal")) => {
                Class::BigDecimal(schema.parameter("scale").and_then(|scale| scale.parse().ok()).unwrap_or(0))
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
            // Maps whose keys are no texts are lists of pairs.
            (SchemaType::Map, _) if schema.key().is_some_and(|key| key.kind() == SchemaType::String) => {
                Class::Map("{}")
            }
            (SchemaType::Map, _) => Class::Map("[]"),
            (SchemaType::Struct, _) => Class::Struct,
        }
    }

    /// As `Class.toString` has it behind `class `.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Class::Byte => "java.lang.Byte",
            Class::Short => "java.lang.Short",
            Class::Integer => "java.lang.Integer",
            Class::Long => "java.lang.Long",
            Class::Float => "java.lang.Float",
            Class::Double => "java.lang.Double",
            Class::Boolean => "java.lang.Boolean",
            Class::String => "java.lang.String",
            Class::Bytes => "[B",
            Class::BigDecimal(_) => "java.math.BigDecimal",
            Class::Date => "java.util.Date",
            Class::List => "java.util.ArrayList",
            Class::Map(_) => "java.util.HashMap",
            Class::Struct => "org.apache.kafka.connect.data.Struct",
        }
    }
}
