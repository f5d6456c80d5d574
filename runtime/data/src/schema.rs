//! Connect schemas as a flat list of nodes, as in `wit/data.wit`, and functions that create the most common ones.

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
    /// A byte array.
    Bytes,
    /// A list of values of one schema.
    Array,
    /// Keys of one schema, values of another.
    Map,
    /// Named fields, each with a schema of its own.
    Struct,
}

impl SchemaType {
    /// Returns the name of Java's enum constant, which Kafka Connect's messages contain.
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
    /// Whether null is a valid value.
    pub optional: bool,
    /// A struct's full name, or a logical type such as `org.apache.kafka.connect.data.Timestamp`.
    pub name: Option<String>,
    /// The schema's version.
    pub version: Option<i32>,
    /// The documentation of the schema.
    pub doc: Option<String>,
    /// Name and value of each parameter, in the order in which they are written.
    pub parameters: Vec<(String, String)>,
    /// The default value as JSON text.
    pub default: Option<String>,
    /// The indexes of the nodes below: the element of an array; the key, then the value of a map; the fields of a struct in order. Each
    /// index is greater than that of this node.
    pub children: Vec<u32>,
    /// The field names of a struct, one for each child. Empty for other types.
    pub field_names: Vec<String>,
}

/// A Connect schema. The first node is the root.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Schema {
    /// The nodes; the first is the root.
    pub nodes: Vec<SchemaNode>,
}

impl SchemaNode {
    /// Creates a required node of this type.
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
    /// Creates a required schema of a primitive type.
    pub fn primitive(kind: SchemaType) -> Self {
        Self { nodes: vec![SchemaNode::new(kind)] }
    }

    /// Creates a required string.
    pub fn string() -> Self {
        Self::primitive(SchemaType::String)
    }

    /// Creates an optional string, which is the schema of StringConverter's values.
    pub fn optional_string() -> Self {
        Self::string().optional()
    }

    /// Creates optional bytes, which is the schema of ByteArrayConverter's values.
    pub fn optional_bytes() -> Self {
        Self::primitive(SchemaType::Bytes).optional()
    }

    /// Creates an array of `element`.
    pub fn array(element: Schema) -> Self {
        Self::with_children(SchemaNode::new(SchemaType::Array), [element])
    }

    /// Creates a map from `key` to `value`.
    pub fn map(key: Schema, value: Schema) -> Self {
        Self::with_children(SchemaNode::new(SchemaType::Map), [key, value])
    }

    /// Creates a struct with these fields.
    pub fn structure(fields: impl IntoIterator<Item = (String, Schema)>) -> Self {
        let mut root = SchemaNode::new(SchemaType::Struct);
        let mut children = Vec::new();
        for (name, schema) in fields {
            root.field_names.push(name);
            children.push(schema);
        }
        Self::with_children(root, children)
    }

    /// Creates a logical type of Kafka Connect, version 1, from its name without the package and its base type.
    pub fn logical(name: &str, kind: SchemaType) -> Self {
        let mut schema = Self::primitive(kind).named(format!("org.apache.kafka.connect.data.{name}"));
        if let Some(root) = schema.nodes.first_mut() {
            root.version = Some(1);
        }
        schema
    }

    /// Creates an `org.apache.kafka.connect.data.Decimal` with this scale.
    pub fn decimal(scale: i32) -> Self {
        let mut schema = Self::logical("Decimal", SchemaType::Bytes);
        if let Some(root) = schema.nodes.first_mut() {
            root.parameters.push(("scale".to_owned(), scale.to_string()));
        }
        schema
    }

    /// Makes the schema optional.
    pub fn optional(mut self) -> Self {
        if let Some(root) = self.nodes.first_mut() {
            root.optional = true;
        }
        self
    }

    /// Sets the name of the schema.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        if let Some(root) = self.nodes.first_mut() {
            root.name = Some(name.into());
        }
        self
    }

    /// Sets the default of the schema, as JSON text.
    pub fn with_default(mut self, json: impl Into<String>) -> Self {
        if let Some(root) = self.nodes.first_mut() {
            root.default = Some(json.into());
        }
        self
    }

    /// Returns the approximate number of bytes that the schema takes in memory: its nodes and their texts.
    pub fn weight(&self) -> usize {
        self.nodes.iter().map(SchemaNode::weight).sum()
    }

    /// Returns the root node. `None` only for a schema that [`Records::check`](crate::records::Records::check) rejects.
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
