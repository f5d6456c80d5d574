//! Cross-origin requests: `access.control.allow.origin` and `access.control.allow.methods`. The rules and messages are those of
//! Kafka Connect 4.3 and of the Jetty handler that it configures with them.

use http::header::HeaderValue;
use weir_java::regex::JavaRegex;

use crate::error::Error;
use crate::keys::KeyReader;

const ALLOW_ORIGIN: &str = "access.control.allow.origin";
const ALLOW_METHODS: &str = "access.control.allow.methods";

/// Which web pages of other sites may read responses.
#[derive(Debug, Clone)]
pub struct CrossOrigin {
    /// Regular expressions that match whole origins; `None` for any origin.
    origins: Option<Vec<JavaRegex>>,
    /// The methods in responses to preflight requests, `GET,PUT`.
    pub methods: HeaderValue,
}

impl CrossOrigin {
    /// Reads the two keys.
    pub(crate) fn read(reader: &mut KeyReader<'_>) -> Option<Self> {
        let (origins, methods) = (reader.text(ALLOW_ORIGIN), reader.text(ALLOW_METHODS));
        reader.or_note(Self::parse(&origins, &methods)).flatten()
    }

    /// Parses the values of both keys; `None` if pages of other sites may not read responses.
    ///
    /// # Errors
    ///
    /// An origin is not a valid regular expression, or the methods are not a valid header value.
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
            let pattern = JavaRegex::ignoring_case(origin).map_err(|error| {
                Error::invalid(ALLOW_ORIGIN, origin, format!("not a valid regular expression: {error}"))
            })?;
            patterns.get_or_insert_default().push(pattern);
        }
        let mut methods: Vec<&str> = methods.split(',').map(str::trim).filter(|method| !method.is_empty()).collect();
        if methods.is_empty() {
            methods = vec!["GET", "POST", "HEAD"];
        }
        let methods = HeaderValue::from_str(&methods.join(","))
            .map_err(|_| Error::invalid(ALLOW_METHODS, methods.join(","), "not valid names of methods"))?;
        Ok(Some(Self { origins: patterns, methods }))
    }

    /// Whether a page with this `Origin` header may read the response. One of several origins is enough, as in Jetty.
    pub fn allows(&self, origin: &HeaderValue) -> bool {
        let Some(patterns) = &self.origins else { return true };
        // A value that is not text matches nothing, nor does one for which a pattern takes too long.
        let origins = origin.to_str().unwrap_or_default().split(' ').map(str::trim).filter(|origin| !origin.is_empty());
        origins.into_iter().any(|origin| patterns.iter().any(|pattern| pattern.matches(origin).unwrap_or(false)))
    }
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
}
