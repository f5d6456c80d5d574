//! Uploads that are being received. Each is written to an unnamed file in the store's directory until it is complete, so that a client that
//! keeps one open costs a file and no memory; and the number of uploads at the same time is limited.

use std::io::{self, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::store::Error;

/// Bytes that are kept in memory before they are written.
const BUFFER_BYTES: usize = 64 << 10;

/// The uploads of a worker.
pub(super) struct Uploads {
    directory: PathBuf,
    places: Arc<Semaphore>,
}

impl Uploads {
    /// Allows at most `max` uploads at the same time, in this directory.
    pub(super) fn new(directory: PathBuf, max: usize) -> Self {
        Self { directory, places: Arc::new(Semaphore::new(max.min(Semaphore::MAX_PERMITS))) }
    }

    /// Begins an upload; returns `None` if the maximum is reached.
    pub(super) async fn begin(&self) -> Result<Option<Incoming>, Error> {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else { return Ok(None) };
        let directory = self.directory.clone();
        // The file never has a name, or loses it at once: nothing remains of it however the worker ends.
        let made = tokio::task::spawn_blocking(move || tempfile::tempfile_in(&directory)).await;
        let file = made.unwrap_or_else(|panic| Err(io::Error::other(panic))).map_err(self.failed())?;
        let mut file = File::from_std(file);
        file.set_max_buf_size(BUFFER_BYTES);
        Ok(Some(Incoming { file, bytes: 0, directory: self.directory.clone(), _place: place }))
    }

    fn failed(&self) -> impl FnOnce(io::Error) -> Error {
        Error::new("write an upload to", &self.directory)
    }
}

/// One upload. Dropping it releases its permit and deletes its file.
pub struct Incoming {
    file: File,
    bytes: usize,
    directory: PathBuf,
    _place: OwnedSemaphorePermit,
}

impl Incoming {
    /// Returns the number of bytes received so far.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Appends bytes.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.bytes += bytes.len();
        self.file.write_all(bytes).await.map_err(Error::new("write an upload to", &self.directory))
    }

    /// Returns the content, once the upload is complete.
    pub(super) async fn read(&mut self) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::with_capacity(self.bytes);
        let read = async {
            self.file.flush().await?;
            self.file.seek(SeekFrom::Start(0)).await?;
            self.file.read_to_end(&mut bytes).await
        };
        read.await.map_err(Error::new("read an upload in", &self.directory))?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_written_is_read_and_no_file_is_visible() {
        let directory = tempfile::tempdir().expect("directory");
        let uploads = Uploads::new(directory.path().to_owned(), 2);
        let mut one = uploads.begin().await.expect("a file").expect("a permit");
        let two = uploads.begin().await.expect("a file").expect("a permit");
        assert!(uploads.begin().await.expect("no error").is_none(), "there are two already");
        for _ in 0..100 {
            one.write(&[7; 10_000]).await.expect("written");
        }
        assert_eq!(one.bytes(), 1_000_000);
        assert_eq!(one.read().await.expect("read"), vec![7; 1_000_000]);
        assert_eq!(std::fs::read_dir(directory.path()).expect("the directory").count(), 0);
        drop(two);
        assert!(uploads.begin().await.expect("a file").is_some());
    }

    #[tokio::test]
    async fn an_error_names_the_directory_and_the_key() {
        let directory = tempfile::tempdir().expect("directory");
        let uploads = Uploads::new(directory.path().join("missing"), 2);
        let error = uploads.begin().await.err().expect("refused").to_string();
        assert!(error.contains("weir.plugin.store") && error.contains("missing"), "{error}");
        assert!(uploads.begin().await.is_err(), "its permit is free again");
    }
}
