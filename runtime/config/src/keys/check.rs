//! Kafka's predefined validators, with their messages.

use std::collections::HashSet;

use weir_java::number;
use weir_plugin::Bound;

use super::types::Value;
use crate::error::Error;

/// Maximum size of the alias of a transform or predicate, in bytes. Kafka Connect has no limit, but an alias is repeated in dozens
/// of lines of `GET /metrics`.
const MAX_ALIAS: usize = 256;

/// A validator.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Check<'a> {
    /// A number between these bounds, inclusive.
    Range(Option<i64>, Option<i64>),
    /// The same with bounds that need not be whole numbers.
    Between(Option<Bound>, Option<Bound>),
    /// The same, or null.
    RangeOrNull(Option<i64>, Option<i64>),
    /// A positive number, or -1 for the broker's default. The text begins the message.
    PositiveOrDefault(&'a str),
    /// `NonEmptyString`.
    NonEmptyString,
    /// `NonEmptyStringWithoutControlChars`.
    Name,
    /// `ValidString`.
    OneOf(&'a [&'a str]),
    /// `CaseInsensitiveValidString`.
    OneOfIgnoringCase(&'a [&'a str]),
    /// A list with at least one entry.
    NonEmptyList,
    /// A list without duplicates and empty entries.
    UniqueList {
        /// Whether the list may be empty.
        may_be_empty: bool,
    },
    /// A list of aliases without duplicates.
    Aliases,
    /// A regular expression in Java's syntax.
    Regex,
}

/// Checks a value (`Validator.ensureValid`).
pub(crate) fn check(key: &str, value: &Value, check: Check<'_>) -> Result<(), Error> {
    let invalid = |detail: String| Err(Error::invalid(key, value.shown(), detail));
    match (check, value) {
        (Check::Range(low, high) | Check::RangeOrNull(low, high), value) => {
            between(value, low.map(Bound::Whole), high.map(Bound::Whole)).or_else(invalid)
        }
        (Check::Between(low, high), value) => between(value, low, high).or_else(invalid),
        (Check::PositiveOrDefault(detail), Value::Number(number)) if *number < 1 && *number != -1 => {
            invalid(format!("{detail}, or -1 to use the broker's default"))
        }
        (Check::NonEmptyString, Value::Text(text)) if text.is_empty() => invalid("String must be non-empty".to_owned()),
        (Check::Name, Value::Text(text)) => name(text).or_else(invalid),
        (Check::OneOf(allowed), Value::Text(text)) if !allowed.contains(&text.as_str()) => invalid(one_of(allowed)),
        (Check::OneOfIgnoringCase(allowed), Value::Text(text)) => {
            let upper = text.to_uppercase();
            match allowed.iter().any(|one| one.to_uppercase() == upper) {
                true => Ok(()),
                false => invalid(one_of_ignoring_case(allowed)),
            }
        }
        (Check::NonEmptyList, Value::List(entries)) if entries.is_empty() => invalid("Empty list".to_owned()),
        (Check::Aliases, Value::List(entries)) if has_duplicates(entries) => {
            invalid("Duplicate alias provided.".to_owned())
        }
        (Check::Aliases, Value::List(entries)) => match entries.iter().map(String::len).max() {
            Some(bytes) if bytes > MAX_ALIAS => Err(Error::other(
                key,
                format!("Configuration '{key}' has an alias of {bytes} bytes; the limit is {MAX_ALIAS}"),
            )),
            _ => Ok(()),
        },
        (Check::UniqueList { may_be_empty }, Value::List(entries)) => unique(key, entries, may_be_empty),
        (Check::Regex, Value::Text(text)) => match weir_java::regex::JavaRegex::new(text) {
            Ok(_) => Ok(()),
            Err(error) => invalid(format!("Invalid regex: {error}")),
        },
        _ => Ok(()),
    }
}

/// Checks null (`Validator.ensureValid`), which is also the value of a key that could not be parsed.
pub(crate) fn check_null(key: &str, check: Check<'_>) -> Result<(), Error> {
    let invalid = |detail: String| Err(Error::invalid(key, "null", detail));
    match check {
        Check::Range(..) | Check::Between(..) => invalid("Value must be non-null".to_owned()),
        Check::OneOf(allowed) => invalid(one_of(allowed)),
        Check::OneOfIgnoringCase(allowed) => invalid(one_of_ignoring_case(allowed)),
        Check::Aliases => invalid("entry must be non null".to_owned()),
        Check::NonEmptyList | Check::UniqueList { .. } => {
            Err(Error::other(key, format!("Configuration '{key}' values must not be null.")))
        }
        Check::Regex => invalid("Invalid regex: null".to_owned()),
        Check::RangeOrNull(..) | Check::PositiveOrDefault(_) | Check::NonEmptyString | Check::Name => Ok(()),
    }
}

/// Checks that a number is in a range. The error is the end of the text.
fn between(value: &Value, low: Option<Bound>, high: Option<Bound>) -> Result<(), String> {
    let number = match value {
        Value::Number(number) => *number as f64,
        Value::Double(number) => *number,
        _ => return Ok(()),
    };
    // Java compares all numbers as doubles, too.
    let double = |bound: Bound| match bound {
        Bound::Whole(whole) => whole as f64,
        Bound::Double(double) => double,
    };
    let text = |bound: Bound| match bound {
        Bound::Whole(whole) => whole.to_string(),
        Bound::Double(double) => number::double(double),
    };
    match (low, high) {
        (Some(low), _) if number < double(low) => Err(format!("Value must be at least {}", text(low))),
        (_, Some(high)) if number > double(high) => Err(format!("Value must be no more than {}", text(high))),
        _ => Ok(()),
    }
}

/// Checks a name. The error is the end of the text.
fn name(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err("String may not be empty".to_owned());
    }
    let control: Vec<String> = text.chars().filter(|c| c.is_control()).map(|c| u32::from(c).to_string()).collect();
    match control.is_empty() {
        true => Ok(()),
        false => Err(format!(
            "String may not contain control sequences but had the following ASCII chars: {}",
            control.join(", ")
        )),
    }
}

fn one_of(allowed: &[&str]) -> String {
    format!("String must be one of: {}", allowed.join(", "))
}

fn one_of_ignoring_case(allowed: &[&str]) -> String {
    let allowed: Vec<String> = allowed.iter().map(|one| one.to_uppercase()).collect();
    // In Java, they are in a set, which has its own order.
    let order = weir_java::hash_map::order(allowed.iter().map(String::as_str));
    let allowed: Vec<&str> = order.into_iter().filter_map(|place| allowed.get(place).map(String::as_str)).collect();
    format!("String must be one of (case insensitive): {}", allowed.join(", "))
}

pub(crate) fn has_duplicates(entries: &[String]) -> bool {
    let distinct: HashSet<&String> = entries.iter().collect();
    distinct.len() < entries.len()
}

fn unique(key: &str, entries: &[String], may_be_empty: bool) -> Result<(), Error> {
    let other = |text: &str| Err(Error::other(key, format!("Configuration '{key}' {text}")));
    if entries.is_empty() && !may_be_empty {
        return other("must not be empty. Valid values include: any non-empty value");
    }
    if has_duplicates(entries) {
        return other("values must not be duplicated.");
    }
    if entries.iter().any(String::is_empty) {
        return other("values must not be empty.");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(result: Result<(), Error>) -> String {
        result.expect_err("refused").to_string()
    }

    #[test]
    fn validators_speak_as_kafkas() {
        let list = |entries: &[&str]| Value::List(entries.iter().map(|e| (*e).to_owned()).collect());
        let word = |text: &str| Value::Text(text.to_owned());
        let range = Check::Range(Some(1), Some(5));
        let decimals = Check::Between(Some(Bound::Double(0.5)), Some(Bound::Double(1e10)));
        for (value, validator, message) in [
            (Value::Number(0), range, "Invalid value 0 for configuration k: Value must be at least 1"),
            (Value::Number(6), range, "Invalid value 6 for configuration k: Value must be no more than 5"),
            (Value::Double(0.5), range, "Invalid value 0.5 for configuration k: Value must be at least 1"),
            (Value::Double(1e9), range, "Invalid value 1.0E9 for configuration k: Value must be no more than 5"),
            (Value::Double(0.25), decimals, "Invalid value 0.25 for configuration k: Value must be at least 0.5"),
            (Value::Number(0), decimals, "Invalid value 0 for configuration k: Value must be at least 0.5"),
            (
                Value::Double(2e10),
                decimals,
                "Invalid value 2.0E10 for configuration k: Value must be no more than 1.0E10",
            ),
            (word(""), Check::NonEmptyString, "Invalid value  for configuration k: String must be non-empty"),
            (word(""), Check::Name, "Invalid value  for configuration k: String may not be empty"),
            (
                word("a\n\rb"),
                Check::Name,
                "Invalid value a\n\rb for configuration k: String may not contain control sequences but had the following \
                 ASCII chars: 10, 13",
            ),
            (word("c"), Check::OneOf(&["a", "b"]), "Invalid value c for configuration k: String must be one of: a, b"),
            (
                word("c"),
                // In the order of Java's set.
                Check::OneOfIgnoringCase(&["requested", "required"]),
                "Invalid value c for configuration k: String must be one of (case insensitive): REQUIRED, REQUESTED",
            ),
            (list(&[]), Check::NonEmptyList, "Invalid value [] for configuration k: Empty list"),
            (list(&["a", "a"]), Check::Aliases, "Invalid value [a, a] for configuration k: Duplicate alias provided."),
            (
                list(&["a", "a"]),
                Check::UniqueList { may_be_empty: true },
                "Configuration 'k' values must not be duplicated.",
            ),
            (
                list(&[]),
                Check::UniqueList { may_be_empty: false },
                "Configuration 'k' must not be empty. Valid values include: any non-empty value",
            ),
            (list(&["a", ""]), Check::UniqueList { may_be_empty: true }, "Configuration 'k' values must not be empty."),
        ] {
            assert_eq!(text(check("k", &value, validator)), message);
        }
        assert!(
            text(check("k", &word("["), Check::Regex))
                .starts_with("Invalid value [ for configuration k: Invalid regex: ")
        );
        assert_eq!(check("k", &word("(?!x).*\\Q.\\E"), Check::Regex), Ok(()));
        assert_eq!(check("k", &Value::Double(0.5), decimals), Ok(()));
        assert_eq!(check("k", &word("REQUIRED"), Check::OneOfIgnoringCase(&["required"])), Ok(()));
    }

    #[test]
    fn aliases_are_short() {
        let alias = |bytes: usize| Value::List(vec!["a".to_owned(), "b".repeat(bytes)]);
        assert_eq!(check("transforms", &alias(MAX_ALIAS), Check::Aliases), Ok(()));
        assert_eq!(
            text(check("transforms", &alias(50_000), Check::Aliases)),
            "Configuration 'transforms' has an alias of 50000 bytes; the limit is 256"
        );
    }

    #[test]
    fn null_is_refused_by_most_validators() {
        assert_eq!(
            text(check_null("k", Check::Range(Some(1), None))),
            "Invalid value null for configuration k: Value must be non-null"
        );
        assert_eq!(
            text(check_null("k", Check::Aliases)),
            "Invalid value null for configuration k: entry must be non null"
        );
        assert_eq!(
            text(check_null("k", Check::UniqueList { may_be_empty: true })),
            "Configuration 'k' values must not be null."
        );
        assert_eq!(check_null("k", Check::NonEmptyString), Ok(()));
    }
}
