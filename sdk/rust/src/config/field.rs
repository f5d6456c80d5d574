//! The Rust types of configuration fields, and how each is parsed, following Kafka's `ConfigDef.parseType`.

use std::fmt;
use std::time::Duration;

use super::{ConfigType, Validator};

/// A type that fields of a derived [`Config`](super::Config) can have.
///
/// ```
/// use weir_sdk::config::{ConfigField, ConfigType};
/// assert_eq!(<u32 as ConfigField>::KIND, ConfigType::Long);
/// assert_eq!(<Vec<String> as ConfigField>::parse("a, b"), Ok(vec!["a".to_string(), "b".to_string()]));
/// ```
///
/// Any other type is a compile error, which points to the type and lists these:
///
/// ```compile_fail,E0277
/// #[derive(weir_sdk::Config)]
/// struct Wrong {
///     /// Kafka has no type for a list of numbers.
///     numbers: Vec<u8>,
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "a configuration key cannot be a `{Self}`",
    label = "not a valid type for a configuration key",
    note = "the types are String, bool, i16, i32, i64, u16, u32, u64, f64, Duration, Vec<String>, Password, and an Option of these",
    note = "any type that implements `FromStr` is valid if `#[config(one_of(...))]` lists its texts"
)]
pub trait ConfigField: Sized {
    /// The corresponding Kafka type.
    const KIND: ConfigType;
    /// Whether the key is optional although it has no default.
    const OPTIONAL: bool = false;

    /// Returns the validators that the type implies.
    fn validators() -> Vec<Validator> {
        Vec::new()
    }

    /// Parses a value. The error is the last part of Kafka's message.
    fn parse(text: &str) -> Result<Self, String>;

    /// Returns the value of a key that is not set and has no default, or `None` if the key is required.
    fn absent() -> Option<Self> {
        None
    }

    /// Returns the form of a value that error messages show.
    fn shown(text: &str) -> &str {
        text
    }
}

/// Trims like Java's `String.trim`, which Kafka applies to all values: removes control characters, but keeps white space
/// outside ASCII. The runtime does the same; this crate uses none of the runtime's crates, because it is published.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(|character| character <= ' ')
}

impl ConfigField for String {
    const KIND: ConfigType = ConfigType::String;

    fn parse(text: &str) -> Result<String, String> {
        Ok(trim(text).into())
    }
}

impl ConfigField for bool {
    const KIND: ConfigType = ConfigType::Boolean;

    fn parse(text: &str) -> Result<bool, String> {
        match trim(text) {
            text if text.eq_ignore_ascii_case("true") => Ok(true),
            text if text.eq_ignore_ascii_case("false") => Ok(false),
            _ => Err("Expected value to be either true or false".into()),
        }
    }
}

/// Integers. Kafka has no unsigned types, so unsigned Rust types have a lower bound.
macro_rules! whole_number {
    ($($type:ty, $kind:ident, $name:literal, $range:expr;)*) => {$(
        impl ConfigField for $type {
            const KIND: ConfigType = ConfigType::$kind;

            fn validators() -> Vec<Validator> {
                let range: Option<(Option<i64>, Option<i64>)> = $range;
                range.map(|(least, most)| Validator::Range(least, most)).into_iter().collect()
            }

            fn parse(text: &str) -> Result<$type, String> {
                trim(text).parse().map_err(|_| concat!("Not a number of type ", $name).into())
            }
        }
    )*};
}

whole_number! {
    i16, Short, "SHORT", None;
    i32, Int, "INT", None;
    i64, Long, "LONG", None;
    u16, Int, "INT", Some((Some(0), Some(u16::MAX.into())));
    u32, Long, "LONG", Some((Some(0), Some(u32::MAX.into())));
    u64, Long, "LONG", Some((Some(0), None));
}

impl ConfigField for f64 {
    const KIND: ConfigType = ConfigType::Double;

    fn parse(text: &str) -> Result<f64, String> {
        trim(text).parse().map_err(|_| "Not a number of type DOUBLE".into())
    }
}

/// A non-negative number of milliseconds. The name of the key should end in `.ms`.
impl ConfigField for Duration {
    const KIND: ConfigType = ConfigType::Long;

    fn validators() -> Vec<Validator> {
        u64::validators()
    }

    fn parse(text: &str) -> Result<Duration, String> {
        u64::parse(text).map(Duration::from_millis)
    }
}

/// A comma-separated list. White space around the entries is removed.
impl ConfigField for Vec<String> {
    const KIND: ConfigType = ConfigType::List;

    fn parse(text: &str) -> Result<Vec<String>, String> {
        let text = trim(text);
        Ok(if text.is_empty() { Vec::new() } else { text.split(',').map(|entry| entry.trim().into()).collect() })
    }
}

/// A value that is never logged.
///
/// ```
/// use weir_sdk::config::Password;
/// let password = Password::new("secret");
/// assert_eq!(format!("{password:?} {password}"), "[hidden] [hidden]");
/// assert_eq!(password.value(), "secret");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Wraps a text.
    pub fn new(value: impl Into<String>) -> Password {
        Password(value.into())
    }

    /// Returns the text.
    pub fn value(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

impl fmt::Display for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

impl ConfigField for Password {
    const KIND: ConfigType = ConfigType::Password;

    fn parse(text: &str) -> Result<Password, String> {
        Ok(Password(trim(text).into()))
    }

    fn shown(_: &str) -> &str {
        "[hidden]"
    }
}

/// An optional key. The value is `None` (Kafka's null) if the key is not set.
impl<T: ConfigField> ConfigField for Option<T> {
    const KIND: ConfigType = T::KIND;
    const OPTIONAL: bool = true;

    fn validators() -> Vec<Validator> {
        T::validators()
    }

    fn parse(text: &str) -> Result<Option<T>, String> {
        T::parse(text).map(Some)
    }

    fn absent() -> Option<Option<T>> {
        Some(None)
    }

    fn shown(text: &str) -> &str {
        T::shown(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_to_their_type() {
        assert_eq!(u16::parse(" 65535 "), Ok(65535));
        assert_eq!(u16::parse("65536"), Err("Not a number of type INT".into()));
        assert_eq!(i16::parse("x"), Err("Not a number of type SHORT".into()));
        assert_eq!(u64::parse("-1"), Err("Not a number of type LONG".into()));
        assert_eq!(bool::parse("TRUE"), Ok(true));
        assert_eq!(bool::parse("yes"), Err("Expected value to be either true or false".into()));
        assert_eq!(Duration::parse("1500"), Ok(Duration::from_millis(1500)));
    }

    #[test]
    fn texts_are_trimmed_as_in_java() {
        assert_eq!(String::parse(" \t\u{1}a b\u{a0} "), Ok("a b\u{a0}".to_string()));
    }

    #[test]
    fn an_empty_list_has_no_entries() {
        assert_eq!(Vec::parse("  "), Ok(vec![]));
        assert_eq!(Vec::parse("a,,b "), Ok(vec!["a".to_string(), String::new(), "b".to_string()]));
    }
}
