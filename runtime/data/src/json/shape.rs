//! A schema made ready for walking values along it: a tree instead of a list, names found by hash, logical types known.

use std::collections::HashMap;

use super::payload::{self, Rules};
use crate::schema::{Schema, SchemaNode, SchemaType};
use crate::schema_check::{self, SchemaFault};
use weir_json::node::Node;
use weir_json::text::write_string;

/// Most bytes that all defaults of a schema may take, each as often as it is part of another one: a default deep inside
/// is part of the default of each level above.
const MAX_DEFAULTS: usize = 16 << 20;

/// The types of Kafka Connect that stand for something else than what carries them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Logical {
    /// `org.apache.kafka.connect.data.Decimal` with its scale; `None` where the parameter is missing or no number.
    Decimal(Option<i32>),
    Date,
    Time,
    Timestamp,
}

/// One node of a schema, with everything below it.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    pub(crate) kind: SchemaType,
    pub(crate) logical: Option<Logical>,
    pub(crate) optional: bool,
    /// What a null becomes: the default as it is written by the rules the shape was made for.
    pub(crate) default: Option<Vec<u8>>,
    /// An array's element; a map's key and value; a struct's fields.
    pub(crate) children: Vec<Shape>,
    pub(crate) fields: Fields,
}

/// The names of a struct's fields.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields {
    pub(crate) names: Vec<String>,
    /// Each name as it stands in an object: quoted, and with the colon.
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
    /// Makes the shape of a schema whose values are to be converted by `rules`.
    pub(crate) fn of(schema: &Schema, rules: &Rules) -> Result<Self, ShapeError> {
        schema_check::check(schema)?;
        Self::of_node(schema, 0, rules, &mut 0)
    }

    /// `defaults` counts the bytes of all defaults so far.
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
            // A default that is null says no more than that there is none.
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

/// The logical type of a node. A name alone is not enough: the type below it has to be the one that carries it.
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
