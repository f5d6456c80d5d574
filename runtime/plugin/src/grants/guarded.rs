//! Files and directories of the worker: a plugin that could write to them could execute code in the worker, and one that could read them
//! would know its secrets. No granted directory contains such a place or is in one, whatever links lead there.

use std::io;
use std::path::{Path, PathBuf};

use super::opened::Opened;
use crate::private::{Identity, Step, Walk};

/// A file or directory of the worker, which may not exist yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guarded {
    /// What it is for the worker, or the key that names it.
    pub what: String,
    /// Where it is.
    pub path: PathBuf,
}

impl Guarded {
    /// The system's information about this process: its memory, open files and environment.
    pub(super) fn proc() -> Self {
        Self { what: "the system's view of the worker".to_owned(), path: "/proc".into() }
    }
}

/// How a directory and a guarded place overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlap {
    /// The directory contains the place, or a link on the path to it.
    Contains,
    /// The place contains the directory.
    Inside,
    /// They are the same.
    Same,
}

impl std::fmt::Display for Overlap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Contains => "contains",
            Self::Inside => "is inside of",
            Self::Same => "is",
        })
    }
}

/// The current target of a path.
#[derive(Debug)]
pub(super) struct Place {
    /// Each directory in which a name of the path, or of a link on it, is looked up, and the last one.
    through: Vec<Identity>,
    /// The target, if it is a directory.
    directory: Option<Identity>,
    /// The path without links, as far as it exists, followed by the remaining names.
    resolved: PathBuf,
}

impl Place {
    /// Resolves a path. Names that do not exist or cannot be read are kept unchanged.
    pub(super) fn find(path: &Path) -> io::Result<Self> {
        let (mut walk, root) = Walk::begin(path)?;
        let mut through = vec![root.identity];
        let directory = loop {
            match walk.step() {
                Ok(Step::Directory(look)) => through.push(look.identity),
                Ok(Step::Link(_)) => {}
                Ok(Step::End) => break through.last().copied(),
                Ok(Step::File | Step::Missing) | Err(_) => break None,
            }
        };
        Ok(Self { through, directory, resolved: walk.path() })
    }

    pub(super) fn resolved(&self) -> &Path {
        &self.resolved
    }

    /// Returns how this directory overlaps with the place, by identity and by path.
    pub(super) fn overlap(&self, directory: &Opened) -> Option<Overlap> {
        if self.directory.is_some() && self.directory == directory.identity() {
            return Some(Overlap::Same);
        }
        if directory.identity().is_some_and(|identity| self.through.contains(&identity)) {
            return Some(Overlap::Contains);
        }
        if self.directory.is_some_and(|place| directory.is_in(place)) {
            return Some(Overlap::Inside);
        }
        self.overlap_by_path(directory.path())
    }

    /// Like [`Place::overlap`], for a directory that does not exist yet, by its future path.
    pub(super) fn overlap_by_path(&self, resolved: &Path) -> Option<Overlap> {
        if self.resolved == resolved {
            Some(Overlap::Same)
        } else if self.resolved.starts_with(resolved) {
            Some(Overlap::Contains)
        } else if resolved.starts_with(&self.resolved) {
            Some(Overlap::Inside)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn overlap(place: &Path, directory: &Path) -> Option<Overlap> {
        Place::find(place).unwrap().overlap(&Opened::open(directory).unwrap())
    }

    #[test]
    fn a_place_overlaps_with_what_it_is_in_and_what_is_in_it() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        fs::create_dir_all(path("store/cache/deep")).unwrap();
        fs::create_dir_all(path("data")).unwrap();
        fs::write(path("offsets"), "").unwrap();
        assert_eq!(overlap(&path("store"), &path("store")), Some(Overlap::Same));
        assert_eq!(overlap(&path("store/cache"), &path("store")), Some(Overlap::Contains));
        assert_eq!(overlap(&path("store"), &path("store/cache/deep")), Some(Overlap::Inside));
        assert_eq!(overlap(&path("store"), root.path()), Some(Overlap::Contains));
        assert_eq!(overlap(&path("store"), Path::new("/")), Some(Overlap::Contains));
        assert_eq!(overlap(&path("store"), &path("data")), None);
        for file in ["offsets", "not-there", "not/there/either"] {
            assert_eq!(overlap(&path(file), root.path()), Some(Overlap::Contains), "{file}");
            assert_eq!(overlap(&path(file), &path("data")), None, "{file}");
        }
        assert_eq!(overlap(Path::new("/proc"), Path::new("/proc/self/..")), Some(Overlap::Same));
    }

    #[test]
    fn links_on_either_side_hide_nothing() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        for name in ["real/store", "data/in", "links"] {
            fs::create_dir_all(path(name)).unwrap();
        }
        // The worker's path: a process that can write to `links` determines where the store is.
        symlink("../real", path("links/to-real")).unwrap();
        symlink(path("links/to-real"), path("way")).unwrap();
        let store = path("way/store");
        for directory in ["links", "real", "real/store", "way", "links/to-real/store"] {
            assert!(overlap(&store, &path(directory)).is_some(), "{directory}");
        }
        assert_eq!(overlap(&store, &path("data")), None);
        // The plugin's path.
        symlink(path("real/store"), path("data/out")).unwrap();
        assert_eq!(overlap(&path("real/store"), &path("data/out")), Some(Overlap::Same));
        assert_eq!(overlap(&path("real/store"), &path("data/out/..")), Some(Overlap::Contains));
        assert_eq!(overlap(&path("real/store"), &path("data/in")), None);
    }

    #[test]
    fn what_is_not_there_yet_is_compared_by_its_path() {
        let root = tempfile::tempdir().unwrap();
        symlink("here", root.path().join("link")).unwrap();
        fs::create_dir(root.path().join("here")).unwrap();
        let here = root.path().canonicalize().unwrap().join("here");
        let place = Place::find(&root.path().join("link/a/b")).unwrap();
        assert_eq!(place.resolved(), here.join("a/b"));
        assert_eq!(place.overlap_by_path(&here.join("a")), Some(Overlap::Contains));
        assert_eq!(place.overlap_by_path(&here.join("a/b/c")), Some(Overlap::Inside));
        assert_eq!(place.overlap_by_path(&here.join("a/bc")), None);
    }
}
