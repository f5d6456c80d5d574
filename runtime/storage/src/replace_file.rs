//! Replaces a file as a whole: whatever happens, it has either the old or the new content, and after an error the old one.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The function that replaces a file; tests make it fail or wait.
pub type Replace = Arc<dyn Fn(&Path, &[u8]) -> io::Result<()> + Send + Sync>;

/// Writes the content to a new file in the same directory, makes it durable, and renames it to the file's name. The file is readable by
/// its owner only. A process that is killed meanwhile may leave a `.weir-` file in the directory, which nothing reads.
///
/// # Errors
///
/// The operating system reported an error. The file has its old content, unless the text says otherwise.
pub fn replace_file(path: &Path, content: &[u8]) -> io::Result<()> {
    replace_and_sync(path, content, File::sync_all)
}

/// Replaces the file; `sync` makes the directory durable.
fn replace_and_sync(path: &Path, content: &[u8], sync: impl Fn(&File) -> io::Result<()>) -> io::Result<()> {
    let directory = directory_of(path);
    // Opened first: once the file is replaced, only the disk itself can fail.
    let opened = File::open(directory)?;
    let mut file = tempfile::Builder::new().prefix(".weir-").tempfile_in(directory)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    let old = Old::keep(path, directory);
    if let Err(error) = file.persist(path) {
        old.forget();
        return Err(error.error);
    }
    if let Err(cause) = sync(&opened) {
        // The caller reports a failure, so the change must not come back after a restart.
        let Err(error) = old.restore(path) else {
            let _ = sync(&opened);
            return Err(cause);
        };
        let text =
            format!("{cause}; the file may contain the change nevertheless, because it could not be restored: {error}");
        return Err(io::Error::new(cause.kind(), text));
    }
    old.forget();
    Ok(())
}

/// Returns the directory that contains a file.
fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory,
        _ => Path::new("."),
    }
}

/// The old file while it is being replaced.
enum Old {
    /// There was no file.
    None,
    /// A hard link to it.
    Linked(PathBuf),
    /// It could not be linked, for example because the file system does not support hard links.
    Unlinked(io::Error),
}

impl Old {
    fn keep(path: &Path, directory: &Path) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let second = directory.join(format!(".weir-before-{name}"));
        // Left by a process that was killed. If it cannot be removed, the link fails and says why.
        let _ = fs::remove_file(&second);
        match fs::hard_link(path, &second) {
            Ok(()) => Self::Linked(second),
            Err(error) if error.kind() == ErrorKind::NotFound => Self::None,
            Err(error) => Self::Unlinked(error),
        }
    }

    fn restore(self, path: &Path) -> io::Result<()> {
        match self {
            Self::None => fs::remove_file(path),
            Self::Linked(second) => fs::rename(second, path),
            Self::Unlinked(error) => Err(error),
        }
    }

    fn forget(self) {
        if let Self::Linked(second) = self {
            // If it cannot be removed, the next write does.
            let _ = fs::remove_file(second);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).expect("a directory").flatten();
        let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    fn broken(_: &File) -> io::Result<()> {
        Err(io::Error::other("broken disk"))
    }

    #[test]
    fn a_file_is_replaced_and_no_other_file_remains() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("file");
        for content in ["one", "two", ""] {
            replace_file(&path, content.as_bytes()).expect("replaced");
            assert_eq!(fs::read_to_string(&path).expect("read"), content);
        }
        assert_eq!(names(directory.path()), ["file"]);
    }

    #[test]
    fn after_an_error_the_file_has_its_old_content() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("file");
        let error = replace_and_sync(&path, b"one", broken).expect_err("refused").to_string();
        assert_eq!(error, "broken disk");
        assert_eq!(names(directory.path()), [""; 0], "there was no file before");
        replace_file(&path, b"one").expect("replaced");
        replace_and_sync(&path, b"two", broken).expect_err("refused");
        assert_eq!(fs::read_to_string(&path).expect("read"), "one");
        assert_eq!(names(directory.path()), ["file"]);
        // Renaming a file to the name of a directory fails, even for root.
        let taken = directory.path().join("taken");
        fs::create_dir(&taken).expect("a directory");
        replace_file(&taken, b"one").expect_err("refused");
        assert_eq!(names(directory.path()), ["file", "taken"]);
    }

    #[test]
    fn leftovers_of_a_killed_process_are_replaced() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("file");
        fs::write(&path, "one").expect("written");
        fs::write(directory.path().join(".weir-before-file"), "zero").expect("written");
        replace_and_sync(&path, b"two", broken).expect_err("refused");
        assert_eq!(fs::read_to_string(&path).expect("read"), "one");
        replace_file(&path, b"two").expect("replaced");
        assert_eq!(names(directory.path()), ["file"]);
    }
}
