//! Checks that bytes are JSON, as fast as bytes can be looked at: this is all that happens to a value without a schema.
//!
//! What is JSON is what Kafka Connect takes for it: RFC 8259, and numbers with leading zeros. The text has to be UTF-8
//! already. Nothing recurses, and the depth has a bound, so that no input can exhaust the stack here or later.

use super::scan::{after_space, is_space, plain_until};

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
mod tests;
