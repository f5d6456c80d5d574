//! Finds the members of JsonConverter's envelope, `{"schema":...,"payload":...}`.

use std::ops::Range;

use weir_json::check::{self, SyntaxError};
use weir_json::scan::after_space;
use weir_json::text::unescape;

/// The positions of the members of an envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Envelope {
    pub(crate) schema: Range<usize>,
    pub(crate) payload: Range<usize>,
    /// Whether numbers in the payload have leading zeros, which must be removed.
    pub(crate) leading_zeros: bool,
    /// Whether the schema precedes the payload and nothing follows the payload.
    pub(crate) schema_first: bool,
}

/// Kafka Connect's message for JSON that is not an envelope.
pub(crate) const NO_ENVELOPE: &str = "JsonConverter with schemas.enable requires \"schema\" and \"payload\" fields and \
    may not contain additional fields. If you are trying to deserialize plain JSON data, set schemas.enable=false in your \
    converter configuration.";

/// Finds the members of the envelope at the beginning of a text. Returns `None` for JSON that is not an envelope.
///
/// # Errors
/// Where and why the first value of the text is not valid JSON.
pub(crate) fn split(text: &str) -> Result<Option<Envelope>, SyntaxError> {
    let bytes = text.as_bytes();
    // The whole text is checked first, so that a syntax error is reported before a missing member.
    let Some(first) = check::first(bytes, 0)? else { return Ok(None) };
    if bytes[first.start] != b'{' {
        return Ok(None);
    }
    let (mut schema, mut payload) = (None, None);
    let (mut leading_zeros, mut schema_first) = (false, false);
    let mut at = first.start + 1;
    while let Some(start) = after_space(bytes, at).filter(|&start| bytes[start] == b'"') {
        let name = check::inner(bytes, start)?;
        let colon = after_space(bytes, name.end).unwrap_or(name.end);
        let value = check::inner(bytes, colon + 1)?;
        match unescape(&text[name.start + 1..name.end - 1]).as_ref() {
            "schema" => schema = Some(value.start..value.end),
            "payload" => {
                schema_first = schema.is_some();
                leading_zeros = value.leading_zeros;
                payload = Some(value.start..value.end);
            }
            _ => return Ok(None),
        }
        // A comma or the end follows the value.
        at = after_space(bytes, value.end).map_or(bytes.len(), |comma| comma + 1);
        if bytes.get(at - 1) != Some(&b',') {
            break;
        }
    }
    let (Some(schema), Some(payload)) = (schema, payload) else { return Ok(None) };
    let schema_first = schema_first && schema.end < payload.start;
    Ok(Some(Envelope { schema, payload, leading_zeros, schema_first }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts(text: &str) -> Option<(&str, &str)> {
        let envelope = split(text).expect("JSON")?;
        Some((&text[envelope.schema], &text[envelope.payload]))
    }

    #[test]
    fn members_are_found_in_any_order_and_dress() {
        assert_eq!(parts(r#"{"schema":null,"payload":1}"#), Some(("null", "1")));
        assert_eq!(parts(r#" { "payload" : [ 1 ] , "\u0073chema" : {} } trailing"#), Some(("{}", "[ 1 ]")));
        assert_eq!(parts(r#"{"schema":1,"payload":2,"schema":3}"#), Some(("3", "2")));
    }

    #[test]
    fn anything_else_is_no_envelope() {
        for text in ["", "1", "[]", "{}", r#"{"schema":1}"#, r#"{"schema":1,"payload":2,"x":3}"#, r#"{"a":1}"#] {
            assert_eq!(parts(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn splitting_never_panics(tokens in prop::collection::vec(prop::sample::select(
            vec!["{", "}", "\"schema\"", "\"payload\"", ":", ",", "1", "[", "]", " ", "\"\\u", "é"]), 0..12)) {
            let _ = split(&tokens.concat());
        }
    }
}
