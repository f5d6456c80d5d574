//! Keys whose value is a list of names, each there once.

use weir_sdk::ConfigError;

/// The names of a key, each once (Kafka's `ConfigDef.ValidList`, which takes names that are there twice out before it looks:
/// for that reason this is no validator of the key's definition, where they would be refused).
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
