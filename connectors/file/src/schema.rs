//! Converts a schema of the SDK to one of `weir-data`.

use weir_data::schema::{Schema, SchemaNode, SchemaType};
use weir_sdk::schema::{SchemaNode as Node, SchemaRef, SchemaType as Type};

pub(crate) fn of_data(schema: SchemaRef<'_>) -> Schema {
    Schema { nodes: schema.to_schema().nodes().iter().map(node).collect() }
}

fn node(node: &Node) -> SchemaNode {
    SchemaNode {
        kind: kind(node.kind),
        optional: node.optional,
        name: node.name.clone(),
        version: node.version,
        doc: None,
        parameters: node.parameters.clone(),
        default: None,
        children: node.children.clone(),
        field_names: node.field_names.clone(),
    }
}

fn kind(kind: Type) -> SchemaType {
    match kind {
        Type::Int8 => SchemaType::Int8,
        Type::Int16 => SchemaType::Int16,
        Type::Int32 => SchemaType::Int32,
        Type::Int64 => SchemaType::Int64,
        Type::Float32 => SchemaType::Float32,
        Type::Float64 => SchemaType::Float64,
        Type::Boolean => SchemaType::Boolean,
        Type::String => SchemaType::String,
        Type::Bytes => SchemaType::Bytes,
        Type::Array => SchemaType::Array,
        Type::Map => SchemaType::Map,
        Type::Struct => SchemaType::Struct,
    }
}
