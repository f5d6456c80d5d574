//! Parses the settings of converters as Kafka Connect's ConfigDef does.

use std::collections::HashMap;

use super::ConfigError;

/// Parses a boolean setting: `true` or `false`, in upper or lower case.
pub(crate) fn boolean(
    settings: &HashMap<String, String>,
    key: &'static str,
    default: bool,
) -> Result<bool, ConfigError> {
    let Some(value) = settings.get(key) else { return Ok(default) };
    match value.trim() {
        text if text.eq_ignore_ascii_case("true") => Ok(true),
        text if text.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err(invalid(key, value, "Expected value to be either true or false")),
    }
}

/// Parses a 32-bit integer.
pub(crate) fn int(settings: &HashMap<String, String>, key: &'static str, default: i32) -> Result<i32, ConfigError> {
    let Some(value) = settings.get(key) else { return Ok(default) };
    value.trim().parse().map_err(|_| invalid(key, value, "Not a number of type INT"))
}

/// Returns the error for an invalid value.
pub(crate) fn invalid(key: &'static str, value: &str, reason: impl Into<String>) -> ConfigError {
    ConfigError::Setting { key, value: value.to_owned(), reason: reason.into() }
}
