//! Checks that a flat list of nodes is a Connect schema, and one of a size that can be written out.

use crate::schema::{Schema, SchemaNode, SchemaType};
use weir_json as json;

/// Most levels a schema may have. Walks along a schema recurse, so this bounds the stack. Kafka Connect's own JSON reader stops at
/// 1000 levels of JSON, of which a schema in an envelope takes one for each of its own at the least.
pub const MAX_DEPTH: usize = 1000;

/// Bytes of stack that a thread has to have in which values are converted. The deepest schemas and values take less than half of
/// it, in a build without optimization.
pub const STACK: usize = 16 << 20;

/// What is wrong with a schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaFault {
    /// No nodes.
    #[error("the schema has no nodes")]
    Empty,
    /// A child that is not behind its parent, or not there.
    #[error("schema node {node} has child {child}; a child is behind its parent and among the {len} nodes")]
    Child {
        /// The parent.
        node: usize,
        /// The index it gives.
        child: u32,
        /// Number of nodes.
        len: usize,
    },
    /// A type with a wrong number of children.
    #[error("schema node {node} is of type {kind} and has {found} children; an array has 1, a map 2, a primitive none")]
    Children {
        /// The node.
        node: usize,
        /// Its type.
        kind: &'static str,
        /// Its number of children.
        found: usize,
    },
    /// Field names that do not go with the children.
    #[error(
        "schema node {node} is of type {kind} and has {names} field names and {children} children; \
             a struct has one name for each child, other types have none"
    )]
    FieldNames {
        /// The node.
        node: usize,
        /// Its type.
        kind: &'static str,
        /// Number of names.
        names: usize,
        /// Number of children.
        children: usize,
    },
    /// Two fields of one name.
    #[error("schema node {node} has two fields named {name:?}")]
    DuplicateField {
        /// The node.
        node: usize,
        /// The name.
        name: String,
    },
    /// A default that is not JSON.
    #[error("the default of schema node {node} is not JSON: {error}")]
    Default {
        /// The node.
        node: usize,
        /// Where and why not.
        error: json::SyntaxError,
    },
    /// Too many levels.
    #[error("the schema has more than {MAX_DEPTH} levels")]
    TooDeep,
    /// A node with two parents. A short list of such nodes could stand for a tree that no memory holds.
    #[error("schema node {child} is a child twice; each node has one parent")]
    SharedChild {
        /// The node.
        child: u32,
    },
}

/// Checks a schema and gives the type of its root. Linear in the size of the schema, but for a sort of each struct's
/// field names.
///
/// # Errors
/// The first fault found.
pub fn check(schema: &Schema) -> Result<SchemaType, SchemaFault> {
    let root = schema.nodes.first().ok_or(SchemaFault::Empty)?;
    // Primitive schemas, by far the most frequent, end here without an allocation.
    if schema.nodes.len() == 1 {
        check_node(0, root, 1)?;
        return Ok(root.kind);
    }
    // A child is behind its parent, so that going backwards the children's depths are there already.
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
