//! Reads a JSON text into a tree that borrows from it. Only values that must be inspected or changed become a tree.

use std::borrow::Cow;
use std::collections::HashMap;

use super::check::{self, SyntaxError};
use super::scan::{is_space, plain_until};
use super::text::unescape;

/// A JSON value. Numbers and strings stay as they were written.
#[derive(Debug, Clone, PartialEq)]
pub enum Node<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean(bool),
    /// A number's characters.
    Number(&'a str),
    /// The characters between a string's quotes, including escapes.
    String(&'a str),
    /// An array.
    Array(Vec<Node<'a>>),
    /// An object's members in order. If a name occurs more than once, its last value is at the place of its first.
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

impl<'a> Node<'a> {
    /// Reads `text`, which must be one JSON value; numbers may have leading zeros.
    ///
    /// # Errors
    /// Fails if the text is not a valid JSON value, or if something follows it.
    pub fn parse(text: &'a str) -> Result<Self, SyntaxError> {
        let only = check::only(text.as_bytes())?;
        Ok(Reader { text, at: only.start }.value())
    }

    /// Reads a text that was checked. For any other text, the tree is arbitrary, but there is no panic.
    pub fn parse_checked(text: &'a str) -> Self {
        Reader { text, at: 0 }.value()
    }

    /// Returns the value of a member, if this is an object that has it.
    pub fn get(&self, name: &str) -> Option<&Node<'a>> {
        let Node::Object(members) = self else { return None };
        members.iter().find(|(member, _)| member == name).map(|(_, value)| value)
    }

    /// Returns the text, if this is a string.
    pub fn text(&self) -> Option<Cow<'a, str>> {
        match self {
            Node::String(raw) => Some(unescape(raw)),
            _ => None,
        }
    }

    /// Returns whether this is a number without fraction and exponent.
    pub fn is_integral(&self) -> bool {
        matches!(self, Node::Number(digits) if is_integral(digits))
    }

    /// Returns Jackson's name for this kind of value, which Kafka Connect's messages contain.
    pub fn kind(&self) -> &'static str {
        match self {
            Node::Null => "NULL",
            Node::Boolean(_) => "BOOLEAN",
            Node::Number(_) => "NUMBER",
            Node::String(_) => "STRING",
            Node::Array(_) => "ARRAY",
            Node::Object(_) => "OBJECT",
        }
    }

    /// Appends the value without white space. Numbers lose leading zeros; strings keep their escapes.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Node::Null => out.extend_from_slice(b"null"),
            Node::Boolean(true) => out.extend_from_slice(b"true"),
            Node::Boolean(false) => out.extend_from_slice(b"false"),
            Node::Number(digits) => {
                let (sign, digits) = digits.strip_prefix('-').map_or(("", *digits), |digits| ("-", digits));
                let whole = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
                let zeros = digits[..whole].bytes().take_while(|&byte| byte == b'0').count().min(whole.max(1) - 1);
                out.extend_from_slice(sign.as_bytes());
                out.extend_from_slice(&digits.as_bytes()[zeros..]);
            }
            Node::String(raw) => {
                out.push(b'"');
                out.extend_from_slice(raw.as_bytes());
                out.push(b'"');
            }
            Node::Array(items) => {
                out.push(b'[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    item.write(out);
                }
                out.push(b']');
            }
            Node::Object(members) => {
                out.push(b'{');
                for (index, (name, value)) in members.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    super::text::write_string(name.as_bytes(), out);
                    out.push(b':');
                    value.write(out);
                }
                out.push(b'}');
            }
        }
    }
}

/// Returns whether a number has neither fraction nor exponent.
pub fn is_integral(digits: &str) -> bool {
    !digits.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E'))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&mut self) -> u8 {
        let bytes = self.text.as_bytes();
        while bytes.get(self.at).is_some_and(|&byte| is_space(byte)) {
            self.at += 1;
        }
        bytes.get(self.at).copied().unwrap_or(0)
    }

    /// Skips the next byte if it is this one. Returns whether it was.
    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == byte;
        self.at += usize::from(found);
        found
    }

    // Recurses. The check limits the depth, and the stack frame is small.
    fn value(&mut self) -> Node<'a> {
        match self.peek() {
            b'"' => Node::String(self.string()),
            b'{' => Node::Object(self.members()),
            b'[' => Node::Array(self.items()),
            b't' => self.literal(4, Node::Boolean(true)),
            b'f' => self.literal(5, Node::Boolean(false)),
            b'-' | b'0'..=b'9' => Node::Number(self.number()),
            _ => self.literal(4, Node::Null),
        }
    }

    fn literal(&mut self, length: usize, node: Node<'a>) -> Node<'a> {
        self.at += length;
        node
    }

    fn number(&mut self) -> &'a str {
        let start = self.at;
        let rest = &self.text.as_bytes()[start..];
        let is_part = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
        self.at += rest.iter().take_while(is_part).count();
        &self.text[start..self.at]
    }

    fn string(&mut self) -> &'a str {
        let start = self.at + 1;
        let mut end = plain_until(self.text.as_bytes(), start);
        while self.text.as_bytes().get(end) == Some(&b'\\') {
            end = plain_until(self.text.as_bytes(), end + 2);
        }
        self.at = end + 1;
        self.text.get(start..end).unwrap_or_default()
    }

    fn items(&mut self) -> Vec<Node<'a>> {
        self.at += 1;
        let mut items = Vec::new();
        if self.take(b']') {
            return items;
        }
        loop {
            items.push(self.value());
            if !self.take(b',') {
                self.take(b']');
                return items;
            }
        }
    }

    fn members(&mut self) -> Vec<(Cow<'a, str>, Node<'a>)> {
        self.at += 1;
        let mut members = Vec::new();
        if self.take(b'}') {
            return members;
        }
        loop {
            self.peek();
            let name = unescape(self.string());
            self.take(b':');
            members.push((name, self.value()));
            if !self.take(b',') {
                self.take(b'}');
                return without_duplicates(members);
            }
        }
    }
}

/// Keeps the last value of each name, at the place of the first, as a `LinkedHashMap` does.
fn without_duplicates<'a>(members: Vec<(Cow<'a, str>, Node<'a>)>) -> Vec<(Cow<'a, str>, Node<'a>)> {
    let duplicate = if members.len() <= 8 {
        members.iter().enumerate().any(|(index, (name, _))| members[..index].iter().any(|(other, _)| other == name))
    } else {
        let names: std::collections::HashSet<_> = members.iter().map(|(name, _)| name).collect();
        names.len() < members.len()
    };
    if !duplicate {
        return members;
    }
    let mut places = HashMap::new();
    let mut kept: Vec<(Cow<'a, str>, Node<'a>)> = Vec::with_capacity(members.len());
    for (name, value) in members {
        match places.get(&name) {
            Some(&place) => kept[place as usize].1 = value,
            None => {
                places.insert(name.clone(), kept.len() as u32);
                kept.push((name, value));
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rewritten(text: &str) -> String {
        let mut out = Vec::new();
        Node::parse(text).expect("JSON").write(&mut out);
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn leading_zeros_are_removed_and_the_rest_is_kept() {
        assert_eq!(
            rewritten(r#" [ 007 , -00.50, 0, 0.0, -0 , "\u00e4\"", {"a" : 01 } ] "#),
            r#"[7,-0.50,0,0.0,-0,"\u00e4\"",{"a":1}]"#
        );
        assert_eq!(rewritten("000"), "0");
    }

    #[test]
    fn the_last_of_equal_names_replaces_the_first() {
        assert_eq!(rewritten(r#"{"a":1,"b":2,"\u0061":3}"#), r#"{"a":3,"b":2}"#);
        let many: String = (0..20).map(|n| format!("\"k{}\":{n},", n % 10)).collect();
        assert_eq!(rewritten(&format!("{{{}\"x\":0}}", many)).matches(':').count(), 11);
    }

    #[test]
    fn the_deepest_text_allowed_fits_a_small_stack() {
        let deep = [r#"{"a":["#.repeat(500), "]}".repeat(500)].concat();
        let run = move || rewritten(&deep).len();
        let length = std::thread::Builder::new().stack_size(1 << 20).spawn(run).expect("a thread").join();
        assert_eq!(length.expect("no overflow"), 500 * 8);
    }

    proptest! {
        #[test]
        fn trees_are_those_of_serde_json(text in "[\\[\\]{},:\"a1-9 .eE\\\\n]{0,16}") {
            if let Ok(expected) = serde_json::from_str::<serde_json::Value>(&text) {
                let again: serde_json::Value = serde_json::from_str(&rewritten(&text))?;
                prop_assert_eq!(again, expected);
            }
        }

        #[test]
        fn parsing_unchecked_text_does_not_panic(text in "[\\[\\]{},:\"a1-9 .eEtfné\\\\]{0,24}") {
            let _ = Node::parse_checked(&text);
        }
    }
}
