//! The character sets that StringConverter supports.

/// A character set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Charset {
    Utf8,
    Latin1,
    Ascii,
    /// UTF-16. `None` if it has a byte order mark; it is then written as big-endian.
    Utf16(Option<Endian>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endian {
    Big,
    Little,
}

impl Charset {
    /// The names of the supported sets.
    pub(super) const KNOWN: &'static str = "UTF-8, ISO-8859-1, US-ASCII, UTF-16, UTF-16BE, UTF-16LE";

    /// Returns the set with one of Java's names, in upper or lower case.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name.trim().to_ascii_uppercase().as_str() {
            "UTF-8" | "UTF8" => Self::Utf8,
            "ISO-8859-1" | "ISO8859-1" | "ISO8859_1" | "ISO_8859-1" | "LATIN1" | "L1" => Self::Latin1,
            "US-ASCII" | "ASCII" | "ISO646-US" => Self::Ascii,
            "UTF-16" | "UTF16" | "UTF_16" => Self::Utf16(None),
            "UTF-16BE" | "UTF_16BE" => Self::Utf16(Some(Endian::Big)),
            "UTF-16LE" | "UTF_16LE" => Self::Utf16(Some(Endian::Little)),
            _ => return None,
        })
    }

    /// Appends a text. As in Java, a character that the set does not contain becomes a question mark.
    pub(super) fn encode(self, text: &str, out: &mut Vec<u8>) {
        let narrow = |last: char, out: &mut Vec<u8>| {
            out.extend(text.chars().map(|c| if c <= last { c as u8 } else { b'?' }));
        };
        match self {
            Self::Utf8 => out.extend_from_slice(text.as_bytes()),
            Self::Latin1 => narrow('\u{ff}', out),
            Self::Ascii => narrow('\u{7f}', out),
            Self::Utf16(endian) => {
                if endian.is_none() {
                    out.extend_from_slice(&[0xFE, 0xFF]);
                }
                out.extend(text.encode_utf16().flat_map(|unit| match endian {
                    Some(Endian::Little) => unit.to_le_bytes(),
                    _ => unit.to_be_bytes(),
                }));
            }
        }
    }

    /// Appends bytes as UTF-8. A byte sequence that is not a character of the set becomes U+FFFD.
    pub(super) fn decode(self, bytes: &[u8], out: &mut Vec<u8>) {
        let mut push = |c: char| out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        match self {
            Self::Utf8 => out.extend_from_slice(String::from_utf8_lossy(bytes).as_bytes()),
            Self::Latin1 => bytes.iter().for_each(|&byte| push(char::from(byte))),
            Self::Ascii => bytes
                .iter()
                .for_each(|&byte| push(if byte < 0x80 { char::from(byte) } else { char::REPLACEMENT_CHARACTER })),
            Self::Utf16(endian) => {
                let (little, bytes) = match (endian, bytes) {
                    (None, [0xFF, 0xFE, rest @ ..]) => (true, rest),
                    (None, [0xFE, 0xFF, rest @ ..]) => (false, rest),
                    (endian, bytes) => (endian == Some(Endian::Little), bytes),
                };
                let pairs = bytes.chunks_exact(2);
                let odd = !pairs.remainder().is_empty();
                let units = pairs.map(|pair| {
                    let pair = [pair[0], pair[1]];
                    if little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) }
                });
                char::decode_utf16(units).for_each(|c| push(c.unwrap_or(char::REPLACEMENT_CHARACTER)));
                if odd {
                    push(char::REPLACEMENT_CHARACTER);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn characters_that_a_set_does_not_contain_are_replaced() {
        let mut out = Vec::new();
        Charset::Latin1.encode("aé€", &mut out);
        assert_eq!(out, b"a\xe9?");
        out.clear();
        Charset::Ascii.decode(b"a\xe9", &mut out);
        assert_eq!(out, "a\u{fffd}".as_bytes());
    }

    proptest! {
        #[test]
        fn unicode_sets_lose_nothing(text in any::<String>()) {
            for name in ["utf8", "UTF-16", "utf-16le", "UTF-16BE"] {
                let charset = Charset::named(name).expect("known");
                let (mut encoded, mut decoded) = (Vec::new(), Vec::new());
                charset.encode(&text, &mut encoded);
                charset.decode(&encoded, &mut decoded);
                // A byte order mark in the text is read as that of the encoding if the encoding has none.
                prop_assert_eq!(String::from_utf8(decoded)?, text.clone());
            }
        }
    }
}
