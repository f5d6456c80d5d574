//! A plugin's configuration: the keys it has (Kafka's `ConfigDef`) and the typed struct it works with, from one definition.
//!
//! ```
//! use std::time::Duration;
//! use weir_sdk::config::{Config, ConfigMap};
//!
//! #[derive(Config)]
//! struct PollerConfig {
//!     /// Topic to write to.
//!     #[config(importance = high, validator = non_empty)]
//!     topic: String,
//!     /// Rows to ask for at once.
//!     #[config(name = "batch.size", default = 2000, range(1..))]
//!     batch_size: u32,
//!     /// Milliseconds between two looks.
//!     #[config(name = "poll.interval.ms", default = 5000)]
//!     poll_interval: Duration,
//! }
//!
//! let config = PollerConfig::parse(&ConfigMap::from([("topic".into(), "orders".into())])).unwrap();
//! assert_eq!(config.topic, "orders");
//! assert_eq!(config.batch_size, 2000);
//! assert_eq!(config.poll_interval, Duration::from_secs(5));
//!
//! let keys = PollerConfig::keys();
//! assert_eq!(keys[1].name, "batch.size");
//! assert_eq!(keys[1].default.as_deref(), Some("2000"));
//! assert_eq!(keys[1].doc, "Rows to ask for at once.");
//! ```

mod check;
mod field;
mod key;

use std::collections::BTreeMap;

pub use check::check;
pub use field::{ConfigField, Password};
pub use weir_sdk_macros::Config;

pub use crate::bindings::plugin::interface::{
    Capability, ConfigKey, ConfigType, ConfigValue, Importance, Validator, Width,
};

/// Keys and values as the user gave them.
pub type ConfigMap = BTreeMap<String, String>;

/// A typed configuration. Usually derived, see the [module](self).
pub trait Config: Sized {
    /// The keys, in the order in which they are documented.
    fn keys() -> Vec<ConfigKey>;

    /// Reads the values, with the definition's defaults for those that are not given. Keys that are not in the definition
    /// are not looked at.
    fn parse(entries: &ConfigMap) -> Result<Self, ConfigError>;
}

/// For plugins that have nothing to configure.
impl Config for () {
    fn keys() -> Vec<ConfigKey> {
        Vec::new()
    }

    fn parse(_: &ConfigMap) -> Result<(), ConfigError> {
        Ok(())
    }
}

/// A key that is missing or has a value that cannot be used. The messages are Kafka's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConfigError {
    /// The key.
    pub key: String,
    /// The whole message, with the key and the value in it.
    pub message: String,
}

impl ConfigError {
    /// `value` of `key` cannot be used; `why` ends the message.
    pub fn new(key: &str, value: &str, why: impl std::fmt::Display) -> ConfigError {
        ConfigError { key: key.into(), message: format!("Invalid value {value} for configuration {key}: {why}") }
    }

    /// `key` must be given.
    pub fn missing(key: &str) -> ConfigError {
        let message = format!("Missing required configuration \"{key}\" which has no default value.");
        ConfigError { key: key.into(), message }
    }
}

impl From<ConfigError> for ConfigValue {
    fn from(error: ConfigError) -> ConfigValue {
        ConfigValue::error(error.key, error.message)
    }
}

#[doc(hidden)]
pub mod derive {
    //! What the derive macro's output calls.

    use std::fmt::Display;
    use std::str::FromStr;

    use super::{ConfigError, ConfigField, ConfigMap};

    /// One field of a type that the SDK knows.
    pub fn field<T: ConfigField>(entries: &ConfigMap, key: &str, default: Option<&str>) -> Result<T, ConfigError> {
        match entries.get(key).map(String::as_str).or(default) {
            Some(text) => T::parse(text).map_err(|why| ConfigError::new(key, T::shown(text), why)),
            None => T::absent().ok_or_else(|| ConfigError::missing(key)),
        }
    }

    /// One field of any type that can be read from text.
    pub fn from_str<T>(entries: &ConfigMap, key: &str, default: Option<&str>) -> Result<T, ConfigError>
    where
        T: FromStr<Err: Display>,
    {
        optional_from_str(entries, key, default)?.ok_or_else(|| ConfigError::missing(key))
    }

    /// As `from_str`, for a key that may be absent.
    pub fn optional_from_str<T>(entries: &ConfigMap, key: &str, default: Option<&str>) -> Result<Option<T>, ConfigError>
    where
        T: FromStr<Err: Display>,
    {
        let Some(text) = entries.get(key).map(String::as_str).or(default) else { return Ok(None) };
        text.parse().map(Some).map_err(|why| ConfigError::new(key, text, why))
    }
}
