//! Builds schemas from the outside in, and lays them out as the flat list of nodes that crosses the boundary.

use std::rc::Rc;

use super::{SchemaNode, SchemaRef, SchemaType};
use crate::bindings::host::weir::connect::data as wit;

/// A schema. Cloning shares it; keep one for all rows that have it, and the batch needs no look-up to know it again.
#[derive(Clone, Debug)]
pub struct Schema {
    inner: Rc<wit::Schema>,
}

impl Schema {
    /// Takes nodes as they come in batches: the first is the root.
    pub fn from_nodes(nodes: Vec<SchemaNode>) -> Schema {
        Schema { inner: Rc::new(wit::Schema { nodes }) }
    }

    /// The root node, to read the schema from.
    pub fn root(&self) -> SchemaRef<'_> {
        SchemaRef::new(&self.inner.nodes)
    }

    /// The flat list of nodes.
    pub fn nodes(&self) -> &[SchemaNode] {
        &self.inner.nodes
    }

    /// The type of the value.
    pub fn kind(&self) -> SchemaType {
        self.root().kind()
    }

    /// A struct's fields in order.
    pub fn fields(&self) -> impl Iterator<Item = (&str, SchemaRef<'_>)> {
        self.root().fields()
    }

    /// A struct's field.
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

/// A schema being described. The functions that start one are at [`Schema`].
#[derive(Clone, Debug)]
pub struct SchemaBuilder {
    node: SchemaNode,
    children: Vec<SchemaBuilder>,
}

/// The functions for types without anything below them.
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
    /// Elements of one schema.
    pub fn array(element: SchemaBuilder) -> SchemaBuilder {
        SchemaBuilder { children: vec![element], ..SchemaBuilder::new(SchemaType::Array) }
    }

    /// Keys of one schema, values of another.
    pub fn map(key: SchemaBuilder, value: SchemaBuilder) -> SchemaBuilder {
        SchemaBuilder { children: vec![key, value], ..SchemaBuilder::new(SchemaType::Map) }
    }

    /// Named fields; add them with [`SchemaBuilder::field`].
    pub fn structure(name: &str) -> SchemaBuilder {
        SchemaBuilder::new(SchemaType::Struct).name(name)
    }

    /// Kafka Connect's Date: days since 1970-01-01, written as a number.
    pub fn date() -> SchemaBuilder {
        Schema::int32().name("org.apache.kafka.connect.data.Date").version(1)
    }

    /// Kafka Connect's Time: milliseconds since midnight.
    pub fn time() -> SchemaBuilder {
        Schema::int32().name("org.apache.kafka.connect.data.Time").version(1)
    }

    /// Kafka Connect's Timestamp: milliseconds since 1970-01-01T00:00:00Z.
    pub fn timestamp() -> SchemaBuilder {
        Schema::int64().name("org.apache.kafka.connect.data.Timestamp").version(1)
    }

    /// Kafka Connect's Decimal: the unscaled number in big-endian two's complement, written in base64.
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

    /// The value may be null.
    pub fn optional(mut self) -> SchemaBuilder {
        self.node.optional = true;
        self
    }

    /// The schema's name: a struct's full name, or that of a logical type.
    pub fn name(mut self, name: &str) -> SchemaBuilder {
        self.node.name = Some(name.into());
        self
    }

    /// The schema's version.
    pub fn version(mut self, version: i32) -> SchemaBuilder {
        self.node.version = Some(version);
        self
    }

    /// What the value is.
    pub fn doc(mut self, doc: &str) -> SchemaBuilder {
        self.node.doc = Some(doc.into());
        self
    }

    /// One more parameter.
    pub fn parameter(mut self, name: &str, value: &str) -> SchemaBuilder {
        self.node.parameters.push((name.into(), value.into()));
        self
    }

    /// The default value, as JSON text in JsonConverter's payload form.
    pub fn default_json(mut self, json: &str) -> SchemaBuilder {
        self.node.default = Some(json.into());
        self
    }

    /// One more field of a struct, behind those it has.
    ///
    /// # Panics
    /// If this is no struct.
    pub fn field(mut self, name: &str, schema: SchemaBuilder) -> SchemaBuilder {
        assert!(self.node.kind == SchemaType::Struct, "field {name} was given to a schema that is no struct");
        self.node.field_names.push(name.into());
        self.children.push(schema);
        self
    }

    /// Lays it out.
    pub fn build(self) -> Schema {
        let mut nodes = Vec::new();
        self.flatten(&mut nodes);
        Schema::from_nodes(nodes)
    }

    /// Depth first, so that every child's index is greater than its parent's.
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
