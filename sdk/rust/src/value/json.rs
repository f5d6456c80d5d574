//! JSON values, read in place.

use std::borrow::Cow;

use super::scan::{Walk, skip_space, skip_value};
use super::text::unescape;

/// A JSON value inside a text that the runtime has checked. Only strings with escapes are copied when they are read.
///
/// ```
/// use weir_sdk::value::Json;
/// let order = Json::new(r#"{"id":7,"lines":[{"sku":"a\u0062"},{"sku":"c"}]}"#);
/// assert_eq!(order.get("id").unwrap().as_i64(), Some(7));
/// let skus: Vec<_> = order.get("lines").unwrap().elements().filter_map(|line| line.get("sku")?.as_str()).collect();
/// assert_eq!(skus, ["ab", "c"]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Json<'a> {
    text: &'a [u8],
}

/// The types of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonKind {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean,
    /// A number.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

impl<'a> Json<'a> {
    /// Creates a value from a text. Text that is not valid JSON reads as null, or ends at the first error.
    pub fn new(text: &'a str) -> Json<'a> {
        Json::from_bytes(text.as_bytes())
    }

    #[inline]
    pub(crate) fn from_bytes(text: &'a [u8]) -> Json<'a> {
        Json { text: &text[skip_space(text, 0)..] }
    }

    /// Returns the text of the value.
    #[inline]
    pub fn raw(self) -> &'a [u8] {
        &self.text[..skip_value(self.text, 0).unwrap_or(self.text.len())]
    }

    /// Returns the type of the value.
    #[inline]
    pub fn kind(self) -> JsonKind {
        match self.text.first() {
            Some(b'{') => JsonKind::Object,
            Some(b'[') => JsonKind::Array,
            Some(b'"') => JsonKind::String,
            Some(b't' | b'f') => JsonKind::Boolean,
            Some(b'-' | b'0'..=b'9') => JsonKind::Number,
            _ => JsonKind::Null,
        }
    }

    /// Returns whether the value is `null`.
    #[inline]
    pub fn is_null(self) -> bool {
        self.kind() == JsonKind::Null
    }

    /// Returns the text of a string, or `None` for other types.
    pub fn as_str(self) -> Option<Cow<'a, str>> {
        if self.kind() != JsonKind::String {
            return None;
        }
        let raw = self.raw();
        unescape(raw.get(1..raw.len().checked_sub(1)?)?)
    }

    /// Returns an integer, or `None` if it does not fit or the value is not an integer; `1.0` is not.
    pub fn as_i64(self) -> Option<i64> {
        self.number()?.parse().ok()
    }

    /// Returns a number, or `None` for other types.
    pub fn as_f64(self) -> Option<f64> {
        self.number()?.parse().ok()
    }

    /// Returns a boolean, or `None` for other types.
    pub fn as_bool(self) -> Option<bool> {
        match self.text.first()? {
            b't' => Some(true),
            b'f' => Some(false),
            _ => None,
        }
    }

    /// Returns the member with this name, or `None` if it does not exist or the value is not an object. If a name occurs
    /// more than once, the last member is returned.
    pub fn get(self, name: &str) -> Option<Json<'a>> {
        self.members().filter(|(found, _)| found == name).last().map(|(_, value)| value)
    }

    /// Returns the members of an object in order. For other types there are none.
    pub fn members(self) -> impl Iterator<Item = (Cow<'a, str>, Json<'a>)> {
        let mut walk = if self.kind() == JsonKind::Object { Walk::new(self.text, 0) } else { None };
        std::iter::from_fn(move || {
            let member = walk.as_mut()?.member()??;
            let name = unescape(self.text.get(member.name + 1..member.name_end - 1)?)?;
            Some((name, Json { text: &self.text[member.value..member.value_end] }))
        })
    }

    /// Returns the elements of an array in order. For other types there are none.
    pub fn elements(self) -> impl Iterator<Item = Json<'a>> {
        let mut walk = if self.kind() == JsonKind::Array { Walk::new(self.text, 0) } else { None };
        std::iter::from_fn(move || {
            let (begin, end) = walk.as_mut()?.element()??;
            Some(Json { text: &self.text[begin..end] })
        })
    }

    /// Returns whether this is a number with a decimal point or an exponent, which is a FLOAT64 without a schema.
    pub(crate) fn is_floating(self) -> bool {
        self.number().is_some_and(|text| text.contains(['.', 'e', 'E']))
    }

    fn number(self) -> Option<&'a str> {
        if self.kind() == JsonKind::Number { std::str::from_utf8(self.raw()).ok() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_read_as_itself_only() {
        for (text, string, int, float, boolean) in [
            ("null", None, None, None, None),
            (" true ", None, None, None, Some(true)),
            ("false", None, None, None, Some(false)),
            ("-12", None, Some(-12), Some(-12.0), None),
            ("1.5e1", None, None, Some(15.0), None),
            ("9223372036854775808", None, None, Some(9_223_372_036_854_775_808.0), None),
            ("\"a\\nb\"", Some("a\nb"), None, None, None),
            ("[1]", None, None, None, None),
            ("{}", None, None, None, None),
        ] {
            let json = Json::new(text);
            assert_eq!(json.as_str().as_deref(), string, "{text}");
            assert_eq!(json.as_i64(), int, "{text}");
            assert_eq!(json.as_f64(), float, "{text}");
            assert_eq!(json.as_bool(), boolean, "{text}");
            assert_eq!(json.is_null(), text == "null");
            assert_eq!(json.raw(), text.trim().as_bytes());
        }
    }

    #[test]
    fn the_last_of_equal_names_counts() {
        let json = Json::new(r#"{"a":1,"\u0061":2}"#);
        assert_eq!(json.get("a").unwrap().as_i64(), Some(2));
        assert!(json.get("b").is_none());
        assert!(Json::new("[1]").get("a").is_none());
    }

    #[test]
    fn nonsense_does_not_panic() {
        for text in ["", "\"", "\"a", "{\"a\"", "[1,", "tru", "-", "x", "{\"a\":\"\\u12\"}"] {
            let json = Json::new(text);
            let _ = (json.raw(), json.kind(), json.as_str(), json.as_i64(), json.as_f64(), json.as_bool());
            let _ = (json.members().count(), json.elements().count(), json.get("a").and_then(Json::as_str));
        }
    }
}
