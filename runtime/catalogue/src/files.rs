//! Finds the files in which there should be components: those of `plugin.path` and those of the store.

use std::path::{Path, PathBuf};

use tracing::warn;

use super::store::{self, Store};

/// A file in which there should be a component.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) path: PathBuf,
    /// Its name in the store; `None` if it is on `plugin.path`.
    pub(super) in_store: Option<String>,
    /// Its position among all files.
    pub(super) order: usize,
}

impl File {
    /// Whether it is in the store of uploads.
    pub(super) fn uploaded(&self) -> bool {
        self.in_store.is_some()
    }

    /// The id in the name of a file of the store.
    pub(super) fn stem(&self) -> Option<String> {
        self.in_store.as_ref().map(|name| name.strip_suffix(".wasm").unwrap_or(name).to_owned())
    }
}

/// Returns the files of `plugin.path` and of the store.
pub(super) fn all(directories: &[PathBuf], store: &Store) -> Result<Vec<File>, store::Error> {
    let on_path = directories.iter().flat_map(|directory| files_on_path(directory)).map(|path| (path, None));
    let in_store = store.files()?.into_iter().map(|name| (store.path_of(&name), Some(name)));
    let file = |(order, (path, in_store))| File { path, in_store, order };
    Ok(on_path.chain(in_store).enumerate().map(file).collect())
}

/// Returns the components of one entry of `plugin.path`: `*.wasm` in the directory and in its subdirectories, or the entry itself.
pub fn files_on_path(directory: &Path) -> Vec<PathBuf> {
    if directory.is_file() {
        return vec![directory.to_owned()];
    }
    let mut files = match store::wasm_files(directory) {
        Ok(files) => files,
        Err(error) => {
            warn!(directory = %directory.display(), %error, "cannot read a directory of plugin.path; skipping it; create it or remove it from plugin.path");
            return Vec::new();
        }
    };
    let mut below: Vec<PathBuf> = std::fs::read_dir(directory)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_dir())
        .collect();
    below.sort();
    for directory in below {
        match store::wasm_files(&directory) {
            Ok(more) => files.extend(more),
            Err(error) => {
                warn!(directory = %directory.display(), %error, "cannot read a directory below plugin.path; skipping it")
            }
        }
    }
    files
}
