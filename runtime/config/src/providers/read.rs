//! Reads a file whose name a stranger chose: regular files only, so that no pipe makes a thread wait, and never more than a bound.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Most bytes of a file that a provider reads.
pub(super) const MAX_FILE_BYTES: u64 = 1 << 20;

/// The text of a regular file.
///
/// # Errors
///
/// It is not there, no regular file, too large, or not UTF-8.
pub(super) fn text(path: &Path) -> io::Result<String> {
    let other = |text: String| Err(io::Error::new(io::ErrorKind::InvalidData, text));
    // Without waiting, so that a pipe is recognised as one after it was opened, and not before: it may take a file's place at any time.
    let mut options = File::options();
    options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    let file = options.read(true).open(path)?;
    if !file.metadata()?.is_file() {
        return other("it is not a regular file".to_owned());
    }
    let mut text = String::new();
    // One byte more than is taken tells whether there is more; files of /proc do not know their length.
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
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("file");
        std::fs::write(&file, "é").expect("written");
        assert_eq!(text(&file).expect("read"), "é");
        std::fs::write(&file, b"\xff").expect("written");
        assert!(text(&file).is_err(), "not UTF-8");
        File::create(&file).and_then(|file| file.set_len(MAX_FILE_BYTES + 1)).expect("written");
        assert!(text(&file).expect_err("refused").to_string().contains("more than"));
        assert!(text(folder.path()).is_err(), "a folder");
        assert!(text(&folder.path().join("none")).is_err());
        let pipe = folder.path().join("pipe");
        let mode = rustix::fs::Mode::RUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).expect("a pipe");
        assert!(text(&pipe).expect_err("refused at once").to_string().contains("regular"));
        #[cfg(target_os = "linux")]
        assert!(text(Path::new("/dev/zero")).expect_err("refused").to_string().contains("regular"));
    }
}
