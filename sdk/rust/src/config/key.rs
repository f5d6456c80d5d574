//! The definition of a key, and how it is described to the runtime: optional properties are attributes, so that later
//! versions of the contract can add to them.

use std::fmt::Debug;

use super::{ConfigKey, ConfigType, ConfigValue, Importance, Validator, Width};
use crate::bindings::plugin::interface as wit;

impl ConfigKey {
    /// Creates a required key of medium importance. Set the public fields to change this.
    ///
    /// ```
    /// use weir_sdk::config::{ConfigKey, ConfigType};
    /// let key = ConfigKey { required: false, ..ConfigKey::new("file", ConfigType::String, "Source filename.") };
    /// assert_eq!(key.name, "file");
    /// ```
    pub fn new(name: impl Into<String>, kind: ConfigType, doc: impl Into<String>) -> ConfigKey {
        ConfigKey {
            name: name.into(),
            kind,
            required: true,
            default: None,
            validators: Vec::new(),
            importance: Importance::Medium,
            doc: doc.into(),
            group: None,
            order: None,
            width: None,
            display_name: None,
            dependents: Vec::new(),
            recommended_values: Vec::new(),
            internal: false,
        }
    }

    pub(crate) fn into_wit(self) -> wit::ConfigKey {
        let mut attributes: Vec<(String, String)> = Vec::new();
        let mut add = |name: &str, value: Option<String>| attributes.extend(value.map(|value| (name.into(), value)));
        add("group", self.group);
        add("order", self.order.map(|order| order.to_string()));
        add("width", self.width.map(|width| width.as_str().into()));
        add("display-name", self.display_name);
        self.dependents.into_iter().for_each(|key| add("dependent", Some(key)));
        self.recommended_values.into_iter().for_each(|value| add("recommended", Some(value)));
        add("internal", self.internal.then(|| "true".into()));
        wit::ConfigKey {
            name: self.name,
            value_type: self.kind,
            required: self.required,
            default: self.default,
            importance: self.importance,
            doc: self.doc,
            validators: self.validators.into_iter().map(Validator::into_wit).collect(),
            attributes,
        }
    }
}

impl Width {
    fn as_str(self) -> &'static str {
        match self {
            Width::Short => "short",
            Width::Medium => "medium",
            Width::Long => "long",
        }
    }
}

impl Validator {
    fn into_wit(self) -> wit::Validator {
        fn bound(bound: Option<impl Debug>) -> String {
            // A double has a decimal point or an exponent in this form, which tells it from a whole number.
            bound.map(|bound| format!("{bound:?}")).unwrap_or_default()
        }
        let (kind, args) = match self {
            Validator::Range(least, most) => ("range", vec![bound(least), bound(most)]),
            Validator::DoubleRange(least, most) => ("range", vec![bound(least), bound(most)]),
            Validator::NonEmptyString => ("non-empty-string", Vec::new()),
            Validator::OneOf(allowed) => ("one-of", allowed),
            Validator::OneOfIgnoringCase(allowed) => ("one-of-ignoring-case", allowed),
            Validator::NonEmptyList => ("non-empty-list", Vec::new()),
            Validator::NonEmptyListWithoutDuplicates => ("non-empty-list-without-duplicates", Vec::new()),
            Validator::ListWithoutDuplicates => ("list-without-duplicates", Vec::new()),
            Validator::Regex => ("regex", Vec::new()),
        };
        wit::Validator { kind: kind.into(), args }
    }
}

impl ConfigValue {
    /// Creates an error for a key, shown to the user with that key.
    ///
    /// ```
    /// use weir_sdk::config::ConfigValue;
    /// let found = ConfigValue::error("table", "The table orders does not exist");
    /// assert_eq!(found.errors.len(), 1);
    /// ```
    pub fn error(key: impl Into<String>, message: impl Into<String>) -> ConfigValue {
        ConfigValue { key: key.into(), errors: vec![message.into()], recommended_values: Vec::new(), visible: true }
    }

    /// Creates recommended values for a key.
    pub fn recommend(key: impl Into<String>, values: impl IntoIterator<Item = String>) -> ConfigValue {
        ConfigValue {
            key: key.into(),
            errors: Vec::new(),
            recommended_values: values.into_iter().collect(),
            visible: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_with_nothing_special_has_no_attributes() {
        let key = ConfigKey::new("file", ConfigType::String, "Source filename.").into_wit();
        assert_eq!((key.attributes, key.validators), (vec![], vec![]));
    }

    #[test]
    fn optional_properties_become_attributes() {
        let key = ConfigKey {
            group: Some("Files".into()),
            order: Some(2),
            width: Some(Width::Long),
            display_name: Some("File".into()),
            dependents: vec!["mode".into(), "charset".into()],
            recommended_values: vec!["/data/in".into()],
            internal: true,
            ..ConfigKey::new("file", ConfigType::String, "")
        };
        let attributes = key.into_wit().attributes;
        let attributes: Vec<_> = attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let expected = [
            ("group", "Files"),
            ("order", "2"),
            ("width", "long"),
            ("display-name", "File"),
            ("dependent", "mode"),
            ("dependent", "charset"),
            ("recommended", "/data/in"),
            ("internal", "true"),
        ];
        assert_eq!(attributes, expected);
    }

    #[test]
    fn a_bound_that_is_missing_is_an_empty_argument() {
        let range = Validator::Range(Some(1), None).into_wit();
        assert_eq!((range.kind.as_str(), range.args), ("range", vec!["1".to_string(), String::new()]));
        let decimals = Validator::DoubleRange(Some(0.25), Some(1.0)).into_wit();
        assert_eq!((decimals.kind.as_str(), decimals.args), ("range", vec!["0.25".to_string(), "1.0".to_string()]));
        let one_of = Validator::OneOf(vec!["a".into()]).into_wit();
        assert_eq!((one_of.kind.as_str(), one_of.args), ("one-of", vec!["a".to_string()]));
    }
}
