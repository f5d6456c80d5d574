//! Writes JSON strings and reads them back.

use std::borrow::Cow;

use super::scan::find_escaped;

// Upper case, as Jackson has it.
const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Returns a text as a JSON string, including the quotes. For [`set_raw`](super::Value::set_raw), if the same text is set
/// in many records.
///
/// ```
/// assert_eq!(weir_sdk::value::json_string("a\"b"), br#""a\"b""#);
/// ```
pub fn json_string(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    push_string(&mut out, text);
    out
}

/// Appends `text` as a JSON string, including the quotes. It escapes like Jackson, so that Kafka Connect and Weir write
/// the same bytes: the characters that JSON requires, and characters above U+FFFF as two surrogates.
pub(crate) fn push_string(out: &mut Vec<u8>, text: &str) {
    push_utf8(out, text.as_bytes());
}

/// Like `push_string`, for bytes that the runtime has checked to be valid UTF-8.
pub(crate) fn push_utf8(out: &mut Vec<u8>, text: &[u8]) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    push_escaped(out, text);
    out.push(b'"');
}

fn push_escaped(out: &mut Vec<u8>, text: &[u8]) {
    let mut copied = 0;
    while let Some(at) = find_escaped(text, copied) {
        out.extend_from_slice(&text[copied..at]);
        copied = at + 1;
        match text[at] {
            0xf0.. => {
                let bits = |index: usize| text.get(at + index).map_or(0, |byte| u32::from(byte & 0x3f));
                let character = u32::from(text[at] & 7) << 18 | bits(1) << 12 | bits(2) << 6 | bits(3);
                for unit in char::from_u32(character).unwrap_or_default().encode_utf16(&mut [0; 2]) {
                    push_unit(out, *unit);
                }
                copied = (at + 4).min(text.len());
            }
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            byte => push_unit(out, byte.into()),
        }
    }
    out.extend_from_slice(&text[copied..]);
}

fn push_unit(out: &mut Vec<u8>, unit: u16) {
    let digit = |shift: u16| HEX[usize::from(unit >> shift & 15)];
    out.extend_from_slice(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
}

/// Returns the text between the quotes of a JSON string, copied only if there are escapes, or `None` if this is not a
/// valid JSON string. Half a surrogate pair, which Rust text cannot contain, is read as U+FFFD.
pub(crate) fn unescape(inner: &[u8]) -> Option<Cow<'_, str>> {
    let Some(first) = inner.iter().position(|&byte| byte == b'\\') else {
        return std::str::from_utf8(inner).ok().map(Cow::Borrowed);
    };
    let mut out = Vec::with_capacity(inner.len());
    out.extend_from_slice(&inner[..first]);
    let mut at = first;
    while let Some(&byte) = inner.get(at) {
        at += 1;
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let escaped = *inner.get(at)?;
        at += 1;
        out.push(match escaped {
            b'"' | b'\\' | b'/' => escaped,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'b' => 0x08,
            b'f' => 0x0c,
            b'u' => {
                let (character, end) = unicode(inner, at)?;
                at = end;
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                continue;
            }
            _ => return None,
        });
    }
    String::from_utf8(out).ok().map(Cow::Owned)
}

/// Returns the character whose digits begin at `at`, after `\u`, and the index after it.
fn unicode(inner: &[u8], at: usize) -> Option<(char, usize)> {
    let high = unit(inner, at)?;
    if (0xd800..0xdc00).contains(&high)
        && inner.get(at + 4..at + 6) == Some(b"\\u")
        && let Some(low) = unit(inner, at + 6)
        && (0xdc00..0xe000).contains(&low)
    {
        return Some((char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00))?, at + 10));
    }
    Some((char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER), at + 4))
}

fn unit(inner: &[u8], at: usize) -> Option<u32> {
    let digits = inner.get(at..at + 4)?;
    digits.iter().try_fold(0, |sum, &digit| Some(sum << 4 | char::from(digit).to_digit(16)?))
}

/// Appends a number as the shortest text that Java parses to the same number. NaN and infinities are strings, as
/// JsonConverter writes them.
pub(crate) fn push_f64(out: &mut Vec<u8>, number: f64) {
    if number.is_finite() {
        // `{:?}` keeps a point or an exponent, so that the number stays a floating point number.
        out.extend_from_slice(format!("{number:?}").as_bytes());
    } else if number.is_nan() {
        out.extend_from_slice(b"\"NaN\"");
    } else {
        out.extend_from_slice(if number > 0.0 { b"\"Infinity\"" as &[u8] } else { b"\"-Infinity\"" });
    }
}

/// Appends `bytes` as a JSON string in base64, the standard alphabet with padding.
pub(crate) fn push_base64(out: &mut Vec<u8>, bytes: &[u8]) {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |bits: u32| ALPHABET[(bits & 63) as usize];
    out.reserve(bytes.len().div_ceil(3) * 4 + 2);
    out.push(b'"');
    let (threes, rest) = bytes.as_chunks::<3>();
    for &[a, b, c] in threes {
        let bits = u32::from_be_bytes([0, a, b, c]);
        out.extend_from_slice(&[digit(bits >> 18), digit(bits >> 12), digit(bits >> 6), digit(bits)]);
    }
    match *rest {
        [a] => {
            let bits = u32::from(a) << 16;
            out.extend_from_slice(&[digit(bits >> 18), digit(bits >> 12), b'=', b'=']);
        }
        [a, b] => {
            let bits = u32::from_be_bytes([0, a, b, 0]);
            out.extend_from_slice(&[digit(bits >> 18), digit(bits >> 12), digit(bits >> 6), b'=']);
        }
        _ => {}
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(text: &str) -> String {
        let mut out = Vec::new();
        push_string(&mut out, text);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn strings_are_written_as_json_and_read_back() {
        for text in ["", "plain", "é😀", "a\"b\\c/d", "\u{0}\u{1f}\n\r\t\u{8}\u{c}\u{7f}"] {
            let json = written(text);
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
            assert_eq!(unescape(&json.as_bytes()[1..json.len() - 1]).unwrap(), text);
        }
        assert_eq!(written("\u{1f}\n"), "\"\\u001F\\n\"");
        assert_eq!(written("é😀x\u{ffff}\u{10ffff}"), "\"é\\uD83D\\uDE00x\u{ffff}\\uDBFF\\uDFFF\"");
    }

    #[test]
    fn every_form_of_escape_is_read() {
        assert_eq!(unescape(br"\u0041\u00e9\ud83d\ude00\/").unwrap(), "Aé😀/");
        assert_eq!(unescape(br"\ud83dx\ude00").unwrap(), "\u{fffd}x\u{fffd}");
        assert!(matches!(unescape(b"plain"), Some(Cow::Borrowed("plain"))));
        for nonsense in [&b"\\"[..], b"\\u12", b"\\u12g4", b"\\x", b"\xff", b"\\n\xff"] {
            assert_eq!(unescape(nonsense), None);
        }
    }

    #[test]
    fn bytes_are_written_in_base64() {
        for (bytes, text) in [("", ""), ("M", "TQ=="), ("Ma", "TWE="), ("Man", "TWFu"), ("\u{0}?>~", "AD8+fg==")] {
            let mut out = Vec::new();
            push_base64(&mut out, bytes.as_bytes());
            assert_eq!(String::from_utf8(out).unwrap(), format!("\"{text}\""));
        }
    }

    #[test]
    fn floating_point_numbers_stay_so() {
        for (number, text) in [
            (1.0, "1.0"),
            (-0.1, "-0.1"),
            (1e300, "1e300"),
            (f64::NAN, "\"NaN\""),
            (f64::NEG_INFINITY, "\"-Infinity\""),
        ] {
            let mut out = Vec::new();
            push_f64(&mut out, number);
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }

    proptest! {
        #[test]
        fn strings_are_written_and_read_as_by_the_runtime(
            text in any::<String>(), raw in r#"(\\[nrtbf"/\\]|\\u[0-9a-fA-F]{4}|[ -!a-zé😀])*"#) {
            let mut expected = Vec::new();
            weir_json::text::write_string(text.as_bytes(), &mut expected);
            prop_assert_eq!(written(&text).into_bytes(), expected);
            prop_assert_eq!(unescape(raw.as_bytes()), Some(weir_json::text::unescape(&raw)));
        }
    }
}
