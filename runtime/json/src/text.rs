//! Writes JSON strings with quotes and escapes, and reads them without.

use std::borrow::Cow;

use super::scan::plain_until;

/// Appends `text`, which is valid UTF-8, as a JSON string, including the quotes. Uses the escapes of Kafka Connect's
/// writer: those that JSON requires, and two escaped surrogates for each character above U+FFFF.
pub fn write_string(text: &[u8], out: &mut Vec<u8>) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    let mut at = 0;
    loop {
        let plain = plain_until(text, at);
        write_plain(&text[at..plain], out);
        let Some(&byte) = text.get(plain) else { break };
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0C => out.extend_from_slice(b"\\f"),
            _ => write_unit(byte.into(), out),
        }
        at = plain + 1;
    }
    out.push(b'"');
}

/// Appends text without quotes, backslashes and control characters.
fn write_plain(mut run: &[u8], out: &mut Vec<u8>) {
    // Only characters above U+FFFF begin with such a byte. The test whether there is one compiles to vector instructions,
    // but the search does not.
    while run.iter().fold(0, |most, &byte| most.max(byte)) >= 0xF0 {
        let start = run.iter().position(|&byte| byte >= 0xF0).unwrap_or(0);
        let character = std::str::from_utf8(&run[start..(start + 4).min(run.len())]);
        let Some(character) = character.ok().and_then(|text| text.chars().next()) else { break };
        out.extend_from_slice(&run[..start]);
        character.encode_utf16(&mut [0; 2]).iter().for_each(|&unit| write_unit(unit, out));
        run = &run[start + 4..];
    }
    out.extend_from_slice(run);
}

fn write_unit(unit: u16, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    out.extend_from_slice(b"\\u");
    out.extend([12, 8, 4, 0].map(|shift| DIGITS[usize::from(unit >> shift & 15)]));
}

/// Returns the text between the quotes of a JSON string, which was checked. Half a surrogate pair, which Rust text cannot
/// contain, is read as U+FFFD.
pub fn unescape(raw: &str) -> Cow<'_, str> {
    if !raw.contains('\\') {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(escape) = rest.chars().next() else { break };
        rest = &rest[escape.len_utf8()..];
        match escape {
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'u' => {
                let unit = take_unit(&mut rest);
                out.push(match unit {
                    0xD800..=0xDBFF => {
                        let mut ahead = rest.strip_prefix("\\u").unwrap_or_default();
                        let low = take_unit(&mut ahead);
                        if (0xDC00..=0xDFFF).contains(&low) {
                            rest = ahead;
                            let scalar = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
                            char::from_u32(scalar).unwrap_or(char::REPLACEMENT_CHARACTER)
                        } else {
                            char::REPLACEMENT_CHARACTER
                        }
                    }
                    _ => char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER),
                });
            }
            other => out.push(other),
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Removes four hexadecimal digits from the start of `rest`. Returns their UTF-16 unit, or 0xFFFD if there are none.
fn take_unit(rest: &mut &str) -> u32 {
    let Some((digits, after)) = rest.split_at_checked(4) else { return 0xFFFD };
    *rest = after;
    u32::from_str_radix(digits, 16).unwrap_or(0xFFFD)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes_are_those_of_jackson() {
        let mut out = Vec::new();
        write_string("a\"\\\u{8}\u{c}\n\r\t\u{1}\u{1f}/\u{7f}ä😀".as_bytes(), &mut out);
        assert_eq!(String::from_utf8_lossy(&out), "\"a\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001F/\u{7f}ä\\uD83D\\uDE00\"");
    }

    #[test]
    fn surrogates_are_joined_and_halves_replaced() {
        assert_eq!(unescape(r"\ud83d\ude00!"), "😀!");
        assert_eq!(unescape(r"\ud83d\u0041"), "\u{fffd}A");
        assert_eq!(unescape(r"\ude00x\ud83d"), "\u{fffd}x\u{fffd}");
    }

    proptest! {
        #[test]
        fn strings_come_back(text in any::<String>()) {
            let mut out = Vec::new();
            write_string(text.as_bytes(), &mut out);
            prop_assert_eq!(&serde_json::from_slice::<String>(&out)?, &text);
            let raw = std::str::from_utf8(&out)?;
            prop_assert_eq!(unescape(&raw[1..raw.len() - 1]), text);
        }

        #[test]
        fn unescaping_is_that_of_serde_json(text in any::<String>()) {
            let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
            prop_assert_eq!(unescape(&escaped), text);
        }

        #[test]
        fn unescaping_never_panics(text in "[\\\\u0-9a-fxé\"]{0,20}") {
            let _ = unescape(&text);
        }
    }
}
