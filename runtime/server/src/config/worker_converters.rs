//! Whether the worker's converters can be made. Those that a connector brings itself are the matter of `validation`.

use weir_data::converter::{ConfigError, converter, header_converter};

use super::error::Error;
use crate::task::convert::{ConverterSetting, ConverterSettings};

/// Makes each converter once, and notes what keeps it from being made.
pub(super) fn check(converters: &ConverterSettings, errors: &mut Vec<Error>) {
    let ConverterSettings { key, value, header } = converters;
    check_one("key.converter", key, errors, |one| converter(&one.class, &one.settings, true).map(drop));
    check_one("value.converter", value, errors, |one| converter(&one.class, &one.settings, false).map(drop));
    check_one("header.converter", header, errors, |one| header_converter(&one.class, &one.settings).map(drop));
}

fn check_one(
    key: &str,
    setting: &ConverterSetting,
    errors: &mut Vec<Error>,
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
        // Kafka Connect names the setting without the converter's prefix.
        Err(error) => errors.push(Error::other(key, error.to_string())),
    }
}
