//! Which Java class a value would have in Kafka Connect: what the messages about values of the wrong class name.

use crate::json::shape::{Logical, Shape};
use crate::records::Encoding;
use crate::schema::SchemaType;
use weir_json::node::{Node, is_integral};

/// The class of a value that is not null.
pub(crate) fn of(shape: Option<&Shape>, encoding: Encoding, json: &Node<'_>) -> &'static str {
    match (shape, encoding) {
        (Some(shape), _) => of_shape(shape),
        (None, Encoding::Bytes) => "[B",
        (None, Encoding::Utf8) => "java.lang.String",
        (None, Encoding::Json) => of_node(json),
    }
}

fn of_shape(shape: &Shape) -> &'static str {
    match (shape.logical, shape.kind) {
        (Some(Logical::Decimal(_)), _) => "java.math.BigDecimal",
        (Some(_), _) => "java.util.Date",
        (None, SchemaType::Int8) => "java.lang.Byte",
        (None, SchemaType::Int16) => "java.lang.Short",
        (None, SchemaType::Int32) => "java.lang.Integer",
        (None, SchemaType::Int64) => "java.lang.Long",
        (None, SchemaType::Float32) => "java.lang.Float",
        (None, SchemaType::Float64) => "java.lang.Double",
        (None, SchemaType::Boolean) => "java.lang.Boolean",
        (None, SchemaType::String) => "java.lang.String",
        (None, SchemaType::Bytes) => "[B",
        (None, SchemaType::Array) => "java.util.ArrayList",
        (None, SchemaType::Map) => "java.util.HashMap",
        (None, SchemaType::Struct) => "org.apache.kafka.connect.data.Struct",
    }
}

/// The class of a value without a schema, as JsonConverter would read it.
pub(crate) fn of_node(node: &Node<'_>) -> &'static str {
    match node {
        Node::Null => "null",
        Node::Boolean(_) => "java.lang.Boolean",
        Node::Number(digits) if is_integral(digits) => "java.lang.Long",
        Node::Number(_) => "java.lang.Double",
        Node::String(_) => "java.lang.String",
        Node::Array(_) => "java.util.ArrayList",
        Node::Object(_) => "java.util.HashMap",
    }
}
