//! Uploads on their way in. Each is written to a file without a name in the store's folder until it is whole, so that a client that
//! holds one open costs a file and no memory; and there are few at once.

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
    folder: PathBuf,
    places: Arc<Semaphore>,
}

impl Uploads {
    /// So many at once, in this folder.
    pub(super) fn new(folder: PathBuf, max: usize) -> Self {
        Self { folder, places: Arc::new(Semaphore::new(max.min(Semaphore::MAX_PERMITS))) }
    }

    /// A new one; `None` if there are as many as there may be.
    pub(super) async fn begin(&self) -> Result<Option<Incoming>, Error> {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else { return Ok(None) };
        let folder = self.folder.clone();
        // Without a name from the beginning, or from the moment at which it has one: nothing is left of it however the worker ends.
        let made = tokio::task::spawn_blocking(move || tempfile::tempfile_in(&folder)).await;
        let file = made.unwrap_or_else(|panic| Err(io::Error::other(panic))).map_err(self.failed())?;
        let mut file = File::from_std(file);
        file.set_max_buf_size(BUFFER_BYTES);
        Ok(Some(Incoming { file, bytes: 0, folder: self.folder.clone(), _place: place }))
    }

    fn failed(&self) -> impl FnOnce(io::Error) -> Error {
        Error::new("write an upload to", &self.folder)
    }
}

/// One upload. Its place is free and its file gone when it is dropped.
pub struct Incoming {
    file: File,
    bytes: usize,
    folder: PathBuf,
    _place: OwnedSemaphorePermit,
}

impl Incoming {
    /// Bytes so far.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds what has come.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.bytes += bytes.len();
        self.file.write_all(bytes).await.map_err(Error::new("write an upload to", &self.folder))
    }

    /// All of it, once it is whole.
    pub(super) async fn read(&mut self) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::with_capacity(self.bytes);
        let read = async {
            self.file.flush().await?;
            self.file.seek(SeekFrom::Start(0)).await?;
            self.file.read_to_end(&mut bytes).await
        };
        read.await.map_err(Error::new("read an upload in", &self.folder))?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_written_is_read_and_no_file_is_seen() {
        let folder = tempfile::tempdir().expect("folder");
        let uploads = Uploads::new(folder.path().to_owned(), 2);
        let mut one = uploads.begin().await.expect("a file").expect("a place");
        let two = uploads.begin().await.expect("a file").expect("a place");
        assert!(uploads.begin().await.expect("no error").is_none(), "there are two already");
        for _ in 0..100 {
            one.write(&[7; 10_000]).await.expect("written");
        }
        assert_eq!(one.bytes(), 1_000_000);
        assert_eq!(one.read().await.expect("read"), vec![7; 1_000_000]);
        assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 0);
        drop(two);
        assert!(uploads.begin().await.expect("a file").is_some());
    }

    #[tokio::test]
    async fn an_error_names_the_folder_and_the_key() {
        let folder = tempfile::tempdir().expect("folder");
        let uploads = Uploads::new(folder.path().join("missing"), 2);
        let error = uploads.begin().await.err().expect("refused").to_string();
        assert!(error.contains("weir.plugin.store") && error.contains("missing"), "{error}");
        assert!(uploads.begin().await.is_err(), "its place is free again");
    }
}
