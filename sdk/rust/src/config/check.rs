//! The checks of the definition, as the runtime makes them before any code of the plugin runs. Use them in unit tests,
//! and in plugins whose configuration did not come from the runtime.

use std::collections::HashSet;

use super::field::trim;
use super::{ConfigError, ConfigField, ConfigKey, ConfigMap, ConfigType, Validator};

/// Checks that all required keys are set and that each value passes its validators. Types are checked when the values are
/// read. Only the runtime checks regular expressions, because they have Java's syntax.
///
/// ```
/// use weir_sdk::config::{ConfigKey, ConfigMap, ConfigType, Validator, check};
/// let mut key = ConfigKey::new("port", ConfigType::Int, "Port to listen on.");
/// key.validators.push(Validator::Range(Some(1), None));
/// let error = check(&[key], &ConfigMap::from([("port".into(), "0".into())])).unwrap_err();
/// assert_eq!(error.message, "Invalid value 0 for configuration port: Value must be at least 1");
/// ```
pub fn check(keys: &[ConfigKey], entries: &ConfigMap) -> Result<(), ConfigError> {
    for key in keys {
        let Some(value) = entries.get(&key.name).or(key.default.as_ref()) else {
            if key.required {
                return Err(ConfigError::missing(&key.name));
            }
            continue;
        };
        // Kafka's types drop white space before the validators see the value.
        key.validators.iter().try_for_each(|validator| check_value(key, validator, trim(value)))?;
    }
    Ok(())
}

fn check_value(key: &ConfigKey, validator: &Validator, value: &str) -> Result<(), ConfigError> {
    let name = &key.name;
    let shown = if key.kind == ConfigType::Password { "[hidden]" } else { value };
    let invalid = |why: String| Err(ConfigError::new(name, shown, why));
    let other = |message: String| Err(ConfigError { key: name.clone(), message });
    match validator {
        Validator::Range(least, most) => match (value.parse::<i128>(), least, most) {
            (Ok(number), Some(least), _) if number < (*least).into() => {
                invalid(format!("Value must be at least {least}"))
            }
            (Ok(number), _, Some(most)) if number > (*most).into() => {
                invalid(format!("Value must be no more than {most}"))
            }
            // Text that is not a valid number is reported where the value is read.
            _ => Ok(()),
        },
        Validator::DoubleRange(least, most) => match (value.parse::<f64>(), least, most) {
            (Ok(number), Some(least), _) if number < *least => invalid(format!("Value must be at least {least:?}")),
            (Ok(number), _, Some(most)) if number > *most => invalid(format!("Value must be no more than {most:?}")),
            _ => Ok(()),
        },
        Validator::NonEmptyString if value.is_empty() => invalid("String must be non-empty".into()),
        Validator::OneOf(allowed) if !allowed.iter().any(|one| one == value) => {
            invalid(format!("String must be one of: {}", allowed.join(", ")))
        }
        Validator::OneOfIgnoringCase(allowed) if !allowed.iter().any(|one| one.eq_ignore_ascii_case(value)) => {
            invalid(format!("String must be one of (case insensitive): {}", allowed.join(", ").to_uppercase()))
        }
        Validator::NonEmptyList if value.is_empty() => Err(ConfigError::new(name, "[]", "Empty list")),
        Validator::NonEmptyListWithoutDuplicates if value.is_empty() => {
            other(format!("Configuration '{name}' must not be empty. Valid values include: any non-empty value"))
        }
        Validator::NonEmptyListWithoutDuplicates | Validator::ListWithoutDuplicates if has_duplicates(value) => {
            other(format!("Configuration '{name}' values must not be duplicated."))
        }
        _ => Ok(()),
    }
}

fn has_duplicates(list: &str) -> bool {
    let entries = Vec::parse(list).unwrap_or_default();
    entries.iter().collect::<HashSet<_>>().len() < entries.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_validator_refuses_what_it_is_there_for() {
        let one_of = vec!["a".to_string(), "b".to_string()];
        for (validator, good, bad, message) in [
            (
                Validator::Range(Some(1), Some(3)),
                "3",
                "4",
                "Invalid value 4 for configuration k: Value must be no more than 3",
            ),
            (
                Validator::Range(Some(1), None),
                "3",
                "0",
                "Invalid value 0 for configuration k: Value must be at least 1",
            ),
            (
                Validator::DoubleRange(Some(0.25), Some(1.0)),
                "0.25",
                "0.2",
                "Invalid value 0.2 for configuration k: Value must be at least 0.25",
            ),
            (
                Validator::DoubleRange(None, Some(1.0)),
                "1",
                "1.5",
                "Invalid value 1.5 for configuration k: Value must be no more than 1.0",
            ),
            (Validator::NonEmptyString, "x", " ", "Invalid value  for configuration k: String must be non-empty"),
            (
                Validator::OneOf(one_of.clone()),
                "a",
                "A",
                "Invalid value A for configuration k: String must be one of: a, b",
            ),
            (
                Validator::OneOfIgnoringCase(one_of),
                "A",
                "c",
                "Invalid value c for configuration k: String must be one of (case insensitive): A, B",
            ),
            (Validator::NonEmptyList, "a,a", " ", "Invalid value [] for configuration k: Empty list"),
            (
                Validator::NonEmptyListWithoutDuplicates,
                "a,b",
                "",
                "Configuration 'k' must not be empty. Valid values include: any non-empty value",
            ),
            (Validator::ListWithoutDuplicates, "", "a, a", "Configuration 'k' values must not be duplicated."),
        ] {
            let mut key = ConfigKey::new("k", ConfigType::String, "");
            key.validators.push(validator);
            let with = |value: &str| check(std::slice::from_ref(&key), &ConfigMap::from([("k".into(), value.into())]));
            assert_eq!(with(good), Ok(()));
            assert_eq!(with(bad).unwrap_err().message, message);
        }
    }

    #[test]
    fn a_required_key_must_be_there_and_a_password_is_not_shown() {
        let mut key = ConfigKey::new("secret", ConfigType::Password, "");
        let missing = check(std::slice::from_ref(&key), &ConfigMap::new()).unwrap_err();
        assert_eq!(missing.message, "Missing required configuration \"secret\" which has no default value.");
        key.validators.push(Validator::OneOf(vec![]));
        let wrong = check(&[key], &ConfigMap::from([("secret".into(), "hush".into())])).unwrap_err();
        assert!(!wrong.message.contains("hush"), "{}", wrong.message);
    }
}
