//! What a component says about its plugins: plain twins of the types in `wit/plugin.wit`, for readers without bindings.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use weir_data::text::shown;

/// What a plugin is. Serialised as in the answers of `GET /connector-plugins`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PluginKind {
    /// A connector that brings rows into Kafka.
    Source,
    /// A connector that takes rows out of Kafka.
    Sink,
    /// A single message transform.
    Transformation,
    /// A condition on a transform.
    Predicate,
}

impl PluginKind {
    /// The word of the REST API: `source`, `sink`, `transformation`, `predicate`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Sink => "sink",
            Self::Transformation => "transformation",
            Self::Predicate => "predicate",
        }
    }
}

/// One plugin of a component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginInfo {
    /// The full class name that users write. Unique within the component, never empty.
    pub class: String,
    /// What it is.
    pub kind: PluginKind,
    /// Its version, as the plugin gives it. May be empty.
    pub version: String,
    /// The definition of its configuration, in the plugin's order. Names are unique and not empty.
    pub config: Vec<ConfigKey>,
    /// What it does, for people.
    pub doc: Option<String>,
    /// Bytes of memory that an instance needs at most; none = the worker's own limit.
    pub memory: Option<u64>,
}

/// Kafka's `ConfigDef.Type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are Kafka's")]
pub enum ConfigType {
    Boolean,
    String,
    Int,
    Short,
    Long,
    Double,
    List,
    Class,
    Password,
}

/// Kafka's `ConfigDef.Importance`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are Kafka's")]
pub enum Importance {
    High,
    Medium,
    Low,
}

/// Kafka's `ConfigDef.Width`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are Kafka's")]
pub enum Width {
    None,
    Short,
    Medium,
    Long,
}

/// A bound of a range: a Java `Number`, which error messages print as it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Bound {
    /// A `Long`.
    Whole(i64),
    /// A `Double`. Finite.
    Double(f64),
}

impl Eq for Bound {}

impl FromStr for Bound {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(whole) = text.parse() {
            return Ok(Self::Whole(whole));
        }
        // Rust would read `inf` and `nan` too.
        let is_decimal = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
        match text.parse::<f64>() {
            Ok(double) if is_decimal && double.is_finite() => Ok(Self::Double(double)),
            _ => {
                Err(format!("{:?} is not a valid bound of a range: it must be a number such as 1 or 0.5", shown(text)))
            }
        }
    }
}

impl TryFrom<String> for Bound {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Bound> for String {
    fn from(bound: Bound) -> Self {
        match bound {
            Bound::Whole(whole) => whole.to_string(),
            // With a decimal point or an exponent, so that it is read as a double again.
            Bound::Double(double) => format!("{double:?}"),
        }
    }
}

/// A check of a value that the runtime makes itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Validator {
    /// `ConfigDef.Range`: both bounds are inclusive, and may be missing.
    Range(Option<Bound>, Option<Bound>),
    /// `ConfigDef.NonEmptyString`.
    NonEmptyString,
    /// `ConfigDef.ValidString`: one of these, exactly.
    OneOf(Vec<String>),
    /// `ConfigDef.CaseInsensitiveValidString`.
    OneOfIgnoringCase(Vec<String>),
    /// At least one entry.
    NonEmptyList,
    /// No entry twice, and at least one.
    NonEmptyListWithoutDuplicates,
    /// No entry twice; may be empty.
    ListWithoutDuplicates,
    /// A regular expression in Java's syntax.
    Regex,
}

/// One key of a plugin's configuration (Kafka's `ConfigDef.ConfigKey`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigKey {
    /// The key.
    pub name: String,
    /// The type of its value.
    pub kind: ConfigType,
    /// True = the key must be given, and has no default.
    pub required: bool,
    /// The value of a key that is not given; none = null.
    pub default: Option<String>,
    /// Checks of the value, in this order.
    pub validators: Vec<Validator>,
    /// How important the key is.
    pub importance: Importance,
    /// What the key means, for people.
    pub doc: String,
    /// The group it is shown in.
    pub group: Option<String>,
    /// Position in the group, from 1; -1 = none.
    pub order_in_group: i32,
    /// How wide an input field should be.
    pub width: Width,
    /// The key's name for people.
    pub display_name: String,
    /// Keys whose recommended values or visibility depend on this one.
    pub dependents: Vec<String>,
    /// Values to offer to a user.
    pub recommended_values: Vec<String>,
    /// False = kept out of definitions and user interfaces.
    pub visible: bool,
}

/// What a plugin's `validate` found out about one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigValue {
    /// The key. May be one that the definition does not have.
    pub key: String,
    /// What is wrong with its value; empty = nothing.
    pub errors: Vec<String>,
    /// Replaces the definition's recommended values when not empty.
    pub recommended_values: Vec<String>,
    /// False = hide the key.
    pub visible: bool,
}
