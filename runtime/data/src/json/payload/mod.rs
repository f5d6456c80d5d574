//! Payloads of JsonConverter, which are values with a schema: checks them against the schema, and writes them again only if they change.
//!
//! [`fits`] finds in one pass and without an allocation that a value does not change. All other values go through [`read`] or [`write`],
//! which implement all rules.

mod fits;
mod read;
mod write;

#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};

use super::shape::Shape;
use weir_json::node::Node;

/// The maximum number of bytes in a converted column. Defaults, field names and envelopes are written for each record or struct, so that
/// without a limit a few bytes could become more than fits into memory.
pub(crate) const MAX_COLUMN: usize = 64 << 20;

/// The maximum number of bytes of a JSON value that is parsed into a tree, which takes about twenty times as much memory.
pub(crate) const MAX_TREE: usize = 8 << 20;

/// Base64 as Jackson writes and reads it: padded, and bits after the last byte are ignored.
pub(crate) const BASE64: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// The rules of a conversion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rules {
    pub(crate) direction: Direction,
    /// `replace.null.with.default`
    pub(crate) replace_null: bool,
}

/// The direction of a conversion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From Kafka to Connect: values are made to fit the schema where possible.
    Read,
    /// From Connect to Kafka: a value that does not fit the schema is an error.
    Write {
        /// Whether `decimal.format` is `NUMERIC`.
        numeric: bool,
    },
}

/// Converts the value `text`, which is checked JSON, by the rules, and appends it to `out`.
///
/// # Errors
/// Kafka Connect's message. `out` is then unchanged.
pub(crate) fn convert(shape: &Shape, text: &str, rules: &Rules, out: &mut Vec<u8>) -> Result<(), String> {
    let start = out.len();
    if let Some(end) = fits::fits(shape, text.as_bytes(), 0, rules) {
        out.extend_from_slice(&text.as_bytes()[..end]);
        return Ok(());
    }
    rebuild(shape, &tree(text)?, rules, out).inspect_err(|_| out.truncate(start))
}

/// Parses checked JSON into a tree.
///
/// # Errors
/// The text is longer than [`MAX_TREE`].
pub(crate) fn tree(text: &str) -> Result<Node<'_>, String> {
    if text.len() > MAX_TREE {
        return Err(format!(
            "a JSON value of {} bytes is too large to be converted; the limit is {} MiB",
            text.len(),
            MAX_TREE >> 20
        ));
    }
    Ok(Node::parse_checked(text))
}

/// Rejects another struct if the column is too large already.
fn check_room(out: &[u8]) -> Result<(), String> {
    if out.len() > MAX_COLUMN { Err(too_large()) } else { Ok(()) }
}

/// Converts a null by the rules: appends the default or `null`, or returns an error. See [`convert`].
pub(crate) fn convert_null(shape: &Shape, rules: &Rules, out: &mut Vec<u8>) -> Result<(), String> {
    rebuild(shape, &Node::Null, rules, out)
}

/// Like [`convert`], with a tree as the value. After an error, `out` contains part of the value.
pub(crate) fn rebuild(shape: &Shape, node: &Node<'_>, rules: &Rules, out: &mut Vec<u8>) -> Result<(), String> {
    match rules.direction {
        Direction::Read => read::read(shape, node, rules, out).map(drop),
        Direction::Write { numeric } => write::write(shape, node, rules, numeric, out),
    }
}

/// Appends the default, unless the column is too large already.
fn push_default(default: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    if out.len() + default.len() > MAX_COLUMN {
        return Err(too_large());
    }
    out.extend_from_slice(default);
    Ok(())
}

/// Returns the message for a column of more than [`MAX_COLUMN`] bytes.
pub(crate) fn too_large() -> String {
    format!("the converted records take more than {} MiB; send fewer or smaller ones in a batch", MAX_COLUMN >> 20)
}

/// Appends bytes as a JSON string of base64.
pub(crate) fn write_base64(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len() + 1;
    let length = bytes.len().div_ceil(3) * 4;
    out.push(b'"');
    out.resize(start + length, 0);
    // The size is exact, so this cannot fail. If it were wrong, the string would contain what fits.
    let written = BASE64.encode_slice(bytes, &mut out[start..]).unwrap_or(0);
    out.truncate(start + written);
    out.push(b'"');
}

/// Decodes base64 as Jackson does: white space is allowed between groups of four characters, but not in a group.
pub(crate) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    if !text.bytes().any(|byte| byte <= b' ') {
        return BASE64.decode(text).ok();
    }
    let mut dense = Vec::with_capacity(text.len());
    for byte in text.bytes() {
        if byte > b' ' {
            dense.push(byte);
        } else if dense.len() % 4 != 0 {
            return None;
        }
    }
    BASE64.decode(dense).ok()
}
