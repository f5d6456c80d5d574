//! The configuration of a plugin: its keys (Kafka's `ConfigDef`) and the typed struct that it uses, from one definition.
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
//!     /// Maximum number of records per request.
//!     #[config(name = "batch.size", default = 2000, range(1..))]
//!     batch_size: u32,
//!     /// Milliseconds between two polls.
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
//! assert_eq!(keys[1].doc, "Maximum number of records per request.");
//! ```

mod capability;
mod check;
mod field;
mod key;
mod secrets;

use std::collections::BTreeMap;

pub use capability::Capability;
pub use check::check;
pub use field::{ConfigField, Password};
pub(crate) use secrets::{Secrets, Shown, received};
pub use weir_sdk_macros::Config;

pub use crate::bindings::plugin::interface::{ConfigType, Importance};
pub use crate::bindings::validation::interface::ConfigValue;

/// A key of a plugin's configuration (Kafka's `ConfigDef.ConfigKey`).
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigKey {
    /// The name of the key.
    pub name: String,
    /// Kafka's type.
    pub kind: ConfigType,
    /// Whether the key must be set. If true, `default` is `None`.
    pub required: bool,
    /// The default value as text, or `None` for null.
    pub default: Option<String>,
    /// The checks that the runtime makes before the plugin sees the value.
    pub validators: Vec<Validator>,
    /// The importance.
    pub importance: Importance,
    /// The documentation.
    pub doc: String,
    /// The heading under which user interfaces show the key.
    pub group: Option<String>,
    /// The position in the group, starting at 1.
    pub order: Option<u32>,
    /// The width of the field in user interfaces.
    pub width: Option<Width>,
    /// The name that user interfaces show, or `None` for the name of the key.
    pub display_name: Option<String>,
    /// The keys whose recommended values or visibility depend on this one.
    pub dependents: Vec<String>,
    /// Recommended values that do not depend on other keys.
    pub recommended_values: Vec<String>,
    /// Whether the key is not shown in user interfaces and definitions (Kafka's `internalConfig`).
    pub internal: bool,
}

/// The width of a field in user interfaces (Kafka's `ConfigDef.Width`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// Short.
    Short,
    /// Medium.
    Medium,
    /// Long.
    Long,
}

/// A check that the runtime makes before the plugin sees the value, with the same messages as Kafka Connect.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Validator {
    /// A number between these, both inclusive (`ConfigDef.Range`). `None` stands for no bound.
    Range(Option<i64>, Option<i64>),
    /// The same with bounds that need not be whole numbers. They must be finite.
    DoubleRange(Option<f64>, Option<f64>),
    /// `ConfigDef.NonEmptyString`.
    NonEmptyString,
    /// Exactly one of these (`ConfigDef.ValidString`).
    OneOf(Vec<String>),
    /// One of these, in upper or lower case (`ConfigDef.CaseInsensitiveValidString`).
    OneOfIgnoringCase(Vec<String>),
    /// A list with at least one entry.
    NonEmptyList,
    /// A list with at least one entry and without duplicates.
    NonEmptyListWithoutDuplicates,
    /// A list without duplicates, which may be empty.
    ListWithoutDuplicates,
    /// A regular expression in Java's syntax.
    Regex,
}

/// Keys and values. A plugin receives every key that the user set, and every key of its definition that has a default.
pub type ConfigMap = BTreeMap<String, String>;

/// A typed configuration, usually derived. See the [module](self).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a configuration",
    label = "not a configuration",
    note = "add `#[derive(weir_sdk::Config)]` to `{Self}`; a plugin without keys has `type Config = ();`"
)]
pub trait Config: Sized {
    /// Returns the keys, in the order in which they are documented.
    fn keys() -> Vec<ConfigKey>;

    /// Reads the values. Keys that are not set have the default value of the definition, and keys that are not in the
    /// definition are ignored.
    fn parse(entries: &ConfigMap) -> Result<Self, ConfigError>;
}

/// The configuration of plugins without any keys.
impl Config for () {
    fn keys() -> Vec<ConfigKey> {
        Vec::new()
    }

    fn parse(_: &ConfigMap) -> Result<(), ConfigError> {
        Ok(())
    }
}

/// A missing key or an invalid value. The messages are Kafka's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConfigError {
    /// The key.
    pub key: String,
    /// The complete message, including the key and the value.
    pub message: String,
}

impl ConfigError {
    /// Creates an error for an invalid `value` of `key`. The message ends with `why`.
    pub fn new(key: &str, value: &str, why: impl std::fmt::Display) -> ConfigError {
        ConfigError { key: key.into(), message: format!("Invalid value {value} for configuration {key}: {why}") }
    }

    /// Creates an error for a missing required `key`.
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
    //! What the code generated by the derive macro calls. The structs have no bounds, so that the compiler reports a wrong type only
    //! where such a struct is created.

    use std::fmt::Display;
    use std::str::FromStr;

    use super::{Config, ConfigError, ConfigField, ConfigKey, ConfigMap, ConfigType, Validator};

    /// What is known about the type of a field.
    #[derive(Debug)]
    pub struct FieldType<T> {
        /// Kafka's type.
        pub kind: ConfigType,
        /// Whether the key is optional although it has no default.
        pub optional: bool,
        /// The validators that the type implies.
        pub validators: Vec<Validator>,
        /// Reads the value of a key with a default.
        pub parse: fn(&ConfigMap, &str, Option<&str>) -> Result<T, ConfigError>,
    }

    /// What is known about the type of a field whose keys are those of another configuration.
    #[derive(Debug)]
    pub struct Flattened<T> {
        /// The keys.
        pub keys: Vec<ConfigKey>,
        /// Reads the configuration.
        pub parse: fn(&ConfigMap) -> Result<T, ConfigError>,
    }

    /// Describes a type that implements [`ConfigField`].
    pub fn field<T: ConfigField>() -> FieldType<T> {
        FieldType { kind: T::KIND, optional: T::OPTIONAL, validators: T::validators(), parse: parse_field }
    }

    /// Describes a type that implements `FromStr`.
    pub fn from_str<T: FromStr<Err: Display>>() -> FieldType<T> {
        FieldType { kind: ConfigType::String, optional: false, validators: Vec::new(), parse: parse_from_str }
    }

    /// Describes an `Option` of a type that implements `FromStr`.
    pub fn optional_from_str<T: FromStr<Err: Display>>() -> FieldType<Option<T>> {
        FieldType { kind: ConfigType::String, optional: true, validators: Vec::new(), parse: parse_optional_from_str }
    }

    /// Describes another configuration.
    pub fn flattened<T: Config>() -> Flattened<T> {
        Flattened { keys: T::keys(), parse: T::parse }
    }

    fn parse_field<T: ConfigField>(entries: &ConfigMap, key: &str, default: Option<&str>) -> Result<T, ConfigError> {
        match entries.get(key).map(String::as_str).or(default) {
            Some(text) => T::parse(text).map_err(|why| ConfigError::new(key, T::shown(text), why)),
            None => T::absent().ok_or_else(|| ConfigError::missing(key)),
        }
    }

    fn parse_from_str<T>(entries: &ConfigMap, key: &str, default: Option<&str>) -> Result<T, ConfigError>
    where
        T: FromStr<Err: Display>,
    {
        parse_optional_from_str(entries, key, default)?.ok_or_else(|| ConfigError::missing(key))
    }

    fn parse_optional_from_str<T>(
        entries: &ConfigMap,
        key: &str,
        default: Option<&str>,
    ) -> Result<Option<T>, ConfigError>
    where
        T: FromStr<Err: Display>,
    {
        let Some(text) = entries.get(key).map(String::as_str).or(default) else { return Ok(None) };
        text.parse().map(Some).map_err(|why| ConfigError::new(key, text, why))
    }
}
