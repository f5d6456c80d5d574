//! Converts from Connect to Kafka: writes values as JSON, in an envelope with their schema if it is configured.

use std::sync::Arc;

use super::cache::{Cache, SHAPE_FACTOR};
use crate::converter::entries::{Patch, Patches, each_value_until, shortened};
use crate::converter::{Converted, Part};
use crate::json::payload::{self, Direction, Rules, write_base64};
use crate::json::schema;
use crate::json::shape::{Logical, Shape};
use crate::records::{Column, Encoding, Format, NO_FORMAT, Values};
use crate::schema::Schema;
use weir_java::BigDecimal;
use weir_json::check::check_strict;
use weir_json::text::write_string;

const NO_SCHEMA: &[u8] = b"{\"schema\":null,\"payload\":";

pub(super) struct Writer {
    schemas: bool,
    rules: Rules,
    cache: Cache<Arc<Schema>, Arc<Plan>>,
}

/// What is needed to write values of a schema, or an error message.
type Plan = Result<Ready, String>;

struct Ready {
    shape: Shape,
    /// The envelope up to the payload, or empty if there is none.
    prefix: Vec<u8>,
}

impl Writer {
    pub(super) fn new(schemas: bool, rules: Rules, cache_size: usize) -> Self {
        Self { schemas, rules, cache: Cache::new(cache_size) }
    }

    pub(super) fn write(&mut self, formats: &[Format], values: Values, count: u32) -> Converted<Column> {
        let common = values.common_format(formats);
        if !self.schemas && common == Some(&Format::plain(Encoding::Json)) {
            let column = values.into_column();
            return Patches::find(&column, count, plain).apply(column, count);
        }
        self.write_part(formats, values.part(count), usize::MAX)
    }

    /// Returns whether a value with one of these formats may become much larger.
    pub(super) fn grows(&self, formats: &[Format]) -> bool {
        let schemas = formats.iter().filter_map(|format| format.schema.as_deref());
        // Without envelopes, only structs with missing fields become larger.
        schemas.into_iter().any(|schema| self.schemas || schema.nodes.len() > 1 || has_default(schema))
    }

    /// Writes values until the column has `limit` bytes.
    pub(super) fn write_part(&mut self, formats: &[Format], part: Part<'_>, limit: usize) -> Converted<Column> {
        let plans: Vec<_> = formats.iter().map(|format| self.plan(format)).collect();
        let capacity = (part.bytes.len() + part.bytes.len() / 4).min(limit);
        each_value_until(limit, part.iter(), capacity, |index, value, out| {
            let format = part.format(index);
            let encoding = formats.get(format).unwrap_or(&NO_FORMAT).encoding;
            match plans.get(format).and_then(Option::as_deref) {
                None => self.schemaless(encoding, value, out),
                Some(Ok(plan)) => self.with_schema(plan, encoding, value, out),
                Some(Err(message)) => Err(message.clone()),
            }
        })
    }

    fn plan(&mut self, format: &Format) -> Option<Arc<Plan>> {
        let schema = format.schema.as_ref()?;
        if let Some(plan) = self.cache.get(schema) {
            return Some(Arc::clone(plan));
        }
        let mut prefix = b"{\"schema\":".to_vec();
        let shape = schema::write(schema, &self.rules, &mut prefix).map_err(shortened);
        let plan = Arc::new(shape.map(|shape| {
            prefix.extend_from_slice(b",\"payload\":");
            let prefix = if self.schemas { prefix } else { Vec::new() };
            Ready { shape, prefix }
        }));
        let written = plan.as_ref().as_ref().map_or(0, |ready| ready.prefix.len());
        let size = written + SHAPE_FACTOR * schema.weight();
        self.cache.insert(Arc::clone(schema), Arc::clone(&plan), size);
        Some(plan)
    }

    fn schemaless(&self, encoding: Encoding, value: Option<&[u8]>, out: &mut Vec<u8>) -> Result<bool, String> {
        let Some(value) = value else { return Ok(false) };
        if self.schemas {
            out.extend_from_slice(NO_SCHEMA);
        }
        match encoding {
            Encoding::Bytes => write_base64(value, out),
            Encoding::Utf8 => write_string(value, out),
            Encoding::Json => match plain(value) {
                None => out.extend_from_slice(value),
                Some(Patch::Fail(message)) => return Err(message),
                Some(_) => return Ok(false),
            },
        }
        if self.schemas {
            out.push(b'}');
        }
        Ok(true)
    }

    fn with_schema(
        &self,
        plan: &Ready,
        encoding: Encoding,
        value: Option<&[u8]>,
        out: &mut Vec<u8>,
    ) -> Result<bool, String> {
        out.extend_from_slice(&plan.prefix);
        match (value, encoding) {
            (None, _) => payload::convert_null(&plan.shape, &self.rules, out)?,
            (Some(value), Encoding::Utf8) => write_string(value, out),
            (Some(value), Encoding::Bytes) => match (plan.shape.logical, self.rules.direction) {
                (Some(Logical::Decimal(Some(scale))), Direction::Write { numeric: true }) => {
                    let decimal = BigDecimal::from_unscaled(value, scale).ok_or("Invalid bytes for Decimal field")?;
                    out.extend_from_slice(decimal.to_string().as_bytes());
                }
                _ => write_base64(value, out),
            },
            (Some(value), Encoding::Json) => {
                check_strict(value).map_err(|error| not_json(&error))?;
                let text = simdutf8::basic::from_utf8(value).map_err(|_| not_json(&"not UTF-8"))?;
                payload::convert(&plan.shape, text, &self.rules, out)?;
            }
        }
        if !plan.prefix.is_empty() {
            out.push(b'}');
        }
        Ok(true)
    }
}

fn has_default(schema: &Schema) -> bool {
    schema.root().is_some_and(|root| root.default.is_some())
}

/// Returns the change of a JSON value without a schema, or `None` if it does not change. The JSON value null becomes null.
fn plain(value: &[u8]) -> Option<Patch> {
    if let Err(error) = check_strict(value) {
        return Some(Patch::Fail(not_json(&error)));
    }
    (value.trim_ascii() == b"null").then_some(Patch::Null)
}

fn not_json(error: &dyn std::fmt::Display) -> String {
    format!("Converting Kafka Connect data to byte[] failed due to serialization error: the value is not JSON: {error}")
}
