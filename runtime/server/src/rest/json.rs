//! JSON bodies, read as strictly or loosely as Jackson reads them for Kafka Connect, with the fragments of its texts that
//! clients look for.

use indexmap::IndexMap;
use serde_json::Value;

use crate::herder::api::ConfigMap;

/// A connector's configuration as it stands in JSON: text, or null. Numbers and booleans are taken as text.
pub type StringMap = IndexMap<String, Option<String>>;

/// A body that is not what it should be. Kafka Connect answers these with 500.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not JSON.
    #[error("Unexpected character or end of input: {0}")]
    Malformed(String),
    /// JSON of another type than expected.
    #[error("Cannot deserialize value of type `{wanted}` from {found}")]
    Type {
        /// Name of the type that was expected.
        wanted: &'static str,
        /// What stands there.
        found: &'static str,
    },
    /// A property that nobody knows.
    #[error("Unrecognized field \"{field}\" (class {class}), not marked as ignorable ({known})")]
    UnknownField {
        /// The property.
        field: String,
        /// The class it was looked for in.
        class: &'static str,
        /// The properties there are.
        known: &'static str,
    },
    /// A value that is not one of the allowed ones.
    #[error("Cannot construct instance of `{class}`, problem: No enum constant {}.{value}", .class.replace('$', "."))]
    NotInEnum {
        /// The enum.
        class: &'static str,
        /// What stands there.
        value: String,
    },
}

/// Parses a body.
pub fn parse(body: &[u8]) -> Result<Value, Error> {
    serde_json::from_slice(body).map_err(|error| Error::Malformed(error.to_string()))
}

/// What Jackson calls the beginning of this value.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "Null value (token `JsonToken.VALUE_NULL`)",
        Value::Bool(_) => "Boolean value (token `JsonToken.VALUE_TRUE`)",
        Value::Number(_) => "Integer value (token `JsonToken.VALUE_NUMBER_INT`)",
        Value::String(_) => "String value (token `JsonToken.VALUE_STRING`)",
        Value::Array(_) => "Array value (token `JsonToken.START_ARRAY`)",
        Value::Object(_) => "Object value (token `JsonToken.START_OBJECT`)",
    }
}

/// A value of another type than `wanted`.
pub fn wrong_type(wanted: &'static str, value: &Value) -> Error {
    Error::Type { wanted, found: kind(value) }
}

/// The value as text: text, number, boolean or null.
pub fn text(value: Value) -> Result<Option<String>, Error> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        Value::Number(number) => Ok(Some(number.to_string())),
        Value::Bool(flag) => Ok(Some(flag.to_string())),
        other => Err(Error::Type { wanted: "java.lang.String", found: kind(&other) }),
    }
}

/// The members of an object.
pub fn object(value: Value, wanted: &'static str) -> Result<serde_json::Map<String, Value>, Error> {
    match value {
        Value::Object(members) => Ok(members),
        other => Err(Error::Type { wanted, found: kind(&other) }),
    }
}

/// A map of texts.
pub fn string_map(value: Value) -> Result<StringMap, Error> {
    let members = object(value, "java.util.LinkedHashMap<java.lang.String,java.lang.String>")?;
    members.into_iter().map(|(key, value)| Ok((key, text(value)?))).collect()
}

/// The entries that are not null, and how many are.
pub fn without_nulls(map: StringMap) -> (ConfigMap, usize) {
    let count = map.len();
    let config: ConfigMap = map.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
    let nulls = count - config.len();
    (config, nulls)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_are_taken_as_text_as_they_stand() {
        let map = parse(br#"{"b":"x","a":1.50,"c":true,"d":null,"e":12345678901234567890123}"#).and_then(string_map);
        let map = map.expect("a map of scalars");
        let entries: Vec<_> = map.iter().map(|(k, v)| (k.as_str(), v.as_deref())).collect();
        let want = [
            ("b", Some("x")),
            ("a", Some("1.50")),
            ("c", Some("true")),
            ("d", None),
            ("e", Some("12345678901234567890123")),
        ];
        assert_eq!(entries, want);
    }

    #[test]
    fn what_is_no_map_of_scalars_is_refused_with_jacksons_fragments() {
        for (body, fragment) in [
            (&br#"{"a":{}}"#[..], "Cannot deserialize value of type `java.lang.String` from Object value"),
            (br#"[1]"#, "Cannot deserialize value of type `java.util.LinkedHashMap"),
            (br#"{"a":"#, "Unexpected"),
            (b"", "Unexpected"),
        ] {
            let error = parse(body).and_then(string_map).expect_err("refused").to_string();
            assert!(error.contains(fragment), "{error}");
        }
    }
}
