//! Errors in a JSON body. A message begins like that of Jackson, which Kafka Connect's clients receive, and ends with the
//! position in the form of `serde_json`.

use std::fmt;

use weir_json::SyntaxError;
use weir_json::check::{MAX_DEPTH, MAX_NUMBER, Problem};

/// A body that is not valid. Kafka Connect answers with status 500, and so does Weir, except for a field name that is too long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    text: String,
    line: usize,
    column: usize,
    is_long_name: bool,
}

impl Error {
    /// An error at a byte of the body.
    pub(super) fn new(text: impl Into<String>, body: &[u8], at: usize) -> Self {
        let before = &body[..at.min(body.len())];
        let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|&&byte| byte != b'\n').count() + 1;
        Self { text: text.into(), line, column, is_long_name: false }
    }

    /// A field name that is longer than Jackson allows.
    pub(super) fn long_name(text: String, body: &[u8], at: usize) -> Self {
        Self { is_long_name: true, ..Self::new(text, body, at) }
    }

    /// Text that is not JSON.
    pub(super) fn syntax(error: &SyntaxError, body: &[u8]) -> Self {
        let SyntaxError { problem, mut at } = *error;
        if problem == Problem::Hexadecimal {
            at += 1 + body[at + 1..].iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        }
        let rest = body.get(at..).unwrap_or_default();
        let found = || describe(rest);
        let text = match problem {
            Problem::Depth => {
                format!("Document nesting depth ({}) exceeds the maximum allowed ({MAX_DEPTH})", MAX_DEPTH + 1)
            }
            Problem::NumberLength => format!("Number value length exceeds the maximum allowed ({MAX_NUMBER})"),
            Problem::LeadingZeros => "Invalid numeric value: Leading zeroes not allowed".to_owned(),
            _ if rest.is_empty() => "Unexpected end-of-input".to_owned(),
            Problem::Control => format!("Illegal unquoted character ({})", found()),
            Problem::Escape => format!("Unrecognized character escape {}", found()),
            Problem::Digit => format!("Unexpected character ({}) in numeric value", found()),
            Problem::NoValue if rest[0].is_ascii_alphabetic() => format!("Unrecognized token '{}'", word(rest)),
            Problem::NoCloseOfArray | Problem::NoCloseOfObject if matches!(rest[0], b']' | b'}') => {
                format!("Unexpected close marker '{}'", char::from(rest[0]))
            }
            _ if rest[0] < b' ' => format!("Illegal character ({})", found()),
            _ => format!("Unexpected character ({})", found()),
        };
        Self::new(text, body, at)
    }

    /// Returns whether a field name is longer than allowed.
    pub fn is_long_name(&self) -> bool {
        self.is_long_name
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { text, line, column, .. } = self;
        write!(f, "{text} at line {line} column {column}")
    }
}

impl std::error::Error for Error {}

/// Describes the first character like Jackson.
fn describe(rest: &[u8]) -> String {
    match String::from_utf8_lossy(&rest[..rest.len().min(4)]).chars().next() {
        Some(control) if control.is_control() => format!("(CTRL-CHAR, code {})", u32::from(control)),
        Some(large) if large > '\u{ff}' => format!("'{large}' (code {0} / {0:#x})", u32::from(large)),
        Some(other) => format!("'{other}' (code {})", u32::from(other)),
        None => String::new(),
    }
}

/// Returns the first word, of which a long one is cut.
fn word(rest: &[u8]) -> String {
    const MAX: usize = 256;
    let text = String::from_utf8_lossy(&rest[..rest.len().min(4 * MAX)]);
    text.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '$')).take(MAX).collect()
}
