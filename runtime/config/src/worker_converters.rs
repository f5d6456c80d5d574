//! Whether the worker's converters can be made. Those that a connector brings itself are the matter of `validation`.
//!
//! As in Kafka Connect a converter gets its settings when a task makes it: a worker with settings that are of no use starts, and the
//! tasks that use the converter fail.

use weir_data::converter::{ConfigError, converter, header_converter};

use super::error::Error;
use crate::converter::{ConverterSetting, ConverterSettings};

/// Makes each converter once, and notes what keeps it from being made: a class that is not there is an error.
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
    // The file lacks it, which is said already.
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
