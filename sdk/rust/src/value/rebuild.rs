//! Builds struct schemas from other schemas, as Kafka Connect's transforms do.

use crate::bindings::host::weir::connect::data::{SchemaNode, SchemaType};
use crate::schema::{Schema, SchemaRef};

/// A builder for a struct schema that is composed of parts of other schemas.
///
/// ```
/// use weir_sdk::schema::Schema;
/// use weir_sdk::value::StructBuilder;
/// let order = Schema::structure("Order").field("id", Schema::int64()).optional().build();
/// let mut more = StructBuilder::basics_of(order.root());
/// for (name, field) in order.fields() {
///     more.field(name, field).unwrap();
/// }
/// more.field("topic", Schema::string().optional().build().root()).unwrap();
/// let more = more.build();
/// assert_eq!(more, Schema::structure("Order").field("id", Schema::int64()).field("topic", Schema::string().optional()).build());
/// ```
#[derive(Clone, Debug)]
pub struct StructBuilder {
    nodes: Vec<SchemaNode>,
}

/// The field cannot be added to the struct. The messages are Kafka Connect's (`SchemaBuilderException`).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// The name of the field is missing.
    #[error("fieldName cannot be null.")]
    NoName,
    /// The struct already has a field with this name.
    #[error("Cannot create field because of field name duplication {0}")]
    Duplicate(String),
}

impl Default for StructBuilder {
    fn default() -> StructBuilder {
        StructBuilder::new()
    }
}

impl StructBuilder {
    /// Creates a required struct without a name.
    pub fn new() -> StructBuilder {
        let root = SchemaNode {
            kind: SchemaType::Struct,
            optional: false,
            name: None,
            version: None,
            doc: None,
            parameters: Vec::new(),
            default: None,
            children: Vec::new(),
            field_names: Vec::new(),
        };
        StructBuilder { nodes: vec![root] }
    }

    /// Creates a required struct with the name, version, doc and parameters of another schema
    /// (`SchemaUtil.copySchemaBasics`).
    pub fn basics_of(schema: SchemaRef<'_>) -> StructBuilder {
        let mut builder = StructBuilder::new();
        let from = schema.node();
        let root = &mut builder.nodes[0];
        root.name.clone_from(&from.name);
        root.version = from.version;
        root.doc.clone_from(&from.doc);
        root.parameters.clone_from(&from.parameters);
        builder
    }

    /// Adds a field after the existing ones.
    pub fn field(&mut self, name: &str, schema: SchemaRef<'_>) -> Result<(), FieldError> {
        if name.is_empty() {
            return Err(FieldError::NoName);
        }
        if self.nodes[0].field_names.iter().any(|there| there == name) {
            return Err(FieldError::Duplicate(name.into()));
        }
        let child = self.copy(schema);
        self.nodes[0].field_names.push(name.into());
        self.nodes[0].children.push(child);
        Ok(())
    }

    /// Builds the schema.
    pub fn build(self) -> Schema {
        Schema::from_nodes(self.nodes)
    }

    /// Copies a schema with all its descendants. Each child comes after its parent, as in the original.
    fn copy(&mut self, schema: SchemaRef<'_>) -> u32 {
        let index = self.nodes.len();
        self.nodes.push(SchemaNode { children: Vec::new(), ..schema.node().clone() });
        let below = schema.key().into_iter().chain(schema.element()).chain(schema.fields().map(|(_, field)| field));
        let children = below.map(|child| self.copy(child)).collect();
        self.nodes[index].children = children;
        index as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_schemas_are_copied_whole() {
        let inner = Schema::map(Schema::string(), Schema::array(Schema::decimal(2).optional())).build();
        let mut builder = StructBuilder::new();
        builder.field("a", Schema::int8().build().root()).unwrap();
        builder.field("m", inner.root()).unwrap();
        let schema = builder.build();
        let copy = schema.field("m").unwrap().element().unwrap().element().unwrap();
        assert_eq!(copy.parameter("scale"), Some("2"));
        let children: Vec<&[u32]> = schema.nodes().iter().map(|node| node.children.as_slice()).collect();
        assert_eq!(children, [&[1, 2][..], &[], &[3, 4], &[], &[5], &[]]);
    }

    #[test]
    fn a_struct_takes_each_name_once() {
        let mut builder = StructBuilder::new();
        let text = Schema::string().build();
        builder.field("a", text.root()).unwrap();
        assert_eq!(builder.field("a", text.root()), Err(FieldError::Duplicate("a".into())));
        assert_eq!(builder.field("", text.root()), Err(FieldError::NoName));
        assert_eq!(
            FieldError::Duplicate("a".into()).to_string(),
            "Cannot create field because of field name duplication a"
        );
    }
}
