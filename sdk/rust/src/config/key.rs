//! Creates keys and validation results in code, for what the derive macro has no attributes for.

use super::{ConfigKey, ConfigType, ConfigValue, Importance, Width};

impl ConfigKey {
    /// Creates a required key of medium importance. Set the public fields to change this.
    ///
    /// ```
    /// use weir_sdk::config::{ConfigKey, ConfigType};
    /// let key = ConfigKey { required: false, ..ConfigKey::new("file", ConfigType::String, "Source filename.") };
    /// assert_eq!(key.display_name, "file");
    /// ```
    pub fn new(name: impl Into<String>, kind: ConfigType, doc: impl Into<String>) -> ConfigKey {
        let name = name.into();
        ConfigKey {
            display_name: name.clone(),
            name,
            kind,
            required: true,
            default: None,
            validators: Vec::new(),
            importance: Importance::Medium,
            doc: doc.into(),
            group: None,
            order_in_group: -1,
            width: Width::None,
            dependents: Vec::new(),
            recommended_values: Vec::new(),
            visible: true,
        }
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
