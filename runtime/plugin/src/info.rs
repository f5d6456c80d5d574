//! The description of a component's plugins: the types of `wit/plugin.wit` for code without bindings.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use weir_data::text::shown;

/// The kind of a plugin. Serialised as in the result of `GET /connector-plugins`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PluginKind {
    /// A connector that produces records to Kafka.
    Source,
    /// A connector that receives records from Kafka.
    Sink,
    /// A single message transform.
    Transformation,
    /// A condition on a transform.
    Predicate,
}

impl PluginKind {
    /// Returns the name in the REST API: `source`, `sink`, `transformation`, `predicate`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Sink => "sink",
            Self::Transformation => "transformation",
            Self::Predicate => "predicate",
        }
    }
}

/// A plugin of a component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginInfo {
    /// The full class name that users write. Unique within the component, never empty.
    pub class: String,
    /// The kind of the plugin.
    pub kind: PluginKind,
    /// The version that the plugin reports. May be empty.
    pub version: String,
    /// The definition of its configuration, in the plugin's order. Names are unique and not empty.
    pub config: Vec<ConfigKey>,
    /// What the plugin does, for users.
    pub doc: Option<String>,
    /// The number of bytes of memory that an instance needs at most, or `None` to use the worker's limit.
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

/// A check of values that the runtime makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Validator {
    /// `ConfigDef.Range`: both bounds are inclusive, and may be missing.
    Range(Option<Bound>, Option<Bound>),
    /// `ConfigDef.NonEmptyString`.
    NonEmptyString,
    /// `ConfigDef.ValidString`: exactly one of these.
    OneOf(Vec<String>),
    /// `ConfigDef.CaseInsensitiveValidString`.
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

/// A key of a plugin's configuration (Kafka's `ConfigDef.ConfigKey`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigKey {
    /// The name of the key.
    pub name: String,
    /// The type of its value.
    pub kind: ConfigType,
    /// Whether the key must be set. If true, it has no default.
    pub required: bool,
    /// The default value, or `None` for null.
    pub default: Option<String>,
    /// The checks of the value, in this order.
    pub validators: Vec<Validator>,
    /// How important the key is.
    pub importance: Importance,
    /// The documentation of the key, for users.
    pub doc: String,
    /// The group in user interfaces.
    pub group: Option<String>,
    /// The position in the group, starting at 1, or -1 if there is none.
    pub order_in_group: i32,
    /// The width of the input field in user interfaces.
    pub width: Width,
    /// The name in user interfaces.
    pub display_name: String,
    /// Keys whose recommended values or visibility depend on this one.
    pub dependents: Vec<String>,
    /// Recommended values.
    pub recommended_values: Vec<String>,
    /// Whether the key is shown in definitions and user interfaces.
    pub visible: bool,
}

/// The result of a plugin's `validate` for a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigValue {
    /// The key, which the definition may not contain.
    pub key: String,
    /// The errors of its value, or empty if it is valid.
    pub errors: Vec<String>,
    /// Replaces the recommended values of the definition, unless it is empty.
    pub recommended_values: Vec<String>,
    /// Whether the key is visible.
    pub visible: bool,
}
