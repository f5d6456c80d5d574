//! Directories and files whose path and owner must be trusted: opened step by step, and checked after they were opened.

mod private_dir;
mod trust;
mod walk;

use std::os::unix::fs::MetadataExt;

use rustix::fs::OFlags;

pub(crate) use private_dir::random;
pub use private_dir::{PrivateDir, PrivateDirError, Strangers};
pub(crate) use walk::{Step, Walk};

/// The identity of a directory, independent of its name: device and inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Identity {
    device: u64,
    inode: u64,
}

/// What is checked of a directory or symbolic link on a path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    pub(crate) identity: Identity,
    pub(crate) owner: u32,
    pub(crate) group: u32,
    /// The permissions, with the sticky bit.
    pub(crate) mode: u32,
}

impl Look {
    /// Reads the attributes of an open file.
    pub(crate) fn at(file: &std::fs::File) -> std::io::Result<Self> {
        Ok(Self::of(&file.metadata()?))
    }

    pub(crate) fn of(metadata: &std::fs::Metadata) -> Self {
        Self {
            identity: Identity { device: metadata.dev(), inode: metadata.ino() },
            owner: metadata.uid(),
            group: metadata.gid(),
            mode: metadata.mode() & 0o7777,
        }
    }
}

/// The flags for opening a directory that is only checked or passed: it need not be readable, and is not changed.
pub(crate) const PASS: OFlags = READ.union(O_PATH);

/// The flags for opening a directory whose names are read.
const READ: OFlags = OFlags::DIRECTORY.union(OFlags::CLOEXEC);

#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
const O_PATH: OFlags = OFlags::PATH;
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
const O_PATH: OFlags = OFlags::empty();
