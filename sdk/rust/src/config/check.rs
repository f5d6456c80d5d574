//! The definition's own checks, as the runtime makes them before any code of the plugin runs. Here they serve unit tests, and
//! plugins whose configuration did not come by way of the runtime.

use std::collections::HashSet;

use super::{ConfigError, ConfigField, ConfigKey, ConfigMap, ConfigType, Validator};

/// Checks values against a definition: all are there, and each passes its validators. Types are checked where the values
/// are read, regular expressions by the runtime alone, which knows Java's syntax.
///
/// ```
/// use weir_sdk::config::{ConfigKey, ConfigMap, ConfigType, Validator, check};
/// let mut key = ConfigKey::new("port", ConfigType::Int, "Port to listen on.");
/// key.validators.push(Validator::IntRange((Some(1), None)));
/// let error = check(&[key], &ConfigMap::from([("port".into(), "0".into())])).unwrap_err();
/// assert_eq!(error.message, "Invalid value 0 for configuration port: Value must be at least 1");
/// ```
pub fn check(keys: &[ConfigKey], entries: &ConfigMap) -> Result<(), ConfigError> {
    for key in keys {
        match entries.get(&key.name).or(key.default.as_ref()) {
            Some(value) => {
                for validator in &key.validators {
                    check_value(validator, value).map_err(|why| {
                        ConfigError::new(
                            &key.name,
                            if key.kind == ConfigType::Password { "[hidden]" } else { value },
                            why,
                        )
                    })?;
                }
            }
            None if key.required => return Err(ConfigError::missing(&key.name)),
            None => {}
        }
    }
    Ok(())
}

fn check_value(validator: &Validator, value: &str) -> Result<(), String> {
    match validator {
        Validator::IntRange((least, most)) => {
            // What is no number is said where the value is read.
            let Ok(number) = value.trim().parse::<i128>() else { return Ok(()) };
            match (least, most) {
                (Some(least), _) if number < (*least).into() => Err(format!("Value must be at least {least}")),
                (_, Some(most)) if number > (*most).into() => Err(format!("Value must be no more than {most}")),
                _ => Ok(()),
            }
        }
        Validator::NonEmptyString if value.is_empty() => Err("String must be non-empty".into()),
        Validator::OneOf(allowed) if !allowed.iter().any(|one| one == value) => {
            Err(format!("String must be one of: {}", allowed.join(", ")))
        }
        Validator::OneOfIgnoringCase(allowed) if !allowed.iter().any(|one| one.eq_ignore_ascii_case(value)) => {
            Err(format!("String must be one of (case insensitive): {}", allowed.join(", ").to_uppercase()))
        }
        Validator::NonEmptyList | Validator::NonEmptyListWithoutDuplicates if entries(value).is_empty() => {
            Err("List must contain at least one entry".into())
        }
        Validator::NonEmptyListWithoutDuplicates | Validator::ListWithoutDuplicates => {
            let entries = entries(value);
            if entries.iter().collect::<HashSet<_>>().len() < entries.len() {
                return Err("Configuration must not contain duplicate entries.".into());
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn entries(value: &str) -> Vec<String> {
    Vec::parse(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_validator_refuses_what_it_is_there_for() {
        let one_of = vec!["a".to_string(), "b".to_string()];
        for (validator, good, bad) in [
            (Validator::IntRange((Some(1), Some(3))), "3", "4"),
            (Validator::IntRange((None, Some(3))), "-9", "4"),
            (Validator::NonEmptyString, "x", ""),
            (Validator::OneOf(one_of.clone()), "a", "A"),
            (Validator::OneOfIgnoringCase(one_of), "A", "c"),
            (Validator::NonEmptyList, "a,a", " "),
            (Validator::NonEmptyListWithoutDuplicates, "a,b", "a, a"),
            (Validator::ListWithoutDuplicates, "", "a,a"),
        ] {
            assert_eq!(check_value(&validator, good), Ok(()), "{validator:?}");
            assert!(check_value(&validator, bad).is_err(), "{validator:?}");
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
