//! Follows a path from the root, one directory at a time, as the system would. The caller can check each directory and symbolic link, and
//! what it checks is what was opened.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, mkdirat, openat, readlinkat, statat};
use rustix::io::Errno;

use super::{Identity, Look, PASS};

/// The maximum number of symbolic links on a path, as in Linux.
const MAX_LINKS: usize = 40;

/// A step on the path.
#[derive(Debug)]
pub(crate) enum Step {
    /// A directory was entered.
    Directory(Look),
    /// A symbolic link was read in the current directory. Its target follows.
    Link(Look),
    /// The path ends at something that is not a directory.
    File,
    /// The name does not exist in the current directory.
    Missing,
    /// The path ends in the current directory.
    End,
}

/// A path that is being followed.
#[derive(Debug)]
pub(crate) struct Walk {
    dir: File,
    /// The path of `dir`, without symbolic links.
    path: PathBuf,
    /// The remaining names, in reverse order.
    rest: Vec<OsString>,
    links: usize,
}

impl Walk {
    /// Begins in the root directory, which the caller must check as well.
    pub(crate) fn begin(path: &Path) -> io::Result<(Self, Look)> {
        let path = std::path::absolute(path)?;
        let dir = root()?;
        let look = Look::at(&dir)?;
        let mut walk = Self { dir, path: PathBuf::from("/"), rest: Vec::new(), links: 0 };
        walk.ahead(&path);
        Ok((walk, look))
    }

    fn ahead(&mut self, path: &Path) {
        for component in path.components().rev() {
            match component {
                Component::Normal(name) => self.rest.push(name.to_owned()),
                Component::ParentDir => self.rest.push("..".into()),
                Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
            }
        }
    }

    /// Makes one step.
    ///
    /// # Errors
    ///
    /// The error of the system: no permission, too many links, or a file on the path.
    pub(crate) fn step(&mut self) -> io::Result<Step> {
        let Some(name) = self.rest.last().cloned() else { return Ok(Step::End) };
        if name == ".." {
            let look = self.enter(&name)?;
            self.path.pop();
            return Ok(Step::Directory(look));
        }
        let stat = match statat(&self.dir, &name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(Errno::NOENT) => return Ok(Step::Missing),
            Err(error) => return Err(error.into()),
        };
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => {
                let look = self.enter(&name)?;
                self.path.push(name);
                Ok(Step::Directory(look))
            }
            FileType::Symlink => {
                self.links += 1;
                if self.links > MAX_LINKS {
                    return Err(Errno::LOOP.into());
                }
                let target = PathBuf::from(OsString::from_vec(readlinkat(&self.dir, &name, Vec::new())?.into_bytes()));
                self.rest.pop();
                if target.is_absolute() {
                    self.dir = root()?;
                    self.path = PathBuf::from("/");
                }
                self.ahead(&target);
                Ok(Step::Link(link(&stat)))
            }
            _ if self.rest.len() > 1 => Err(Errno::NOTDIR.into()),
            _ => Ok(Step::File),
        }
    }

    /// Enters a directory of the current one, but not through a link that has just replaced it.
    fn enter(&mut self, name: &OsStr) -> io::Result<Look> {
        let dir = File::from(openat(&self.dir, name, PASS | OFlags::NOFOLLOW, Mode::empty())?);
        let look = Look::at(&dir)?;
        self.dir = dir;
        self.rest.pop();
        Ok(look)
    }

    /// Creates the directory after [`Step::Missing`], with access for its owner only. The next step enters it, even if another process
    /// created it in the meantime.
    pub(crate) fn make(&self) -> io::Result<()> {
        let Some(name) = self.rest.last() else { return Ok(()) };
        match mkdirat(&self.dir, name, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns the current directory.
    pub(crate) fn directory(&self) -> &File {
        &self.dir
    }

    /// Returns the path: the part that was followed without symbolic links, the rest as it was given.
    pub(crate) fn path(&self) -> PathBuf {
        let mut path = self.path.clone();
        for name in self.rest.iter().rev() {
            match name.to_str() {
                Some("..") => drop(path.pop()),
                _ => path.push(name),
            }
        }
        path
    }

    /// Returns the path of the current directory.
    pub(crate) fn here(&self) -> PathBuf {
        self.path.clone()
    }

    /// Returns what the next step reads.
    pub(crate) fn next(&self) -> PathBuf {
        self.rest.last().map_or_else(|| self.here(), |name| self.path.join(name))
    }
}

fn root() -> io::Result<File> {
    Ok(File::from(rustix::fs::open("/", PASS, Mode::empty())?))
}

#[expect(clippy::unnecessary_cast, reason = "these types are not the same on each system")]
fn link(stat: &rustix::fs::Stat) -> Look {
    Look {
        identity: Identity { device: stat.st_dev as u64, inode: stat.st_ino as u64 },
        owner: stat.st_uid as u32,
        group: stat.st_gid as u32,
        mode: stat.st_mode as u32 & 0o7777,
    }
}
