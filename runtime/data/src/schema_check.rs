//! Checks that a flat list of nodes is a valid Connect schema of a limited size.

use crate::schema::{Schema, SchemaNode, SchemaType};
use weir_json as json;

/// The maximum number of levels of a schema. Functions that follow a schema are recursive, so this limits the stack. Kafka Connect's own
/// JSON reader stops at 1000 levels of JSON, and a schema in an envelope takes at least one for each of its own.
pub const MAX_DEPTH: usize = 1000;

/// The bytes of stack that a thread needs to convert values. The deepest schemas and values take less than half of it in a build without
/// optimization.
pub const STACK: usize = 16 << 20;

/// Why a schema is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaFault {
    /// There are no nodes.
    #[error("the schema has no nodes")]
    Empty,
    /// The index of a child is not greater than that of its parent, or is not that of a node.
    #[error(
        "schema node {node} has child {child}; the index of a child must be greater than that of its parent and less than {len}"
    )]
    Child {
        /// The parent.
        node: usize,
        /// The index of the child.
        child: u32,
        /// The number of nodes.
        len: usize,
    },
    /// A type with a wrong number of children.
    #[error(
        "schema node {node} is of type {kind} and has {found} children; an array must have 1, a map 2 and a primitive 0"
    )]
    Children {
        /// The node.
        node: usize,
        /// Its type.
        kind: &'static str,
        /// Its number of children.
        found: usize,
    },
    /// The number of field names is not that of the children.
    #[error(
        "schema node {node} is of type {kind} and has {names} field names and {children} children; \
             a struct has one name for each child, other types have none"
    )]
    FieldNames {
        /// The node.
        node: usize,
        /// Its type.
        kind: &'static str,
        /// The number of names.
        names: usize,
        /// The number of children.
        children: usize,
    },
    /// Two fields have the same name.
    #[error("schema node {node} has two fields named {name:?}")]
    DuplicateField {
        /// The node.
        node: usize,
        /// The name.
        name: String,
    },
    /// A default is not valid JSON.
    #[error("the default of schema node {node} is not valid JSON: {error}")]
    Default {
        /// The node.
        node: usize,
        /// The syntax error and its position.
        error: json::SyntaxError,
    },
    /// There are too many levels.
    #[error("the schema has more than {MAX_DEPTH} levels")]
    TooDeep,
    /// A node has two parents. Otherwise a short list of nodes could stand for a tree that does not fit into memory.
    #[error("schema node {child} is a child twice; a node must have one parent")]
    SharedChild {
        /// The node.
        child: u32,
    },
}

/// Checks a schema and returns the type of its root. The time is linear in the size of the schema, except that the field names of each
/// struct are sorted.
///
/// # Errors
/// The first violation found.
pub fn check(schema: &Schema) -> Result<SchemaType, SchemaFault> {
    let root = schema.nodes.first().ok_or(SchemaFault::Empty)?;
    // Primitive schemas, which are the most frequent, need no allocation.
    if schema.nodes.len() == 1 {
        check_node(0, root, 1)?;
        return Ok(root.kind);
    }
    // A child follows its parent, so in reverse order the depths of children are known first.
    let mut depths = vec![0_usize; schema.nodes.len()];
    let mut has_parent = vec![false; schema.nodes.len()];
    for (index, node) in schema.nodes.iter().enumerate().rev() {
        check_node(index, node, schema.nodes.len())?;
        let mut depth = 0;
        for &child in &node.children {
            if std::mem::replace(&mut has_parent[child as usize], true) {
                return Err(SchemaFault::SharedChild { child });
            }
            depth = depth.max(depths[child as usize]);
        }
        if depth >= MAX_DEPTH {
            return Err(SchemaFault::TooDeep);
        }
        depths[index] = depth + 1;
    }
    Ok(root.kind)
}

fn check_node(index: usize, node: &SchemaNode, len: usize) -> Result<(), SchemaFault> {
    let kind = node.kind.name();
    let children = node.children.len();
    if let Some(&child) = node.children.iter().find(|&&child| child as usize <= index || child as usize >= len) {
        return Err(SchemaFault::Child { node: index, child, len });
    }
    let expected = match node.kind {
        SchemaType::Array => 1,
        SchemaType::Map => 2,
        SchemaType::Struct => children,
        _ => 0,
    };
    if children != expected {
        return Err(SchemaFault::Children { node: index, kind, found: children });
    }
    let names = if node.kind == SchemaType::Struct { children } else { 0 };
    if node.field_names.len() != names {
        return Err(SchemaFault::FieldNames { node: index, kind, names: node.field_names.len(), children });
    }
    if let Some(name) = duplicate(&node.field_names) {
        return Err(SchemaFault::DuplicateField { node: index, name: name.to_owned() });
    }
    match &node.default {
        None => Ok(()),
        Some(default) => {
            json::check_strict(default.as_bytes()).map_err(|error| SchemaFault::Default { node: index, error })
        }
    }
}

fn duplicate(names: &[String]) -> Option<&str> {
    if names.len() < 2 {
        return None;
    }
    let mut sorted: Vec<&str> = names.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    sorted.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
}
