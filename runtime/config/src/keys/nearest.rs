//! Suggestions for unknown keys: the known name that the user may have meant.

use super::worker::SECTIONS;

/// Prefix of Weir's own keys. Kafka has no key with this prefix, so one that Weir does not know is a mistake.
pub(crate) const OWN: &str = "weir.";

/// Maximum number of edits with which a name is considered a misspelling of another one.
const MISSPELLING: usize = 2;

/// Maximum size of the part of a name that is compared, in bytes: the time grows with it, and no known name is as long.
const COMPARED: usize = 200;

/// The known name with the smallest edit distance to this one; the first one if there are several.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = &name[..name.floor_char_boundary(COMPARED)];
    known.into_iter().min_by_key(|other| strsim::osa_distance(name, other))
}

/// The known name of which this one is a misspelling.
pub(crate) fn misspelling_of<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    nearest(name, known).filter(|other| name.len() <= COMPARED && strsim::osa_distance(name, other) <= MISSPELLING)
}

/// The names of all keys of a worker's file.
pub(crate) fn worker_keys() -> impl Iterator<Item = &'static str> {
    SECTIONS.iter().flat_map(|section| section.keys).map(|key| key.name)
}

/// The error text for an unknown key, with the nearest of the known ones.
pub(crate) fn unknown<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let meant = nearest(name, known).map(|known| format!("; the nearest known key is '{known}'")).unwrap_or_default();
    // The first words are Kafka's.
    format!("Unknown configuration '{name}'{meant}. Correct it or remove it (docs/configuration.md)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_key_is_the_one_that_was_meant() {
        for (wrong, meant) in [
            ("weir.rest.auth.user.file", "weir.rest.auth.users.file"),
            ("weir.allow.raed", "weir.allow.read"),
            ("weir.rest.auth.certificate", "weir.rest.auth.certificates"),
            ("ssl.client.atuh", "ssl.client.auth"),
        ] {
            assert_eq!(nearest(wrong, worker_keys()), Some(meant));
            assert_eq!(misspelling_of(wrong, worker_keys()), Some(meant));
        }
        assert_eq!(misspelling_of("something.else", worker_keys()), None);
    }

    /// If the whole name were compared, this would take hours.
    #[test]
    fn a_very_long_name_is_near_to_a_known_one_and_no_misspelling() {
        let long = format!("weir.rest.{}", "x".repeat(20_000_000));
        assert!(nearest(&long, worker_keys()).is_some_and(|key| key.starts_with("weir.rest.")));
        assert_eq!(misspelling_of(&long, worker_keys()), None);
    }
}
