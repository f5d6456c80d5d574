//! The folder of uploaded components: `<sha256>.wasm`, each written beside and renamed, so that a file that is there is whole
//! and stays, whenever the machine loses power.

use std::io;
use std::path::{Path, PathBuf};

use crate::own_io::spawn_blocking;

use crate::replace_file::{remove_file, replace_file};

/// How the names of unfinished files begin, and began once.
const UNFINISHED: [&str; 2] = [".weir-", ".upload-"];

/// What could not be done with a file.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot {doing} {}: {source}; check the space and the permissions of the folder (weir.plugin.store)", path.display()
)]
pub struct Error {
    doing: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl Error {
    pub(super) fn new(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self { doing, path, source }
    }
}

/// The folder.
#[derive(Debug, Clone)]
pub(super) struct Store {
    folder: PathBuf,
}

impl Store {
    /// Opens the folder, makes it if need be, and removes what unfinished uploads left.
    pub(super) fn open(folder: &Path) -> Result<Self, Error> {
        std::fs::create_dir_all(folder).map_err(Error::new("create", folder))?;
        for entry in std::fs::read_dir(folder).map_err(Error::new("read", folder))? {
            let entry = entry.map_err(Error::new("read", folder))?;
            let name = entry.file_name();
            if UNFINISHED.iter().any(|unfinished| name.to_string_lossy().starts_with(unfinished)) {
                std::fs::remove_file(entry.path()).map_err(Error::new("remove", &entry.path()))?;
            }
        }
        Ok(Self { folder: folder.to_owned() })
    }

    /// The folder as it is, and even if it is not there: for looking only.
    pub(super) fn read_only(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// The files that hold a component, sorted by name.
    pub(super) fn files(&self) -> Result<Vec<PathBuf>, Error> {
        if !self.folder.exists() {
            return Ok(Vec::new());
        }
        wasm_files(&self.folder).map_err(Error::new("read", &self.folder))
    }

    /// Stores a component. Returns when it is on disk for good; after an error it is not there.
    pub(super) async fn put(&self, id: &str, bytes: Vec<u8>) -> Result<(), Error> {
        let path = self.path(id);
        blocking(move || replace_file(&path, &bytes).map_err(Error::new("write", &path))).await
    }

    /// Removes a component. One that is not there is removed already. After an error it is still there.
    pub(super) async fn remove(&self, id: &str) -> Result<(), Error> {
        let path = self.path(id);
        blocking(move || remove_file(&path).map_err(Error::new("remove", &path))).await
    }

    fn path(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{id}.wasm"))
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match spawn_blocking(work).await {
        Ok(done) => done,
        // Nobody aborts it, so it panicked.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// The `*.wasm` of one folder, sorted by name.
pub(super) fn wasm_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
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
    async fn what_was_put_is_there_after_opening_again_and_leftovers_are_not() {
        let folder = tempfile::tempdir().expect("folder");
        let root = folder.path().join("store");
        let store = Store::open(&root).expect("opened");
        store.put("aa", b"1".to_vec()).await.expect("stored");
        store.put("aa", b"1".to_vec()).await.expect("stored again");
        std::fs::write(root.join(".upload-x"), b"half").expect("written");
        std::fs::write(root.join("notes.txt"), b"-").expect("written");
        let store = Store::open(&root).expect("opened");
        assert_eq!(store.files().expect("listed"), [root.join("aa.wasm")]);
        assert!(!root.join(".upload-x").exists());
        store.remove("aa").await.expect("removed");
        store.remove("aa").await.expect("removed twice");
        assert!(store.files().expect("listed").is_empty());
    }

    #[tokio::test]
    async fn an_error_names_the_folder_and_the_key() {
        let file = tempfile::NamedTempFile::new().expect("file");
        let error = Store::open(file.path()).expect_err("a file is no folder").to_string();
        assert!(error.contains("weir.plugin.store") && error.contains(&file.path().display().to_string()), "{error}");
    }
}
