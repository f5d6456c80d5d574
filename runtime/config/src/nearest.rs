//! Which known name somebody may have meant with one that is not known.

use super::keys::SECTIONS;

/// How the names of Weir's own keys begin. Kafka knows no such key, so one that Weir does not know either is a mistake.
pub(super) const OWN: &str = "weir.";

/// Changes with which a name is still taken for a slip of another one.
const SLIP: usize = 2;

/// The known name that needs the fewest changes to become this one; of several the first.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known.into_iter().min_by_key(|other| strsim::osa_distance(name, other))
}

/// A known name that differs by a slip of the keyboard.
pub(super) fn slip_of<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    nearest(name, known).filter(|other| strsim::osa_distance(name, other) <= SLIP)
}

/// The names of all keys of a worker's file.
pub(super) fn worker_keys() -> impl Iterator<Item = &'static str> {
    SECTIONS.iter().flat_map(|section| section.keys).map(|key| key.name)
}

/// What to say of an unknown key, with the nearest of the known ones.
pub(super) fn unknown<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let meant = nearest(name, known).map(|known| format!("; the nearest known key is '{known}'")).unwrap_or_default();
    // The beginning is Kafka's text.
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
            assert_eq!(slip_of(wrong, worker_keys()), Some(meant));
        }
        assert_eq!(slip_of("something.else", worker_keys()), None);
    }
}
