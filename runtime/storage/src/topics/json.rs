//! Values as Kafka Connect's internal converter reads and writes them: the `JsonConverter` without schemas.

use std::str;

use weir_json::node::Node;
use weir_json::{SyntaxError, check, text};

/// Why a value is not JSON.
#[derive(Debug, thiserror::Error)]
pub(super) enum Malformed {
    /// It is not valid UTF-8.
    #[error(transparent)]
    Encoding(#[from] str::Utf8Error),
    /// It is not valid JSON.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
}

/// Reads the first JSON value of `bytes`, and ignores what follows it, as Jackson does. Text without any value is null.
pub(super) fn read(bytes: &[u8]) -> Result<Node<'_>, Malformed> {
    let text = str::from_utf8(bytes)?;
    Ok(match check::first(text.as_bytes(), 0)? {
        Some(first) => Node::parse_checked(&text[first.start..first.end]),
        None => Node::Null,
    })
}

/// Describes the type of a value for log lines.
pub(super) fn kind(node: Option<&Node<'_>>) -> &'static str {
    match node {
        None | Some(Node::Null) => "null",
        Some(Node::Boolean(_)) => "a boolean",
        Some(Node::Number(_)) => "a number",
        Some(Node::String(_)) => "a string",
        Some(Node::Array(_)) => "an array",
        Some(Node::Object(_)) => "an object",
    }
}

/// Returns an integral number.
pub(super) fn integer(node: Option<&Node<'_>>) -> Option<i64> {
    match node {
        Some(Node::Number(digits)) => digits.parse().ok(),
        _ => None,
    }
}

/// Returns an integral number, of which Kafka Connect uses the lowest 32 bits.
pub(super) fn int(node: Option<&Node<'_>>) -> Option<i32> {
    integer(node).map(|number| number as i32)
}

/// Writes an object, member by member.
pub(super) struct Object(Vec<u8>);

impl Object {
    pub(super) fn new() -> Self {
        Self(vec![b'{'])
    }

    fn name(&mut self, name: &str) {
        if self.0.len() > 1 {
            self.0.push(b',');
        }
        text::write_string(name.as_bytes(), &mut self.0);
        self.0.push(b':');
    }

    pub(super) fn text(self, name: &str, value: &str) -> Self {
        self.optional(name, Some(value))
    }

    pub(super) fn optional(mut self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => {
                self.name(name);
                text::write_string(value.as_bytes(), &mut self.0);
                self
            }
            None => self.raw(name, b"null"),
        }
    }

    pub(super) fn number(self, name: &str, value: i64) -> Self {
        self.raw(name, value.to_string().as_bytes())
    }

    pub(super) fn boolean(self, name: &str, value: bool) -> Self {
        self.raw(name, if value { b"true" } else { b"false" })
    }

    /// Adds a member whose value is JSON already.
    pub(super) fn raw(mut self, name: &str, value: &[u8]) -> Self {
        self.name(name);
        self.0.extend_from_slice(value);
        self
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.0.push(b'}');
        self.0
    }
}
