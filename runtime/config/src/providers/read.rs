//! Reads a file that a configuration names: only regular files, so that a pipe cannot block a thread, and only up to a limit.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Maximum size of a file that a provider reads, in bytes.
pub(super) const MAX_FILE_BYTES: u64 = 1 << 20;

/// Reads the text of a regular file.
///
/// # Errors
///
/// The file does not exist, is not a regular file, is too large, or is not UTF-8.
pub(super) fn text(path: &Path) -> io::Result<String> {
    let other = |text: String| Err(io::Error::new(io::ErrorKind::InvalidData, text));
    // Opened without blocking, so that a pipe can be recognized after it is opened; before that, a pipe could replace the file.
    let mut options = File::options();
    options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    let file = options.read(true).open(path)?;
    if !file.metadata()?.is_file() {
        return other("it is not a regular file".to_owned());
    }
    let mut text = String::new();
    // One byte beyond the limit shows whether there is more. Files in /proc do not report their length.
    file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_FILE_BYTES {
        return other(format!("it has more than {MAX_FILE_BYTES} bytes"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_of_bounded_size_are_read() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("file");
        std::fs::write(&file, "é").expect("written");
        assert_eq!(text(&file).expect("read"), "é");
        std::fs::write(&file, b"\xff").expect("written");
        assert!(text(&file).is_err(), "not UTF-8");
        File::create(&file).and_then(|file| file.set_len(MAX_FILE_BYTES + 1)).expect("written");
        assert!(text(&file).expect_err("refused").to_string().contains("more than"));
        assert!(text(directory.path()).is_err(), "a directory");
        assert!(text(&directory.path().join("none")).is_err());
        let pipe = directory.path().join("pipe");
        let mode = rustix::fs::Mode::RUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).expect("a pipe");
        assert!(text(&pipe).expect_err("refused at once").to_string().contains("regular"));
        #[cfg(target_os = "linux")]
        assert!(text(Path::new("/dev/zero")).expect_err("refused").to_string().contains("regular"));
    }
}
