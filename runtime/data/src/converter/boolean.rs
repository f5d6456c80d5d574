//! `org.apache.kafka.connect.converters.BooleanConverter`: one byte, 0 or 1.

use std::sync::Arc;

use super::entries::each_value;
use super::view::View;
use super::{Converted, Converter};
use crate::java::class;
use crate::records::{Column, Encoding, Format, Values};
use crate::schema::{Schema, SchemaType};
use weir_json::node::Node;

/// The converter.
pub(super) struct Boolean {
    format: Format,
}

impl Boolean {
    pub(super) fn new() -> Self {
        let schema = Schema::primitive(SchemaType::Boolean).optional();
        Self { format: Format::with_schema(Encoding::Json, Arc::new(schema)) }
    }
}

impl Converter for Boolean {
    fn from_connect(&mut self, formats: &[Format], values: Values, count: u32) -> Converted<Column> {
        let view = View::new(formats);
        each_value(values.iter(count), count as usize, |index, bytes, out| {
            if let Some(shape) = view.shape(values.format(index))?.filter(|shape| shape.kind != SchemaType::Boolean) {
                return Err(format!("Invalid schema type for BooleanConverter: {}", shape.kind.name()));
            }
            let Some(value) = view.value(values.format(index), bytes)? else { return Ok(false) };
            let Node::Boolean(truth) = value.json else {
                let class = class::of(value.shape, value.encoding, &value.json);
                return Err(format!("BooleanConverter is not compatible with objects of type class {class}"));
            };
            out.push(u8::from(truth));
            Ok(true)
        })
    }

    fn to_connect(&mut self, column: Column, count: u32, formats: &mut Vec<Format>) -> Converted<Values> {
        let format = self.format.index_in(formats);
        let Converted { output, failures } = each_value(column.iter(count), count as usize * 5, |_, bytes, out| {
            match bytes {
                None => return Ok(false),
                Some([0]) => out.extend_from_slice(b"false"),
                Some([1]) => out.extend_from_slice(b"true"),
                Some(_) => return Err("Failed to deserialize boolean: ".to_owned()),
            }
            Ok(true)
        });
        Converted { output: Values::from_column(output, count, format), failures }
    }
}
