//! The versions of the contract that this worker serves, and the error for components of other versions.
//!
//! A track is a series of versions each of which only adds to the one before: 0.2.x, and from 1.0 on 1.x. wasmtime links any versions of a
//! track, so the check that a component's version is not later than the worker's is made here.

use std::cmp::Ordering;
use std::fmt;

/// A served track. The bindings of each are in the directory with its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Track {
    V0_2,
}

/// A version of the package `weir:connect`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    major: u32,
    minor: u32,
    patch: u32,
}

/// The tracks, the latest last, each with the newest version that this worker serves.
const SERVED: [(Track, Version); 1] = [(Track::V0_2, Version::new(0, 2, 0))];

impl Version {
    const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self { major, minor, patch }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(|part| part.parse().ok());
        match (parts.next()??, parts.next()??, parts.next()??, parts.next()) {
            (major, minor, patch, None) => Some(Self { major, minor, patch }),
            _ => None,
        }
    }

    /// Returns the part that is equal in all versions of a track.
    fn track(self) -> (u32, u32) {
        if self.major == 0 { (0, self.minor) } else { (self.major, 0) }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { major, minor, patch } = self;
        write!(f, "{major}.{minor}.{patch}")
    }
}

/// Returns the newest version that is served, which errors recommend.
pub(crate) const fn newest() -> Version {
    SERVED[SERVED.len() - 1].1
}

/// Returns the track of a version as written in the names of imports and exports.
///
/// # Errors
///
/// The version is not served. The error says what to do.
pub(crate) fn served(version: &str) -> Result<Track, String> {
    let newest = newest();
    let Some(found) = Version::parse(version) else {
        return Err(format!("Build the plugin with an SDK for {newest}"));
    };
    if let Some((track, known)) = SERVED.iter().find(|(_, known)| known.track() == found.track()) {
        return match found.cmp(known) {
            Ordering::Less | Ordering::Equal => Ok(*track),
            Ordering::Greater => Err(format!(
                "Use a worker that has {found} or a later version of that series, or build the plugin with an SDK for {known}"
            )),
        };
    }
    Err(match found.cmp(&newest) {
        Ordering::Greater => format!("Use a newer worker, or build the plugin with an SDK for {newest}"),
        Ordering::Less | Ordering::Equal => {
            format!("Use a newer release of the plugin, or build it with an SDK for {newest}")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_takes_its_own_version_and_earlier_ones_of_the_track() {
        assert_eq!(newest().to_string(), "0.2.0");
        assert_eq!(served("0.2.0"), Ok(Track::V0_2));
        for (version, advice) in [
            ("0.2.1", "Use a worker that has 0.2.1 or a later version of that series"),
            ("0.3.0", "Use a newer worker, or build the plugin with an SDK for 0.2.0"),
            ("1.0.0", "Use a newer worker"),
            ("0.1.0", "Use a newer release of the plugin, or build it with an SDK for 0.2.0"),
            ("", "Build the plugin with an SDK for 0.2.0"),
            ("0.2", "Build the plugin"),
            ("0.2.0-draft", "Build the plugin"),
            ("0.2.0.1", "Build the plugin"),
        ] {
            let found = served(version).expect_err(version);
            assert!(found.starts_with(advice), "{version}: {found}");
        }
    }

    #[test]
    fn tracks_are_as_in_semantic_versioning() {
        let track = |text| Version::parse(text).map(Version::track);
        assert_eq!(track("0.2.0"), track("0.2.7"));
        assert_ne!(track("0.2.0"), track("0.3.0"));
        assert_eq!(track("1.0.0"), track("1.3.2"));
        assert_ne!(track("1.0.0"), track("2.0.0"));
    }
}
