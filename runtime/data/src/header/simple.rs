//! `org.apache.kafka.connect.storage.SimpleHeaderConverter`: writes text to Kafka, and guesses types when it reads text.

use std::collections::HashMap;
use std::sync::Arc;

use super::HeaderConverter;
use super::parse::parse;
use super::parsed::Parsed;
use super::write::write;
use crate::converter::Converted;
use crate::converter::entries::{each_value, each_value_until};
use crate::converter::view::View;
use crate::json::payload::{BASE64, MAX_COLUMN, too_large};
use crate::records::{Column, Encoding, Format, Part, Values};
use crate::schema::Schema;

/// The default header converter.
pub(super) struct Simple {
    text: Format,
}

impl Simple {
    pub(super) fn new() -> Self {
        Self { text: Format::with_schema(Encoding::Utf8, Arc::new(Schema::string())) }
    }
}

impl HeaderConverter for Simple {
    fn from_connect(&mut self, formats: &[Format], values: Values, count: u32) -> Converted<Column> {
        if values.common_format(formats).is_some_and(|format| format.encoding == Encoding::Utf8) {
            return Converted::all(values.into_column());
        }
        self.from_connect_part(formats, values.part(count), usize::MAX)
    }

    fn grows(&self, formats: &[Format]) -> bool {
        // Structs become larger by their missing fields.
        formats.iter().any(|format| format.schema.as_ref().is_some_and(|schema| schema.nodes.len() > 1))
    }

    fn from_connect_part(&mut self, formats: &[Format], part: Part<'_>, limit: usize) -> Converted<Column> {
        let view = View::new(formats);
        let mut printed = String::new();
        each_value_until(limit, part.iter(), part.bytes.len().min(limit), |record, bytes, out| {
            let Some(value) = view.value(part.format(record), bytes)? else { return Ok(false) };
            match value.encoding {
                Encoding::Utf8 => out.extend_from_slice(value.bytes),
                Encoding::Bytes if value.shape.is_some_and(|shape| shape.logical.is_some()) => {
                    out.extend_from_slice(crate::java::to_string::bytes(value.shape, value.bytes).as_bytes());
                }
                Encoding::Bytes => {
                    use base64::Engine as _;
                    out.extend_from_slice(BASE64.encode(value.bytes).as_bytes());
                }
                Encoding::Json => {
                    printed.clear();
                    write(value.shape, &value.json, false, &mut printed);
                    if printed.len() > MAX_COLUMN {
                        return Err(too_large());
                    }
                    out.extend_from_slice(printed.as_bytes());
                }
            }
            Ok(true)
        })
    }

    fn to_connect(&mut self, column: Column, count: u32, formats: &mut Vec<Format>) -> Converted<Values> {
        let mut table = Table { formats, text: &self.text, text_index: None, others: HashMap::new() };
        let mut indexes = Vec::with_capacity(count as usize);
        let Converted { output, failures } = each_value(column.iter(count), column.bytes.len(), |_, bytes, out| {
            let Some(bytes) = bytes else {
                indexes.push(table.index(None));
                return Ok(false);
            };
            // As in Java, bytes that are not UTF-8 become U+FFFD.
            let text = String::from_utf8_lossy(bytes);
            let Some(value) = parse(&text) else {
                indexes.push(table.text());
                out.extend_from_slice(text.as_bytes());
                return Ok(true);
            };
            let schema = value.schema();
            value.write(schema.as_ref().map(|schema| (schema, 0)), out);
            indexes.push(table.index(schema));
            Ok(value != Parsed::Null)
        });
        let same = indexes.iter().all(|&index| index == 0);
        let formats = if same { Vec::new() } else { indexes };
        Converted { output: Values { lengths: output.lengths, bytes: output.bytes, formats }, failures }
    }
}

/// The formats of a batch. Those of headers are found by their schema.
struct Table<'a> {
    formats: &'a mut Vec<Format>,
    text: &'a Format,
    text_index: Option<u32>,
    others: HashMap<Option<Schema>, u32>,
}

impl Table<'_> {
    fn text(&mut self) -> u32 {
        let (text, formats) = (self.text, &mut *self.formats);
        *self.text_index.get_or_insert_with(|| text.index_in(formats))
    }

    /// Returns the index of JSON with this schema. Null, and lists and maps of mixed content, have none.
    fn index(&mut self, schema: Option<Schema>) -> u32 {
        if let Some(&index) = self.others.get(&schema) {
            return index;
        }
        let index = match &schema {
            None => Format::plain(Encoding::Json).index_in(self.formats),
            Some(schema) => {
                self.formats.push(Format::with_schema(Encoding::Json, Arc::new(schema.clone())));
                (self.formats.len() - 1) as u32
            }
        };
        self.others.insert(schema, index);
        index
    }
}
