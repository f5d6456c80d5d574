//! The settings of the converters that a connector configures itself (`AbstractHerder.validateConverterConfig`).

use weir_data::converter::ConfigError;
use weir_plugin::ConfigKey;

use super::context::Context;
use super::definitions::{Definition, Definitions, FoundValues, Rule};
use super::infos::ConfigInfos;
use crate::error::Error;
use crate::keys::check::Check;
use crate::recorded;
use weir_api::json::StringMap;
use weir_catalogue::{BuiltIn, VersionRange};
use weir_java::text::trim;

/// In Kafka Connect's order.
const CONVERTERS: [(&str, &str); 3] =
    [("header.converter", "header"), ("key.converter", "key"), ("value.converter", "value")];

/// Validates the settings of all converters that the configuration names. Errors about a converter itself are added to `values`,
/// which contains the framework's keys.
pub(super) fn validate(context: Context<'_>, values: &mut FoundValues) -> ConfigInfos {
    let mut infos = ConfigInfos::empty("");
    for (key, part) in CONVERTERS {
        if let Some(of_part) = validate_one(context, key, part, values) {
            infos.append(of_part);
        }
    }
    infos
}

/// Returns the definitions of a converter's settings.
pub(super) fn definitions(class: &str) -> Definitions {
    let mut definitions = Definitions::default();
    for key in recorded::definitions(class) {
        definitions.define(definition(key.clone()));
    }
    definitions
}

fn definition(key: ConfigKey) -> Definition {
    let checks: &'static [Check<'static>] = match key.name.as_str() {
        "converter.type" => &[Check::OneOf(&["key", "value", "header"])],
        "decimal.format" => &[Check::OneOfIgnoringCase(&["BASE64", "NUMERIC"])],
        _ => &[],
    };
    Definition { key, rule: Rule::Checks(checks), is_class: false, visible: true }
}

fn validate_one(context: Context<'_>, key: &str, part: &str, values: &mut FoundValues) -> Option<ConfigInfos> {
    let class = context.given(key)?;
    let version_key = format!("{key}.plugin.version");
    let has_errors = |key: &str| values.get(key).is_none_or(|found| !found.errors.is_empty());
    if has_errors(key) || has_errors(&version_key) {
        return None;
    }
    let range = VersionRange::requirement(context.given(&version_key)).ok().flatten();
    let converter = match context.catalogue.converter(trim(class), part == "header", range.as_ref()) {
        Ok(converter) => converter,
        Err(error) => {
            for key in [key, &version_key] {
                if let Some(found) = values.get_mut(key) {
                    found.errors.push(error.to_string());
                }
            }
            return None;
        }
    };
    let prefix = format!("{key}.");
    let mut settings: StringMap = context
        .config
        .iter()
        .filter_map(|(key, value)| Some((key.strip_prefix(&prefix)?.to_owned(), value.clone())))
        .collect();
    let kind = settings.entry("converter.type".to_owned()).or_insert(None);
    kind.get_or_insert_with(|| part.to_owned());
    let definitions = definitions(converter.class);
    let found = definitions.validate_all(&settings, context.catalogue);
    let mut infos = ConfigInfos::of_part(&definitions, found, &prefix);
    if infos.error_count == 0
        && let Some((key, message)) = try_out(converter, &settings, part)
    {
        infos.add_errors(&[Error::other(format!("{prefix}{key}"), message)]);
    }
    Some(infos)
}

/// Creates the converter, because some settings are checked only by the converter itself.
fn try_out(converter: BuiltIn, settings: &StringMap, part: &str) -> Option<(&'static str, String)> {
    let settings = settings.iter().filter_map(|(key, value)| Some((key.clone(), value.clone()?))).collect();
    let made = match part {
        "header" => weir_data::converter::header_converter(converter.class, &settings).map(drop),
        part => weir_data::converter::converter(converter.class, &settings, part == "key").map(drop),
    };
    match made {
        Ok(()) | Err(ConfigError::UnknownClass { .. }) => None,
        Err(error @ ConfigError::Setting { key, .. }) => Some((key, error.to_string())),
    }
}
