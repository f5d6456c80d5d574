//! Streams of files, as in wasmtime, except that each read and write runs on a thread for blocking operations.

use std::fs::File;
use std::io;
use std::mem;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::{InputStream, OutputStream, Pollable, StreamError, StreamResult};
use wasmtime_wasi::runtime::{AbortOnDropJoinHandle, spawn};

use super::trouble::{Trouble, words};
use super::{OpenFile, STREAM_BYTES};
use crate::blocking::Blocking;
use crate::budget::Charge;

/// The number of bytes to read when a guest waits for data before it has requested any.
const FIRST_READ: usize = 4096;

/// Everything that is needed to create a stream.
pub(super) struct Opened {
    pub(super) file: Arc<File>,
    pub(super) writable: bool,
    pub(super) blocking: Blocking,
    /// Keeps the slot of the file as long as this holds it open.
    pub(super) place: Option<Arc<OpenFile>>,
    pub(super) trouble: Trouble,
    pub(super) _memory: Charge,
}

impl Opened {
    /// Runs a function on another thread. If the caller stops waiting, the slot of the file is still in use until the function returns.
    fn run<R: Send + 'static>(
        &self,
        work: impl FnOnce(&File) -> R + Send + 'static,
    ) -> impl Future<Output = R> + Send + 'static {
        let (file, place) = (Arc::clone(&self.file), self.place.clone());
        self.blocking.run(move || {
            let result = work(&file);
            drop((file, place));
            result
        })
    }

    /// Records why reading or writing failed: the guest only gets the fact, and asks for the cause only in some languages.
    fn failed(&self, error: &io::Error) {
        let path = self.place.as_ref().map_or("a file", |place| &place.path);
        self.trouble.note(path, words(error));
    }
}

/// An input stream.
pub(super) struct Reader {
    opened: Opened,
    position: u64,
    state: Reading,
}

enum Reading {
    Idle,
    Waiting(AbortOnDropJoinHandle<io::Result<Bytes>>),
    Data(Bytes),
    Failed(io::Error),
    Closed,
}

impl Reader {
    pub(super) fn new(opened: Opened, position: u64) -> Self {
        Self { opened, position, state: Reading::Idle }
    }

    fn next(&self, size: usize) -> impl Future<Output = io::Result<Bytes>> + Send + 'static {
        let position = self.position;
        self.opened.run(move |file| {
            let mut bytes = BytesMut::zeroed(size.min(STREAM_BYTES));
            loop {
                match file.read_at(&mut bytes, position) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    read => {
                        bytes.truncate(read?);
                        return Ok(bytes.freeze());
                    }
                }
            }
        })
    }

    /// Begins to read, for a guest that asks again later.
    fn begin(&mut self, size: usize) {
        self.state = Reading::Waiting(spawn(self.next(size)));
    }

    fn end(&mut self, read: io::Result<Bytes>) {
        self.state = match read {
            Ok(bytes) if bytes.is_empty() => Reading::Closed,
            Ok(bytes) => Reading::Data(bytes),
            Err(error) => {
                self.opened.failed(&error);
                Reading::Failed(error)
            }
        };
    }

    async fn wait(&mut self) {
        if let Reading::Waiting(read) = &mut self.state {
            let read = read.await;
            self.end(read);
        }
    }
}

#[async_trait]
impl InputStream for Reader {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        match &mut self.state {
            Reading::Idle => {
                if size > 0 {
                    self.begin(size);
                }
                Ok(Bytes::new())
            }
            Reading::Waiting(_) => Ok(Bytes::new()),
            Reading::Data(bytes) => {
                let piece = bytes.split_to(bytes.len().min(size));
                if bytes.is_empty() {
                    self.state = Reading::Idle;
                }
                self.position += piece.len() as u64;
                Ok(piece)
            }
            Reading::Failed(_) => match mem::replace(&mut self.state, Reading::Closed) {
                Reading::Failed(error) => Err(StreamError::LastOperationFailed(error.into())),
                _ => Err(StreamError::Closed),
            },
            Reading::Closed => Err(StreamError::Closed),
        }
    }

    async fn blocking_read(&mut self, size: usize) -> StreamResult<Bytes> {
        self.wait().await;
        if size > 0 && matches!(self.state, Reading::Idle) {
            let read = self.next(size).await;
            self.end(read);
        }
        self.read(size)
    }

    async fn cancel(&mut self) {
        if let Reading::Waiting(read) = mem::replace(&mut self.state, Reading::Closed) {
            // A guest that drops a stream waits for its operation, so that it cannot begin any number of reads.
            drop(read.await);
        }
    }
}

#[async_trait]
impl Pollable for Reader {
    async fn ready(&mut self) {
        if matches!(self.state, Reading::Idle) {
            self.begin(FIRST_READ);
        }
        self.wait().await;
    }
}

/// An output stream.
pub(super) struct Writer {
    opened: Opened,
    /// The position of the next byte, or `None` for the end of the file.
    position: Option<u64>,
    state: Writing,
}

enum Writing {
    Ready,
    Waiting(AbortOnDropJoinHandle<io::Result<usize>>),
    Failed(io::Error),
    Closed,
}

impl Writer {
    pub(super) fn new(opened: Opened, position: Option<u64>) -> Self {
        Self { opened, position, state: Writing::Ready }
    }

    fn next(&self, bytes: Bytes) -> impl Future<Output = io::Result<usize>> + Send + 'static {
        let position = self.position;
        self.opened.run(move |file| match position {
            Some(position) => file.write_all_at(&bytes, position).map(|()| bytes.len()),
            None => append_all(file, &bytes).map(|()| bytes.len()),
        })
    }

    fn end(&mut self, written: io::Result<usize>) {
        self.state = match written {
            Ok(written) => {
                self.position = self.position.map(|position| position + written as u64);
                Writing::Ready
            }
            Err(error) => {
                self.opened.failed(&error);
                Writing::Failed(error)
            }
        };
    }

    /// Returns the error of the last write, once.
    fn check(&mut self) -> StreamResult<()> {
        match self.state {
            Writing::Ready | Writing::Waiting(_) => Ok(()),
            Writing::Closed => Err(StreamError::Closed),
            Writing::Failed(_) => match mem::replace(&mut self.state, Writing::Closed) {
                Writing::Failed(error) => Err(StreamError::LastOperationFailed(error.into())),
                _ => Err(StreamError::Closed),
            },
        }
    }
}

#[async_trait]
impl OutputStream for Writer {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        match self.state {
            Writing::Ready if bytes.len() <= STREAM_BYTES => {
                self.state = Writing::Waiting(spawn(self.next(bytes)));
                Ok(())
            }
            Writing::Closed => Err(StreamError::Closed),
            _ => Err(StreamError::trap("write not permitted: check-write was not called, or allowed less")),
        }
    }

    async fn blocking_write_and_flush(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.ready().await;
        self.check()?;
        let written = self.next(bytes).await;
        self.end(written);
        self.check()
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.check()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.check()?;
        Ok(if matches!(self.state, Writing::Ready) { STREAM_BYTES } else { 0 })
    }

    async fn cancel(&mut self) {
        if let Writing::Waiting(write) = mem::replace(&mut self.state, Writing::Closed) {
            drop(write.await);
        }
    }
}

#[async_trait]
impl Pollable for Writer {
    async fn ready(&mut self) {
        if let Writing::Waiting(write) = &mut self.state {
            let written = write.await;
            self.end(written);
        }
    }
}

/// Writes at the end of the file, even if other processes have moved it in the meantime.
fn append_all(file: &File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match append(file, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn append(file: &File, bytes: &[u8]) -> rustix::io::Result<usize> {
    #[cfg(target_os = "linux")]
    match rustix::io::pwritev2(file, &[io::IoSlice::new(bytes)], 0, rustix::io::ReadWriteFlags::APPEND) {
        Err(Errno::NOSYS | Errno::NOTSUP) => {}
        written => return written,
    }
    // This is not atomic with other writes of this descriptor, but its guest has only one thread.
    let flags = fcntl_getfl(file)?;
    fcntl_setfl(file, flags | OFlags::APPEND)?;
    let written = rustix::io::write(file, bytes);
    fcntl_setfl(file, flags)?;
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::Budget;
    use crate::log::Identity;

    #[tokio::test]
    async fn a_write_that_finds_the_disk_full_says_so() {
        let trouble = Trouble::default();
        let opened = Opened {
            file: Arc::new(File::options().write(true).open("/dev/full").unwrap()),
            writable: true,
            blocking: Blocking::of(&Identity::default()),
            place: None,
            trouble: trouble.clone(),
            _memory: Budget::new(STREAM_BYTES as u64).charge(STREAM_BYTES).unwrap(),
        };
        let mut writer = Writer::new(opened, Some(0));
        let failed = writer.blocking_write_and_flush(Bytes::from_static(b"a line\n")).await.unwrap_err();
        let StreamError::LastOperationFailed(error) = failed else { panic!("{failed:?}") };
        // The error that the guest gets if it asks.
        assert_eq!(error.downcast_ref::<io::Error>().map(io::Error::kind), Some(io::ErrorKind::StorageFull));
        assert_eq!(trouble.explain("failed".into()), "failed (a file: the disk is full)");
        assert!(matches!(writer.check_write(), Err(StreamError::Closed)));
    }
}
