//! The types of Kafka's `ConfigDef`: how a value is parsed, printed and refused. They are used for the worker's keys, for the keys
//! that all connectors have, and for the keys that plugins define. Validators are in `check.rs`.

pub(crate) use weir_plugin::ConfigType as Type;

use crate::error::Error;
use weir_java::number::{self, parse_double, parse_long};
use weir_java::text::trim;

/// Returns Kafka's name of a type: `BOOLEAN`.
pub(crate) fn type_name(kind: Type) -> &'static str {
    match kind {
        Type::Boolean => "BOOLEAN",
        Type::String => "STRING",
        Type::Int => "INT",
        Type::Short => "SHORT",
        Type::Long => "LONG",
        Type::Double => "DOUBLE",
        Type::List => "LIST",
        Type::Class => "CLASS",
        Type::Password => "PASSWORD",
    }
}

/// A parsed value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// BOOLEAN.
    Boolean(bool),
    /// STRING, CLASS and PASSWORD.
    Text(String),
    /// INT, SHORT and LONG.
    Number(i64),
    /// DOUBLE.
    Double(f64),
    /// LIST.
    List(Vec<String>),
}

impl Value {
    /// Prints the value as the REST API does (`ConfigDef.convertToString`): entries of a list joined by commas.
    pub(crate) fn printed(&self) -> String {
        match self {
            Self::Boolean(flag) => flag.to_string(),
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Double(number) => number::double(*number),
            Self::List(entries) => entries.join(","),
        }
    }

    /// Prints the value as Java's `toString`, which messages contain: a list in brackets.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::List(entries) => format!("[{}]", entries.join(", ")),
            other => other.printed(),
        }
    }
}

/// `ConfigDef.parseType`: parses a value, or returns Kafka's error, whose text contains the value as written.
pub(crate) fn parse(key: &str, kind: Type, given: &str) -> Result<Value, Error> {
    let text = trim(given);
    let not_a_number = || Error::invalid(key, given, format!("Not a number of type {}", type_name(kind)));
    let number = |low: i64, high: i64| match parse_long(text) {
        Some(number) if (low..=high).contains(&number) => Ok(Value::Number(number)),
        _ => Err(not_a_number()),
    };
    match kind {
        Type::Boolean if text.eq_ignore_ascii_case("true") => Ok(Value::Boolean(true)),
        Type::Boolean if text.eq_ignore_ascii_case("false") => Ok(Value::Boolean(false)),
        Type::Boolean => Err(Error::invalid(key, given, "Expected value to be either true or false")),
        Type::Short => number(i16::MIN.into(), i16::MAX.into()),
        Type::Int => number(i32::MIN.into(), i32::MAX.into()),
        Type::Long => number(i64::MIN, i64::MAX),
        Type::Double => parse_double(text).map(Value::Double).ok_or_else(not_a_number),
        Type::List => Ok(Value::List(list(text))),
        Type::String | Type::Class | Type::Password => Ok(Value::Text(text.to_owned())),
    }
}

/// Splits a LIST at its commas and removes the white space around the entries. An empty text has no entries.
pub(crate) fn list(text: &str) -> Vec<String> {
    /// `\s` of Java's regular expressions.
    fn is_white(letter: char) -> bool {
        matches!(letter, ' ' | '\t' | '\n' | '\u{b}' | '\u{c}' | '\r')
    }
    match trim(text) {
        "" => Vec::new(),
        text => text.split(',').map(|part| part.trim_matches(is_white).to_owned()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_the_wrong_type_are_refused_in_kafkas_words() {
        let fails = |kind, value| parse("k", kind, value).expect_err("refused").to_string();
        assert_eq!(
            fails(Type::Boolean, " yes"),
            "Invalid value  yes for configuration k: Expected value to be either true or false"
        );
        assert_eq!(
            fails(Type::Int, "2147483648"),
            "Invalid value 2147483648 for configuration k: Not a number of type INT"
        );
        assert_eq!(fails(Type::Short, "x"), "Invalid value x for configuration k: Not a number of type SHORT");
        for wrong in ["", "inf", "nan", "1_0", "d", "0x1p"] {
            assert_eq!(
                fails(Type::Double, wrong),
                format!("Invalid value {wrong} for configuration k: Not a number of type DOUBLE")
            );
        }
    }

    #[test]
    fn values_are_read_and_printed_as_in_java() {
        for (kind, given, printed) in [
            (Type::Boolean, " TRUE ", "true"),
            (Type::Int, "+5", "5"),
            (Type::Double, "5", "5.0"),
            (Type::Double, "1e10", "1.0E10"),
            (Type::Double, "1.5d", "1.5"),
            (Type::Double, "0x1p4", "16.0"),
            (Type::Double, "-Infinity", "-Infinity"),
            (Type::List, " a , b,,c", "a,b,,c"),
            (Type::List, " ", ""),
            (Type::String, "\u{a0}x\n", "\u{a0}x"),
        ] {
            assert_eq!(parse("k", kind, given).expect("read").printed(), printed, "{given:?}");
        }
        assert_eq!(parse("k", Type::List, "a,b").expect("read").shown(), "[a, b]");
    }
}
