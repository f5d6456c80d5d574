//! Converters for tests.

use std::collections::HashMap;

use super::Converters;
use weir_config::{ConverterSetting, ConverterSettings};

/// Text keys, simple headers, and this converter for values.
pub(crate) fn converters(value: &str) -> Converters {
    let setting = |class: &str| ConverterSetting { class: class.to_owned(), settings: HashMap::new() };
    let settings = ConverterSettings {
        key: setting("StringConverter"),
        value: setting(value),
        header: setting("SimpleHeaderConverter"),
    };
    Converters::new(&settings).expect("converters that there are")
}
