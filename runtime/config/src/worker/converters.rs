//! The worker's converters. Those that a connector configures itself are checked by `validation`.
//!
//! As in Kafka Connect, a converter gets its settings when a task creates it: a worker with invalid settings starts, and the tasks
//! that use the converter fail.

use std::collections::HashMap;

use weir_data::converter::{ConfigError, converter, header_converter};

use crate::converter::{ConverterSetting, ConverterSettings};
use crate::error::Error;
use crate::keys::KeyReader;
use crate::prefix::with_prefix;

/// Reads the three converters and their settings.
pub(super) fn read(reader: &mut KeyReader<'_>) -> ConverterSettings {
    let mut converter = |name: &str| {
        let mut settings: HashMap<String, String> = with_prefix(reader.config, &format!("{name}."));
        settings.remove("plugin.version");
        ConverterSetting { class: reader.text(name), settings }
    };
    ConverterSettings {
        key: converter("key.converter"),
        value: converter("value.converter"),
        header: converter("header.converter"),
    }
}

/// Creates each converter once. A class that does not exist is an error; any other failure is a warning.
pub(super) fn check(converters: &ConverterSettings, errors: &mut Vec<Error>, warnings: &mut Vec<String>) {
    let ConverterSettings { key, value, header } = converters;
    check_one("key.converter", key, errors, warnings, |one| converter(&one.class, &one.settings, true).map(drop));
    check_one("value.converter", value, errors, warnings, |one| converter(&one.class, &one.settings, false).map(drop));
    check_one("header.converter", header, errors, warnings, |one| {
        header_converter(&one.class, &one.settings).map(drop)
    });
}

fn check_one(
    key: &str,
    setting: &ConverterSetting,
    errors: &mut Vec<Error>,
    warnings: &mut Vec<String>,
    make: impl FnOnce(&ConverterSetting) -> Result<(), ConfigError>,
) {
    // The key is missing, which is an error already.
    if setting.class.is_empty() {
        return;
    }
    match make(setting) {
        Ok(()) => {}
        Err(ConfigError::UnknownClass { class, known, .. }) => {
            let detail = format!("Class {class} could not be found. Weir has {known}");
            errors.push(Error::invalid(key, &class, detail));
        }
        Err(error) => {
            warnings.push(format!("worker key '{key}': {error}. Tasks of connectors that use this converter will fail"))
        }
    }
}
