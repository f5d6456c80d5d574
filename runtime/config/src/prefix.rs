//! Access to the keys that begin with a prefix.

use weir_plugin::ConfigMap;

/// Returns the entries whose keys begin with `prefix`, without the prefix.
pub(crate) fn with_prefix<M: FromIterator<(String, String)>>(config: &ConfigMap, prefix: &str) -> M {
    config.iter().filter_map(|(key, value)| Some((key.strip_prefix(prefix)?.to_owned(), value.clone()))).collect()
}
