//! Builds schemas from the outside in, and converts them to the flat list of nodes that the contract uses.

use std::rc::Rc;

use super::{SchemaNode, SchemaRef, SchemaType};
use crate::bindings::host::weir::connect::data as wit;

/// A schema. Clones share the same data. Keep one schema for all its records, so that the batch recognizes it without a
/// lookup.
#[derive(Clone, Debug)]
pub struct Schema {
    inner: Rc<wit::Schema>,
}

impl Schema {
    /// Creates a schema from the nodes in a batch. The first node is the root.
    pub fn from_nodes(nodes: Vec<SchemaNode>) -> Schema {
        Schema { inner: Rc::new(wit::Schema { nodes }) }
    }

    /// Returns the root node, to read the schema.
    pub fn root(&self) -> SchemaRef<'_> {
        SchemaRef::new(&self.inner.nodes)
    }

    /// Returns the flat list of nodes.
    pub fn nodes(&self) -> &[SchemaNode] {
        &self.inner.nodes
    }

    /// Returns the type of the value.
    pub fn kind(&self) -> SchemaType {
        self.root().kind()
    }

    /// Returns the fields of a struct, in order.
    pub fn fields(&self) -> impl Iterator<Item = (&str, SchemaRef<'_>)> {
        self.root().fields()
    }

    /// Returns a field of a struct.
    pub fn field(&self, name: &str) -> Option<SchemaRef<'_>> {
        self.root().field(name)
    }

    pub(crate) fn same(&self, other: &Schema) -> bool {
        Rc::ptr_eq(&self.inner, &other.inner)
    }

    pub(crate) fn to_wit(&self) -> wit::Schema {
        (*self.inner).clone()
    }
}

impl PartialEq for Schema {
    fn eq(&self, other: &Schema) -> bool {
        self.same(other) || self.inner == other.inner
    }
}

impl From<SchemaBuilder> for Schema {
    fn from(builder: SchemaBuilder) -> Schema {
        builder.build()
    }
}

/// A builder for a schema. It is created with the functions of [`Schema`].
#[derive(Clone, Debug)]
pub struct SchemaBuilder {
    node: SchemaNode,
    children: Vec<SchemaBuilder>,
}

/// Defines the functions for types without child nodes.
macro_rules! primitives {
    ($($function:ident $kind:ident $doc:literal)*) => {
        impl Schema {
            $(
                #[doc = $doc]
                pub fn $function() -> SchemaBuilder {
                    SchemaBuilder::new(SchemaType::$kind)
                }
            )*
        }
    };
}

primitives! {
    int8 Int8 "8-bit signed integer."
    int16 Int16 "16-bit signed integer."
    int32 Int32 "32-bit signed integer."
    int64 Int64 "64-bit signed integer."
    float32 Float32 "32-bit floating point number."
    float64 Float64 "64-bit floating point number."
    boolean Boolean "True or false."
    string String "Text."
    bytes Bytes "A byte string."
}

impl Schema {
    /// Creates an array schema from the schema of its elements.
    pub fn array(element: SchemaBuilder) -> SchemaBuilder {
        SchemaBuilder { children: vec![element], ..SchemaBuilder::new(SchemaType::Array) }
    }

    /// Creates a map schema from the schemas of its keys and values.
    pub fn map(key: SchemaBuilder, value: SchemaBuilder) -> SchemaBuilder {
        SchemaBuilder { children: vec![key, value], ..SchemaBuilder::new(SchemaType::Map) }
    }

    /// Creates a struct schema. Add the fields with [`SchemaBuilder::field`].
    pub fn structure(name: &str) -> SchemaBuilder {
        SchemaBuilder::new(SchemaType::Struct).name(name)
    }

    /// Creates a schema for Kafka Connect's Date: days since 1970-01-01, written as a number.
    pub fn date() -> SchemaBuilder {
        Schema::int32().name("org.apache.kafka.connect.data.Date").version(1)
    }

    /// Creates a schema for Kafka Connect's Time: milliseconds since midnight.
    pub fn time() -> SchemaBuilder {
        Schema::int32().name("org.apache.kafka.connect.data.Time").version(1)
    }

    /// Creates a schema for Kafka Connect's Timestamp: milliseconds since 1970-01-01T00:00:00Z.
    pub fn timestamp() -> SchemaBuilder {
        Schema::int64().name("org.apache.kafka.connect.data.Timestamp").version(1)
    }

    /// Creates a schema for Kafka Connect's Decimal: the unscaled number in big-endian two's complement, written in
    /// base64.
    pub fn decimal(scale: i32) -> SchemaBuilder {
        Schema::bytes().name("org.apache.kafka.connect.data.Decimal").version(1).parameter("scale", &scale.to_string())
    }
}

impl SchemaBuilder {
    fn new(kind: SchemaType) -> SchemaBuilder {
        let node = SchemaNode {
            kind,
            optional: false,
            name: None,
            version: None,
            doc: None,
            parameters: Vec::new(),
            default: None,
            children: Vec::new(),
            field_names: Vec::new(),
        };
        SchemaBuilder { node, children: Vec::new() }
    }

    /// Allows null values.
    pub fn optional(mut self) -> SchemaBuilder {
        self.node.optional = true;
        self
    }

    /// Sets the name of the schema: the full name of a struct, or the name of a logical type.
    pub fn name(mut self, name: &str) -> SchemaBuilder {
        self.node.name = Some(name.into());
        self
    }

    /// Sets the version of the schema.
    pub fn version(mut self, version: i32) -> SchemaBuilder {
        self.node.version = Some(version);
        self
    }

    /// Sets the documentation of the schema.
    pub fn doc(mut self, doc: &str) -> SchemaBuilder {
        self.node.doc = Some(doc.into());
        self
    }

    /// Adds a parameter.
    pub fn parameter(mut self, name: &str, value: &str) -> SchemaBuilder {
        self.node.parameters.push((name.into(), value.into()));
        self
    }

    /// Sets the default value, as JSON text in the payload format of JsonConverter.
    pub fn default_json(mut self, json: &str) -> SchemaBuilder {
        self.node.default = Some(json.into());
        self
    }

    /// Adds a field to a struct, after the existing fields.
    ///
    /// # Panics
    /// Panics if this schema is not a struct.
    pub fn field(mut self, name: &str, schema: SchemaBuilder) -> SchemaBuilder {
        assert!(self.node.kind == SchemaType::Struct, "field {name} was added to a schema that is not a struct");
        self.node.field_names.push(name.into());
        self.children.push(schema);
        self
    }

    /// Builds the schema.
    pub fn build(self) -> Schema {
        let mut nodes = Vec::new();
        self.flatten(&mut nodes);
        Schema::from_nodes(nodes)
    }

    /// Adds the nodes depth first, so that the index of a child is always greater than that of its parent.
    fn flatten(self, nodes: &mut Vec<SchemaNode>) -> u32 {
        let index = nodes.len();
        nodes.push(self.node);
        for child in self.children {
            let child = child.flatten(nodes);
            nodes[index].children.push(child);
        }
        index as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_come_after_their_parents() {
        let schema = Schema::structure("a")
            .field("m", Schema::map(Schema::string(), Schema::array(Schema::int8())))
            .field("d", Schema::decimal(2).optional())
            .build();
        let children: Vec<&[u32]> = schema.nodes().iter().map(|node| node.children.as_slice()).collect();
        assert_eq!(children, [&[1, 5][..], &[2, 3], &[], &[4], &[], &[]]);
        assert_eq!(schema.nodes()[0].field_names, ["m", "d"]);
        assert_eq!(schema.nodes()[5].parameters, [("scale".to_string(), "2".to_string())]);
    }
}
