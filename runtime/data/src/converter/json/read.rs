//! Converts from Kafka to Connect: checks JSON and removes its envelope, if it has one.

use std::collections::HashMap;
use std::sync::Arc;

use super::Known;
use super::cache::{Cache, SHAPE_FACTOR};
use crate::check::check_utf8;
use crate::converter::Converted;
use crate::converter::entries::{Patch, Patches, each_value};
use crate::json::envelope::{self, NO_ENVELOPE};
use crate::json::payload::{self, Rules, decode_base64};
use crate::json::schema;
use crate::json::shape::Shape;
use crate::records::{Column, Encoding, Format, Values};
use crate::schema::SchemaType;
use weir_json::check::{self, SyntaxError};
use weir_json::scan::after_space;
use weir_json::text::unescape;

/// Kafka Connect's message about bytes that are not JSON. The reason follows; in Kafka Connect it is the cause of the exception.
pub const NOT_JSON: &str = "Converting byte[] to Kafka Connect data failed due to serialization error: ";

/// Some producers write it before UTF-8. Kafka Connect's parser skips it.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

pub(super) struct Reader {
    schemas: bool,
    /// `schema.content`
    content: Option<Arc<Known>>,
    rules: Rules,
    /// Schemas by their bytes in the envelope.
    cache: Cache<Vec<u8>, Arc<Known>>,
    last: Option<Last>,
}

/// The envelope of the previous value.
struct Last {
    /// All bytes before the payload. They are the same for most values.
    prefix: Vec<u8>,
    known: Option<Arc<Known>>,
}

impl Reader {
    pub(super) fn new(schemas: bool, content: Option<Arc<Known>>, rules: Rules, cache_size: usize) -> Self {
        Self { schemas, content, rules, cache: Cache::new(cache_size), last: None }
    }

    pub(super) fn read(&mut self, column: Column, count: u32, formats: &mut Vec<Format>) -> Converted<Values> {
        if !self.schemas {
            // Checking the whole column at once is several times cheaper than checking each value.
            let utf8 = check_utf8("", &column.lengths, &column.bytes).is_ok();
            let patches = Patches::find(&column, count, |value| plain(value, utf8));
            let Converted { output, failures } = patches.apply(column, count);
            let format = Format::plain(Encoding::Json).index_in(formats);
            return Converted { output: Values::from_column(output, count, format), failures };
        }
        let mut tables = Tables::new(formats);
        let mut indexes = Vec::with_capacity(count as usize);
        let Converted { output, failures } = each_value(column.iter(count), column.bytes.len(), |_, bytes, out| {
            let mut known = None;
            let result = match bytes {
                None => Ok(false),
                Some(bytes) => self.read_value(bytes, &mut known, out),
            };
            indexes.push(tables.index(known.as_ref()));
            result
        });
        let same = indexes.iter().all(|&index| index == 0);
        let formats = if same { Vec::new() } else { indexes };
        Converted { output: Values { lengths: output.lengths, bytes: output.bytes, formats }, failures }
    }

    /// Appends a value and sets `known` to its schema. Returns whether the value is not null.
    fn read_value(&mut self, bytes: &[u8], known: &mut Option<Arc<Known>>, out: &mut Vec<u8>) -> Result<bool, String> {
        let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
        let text = simdutf8::basic::from_utf8(bytes).map_err(|_| format!("{NOT_JSON}not UTF-8"))?;
        if let Some(content) = &self.content {
            *known = Some(Arc::clone(content));
            let first = check::first(bytes, 0).map_err(not_json)?;
            let text = first.map_or("null", |first| &text[first.start..first.end]);
            return self.payload(Some(content), text, first.is_some_and(|first| first.leading_zeros), out);
        }
        if let Some(last) = &self.last
            && bytes.starts_with(&last.prefix)
        {
            let value = check::inner(bytes, last.prefix.len()).map_err(not_json)?;
            if after_space(bytes, value.end).is_some_and(|end| bytes[end] == b'}') {
                known.clone_from(&last.known);
                return self.payload(last.known.as_deref(), &text[value.start..value.end], value.leading_zeros, out);
            }
        }
        let envelope = envelope::split(text).map_err(not_json)?.ok_or(NO_ENVELOPE)?;
        *known = self.schema(&text[envelope.schema])?;
        if envelope.schema_first {
            let prefix = bytes[..envelope.payload.start].to_vec();
            self.last = Some(Last { prefix, known: known.clone() });
        }
        self.payload(known.as_deref(), &text[envelope.payload], envelope.leading_zeros, out)
    }

    fn schema(&mut self, text: &str) -> Result<Option<Arc<Known>>, String> {
        if text == "null" {
            return Ok(None);
        }
        if let Some(known) = self.cache.get(text.as_bytes()) {
            return Ok(Some(Arc::clone(known)));
        }
        let schema = schema::read(&payload::tree(text)?, &self.rules)?;
        let shape = Shape::of(&schema, &self.rules).map_err(|error| error.to_string())?;
        let known = Arc::new(Known { schema: Arc::new(schema), shape });
        let size = text.len() + SHAPE_FACTOR * known.schema.weight();
        self.cache.insert(text.as_bytes().to_vec(), Arc::clone(&known), size);
        Ok(Some(known))
    }

    fn payload(
        &self,
        known: Option<&Known>,
        text: &str,
        leading_zeros: bool,
        out: &mut Vec<u8>,
    ) -> Result<bool, String> {
        let start = out.len();
        match known {
            None if leading_zeros => payload::tree(text)?.write(out),
            None => out.extend_from_slice(text.as_bytes()),
            Some(known) => payload::convert(&known.shape, text, &self.rules, out)?,
        }
        if &out[start..] == b"null" {
            out.truncate(start);
            return Ok(false);
        }
        if let Some(encoding @ (Encoding::Utf8 | Encoding::Bytes)) = known.map(|known| encoding(&known.shape)) {
            unquote(encoding, start, out);
        }
        Ok(true)
    }
}

/// Returns the encoding of values with a schema: text and bytes are not written as JSON strings.
fn encoding(shape: &Shape) -> Encoding {
    match shape.kind {
        SchemaType::String => Encoding::Utf8,
        SchemaType::Bytes => Encoding::Bytes,
        _ => Encoding::Json,
    }
}

/// Replaces the JSON string that begins at `start` by the text or bytes that it stands for.
fn unquote(encoding: Encoding, start: usize, out: &mut Vec<u8>) {
    let quoted = out.get(start + 1..out.len() - 1).unwrap_or_default();
    if encoding == Encoding::Utf8 && !quoted.contains(&b'\\') {
        out.copy_within(start + 1.., start);
        out.truncate(out.len() - 2);
        return;
    }
    let text = String::from_utf8_lossy(quoted);
    let value = match encoding {
        Encoding::Utf8 => unescape(&text).into_owned().into_bytes(),
        _ => decode_base64(&text).unwrap_or_default(),
    };
    out.truncate(start);
    out.extend_from_slice(&value);
}

/// Returns the change of a value without an envelope, or `None` if it does not change.
fn plain(bytes: &[u8], utf8: bool) -> Option<Patch> {
    if !utf8 && simdutf8::basic::from_utf8(bytes).is_err() {
        return Some(Patch::Fail(format!("{NOT_JSON}not UTF-8")));
    }
    let from = if bytes.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    let first = match check::first(bytes, from) {
        Ok(Some(first)) => first,
        Ok(None) => return Some(Patch::Null),
        Err(error) => return Some(Patch::Fail(not_json(error))),
    };
    let value = &bytes[first.start..first.end];
    if value == b"null" {
        return Some(Patch::Null);
    }
    if first.leading_zeros {
        let mut out = Vec::with_capacity(value.len());
        return Some(match payload::tree(std::str::from_utf8(value).unwrap_or_default()) {
            Ok(tree) => {
                tree.write(&mut out);
                Patch::Bytes(out)
            }
            Err(message) => Patch::Fail(message),
        });
    }
    // Kafka Connect ignores what follows the first value, so only that value is returned.
    let alone = from == 0 && after_space(bytes, first.end).is_none();
    if alone { None } else { Some(Patch::Part(first.start..first.end)) }
}

fn not_json(error: SyntaxError) -> String {
    format!("{NOT_JSON}{error}")
}

/// The formats of a batch. Schemas are found by identity, without a search through the table.
struct Tables<'a> {
    formats: &'a mut Vec<Format>,
    /// The indexes of schemas by address. The schemas are stored, too, so that their addresses are not used again: a small cache may
    /// have removed them.
    indexes: HashMap<*const Known, (u32, Option<Arc<Known>>)>,
    last: Option<(*const Known, u32)>,
}

impl<'a> Tables<'a> {
    fn new(formats: &'a mut Vec<Format>) -> Self {
        Self { formats, indexes: HashMap::new(), last: None }
    }

    /// Returns the index of the format of values with this schema, or without one.
    fn index(&mut self, known: Option<&Arc<Known>>) -> u32 {
        let key = known.map_or(std::ptr::null(), Arc::as_ptr);
        if let Some((last, index)) = self.last
            && last == key
        {
            return index;
        }
        let formats = &mut *self.formats;
        let (index, _) = *self.indexes.entry(key).or_insert_with(|| {
            let Some(known) = known else { return (Format::plain(Encoding::Json).index_in(formats), None) };
            formats.push(Format::with_schema(encoding(&known.shape), Arc::clone(&known.schema)));
            ((formats.len() - 1) as u32, Some(Arc::clone(known)))
        });
        self.last = Some((key, index));
        index
    }
}
