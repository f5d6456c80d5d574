//! From tokens to values, as Jackson binds them to Java types: which JSON a text, a map, a list or a record may be read from, and
//! the texts for everything else.

use indexmap::IndexMap;
use serde_json::{Map, Number, Value};

use super::error::{Error, Position};
use super::tokens::{Reader, Token};

/// A Java record that a JSON object is read into.
pub(super) struct Record {
    /// Its class.
    pub(super) class: &'static str,
    /// Its fields in their order.
    pub(super) fields: &'static [Field],
    /// What Jackson calls the list of them; none = unknown properties are passed over.
    pub(super) known: Option<&'static str>,
}

/// A field of a record.
pub(super) struct Field {
    pub(super) name: &'static str,
    /// Whether it is a map or a list, which changes the text for a field that comes again after all were there.
    pub(super) collection: bool,
}

/// A container of which not everything was read.
enum Container {
    /// With the key of the next value.
    Object(Map<String, Value>, String),
    Array(Vec<Value>),
}

impl Container {
    fn into_value(self) -> Value {
        match self {
            Self::Object(members, _) => members.into(),
            Self::Array(items) => items.into(),
        }
    }
}

impl Reader<'_> {
    /// An error about the current token's type.
    fn mismatch(&self, wanted: &str) -> Error {
        let token = self.current.unwrap_or(Token::Null);
        let (kind, name) = (token.kind(), token.name());
        let text = format!("Cannot deserialize value of type `{wanted}` from {kind} (token `JsonToken.{name}`)");
        Error::mapping(text, Some(self.token_at))
    }

    /// The error for a scalar in the place of an object. `element` is how Jackson introduces a container.
    fn no_creator(&mut self, class: &str, element: &str) -> Error {
        let argument = match self.current {
            Some(Token::Text) => match self.text() {
                Err(error) => return error,
                Ok(text) if text.trim().is_empty() => {
                    let end = if element.is_empty() { " value" } else { "" };
                    let text = format!(
                        "Cannot coerce empty String (\"\") to {element}`{class}`{end} (but could if coercion was enabled using \
                         `CoercionConfig`)"
                    );
                    return Error::mapping(text, Some(self.token_at));
                }
                Ok(text) => format!(
                    "no String-argument constructor/factory method to deserialize from String value ('{}')",
                    text.trim()
                ),
            },
            Some(Token::Int) => {
                let kind = match self.number.parse::<i64>() {
                    Ok(number) if i32::try_from(number).is_ok() => "int/Int",
                    Ok(_) => "long/Long",
                    Err(_) => "BigInteger",
                };
                format!(
                    "no {kind}-argument constructor/factory method to deserialize from Number value ({})",
                    self.number
                )
            }
            Some(Token::Float) => {
                let number: f64 = self.number.parse().unwrap_or(f64::NAN);
                format!(
                    "no double/Double-argument constructor/factory method to deserialize from Number value ({number:?})"
                )
            }
            Some(token @ (Token::True | Token::False)) => format!(
                "no boolean/Boolean-argument constructor/factory method to deserialize from boolean value ({})",
                token == Token::True
            ),
            _ => return self.mismatch(class),
        };
        let text = format!("Cannot construct instance of `{class}` (although at least one Creator exists): {argument}");
        Error::mapping(text, Some(self.token_at))
    }

    /// A value of Java's `String`; scalars are taken as they are written.
    pub(super) fn string(&mut self) -> Result<Option<String>, Error> {
        match self.current {
            Some(Token::Null) => Ok(None),
            Some(Token::Text) => self.text().map(Some),
            Some(Token::Int | Token::Float) => Ok(Some(self.number.to_owned())),
            Some(Token::True) => Ok(Some("true".to_owned())),
            Some(Token::False) => Ok(Some("false".to_owned())),
            _ => Err(self.mismatch("java.lang.String")),
        }
    }

    /// A map from texts to values of the class `of`. A key that comes again replaces the value and keeps its place.
    pub(super) fn map<T>(
        &mut self,
        of: &str,
        mut value: impl FnMut(&mut Self) -> Result<T, Error>,
    ) -> Result<Option<IndexMap<String, T>>, Error> {
        match self.current {
            Some(Token::Null) => return Ok(None),
            Some(Token::StartObject) => {}
            Some(Token::Text) => return Err(self.no_creator("java.util.LinkedHashMap", "element of ")),
            _ => return Err(self.mismatch(&format!("java.util.LinkedHashMap<java.lang.String,{of}>"))),
        }
        let mut map = IndexMap::new();
        while self.next()? == Some(Token::FieldName) {
            let key = std::mem::take(&mut self.name);
            self.next()?;
            let value = value(self).map_err(|error| error.in_entry(&key))?;
            map.insert(key, value);
        }
        Ok(Some(map))
    }

    /// A list of values of the class `of`.
    pub(super) fn list<T>(
        &mut self,
        of: &str,
        mut item: impl FnMut(&mut Self) -> Result<T, Error>,
    ) -> Result<Option<Vec<T>>, Error> {
        match self.current {
            Some(Token::Null) => return Ok(None),
            Some(Token::StartArray) => {}
            _ => return Err(self.mismatch(&format!("java.util.ArrayList<{of}>"))),
        }
        let mut list = Vec::new();
        while self.next()?.is_some_and(|token| token != Token::EndArray) {
            list.push(item(self).map_err(|error| error.in_item(list.len()))?);
        }
        Ok(Some(list))
    }

    /// The fields of a record; `set` reads the value of the field with this index. False = null stands there.
    ///
    /// Jackson makes the record when its last field was read. Unknown properties before that are reported then, later ones at once.
    pub(super) fn record(
        &mut self,
        record: &Record,
        mut set: impl FnMut(usize, &mut Self) -> Result<(), Error>,
    ) -> Result<bool, Error> {
        match self.current {
            Some(Token::Null) => return Ok(false),
            Some(Token::StartObject) => {}
            _ => return Err(self.no_creator(record.class, "")),
        }
        let mut missing: Vec<&str> = record.fields.iter().map(|field| field.name).collect();
        let mut unknown: Option<String> = None;
        let mut token = self.next()?;
        while token == Some(Token::FieldName) {
            let name = std::mem::take(&mut self.name);
            let whole = missing.is_empty();
            let index = record.fields.iter().position(|field| field.name == name);
            self.next()?;
            match index {
                Some(index) if whole => return Err(set_again(record, index)),
                Some(index) => {
                    set(index, self).map_err(|error| error.in_field(record.class, &name))?;
                    missing.retain(|field| *field != name);
                }
                None if whole => self.refuse(record, &name)?,
                None => {}
            }
            if index.is_none() {
                self.skip()?;
                unknown.get_or_insert(name);
            }
            token = self.next()?;
            if missing.is_empty()
                && let Some(name) = unknown.take()
            {
                self.refuse(record, &name)?;
            }
        }
        match unknown {
            Some(name) => self.refuse(record, &name).map(|()| true),
            None => Ok(true),
        }
    }

    /// Reports a property that the record does not have.
    fn refuse(&self, record: &Record, name: &str) -> Result<(), Error> {
        let (class, Some(known)) = (record.class, record.known) else { return Ok(()) };
        let text = format!("Unrecognized field \"{name}\" (class {class}), not marked as ignorable ({known})");
        Err(Error::mapping(text, Some(self.position())).in_field(class, name))
    }

    /// A value of any type. What is open is kept on the heap: the sender names the depth.
    pub(super) fn any(&mut self) -> Result<Value, Error> {
        let mut open: Vec<Container> = Vec::new();
        loop {
            let value = match self.current {
                Some(Token::StartObject) => {
                    open.push(Container::Object(Map::new(), String::new()));
                    None
                }
                Some(Token::StartArray) => {
                    open.push(Container::Array(Vec::new()));
                    None
                }
                Some(Token::FieldName) => {
                    if let Some(Container::Object(_, key)) = open.last_mut() {
                        *key = std::mem::take(&mut self.name);
                    }
                    None
                }
                Some(Token::EndObject | Token::EndArray) => open.pop().map(Container::into_value),
                Some(Token::Text) => Some(self.text()?.into()),
                Some(Token::Int | Token::Float) => {
                    Some(self.number.parse::<Number>().map_or(Value::Null, Value::Number))
                }
                Some(Token::True) => Some(true.into()),
                Some(Token::False) => Some(false.into()),
                Some(Token::Null) | None => Some(Value::Null),
            };
            match (value, open.last_mut()) {
                (Some(value), None) => return Ok(value),
                (Some(value), Some(Container::Object(members, key))) => {
                    members.insert(std::mem::take(key), value);
                }
                (Some(value), Some(Container::Array(items))) => items.push(value),
                (None, _) => {}
            }
            self.next()?;
        }
    }

    /// The error for a value of an enum, whose place and JSON type are the current token's.
    pub(super) fn no_constant(&self, class: &str, value: &str) -> Error {
        let constants = class.replace('$', ".");
        let text = format!("Cannot construct instance of `{class}`, problem: No enum constant {constants}.{value}");
        Error::mapping(text, Some(self.token_at))
    }

    /// The error for what an enum's creator, a method of one text, cannot be given.
    pub(super) fn no_enum(&self, class: &str, creator: &str) -> Error {
        match self.current {
            Some(token @ Token::StartArray) => {
                let (kind, name) = (token.kind(), token.name());
                let text = format!(
                    "Input mismatch reading Enum `{class}`: properties-based `@JsonCreator` ([method {creator}]) expects String \
                     Value, got {kind} (`JsonToken.{name}`)"
                );
                Error::mapping(text, Some(self.token_at))
            }
            _ => self.mismatch(class),
        }
    }

    /// Nothing may follow the value of the body; `bound` is the class that it was read into.
    pub(super) fn finish(&mut self, bound: &str) -> Result<(), Error> {
        let Some(token) = self.next()? else { return Ok(()) };
        let text = format!(
            "Trailing token (of type {}) found after value (bound as `{bound}`): not allowed as per \
             `DeserializationFeature.FAIL_ON_TRAILING_TOKENS`",
            token.name()
        );
        let at: Position = self.token_at;
        Err(Error::mapping(text, Some(at)))
    }
}

/// A field that comes again when the record is made already.
fn set_again(record: &Record, index: usize) -> Error {
    let class = record.class;
    let Some(field) = record.fields.get(index) else { return Error::mapping("", None) };
    let name = field.name;
    let text = match field.collection {
        true => format!("Should never call `set()` on setterless property ('{name}')"),
        false => format!("No fallback setter/field defined for creator property '{name}' (of `{class}`)"),
    };
    Error::mapping(text, None).in_field(class, name)
}
