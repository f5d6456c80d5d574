//! Parses `spec`: fields and their new types, or one type for the whole value.

use weir_java::hash_map as java_map;
use weir_java::text::trim;
use weir_sdk::ConfigError;
use weir_sdk::schema::SchemaType;
use weir_sdk::value::FieldName;

use crate::require::java_name;

/// What is cast, and to which types.
#[derive(Debug)]
pub(super) enum Spec {
    Whole(Type),
    /// Each field once, in the order in which Kafka Connect processes those of a map.
    Fields(Vec<(FieldName, Type)>),
}

/// A type to cast to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Int8,
    Int16,
    Int32,
    Int64,
    Float32,
    Float64,
    Boolean,
    String,
}

/// All types of schemas, in Java's order.
const ALL: [(SchemaType, Option<Type>); 12] = [
    (SchemaType::Int8, Some(Type::Int8)),
    (SchemaType::Int16, Some(Type::Int16)),
    (SchemaType::Int32, Some(Type::Int32)),
    (SchemaType::Int64, Some(Type::Int64)),
    (SchemaType::Float32, Some(Type::Float32)),
    (SchemaType::Float64, Some(Type::Float64)),
    (SchemaType::Boolean, Some(Type::Boolean)),
    (SchemaType::String, Some(Type::String)),
    (SchemaType::Bytes, None),
    (SchemaType::Array, None),
    (SchemaType::Map, None),
    (SchemaType::Struct, None),
];

impl Type {
    /// Returns the type as a schema type.
    pub(super) fn schema_type(self) -> SchemaType {
        ALL.iter().find(|(_, to)| *to == Some(self)).map_or(SchemaType::String, |(kind, _)| *kind)
    }

    fn parse(text: &str) -> Result<Type, String> {
        let text = trim(text);
        let upper = text.to_uppercase();
        let found = ALL.iter().find(|(kind, _)| java_name(*kind) == upper);
        let (kind, to) = found.ok_or_else(|| format!("Invalid type found in casting spec: {text}"))?;
        to.ok_or_else(|| {
            let supported: Vec<&str> = ALL[..8].iter().map(|(kind, _)| java_name(*kind)).collect();
            format!(
                "Cast transformation does not support casting to {}; supported types are [{}]",
                java_name(*kind),
                supported.join(", ")
            )
        })
    }
}

impl Spec {
    pub(super) fn new(list: &[String]) -> Result<Spec, ConfigError> {
        parse(list).map_err(|message| ConfigError { key: "spec".into(), message })
    }
}

fn parse(list: &[String]) -> Result<Spec, String> {
    let (mut whole, mut fields) = (None, Vec::<(&str, Type)>::new());
    for mapping in list {
        let parts = split(mapping);
        match parts[..] {
            [to] => whole = Some(Type::parse(to)?),
            [name, to] => {
                let (name, to) = (trim(name), Type::parse(to)?);
                match fields.iter_mut().find(|(there, _)| *there == name) {
                    Some(field) => field.1 = to,
                    None => fields.push((name, to)),
                }
            }
            // In Kafka Connect, too, the message names a key of another transform.
            _ => {
                let list = list.join(", ");
                return Err(format!(
                    "Invalid value [{list}] for configuration renames: Invalid rename mapping: {mapping}"
                ));
            }
        }
    }
    match whole {
        Some(to) if list.len() == 1 => Ok(Spec::Whole(to)),
        Some(_) => Err(
            "Cast transformations that specify a type to cast the entire value to may only specify a single cast in \
                        their spec"
                .into(),
        ),
        None if fields.is_empty() => Err("Must specify at least one field to cast.".into()),
        None => {
            let order = java_map::order(fields.iter().map(|(name, _)| *name));
            Ok(Spec::Fields(
                order.into_iter().map(|place| (FieldName::new(fields[place].0), fields[place].1)).collect(),
            ))
        }
    }
}

/// Splits as Java's `split(":")`, which drops empty parts at the end.
fn split(mapping: &str) -> Vec<&str> {
    match mapping.trim_end_matches(':') {
        "" if !mapping.is_empty() => Vec::new(),
        rest => rest.split(':').collect(),
    }
}
