//! Makes keys and findings by hand, for what the derive macro has no attribute for.

use super::{ConfigKey, ConfigType, ConfigValue, Importance, Width};

impl ConfigKey {
    /// A required key of medium importance; change the public fields for more.
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
    /// An error of one key, shown to the user beside it.
    ///
    /// ```
    /// use weir_sdk::config::ConfigValue;
    /// let found = ConfigValue::error("table", "The table orders does not exist");
    /// assert_eq!(found.errors.len(), 1);
    /// ```
    pub fn error(key: impl Into<String>, message: impl Into<String>) -> ConfigValue {
        ConfigValue { key: key.into(), errors: vec![message.into()], recommended_values: Vec::new(), visible: true }
    }

    /// Values to offer to a user for one key.
    pub fn recommend(key: impl Into<String>, values: impl IntoIterator<Item = String>) -> ConfigValue {
        ConfigValue {
            key: key.into(),
            errors: Vec::new(),
            recommended_values: values.into_iter().collect(),
            visible: true,
        }
    }
}
