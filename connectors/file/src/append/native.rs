//! Appends with the standard library.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// An open file, to which data is appended.
#[derive(Debug)]
pub(crate) struct Appender(File);

impl Appender {
    /// Opens the file, and creates it if it does not exist.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        OpenOptions::new().create(true).append(true).open(path).map(Self)
    }

    /// Writes all bytes. After an error, some of them may be in the file.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    /// Waits until the written bytes are on disk.
    pub(crate) fn save(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}
