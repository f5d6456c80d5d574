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
    let mut scanner = Scanner { text, at: from, leading_zeros: false };
    let Some(token) = scanner.token() else { return Ok(None) };
    let start = scanner.at;
    scanner.value(token)?;
    // Two numbers side by side would be read as one.
    let number = token == b'-' || token.is_ascii_digit();
    if number && text.get(scanner.at).is_some_and(|&byte| !is_space(byte)) {
        return scanner.error("a number that goes on as something else");
    }
    Ok(Some(First { start, end: scanner.at, leading_zeros: scanner.leading_zeros }))
}

/// As [`first`], for a value inside an object, behind which something may follow at once.
///
/// # Errors
/// Where and why it is no JSON value, white space and nothing more included.
pub(crate) fn inner(text: &[u8], from: usize) -> Result<First, SyntaxError> {
    let mut scanner = Scanner { text, at: from, leading_zeros: false };
    let Some(token) = scanner.token() else { return scanner.error("unexpected end") };
    let start = scanner.at;
    scanner.value(token)?;
    Ok(First { start, end: scanner.at, leading_zeros: scanner.leading_zeros })
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
#[inline]
pub(crate) fn plain_until(text: &[u8], mut at: usize) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES * 0x80;
    // Eight bytes at a time. Each of the three terms marks its bytes, perhaps with false marks above a true one, never
    // below it; so the lowest mark of all is true.
    while let Some(chunk) = text.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let quote = word ^ (ONES * b'"' as u64);
        let backslash = word ^ (ONES * b'\\' as u64);
        let marks = (quote.wrapping_sub(ONES) & !quote)
            | (backslash.wrapping_sub(ONES) & !backslash)
            | (word.wrapping_sub(ONES * 0x20) & !word);
        let marks = marks & HIGH;
        if marks != 0 {
            return at + (marks.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while let Some(&byte) = text.get(at) {
        if byte < 0x20 || byte == b'"' || byte == b'\\' {
            break;
        }
        at += 1;
    }
    at
}

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    leading_zeros: bool,
}

impl Scanner<'_> {
    /// The next byte that is not white space, which stays where it is.
    #[inline]
    fn token(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.get(self.at)?;
            if byte > b' ' || !is_space(byte) {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    fn error<T>(&self, problem: &'static str) -> Result<T, SyntaxError> {
        Err(SyntaxError { problem, at: self.at })
    }

    /// Passes over one value that begins with `token`, which is the byte at `at`.
    fn value(&mut self, mut token: u8) -> Result<(), SyntaxError> {
        // One bit for each open bracket, set for objects.
        let mut objects = [0_u64; MAX_DEPTH.div_ceil(64)];
        let mut depth = 0_usize;
        let mut in_object = false;
        loop {
            match token {
                b'"' => {
                    self.at += 1;
                    self.string()?;
                }
                b'{' | b'[' => {
                    if depth == MAX_DEPTH {
                        return self.error("more than 1000 levels of arrays and objects");
                    }
                    self.at += 1;
                    in_object = token == b'{';
                    let bit = 1 << (depth % 64);
                    let word = &mut objects[depth / 64];
                    *word = if in_object { *word | bit } else { *word & !bit };
                    depth += 1;
                    match self.token() {
                        Some(b'}') if in_object => {}
                        Some(b']') if !in_object => {}
                        Some(next) => {
                            token = if in_object { self.member(next)? } else { next };
                            continue;
                        }
                        None => return self.error("unexpected end"),
                    }
                }
                b'-' | b'0'..=b'9' => self.number()?,
                b't' => self.literal(b"true")?,
                b'f' => self.literal(b"false")?,
                b'n' => self.literal(b"null")?,
                _ => return self.error("something that is no JSON value"),
            }
            // A value is over; so may be the arrays and objects around it.
            loop {
                if depth == 0 {
                    return Ok(());
                }
                let Some(next) = self.token() else { return self.error("unexpected end") };
                match next {
                    b',' => {
                        self.at += 1;
                        let Some(next) = self.token() else { return self.error("unexpected end") };
                        token = if in_object { self.member(next)? } else { next };
                        break;
                    }
                    b'}' if in_object => {}
                    b']' if !in_object => {}
                    _ if in_object => return self.error("expected `,` or `}`"),
                    _ => return self.error("expected `,` or `]`"),
                }
                self.at += 1;
                depth -= 1;
                in_object = depth > 0 && objects[(depth - 1) / 64] >> ((depth - 1) % 64) & 1 == 1;
            }
        }
    }

    /// Passes over a member's name and the colon, and gives the first byte of its value.
    #[inline]
    fn member(&mut self, token: u8) -> Result<u8, SyntaxError> {
        if token != b'"' {
            return self.error("expected a member name in double quotes");
        }
        self.at += 1;
        self.string()?;
        if self.token() != Some(b':') {
            return self.error("expected `:`");
        }
        self.at += 1;
        self.token().map_or_else(|| self.error("unexpected end"), Ok)
    }

    /// Passes over the rest of a string, its first quote being passed already.
    #[inline]
    fn string(&mut self) -> Result<(), SyntaxError> {
        loop {
            self.at = plain_until(self.text, self.at);
            match self.text.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.escape()?,
                Some(_) => return self.error("a control character in a string"),
                None => return self.error("a string without an end"),
            }
        }
    }

    fn escape(&mut self) -> Result<(), SyntaxError> {
        self.at += 1;
        match self.text.get(self.at) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => match self.text.get(self.at + 1..self.at + 5) {
                Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => self.at += 5,
                _ => return self.error("`\\u` without four hexadecimal digits"),
            },
            _ => return self.error("an unknown escape"),
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), SyntaxError> {
        let start = self.at;
        if self.text.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        let first = self.at;
        let digits = self.digits()?;
        if digits > 1 && self.text.get(first) == Some(&b'0') {
            self.leading_zeros = true;
        }
        if self.text.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.text.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = self.text.get(self.at) {
                self.at += 1;
            }
            self.digits()?;
        }
        if self.at - start > MAX_NUMBER {
            return self.error("a number of more than 1000 characters");
        }
        Ok(())
    }

    #[inline]
    fn digits(&mut self) -> Result<usize, SyntaxError> {
        let start = self.at;
        while self.text.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        if self.at == start { self.error("expected a digit") } else { Ok(self.at - start) }
    }

    #[inline]
    fn literal(&mut self, literal: &'static [u8]) -> Result<(), SyntaxError> {
        if !self.text[self.at..].starts_with(literal) {
            return self.error("something that is no JSON value");
        }
        self.at += literal.len();
        let goes_on = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte == b'$' || *byte >= 0x80;
        if self.text.get(self.at).is_some_and(goes_on) {
            return self.error("something that is no JSON value");
        }
        Ok(())
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
        fn plain_runs_end_at_the_first_special_byte(text in prop::collection::vec(prop_oneof![3 => 0x1e_u8..0x60, 1 => any::<u8>()], 0..40)) {
            let special = |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\';
            let expected = text.iter().position(special).unwrap_or(text.len());
            prop_assert_eq!(plain_until(&text, 0), expected);
        }
    }
}
