//! A directory that no other user can change, at any step of its path, and its files: opened without following links, and checked after
//! they were opened.

use std::fs::{File, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, Dir, Mode, OFlags, linkat, openat, renameat, statat, unlinkat};
use rustix::io::Errno;

use super::trust::{self, Distrust};
use super::{Look, READ, Step, Walk};
use crate::cache::hex;

/// The prefixes of names of unfinished files, now and in earlier versions.
const UNFINISHED: [&str; 2] = [".weir-", ".upload-"];

/// What other users may do in the directory. They can never change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strangers {
    /// They may read it if its permissions allow it. It may belong to root.
    MayRead,
    /// Nothing: it belongs to the worker's user, and permissions of others are removed when it is opened for writing.
    AreKeptOut,
}

/// Why the directory cannot be used or trusted.
#[derive(Debug, thiserror::Error)]
pub enum PrivateDirError {
    /// A system call failed.
    #[error("cannot open {}: {source}", path.display())]
    Io {
        /// The directory, or one on the path to it.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// Another user owns it.
    #[error(
        "{} belongs to the user with id {owner}, who can replace its files. Use a directory that belongs to the worker's user ({us}), and \
         whose parents belong to this user or to root", path.display()
    )]
    Owner {
        /// The directory, or a directory or link on the path to it.
        path: PathBuf,
        /// Its owner.
        owner: u32,
        /// The worker's user.
        us: u32,
    },
    /// Other users may write to it.
    #[error(
        "{} can be written by other users (mode {mode:o}). Check its content, then run `chmod go-w {}`",
        path.display(), path.display()
    )]
    Writable {
        /// The directory, or one on the path to it.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
}

impl PrivateDirError {
    fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }

    fn distrust(distrust: Distrust, path: PathBuf, look: &Look, us: u32) -> Self {
        match distrust {
            Distrust::Owner => Self::Owner { path, owner: look.owner, us },
            Distrust::Writable => Self::Writable { path, mode: look.mode },
        }
    }

    /// Returns whether the directory, or one on the path to it, does not exist.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

/// An open directory. Clones are the same directory, even if it is moved.
#[derive(Debug, Clone)]
pub struct PrivateDir {
    dir: Arc<File>,
    path: PathBuf,
    us: u32,
    /// The owner of files that are trusted, apart from the worker's user.
    strangers: Strangers,
}

impl PrivateDir {
    /// Opens the directory. Creates it and its parents if they do not exist, with access for the worker's user only.
    ///
    /// # Errors
    ///
    /// It cannot be created or opened, or another user can change it.
    pub fn create(path: &Path, strangers: Strangers) -> Result<Self, PrivateDirError> {
        let opened = Self::walk(path, strangers, us(), true)?;
        if strangers == Strangers::AreKeptOut {
            let mode = Look::at(&opened.dir).map_err(PrivateDirError::io(path))?.mode;
            if mode & 0o077 != 0 {
                opened.dir.set_permissions(Permissions::from_mode(0o700)).map_err(PrivateDirError::io(path))?;
            }
        }
        Ok(opened)
    }

    /// Opens the directory without changing anything.
    ///
    /// # Errors
    ///
    /// It does not exist or cannot be opened, or another user can change it.
    pub fn open(path: &Path, strangers: Strangers) -> Result<Self, PrivateDirError> {
        Self::walk(path, strangers, us(), false)
    }

    fn walk(path: &Path, strangers: Strangers, us: u32, create: bool) -> Result<Self, PrivateDirError> {
        let trusted = |checked: Result<(), Distrust>, look: &Look, place: &Path| {
            checked.map_err(|distrust| PrivateDirError::distrust(distrust, place.to_owned(), look, us))
        };
        let (mut walk, look) = Walk::begin(path).map_err(PrivateDirError::io(path))?;
        trusted(trust::way(&look, us), &look, Path::new("/"))?;
        loop {
            let next = walk.next();
            match walk.step().map_err(PrivateDirError::io(&next))? {
                Step::End => break,
                Step::Directory(look) => trusted(trust::way(&look, us), &look, &walk.here())?,
                Step::Link(look) => trusted(trust::owner(&look, us), &look, &next)?,
                Step::Missing if create => walk.make().map_err(PrivateDirError::io(&next))?,
                Step::Missing => return Err(PrivateDirError::io(&next)(io::ErrorKind::NotFound.into())),
                Step::File => return Err(PrivateDirError::io(&next)(io::ErrorKind::NotADirectory.into())),
            }
        }
        let path = walk.here();
        let failed = PrivateDirError::io(&path);
        // The same directory, opened so that its names can be read.
        let opened = openat(walk.directory(), ".", READ, Mode::empty()).map(File::from).map_err(io::Error::from);
        let opened = opened.and_then(|dir| Look::at(&dir).map(|look| (dir, look)));
        let (dir, look) = opened.map_err(failed)?;
        trusted(trust::end(&look, us, strangers == Strangers::MayRead), &look, &path)?;
        Ok(Self { dir: Arc::new(dir), path, us, strangers })
    }

    /// Returns its path when it was opened, without symbolic links.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the names in the directory, in any order. Names that are not UTF-8 are omitted.
    ///
    /// # Errors
    ///
    /// The error of the system.
    pub fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.dir)? {
            names.extend(entry?.file_name().to_str().ok().map(str::to_owned));
        }
        names.retain(|name| name != "." && name != "..");
        Ok(names)
    }

    /// Opens a file for reading. The file must not be a link or anything that blocks.
    ///
    /// # Errors
    ///
    /// It does not exist, it is not a regular file, or another user could have written it.
    pub fn file(&self, name: &str) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = File::from(openat(&self.dir, plain(name)?, flags, Mode::empty())?);
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(refused("it is not a regular file"));
        }
        let look = Look::of(&metadata);
        match trust::end(&look, self.us, self.strangers == Strangers::MayRead) {
            Ok(()) => Ok(file),
            Err(Distrust::Owner) => Err(refused(format!("it belongs to the user with number {}", look.owner))),
            Err(Distrust::Writable) => Err(refused(format!("other users can write to it (mode {:o})", look.mode))),
        }
    }

    /// Returns the content of a file.
    ///
    /// # Errors
    ///
    /// See [`PrivateDir::file`].
    pub fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        self.file(name)?.read_to_end(&mut content)?;
        Ok(content)
    }

    /// Reads a file like [`PrivateDir::read`]; it must be one that no other user can read.
    pub(crate) fn read_secret(&self, name: &str) -> io::Result<Vec<u8>> {
        let mut file = self.file(name)?;
        let mode = Look::at(&file)?.mode;
        if mode & 0o077 != 0 {
            return Err(refused(format!("other users may read it (mode {mode:o})")));
        }
        let mut content = Vec::new();
        file.read_to_end(&mut content)?;
        Ok(content)
    }

    /// Writes a file that only its owner can read, and replaces an existing file. When this returns, the file is on disk.
    ///
    /// # Errors
    ///
    /// The error of the system. A file that did not exist before does not exist.
    pub fn replace(&self, name: &str, parts: &[&[u8]]) -> io::Result<()> {
        self.replace_and_sync(name, parts, File::sync_all)
    }

    /// Like `replace`. `sync` writes the directory to disk.
    fn replace_and_sync(&self, name: &str, parts: &[&[u8]], sync: impl Fn(&File) -> io::Result<()>) -> io::Result<()> {
        let name = plain(name)?;
        let unfinished = self.unfinished(parts)?;
        let was_there = statat(&self.dir, name, AtFlags::SYMLINK_NOFOLLOW).is_ok();
        renameat(&self.dir, &unfinished.name, &self.dir, name)?;
        unfinished.keep();
        if let Err(error) = sync(&self.dir) {
            if !was_there {
                unlinkat(&self.dir, name, AtFlags::empty())?;
            }
            return Err(error);
        }
        Ok(())
    }

    /// Like [`PrivateDir::replace`], but only if the name is not used.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::AlreadyExists`], or the error of the system.
    pub fn create_file(&self, name: &str, parts: &[&[u8]]) -> io::Result<()> {
        let name = plain(name)?;
        let unfinished = self.unfinished(parts)?;
        linkat(&self.dir, &unfinished.name, &self.dir, name, AtFlags::empty())?;
        drop(unfinished);
        self.dir.sync_all()
    }

    /// Removes a file, also on disk. Succeeds if the file does not exist.
    ///
    /// # Errors
    ///
    /// The error of the system. The file still exists, unless the disk failed.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        self.remove_and_sync(name, File::sync_all)
    }

    fn remove_and_sync(&self, name: &str, sync: impl Fn(&File) -> io::Result<()>) -> io::Result<()> {
        let name = plain(name)?;
        let removed = format!("{}removed-{}", UNFINISHED[0], hex(&random::<8>()?));
        let was_there = match renameat(&self.dir, name, &self.dir, &removed) {
            Ok(()) => true,
            Err(Errno::NOENT) => false,
            Err(error) => return Err(error.into()),
        };
        if let Err(error) = sync(&self.dir) {
            if was_there {
                renameat(&self.dir, &removed, &self.dir, name)?;
            }
            return Err(error);
        }
        if was_there {
            // A file that remains is removed at the next start.
            let _ = unlinkat(&self.dir, &removed, AtFlags::empty());
        }
        Ok(())
    }

    /// Removes files that were not finished when a process was killed. Do not call it while another process may write here.
    ///
    /// # Errors
    ///
    /// The error of the system.
    pub fn remove_unfinished(&self) -> io::Result<()> {
        let names = self.names()?;
        let is_unfinished = |name: &&String| UNFINISHED.iter().any(|unfinished| name.starts_with(unfinished));
        names.iter().filter(is_unfinished).try_for_each(|name| Ok(unlinkat(&self.dir, name, AtFlags::empty())?))
    }

    fn unfinished(&self, parts: &[&[u8]]) -> io::Result<Unfinished<'_>> {
        let name = format!("{}{}", UNFINISHED[0], hex(&random::<8>()?));
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file = File::from(openat(&self.dir, &name, flags, Mode::RUSR | Mode::WUSR)?);
        let unfinished = Unfinished { dir: &self.dir, name };
        for part in parts {
            file.write_all(part)?;
        }
        file.sync_all()?;
        Ok(unfinished)
    }
}

/// A file that is removed unless it gets its final name.
struct Unfinished<'a> {
    dir: &'a File,
    name: String,
}

impl Unfinished<'_> {
    fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        // A file that remains is removed at the next start.
        let _ = unlinkat(self.dir, &self.name, AtFlags::empty());
    }
}

/// Checks that a name is in this directory, and not a path to another one.
fn plain(name: &str) -> io::Result<&str> {
    if name.is_empty() || name == "." || name == ".." || name.contains('/') {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{name:?} is not the name of a file")));
    }
    Ok(name)
}

fn refused(reason: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, reason.into())
}

fn us() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Returns random bytes that cannot be guessed.
pub(crate) fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(format!("no random numbers: {error}")))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    const BOTH: [Strangers; 2] = [Strangers::MayRead, Strangers::AreKeptOut];

    fn chmod(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    /// Whether the test may change the owner of files.
    fn can_chown() -> bool {
        us() == 0
    }

    fn give_away(path: &Path) {
        std::os::unix::fs::lchown(path, Some(12345), Some(12345)).unwrap();
    }

    #[test]
    fn it_is_made_for_its_owner_alone_and_what_was_written_is_read() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b");
        assert!(PrivateDir::open(&path, Strangers::AreKeptOut).unwrap_err().is_missing());
        let dir = PrivateDir::create(&path, Strangers::AreKeptOut).unwrap();
        assert_eq!((mode(&path), mode(&root.path().join("a"))), (0o700, 0o700));
        dir.replace("file", &[b"one", b" two"]).unwrap();
        assert_eq!(mode(&path.join("file")), 0o600);
        dir.create_file("file", &[b"three"]).unwrap_err();
        assert_eq!(dir.read("file").unwrap(), b"one two");
        assert_eq!(dir.read_secret("file").unwrap(), b"one two");
        assert_eq!(dir.names().unwrap(), ["file"], "what was unfinished is gone");
        dir.remove("file").unwrap();
        dir.remove("file").unwrap();
        dir.create_file("file", &[b"three"]).unwrap();
        assert_eq!(dir.read("file").unwrap(), b"three");
        for name in ["", ".", "..", "../a", "x/y", "/etc/passwd"] {
            assert_eq!(dir.read(name).unwrap_err().kind(), io::ErrorKind::InvalidInput, "{name}");
        }
    }

    #[test]
    fn one_that_others_can_write_is_refused_and_so_is_one_below_it() {
        let root = tempfile::tempdir().unwrap();
        let (open, below) = (root.path().join("open"), root.path().join("open/below"));
        fs::create_dir_all(&below).unwrap();
        chmod(&below, 0o700);
        for wrong in [0o777, 0o702] {
            chmod(&open, wrong);
            for (path, strangers) in
                [&open, &below].into_iter().flat_map(|path| BOTH.map(|strangers| (path, strangers)))
            {
                let error = PrivateDir::create(path, strangers).unwrap_err();
                assert!(matches!(&error, PrivateDirError::Writable { path, .. } if *path == open), "{error}");
                assert!(error.to_string().contains(&format!("chmod go-w {}", open.display())), "{error}");
            }
        }
        chmod(&open, 0o755);
        PrivateDir::open(&open, Strangers::MayRead).unwrap();
        assert_eq!(mode(&open), 0o755, "looking changes nothing");
        PrivateDir::create(&open, Strangers::AreKeptOut).unwrap();
        assert_eq!(mode(&open), 0o700);
    }

    #[test]
    fn a_path_through_links_is_followed_and_the_place_is_named_without_them() {
        let root = tempfile::tempdir().unwrap();
        let real = root.path().canonicalize().unwrap();
        fs::create_dir_all(real.join("real/x")).unwrap();
        symlink(real.join("real"), real.join("absolute")).unwrap();
        symlink("absolute/../real", real.join("relative")).unwrap();
        let dir = PrivateDir::create(&real.join("relative/x/../y"), Strangers::AreKeptOut).unwrap();
        assert_eq!(dir.path(), real.join("real/y"));
        symlink("round", real.join("round")).unwrap();
        let error = PrivateDir::create(&real.join("round"), Strangers::AreKeptOut).unwrap_err();
        assert!(matches!(error, PrivateDirError::Io { .. }), "{error}");
        chmod(&real.join("real"), 0o777);
        PrivateDir::create(&real.join("relative/y"), Strangers::AreKeptOut).unwrap_err();
    }

    #[test]
    fn a_file_that_is_a_link_or_no_file_or_written_by_others_is_not_read() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("elsewhere"), "foreign").unwrap();
        let dir = PrivateDir::create(&root.path().join("dir"), Strangers::AreKeptOut).unwrap();
        symlink(root.path().join("elsewhere"), dir.path().join("link")).unwrap();
        fs::create_dir(dir.path().join("dir")).unwrap();
        rustix::fs::mkfifoat(&dir.dir, "fifo", Mode::RWXU).unwrap();
        dir.replace("open", &[b"x"]).unwrap();
        chmod(&dir.path().join("open"), 0o622);
        for name in ["link", "dir", "fifo", "open"] {
            dir.read(name).expect_err(name);
        }
        chmod(&dir.path().join("open"), 0o644);
        assert_eq!(dir.read("open").unwrap(), b"x");
        assert!(dir.read_secret("open").unwrap_err().to_string().contains("644"));
        // The link itself is replaced, not its target.
        dir.replace("link", &[b"ours"]).unwrap();
        assert_eq!(dir.read("link").unwrap(), b"ours");
        assert_eq!(fs::read(root.path().join("elsewhere")).unwrap(), b"foreign");
    }

    #[test]
    fn a_directory_that_was_swapped_after_it_was_opened_is_not_used() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("dir");
        let dir = PrivateDir::create(&path, Strangers::AreKeptOut).unwrap();
        fs::create_dir(root.path().join("other")).unwrap();
        fs::write(root.path().join("other/file"), "foreign").unwrap();
        fs::rename(&path, root.path().join("moved")).unwrap();
        symlink(root.path().join("other"), &path).unwrap();
        assert_eq!(dir.read("file").unwrap_err().kind(), io::ErrorKind::NotFound);
        dir.replace("file", &[b"ours"]).unwrap();
        assert_eq!(fs::read(root.path().join("other/file")).unwrap(), b"foreign");
        assert_eq!(fs::read(root.path().join("moved/file")).unwrap(), b"ours");
    }

    #[test]
    fn after_an_error_a_new_file_is_not_there_and_a_removed_one_is() {
        let root = tempfile::tempdir().unwrap();
        let dir = PrivateDir::create(&root.path().join("dir"), Strangers::MayRead).unwrap();
        let broken = |_: &File| Err(io::Error::other("broken disk"));
        assert_eq!(dir.replace_and_sync("file", &[b"x"], broken).unwrap_err().to_string(), "broken disk");
        assert!(dir.names().unwrap().is_empty());
        dir.replace("file", &[b"x"]).unwrap();
        dir.remove_and_sync("file", broken).unwrap_err();
        assert_eq!(dir.read("file").unwrap(), b"x");
        assert_eq!(dir.names().unwrap(), ["file"]);
        fs::write(dir.path().join(".weir-x"), "half").unwrap();
        dir.remove_unfinished().unwrap();
        assert_eq!(dir.names().unwrap(), ["file"]);
    }

    #[test]
    fn what_belongs_to_another_user_is_refused_by_root_too() {
        if !can_chown() {
            return;
        }
        let root = tempfile::tempdir().unwrap();
        let (foreign, below) = (root.path().join("foreign"), root.path().join("foreign/below"));
        fs::create_dir_all(&below).unwrap();
        chmod(&foreign, 0o755);
        give_away(&foreign);
        symlink(root.path(), root.path().join("link")).unwrap();
        give_away(&root.path().join("link"));
        for strangers in BOTH {
            for (path, place) in [(&foreign, "foreign"), (&below, "foreign"), (&root.path().join("link/x"), "link")] {
                let error = PrivateDir::create(path, strangers).unwrap_err();
                let place = root.path().join(place);
                assert!(
                    matches!(&error, PrivateDirError::Owner { path, owner: 12345, .. } if *path == place),
                    "{error}"
                );
            }
        }
        assert!(!root.path().join("x").exists());
        for strangers in BOTH {
            let dir = PrivateDir::create(&root.path().join("ours"), strangers).unwrap();
            dir.replace("file", &[b"x"]).unwrap();
            give_away(&dir.path().join("file"));
            assert!(dir.read("file").unwrap_err().to_string().contains("12345"));
        }
    }

    #[test]
    fn what_belongs_to_root_may_be_read_and_is_no_place_for_code() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("dir");
        fs::create_dir(&path).unwrap();
        // Checked as another user, for whom the files of this test belong to root.
        if can_chown() {
            PrivateDir::walk(&path, Strangers::MayRead, 4711, false).unwrap();
            let error = PrivateDir::walk(&path, Strangers::AreKeptOut, 4711, false).unwrap_err();
            assert!(matches!(error, PrivateDirError::Owner { owner: 0, us: 4711, .. }), "{error}");
        } else {
            PrivateDir::walk(&path, Strangers::MayRead, 4711, false).unwrap_err();
        }
    }
}
