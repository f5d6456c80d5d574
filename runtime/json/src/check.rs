//! Checks that bytes are JSON, as fast as bytes can be read. For a value without a schema, nothing else is done.
//!
//! JSON is what Kafka Connect accepts as JSON: RFC 8259, and numbers with leading zeros. Except for [`is_flat_object`],
//! the caller has checked that the text is valid UTF-8. Nothing recurses, and the depth is limited, so that no input can
//! exhaust the stack here or later.

use std::fmt;

use super::scan::{after_space, is_space, plain_until};

/// The maximum depth of arrays and objects; the limit of Kafka Connect's JSON parser.
pub const MAX_DEPTH: usize = 1000;

/// The maximum length of a number in characters; the limit of Kafka Connect's JSON parser.
pub const MAX_NUMBER: usize = 1000;

/// Where a text stops being JSON, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// What was found, or what was expected.
    pub problem: Problem,
    /// The index of the byte.
    pub at: usize,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.problem.text(), self.at)
    }
}

impl std::error::Error for SyntaxError {}

/// The first JSON value of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct First {
    /// The index of its first byte.
    pub start: usize,
    /// The index after its last byte. What follows was not checked.
    pub end: usize,
    /// Whether one of its numbers has leading zeros, which RFC 8259 does not allow.
    pub leading_zeros: bool,
}

/// Checks the first JSON value of `text`, starting at byte `from`. Returns `None` if there is only white space.
///
/// # Errors
/// Fails if the text is not a valid JSON value.
#[inline]
pub fn first(text: &[u8], from: usize) -> Result<Option<First>, SyntaxError> {
    if after_space(text, from).is_none() {
        return Ok(None);
    }
    let first = inner(text, from)?;
    // Otherwise, two adjacent numbers would be read as one.
    let number = text[first.start] == b'-' || text[first.start].is_ascii_digit();
    if number && text.get(first.end).is_some_and(|&byte| !is_space(byte)) {
        return Err(SyntaxError { problem: Problem::AfterNumber, at: first.end });
    }
    Ok(Some(first))
}

/// Like [`first`], for a value inside an object, which may be followed by anything.
///
/// # Errors
/// Fails if the text is not a valid JSON value, or if there is only white space.
pub fn inner(text: &[u8], from: usize) -> Result<First, SyntaxError> {
    let mut scanner = Scanner { text, failed_at: from, leading_zeros: false };
    let scanned = scanner.token(from).and_then(|(start, token)| Ok((start, scanner.value(start, token)?)));
    match scanned {
        Ok((start, end)) => Ok(First { start, end, leading_zeros: scanner.leading_zeros }),
        Err(problem) => Err(SyntaxError { problem, at: scanner.failed_at }),
    }
}

/// Checks that `text` is exactly one JSON value. Unlike [`check_strict`], allows leading zeros.
///
/// # Errors
/// Fails if the text is not a valid JSON value, or if something follows it.
#[inline]
pub fn only(text: &[u8]) -> Result<First, SyntaxError> {
    let Some(first) = first(text, 0)? else {
        return Err(SyntaxError { problem: Problem::Nothing, at: 0 });
    };
    match after_space(text, first.end) {
        None => Ok(first),
        Some(at) => Err(SyntaxError { problem: Problem::AfterValue, at }),
    }
}

/// Checks that `text` is exactly one JSON value as RFC 8259 defines it.
///
/// # Errors
/// Fails if the text is not a valid JSON value, or if something follows it.
pub fn check_strict(text: &[u8]) -> Result<(), SyntaxError> {
    let only = only(text)?;
    if only.leading_zeros {
        return Err(SyntaxError { problem: Problem::LeadingZeros, at: only.start });
    }
    Ok(())
}

/// Returns whether `bytes` are one JSON object as RFC 8259 defines it, in valid UTF-8, without nested arrays and objects.
/// Source partitions and offsets have this form.
pub fn is_flat_object(bytes: &[u8]) -> bool {
    let mut scanner = Scanner { text: bytes, failed_at: 0, leading_zeros: false };
    let is_object = scanner.flat_object().is_ok_and(|end| after_space(bytes, end).is_none());
    is_object && !scanner.leading_zeros && std::str::from_utf8(bytes).is_ok()
}

/// Why a text is not JSON. It has one byte, so that it is passed in a register together with a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// A number is followed by another character.
    AfterNumber,
    /// The value is followed by something other than white space.
    AfterValue,
    /// A string contains a control character.
    Control,
    /// Arrays and objects are nested deeper than [`MAX_DEPTH`].
    Depth,
    /// A digit of a number is missing.
    Digit,
    /// The text ends within a value.
    End,
    /// A string contains an escape that does not exist.
    Escape,
    /// `\u` is not followed by four hexadecimal digits.
    Hexadecimal,
    /// A number has leading zeros.
    LeadingZeros,
    /// A member does not begin with a name in quotes.
    Name,
    /// An element of an array is followed by neither a comma nor a bracket.
    NoCloseOfArray,
    /// A member of an object is followed by neither a comma nor a brace.
    NoCloseOfObject,
    /// The name of a member is not followed by a colon.
    NoColon,
    /// The text ends within a string.
    NoEndOfString,
    /// There is no value where one is expected.
    NoValue,
    /// There is only white space.
    Nothing,
    /// A number is longer than [`MAX_NUMBER`].
    NumberLength,
}

impl Problem {
    const fn text(self) -> &'static str {
        match self {
            Self::AfterNumber => "a number followed by another character",
            Self::AfterValue => "unexpected text after the JSON value",
            Self::Control => "a control character in a string",
            Self::Depth => "more than 1000 levels of arrays and objects",
            Self::Digit => "expected a digit",
            Self::End => "unexpected end",
            Self::Escape => "an unknown escape",
            Self::Hexadecimal => "`\\u` without four hexadecimal digits",
            Self::LeadingZeros => "a number with leading zeros",
            Self::Name => "expected a member name in double quotes",
            Self::NoCloseOfArray => "expected `,` or `]`",
            Self::NoCloseOfObject => "expected `,` or `}`",
            Self::NoColon => "expected `:`",
            Self::NoEndOfString => "a string without an end",
            Self::NoValue => "expected a JSON value",
            Self::Nothing => "nothing but white space",
            Self::NumberLength => "a number of more than 1000 characters",
        }
    }
}

/// Reads a text. The position is passed as an argument and a result instead of being a field: it stays in a register,
/// which saves a considerable part of the time for short strings.
struct Scanner<'a> {
    text: &'a [u8],
    /// The index of the [`Problem`] that was found.
    failed_at: usize,
    leading_zeros: bool,
}

impl Scanner<'_> {
    #[cold]
    fn fail<T>(&mut self, problem: Problem, at: usize) -> Result<T, Problem> {
        self.failed_at = at;
        Err(problem)
    }

    /// Returns the next byte that is not white space, and its index.
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

    /// Returns the index after the value that begins at `at` with `token`.
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
                    // It is empty and closed below.
                }
                b'-' | b'0'..=b'9' => at = self.number(at)?,
                b't' => at = self.literal(at, b"true")?,
                b'f' => at = self.literal(at, b"false")?,
                b'n' => at = self.literal(at, b"null")?,
                _ => return self.fail(Problem::NoValue, at),
            }
            // The value ends here, and perhaps the arrays and objects that contain it.
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

    /// Returns the index after the object that is next. Its members must not be arrays or objects.
    fn flat_object(&mut self) -> Result<usize, Problem> {
        let (at, token) = self.token(0)?;
        if token != b'{' {
            return self.fail(Problem::NoValue, at);
        }
        let (mut at, mut token) = self.token(at + 1)?;
        if token == b'}' {
            return Ok(at + 1);
        }
        loop {
            (at, token) = self.member(at, token)?;
            at = match token {
                b'"' => self.string(at + 1)?,
                b'-' | b'0'..=b'9' => self.number(at)?,
                b't' => self.literal(at, b"true")?,
                b'f' => self.literal(at, b"false")?,
                b'n' => self.literal(at, b"null")?,
                _ => return self.fail(Problem::NoValue, at),
            };
            (at, token) = self.token(at)?;
            match token {
                b',' => (at, token) = self.token(at + 1)?,
                b'}' => return Ok(at + 1),
                _ => return self.fail(Problem::NoCloseOfObject, at),
            }
        }
    }

    /// Reads a member's name, which begins at `at` with `token`, and the colon. Returns the first byte of the value.
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

    /// Returns the index after the string whose content begins at `at`.
    #[inline(always)]
    fn string(&mut self, at: usize) -> Result<usize, Problem> {
        let end = plain_until(self.text, at);
        if self.text.get(end) == Some(&b'"') { Ok(end + 1) } else { self.rest_of_string(end) }
    }

    /// Like [`string`](Self::string), for a string that has escapes or is not valid.
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

    // Two functions use it, so that it would not be inlined otherwise.
    #[inline(always)]
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
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte == b'$' || *byte >= 0x80;
        if self.text.get(at..end) != Some(literal) || self.text.get(end).is_some_and(is_part) {
            return self.fail(Problem::NoValue, at);
        }
        Ok(end)
    }
}

#[cfg(test)]
mod tests;
