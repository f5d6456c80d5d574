//! Finds where JSON values begin and end, and nothing else: no tree, no copies.
//!
//! The runtime has checked text once, as UTF-8 and as JSON, before a plugin sees it. So this reads only as much as finding the
//! ends takes, and accepts some text that is not JSON. What it cannot read is `None`, never a panic.

/// The index after the white space that begins at `at`.
#[inline]
pub(crate) fn skip_space(text: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = text.get(at) {
        at += 1;
    }
    at
}

/// The index after the value that begins at `at`, where no white space is left.
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

/// The index after the string whose opening quote is at `at`, and whether it has no escapes.
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

/// The first quote or backslash at `at` or after it. Eight bytes at a time: a byte equal to `b` is a zero byte of
/// `word ^ b…b`, and the lowest zero byte shows as the lowest set high bit of `(w - 1…1) & !w`.
#[inline]
fn find_quote_or_backslash(text: &[u8], mut at: usize) -> Option<usize> {
    let zeroes = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    while let Some(eight) = text.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*eight);
        let found = zeroes(word ^ (ONES * u64::from(b'"'))) | zeroes(word ^ (ONES * u64::from(b'\\')));
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    let rest = text.get(at..)?;
    rest.iter().position(|byte| matches!(byte, b'"' | b'\\')).map(|found| at + found)
}

/// The index after the number that begins at `at`.
#[inline]
fn skip_number(text: &[u8], mut at: usize) -> usize {
    while let Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E') = text.get(at) {
        at += 1;
    }
    at
}

/// The index after the object or array that begins at `at`.
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

/// One member of an object, as indexes into the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    /// From the name's opening quote...
    pub(crate) name: usize,
    /// ...to behind its closing quote.
    pub(crate) name_end: usize,
    /// True = the name has no escapes, so that its bytes are the name.
    pub(crate) plain: bool,
    pub(crate) value: usize,
    pub(crate) value_end: usize,
}

/// Walks over the members of an object or the elements of an array.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Walk<'a> {
    text: &'a [u8],
    at: usize,
    /// The bracket that ends it.
    close: u8,
    first: bool,
}

impl<'a> Walk<'a> {
    /// Begins at the bracket at `at`. `None` = there is none.
    #[inline]
    pub(crate) fn new(text: &'a [u8], at: usize) -> Option<Walk<'a>> {
        let close = match text.get(at)? {
            b'{' => b'}',
            b'[' => b']',
            _ => return None,
        };
        Some(Walk { text, at: at + 1, close, first: true })
    }

    /// Moves to the next entry. `Some(false)` = there is none left; `None` = this is no JSON.
    #[inline]
    fn advance(&mut self) -> Option<bool> {
        self.at = skip_space(self.text, self.at);
        let byte = *self.text.get(self.at)?;
        if byte == self.close {
            return Some(false);
        }
        if !std::mem::take(&mut self.first) {
            if byte != b',' {
                return None;
            }
            self.at = skip_space(self.text, self.at + 1);
        }
        Some(true)
    }

    /// The next member of an object. `None` = this is no JSON.
    #[inline]
    pub(crate) fn member(&mut self) -> Option<Option<Member>> {
        if !self.advance()? {
            return Some(None);
        }
        let name = self.at;
        if *self.text.get(name)? != b'"' {
            return None;
        }
        let (name_end, plain) = skip_string(self.text, name)?;
        let colon = skip_space(self.text, name_end);
        if *self.text.get(colon)? != b':' {
            return None;
        }
        let value = skip_space(self.text, colon + 1);
        let value_end = skip_value(self.text, value)?;
        self.at = value_end;
        Some(Some(Member { name, name_end, plain, value, value_end }))
    }

    /// Begin and end of the next element of an array. `None` = this is no JSON.
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
