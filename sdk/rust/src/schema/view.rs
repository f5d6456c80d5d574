//! Reads a schema without copying it.

use super::{Schema, SchemaNode, SchemaType};

/// A node of a schema, with access to its child nodes.
#[derive(Clone, Copy, Debug)]
pub struct SchemaRef<'a> {
    nodes: &'a [SchemaNode],
    node: &'a SchemaNode,
}

impl<'a> SchemaRef<'a> {
    /// Returns the root. The runtime has checked that there is at least one node and that all children exist.
    pub(crate) fn new(nodes: &'a [SchemaNode]) -> SchemaRef<'a> {
        SchemaRef { nodes, node: &nodes[0] }
    }

    /// Returns the node itself, with its name, version, doc, parameters and default.
    pub fn node(self) -> &'a SchemaNode {
        self.node
    }

    /// Returns the type of the value.
    pub fn kind(self) -> SchemaType {
        self.node.kind
    }

    /// Returns whether the value may be null.
    pub fn is_optional(self) -> bool {
        self.node.optional
    }

    /// Returns the full name of a struct, or the name of a logical type.
    pub fn name(self) -> Option<&'a str> {
        self.node.name.as_deref()
    }

    /// Returns the value of a parameter.
    pub fn parameter(self, name: &str) -> Option<&'a str> {
        self.node.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Returns the schema of the elements of an array or of the values of a map.
    pub fn element(self) -> Option<SchemaRef<'a>> {
        match self.node.kind {
            SchemaType::Array => self.child(0),
            SchemaType::Map => self.child(1),
            _ => None,
        }
    }

    /// Returns the schema of the keys of a map.
    pub fn key(self) -> Option<SchemaRef<'a>> {
        if self.node.kind == SchemaType::Map { self.child(0) } else { None }
    }

    /// Returns the fields of a struct, in order.
    pub fn fields(self) -> impl Iterator<Item = (&'a str, SchemaRef<'a>)> {
        let names = self.node.field_names.iter().map(String::as_str);
        names.zip((0..).map_while(move |index| self.child(index)))
    }

    /// Returns a field of a struct.
    pub fn field(self, name: &str) -> Option<SchemaRef<'a>> {
        let index = self.node.field_names.iter().position(|field| field == name)?;
        self.child(index)
    }

    /// Creates a separate schema with a copy of this node and its descendants, to write values with.
    pub fn to_schema(self) -> Schema {
        if std::ptr::eq(self.node, &self.nodes[0]) {
            return Schema::from_nodes(self.nodes.to_vec());
        }
        let mut nodes = Vec::new();
        self.copy_into(&mut nodes);
        Schema::from_nodes(nodes)
    }

    fn copy_into(self, nodes: &mut Vec<SchemaNode>) -> u32 {
        let index = nodes.len();
        nodes.push(SchemaNode { children: Vec::new(), ..self.node.clone() });
        for child in (0..).map_while(|child| self.child(child)) {
            let child = child.copy_into(nodes);
            nodes[index].children.push(child);
        }
        index as u32
    }

    fn child(self, index: usize) -> Option<SchemaRef<'a>> {
        let index = *self.node.children.get(index)? as usize;
        Some(SchemaRef { nodes: self.nodes, node: self.nodes.get(index)? })
    }
}
