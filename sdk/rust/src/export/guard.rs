//! Checks at compile time that a plugin is in the group of each optional trait that it implements. The runtime would not call
//! the functions of a trait whose interface is not exported, and nothing else would tell the author.

use std::marker::PhantomData;

use crate::connector::Check;
use crate::sink::{self, Commit, Partitions};
use crate::source::{self, Acknowledge, Transactions};

/// Its constants say which optional traits a type implements: those below hide the ones of [`NoneOfThese`] where the bound
/// holds.
#[derive(Debug)]
pub struct Probe<T>(PhantomData<T>);

/// The constants of a type that does not implement the traits.
pub trait NoneOfThese {
    /// See [`Acknowledge`].
    const ACKNOWLEDGE: bool = false;
    /// See [`Transactions`].
    const TRANSACTIONS: bool = false;
    /// See [`source::AlterOffsets`].
    const SOURCE_OFFSETS: bool = false;
    /// See [`Commit`].
    const COMMIT: bool = false;
    /// See [`Partitions`].
    const PARTITIONS: bool = false;
    /// See [`sink::AlterOffsets`].
    const SINK_OFFSETS: bool = false;
    /// See [`Check`].
    const CHECK: bool = false;
}

impl<T> NoneOfThese for Probe<T> {}

impl<T: Acknowledge> Probe<T> {
    /// The type implements [`Acknowledge`].
    pub const ACKNOWLEDGE: bool = true;
}

impl<T: Transactions> Probe<T> {
    /// The type implements [`Transactions`].
    pub const TRANSACTIONS: bool = true;
}

impl<T: source::AlterOffsets> Probe<T> {
    /// The type implements [`source::AlterOffsets`].
    pub const SOURCE_OFFSETS: bool = true;
}

impl<T: Commit> Probe<T> {
    /// The type implements [`Commit`].
    pub const COMMIT: bool = true;
}

impl<T: Partitions> Probe<T> {
    /// The type implements [`Partitions`].
    pub const PARTITIONS: bool = true;
}

impl<T: sink::AlterOffsets> Probe<T> {
    /// The type implements [`sink::AlterOffsets`].
    pub const SINK_OFFSETS: bool = true;
}

impl<T: Check> Probe<T> {
    /// The type implements [`Check`].
    pub const CHECK: bool = true;
}

/// The groups of `export!`, each with the classes of its types.
type Groups<'a> = &'a [(&'a str, &'a [&'a str])];

/// Returns whether a group contains a class.
pub const fn contains(groups: Groups<'_>, group: &str, class: &str) -> bool {
    let mut index = 0;
    while index < groups.len() {
        let mut at = 0;
        while same(groups[index].0, group) && at < groups[index].1.len() {
            if same(groups[index].1[at], class) {
                return true;
            }
            at += 1;
        }
        index += 1;
    }
    false
}

/// Checks that each type in the group of an optional trait is also in the group that makes it a plugin.
pub const fn check(groups: Groups<'_>) {
    let mut index = 0;
    while index < groups.len() {
        let (group, classes) = groups[index];
        let kind = if same(group, "acknowledge") || same(group, "transactions") || same(group, "source_offsets") {
            "sources"
        } else if same(group, "commit") || same(group, "partitions") || same(group, "sink_offsets") {
            "sinks"
        } else if same(group, "checks") {
            "connectors"
        } else {
            group
        };
        let mut at = 0;
        while at < classes.len() {
            assert!(
                contains(groups, kind, classes[at]),
                "a type in a group of an optional trait must be in `sources`, `sinks` or `connectors`, too"
            );
            at += 1;
        }
        index += 1;
    }
}

const fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut index = 0;
    while index < one.len() && index < other.len() && one[index] == other[index] {
        index += 1;
    }
    index == one.len() && index == other.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUPS: Groups<'_> = &[("sinks", &["A", "B"]), ("commit", &["B"])];

    #[test]
    fn a_class_is_found_in_its_group_only() {
        assert!(contains(GROUPS, "sinks", "B") && contains(GROUPS, "commit", "B"));
        assert!(
            !contains(GROUPS, "commit", "A") && !contains(GROUPS, "sources", "A") && !contains(GROUPS, "sinks", "AB")
        );
        check(GROUPS);
    }

    #[test]
    #[should_panic(expected = "must be in `sources`, `sinks` or `connectors`, too")]
    fn a_type_is_in_the_group_of_its_kind() {
        check(&[("sinks", &["A"]), ("partitions", &["B"])]);
    }
}
