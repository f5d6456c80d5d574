//! Values with a schema, in the payload form of JsonConverter: checked against the schema, and written anew only where
//! they have to change.
//!
//! [`fits`] says in one pass and without an allocation that a value may stay as it is; whatever it is not sure about goes
//! through [`read`] or [`write`], which hold all the rules and are the ones to look into when a rule is in question.

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

/// Most bytes that one converted column may take. Defaults, names of fields and envelopes are written once for each row or
/// struct, so that a few bytes can ask for more than any memory holds.
pub(crate) const MAX_COLUMN: usize = 64 << 20;

/// Most bytes of one JSON value that is taken apart. Its tree takes some twenty times as much.
pub(crate) const MAX_TREE: usize = 8 << 20;

/// Base64 as Jackson writes and reads it: padded, bits behind the last byte ignored.
pub(crate) const BASE64: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// What is to become of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rules {
    pub(crate) direction: Direction,
    /// `replace.null.with.default`
    pub(crate) replace_null: bool,
}

/// Which way a value goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Kafka to Connect: what can be made to fit the schema is.
    Read,
    /// Connect to Kafka: what does not fit the schema is an error.
    Write {
        /// `decimal.format` is `NUMERIC`.
        numeric: bool,
    },
}

/// Appends the value `text`, which is one checked JSON text, to `out`, converted by the rules along `shape`.
///
/// # Errors
/// Kafka Connect's message. `out` is then as it was.
pub(crate) fn convert(shape: &Shape, text: &str, rules: &Rules, out: &mut Vec<u8>) -> Result<(), String> {
    let start = out.len();
    if let Some(end) = fits::fits(shape, text.as_bytes(), 0, rules) {
        out.extend_from_slice(&text.as_bytes()[..end]);
        return Ok(());
    }
    rebuild(shape, &tree(text)?, rules, out).inspect_err(|_| out.truncate(start))
}

/// The tree of a checked JSON text.
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

/// Refuses to add a struct to a column that is too large already.
fn check_room(out: &[u8]) -> Result<(), String> {
    if out.len() > MAX_COLUMN { Err(too_large()) } else { Ok(()) }
}

/// Appends a null by the rules: the default, `null`, or an error. As [`convert`].
pub(crate) fn convert_null(shape: &Shape, rules: &Rules, out: &mut Vec<u8>) -> Result<(), String> {
    rebuild(shape, &Node::Null, rules, out)
}

/// As [`convert`], for a value that is a tree already. On an error `out` holds part of the value.
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

/// The message for a column of more than [`MAX_COLUMN`] bytes.
pub(crate) fn too_large() -> String {
    format!("the converted records take more than {} MiB; send fewer or smaller ones in a batch", MAX_COLUMN >> 20)
}

/// Appends bytes as a JSON string of base64.
pub(crate) fn write_base64(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len() + 1;
    let length = bytes.len().div_ceil(3) * 4;
    out.push(b'"');
    out.resize(start + length, 0);
    // The room is exact, so that this cannot fail; were it ever wrong, the string would hold what fits.
    let written = BASE64.encode_slice(bytes, &mut out[start..]).unwrap_or(0);
    out.truncate(start + written);
    out.push(b'"');
}

/// Decodes base64 as Jackson does: white space may stand between groups of four characters, but not within one.
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
