//! Determines, without writing, whether the worker could write its files.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{Access, AtFlags, CWD, accessat};

/// Checks that a file could be created or replaced.
pub(crate) fn file(path: &Path) -> Result<(), String> {
    if path.is_dir() {
        return Err(format!("{} is a directory, not a file", path.display()));
    }
    let directory = match path.parent() {
        Some(directory) if directory != Path::new("") => directory,
        _ => Path::new("."),
    };
    match std::fs::metadata(directory) {
        Ok(metadata) if metadata.is_dir() => writable(directory),
        Ok(_) => Err(format!("{} is not a directory", directory.display())),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err(format!("the directory {} does not exist. Create it", directory.display()))
        }
        Err(error) => Err(format!("{}: {error}", directory.display())),
    }
}

/// Checks that a directory could be created or written to. A directory that belongs to root may be read-only.
pub(crate) fn directory(path: &Path) -> Result<(), String> {
    let there = path.ancestors().filter(|path| *path != Path::new("")).find_map(|path| {
        let metadata = std::fs::metadata(path);
        let missing = metadata.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotFound);
        (!missing).then_some((path, metadata))
    });
    // A relative path begins in the current directory.
    let Some((there, metadata)) = there else { return writable(Path::new(".")) };
    match metadata {
        Ok(metadata) if !metadata.is_dir() => Err(format!("{} is not a directory", there.display())),
        Ok(metadata) if there == path && metadata.uid() == 0 => Ok(()),
        Ok(_) => writable(there),
        Err(error) => Err(format!("{}: {error}", there.display())),
    }
}

fn writable(directory: &Path) -> Result<(), String> {
    accessat(CWD, directory, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS).map_err(|error| {
        let error = std::io::Error::from(error);
        format!(
            "the worker's user cannot write in the directory {}: {error}. Change its permissions",
            directory.display()
        )
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_could_not_be_written_is_found_without_writing() {
        let root = tempfile::tempdir().expect("a directory");
        let path = |name: &str| root.path().join(name);
        fs::write(path("file"), "").expect("written");
        assert_eq!((file(&path("file")), file(&path("new"))), (Ok(()), Ok(())));
        assert_eq!((directory(root.path()), directory(&path("new/and/deeper"))), (Ok(()), Ok(())));
        assert!(file(root.path()).expect_err("refused").ends_with("is a directory, not a file"));
        let missing = file(&path("none/new")).expect_err("refused");
        assert_eq!(missing, format!("the directory {} does not exist. Create it", path("none").display()));
        assert!(file(&path("file/new")).is_err());
        assert!(directory(&path("file")).expect_err("refused").ends_with("file is not a directory"));
        assert!(directory(&path("file/new")).is_err());
        // Root may always write.
        if rustix::process::geteuid().is_root() {
            return;
        }
        fs::create_dir(path("closed")).expect("made");
        fs::set_permissions(path("closed"), fs::Permissions::from_mode(0o555)).expect("closed");
        for refused in [file(&path("closed/new")), directory(&path("closed")), directory(&path("closed/new"))] {
            assert!(refused.expect_err("refused").contains("cannot write in the directory"));
        }
    }
}
