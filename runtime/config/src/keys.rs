//! What there is to say about a key: type, default, what it means, and whether it has an effect here. The worker's keys stand
//! in `worker_keys.rs`, the connectors' in `connector_keys.rs`.

use super::def::{Check, Type};
pub use super::worker_keys::{PREFIXES, SECTIONS};

/// What a key has when it is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// It must be given.
    Required,
    /// Nothing.
    Null,
    /// This value.
    Value(&'static str),
    /// A value that depends on other keys; the text says which.
    Computed(&'static str),
}

impl Fallback {
    /// Whether the key has this value when it is not given.
    pub fn is(self, text: &str) -> bool {
        matches!(self, Self::Value(value) if value == text)
    }
}

/// What Weir does with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// It has its effect.
    Used,
    /// It is understood and has no effect; the text says why. Said at start.
    Ignored(&'static str),
    /// Starting without its effect would be dangerous, so the worker does not; the text says what to do.
    Refused(&'static str),
}

/// One worker key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// The key.
    pub name: &'static str,
    /// Type of its value.
    pub kind: Type,
    /// Its value when not given.
    pub default: Fallback,
    /// What it means.
    pub doc: &'static str,
    /// What Weir does with it.
    pub usage: Usage,
    /// What its value is checked with.
    pub checks: &'static [Check<'static>],
}

/// Keys that belong together in the documentation.
#[derive(Debug)]
pub struct Section {
    /// Heading.
    pub title: &'static str,
    /// One paragraph about all of them.
    pub intro: &'static str,
    /// The keys, in the order of the documentation.
    pub keys: &'static [Key],
}

/// Keys that are told by how they begin.
#[derive(Debug)]
pub struct Prefix {
    /// How the keys begin.
    pub prefix: &'static str,
    /// What they mean.
    pub doc: &'static str,
    /// What Weir does with them.
    pub usage: Usage,
}

/// The key of this name.
pub fn find(name: &str) -> Option<&'static Key> {
    SECTIONS.iter().flat_map(|section| section.keys).find(|key| key.name == name)
}

/// The longest known beginning of this key.
pub fn find_prefix(name: &str) -> Option<&'static Prefix> {
    PREFIXES.iter().filter(|known| name.starts_with(known.prefix)).max_by_key(|known| known.prefix.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::def;

    #[test]
    fn every_default_passes_its_own_checks() {
        for key in SECTIONS.iter().flat_map(|section| section.keys) {
            let Fallback::Value(text) = key.default else { continue };
            let value = def::parse(key.name, key.kind, text).expect("a default of the key's type");
            for check in key.checks {
                def::check(key.name, &value, *check).expect("a default that passes");
            }
        }
    }

    #[test]
    fn no_key_stands_twice_and_weirs_own_begin_with_weir() {
        let mut names: Vec<_> = SECTIONS.iter().flat_map(|section| section.keys).map(|key| key.name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(find("weir.allow.read").is_some());
        assert_eq!(find_prefix("admin.listeners.https.ssl.protocol").map(|p| p.prefix), Some("admin.listeners.https."));
        assert!(find_prefix("unknown.key").is_none());
    }
}
