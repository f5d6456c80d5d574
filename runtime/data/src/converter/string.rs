//! `org.apache.kafka.connect.storage.StringConverter`: text. Text that is UTF-8 on both sides is not changed.

use std::collections::HashMap;
use std::sync::Arc;

use super::charset::Charset;
use super::entries::{Patch, Patches, each_value};
use super::settings::invalid;
use super::view::View;
use super::{ConfigError, Converted, Converter};
use crate::check::check_utf8;
use crate::java::to_string::to_string;
use crate::records::{Column, Encoding, Format, Values};
use crate::schema::Schema;

/// The converter.
pub(super) struct Text {
    writes: Charset,
    reads: Charset,
    format: Format,
}

impl Text {
    pub(super) fn configure(settings: &HashMap<String, String>, is_key: bool) -> Result<Self, ConfigError> {
        let charset = |own: &'static str| {
            let (key, name) = settings.get_key_value(own).map_or_else(
                || ("converter.encoding", settings.get("converter.encoding")),
                |(_, name)| (own, Some(name)),
            );
            let Some(name) = name else { return Ok(Charset::Utf8) };
            let reason = || format!("Unsupported encoding; there are: {}", Charset::KNOWN);
            Charset::named(name).ok_or_else(|| invalid(key, name, reason()))
        };
        let (serializer, deserializer) = if is_key {
            ("key.serializer.encoding", "key.deserializer.encoding")
        } else {
            ("value.serializer.encoding", "value.deserializer.encoding")
        };
        let format = Format::with_schema(Encoding::Utf8, Arc::new(Schema::optional_string()));
        Ok(Self { writes: charset(serializer)?, reads: charset(deserializer)?, format })
    }
}

impl Converter for Text {
    fn from_connect(&mut self, formats: &[Format], values: Values, count: u32) -> Converted<Column> {
        let is_text = |format: &Format| format.encoding == Encoding::Utf8;
        let all_text = match values.common_format(formats) {
            // Bytes are not changed. Java prints the address of the array, which has no use.
            Some(format) => is_text(format) || format.encoding == Encoding::Bytes && format.schema.is_none(),
            None => formats.iter().all(is_text),
        };
        if all_text && self.writes == Charset::Utf8 {
            return Converted::all(values.into_column());
        }
        let view = View::new(formats);
        let mut printed = String::new();
        each_value(values.iter(count), values.bytes.len(), |index, bytes, out| {
            let value = view.value(values.format(index), bytes);
            let Some(value) = value.map_err(|why| format!("Failed to serialize to a string: {why}"))? else {
                return Ok(false);
            };
            match value.encoding {
                Encoding::Bytes if value.shape.is_none_or(|shape| shape.logical.is_none()) => {
                    out.extend_from_slice(value.bytes);
                    return Ok(true);
                }
                Encoding::Utf8 if self.writes == Charset::Utf8 => {
                    out.extend_from_slice(value.bytes);
                    return Ok(true);
                }
                _ => {}
            }
            printed.clear();
            match (value.encoding, value.shape) {
                (Encoding::Json, shape) => to_string(shape, &value.json, &mut printed),
                (Encoding::Utf8, _) => printed.push_str(&String::from_utf8_lossy(value.bytes)),
                (Encoding::Bytes, shape) => printed.push_str(&crate::java::to_string::bytes(shape, value.bytes)),
            }
            self.writes.encode(&printed, out);
            Ok(true)
        })
    }

    fn to_connect(&mut self, column: Column, count: u32, formats: &mut Vec<Format>) -> Converted<Values> {
        let format = self.format.index_in(formats);
        let utf8 = self.reads == Charset::Utf8;
        let column = if utf8 && check_utf8("", &column.lengths, &column.bytes).is_ok() {
            column
        } else if utf8 {
            // As in Java, bytes that are not UTF-8 become U+FFFD.
            let patches = Patches::find(&column, count, |bytes| {
                let is_invalid = simdutf8::basic::from_utf8(bytes).is_err();
                is_invalid.then(|| Patch::Bytes(String::from_utf8_lossy(bytes).into_owned().into_bytes()))
            });
            patches.apply(column, count).output
        } else {
            let decoded = each_value(column.iter(count), column.bytes.len(), |_, bytes, out| {
                bytes.map(|bytes| self.reads.decode(bytes, out)).map_or(Ok(false), |()| Ok(true))
            });
            return Converted {
                output: Values::from_column(decoded.output, count, format),
                failures: decoded.failures,
            };
        };
        Converted::all(Values::from_column(column, count, format))
    }
}
