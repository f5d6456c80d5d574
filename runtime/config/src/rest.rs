//! Keys of the REST server beside its addresses: cross-origin requests, and headers that are added to its answers. The rules and
//! texts are those of Kafka Connect 4.3 and of Jetty's handlers that it configures with them.

use http::header::{HeaderName, HeaderValue};
use weir_java::regex::JavaRegex;

use super::error::Error;

/// Key of the origins.
pub const ALLOW_ORIGIN: &str = "access.control.allow.origin";

/// Key of the headers.
pub const RESPONSE_HEADERS: &str = "response.http.headers.config";

/// Which web pages of other sites may read answers: `access.control.allow.origin` and `access.control.allow.methods`.
#[derive(Debug, Clone)]
pub struct CrossOrigin {
    /// Regular expressions, each for a whole origin; none = any origin.
    origins: Option<Vec<JavaRegex>>,
    /// What a preflight request is told, `GET,PUT`.
    pub methods: HeaderValue,
}

impl CrossOrigin {
    /// From the two keys; `None` if no page of another site may read anything.
    ///
    /// # Errors
    ///
    /// An origin that is not a regular expression, or methods that no header may have.
    pub fn parse(origins: &str, methods: &str) -> Result<Option<Self>, Error> {
        if origins.trim().is_empty() {
            return Ok(None);
        }
        let mut patterns = Some(Vec::new());
        for origin in origins.split(',').map(str::trim).filter(|origin| !origin.is_empty()) {
            if origin == "*" {
                patterns = None;
                break;
            }
            let pattern = JavaRegex::ignoring_case(origin)
                .map_err(|error| Error::invalid(ALLOW_ORIGIN, origin, format!("not a regular expression: {error}")))?;
            patterns.get_or_insert_default().push(pattern);
        }
        let mut methods: Vec<&str> = methods.split(',').map(str::trim).filter(|method| !method.is_empty()).collect();
        if methods.is_empty() {
            methods = vec!["GET", "POST", "HEAD"];
        }
        let methods = HeaderValue::from_str(&methods.join(",")).map_err(|_| {
            Error::invalid("access.control.allow.methods", methods.join(","), "not the names of methods")
        })?;
        Ok(Some(Self { origins: patterns, methods }))
    }

    /// Whether a page with this `Origin` header may read the answer. Of several origins, one is enough, as in Jetty.
    pub fn allows(&self, origin: &HeaderValue) -> bool {
        let Some(patterns) = &self.origins else { return true };
        // What is no text matches nothing; neither does what a pattern needs too long for.
        let origins = origin.to_str().unwrap_or_default().split(' ').map(str::trim).filter(|origin| !origin.is_empty());
        origins.into_iter().any(|origin| patterns.iter().any(|pattern| pattern.matches(origin).unwrap_or(false)))
    }
}

/// One rule of `response.http.headers.config`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderRule {
    /// True = beside other values, false = in their place.
    pub add: bool,
    /// The header.
    pub name: HeaderName,
    /// Its value.
    pub value: HeaderRuleValue,
}

/// What a rule gives to a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderRuleValue {
    /// Always the same.
    Text(HeaderValue),
    /// The time of the answer, moved by some milliseconds.
    Date(i64),
}

impl HeaderRule {
    /// Reads a list of rules, `add X-A:1, "set X-B: a, b"`.
    pub(super) fn parse_all(text: &str) -> Result<Vec<Self>, Error> {
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
        let name = HeaderName::try_from(name)
            .map_err(|_| refuse(format!("Invalid header name '{name}'. It holds what no header's name may hold")))?;
        let value = match date {
            false => HeaderRuleValue::Text(HeaderValue::from_str(value).map_err(|_| {
                refuse(format!("Invalid value '{value}' of header '{name}'. It holds what no header may hold"))
            })?),
            true => HeaderRuleValue::Date(value.parse().map_err(|_| {
                refuse(format!("Invalid value '{value}' of header '{name}'. A date is given as milliseconds from now"))
            })?),
        };
        Ok(Self { add, name, value })
    }
}

/// The entries of a list with commas between them; quotes around an entry keep its commas, and go.
fn split(text: &str) -> Vec<String> {
    let (mut entries, mut entry, mut quoted) = (Vec::new(), String::new(), false);
    for c in text.chars() {
        match c {
            '"' if quoted || entry.trim().is_empty() => quoted = !quoted,
            ',' if !quoted => entries.push(std::mem::take(&mut entry).trim().to_owned()),
            other => entry.push(other),
        }
    }
    // Jetty passes over a comma at the end.
    if !entry.trim().is_empty() {
        entries.push(entry.trim().to_owned());
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(origins: &str, origin: &str) -> bool {
        let rules = CrossOrigin::parse(origins, "").expect("in order").expect("rules");
        rules.allows(&HeaderValue::from_str(origin).expect("a header"))
    }

    #[test]
    fn origins_are_regular_expressions_for_the_whole_origin_in_any_case() {
        assert!(CrossOrigin::parse(" ", "GET").expect("in order").is_none());
        assert!(CrossOrigin::parse("(", "").is_err());
        assert!(allows("*", "http://any.example") && allows("http://a.example, *", "null"));
        let two = "http://good.example,https://.*\\.wild\\.example";
        for good in
            ["http://good.example", "HTTP://Good.Example", "https://a.wild.example", "http://x http://good.example"]
        {
            assert!(allows(two, good), "{good}");
        }
        for bad in ["http://good.example.evil.example", "xhttp://good.example", "http://a.wild.example", "null", ""] {
            assert!(!allows(two, bad), "{bad}");
        }
        let rules = CrossOrigin::parse("*", "PUT , GET,").expect("in order").expect("rules");
        assert_eq!(rules.methods, "PUT,GET");
        assert_eq!(CrossOrigin::parse("*", " ").expect("in order").expect("rules").methods, "GET,POST,HEAD");
    }

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
