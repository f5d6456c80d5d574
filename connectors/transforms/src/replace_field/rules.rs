//! Which fields remain, and their new names.

use std::collections::{HashMap, HashSet};

use weir_java::hash_map as java_map;
use weir_sdk::ConfigError;

/// The configuration.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) exclude: Vec<String>,
    pub(super) include: Vec<String>,
    excluded: HashSet<String>,
    included: HashSet<String>,
    /// Each name once, in the order in which Kafka Connect processes them.
    pub(super) renames: Vec<(String, String)>,
    renamed: HashMap<String, String>,
    /// From new names to old ones.
    sources: HashMap<String, String>,
}

impl Rules {
    pub(super) fn new(exclude: Vec<String>, include: Vec<String>, renames: &[String]) -> Result<Rules, ConfigError> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for mapping in renames {
            let (from, to) = pair(mapping).ok_or_else(|| {
                let list = format!("[{}]", renames.join(", "));
                ConfigError::new("renames", &list, format_args!("Invalid rename mapping: {mapping}"))
            })?;
            match pairs.iter_mut().find(|(there, _)| there == from) {
                Some(pair) => pair.1 = to.into(),
                None => pairs.push((from.into(), to.into())),
            }
        }
        let order = java_map::order(pairs.iter().map(|(from, _)| from.as_str()));
        let renames: Vec<(String, String)> = order.into_iter().map(|place| pairs[place].clone()).collect();
        Ok(Rules {
            excluded: exclude.iter().cloned().collect(),
            included: include.iter().cloned().collect(),
            exclude,
            include,
            renamed: renames.iter().cloned().collect(),
            sources: renames.iter().map(|(from, to)| (to.clone(), from.clone())).collect(),
            renames,
        })
    }

    /// Returns whether a field remains.
    pub(super) fn keeps(&self, name: &str) -> bool {
        !self.excluded.contains(name) && (self.included.is_empty() || self.included.contains(name))
    }

    /// Returns the new name of a field that remains.
    pub(super) fn renamed<'a>(&'a self, name: &'a str) -> &'a str {
        self.renamed.get(name).map_or(name, String::as_str)
    }

    /// Returns the field of a struct from which Kafka Connect takes the value (`reverseRenamed`). It can be another one than the field
    /// whose schema was renamed: a field that already has the new name of another field gets the value of that field.
    pub(super) fn source<'a>(&'a self, name: &'a str) -> &'a str {
        self.sources.get(name).map_or(name, String::as_str)
    }
}

/// Splits as Java's `split(":")`, which drops empty parts at the end, if there are two parts.
fn pair(mapping: &str) -> Option<(&str, &str)> {
    mapping.trim_end_matches(':').split_once(':').filter(|(_, to)| !to.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_split_as_java_does() {
        for (mapping, expected) in [
            ("a:b", Some(("a", "b"))),
            ("a : b", Some(("a ", " b"))),
            (":b", Some(("", "b"))),
            ("a:b::", Some(("a", "b"))),
            ("a:", None),
            ("a", None),
            ("a::b", None),
            ("a:b:c", None),
            (":", None),
            ("", None),
        ] {
            assert_eq!(pair(mapping), expected, "{mapping}");
        }
    }
}
