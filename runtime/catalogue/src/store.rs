//! The directory of uploaded components: `<sha256>.wasm`. Each is written under another name and renamed, so that a file in it is complete
//! and durable, whenever the machine loses power. No other user can change the directory, and files are not opened through links.

use std::io;
use std::path::{Path, PathBuf};

use weir_plugin::{PrivateDir, PrivateDirError, Strangers};

use weir_storage::own_io::spawn_blocking;

/// Why the store, or a file in it, cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An operation on a file failed.
    #[error(
        "cannot {doing} {}: {source}; check the space and the permissions of the directory (weir.plugin.store)", path.display()
    )]
    Io {
        /// The operation.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
    /// The directory cannot be used.
    #[error("the directory of uploaded plugins (weir.plugin.store), {}, cannot be used: {source}", path.display())]
    Dir {
        /// The directory.
        path: PathBuf,
        /// The cause.
        source: PrivateDirError,
    },
}

impl Error {
    pub(super) fn new(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }
}

/// The store of uploaded components.
#[derive(Debug, Clone)]
pub(super) struct Store {
    path: PathBuf,
    /// `None` if the directory does not exist and must not be created.
    dir: Option<PrivateDir>,
}

impl Store {
    /// Opens the directory, creates it if necessary, and removes the files of unfinished uploads.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Dir { path: path.to_owned(), source };
        let dir = PrivateDir::create(path, Strangers::MayRead).map_err(failed)?;
        dir.remove_unfinished().map_err(Error::new("remove unfinished uploads in", path))?;
        Ok(Self { path: path.to_owned(), dir: Some(dir) })
    }

    /// Opens the directory for reading only, and without changing it. It need not exist.
    pub(super) fn read_only(path: &Path) -> Result<Self, Error> {
        let dir = match PrivateDir::open(path, Strangers::MayRead) {
            Ok(dir) => Some(dir),
            Err(error) if error.is_missing() => None,
            Err(source) => return Err(Error::Dir { path: path.to_owned(), source }),
        };
        Ok(Self { path: path.to_owned(), dir })
    }

    fn dir(&self) -> io::Result<PrivateDir> {
        self.dir.clone().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Returns the names of the files that contain a component, sorted.
    pub(super) fn files(&self) -> Result<Vec<String>, Error> {
        let Some(dir) = &self.dir else { return Ok(Vec::new()) };
        let mut names = dir.names().map_err(Error::new("read", &self.path))?;
        names.retain(|name| name.ends_with(".wasm"));
        names.sort();
        Ok(names)
    }

    /// Returns the path of a file of [`Store::files`].
    pub(super) fn path_of(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Reads a file of [`Store::files`].
    pub(super) async fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let (dir, name) = (self.dir()?, name.to_owned());
        blocking(move || dir.read(&name)).await
    }

    /// Stores a component. It is durable when this returns; after an error it is not stored.
    pub(super) async fn put(&self, id: &str, bytes: impl AsRef<[u8]> + Send + 'static) -> Result<(), Error> {
        let name = file_name(id);
        let path = self.path_of(&name);
        let dir = self.dir();
        blocking(move || dir?.replace(&name, &[bytes.as_ref()])).await.map_err(Error::new("write", &path))
    }

    /// Removes a component. Succeeds if it does not exist. After an error it is still stored.
    pub(super) async fn remove(&self, id: &str) -> Result<(), Error> {
        let name = file_name(id);
        let path = self.path_of(&name);
        let dir = self.dir();
        blocking(move || dir?.remove(&name)).await.map_err(Error::new("remove", &path))
    }
}

fn file_name(id: &str) -> String {
    format!("{id}.wasm")
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match spawn_blocking(work).await {
        Ok(done) => done,
        // It is never aborted, so it panicked.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// Returns the `*.wasm` files of one directory, sorted by name.
pub(super) fn wasm_files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "wasm") && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn stored_components_survive_a_reopening_and_leftovers_do_not() {
        let directory = tempfile::tempdir().expect("directory");
        let root = directory.path().join("store");
        let store = Store::open(&root).expect("opened");
        store.put("aa", b"1".to_vec()).await.expect("stored");
        store.put("aa", b"1".to_vec()).await.expect("stored again");
        std::fs::write(root.join(".upload-x"), b"half").expect("written");
        std::fs::write(root.join("notes.txt"), b"-").expect("written");
        let store = Store::open(&root).expect("opened");
        assert_eq!(store.files().expect("listed"), ["aa.wasm"]);
        assert_eq!(store.read("aa.wasm").await.expect("read"), b"1");
        assert!(!root.join(".upload-x").exists());
        store.remove("aa").await.expect("removed");
        store.remove("aa").await.expect("removed twice");
        assert!(store.files().expect("listed").is_empty());
    }

    #[tokio::test]
    async fn an_error_names_the_directory_and_the_key() {
        let file = tempfile::NamedTempFile::new().expect("file");
        let error = Store::open(file.path()).expect_err("a file is not a directory").to_string();
        assert!(error.contains("weir.plugin.store") && error.contains(&file.path().display().to_string()), "{error}");
    }

    #[tokio::test]
    async fn files_that_other_users_could_have_placed_there_are_not_used() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let directory = tempfile::tempdir().expect("directory");
        let root = directory.path().join("store");
        let store = Store::open(&root).expect("opened");
        std::fs::write(directory.path().join("elsewhere"), b"foreign").expect("written");
        symlink(directory.path().join("elsewhere"), root.join("link.wasm")).expect("linked");
        store.put("open", b"1".to_vec()).await.expect("stored");
        let chmod = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode));
        chmod(&root.join("open.wasm"), 0o666).expect("changed");
        for name in store.files().expect("listed") {
            store.read(&name).await.expect_err(&name);
        }
        // An upload replaces a file with its name.
        store.put("link", b"2".to_vec()).await.expect("stored");
        assert_eq!(store.read("link.wasm").await.expect("read"), b"2");
        assert_eq!(std::fs::read(directory.path().join("elsewhere")).expect("read"), b"foreign");
        chmod(&root, 0o777).expect("changed");
        for error in
            [Store::open(&root), Store::read_only(&root)].map(|opened| opened.expect_err("refused").to_string())
        {
            assert!(error.contains("chmod go-w") && error.contains("weir.plugin.store"), "{error}");
        }
        assert!(Store::read_only(&directory.path().join("none")).expect("empty").files().expect("listed").is_empty());
    }
}
