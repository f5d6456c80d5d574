//! Finds `${provider:path:key}` and `${provider:key}` in a value, by the rules of Kafka's `ConfigTransformer`, whose pattern is
//! `\$\{([^}]*?):(([^}]*?):)?([^}]*?)\}`: the provider ends at the first colon, the path at the second, the key at the brace.

use std::ops::Range;

/// A reference in a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference<'a> {
    /// The position of the reference, including `${` and `}`.
    pub(super) range: Range<usize>,
    /// The provider's name.
    pub(super) provider: &'a str,
    /// The path; empty if there is none.
    pub(super) path: &'a str,
    /// The key.
    pub(super) key: &'a str,
}

/// Finds the references of a value, from left to right. They do not overlap.
pub(super) fn references(value: &str) -> impl Iterator<Item = Reference<'_>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let start = from + value.get(from..)?.find("${")?;
            let inside = start + "${".len();
            let end = inside + value.get(inside..)?.find('}')?;
            from = end + 1;
            // Without a colon, there is no reference before the brace.
            let Some((provider, rest)) = value.get(inside..end)?.split_once(':') else { continue };
            let (path, key) = rest.split_once(':').unwrap_or(("", rest));
            return Some(Reference { range: start..from, provider, path, key });
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(value: &str) -> Vec<(&str, &str, &str, &str)> {
        references(value).map(|found| (&value[found.range], found.provider, found.path, found.key)).collect()
    }

    #[test]
    fn a_reference_has_a_provider_a_key_and_perhaps_a_path() {
        assert_eq!(found("${file:/a/b:k}"), [("${file:/a/b:k}", "file", "/a/b", "k")]);
        assert_eq!(found("${env:HOME}"), [("${env:HOME}", "env", "", "HOME")]);
        assert_eq!(found("${a:b:c:d}"), [("${a:b:c:d}", "a", "b", "c:d")], "further colons belong to the key");
        assert_eq!(found("${::}"), [("${::}", "", "", "")]);
    }

    #[test]
    fn several_stand_in_a_value_and_none_within_another() {
        let value = "jdbc://${env:U}:${file:/p:w}@h";
        assert_eq!(found(value), [("${env:U}", "env", "", "U"), ("${file:/p:w}", "file", "/p", "w")]);
        assert_eq!(found("${x${file:/p:k}}"), [("${x${file:/p:k}", "x${file", "/p", "k")]);
        assert_eq!(found("${a${b:c}"), [("${a${b:c}", "a${b", "", "c")]);
    }

    #[test]
    fn what_only_looks_like_one_is_none() {
        for value in ["", "$", "${", "${}", "${a}", "$ {a:b}", "${a:b", "{a:b}", "${a${b", "é${"] {
            assert_eq!(found(value), [], "{value}");
        }
        assert_eq!(found("${a}${b:c}"), [("${b:c}", "b", "", "c")]);
    }
}
