//! `org.apache.kafka.connect.converters.ByteArrayConverter`: bytes, unchanged.

use std::sync::Arc;

use super::entries::each_value;
use super::view::View;
use super::{Converted, Converter};
use crate::java::class;
use crate::json::payload::decode_base64;
use crate::records::{Column, Encoding, Format, Values};
use crate::schema::{Schema, SchemaType};
use weir_json::node::Node;
use weir_json::text::unescape;

/// The converter.
pub(super) struct Bytes {
    format: Format,
}

impl Bytes {
    pub(super) fn new() -> Self {
        Self { format: Format::with_schema(Encoding::Bytes, Arc::new(Schema::optional_bytes())) }
    }
}

impl Converter for Bytes {
    fn from_connect(&mut self, formats: &[Format], values: Values, count: u32) -> Converted<Column> {
        let plain = |format: &Format| {
            let root = format.schema.as_ref().and_then(|schema| schema.root());
            format.encoding == Encoding::Bytes && root.is_none_or(|root| root.name.is_none())
        };
        if values.common_format(formats).is_some_and(plain) {
            return Converted::all(values.into_column());
        }
        let view = View::new(formats);
        each_value(values.iter(count), values.bytes.len(), |index, bytes, out| {
            if let Some(shape) = view.shape(values.format(index))?.filter(|shape| shape.kind != SchemaType::Bytes) {
                return Err(format!("Invalid schema type for ByteArrayConverter: {}", shape.kind.name()));
            }
            let Some(value) = view.value(values.format(index), bytes)? else { return Ok(false) };
            let plain_bytes = value.shape.is_none_or(|shape| shape.logical.is_none());
            match (&value.json, value.encoding) {
                (_, Encoding::Bytes) if plain_bytes => out.extend_from_slice(value.bytes),
                (Node::String(raw), Encoding::Json) if plain_bytes && value.shape.is_some() => {
                    out.extend_from_slice(&decode_base64(&unescape(raw)).ok_or("Invalid bytes field")?);
                }
                (json, encoding) => {
                    let class = class::of(value.shape, encoding, json);
                    return Err(format!("ByteArrayConverter is not compatible with objects of type class {class}"));
                }
            }
            Ok(true)
        })
    }

    fn to_connect(&mut self, column: Column, count: u32, formats: &mut Vec<Format>) -> Converted<Values> {
        let format = self.format.index_in(formats);
        Converted::all(Values::from_column(column, count, format))
    }
}
