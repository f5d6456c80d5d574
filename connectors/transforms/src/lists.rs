//! Keys whose value is a list of names without duplicates.

use weir_sdk::ConfigError;

/// Parses the names of a key (Kafka's `ConfigDef.ValidList`, which removes duplicates before it checks the list; a validator in the key's
/// definition would reject them).
pub(crate) fn distinct(key: &str, list: Vec<String>, may_be_empty: bool) -> Result<Vec<String>, ConfigError> {
    let refused = |message: String| Err(ConfigError { key: key.into(), message });
    let mut names: Vec<String> = Vec::with_capacity(list.len());
    for name in list {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() && !may_be_empty {
        return refused(format!("Configuration '{key}' must not be empty. Valid values include: any non-empty value"));
    }
    if names.iter().any(String::is_empty) {
        return refused(format!("Configuration '{key}' values must not be empty."));
    }
    Ok(names)
}
