//! Values that were parsed from headers: their schemas, and the common schema of the entries of a list or map.

use crate::json::payload::write_base64;
use crate::schema::{Schema, SchemaType};
use weir_java::BigDecimal;
use weir_java::date::DAY;
use weir_java::number::{double, float};
use weir_json::text::write_string;

use super::temporal::Temporal;

/// A value with the type that was guessed from its text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Parsed {
    Null,
    Boolean(bool),
    /// An integer and its type.
    Integer(SchemaType, i64),
    Float32(f32),
    Float64(f64),
    Decimal(BigDecimal),
    Temporal(Temporal),
    String(String),
    Array(Vec<Parsed>),
    Map(Vec<(Parsed, Parsed)>),
}

impl Parsed {
    /// Returns the schema, or `None` for null, and for a list or map that contains entries without a common schema.
    pub(super) fn schema(&self) -> Option<Schema> {
        Some(match self {
            Self::Null => return None,
            Self::Boolean(_) => Schema::primitive(SchemaType::Boolean),
            Self::Integer(kind, _) => Schema::primitive(*kind),
            Self::Float32(_) => Schema::primitive(SchemaType::Float32),
            Self::Float64(_) => Schema::primitive(SchemaType::Float64),
            Self::Decimal(decimal) => Schema::decimal(decimal.scale()),
            Self::Temporal(Temporal::Date(_)) => Schema::logical("Date", SchemaType::Int32),
            Self::Temporal(Temporal::Time(_)) => Schema::logical("Time", SchemaType::Int32),
            Self::Temporal(Temporal::Timestamp(_)) => Schema::logical("Timestamp", SchemaType::Int64),
            Self::String(_) => Schema::string(),
            Self::Array(items) => Schema::array(common(items.iter())?),
            Self::Map(entries) => {
                let key = common(entries.iter().map(|(key, _)| key))?;
                Schema::map(key, common(entries.iter().map(|(_, value)| value))?)
            }
        })
    }

    /// Appends the value as a JSON payload. Numbers are widened to `schema`, which is that of this value or the common one of all entries.
    pub(super) fn write(&self, schema: Option<(&Schema, usize)>, out: &mut Vec<u8>) {
        let kind = schema.map(|(schema, index)| schema.nodes[index].kind);
        let child = |place: usize| schema.map(|(schema, index)| (schema, schema.nodes[index].children[place] as usize));
        match self {
            Self::Null => out.extend_from_slice(b"null"),
            Self::Boolean(truth) => push(out, truth),
            Self::Integer(_, number) => match kind {
                Some(SchemaType::Float32) => push(out, float(*number as f32)),
                Some(SchemaType::Float64) => push(out, double(*number as f64)),
                _ => push(out, number),
            },
            Self::Float32(number) if kind == Some(SchemaType::Float64) => push(out, double(f64::from(*number))),
            Self::Float32(number) => push(out, float(*number)),
            Self::Float64(number) => push(out, double(*number)),
            Self::Decimal(decimal) if schema.is_none() => push(out, decimal),
            Self::Decimal(decimal) => write_base64(&decimal.to_bytes(), out),
            Self::Temporal(Temporal::Date(millis)) => push(out, millis.div_euclid(DAY)),
            Self::Temporal(Temporal::Time(millis) | Temporal::Timestamp(millis)) => push(out, millis),
            Self::String(text) => write_string(text.as_bytes(), out),
            Self::Array(items) => {
                out.push(b'[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    item.write(child(0), out);
                }
                out.push(b']');
            }
            Self::Map(entries) => {
                let named = entries.iter().all(|(key, _)| matches!(key, Self::String(_)));
                out.push(if named { b'{' } else { b'[' });
                for (index, (key, value)) in entries.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    if !named {
                        out.push(b'[');
                    }
                    key.write(child(0), out);
                    out.push(if named { b':' } else { b',' });
                    value.write(child(1), out);
                    if !named {
                        out.push(b']');
                    }
                }
                out.push(if named { b'}' } else { b']' });
            }
        }
    }
}

fn push(out: &mut Vec<u8>, value: impl std::fmt::Display) {
    out.extend_from_slice(value.to_string().as_bytes());
}

/// Returns the common schema of these values, with widened numbers and without nulls, or `None` if there is none.
fn common<'a>(values: impl Iterator<Item = &'a Parsed>) -> Option<Schema> {
    let mut common: Option<Schema> = None;
    for value in values {
        if *value == Parsed::Null {
            continue;
        }
        let own = value.schema()?;
        common = Some(match common {
            None => own,
            Some(before) if before == own => before,
            Some(before) => {
                let (one, other) = (width(&before)?, width(&own)?);
                if one < other { own } else { before }
            }
        });
    }
    common
}

/// Returns the position of a number's type in the order of widening.
fn width(schema: &Schema) -> Option<usize> {
    const WIDENING: [SchemaType; 6] = [
        SchemaType::Int8,
        SchemaType::Int16,
        SchemaType::Int32,
        SchemaType::Int64,
        SchemaType::Float32,
        SchemaType::Float64,
    ];
    let root = schema.root().filter(|root| root.name.is_none())?;
    WIDENING.iter().position(|kind| *kind == root.kind)
}
