//! What a table says about a key: its type and default, what it means, and whether it has an effect in Weir.

use super::check::Check;
use super::types::Type;

/// The value of a key that is not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fallback {
    /// The key must be set.
    Required,
    /// Null.
    Null,
    /// This value.
    Value(&'static str),
    /// A value that depends on other keys; the text says which.
    Computed(&'static str),
}

impl Fallback {
    /// Whether `text` is the default value.
    pub(crate) fn is(self, text: &str) -> bool {
        matches!(self, Self::Value(value) if value == text)
    }
}

/// What Weir does with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Usage {
    /// The key has its effect.
    Used,
    /// The key is known but has no effect, for this reason. A warning at start says so.
    Ignored(&'static str),
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) kind: Type,
    pub(crate) default: Fallback,
    /// The description in the documentation and in definitions that the REST API returns.
    pub(crate) doc: &'static str,
    pub(crate) usage: Usage,
    /// Validators, all of which a value has to pass.
    pub(crate) checks: &'static [Check<'static>],
}

/// A section of the documentation and its keys.
#[derive(Debug)]
pub(crate) struct Section {
    #[cfg_attr(not(test), expect(dead_code, reason = "only the documentation has it"))]
    pub(crate) title: &'static str,
    /// A paragraph about all keys of the section; may be empty.
    #[cfg_attr(not(test), expect(dead_code, reason = "only the documentation has it"))]
    pub(crate) intro: &'static str,
    pub(crate) keys: &'static [Key],
}

/// Keys that are known by their prefix.
#[derive(Debug)]
pub(crate) struct Prefix {
    pub(crate) prefix: &'static str,
    #[cfg_attr(not(test), expect(dead_code, reason = "only the documentation has it"))]
    pub(crate) doc: &'static str,
    pub(crate) usage: Usage,
}
