//! Directories and files whose way and owner matter: followed step by step, opened, and looked at after they were opened.

mod private_dir;
mod trust;
mod walk;

use std::os::unix::fs::MetadataExt;

use rustix::fs::OFlags;

pub(crate) use private_dir::random;
pub use private_dir::{PrivateDir, PrivateDirError, Strangers};
pub(crate) use walk::{Step, Walk};

/// What a directory is, whatever its name: device and inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Identity {
    device: u64,
    inode: u64,
}

/// What is asked of a directory or symbolic link on the way of a path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    pub(crate) identity: Identity,
    pub(crate) owner: u32,
    pub(crate) group: u32,
    /// Permissions, with the sticky bit.
    pub(crate) mode: u32,
}

impl Look {
    /// Looks at what was opened.
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

/// How a directory is opened that is only looked at or passed through: needs no right to read it, and has no effect on it.
pub(crate) const PASS: OFlags = READ.union(O_PATH);

/// How a directory is opened whose names are to be read.
const READ: OFlags = OFlags::DIRECTORY.union(OFlags::CLOEXEC);

#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
const O_PATH: OFlags = OFlags::PATH;
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
const O_PATH: OFlags = OFlags::empty();
