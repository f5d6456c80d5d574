//! JSON token by token, as Jackson's reader of UTF-8 takes it: what it accepts, when it looks at what, and the texts of what it
//! refuses. Strings and numbers are in `scalar.rs`.

use super::error::{Error, Position};

/// Brackets that may be open at once, as in Jackson.
const MAX_DEPTH: usize = 1000;

/// What a value may begin with, in Jackson's words.
pub(super) const VALID_VALUES: &str = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    StartObject,
    EndObject,
    StartArray,
    EndArray,
    FieldName,
    Text,
    Int,
    Float,
    True,
    False,
    Null,
}

impl Token {
    /// Jackson's name for it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::StartObject => "START_OBJECT",
            Self::EndObject => "END_OBJECT",
            Self::StartArray => "START_ARRAY",
            Self::EndArray => "END_ARRAY",
            Self::FieldName => "FIELD_NAME",
            Self::Text => "VALUE_STRING",
            Self::Int => "VALUE_NUMBER_INT",
            Self::Float => "VALUE_NUMBER_FLOAT",
            Self::True => "VALUE_TRUE",
            Self::False => "VALUE_FALSE",
            Self::Null => "VALUE_NULL",
        }
    }

    /// What Jackson calls a value that begins with it.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::StartObject | Self::EndObject | Self::FieldName => "Object value",
            Self::StartArray | Self::EndArray => "Array value",
            Self::Text => "String value",
            Self::Int => "Integer value",
            Self::Float => "Floating-point value",
            Self::True | Self::False => "Boolean value",
            Self::Null => "Null value",
        }
    }
}

/// An open bracket.
struct Open {
    object: bool,
    entries: usize,
    start: Position,
}

impl Open {
    fn kind(&self) -> &'static str {
        if self.object { "Object" } else { "Array" }
    }
}

/// Reads the tokens of one body.
pub struct Reader<'a> {
    pub(super) bytes: &'a [u8],
    /// The next byte.
    pub(super) at: usize,
    line: usize,
    line_start: usize,
    open: Vec<Open>,
    /// Where the current token begins.
    pub(super) token_at: Position,
    pub(super) current: Option<Token>,
    /// The value of the current field name, which is looked at together with the name.
    ahead: Option<Token>,
    /// A string of which only the quote was read: the rest is read when it is asked for, or skipped.
    pub(super) unfinished: bool,
    /// The current field name.
    pub(super) name: String,
    /// The current number's text.
    pub(super) number: &'a str,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        let start = Position { line: 1, column: 1 };
        let at = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        Self {
            bytes,
            at,
            line: 1,
            line_start: 0,
            open: Vec::new(),
            token_at: start,
            current: None,
            ahead: None,
            unfinished: false,
            name: String::new(),
            number: "",
        }
    }

    /// The position of the next byte.
    pub(super) fn position(&self) -> Position {
        Position { line: self.line, column: self.at.saturating_sub(self.line_start) + 1 }
    }

    /// The position of the byte that was read last.
    pub(super) fn last(&self) -> Position {
        Position { line: self.line, column: self.at.saturating_sub(self.line_start) }
    }

    pub(super) fn in_root(&self) -> bool {
        self.open.is_empty()
    }

    fn in_object(&self) -> bool {
        self.open.last().is_some_and(|open| open.object)
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// The next byte, where there has to be one.
    pub(super) fn byte(&mut self) -> Result<u8, Error> {
        let current = self.current.map_or("null", Token::name);
        let byte = self.peek().ok_or_else(|| self.end(&format!(" in {current}")))?;
        self.at += 1;
        Ok(byte)
    }

    pub(super) fn end(&self, place: &str) -> Error {
        Error::malformed(format!("Unexpected end-of-input{place}"), self.position())
    }

    fn end_between_entries(&self) -> Error {
        let kind = self.open.last().map_or("root", Open::kind);
        self.end(&format!(" within/between {kind} entries"))
    }

    /// The byte or character that was read last does not belong there.
    pub(super) fn unexpected(&self, c: u32, why: &str) -> Error {
        Error::malformed(format!("Unexpected character ({}): {why}", describe(c)), self.last())
    }

    /// Goes on to the next token; none at the end of the body.
    pub(super) fn next(&mut self) -> Result<Option<Token>, Error> {
        let token = self.advance()?;
        self.current = token;
        Ok(token)
    }

    fn advance(&mut self) -> Result<Option<Token>, Error> {
        if self.current == Some(Token::FieldName) {
            let token = self.ahead.take();
            self.enter(token)?;
            return Ok(token);
        }
        if self.unfinished {
            self.text()?;
        }
        let Some(mut byte) = self.after_space()? else {
            return match self.open.last() {
                None => Ok(None),
                Some(open) => {
                    let (kind, start) = (open.kind(), open.start);
                    Err(self.end(&format!(": expected close marker for {kind} (start marker at {start})")))
                }
            };
        };
        self.token_at = self.last();
        if byte == b']' || byte == b'}' {
            return self.close(byte).map(Some);
        }
        if let Some(open) = self.open.last_mut() {
            open.entries += 1;
            if open.entries > 1 {
                if byte != b',' {
                    let why = format!("was expecting comma to separate {} entries", open.kind());
                    return Err(self.unexpected_byte(byte, &why));
                }
                byte = self.after_space()?.ok_or_else(|| self.end_between_entries())?;
                self.token_at = self.last();
            }
        }
        if !self.in_object() {
            let token = self.value(byte)?;
            self.enter(Some(token))?;
            return Ok(Some(token));
        }
        if byte != b'"' {
            let c = self.decode(byte)?;
            return Err(self.unexpected(c, "was expecting double-quote to start field name"));
        }
        self.name = self.field_name()?;
        let byte = self.after_colon()?;
        self.current = Some(Token::FieldName);
        self.token_at = self.last();
        self.ahead = Some(self.value(byte)?);
        Ok(Some(Token::FieldName))
    }

    /// Notes a bracket that opens.
    fn enter(&mut self, token: Option<Token>) -> Result<(), Error> {
        let object = match token {
            Some(Token::StartObject) => true,
            Some(Token::StartArray) => false,
            _ => return Ok(()),
        };
        if self.open.len() == MAX_DEPTH {
            return Err(Error::too_much(format!(
                "Document nesting depth ({}) exceeds the maximum allowed ({MAX_DEPTH}, from \
                 `StreamReadConstraints.getMaxNestingDepth()`)",
                MAX_DEPTH + 1
            )));
        }
        self.open.push(Open { object, entries: 0, start: self.token_at });
        Ok(())
    }

    fn close(&mut self, byte: u8) -> Result<Token, Error> {
        let marker = char::from(byte);
        let (token, object) = if byte == b'}' { (Token::EndObject, true) } else { (Token::EndArray, false) };
        match self.open.last() {
            Some(open) if open.object == object => {
                self.open.pop();
                Ok(token)
            }
            Some(open) => {
                let (wanted, kind, start) = (if open.object { '}' } else { ']' }, open.kind(), open.start);
                let text =
                    format!("Unexpected close marker '{marker}': expected '{wanted}' (for {kind} starting at {start})");
                Err(Error::malformed(text, self.last()))
            }
            None => {
                let kind = if object { "Object" } else { "Array" };
                let text = format!("Unexpected close marker '{marker}': no open {kind} to close");
                Err(Error::malformed(text, self.last()))
            }
        }
    }

    /// The next byte that is no space; none at the end.
    fn after_space(&mut self) -> Result<Option<u8>, Error> {
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b' ' | b'\t' => {}
                b'\n' => self.new_line(),
                b'\r' => {
                    if self.peek() == Some(b'\n') {
                        self.at += 1;
                    }
                    self.new_line();
                }
                b'/' => {
                    let why = "maybe a (non-standard) comment? (not recognized as one since Feature 'ALLOW_COMMENTS' not \
                               enabled for parser)";
                    return Err(self.unexpected_byte(b'/', why));
                }
                0..b' ' => {
                    let text = format!(
                        "Illegal character ({}): only regular white space (\\r, \\n, \\t) is allowed between tokens",
                        describe(byte.into())
                    );
                    return Err(Error::malformed(text, self.position()));
                }
                other => return Ok(Some(other)),
            }
        }
        Ok(None)
    }

    fn new_line(&mut self) {
        self.line += 1;
        self.line_start = self.at;
    }

    fn after_colon(&mut self) -> Result<u8, Error> {
        match self.after_space()? {
            Some(b':') => {}
            Some(byte) => {
                return Err(self.unexpected_byte(byte, "was expecting a colon to separate field name and value"));
            }
            None => return Err(self.end_between_entries()),
        }
        self.after_space()?.ok_or_else(|| self.end_between_entries())
    }

    pub(super) fn unexpected_byte(&self, byte: u8, why: &str) -> Error {
        self.unexpected(byte.into(), why)
    }

    /// The token that begins with this byte, where a value has to stand.
    fn value(&mut self, byte: u8) -> Result<Token, Error> {
        match byte {
            b'"' => {
                self.unfinished = true;
                Ok(Token::Text)
            }
            b'{' => Ok(Token::StartObject),
            b'[' => Ok(Token::StartArray),
            b'-' | b'0'..=b'9' => self.read_number(byte),
            b't' => self.literal("true", Token::True),
            b'f' => self.literal("false", Token::False),
            b'n' => self.literal("null", Token::Null),
            other => Err(self.no_value(other)),
        }
    }

    fn no_value(&mut self, byte: u8) -> Error {
        let in_array = self.open.last().is_some_and(|open| !open.object);
        match byte {
            b',' | b'}' => return self.unexpected_byte(byte, "expected a value"),
            b']' if in_array => return self.unexpected_byte(byte, "expected a value"),
            b'N' => return self.no_number("NaN", 1),
            b'I' => return self.no_number("Infinity", 1),
            b'+' => return self.plus(),
            _ => {}
        }
        // Jackson looks at the byte as if it were a character of Latin-1.
        if identifier_start(char::from(byte)) {
            return self.unknown_word(char::from(byte).to_string());
        }
        self.unexpected_byte(byte, &format!("expected a valid value {VALID_VALUES}"))
    }

    fn literal(&mut self, word: &'static str, token: Token) -> Result<Token, Error> {
        self.rest_of(word, 1)?;
        // What may follow at once is everything below the digits, and a bracket that closes.
        match self.peek() {
            None | Some(0..b'0' | b']' | b'}') => Ok(token),
            Some(byte) => {
                let start = self.at;
                self.at += 1;
                let c = self.decode(byte)?;
                self.at = start;
                match char::from_u32(c).is_some_and(identifier_part) {
                    true => Err(self.unknown_word(word.to_owned())),
                    false => Ok(token),
                }
            }
        }
    }

    /// Reads what follows the first `length` bytes of a word.
    pub(super) fn rest_of(&mut self, word: &str, length: usize) -> Result<(), Error> {
        for (index, wanted) in word.bytes().enumerate().skip(length) {
            if self.peek() != Some(wanted) {
                return Err(self.unknown_word(word.get(..index).unwrap_or_default().to_owned()));
            }
            self.at += 1;
        }
        Ok(())
    }

    /// A word that is no JSON, of which a part was read.
    pub(super) fn unknown_word(&mut self, mut word: String) -> Error {
        const MAX: usize = 256;
        let at = self.token_at;
        let mut length = word.chars().count();
        while let Some(byte) = self.peek() {
            self.at += 1;
            let c = match self.decode(byte) {
                Ok(c) => c,
                Err(error) => return error,
            };
            match char::from_u32(c) {
                Some(c) if identifier_part(c) => word.push(c),
                _ => break,
            }
            length += 1;
            if length >= MAX {
                word.push_str("...");
                break;
            }
        }
        Error::malformed(format!("Unrecognized token '{word}': was expecting {VALID_VALUES}"), at)
    }

    /// Skips the value whose first token is the current one, reading its strings to the end.
    pub(super) fn skip(&mut self) -> Result<(), Error> {
        let depth = self.open.len();
        match self.current {
            Some(Token::StartObject | Token::StartArray) => {
                while self.open.len() >= depth {
                    self.next()?;
                }
            }
            Some(Token::Text) => drop(self.text()?),
            _ => {}
        }
        Ok(())
    }
}

/// A character as Jackson's texts show it.
pub(super) fn describe(c: u32) -> String {
    match char::from_u32(c) {
        Some(control) if control.is_control() => format!("(CTRL-CHAR, code {c})"),
        Some(large) if c > 255 => format!("'{large}' (code {c} / {c:#x})"),
        Some(other) => format!("'{other}' (code {c})"),
        None => format!("(code {c})"),
    }
}

/// `Character.isJavaIdentifierStart`, near enough for a text.
fn identifier_start(c: char) -> bool {
    c.is_alphabetic() || matches!(c, '_' | '$' | '\u{a2}'..='\u{a5}')
}

/// `Character.isJavaIdentifierPart`, near enough for a text.
fn identifier_part(c: char) -> bool {
    identifier_start(c)
        || c.is_numeric()
        || matches!(c, '\0'..='\u{8}' | '\u{e}'..='\u{1b}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{20a0}'..='\u{20c0}')
}
