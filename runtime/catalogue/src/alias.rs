//! The names by which a class can be configured (`PluginUtils.computeAliases`): its full name, its simple name, and the simple name
//! without the word for its kind. A short name that several classes share refers to none of them. An uploaded class does not take an
//! alias away from a class that the operator installed.

use std::collections::{HashMap, HashSet};

/// Maps each alias to its only class.
#[derive(Debug, Default)]
pub(super) struct Aliases(HashMap<String, String>);

impl Aliases {
    /// Computes the aliases of the installed classes, and of the others those that remain. Each class comes with the word for its kind,
    /// such as `Connector`.
    pub(super) fn new<'a>(
        installed: impl Iterator<Item = (&'a str, &'a str)>,
        others: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let mut meanings = meanings(installed);
        for (alias, classes) in self::meanings(others) {
            meanings.entry(alias).or_insert(classes);
        }
        let one = |classes: HashSet<&str>| match classes.len() {
            1 => classes.into_iter().next().map(str::to_owned),
            _ => None,
        };
        Self(meanings.into_iter().filter_map(|(alias, classes)| Some((alias.to_owned(), one(classes)?))).collect())
    }

    /// Returns the class of this alias, or the name itself.
    pub(super) fn resolve<'a>(&'a self, name: &'a str) -> &'a str {
        self.0.get(name).map_or(name, String::as_str)
    }
}

fn meanings<'a>(classes: impl Iterator<Item = (&'a str, &'a str)>) -> HashMap<&'a str, HashSet<&'a str>> {
    let mut meanings: HashMap<&str, HashSet<&str>> = HashMap::new();
    for (class, suffix) in classes {
        let simple = simple_name(class);
        meanings.entry(simple).or_default().insert(class);
        meanings.entry(pruned(simple, suffix)).or_default().insert(class);
    }
    meanings
}

/// `Class.getSimpleName`: the part after the last dot; for a nested class, the part after the last `$`.
pub(super) fn simple_name(class: &str) -> &str {
    class.rsplit(['.', '$']).next().unwrap_or(class)
}

/// Returns the name up to the last occurrence of the suffix, unless the name begins with it.
fn pruned<'a>(simple: &'a str, suffix: &str) -> &'a str {
    match simple.rfind(suffix) {
        Some(at) if at > 0 => simple.get(..at).unwrap_or(simple),
        _ => simple,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_has_three_names() {
        let class = "org.apache.kafka.connect.file.FileStreamSourceConnector";
        let aliases = Aliases::new([(class, "Connector")].into_iter(), std::iter::empty());
        for name in [class, "FileStreamSourceConnector", "FileStreamSource"] {
            assert_eq!(aliases.resolve(name), class, "{name}");
        }
        for name in ["FileStream", "file.FileStreamSource", "", "filestreamsource"] {
            assert_eq!(aliases.resolve(name), name);
        }
    }

    #[test]
    fn a_name_that_several_classes_share_refers_to_none() {
        let classes = [
            ("x.Hoist$Value", "Transformation"),
            ("x.Insert$Value", "Transformation"),
            ("x.Insert$Key", "Transformation"),
        ];
        let aliases = Aliases::new(classes.into_iter(), std::iter::empty());
        assert_eq!(aliases.resolve("Value"), "Value");
        assert_eq!(aliases.resolve("Key"), "x.Insert$Key");
        let kinds = [("x.AConnector", "Connector"), ("x.APredicate", "Predicate")];
        assert_eq!(Aliases::new(kinds.into_iter(), std::iter::empty()).resolve("A"), "A");
    }

    #[test]
    fn an_upload_takes_no_name_from_what_is_installed() {
        let installed = [("ours.HoistConnector", "Connector")];
        let uploaded = [
            ("evil.HoistConnector", "Connector"),
            ("evil.Hoist", "Transformation"),
            ("evil.OtherConnector", "Connector"),
        ];
        let aliases = Aliases::new(installed.into_iter(), uploaded.into_iter());
        for name in ["Hoist", "HoistConnector"] {
            assert_eq!(aliases.resolve(name), "ours.HoistConnector", "{name}");
        }
        assert_eq!(aliases.resolve("Other"), "evil.OtherConnector");
    }
}
