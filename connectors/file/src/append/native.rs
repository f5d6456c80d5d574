//! With the standard library.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// An open file, written at its end.
#[derive(Debug)]
pub(crate) struct Appender(File);

impl Appender {
    /// Opens it, and creates it where it is not there.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        OpenOptions::new().create(true).append(true).open(path).map(Self)
    }

    /// Writes all of it. After an error a part of it may be in the file.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    /// Waits until what was written is on disk.
    pub(crate) fn save(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}
