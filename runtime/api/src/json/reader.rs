//! Reads a body value by value, as Jackson reads JSON into Java's types. Of several errors in a body, it reports the first.

use indexmap::IndexMap;
use serde_json::Value;
use weir_json::check::{Problem, SyntaxError, inner};
use weir_json::node::Node;
use weir_json::scan::after_space;
use weir_json::text::unescape;

use super::error::Error;

/// The maximum length of a field name in bytes, as in Jackson.
const MAX_NAME: usize = 50_000;
/// The number of characters of a field name that is too long in the error.
const NAME_SHOWN: usize = 60;

/// A Java record that is read from a JSON object.
pub(super) struct Record {
    /// Its class.
    pub(super) class: &'static str,
    /// The names of its fields.
    pub(super) fields: &'static [&'static str],
    /// Whether a property that it does not have is an error.
    pub(super) is_strict: bool,
}

/// Reads the values of one body.
pub struct Reader<'a> {
    text: &'a str,
    /// The index of the next byte.
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(body: &'a [u8]) -> Result<Self, Error> {
        let invalid = |error: std::str::Utf8Error| Error::new("Invalid UTF-8", body, error.valid_up_to());
        let text = std::str::from_utf8(body).map_err(invalid)?;
        Ok(Self { text, at: if text.starts_with('\u{feff}') { 3 } else { 0 } })
    }

    /// Returns the index of the next byte.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// Returns an error at the next byte.
    pub(super) fn error(&self, text: impl Into<String>) -> Error {
        self.error_at(text, self.at)
    }

    /// Returns an error at a byte. Its line and column are counted from the start of the body, so create only errors that are needed.
    pub(super) fn error_at(&self, text: impl Into<String>, at: usize) -> Error {
        Error::new(text, self.text.as_bytes(), at)
    }

    fn syntax(&self, problem: Problem, at: usize) -> Error {
        Error::syntax(&SyntaxError { problem, at }, self.text.as_bytes())
    }

    /// Moves to the next byte that is not white space, and returns it, or `None` at the end.
    pub(super) fn peek(&mut self) -> Option<u8> {
        self.at = after_space(self.text.as_bytes(), self.at)?;
        self.text.as_bytes().get(self.at).copied()
    }

    /// Like [`peek`](Self::peek), where the body must not end.
    fn token(&mut self) -> Result<u8, Error> {
        self.peek().ok_or_else(|| self.syntax(Problem::End, self.text.len()))
    }

    /// Reads a value and returns its text.
    fn value(&mut self) -> Result<&'a str, Error> {
        let body = self.text.as_bytes();
        let found = inner(body, self.at).map_err(|error| Error::syntax(&error, body))?;
        if found.leading_zeros {
            return Err(self.syntax(Problem::LeadingZeros, found.start));
        }
        self.at = found.end;
        Ok(&self.text[found.start..found.end])
    }

    /// Returns the error for a value that cannot be converted to a Java class.
    pub(super) fn mismatch(&mut self, class: &str) -> Error {
        let start = self.at;
        let (kind, token) = match self.kind() {
            Ok(found) => found,
            Err(error) => return error,
        };
        self.at = start;
        self.error(format!("Cannot deserialize value of type `{class}` from {kind} value (token `JsonToken.{token}`)"))
    }

    /// Returns Jackson's names for the type of the next value. Reads it unless it is an array or object.
    fn kind(&mut self) -> Result<(&'static str, &'static str), Error> {
        Ok(match self.token()? {
            b'{' => ("Object", "START_OBJECT"),
            b'[' => ("Array", "START_ARRAY"),
            _ => match self.value()? {
                "true" => ("Boolean", "VALUE_TRUE"),
                "false" => ("Boolean", "VALUE_FALSE"),
                "null" => ("Null", "VALUE_NULL"),
                text if text.starts_with('"') => ("String", "VALUE_STRING"),
                number if number.contains(['.', 'e', 'E']) => ("Floating-point", "VALUE_NUMBER_FLOAT"),
                _ => ("Integer", "VALUE_NUMBER_INT"),
            },
        })
    }

    /// Returns the error for a value other than an object where a Java object is expected.
    fn no_creator(&mut self, class: &str) -> Error {
        let start = self.at;
        if self.token().is_ok_and(|token| token == b'[') {
            return self.mismatch(class);
        }
        let text = match self.value() {
            Err(error) => return error,
            Ok(text) if text.starts_with('"') && unescape(&text[1..text.len() - 1]).trim().is_empty() => {
                format!("Cannot coerce empty String (\"\") to `{class}`")
            }
            Ok(_) => format!("Cannot construct instance of `{class}` (although at least one Creator exists)"),
        };
        self.at = start;
        self.error(text)
    }

    /// Returns whether the next value is null, and skips it if so.
    fn null(&mut self) -> Result<bool, Error> {
        let is_null = self.token()? == b'n';
        if is_null {
            self.value()?;
        }
        Ok(is_null)
    }

    /// Reads a Java `String`. Numbers and booleans become text without change.
    pub(super) fn string(&mut self) -> Result<Option<String>, Error> {
        if matches!(self.token()?, b'{' | b'[') {
            return Err(self.mismatch("java.lang.String"));
        }
        Ok(match self.value()? {
            "null" => None,
            text if text.starts_with('"') => Some(unescape(&text[1..text.len() - 1]).into_owned()),
            other => Some(other.to_owned()),
        })
    }

    /// Reads the entries of an array or an object, of which the opening bracket is next.
    fn entries(&mut self, mut entry: impl FnMut(&mut Self) -> Result<(), Error>) -> Result<(), Error> {
        let is_object = self.token()? == b'{';
        let (close, problem) =
            if is_object { (b'}', Problem::NoCloseOfObject) } else { (b']', Problem::NoCloseOfArray) };
        self.at += 1;
        if self.token()? == close {
            self.at += 1;
            return Ok(());
        }
        loop {
            entry(self)?;
            let byte = self.token()?;
            match byte {
                b',' => self.at += 1,
                _ if byte == close => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.syntax(problem, self.at)),
            }
        }
    }

    /// Reads the members of an object, of which the brace is next. `member` reads the value.
    fn members(&mut self, mut member: impl FnMut(&mut Self, String) -> Result<(), Error>) -> Result<(), Error> {
        self.entries(|reader| {
            if reader.token()? != b'"' {
                return Err(reader.syntax(Problem::Name, reader.at));
            }
            let start = reader.at;
            let name = reader.value()?;
            let name = unescape(&name[1..name.len() - 1]);
            if reader.at - start - 2 > MAX_NAME {
                let (length, shown) = (reader.at - start - 2, name.chars().take(NAME_SHOWN).collect::<String>());
                let text = format!(
                    "Name length ({length}) exceeds the maximum allowed ({MAX_NAME}): shorten the field name that begins with \
                     {shown:?}"
                );
                return Err(Error::long_name(text, reader.text.as_bytes(), start));
            }
            if reader.token()? != b':' {
                return Err(reader.syntax(Problem::NoColon, reader.at));
            }
            reader.at += 1;
            reader.token()?;
            member(reader, name.into_owned())
        })
    }

    /// Reads a map from text to values of the Java class `of`. If a key occurs again, its value is replaced in its place.
    pub(super) fn map<T>(
        &mut self,
        of: &str,
        mut value: impl FnMut(&mut Self) -> Result<T, Error>,
    ) -> Result<Option<IndexMap<String, T>>, Error> {
        match self.token()? {
            b'n' if self.null()? => return Ok(None),
            b'{' => {}
            b'"' => return Err(self.no_creator("java.util.LinkedHashMap")),
            _ => return Err(self.mismatch(&format!("java.util.LinkedHashMap<java.lang.String,{of}>"))),
        }
        let mut map = IndexMap::new();
        self.members(|reader, key| {
            let value = value(reader)?;
            map.insert(key, value);
            Ok(())
        })?;
        Ok(Some(map))
    }

    /// Reads a list of values of the Java class `of`.
    pub(super) fn list<T>(
        &mut self,
        of: &str,
        mut item: impl FnMut(&mut Self) -> Result<T, Error>,
    ) -> Result<Option<Vec<T>>, Error> {
        match self.token()? {
            b'n' if self.null()? => return Ok(None),
            b'[' => {}
            _ => return Err(self.mismatch(&format!("java.util.ArrayList<{of}>"))),
        }
        let mut list = Vec::new();
        self.entries(|reader| {
            list.push(item(reader)?);
            Ok(())
        })?;
        Ok(Some(list))
    }

    /// Reads a record. `set` reads the value of the field with an index. Returns false for null.
    ///
    /// Jackson creates the record after its last field. Until then, unknown properties are only remembered.
    pub(super) fn record(
        &mut self,
        record: &Record,
        mut set: impl FnMut(usize, &mut Self) -> Result<(), Error>,
    ) -> Result<bool, Error> {
        match self.token()? {
            b'n' if self.null()? => return Ok(false),
            b'{' => {}
            _ => return Err(self.no_creator(record.class)),
        }
        let (class, known) = (record.class, record.fields.join(", "));
        let mut missing: Vec<&str> = record.fields.to_vec();
        let mut unknown: Option<Error> = None;
        self.members(|reader, name| {
            match record.fields.iter().position(|field| *field == name) {
                Some(_) if missing.is_empty() => {
                    return Err(reader.error(format!("The property '{name}' of `{class}` occurs more than once")));
                }
                Some(index) => {
                    set(index, reader)?;
                    missing.retain(|field| *field != name);
                }
                None => {
                    if record.is_strict && unknown.is_none() {
                        let text = format!("Unrecognized field \"{name}\" (class {class}); known properties: {known}");
                        let error = reader.error(text);
                        if missing.is_empty() {
                            return Err(error);
                        }
                        unknown = Some(error);
                    }
                    reader.value()?;
                }
            }
            match unknown.take_if(|_| missing.is_empty()) {
                Some(error) => Err(error),
                None => Ok(()),
            }
        })?;
        match unknown {
            Some(error) => Err(error),
            None => Ok(true),
        }
    }

    /// Reads a value of any type.
    pub(super) fn any(&mut self) -> Result<Value, Error> {
        self.value().map(|text| any(&Node::parse_checked(text)))
    }

    /// Checks that nothing follows the value of the body.
    pub(super) fn finish(&mut self) -> Result<(), Error> {
        let Some(byte) = self.peek() else { return Ok(()) };
        if matches!(byte, b']' | b'}') {
            return Err(self.syntax(Problem::NoCloseOfObject, self.at));
        }
        let start = self.at;
        let (_, token) = self.kind()?;
        self.at = start;
        Err(self.error(format!("Trailing token (of type {token}) found after value")))
    }
}

/// Converts a tree, whose depth was checked.
fn any(node: &Node<'_>) -> Value {
    match node {
        Node::Null => Value::Null,
        Node::Boolean(value) => (*value).into(),
        Node::Number(digits) => digits.parse().map_or(Value::Null, Value::Number),
        Node::String(raw) => unescape(raw).into(),
        Node::Array(items) => items.iter().map(any).collect(),
        Node::Object(members) => members.iter().map(|(name, value)| (name.as_ref(), any(value))).collect(),
    }
}
