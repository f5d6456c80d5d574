//! Suggestions for unknown keys: the known name that the user may have meant.

use super::worker::SECTIONS;

/// Prefix of Weir's own keys. Kafka has no key with this prefix, so one that Weir does not know is a mistake.
pub(crate) const OWN: &str = "weir.";

/// Maximum number of edits with which a name is considered a misspelling of another one.
const MISSPELLING: usize = 2;

/// The known name with the smallest edit distance to this one; the first one if there are several.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known.into_iter().min_by_key(|other| strsim::osa_distance(name, other))
}

/// The known name of which this one is a misspelling.
pub(crate) fn misspelling_of<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    nearest(name, known).filter(|other| strsim::osa_distance(name, other) <= MISSPELLING)
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
}
