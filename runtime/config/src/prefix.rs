//! Access to the keys that begin with a prefix.

use weir_plugin::ConfigMap;

/// Returns the entries whose keys begin with `prefix`, without the prefix.
pub(crate) fn with_prefix<M: FromIterator<(String, String)>>(config: &ConfigMap, prefix: &str) -> M {
    config.iter().filter_map(|(key, value)| Some((key.strip_prefix(prefix)?.to_owned(), value.clone()))).collect()
}

/// A configuration, sorted by key, in which many prefixes are looked up. A configuration may have tens of thousands of keys and list
/// as many prefixes, so not all keys are compared with each of them.
pub(crate) struct Sorted<'a>(Vec<Entry<'a>>);

struct Entry<'a> {
    key: &'a str,
    value: &'a str,
    /// The number of the entry in the configuration.
    number: usize,
}

impl<'a> Sorted<'a> {
    pub(crate) fn new(config: &'a ConfigMap) -> Self {
        let entry = |(number, (key, value)): (usize, (&'a String, &'a String))| Entry { key, value, number };
        let mut entries: Vec<_> = config.iter().enumerate().map(entry).collect();
        entries.sort_unstable_by_key(|entry| entry.key);
        Self(entries)
    }

    /// Returns what [`with_prefix`] does, in the same order.
    pub(crate) fn with_prefix<M: FromIterator<(String, String)>>(&self, prefix: &str) -> M {
        let first = self.0.partition_point(|entry| entry.key < prefix);
        let mut found: Vec<_> =
            self.0[first..].iter().map_while(|entry| Some((entry, entry.key.strip_prefix(prefix)?))).collect();
        found.sort_unstable_by_key(|(entry, _)| entry.number);
        found.into_iter().map(|(entry, rest)| (rest.to_owned(), entry.value.to_owned())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sorted_configuration_has_the_same_entries_in_the_same_order() {
        let keys = ["b", "a.z", "a.b.c", "a.", "a", "a.b.", "c", "a.a", "a.b", "a/", "\u{10ffff}"];
        let config: ConfigMap =
            keys.iter().zip(0..).map(|(key, number)| ((*key).to_owned(), number.to_string())).collect();
        let sorted = Sorted::new(&config);
        for prefix in ["", "a", "a.", "a.b.", "b", "d", "\u{10ffff}", "a.b.c.d"] {
            let entries: Vec<(String, String)> = with_prefix(&config, prefix);
            assert_eq!(sorted.with_prefix::<Vec<_>>(prefix), entries, "{prefix}");
        }
    }
}
