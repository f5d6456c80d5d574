//! A schema that is prepared for converting values: a tree instead of a list, with hashed names and logical types.

use std::collections::HashMap;

use super::payload::{self, Rules};
use crate::schema::{Schema, SchemaNode, SchemaType};
use crate::schema_check::{self, SchemaFault};
use weir_json::node::Node;
use weir_json::text::write_string;

/// The maximum number of bytes of all defaults of a schema. A default counts as often as it is part of another one: a default at a deep
/// level is part of the default of each level above.
const MAX_DEFAULTS: usize = 16 << 20;

/// Kafka Connect's logical types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Logical {
    /// `org.apache.kafka.connect.data.Decimal` with its scale, or `None` if the parameter is missing or not a valid number.
    Decimal(Option<i32>),
    Date,
    Time,
    Timestamp,
}

/// A node of a schema with all nodes below it.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    pub(crate) kind: SchemaType,
    pub(crate) logical: Option<Logical>,
    pub(crate) optional: bool,
    /// The default, which replaces null, as the rules of the shape write it.
    pub(crate) default: Option<Vec<u8>>,
    /// The element of an array, the key and value of a map, or the fields of a struct.
    pub(crate) children: Vec<Shape>,
    pub(crate) fields: Fields,
}

/// The names of a struct's fields.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields {
    pub(crate) names: Vec<String>,
    /// Each name as it is written in an object: in quotation marks, with the colon.
    pub(crate) keys: Vec<Vec<u8>>,
    places: HashMap<String, u32>,
}

impl Fields {
    fn new(names: &[String]) -> Self {
        let keys = names.iter().map(|name| {
            let mut key = Vec::with_capacity(name.len() + 3);
            write_string(name.as_bytes(), &mut key);
            key.push(b':');
            key
        });
        let places = names.iter().cloned().zip(0..).collect();
        Self { names: names.to_vec(), keys: keys.collect(), places }
    }

    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        self.places.get(name).map(|&place| place as usize)
    }
}

/// Why a schema cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ShapeError {
    #[error(transparent)]
    Schema(#[from] SchemaFault),
    #[error("{0}")]
    Default(String),
    #[error("the defaults of the schema take more than {} MiB when they are written out", MAX_DEFAULTS >> 20)]
    TooManyDefaults,
}

impl Shape {
    /// Creates the shape of a schema for conversions with these rules.
    pub(crate) fn of(schema: &Schema, rules: &Rules) -> Result<Self, ShapeError> {
        schema_check::check(schema)?;
        Self::of_node(schema, 0, rules, &mut 0)
    }

    /// `defaults` counts the bytes of all defaults up to here.
    fn of_node(schema: &Schema, index: u32, rules: &Rules, defaults: &mut usize) -> Result<Self, ShapeError> {
        let node = &schema.nodes[index as usize];
        let children = node.children.iter().map(|&child| Self::of_node(schema, child, rules, defaults));
        let children = children.collect::<Result<_, _>>()?;
        let mut shape = Shape {
            kind: node.kind,
            logical: logical(node),
            optional: node.optional,
            default: None,
            children,
            fields: Fields::new(&node.field_names),
        };
        if let Some(default) = node.default.as_deref() {
            let default = Node::parse(default).map_err(|error| ShapeError::Default(error.to_string()))?;
            // A default that is null is the same as no default.
            if default != Node::Null {
                let mut written = Vec::new();
                payload::rebuild(&shape, &default, rules, &mut written).map_err(ShapeError::Default)?;
                *defaults += written.len();
                if *defaults > MAX_DEFAULTS {
                    return Err(ShapeError::TooManyDefaults);
                }
                shape.default = Some(written);
            }
        }
        Ok(shape)
    }
}

/// Returns the logical type of a node. The name alone does not suffice: the node must have the base type of the logical type.
pub(crate) fn logical(node: &SchemaNode) -> Option<Logical> {
    let name = node.name.as_deref()?.strip_prefix("org.apache.kafka.connect.data.")?;
    match (name, node.kind) {
        ("Decimal", SchemaType::Bytes) => {
            let scale = node.parameters.iter().find(|(name, _)| name == "scale");
            Some(Logical::Decimal(scale.and_then(|(_, scale)| scale.parse().ok())))
        }
        ("Date", SchemaType::Int32) => Some(Logical::Date),
        ("Time", SchemaType::Int32) => Some(Logical::Time),
        ("Timestamp", SchemaType::Int64) => Some(Logical::Timestamp),
        _ => None,
    }
}
