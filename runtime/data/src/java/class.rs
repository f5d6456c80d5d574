//! The Java classes of values in Kafka Connect, which messages about values contain.

use weir_java::Class;
use weir_json::node::{Node, is_integral};

use crate::json::shape::{Logical, Shape};
use crate::records::Encoding;
use crate::schema::SchemaType;

/// Returns the name of the class of a value that is not null.
pub(crate) fn of(shape: Option<&Shape>, encoding: Encoding, json: &Node<'_>) -> &'static str {
    match (shape, encoding) {
        (Some(shape), _) => of_shape(shape).name(),
        (None, Encoding::Bytes) => Class::Bytes.name(),
        (None, Encoding::Utf8) => Class::String.name(),
        (None, Encoding::Json) => of_node(json),
    }
}

fn of_shape(shape: &Shape) -> Class {
    match (shape.logical, shape.kind) {
        (Some(Logical::Decimal(_)), _) => Class::BigDecimal,
        (Some(_), _) => Class::Date,
        (None, SchemaType::Int8) => Class::Byte,
        (None, SchemaType::Int16) => Class::Short,
        (None, SchemaType::Int32) => Class::Integer,
        (None, SchemaType::Int64) => Class::Long,
        (None, SchemaType::Float32) => Class::Float,
        (None, SchemaType::Float64) => Class::Double,
        (None, SchemaType::Boolean) => Class::Boolean,
        (None, SchemaType::String) => Class::String,
        (None, SchemaType::Bytes) => Class::Bytes,
        (None, SchemaType::Array) => Class::List,
        (None, SchemaType::Map) => Class::Map,
        (None, SchemaType::Struct) => Class::Struct,
    }
}

/// Returns the name of the class of a value without a schema, as JsonConverter reads it.
pub(crate) fn of_node(node: &Node<'_>) -> &'static str {
    let class = match node {
        Node::Null => return "null",
        Node::Boolean(_) => Class::Boolean,
        Node::Number(digits) if is_integral(digits) => Class::Long,
        Node::Number(_) => Class::Double,
        Node::String(_) => Class::String,
        Node::Array(_) => Class::List,
        Node::Object(_) => Class::Map,
    };
    class.name()
}
