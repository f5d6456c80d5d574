//! Strings, field names and numbers inside of JSON, read as Jackson reads them.

use super::error::Error;
use super::tokens::{Reader, Token, describe};

/// Digits of one number, and bytes of one field name, as in Jackson.
const MAX_DIGITS: usize = 1000;
const MAX_NAME: usize = 50_000;
/// Characters of a field name that is too long in the error.
const NAME_SHOWN: usize = 60;

impl Reader<'_> {
    /// The text of the current string.
    pub(super) fn text(&mut self) -> Result<String, Error> {
        self.unfinished = false;
        self.quoted(" in VALUE_STRING", "string value")
    }

    /// The field name whose quote was read.
    pub(super) fn field_name(&mut self) -> Result<String, Error> {
        let start = self.at;
        let name = self.quoted(" in field name", "name")?;
        let length = (self.at - start).saturating_sub(1);
        if length > MAX_NAME {
            let begin: String = name.chars().take(NAME_SHOWN).collect();
            return Err(Error::long_name(format!(
                "Name length ({length}) exceeds the maximum allowed ({MAX_NAME}, from \
                 `StreamReadConstraints.getMaxNameLength()`): shorten the field name that begins with {begin:?}"
            )));
        }
        Ok(name)
    }

    fn quoted(&mut self, end: &str, what: &str) -> Result<String, Error> {
        let mut text = String::new();
        // The first half of a character of two, which an escape gave.
        let mut high: Option<u32> = None;
        loop {
            let Some(byte) = self.peek() else { return Err(self.end(end)) };
            self.at += 1;
            let c = match byte {
                b'"' => break,
                b'\\' => self.escape()?,
                0..b' ' => {
                    let c = describe(byte.into());
                    let text = format!(
                        "Illegal unquoted character ({c}): has to be escaped using backslash to be included in {what}"
                    );
                    return Err(Error::malformed(text, self.last()));
                }
                _ => self.decode(byte)?,
            };
            if let Some(first) = high.take() {
                if let 0xdc00..=0xdfff = c {
                    push(&mut text, 0x10000 + ((first - 0xd800) << 10) + (c - 0xdc00));
                    continue;
                }
                push(&mut text, first);
            }
            match c {
                0xd800..=0xdbff => high = Some(c),
                _ => push(&mut text, c),
            }
        }
        if let Some(first) = high {
            push(&mut text, first);
        }
        Ok(text)
    }

    fn escape(&mut self) -> Result<u32, Error> {
        const END: &str = " in character escape sequence";
        let Some(byte) = self.peek() else { return Err(self.end(END)) };
        self.at += 1;
        let c = match byte {
            b'"' | b'\\' | b'/' => byte,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let mut c = 0;
                for _ in 0..4 {
                    let Some(digit) = self.peek() else { return Err(self.end(END)) };
                    self.at += 1;
                    let Some(value) = char::from(digit).to_digit(16) else {
                        return Err(self.unexpected_byte(digit, "expected a hex-digit for character escape sequence"));
                    };
                    c = c << 4 | value;
                }
                return Ok(c);
            }
            other => {
                let c = describe(self.decode(other)?);
                return Err(Error::malformed(format!("Unrecognized character escape {c}"), self.last()));
            }
        };
        Ok(c.into())
    }

    /// The character that begins with this byte, which was read. Longer forms than needed are taken, as in Jackson.
    pub(super) fn decode(&mut self, first: u8) -> Result<u32, Error> {
        let (bits, more) = match first {
            0..0x80 => return Ok(first.into()),
            0xc0..0xe0 => (first & 0x1f, 1),
            0xe0..0xf0 => (first & 0x0f, 2),
            0xf0..0xf8 => (first & 0x07, 3),
            _ => return Err(Error::malformed(format!("Invalid UTF-8 start byte {first:#x}"), self.position())),
        };
        let mut c = u32::from(bits);
        for _ in 0..more {
            let byte = self.byte()?;
            if byte & 0xc0 != 0x80 {
                return Err(Error::malformed(format!("Invalid UTF-8 middle byte {byte:#x}"), self.position()));
            }
            c = c << 6 | u32::from(byte & 0x3f);
        }
        if more == 2 && (0xd800..0xe000).contains(&c) {
            let text = format!("Invalid UTF-8: Illegal surrogate character {c:#x}");
            return Err(Error::malformed(text, self.position()));
        }
        Ok(c)
    }

    /// The number that begins with this byte.
    pub(super) fn read_number(&mut self, first: u8) -> Result<Token, Error> {
        let start = self.at - 1;
        let mut digit = first;
        if first == b'-' {
            digit = self.byte()?;
            if !digit.is_ascii_digit() {
                return Err(self.after_minus(digit));
            }
        }
        if digit == b'0' && self.peek().is_some_and(|next| next.is_ascii_digit()) {
            return Err(Error::malformed("Invalid numeric value: Leading zeroes not allowed", self.position()));
        }
        let mut digits = 1 + self.digits();
        let mut token = Token::Int;
        if self.peek() == Some(b'.') {
            self.at += 1;
            token = Token::Float;
            digits += self.some_digits(b'.', "Decimal point not followed by a digit")?;
        }
        if let Some(exponent @ (b'e' | b'E')) = self.peek() {
            self.at += 1;
            token = Token::Float;
            if !self.byte_ahead()?.is_ascii_digit() && matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
                self.byte_ahead()?;
            }
            digits += self.some_digits(exponent, "Exponent indicator not followed by a digit")?;
        }
        if digits > MAX_DIGITS {
            return Err(Error::too_much(format!(
                "Number value length ({digits}) exceeds the maximum allowed ({MAX_DIGITS}, from \
                 `StreamReadConstraints.getMaxNumberLength()`)"
            )));
        }
        if self.in_root()
            && let Some(next) = self.peek()
            && !matches!(next, b' ' | b'\t' | b'\r' | b'\n')
        {
            self.at += 1;
            return Err(self.unexpected_byte(next, "Expected space separating root-level values"));
        }
        let bytes = self.bytes;
        // Digits, signs, a point and an `e` are text.
        self.number = bytes.get(start..self.at).and_then(|number| str::from_utf8(number).ok()).unwrap_or_default();
        Ok(token)
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - start
    }

    /// At least one digit after this byte.
    fn some_digits(&mut self, after: u8, missing: &str) -> Result<usize, Error> {
        match self.digits() {
            0 => {
                let byte = self.peek();
                self.at += usize::from(byte.is_some());
                Err(self.unexpected_in_number(byte.unwrap_or(after), missing))
            }
            count => Ok(count),
        }
    }

    /// The next byte without taking it, where there has to be one.
    fn byte_ahead(&mut self) -> Result<u8, Error> {
        let byte = self.byte()?;
        self.at -= 1;
        Ok(byte)
    }

    fn after_minus(&mut self, byte: u8) -> Error {
        if byte == b'I' {
            match self.byte() {
                Ok(b'N') => return self.no_number("-INF", 3),
                Ok(b'n') => return self.no_number("-Infinity", 3),
                Ok(_) => {}
                Err(error) => return error,
            }
        }
        self.unexpected_in_number(byte, "expected digit (0-9) to follow minus sign, for valid numeric value")
    }

    /// `+` where a value has to stand.
    pub(super) fn plus(&mut self) -> Error {
        if self.peek().is_none() {
            return self.end(" in a Number value");
        }
        self.at += 1;
        self.unexpected_in_number(
            b'+',
            "JSON spec does not allow numbers to have plus signs: enable \
             `JsonReadFeature.ALLOW_LEADING_PLUS_SIGN_FOR_NUMBERS` to allow",
        )
    }

    fn unexpected_in_number(&self, byte: u8, why: &str) -> Error {
        let text = format!("Unexpected character ({}) in numeric value: {why}", describe(byte.into()));
        Error::malformed(text, self.last())
    }

    /// A word for what is no number, of which `length` bytes were read.
    pub(super) fn no_number(&mut self, word: &'static str, length: usize) -> Error {
        if let Err(error) = self.rest_of(word, length) {
            return error;
        }
        let text = format!("Non-standard token '{word}': enable `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow");
        Error::malformed(text, self.position())
    }
}

/// Adds a character. Half a character, which Java's text can hold and ours cannot, becomes the sign for what is no character.
fn push(text: &mut String, c: u32) {
    text.push(char::from_u32(c).unwrap_or(char::REPLACEMENT_CHARACTER));
}
