//! A directory that was opened, and which directories it really is in: asked of the directory, not of a path, which may lead elsewhere
//! a moment later.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, open, openat};

use crate::private::{Identity, Look, PASS, Step, Walk};

/// Most directories that one may be in.
const MAX_DEPTH: usize = 1024;

/// The directory.
#[derive(Debug)]
pub(super) struct Opened {
    dir: File,
    /// Itself, the one it is in, and so on to the root.
    upwards: Vec<Identity>,
    /// Where it is, for messages and as a second opinion.
    path: PathBuf,
}

impl Opened {
    /// Opens a directory. Symbolic links are followed: where they lead is looked at afterwards.
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

    /// Whether it is this directory or below it.
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
            // Only the root is in itself. Anything else is a mount that hides what is above it.
            let is_root = identity == root;
            return if is_root { Ok(found) } else { Err(io::Error::other("it is mounted inside of itself")) };
        }
        found.push(identity);
        above = File::from(openat(&above, "..", PASS | OFlags::NOFOLLOW, Mode::empty())?);
    }
    Err(io::Error::other("it is in too many directories"))
}

/// The identity of what a path without symbolic links leads to. A link that has come into it leads nowhere.
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
