//! Kafka's `ConfigDef`: types, validators, and the texts it refuses a value with. Used for the worker's keys, the
//! connectors' common keys and the keys that plugins describe.

pub use weir_plugin::ConfigType as Type;
use weir_plugin::{ConfigKey, Validator};

use super::error::Error;
use crate::herder::api::ConfigMap;

/// Kafka's name of a type, `BOOLEAN`.
pub fn type_name(kind: Type) -> &'static str {
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

/// A value after parsing.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
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

/// Kafka's ready-made validators.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Check<'a> {
    /// Both bounds inclusive.
    Range(Option<i64>, Option<i64>),
    /// `NonEmptyString`.
    NonEmptyString,
    /// `ValidString`.
    OneOf(&'a [&'a str]),
    /// `CaseInsensitiveValidString`.
    OneOfIgnoringCase(&'a [&'a str]),
    /// At least one entry.
    NonEmptyList,
    /// No entry twice; the flag says whether no entry at all is fine.
    UniqueList {
        /// True = an empty list passes.
        may_be_empty: bool,
    },
    /// Names given once each.
    Aliases,
    /// A regular expression.
    Regex,
}

/// `ConfigDef.parseType`: the value in the type, or Kafka's text on why not.
pub fn parse(key: &str, kind: Type, text: &str) -> Result<Value, Error> {
    let text = text.trim();
    let number = |low: i64, high: i64| match text.parse::<i64>() {
        Ok(number) if (low..=high).contains(&number) => Ok(Value::Number(number)),
        _ => Err(Error::invalid(key, text, format!("Not a number of type {}", type_name(kind)))),
    };
    match kind {
        Type::Boolean if text.eq_ignore_ascii_case("true") => Ok(Value::Boolean(true)),
        Type::Boolean if text.eq_ignore_ascii_case("false") => Ok(Value::Boolean(false)),
        Type::Boolean => Err(Error::invalid(key, text, "Expected value to be either true or false")),
        Type::Short => number(i16::MIN.into(), i16::MAX.into()),
        Type::Int => number(i32::MIN.into(), i32::MAX.into()),
        Type::Long => number(i64::MIN, i64::MAX),
        Type::Double => text
            .parse()
            .map(Value::Double)
            .map_err(|_| Error::invalid(key, text, format!("Not a number of type {}", type_name(kind)))),
        Type::List => Ok(Value::List(list(text))),
        Type::String | Type::Class | Type::Password => Ok(Value::Text(text.to_owned())),
    }
}

/// The entries of a LIST: separated by commas, blanks around them dropped, nothing = no entry.
pub fn list(text: &str) -> Vec<String> {
    match text.trim() {
        "" => Vec::new(),
        text => text.split(',').map(|part| part.trim().to_owned()).collect(),
    }
}

/// `Validator.ensureValid`.
pub fn check(key: &str, value: &Value, check: Check<'_>) -> Result<(), Error> {
    match (check, value) {
        (Check::Range(low, _), Value::Number(number)) if low.is_some_and(|low| *number < low) => {
            Err(Error::invalid(key, number, format!("Value must be at least {}", low.unwrap_or_default())))
        }
        (Check::Range(_, high), Value::Number(number)) if high.is_some_and(|high| *number > high) => {
            Err(Error::invalid(key, number, format!("Value must be no more than {}", high.unwrap_or_default())))
        }
        (Check::Range(low, _), Value::Double(number)) if low.is_some_and(|low| *number < low as f64) => {
            Err(Error::invalid(key, number, format!("Value must be at least {}", low.unwrap_or_default())))
        }
        (Check::Range(_, high), Value::Double(number)) if high.is_some_and(|high| *number > high as f64) => {
            Err(Error::invalid(key, number, format!("Value must be no more than {}", high.unwrap_or_default())))
        }
        (Check::NonEmptyString, Value::Text(text)) if text.is_empty() => {
            Err(Error::invalid(key, text, "String must be non-empty"))
        }
        (Check::OneOf(allowed), Value::Text(text)) if !allowed.contains(&text.as_str()) => {
            Err(Error::invalid(key, text, format!("String must be one of: {}", allowed.join(", "))))
        }
        (Check::OneOfIgnoringCase(allowed), Value::Text(text))
            if !allowed.iter().any(|one| one.eq_ignore_ascii_case(text)) =>
        {
            let allowed = allowed.join(", ").to_uppercase();
            Err(Error::invalid(key, text, format!("String must be one of (case insensitive): {allowed}")))
        }
        (Check::NonEmptyList, Value::List(entries)) if entries.is_empty() => {
            Err(Error::invalid(key, "[]", "Empty list"))
        }
        (Check::Aliases, Value::List(entries)) if has_duplicates(entries) => {
            Err(Error::invalid(key, format!("[{}]", entries.join(", ")), "Duplicate alias provided."))
        }
        (Check::UniqueList { may_be_empty }, Value::List(entries)) => unique(key, entries, may_be_empty),
        (Check::Regex, Value::Text(text)) => match fancy_regex::Regex::new(text) {
            Ok(_) => Ok(()),
            Err(error) => Err(Error::invalid(key, text, format!("Invalid regex: {error}"))),
        },
        _ => Ok(()),
    }
}

fn has_duplicates(entries: &[String]) -> bool {
    let distinct: std::collections::HashSet<&String> = entries.iter().collect();
    distinct.len() < entries.len()
}

fn unique(key: &str, entries: &[String], may_be_empty: bool) -> Result<(), Error> {
    if entries.is_empty() && !may_be_empty {
        let text = format!("Configuration '{key}' must not be empty. Valid values include: any non-empty value");
        return Err(Error::other(key, text));
    }
    if has_duplicates(entries) {
        return Err(Error::other(key, format!("Configuration '{key}' values must not be duplicated.")));
    }
    if entries.iter().any(String::is_empty) {
        return Err(Error::other(key, format!("Configuration '{key}' values must not be empty.")));
    }
    Ok(())
}

/// Checks the keys that a plugin describes. `config` holds the plugin's own settings; `prefix` (such as `transforms.a.`) is
/// put before the keys in the texts. Keys that the plugin does not describe are not looked at.
pub fn check_all(keys: &[ConfigKey], config: &ConfigMap, prefix: &str) -> Vec<Error> {
    keys.iter()
        .filter_map(|key| check_key(key, config.get(&key.name), &format!("{prefix}{}", key.name)).err())
        .collect()
}

fn check_key(key: &ConfigKey, given: Option<&String>, name: &str) -> Result<(), Error> {
    let text = match (given, &key.default) {
        (Some(text), _) | (None, Some(text)) => text,
        (None, None) if key.required => return Err(Error::missing(name)),
        (None, None) => return Ok(()),
    };
    let hide = |error| match error {
        Error::Invalid { key: name, detail, .. } if key.kind == Type::Password => {
            Error::Invalid { key: name, value: "[hidden]".to_owned(), detail }
        }
        error => error,
    };
    let value = parse(name, key.kind, text).map_err(hide)?;
    key.validators.iter().try_for_each(|validator| check_with(name, &value, validator)).map_err(hide)
}

fn check_with(name: &str, value: &Value, validator: &Validator) -> Result<(), Error> {
    fn borrowed(allowed: &[String]) -> Vec<&str> {
        allowed.iter().map(String::as_str).collect()
    }
    match validator {
        Validator::IntRange(low, high) => check(name, value, Check::Range(*low, *high)),
        Validator::NonEmptyString => check(name, value, Check::NonEmptyString),
        Validator::OneOf(allowed) => check(name, value, Check::OneOf(&borrowed(allowed))),
        Validator::OneOfIgnoringCase(allowed) => check(name, value, Check::OneOfIgnoringCase(&borrowed(allowed))),
        Validator::NonEmptyList => check(name, value, Check::NonEmptyList),
        Validator::NonEmptyListWithoutDuplicates => check(name, value, Check::UniqueList { may_be_empty: false }),
        Validator::ListWithoutDuplicates => check(name, value, Check::UniqueList { may_be_empty: true }),
        Validator::Regex => check(name, value, Check::Regex),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(result: Result<(), Error>) -> String {
        result.expect_err("refused").to_string()
    }

    #[test]
    fn values_of_the_wrong_type_are_refused_in_kafkas_words() {
        let fails = |kind, value| parse("k", kind, value).expect_err("refused").to_string();
        assert_eq!(
            fails(Type::Boolean, "yes"),
            "Invalid value yes for configuration k: Expected value to be either true or false"
        );
        assert_eq!(
            fails(Type::Int, "2147483648"),
            "Invalid value 2147483648 for configuration k: Not a number of type INT"
        );
        assert_eq!(fails(Type::Short, "x"), "Invalid value x for configuration k: Not a number of type SHORT");
        assert_eq!(parse("k", Type::Boolean, " TRUE "), Ok(Value::Boolean(true)));
        assert_eq!(parse("k", Type::List, " a , b"), Ok(Value::List(vec!["a".into(), "b".into()])));
        assert_eq!(parse("k", Type::List, " "), Ok(Value::List(vec![])));
    }

    #[test]
    fn validators_speak_as_kafkas() {
        let list = |entries: &[&str]| Value::List(entries.iter().map(|e| (*e).to_owned()).collect());
        let one = Check::Range(Some(1), Some(5));
        assert_eq!(
            text(check("k", &Value::Number(0), one)),
            "Invalid value 0 for configuration k: Value must be at least 1"
        );
        assert_eq!(
            text(check("k", &Value::Number(6), one)),
            "Invalid value 6 for configuration k: Value must be no more than 5"
        );
        assert_eq!(
            text(check("k", &Value::Text(String::new()), Check::NonEmptyString)),
            "Invalid value  for configuration k: String must be non-empty"
        );
        assert_eq!(
            text(check("k", &Value::Text("c".into()), Check::OneOf(&["a", "b"]))),
            "Invalid value c for configuration k: String must be one of: a, b"
        );
        assert_eq!(
            text(check("k", &list(&["a", "a"]), Check::UniqueList { may_be_empty: true })),
            "Configuration 'k' values must not be duplicated."
        );
        assert_eq!(
            text(check("k", &list(&["a", ""]), Check::UniqueList { may_be_empty: true })),
            "Configuration 'k' values must not be empty."
        );
        assert_eq!(
            text(check("k", &list(&[]), Check::NonEmptyList)),
            "Invalid value [] for configuration k: Empty list"
        );
        assert!(
            text(check("k", &Value::Text("(".into()), Check::Regex))
                .starts_with("Invalid value ( for configuration k: Invalid regex: ")
        );
        assert_eq!(check("k", &Value::Text("(?<=a)b\\1?".into()), Check::NonEmptyString), Ok(()));
    }
}
