//! Connect schemas as a flat list of nodes: host twin of `schema` in `wit/data.wit`, and short ways to build the usual ones.

/// Kafka Connect's schema types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SchemaType {
    /// 8 bits, signed.
    Int8,
    /// 16 bits, signed.
    Int16,
    /// 32 bits, signed.
    Int32,
    /// 64 bits, signed.
    Int64,
    /// IEEE single precision.
    Float32,
    /// IEEE double precision.
    Float64,
    /// True or false.
    Boolean,
    /// Text.
    String,
    /// Bytes.
    Bytes,
    /// A list of values of one schema.
    Array,
    /// Keys of one schema, values of another.
    Map,
    /// Named fields, each with a schema of its own.
    Struct,
}

impl SchemaType {
    /// The name of Java's enum constant, which is what Kafka Connect's messages print.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Int8 => "INT8",
            Self::Int16 => "INT16",
            Self::Int32 => "INT32",
            Self::Int64 => "INT64",
            Self::Float32 => "FLOAT32",
            Self::Float64 => "FLOAT64",
            Self::Boolean => "BOOLEAN",
            Self::String => "STRING",
            Self::Bytes => "BYTES",
            Self::Array => "ARRAY",
            Self::Map => "MAP",
            Self::Struct => "STRUCT",
        }
    }
}

/// One node of a Connect schema. Nodes refer to each other by index.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SchemaNode {
    /// The type.
    pub kind: SchemaType,
    /// Whether null is a value of it.
    pub optional: bool,
    /// A struct's full name, or a logical type such as `org.apache.kafka.connect.data.Timestamp`.
    pub name: Option<String>,
    /// The schema's version.
    pub version: Option<i32>,
    /// What the schema is for, in words.
    pub doc: Option<String>,
    /// Name and value of each parameter, in the order in which they are written.
    pub parameters: Vec<(String, String)>,
    /// The default value as JSON text.
    pub default: Option<String>,
    /// Indexes of the nodes below: an array's element; a map's key, then its value; a struct's fields in order. Each is
    /// greater than this node's own index.
    pub children: Vec<u32>,
    /// A struct's field names, one for each child. Empty for every other type.
    pub field_names: Vec<String>,
}

/// A Connect schema. The first node is the root.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Schema {
    /// The nodes; the first is the root.
    pub nodes: Vec<SchemaNode>,
}

impl SchemaNode {
    /// A required node of this type and nothing else.
    pub const fn new(kind: SchemaType) -> Self {
        Self {
            kind,
            optional: false,
            name: None,
            version: None,
            doc: None,
            parameters: Vec::new(),
            default: None,
            children: Vec::new(),
            field_names: Vec::new(),
        }
    }

    fn weight(&self) -> usize {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let pairs =
            self.parameters.iter().map(|(name, value)| size_of::<(String, String)>() + name.len() + value.len());
        let names = self.field_names.iter().map(|name| size_of::<String>() + name.len());
        size_of::<Self>()
            + text(&self.name)
            + text(&self.doc)
            + text(&self.default)
            + pairs.sum::<usize>()
            + size_of_val(self.children.as_slice())
            + names.sum::<usize>()
    }
}

impl Schema {
    /// A required schema of a primitive type.
    pub fn primitive(kind: SchemaType) -> Self {
        Self { nodes: vec![SchemaNode::new(kind)] }
    }

    /// A required string.
    pub fn string() -> Self {
        Self::primitive(SchemaType::String)
    }

    /// A string that may be null: what StringConverter gives every value.
    pub fn optional_string() -> Self {
        Self::string().optional()
    }

    /// Bytes that may be null: what ByteArrayConverter gives every value.
    pub fn optional_bytes() -> Self {
        Self::primitive(SchemaType::Bytes).optional()
    }

    /// An array of `element`.
    pub fn array(element: Schema) -> Self {
        Self::with_children(SchemaNode::new(SchemaType::Array), [element])
    }

    /// A map from `key` to `value`.
    pub fn map(key: Schema, value: Schema) -> Self {
        Self::with_children(SchemaNode::new(SchemaType::Map), [key, value])
    }

    /// A struct of these fields.
    pub fn structure(fields: impl IntoIterator<Item = (String, Schema)>) -> Self {
        let mut root = SchemaNode::new(SchemaType::Struct);
        let mut children = Vec::new();
        for (name, schema) in fields {
            root.field_names.push(name);
            children.push(schema);
        }
        Self::with_children(root, children)
    }

    /// A logical type of Kafka Connect: `name` without its package, on the type that carries it, at version 1.
    pub fn logical(name: &str, kind: SchemaType) -> Self {
        let mut schema = Self::primitive(kind).named(format!("org.apache.kafka.connect.data.{name}"));
        if let Some(root) = schema.nodes.first_mut() {
            root.version = Some(1);
        }
        schema
    }

    /// `org.apache.kafka.connect.data.Decimal` with this scale.
    pub fn decimal(scale: i32) -> Self {
        let mut schema = Self::logical("Decimal", SchemaType::Bytes);
        if let Some(root) = schema.nodes.first_mut() {
            root.parameters.push(("scale".to_owned(), scale.to_string()));
        }
        schema
    }

    /// The same schema, with null allowed.
    pub fn optional(mut self) -> Self {
        if let Some(root) = self.nodes.first_mut() {
            root.optional = true;
        }
        self
    }

    /// The same schema with a name.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        if let Some(root) = self.nodes.first_mut() {
            root.name = Some(name.into());
        }
        self
    }

    /// The same schema with a default, given as JSON text.
    pub fn with_default(mut self, json: impl Into<String>) -> Self {
        if let Some(root) = self.nodes.first_mut() {
            root.default = Some(json.into());
        }
        self
    }

    /// The bytes that the schema takes in memory, more or less: its nodes and their texts.
    pub fn weight(&self) -> usize {
        self.nodes.iter().map(SchemaNode::weight).sum()
    }

    /// The root node. `None` only for a schema that [`Records::check`](crate::records::Records::check) refuses.
    pub fn root(&self) -> Option<&SchemaNode> {
        self.nodes.first()
    }

    fn with_children(mut root: SchemaNode, children: impl IntoIterator<Item = Schema>) -> Self {
        let mut nodes = Vec::new();
        for child in children {
            let base = 1 + nodes.len() as u32;
            root.children.push(base);
            nodes.extend(child.nodes.into_iter().map(|mut node| {
                node.children.iter_mut().for_each(|index| *index += base);
                node
            }));
        }
        nodes.insert(0, root);
        Self { nodes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_follow_their_parents() {
        let schema = Schema::structure([
            ("id".to_owned(), Schema::primitive(SchemaType::Int32)),
            ("tags".to_owned(), Schema::map(Schema::string(), Schema::array(Schema::string()))),
        ]);
        let children: Vec<_> = schema.nodes.iter().map(|node| node.children.clone()).collect();
        assert_eq!(children, vec![vec![1, 2], vec![], vec![3, 4], vec![], vec![5], vec![]]);
    }
}
