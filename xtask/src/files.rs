//! The files of the repository, for tests that look at all of them.

use std::fs;
use std::path::{Path, PathBuf};

/// Returns the files in a directory and the directories below it, without build output and hidden directories except `.github`.
pub(crate) fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        if !entry.file_type().unwrap().is_dir() {
            found.push(entry.path());
        } else if name != "target" && (!name.starts_with('.') || name == ".github") {
            found.extend(files(&entry.path()));
        }
    }
    found
}

/// Returns the Rust files in a directory and the directories below it.
pub(crate) fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut files = files(directory);
    files.retain(|path| path.extension().is_some_and(|ending| ending == "rs"));
    files
}
