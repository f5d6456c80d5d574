//! Checks that bytes are JSON, as fast as bytes can be looked at: this is all that happens to a value without a schema.
//!
//! What is JSON is what Kafka Connect takes for it: RFC 8259, and numbers with leading zeros. The text has to be UTF-8
//! already. Nothing recurses, and the depth has a bound, so that no input can exhaust the stack here or later.

/// Most levels of arrays and objects, which is also where Kafka Connect's JSON parser stops.
pub const MAX_DEPTH: usize = 1000;

/// Most characters of a number, which is also where Kafka Connect's JSON parser stops.
pub const MAX_NUMBER: usize = 1000;

/// Where a text stops being JSON, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem} at byte {at}")]
pub struct SyntaxError {
    /// What was found or missed.
    pub problem: &'static str,
    /// Index of the byte.
    pub at: usize,
}

/// The first JSON value of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct First {
    /// Index of its first byte.
    pub start: usize,
    /// Index behind its last byte. What follows was not looked at.
    pub end: usize,
    /// Whether some number in it has zeros in front that RFC 8259 does not allow.
    pub leading_zeros: bool,
}

/// Checks the first JSON value of `text` from byte `from` on. `None` = there is nothing but white space.
///
/// # Errors
/// Where and why it is no JSON value.
pub fn first(text: &[u8], from: usize) -> Result<Option<First>, SyntaxError> {
    if after_space(text, from).is_none() {
        return Ok(None);
    }
    let first = inner(text, from)?;
    // Two numbers side by side would be read as one.
    let number = text[first.start] == b'-' || text[first.start].is_ascii_digit();
    if number && text.get(first.end).is_some_and(|&byte| !is_space(byte)) {
        return Err(SyntaxError { problem: "a number that goes on as something else", at: first.end });
    }
    Ok(Some(first))
}

/// As [`first`], for a value inside an object, behind which something may follow at once.
///
/// # Errors
/// Where and why it is no JSON value, white space and nothing more included.
pub(crate) fn inner(text: &[u8], from: usize) -> Result<First, SyntaxError> {
    let mut scanner = Scanner { text, failed_at: from, leading_zeros: false };
    let scanned = scanner.token(from).and_then(|(start, token)| Ok((start, scanner.value(start, token)?)));
    match scanned {
        Ok((start, end)) => Ok(First { start, end, leading_zeros: scanner.leading_zeros }),
        Err(problem) => Err(SyntaxError { problem: problem.text(), at: scanner.failed_at }),
    }
}

/// Checks that `text`, which is UTF-8, is exactly one JSON text as RFC 8259 defines it.
///
/// # Errors
/// Where and why not.
pub fn check_strict(text: &[u8]) -> Result<(), SyntaxError> {
    let Some(first) = first(text, 0)? else {
        return Err(SyntaxError { problem: "nothing but white space", at: 0 });
    };
    if first.leading_zeros {
        return Err(SyntaxError { problem: "a number with leading zeros", at: first.start });
    }
    match after_space(text, first.end) {
        None => Ok(()),
        Some(at) => Err(SyntaxError { problem: "something behind the JSON value", at }),
    }
}

/// Index of the first byte from `at` on that is not white space.
pub(crate) fn after_space(text: &[u8], at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    rest.iter().position(|byte| !is_space(*byte)).map(|offset| at + offset)
}

/// The bytes that JSON calls white space.
#[inline]
pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

/// Index of the first byte from `at` on that ends or breaks the run of plain characters in a string: a quote, a
/// backslash, a control character, or the end of the text.
#[inline(always)]
pub(crate) fn plain_until(text: &[u8], at: usize) -> usize {
    // Most strings are short: two words are looked at before anything is called.
    let Some(first) = word(text, at) else { return plain_tail(text, at) };
    if let Some(offset) = first_special(first) {
        return at + offset;
    }
    let Some(second) = word(text, at + 8) else { return plain_tail(text, at + 8) };
    match first_special(second) {
        Some(offset) => at + 8 + offset,
        None => plain_long(text, at + 16),
    }
}

fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

#[inline(always)]
fn word(text: &[u8], at: usize) -> Option<u64> {
    text.get(at..)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}

/// The place of the first special byte among the eight of `word`, the lowest being the first.
#[inline(always)]
fn first_special(word: u64) -> Option<usize> {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES * 0x80;
    // Each of the three terms marks its bytes, perhaps with false marks above a true one, never below it; so the lowest
    // mark of all is true.
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    let marks = (quote.wrapping_sub(ONES) & !quote)
        | (backslash.wrapping_sub(ONES) & !backslash)
        | (word.wrapping_sub(ONES * 0x20) & !word);
    let marks = marks & HIGH;
    (marks != 0).then(|| (marks.trailing_zeros() / 8) as usize)
}

/// As [`plain_until`], for long runs: blocks are tested as a whole, which compiles to vector code.
#[inline(never)]
fn plain_long(text: &[u8], mut at: usize) -> usize {
    while let Some(block) = text.get(at..).and_then(|rest| rest.first_chunk::<32>()) {
        if block.iter().fold(false, |any, &byte| any | is_special(byte)) {
            break;
        }
        at += block.len();
    }
    while let Some(word) = word(text, at) {
        if let Some(offset) = first_special(word) {
            return at + offset;
        }
        at += 8;
    }
    plain_tail(text, at)
}

fn plain_tail(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.iter().position(|&byte| is_special(byte)).unwrap_or(rest.len())
}

/// What is wrong. One byte, so that it travels in a register together with a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Problem {
    Control,
    Depth,
    Digit,
    End,
    Escape,
    Hexadecimal,
    Name,
    NoCloseOfArray,
    NoCloseOfObject,
    NoColon,
    NoEndOfString,
    NoValue,
    NumberLength,
}

impl Problem {
    const fn text(self) -> &'static str {
        match self {
            Self::Control => "a control character in a string",
            Self::Depth => "more than 1000 levels of arrays and objects",
            Self::Digit => "expected a digit",
            Self::End => "unexpected end",
            Self::Escape => "an unknown escape",
            Self::Hexadecimal => "`\\u` without four hexadecimal digits",
            Self::Name => "expected a member name in double quotes",
            Self::NoCloseOfArray => "expected `,` or `]`",
            Self::NoCloseOfObject => "expected `,` or `}`",
            Self::NoColon => "expected `:`",
            Self::NoEndOfString => "a string without an end",
            Self::NoValue => "something that is no JSON value",
            Self::NumberLength => "a number of more than 1000 characters",
        }
    }
}

/// Walks a text. The position is passed from hand to hand instead of being kept here: in a register it costs nothing,
/// which is a good part of the time that short strings take.
struct Scanner<'a> {
    text: &'a [u8],
    /// Where a [`Problem`] was met.
    failed_at: usize,
    leading_zeros: bool,
}

impl Scanner<'_> {
    #[cold]
    fn fail<T>(&mut self, problem: Problem, at: usize) -> Result<T, Problem> {
        self.failed_at = at;
        Err(problem)
    }

    /// The next byte that is not white space, and where it is.
    #[inline(always)]
    fn token(&mut self, mut at: usize) -> Result<(usize, u8), Problem> {
        loop {
            match self.text.get(at) {
                Some(&byte) if byte > b' ' || !is_space(byte) => return Ok((at, byte)),
                Some(_) => at += 1,
                None => return self.fail(Problem::End, at),
            }
        }
    }

    /// The index behind the value that begins at `at` with `token`.
    fn value(&mut self, mut at: usize, mut token: u8) -> Result<usize, Problem> {
        // One bit for each open bracket, set for objects.
        let mut objects = [0_u64; MAX_DEPTH.div_ceil(64)];
        let mut depth = 0_usize;
        let mut in_object = false;
        loop {
            match token {
                b'"' => at = self.string(at + 1)?,
                b'{' | b'[' => {
                    if depth == MAX_DEPTH {
                        return self.fail(Problem::Depth, at);
                    }
                    in_object = token == b'{';
                    let bit = 1 << (depth % 64);
                    let word = &mut objects[depth / 64];
                    *word = if in_object { *word | bit } else { *word & !bit };
                    depth += 1;
                    (at, token) = self.token(at + 1)?;
                    if token != if in_object { b'}' } else { b']' } {
                        if in_object {
                            (at, token) = self.member(at, token)?;
                        }
                        continue;
                    }
                    // It is empty: closed below.
                }
                b'-' | b'0'..=b'9' => at = self.number(at)?,
                b't' => at = self.literal(at, b"true")?,
                b'f' => at = self.literal(at, b"false")?,
                b'n' => at = self.literal(at, b"null")?,
                _ => return self.fail(Problem::NoValue, at),
            }
            // A value is over; so may be the arrays and objects around it.
            loop {
                if depth == 0 {
                    return Ok(at);
                }
                (at, token) = self.token(at)?;
                match token {
                    b',' => {
                        (at, token) = self.token(at + 1)?;
                        if in_object {
                            (at, token) = self.member(at, token)?;
                        }
                        break;
                    }
                    b'}' if in_object => {}
                    b']' if !in_object => {}
                    _ if in_object => return self.fail(Problem::NoCloseOfObject, at),
                    _ => return self.fail(Problem::NoCloseOfArray, at),
                }
                at += 1;
                depth -= 1;
                in_object = depth > 0 && objects[(depth - 1) / 64] >> ((depth - 1) % 64) & 1 == 1;
            }
        }
    }

    /// Passes over a member's name, which begins at `at` with `token`, and the colon: to the first byte of its value.
    #[inline(always)]
    fn member(&mut self, at: usize, token: u8) -> Result<(usize, u8), Problem> {
        if token != b'"' {
            return self.fail(Problem::Name, at);
        }
        let (at, colon) = {
            let end = self.string(at + 1)?;
            self.token(end)?
        };
        if colon != b':' {
            return self.fail(Problem::NoColon, at);
        }
        self.token(at + 1)
    }

    /// The index behind the string whose inside begins at `at`.
    #[inline(always)]
    fn string(&mut self, at: usize) -> Result<usize, Problem> {
        let end = plain_until(self.text, at);
        if self.text.get(end) == Some(&b'"') { Ok(end + 1) } else { self.rest_of_string(end) }
    }

    /// As [`string`](Self::string), for one with escapes, or broken.
    fn rest_of_string(&mut self, mut at: usize) -> Result<usize, Problem> {
        loop {
            match self.text.get(at) {
                Some(b'"') => return Ok(at + 1),
                Some(b'\\') => at = plain_until(self.text, self.escape(at + 1)?),
                Some(_) => return self.fail(Problem::Control, at),
                None => return self.fail(Problem::NoEndOfString, at),
            }
        }
    }

    fn escape(&mut self, at: usize) -> Result<usize, Problem> {
        match self.text.get(at) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 1),
            Some(b'u') => match self.text.get(at + 1..at + 5) {
                Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => Ok(at + 5),
                _ => self.fail(Problem::Hexadecimal, at),
            },
            _ => self.fail(Problem::Escape, at),
        }
    }

    fn number(&mut self, start: usize) -> Result<usize, Problem> {
        let first = start + usize::from(self.text.get(start) == Some(&b'-'));
        let mut at = self.digits(first)?;
        if at > first + 1 && self.text.get(first) == Some(&b'0') {
            self.leading_zeros = true;
        }
        if self.text.get(at) == Some(&b'.') {
            at = self.digits(at + 1)?;
        }
        if let Some(b'e' | b'E') = self.text.get(at) {
            at += 1;
            at += usize::from(matches!(self.text.get(at), Some(b'+' | b'-')));
            at = self.digits(at)?;
        }
        if at - start > MAX_NUMBER { self.fail(Problem::NumberLength, start) } else { Ok(at) }
    }

    #[inline(always)]
    fn digits(&mut self, start: usize) -> Result<usize, Problem> {
        let mut at = start;
        while self.text.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        if at == start { self.fail(Problem::Digit, at) } else { Ok(at) }
    }

    #[inline(always)]
    fn literal(&mut self, at: usize, literal: &'static [u8]) -> Result<usize, Problem> {
        let end = at + literal.len();
        let goes_on = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte == b'$' || *byte >= 0x80;
        if self.text.get(at..end) != Some(literal) || self.text.get(end).is_some_and(goes_on) {
            return self.fail(Problem::NoValue, at);
        }
        Ok(end)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn serde_takes(text: &[u8]) -> bool {
        // IgnoredAny and not a tree, because escaped lone surrogates are JSON that no Rust string can hold.
        serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok()
    }

    #[test]
    fn leading_zeros_are_taken_but_said() {
        let zeros = |text: &[u8]| first(text, 0).ok().flatten().map(|first| first.leading_zeros);
        assert_eq!(zeros(b"[007]"), Some(true));
        assert_eq!(zeros(b"-00.5"), Some(true));
        assert_eq!(zeros(b"[0, 0.5, -0, 10]"), Some(false));
        assert!(check_strict(b"007").is_err());
    }

    #[test]
    fn what_follows_the_first_value_is_left_alone() {
        assert_eq!(first(b" {} x", 0), Ok(Some(First { start: 1, end: 3, leading_zeros: false })));
        assert_eq!(first(b"  ", 0), Ok(None));
        assert!(first(b"12x", 0).is_err());
        assert!(first(b"nullx", 0).is_err());
        assert!(first(b"\"a\"x", 0).is_ok());
    }

    #[test]
    fn nesting_has_a_bound() {
        let nested = |depth: usize| [vec![b'['; depth], vec![b']'; depth]].concat();
        assert!(check_strict(&nested(MAX_DEPTH)).is_ok());
        assert!(check_strict(&nested(MAX_DEPTH + 1)).is_err());
        assert!(check_strict(&nested(1_000_000)).is_err());
    }

    #[test]
    fn brackets_have_to_match_at_every_depth() {
        for depth in [1, 63, 64, 65, 200] {
            let text = [r#"{"a":["#.repeat(depth), "]}".repeat(depth)].concat();
            assert!(check_strict(text.as_bytes()).is_ok());
            let wrong = [r#"{"a":["#.repeat(depth), "]}".repeat(depth - 1), "}]".to_owned()].concat();
            assert!(check_strict(wrong.as_bytes()).is_err());
        }
    }

    fn json() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just("null".to_owned()),
            Just("true".to_owned()),
            "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,5})?([eE][+-]?[0-9]{1,3})?",
            any::<String>().prop_map(|text| serde_json::Value::from(text).to_string()),
            Just(r#""\ud800\u00e4""#.to_owned()),
        ];
        leaf.prop_recursive(5, 40, 6, |inner| {
            let member = ("[a-z\"\\\\é]{0,12}", inner.clone())
                .prop_map(|(name, value)| format!("{}: {value}", serde_json::Value::from(name)));
            prop_oneof![
                prop::collection::vec(inner, 0..6).prop_map(|items| format!("[{}]", items.join(" ,"))),
                prop::collection::vec(member, 0..6).prop_map(|members| format!("{{{}}}", members.join(", "))),
            ]
        })
    }

    proptest! {
            #[test]
            fn agrees_with_serde_json_on_json(text in json()) {
                prop_assert!(check_strict(text.as_bytes()).is_ok(), "{}", text);
            }

            #[test]
            fn agrees_with_serde_json_on_broken_json(text in json(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
                let mut text = text.into_bytes();
                let at = at.index(text.len());
                if cut { text.truncate(at) } else { text[at] = byte & 0x7F }
                // Bytes are broken within characters, too; the check is for what is UTF-8.
                if std::str::from_utf8(&text).is_ok() {
                    let leading_zeros = first(&text, 0).is_ok_and(|first| first.is_some_and(|first| first.leading_zeros));
                    prop_assert!(leading_zeros || check_strict(&text).is_ok() == serde_takes(&text));
                }
            }

            #[test]
            fn agrees_with_serde_json_on_token_soup(tokens in prop::collection::vec(
                prop::sample::select(vec!["{", "}", "[", "]", ",", ":", "\"a\"", "\"\\n\"", "1", "0", "-", ".", "e", "E5", "null", "true", "fals", " ", "\n", "\"", "\\"]), 0..12)) {
                let text = tokens.concat().into_bytes();
                let leading_zeros = first(&text, 0).is_ok_and(|first| first.is_some_and(|first| first.leading_zeros));
                prop_assert!(leading_zeros || check_strict(&text).is_ok() == serde_takes(&text));
            }

            #[test]
    fn plain_runs_end_at_the_first_special_byte(plain in 0..90_usize, behind in prop::collection::vec(any::<u8>(), 0..90)) {
                let text = [vec![b'x'; plain], behind].concat();
                let expected = text.iter().position(|&byte| is_special(byte)).unwrap_or(text.len());
                prop_assert_eq!(plain_until(&text, 0), expected);
            }
        }
}
