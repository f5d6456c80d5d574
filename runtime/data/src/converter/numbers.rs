//! ShortConverter, IntegerConverter, LongConverter, FloatConverter and DoubleConverter: big-endian numbers.

use std::sync::Arc;

use super::entries::each_value;
use super::view::{Value, View};
use super::{Converted, Converter};
use crate::java::class;
use crate::records::{Column, Encoding, Format, Values};
use crate::schema::{Schema, SchemaType};
use weir_java::number::{double, float};
use weir_json::node::{Node, is_integral};

/// The type of the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Short,
    Integer,
    Long,
    Float,
    Double,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Short => "short",
            Self::Integer => "integer",
            Self::Long => "long",
            Self::Float => "float",
            Self::Double => "double",
        }
    }

    const fn schema_type(self) -> SchemaType {
        match self {
            Self::Short => SchemaType::Int16,
            Self::Integer => SchemaType::Int32,
            Self::Long => SchemaType::Int64,
            Self::Float => SchemaType::Float32,
            Self::Double => SchemaType::Float64,
        }
    }
}

/// The converter.
pub(super) struct Numbers {
    kind: Kind,
    format: Format,
}

impl Numbers {
    pub(super) fn new(kind: Kind) -> Self {
        let schema = Schema::primitive(kind.schema_type()).optional();
        Self { kind, format: Format::with_schema(Encoding::Json, Arc::new(schema)) }
    }

    /// Appends the bytes of the number. Returns `None` if the value is not a number of this type.
    ///
    /// Some languages have only one type of number, so a value without a schema is accepted if it fits. Kafka Connect, where each
    /// value has a Java class, is stricter.
    fn write(&self, value: &Value<'_>, out: &mut Vec<u8>) -> Option<()> {
        let fits = value.shape.is_none_or(|shape| shape.kind == self.kind.schema_type() && shape.logical.is_none());
        let digits = match &value.json {
            Node::Number(digits) => *digits,
            Node::String(name @ ("NaN" | "Infinity" | "-Infinity")) if value.shape.is_some() => name,
            _ => return None,
        };
        if !fits || value.encoding != Encoding::Json {
            return None;
        }
        let whole = is_integral(digits);
        match self.kind {
            Kind::Short if whole => out.extend_from_slice(&digits.parse::<i16>().ok()?.to_be_bytes()),
            Kind::Integer if whole => out.extend_from_slice(&digits.parse::<i32>().ok()?.to_be_bytes()),
            Kind::Long if whole => out.extend_from_slice(&digits.parse::<i64>().ok()?.to_be_bytes()),
            Kind::Float => out.extend_from_slice(&digits.parse::<f32>().ok()?.to_be_bytes()),
            Kind::Double => out.extend_from_slice(&digits.parse::<f64>().ok()?.to_be_bytes()),
            _ => return None,
        }
        Some(())
    }

    /// Appends the number as JSON. Returns `None` if the number of bytes is not that of this type.
    fn read(&self, bytes: &[u8], out: &mut Vec<u8>) -> Option<()> {
        use std::io::Write as _;
        // Writing to a vector does not fail.
        match self.kind {
            Kind::Short => write!(out, "{}", i16::from_be_bytes(bytes.try_into().ok()?)).ok(),
            Kind::Integer => write!(out, "{}", i32::from_be_bytes(bytes.try_into().ok()?)).ok(),
            Kind::Long => write!(out, "{}", i64::from_be_bytes(bytes.try_into().ok()?)).ok(),
            Kind::Float => {
                let value = f32::from_be_bytes(bytes.try_into().ok()?);
                if value.is_finite() { write!(out, "{}", float(value)) } else { write!(out, "\"{}\"", float(value)) }
                    .ok()
            }
            Kind::Double => {
                let value = f64::from_be_bytes(bytes.try_into().ok()?);
                if value.is_finite() { write!(out, "{}", double(value)) } else { write!(out, "\"{}\"", double(value)) }
                    .ok()
            }
        }
    }
}

impl Converter for Numbers {
    fn from_connect(&mut self, formats: &[Format], values: Values, count: u32) -> Converted<Column> {
        let view = View::new(formats);
        each_value(values.iter(count), count as usize * 8, |index, bytes, out| {
            let Some(value) = view.value(values.format(index), bytes)? else { return Ok(false) };
            self.write(&value, out).map(|()| true).ok_or_else(|| {
                let class = class::of(value.shape, value.encoding, &value.json);
                format!("Failed to serialize to {} (was class {class}): ", self.kind.name())
            })
        })
    }

    fn to_connect(&mut self, column: Column, count: u32, formats: &mut Vec<Format>) -> Converted<Values> {
        let format = self.format.index_in(formats);
        let Converted { output, failures } = each_value(column.iter(count), column.bytes.len(), |_, bytes, out| {
            let Some(bytes) = bytes else { return Ok(false) };
            let read = self.read(bytes, out).map(|()| true);
            read.ok_or_else(|| format!("Failed to deserialize {}: ", self.kind.name()))
        });
        Converted { output: Values::from_column(output, count, format), failures }
    }
}
