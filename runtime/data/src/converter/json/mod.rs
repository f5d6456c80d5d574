//! `org.apache.kafka.connect.json.JsonConverter`: its settings, and the reader and the writer that it consists of.

mod cache;
mod read;
mod write;

use std::collections::HashMap;
use std::sync::Arc;

pub use self::read::NOT_JSON;
use self::read::Reader;
use self::write::Writer;
use super::settings::{boolean, int, invalid};
use super::{ConfigError, Converted, Converter, Part};
use crate::json::payload::{Direction, Rules};
use crate::json::schema;
use crate::json::shape::Shape;
use crate::records::{Column, Format, Values};
use crate::schema::Schema;
use weir_json::node::Node;

/// The converter, with or without schemas.
pub(super) struct Json {
    reader: Reader,
    writer: Writer,
}

/// A schema and its shape.
pub(super) struct Known {
    pub(super) schema: Arc<Schema>,
    pub(super) shape: Shape,
}

impl Json {
    pub(super) fn configure(settings: &HashMap<String, String>) -> Result<Self, ConfigError> {
        let schemas = boolean(settings, "schemas.enable", true)?;
        let cache = usize::try_from(int(settings, "schemas.cache.size", 1000)?).unwrap_or(0);
        let replace_null = boolean(settings, "replace.null.with.default", true)?;
        let numeric = match settings.get("decimal.format").map(String::as_str) {
            None => false,
            Some(format) if format.eq_ignore_ascii_case("BASE64") => false,
            Some(format) if format.eq_ignore_ascii_case("NUMERIC") => true,
            Some(other) => {
                let reason = "String must be one of (case insensitive): NUMERIC, BASE64";
                return Err(invalid("decimal.format", other, reason));
            }
        };
        let read = Rules { direction: Direction::Read, replace_null };
        let write = Rules { direction: Direction::Write { numeric }, replace_null };
        let content = settings.get("schema.content").filter(|content| !content.is_empty());
        let content = content.map(|content| {
            let fail = |reason: String| invalid("schema.content", content, reason);
            let json = Node::parse(content).map_err(|error| {
                let message = "Failed to parse schema in converter config due to serialization error: ";
                fail(format!("{message}{error}"))
            })?;
            let schema = schema::read(&json, &read).map_err(fail)?;
            let shape = Shape::of(&schema, &read).map_err(|error| fail(error.to_string()))?;
            Ok(Arc::new(Known { schema: Arc::new(schema), shape }))
        });
        let content = content.transpose()?;
        Ok(Self { reader: Reader::new(schemas, content, read, cache), writer: Writer::new(schemas, write, cache) })
    }
}

impl Converter for Json {
    fn from_connect(&mut self, formats: &[Format], values: Values, count: u32) -> Converted<Column> {
        self.writer.write(formats, values, count)
    }

    fn grows(&self, formats: &[Format]) -> bool {
        self.writer.grows(formats)
    }

    fn from_connect_part(&mut self, formats: &[Format], part: Part<'_>, limit: usize) -> Converted<Column> {
        self.writer.write_part(formats, part, limit)
    }

    fn to_connect(&mut self, column: Column, count: u32, formats: &mut Vec<Format>) -> Converted<Values> {
        self.reader.read(column, count, formats)
    }
}
