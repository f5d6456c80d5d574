//! An open directory and the directories that contain it. They are read from the directory itself and not from a path, whose target may
//! change.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, open, openat};

use crate::private::{Identity, Look, PASS, Step, Walk};

/// The maximum number of directories that contain a directory.
const MAX_DEPTH: usize = 1024;

/// An open directory.
#[derive(Debug)]
pub(super) struct Opened {
    dir: File,
    /// The directory, the one that contains it, and so on up to the root.
    upwards: Vec<Identity>,
    /// Its path, for messages and for a second check.
    path: PathBuf,
}

impl Opened {
    /// Opens a directory. Symbolic links are followed, and their target is checked afterwards.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let dir = File::from(open(path, PASS, Mode::empty())?);
        let upwards = upwards(&dir)?;
        Ok(Self { dir, upwards, path: path.canonicalize()? })
    }

    pub(super) fn into_dir(self) -> File {
        self.dir
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn identity(&self) -> Option<Identity> {
        self.upwards.first().copied()
    }

    /// Returns whether this is the directory, or one in it.
    pub(super) fn is_in(&self, directory: Identity) -> bool {
        self.upwards.contains(&directory)
    }
}

fn upwards(dir: &File) -> io::Result<Vec<Identity>> {
    let root = Look::at(&File::from(open("/", PASS, Mode::empty())?))?.identity;
    let mut found = vec![Look::at(dir)?.identity];
    let mut above = File::from(openat(dir, "..", PASS | OFlags::NOFOLLOW, Mode::empty())?);
    while found.len() < MAX_DEPTH {
        let identity = Look::at(&above)?.identity;
        if found.last() == Some(&identity) {
            // Only the root is its own parent. Any other directory is a mount that hides what is above it.
            let is_root = identity == root;
            return if is_root { Ok(found) } else { Err(io::Error::other("it is mounted inside of itself")) };
        }
        found.push(identity);
        above = File::from(openat(&above, "..", PASS | OFlags::NOFOLLOW, Mode::empty())?);
    }
    Err(io::Error::other("it is in too many directories"))
}

/// Returns the identity of the target of a path without symbolic links. Fails if the path contains a new link.
pub(super) fn without_links(path: &Path) -> Option<Identity> {
    let (mut walk, root) = Walk::begin(path).ok()?;
    let mut last = root.identity;
    loop {
        match walk.step().ok()? {
            Step::Directory(look) => last = look.identity,
            Step::End => return Some(last),
            Step::Link(_) | Step::File | Step::Missing => return None,
        }
    }
}
