//! Finds where JSON values begin and end, without building a tree and without copying.
//!
//! The runtime checks that text is valid UTF-8 and JSON before a plugin sees it. This module therefore reads only what is
//! needed to find the ends, and accepts some text that is not valid JSON. It returns `None` for what it cannot read, and
//! never panics.
//!
//! The runtime has a scanner of its own in `runtime/json`, which also checks the text. It is not used here because this crate
//! is published: it would have to be published, too, and be a dependency of each plugin. Tests compare the two.

/// Returns the index after the white space that begins at `at`.
#[inline]
pub(crate) fn skip_space(text: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = text.get(at) {
        at += 1;
    }
    at
}

/// Returns whether the byte is white space, or another control character, which cannot occur between values.
#[inline]
const fn is_space(byte: u8) -> bool {
    byte <= b' '
}

/// Returns the index after the value that begins at `at`. There must be no white space at `at`.
#[inline]
pub(crate) fn skip_value(text: &[u8], at: usize) -> Option<usize> {
    match *text.get(at)? {
        b'"' => skip_string(text, at).map(|(end, _)| end),
        b'{' | b'[' => skip_nested(text, at),
        b't' | b'n' => within(text, at + 4),
        b'f' => within(text, at + 5),
        b'-' | b'0'..=b'9' => Some(skip_number(text, at)),
        _ => None,
    }
}

/// Returns the index after the string whose opening quote is at `at`, and whether it has no escapes.
#[inline]
pub(crate) fn skip_string(text: &[u8], at: usize) -> Option<(usize, bool)> {
    let mut plain = true;
    let mut at = at + 1;
    loop {
        at = find_quote_or_backslash(text, at)?;
        if text[at] == b'"' {
            return Some((at + 1, plain));
        }
        plain = false;
        // Whatever is escaped, four hexadecimal digits included, holds no quote but its own first character.
        at += 2;
    }
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Sets the high bit of each byte of `word` that is zero. Above the lowest one, more bits may be set because of a borrow.
#[inline]
const fn zeroes(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGHS
}

#[inline]
const fn quotes_and_backslashes(word: u64) -> u64 {
    zeroes(word ^ (ONES * b'"' as u64)) | zeroes(word ^ (ONES * b'\\' as u64))
}

/// Returns the index of the first quote or backslash, starting at `at`.
#[inline]
fn find_quote_or_backslash(text: &[u8], at: usize) -> Option<usize> {
    find(text, at, quotes_and_backslashes, |byte| matches!(byte, b'"' | b'\\'))
}

/// Returns the index of the first character that Jackson escapes, starting at `at`: quotes, backslashes, control
/// characters and characters above U+FFFF. In UTF-8 only the latter have bytes of 0xF0 or more, as their first byte.
#[inline]
pub(crate) fn find_escaped(text: &[u8], at: usize) -> Option<usize> {
    // A byte below 0x20 borrows from its own high bit, unless that is set.
    let controls = |word: u64| word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
    let beyond = |word: u64| word & (word << 1) & (word << 2) & (word << 3) & HIGHS;
    let any = |word: u64| quotes_and_backslashes(word) | controls(word) | beyond(word);
    find(text, at, any, |byte| matches!(byte, 0..0x20 | b'"' | b'\\' | 0xf0..))
}

/// Returns the index of the first matching byte, checking eight at a time. `among` returns the high bits of the matching
/// bytes in a word, of which only the lowest must be correct.
#[inline]
fn find(text: &[u8], mut at: usize, among: impl Fn(u64) -> u64, is: impl Fn(u8) -> bool) -> Option<usize> {
    while let Some(eight) = text.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let found = among(u64::from_le_bytes(*eight));
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    text.get(at..)?.iter().position(|byte| is(*byte)).map(|found| at + found)
}

/// Returns the index after the number that begins at `at`.
#[inline]
fn skip_number(text: &[u8], mut at: usize) -> usize {
    while let Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E') = text.get(at) {
        at += 1;
    }
    at
}

/// Returns the index after the object or array that begins at `at`.
fn skip_nested(text: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0usize;
    loop {
        match *text.get(at)? {
            b'"' => {
                at = skip_string(text, at)?.0;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
}

fn within(text: &[u8], end: usize) -> Option<usize> {
    (end <= text.len()).then_some(end)
}

/// A member of an object, as indexes into the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    /// The index of the opening quote of the name.
    pub(crate) name: usize,
    /// The index after the closing quote of the name.
    pub(crate) name_end: usize,
    /// Whether the name has no escapes, so that its bytes are the name.
    pub(crate) plain: bool,
    pub(crate) value: usize,
    pub(crate) value_end: usize,
}

/// Iterates over the members of an object or the elements of an array.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Walk<'a> {
    text: &'a [u8],
    at: usize,
    /// The closing bracket.
    close: u8,
    first: bool,
}

impl<'a> Walk<'a> {
    /// Starts at the bracket at `at`. Returns `None` if there is no bracket.
    #[inline]
    pub(crate) fn new(text: &'a [u8], at: usize) -> Option<Walk<'a>> {
        let close = match text.get(at)? {
            b'{' => b'}',
            b'[' => b']',
            _ => return None,
        };
        Some(Walk { text, at: at + 1, close, first: true })
    }

    /// Moves to the next entry. Returns `Some(false)` if there are no more entries, or `None` if this is not valid JSON.
    #[inline]
    fn advance(&mut self) -> Option<bool> {
        let mut byte = *self.text.get(self.at)?;
        if is_space(byte) {
            self.at = skip_space(self.text, self.at);
            byte = *self.text.get(self.at)?;
        }
        if byte == self.close {
            return Some(false);
        }
        if !std::mem::take(&mut self.first) {
            if byte != b',' {
                return None;
            }
            self.at += 1;
            if is_space(*self.text.get(self.at)?) {
                self.at = skip_space(self.text, self.at);
            }
        }
        Some(true)
    }

    /// Returns the next member of an object, or `None` if this is not valid JSON.
    #[inline(always)]
    pub(crate) fn member(&mut self) -> Option<Option<Member>> {
        if !self.advance()? {
            return Some(None);
        }
        let text = self.text;
        let name = self.at;
        if *text.get(name)? != b'"' {
            return None;
        }
        let (name_end, plain) = skip_string(text, name)?;
        let mut colon = name_end;
        if *text.get(colon)? != b':' {
            colon = skip_space(text, colon);
            if *text.get(colon)? != b':' {
                return None;
            }
        }
        let mut value = colon + 1;
        if is_space(*text.get(value)?) {
            value = skip_space(text, value);
        }
        // Most values are strings.
        let value_end = if *text.get(value)? == b'"' { skip_string(text, value)?.0 } else { skip_value(text, value)? };
        self.at = value_end;
        Some(Some(Member { name, name_end, plain, value, value_end }))
    }

    /// Returns the start and end of the next element of an array, or `None` if this is not valid JSON.
    pub(crate) fn element(&mut self) -> Option<Option<(usize, usize)>> {
        if !self.advance()? {
            return Some(None);
        }
        let value = self.at;
        self.at = skip_value(self.text, value)?;
        Some(Some((value, self.at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(text: &str) -> Option<Vec<(&str, &str)>> {
        let mut walk = Walk::new(text.as_bytes(), 0)?;
        let mut found = Vec::new();
        while let Some(it) = walk.member()? {
            found.push((&text[it.name..it.name_end], &text[it.value..it.value_end]));
        }
        Some(found)
    }

    #[test]
    fn members_are_found_with_any_white_space() {
        assert_eq!(members("{}"), Some(vec![]));
        assert_eq!(members(" \n{}".trim()), Some(vec![]));
        assert_eq!(
            members("{ \"a\" :\t1 , \"b\\\"}\":[1,{\"]\":\"}\"}],\"c\":{},\"d\":true , \"e\":\"x\\\\\" }"),
            Some(vec![
                ("\"a\"", "1"),
                ("\"b\\\"}\"", "[1,{\"]\":\"}\"}]"),
                ("\"c\"", "{}"),
                ("\"d\"", "true"),
                ("\"e\"", "\"x\\\\\""),
            ])
        );
    }

    #[test]
    fn nonsense_is_none_and_never_a_panic() {
        for text in [
            "",
            "{",
            "{\"",
            "{\"a",
            "{\"a\\",
            "{\"a\"",
            "{\"a\":",
            "{\"a\":tru",
            "{\"a\":[1",
            "{\"a\":1",
            "{a:1}",
            "{\"a\":1 \"b\":2}",
            "{,}",
            "{\"a\":]}",
        ] {
            assert_eq!(members(text), None, "{text}");
        }
    }

    #[test]
    fn what_must_be_escaped_is_found_among_any_bytes() {
        for byte in 0..=255u8 {
            let special = byte < 0x20 || byte == b'"' || byte == b'\\' || byte >= 0xf0;
            for before in 0..20 {
                for neighbour in [b' ', b'!', b'p', 0x7f, 0x80, 0x9f, 0xef] {
                    let mut text = vec![neighbour; before];
                    text.extend([byte, neighbour, 0, b'"']);
                    let found = find_escaped(&text, 0);
                    assert_eq!(found, Some(if special { before } else { before + 2 }), "{text:?}");
                }
            }
        }
    }

    #[test]
    fn quotes_are_found_wherever_they_fall_into_a_word() {
        for length in 0..40 {
            for tail in ["", "\\\"", "\\u00e9x", "é"] {
                let text = format!("\"{}{tail}\" rest", "é".repeat(length));
                let (end, plain) = skip_string(text.as_bytes(), 0).unwrap();
                assert_eq!(&text[end..], " rest");
                assert_eq!(plain, !tail.starts_with('\\'));
            }
        }
    }
}
