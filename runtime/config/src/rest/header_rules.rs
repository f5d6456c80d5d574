//! Headers that are added to responses: `response.http.headers.config`. The rules and messages are those of Kafka Connect 4.3 and
//! of the Jetty handler that it configures with them.

use http::header::{HeaderName, HeaderValue};

use crate::error::Error;
use crate::keys::KeyReader;

const RESPONSE_HEADERS: &str = "response.http.headers.config";

/// A rule of `response.http.headers.config`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderRule {
    /// Whether the value is added to other values; otherwise it replaces them.
    pub add: bool,
    /// The name of the header.
    pub name: HeaderName,
    /// The value of the header.
    pub value: HeaderRuleValue,
}

/// The value that a rule sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderRuleValue {
    /// A fixed text.
    Text(HeaderValue),
    /// The time of the response plus this number of milliseconds.
    Date(i64),
}

impl HeaderRule {
    /// Reads the key.
    pub(crate) fn read_all(reader: &mut KeyReader<'_>) -> Vec<Self> {
        let text = reader.text(RESPONSE_HEADERS);
        reader.or_note(Self::parse_all(&text)).unwrap_or_default()
    }

    /// Parses a list of rules, `add X-A:1, "set X-B: a, b"`.
    fn parse_all(text: &str) -> Result<Vec<Self>, Error> {
        match text.trim().is_empty() {
            true => Ok(Vec::new()),
            false => split(text).iter().map(|rule| Self::parse(rule)).collect(),
        }
    }

    fn parse(rule: &str) -> Result<Self, Error> {
        let refuse = |message: String| Error::other(RESPONSE_HEADERS, message);
        let Some((action, header)) = rule.trim().split_once(char::is_whitespace) else {
            let expected = "Expected: '[action] [header name]:[header value]'";
            return Err(refuse(format!("Invalid format of header config '{rule}'. {expected}")));
        };
        let (add, date) = match action.to_ascii_lowercase().as_str() {
            "set" => (false, false),
            "add" => (true, false),
            "setdate" => (false, true),
            "adddate" => (true, true),
            _ => {
                let expected = "Expected one of [set, add, setDate, addDate]";
                return Err(refuse(format!("Invalid header config action: '{action}'. {expected}")));
            }
        };
        let header = header.trim();
        let (name, value) = match header.split_once(':') {
            Some((name, value)) if !value.is_empty() && !value.contains(':') => (name.trim(), value.trim()),
            _ => {
                let expected = "Expected: '[header name]:[header value]'";
                return Err(refuse(format!(
                    "Invalid format of header name and header value pair '{header}'. {expected}"
                )));
            }
        };
        if name.is_empty() || name.contains(char::is_whitespace) {
            let rule = "The '[header name]' cannot contain whitespace";
            return Err(refuse(format!("Invalid header name '{name}'. {rule}")));
        }
        let name = HeaderName::try_from(name).map_err(|_| {
            refuse(format!("Invalid header name '{name}'. It contains a character that a header name cannot have"))
        })?;
        let value = match date {
            false => HeaderRuleValue::Text(HeaderValue::from_str(value).map_err(|_| {
                refuse(format!(
                    "Invalid value '{value}' of header '{name}'. It contains a character that a header cannot have"
                ))
            })?),
            true => HeaderRuleValue::Date(value.parse().map_err(|_| {
                refuse(format!("Invalid value '{value}' of header '{name}'. A date is given as milliseconds from now"))
            })?),
        };
        Ok(Self { add, name, value })
    }
}

/// Splits a list at its commas, except those in quotes, and removes the quotes.
fn split(text: &str) -> Vec<String> {
    let (mut entries, mut entry, mut quoted) = (Vec::new(), String::new(), false);
    for c in text.chars() {
        match c {
            '"' if quoted || entry.trim().is_empty() => quoted = !quoted,
            ',' if !quoted => entries.push(std::mem::take(&mut entry).trim().to_owned()),
            other => entry.push(other),
        }
    }
    // Jetty ignores a comma at the end.
    if !entry.trim().is_empty() {
        entries.push(entry.trim().to_owned());
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_rules_are_read_and_refused_as_kafka_connect_does() {
        let rules = HeaderRule::parse_all(r#"add X-A:1, "set X-B: a, b",setDate X-C: -5 ,"#).expect("in order");
        assert_eq!(rules.len(), 3);
        assert_eq!(rules[1].value, HeaderRuleValue::Text(HeaderValue::from_static("a, b")));
        assert_eq!((rules[0].add, rules[2].add), (true, false));
        assert_eq!(rules[2].value, HeaderRuleValue::Date(-5));
        assert_eq!(HeaderRule::parse_all("  "), Ok(Vec::new()));
        for (text, message) in [
            ("bad", "Invalid format of header config 'bad'. Expected: '[action] [header name]:[header value]'"),
            (
                "set X",
                "Invalid format of header name and header value pair 'X'. Expected: '[header name]:[header value]'",
            ),
            (
                "set X:1:2",
                "Invalid format of header name and header value pair 'X:1:2'. Expected: '[header name]:[header value]'",
            ),
            (
                "set X:",
                "Invalid format of header name and header value pair 'X:'. Expected: '[header name]:[header value]'",
            ),
            ("put X:1", "Invalid header config action: 'put'. Expected one of [set, add, setDate, addDate]"),
            ("set X Y:1", "Invalid header name 'X Y'. The '[header name]' cannot contain whitespace"),
            ("set :1", "Invalid header name ''. The '[header name]' cannot contain whitespace"),
            ("set X: 1, ,", "Invalid format of header config ''. Expected: '[action] [header name]:[header value]'"),
            ("addDate X:soon", "Invalid value 'soon' of header 'x'. A date is given as milliseconds from now"),
        ] {
            assert_eq!(HeaderRule::parse_all(text).expect_err(text).to_string(), message);
        }
    }
}
