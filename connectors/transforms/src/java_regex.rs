//! A configuration key whose value is a regular expression in Java's syntax.

use weir_java::regex::JavaRegex;
use weir_sdk::ConfigError;

/// Parses the expression that is the value of a key.
pub(crate) fn of_key(key: &str, pattern: &str) -> Result<JavaRegex, ConfigError> {
    JavaRegex::new(pattern).map_err(|error| ConfigError::new(key, pattern, format_args!("Invalid regex: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_expression_is_told_with_its_key() {
        let error = of_key("regex", "(").unwrap_err();
        assert!(error.message.starts_with("Invalid value ( for configuration regex: Invalid regex: "), "{error}");
    }
}
