//! The converters of a connector, from its configuration or the worker's.

use std::collections::HashMap;

/// A converter's class and settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConverterSetting {
    /// Full class name or alias.
    pub class: String,
    /// The settings, without prefix.
    pub settings: HashMap<String, String>,
}

/// The three converters of a task.
#[derive(Debug, Clone)]
pub struct ConverterSettings {
    /// `key.converter`.
    pub key: ConverterSetting,
    /// `value.converter`.
    pub value: ConverterSetting,
    /// `header.converter`.
    pub header: ConverterSetting,
}
