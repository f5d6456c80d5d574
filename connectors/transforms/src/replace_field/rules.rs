//! Which fields are kept, and what they are called then.

use std::collections::{HashMap, HashSet};

use weir_java::hash_map as java_map;
use weir_sdk::ConfigError;

/// The configuration, to be asked for a field.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) exclude: Vec<String>,
    pub(super) include: Vec<String>,
    excluded: HashSet<String>,
    included: HashSet<String>,
    /// Each name once, in the order in which Kafka Connect comes to them.
    pub(super) renames: Vec<(String, String)>,
    renamed: HashMap<String, String>,
    /// From the new name to the old one.
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

    /// Whether a field stays.
    pub(super) fn keeps(&self, name: &str) -> bool {
        !self.excluded.contains(name) && (self.included.is_empty() || self.included.contains(name))
    }

    /// What a field that stays is called.
    pub(super) fn renamed<'a>(&'a self, name: &'a str) -> &'a str {
        self.renamed.get(name).map_or(name, String::as_str)
    }

    /// The field of a struct that Kafka Connect takes the value from (`reverseRenamed`). That need not be the one whose
    /// schema was renamed: a field that is called as another one would be called gets the value of that one.
    pub(super) fn source<'a>(&'a self, name: &'a str) -> &'a str {
        self.sources.get(name).map_or(name, String::as_str)
    }
}

/// As Java's `split(":")`, which drops what is empty at the end, where that gives two parts.
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
