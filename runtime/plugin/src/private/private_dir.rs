//! A directory that no other user can change, on no step of its path, and the files in it: opened without following links, and
//! looked at after they were opened.

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

/// How the names of unfinished files begin, and began once.
const UNFINISHED: [&str; 2] = [".weir-", ".upload-"];

/// What other users may do in a directory that they can never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strangers {
    /// Read it, if its permissions say so. It may belong to root.
    MayRead,
    /// Nothing: it belongs to the worker's user, and the permissions of others are taken away when it is opened for writing.
    AreKeptOut,
}

/// The directory cannot be trusted, or not be used.
#[derive(Debug, thiserror::Error)]
pub enum PrivateDirError {
    /// The system refused.
    #[error("cannot open {}: {source}", path.display())]
    Io {
        /// The directory, or one on the way to it.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// Somebody else owns it.
    #[error(
        "{} belongs to the user with number {owner}, who can put other files in its place. Choose a directory that belongs to \
         the worker's user ({us}), below directories of this user and of root", path.display()
    )]
    Owner {
        /// The directory, or one on the way to it, or a link.
        path: PathBuf,
        /// Its owner.
        owner: u32,
        /// The worker's user.
        us: u32,
    },
    /// Others may write there.
    #[error(
        "{} can be written by other users (mode {mode:o}). Run `chmod go-w {}`, after making sure that nothing foreign is in it",
        path.display(), path.display()
    )]
    Writable {
        /// The directory, or one on the way to it.
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

    /// Whether the directory, or one on the way to it, is not there.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

/// The directory, opened. Clones are the same one, wherever it is moved to.
#[derive(Debug, Clone)]
pub struct PrivateDir {
    dir: Arc<File>,
    path: PathBuf,
    us: u32,
    /// Owner of files that are trusted besides the worker's user.
    strangers: Strangers,
}

impl PrivateDir {
    /// Opens the directory, and makes it and those above it if they are not there, for the worker's user alone.
    ///
    /// # Errors
    ///
    /// It cannot be made or opened, or another user can change it.
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

    /// Opens the directory and changes nothing.
    ///
    /// # Errors
    ///
    /// It is not there or cannot be opened, or another user can change it.
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
        // The same directory, opened in a way that lets its names be read.
        let opened = openat(walk.directory(), ".", READ, Mode::empty()).map(File::from).map_err(io::Error::from);
        let opened = opened.and_then(|dir| Look::at(&dir).map(|look| (dir, look)));
        let (dir, look) = opened.map_err(failed)?;
        trusted(trust::end(&look, us, strangers == Strangers::MayRead), &look, &path)?;
        Ok(Self { dir: Arc::new(dir), path, us, strangers })
    }

    /// Where it was when it was opened, without symbolic links.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The names of what is in it, in no order. Those that are not UTF-8 are left out.
    ///
    /// # Errors
    ///
    /// The system's answer.
    pub fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.dir)? {
            names.extend(entry?.file_name().to_str().ok().map(str::to_owned));
        }
        names.retain(|name| name != "." && name != "..");
        Ok(names)
    }

    /// Opens a file for reading. The file is not a link, nor anything that would block.
    ///
    /// # Errors
    ///
    /// It is not there, it is not a regular file, or another user could have written it.
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

    /// The content of a file.
    ///
    /// # Errors
    ///
    /// As for [`PrivateDir::file`].
    pub fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        self.file(name)?.read_to_end(&mut content)?;
        Ok(content)
    }

    /// As [`PrivateDir::read`], for a file that no other user can read.
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

    /// Writes a file, readable by its owner only, in place of what had the name. It is on disk when this returns.
    ///
    /// # Errors
    ///
    /// The system's answer. A file that was not there before is not there.
    pub fn replace(&self, name: &str, parts: &[&[u8]]) -> io::Result<()> {
        self.replace_and_sync(name, parts, File::sync_all)
    }

    /// `sync` makes the directory durable.
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

    /// As [`PrivateDir::replace`], if nothing has the name.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::AlreadyExists`], or the system's answer.
    pub fn create_file(&self, name: &str, parts: &[&[u8]]) -> io::Result<()> {
        let name = plain(name)?;
        let unfinished = self.unfinished(parts)?;
        linkat(&self.dir, &unfinished.name, &self.dir, name, AtFlags::empty())?;
        drop(unfinished);
        self.dir.sync_all()
    }

    /// Removes a file, durably. One that is not there is removed already.
    ///
    /// # Errors
    ///
    /// The system's answer. The file is still there, unless the disk itself fails.
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
            // One that stays is removed at the next start.
            let _ = unlinkat(&self.dir, &removed, AtFlags::empty());
        }
        Ok(())
    }

    /// Removes what was being written when a process was killed. Not to be called while another one may be writing here.
    ///
    /// # Errors
    ///
    /// The system's answer.
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

/// A file that is removed again unless it gets its name.
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
        // What is left is removed at the next start.
        let _ = unlinkat(self.dir, &self.name, AtFlags::empty());
    }
}

/// A name in this directory, and not a path out of it.
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

/// Bytes that nobody can guess.
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

    /// Whether the test may give files to another user.
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
        // What has the name is replaced, and not what it leads to.
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
        // Looked at as another user would, for whom this test's files are root's.
        if can_chown() {
            PrivateDir::walk(&path, Strangers::MayRead, 4711, false).unwrap();
            let error = PrivateDir::walk(&path, Strangers::AreKeptOut, 4711, false).unwrap_err();
            assert!(matches!(error, PrivateDirError::Owner { owner: 0, us: 4711, .. }), "{error}");
        } else {
            PrivateDir::walk(&path, Strangers::MayRead, 4711, false).unwrap_err();
        }
    }
}
