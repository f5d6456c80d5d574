//! Appends with `wasi:filesystem`.

use std::io::{self, ErrorKind};
use std::path::Path;

use wasip2::filesystem::preopens::get_directories;
use wasip2::filesystem::types::{Descriptor, DescriptorFlags, ErrorCode, OpenFlags, PathFlags, filesystem_error_code};
use wasip2::io::streams::{OutputStream, StreamError};

use crate::path;

/// An open file, to which data is appended.
#[derive(Debug)]
pub(crate) struct Appender {
    // Before the file, so that it is dropped first. `None` after an error, because a stream cannot be used after one.
    stream: Option<OutputStream>,
    file: Descriptor,
}

impl Appender {
    /// Opens the file, and creates it if it does not exist.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        // The directory is granted under exactly this name, see `capabilities`.
        let name = path::directory(path);
        let granted = get_directories().into_iter().find(|(_, granted)| *granted == name);
        let (Some((directory, _)), Some(file)) = (granted, path.file_name().and_then(|file| file.to_str())) else {
            return Err(io::Error::new(ErrorKind::PermissionDenied, "its directory was not granted"));
        };
        let file = directory
            .open_at(PathFlags::SYMLINK_FOLLOW, file, OpenFlags::CREATE, DescriptorFlags::WRITE)
            .map_err(error)?;
        Ok(Self { stream: None, file })
    }

    /// Writes all bytes. After an error, some of them may be in the file.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let stream = match self.stream.take() {
            Some(stream) => stream,
            None => self.file.append_via_stream().map_err(error)?,
        };
        write(&stream, bytes).map_err(|failed| match failed {
            StreamError::LastOperationFailed(cause) => match filesystem_error_code(&cause) {
                Some(code) => error(code),
                None => io::Error::other(cause.to_debug_string()),
            },
            StreamError::Closed => io::Error::other("the runtime has closed the file"),
        })?;
        self.stream = Some(stream);
        Ok(())
    }

    /// Waits until the written bytes are on disk.
    pub(crate) fn save(&self) -> io::Result<()> {
        self.file.sync_data().map_err(error)
    }
}

fn write(stream: &OutputStream, mut bytes: &[u8]) -> Result<(), StreamError> {
    while !bytes.is_empty() {
        let room = usize::try_from(stream.check_write()?).unwrap_or(usize::MAX);
        if room == 0 {
            stream.subscribe().block();
            continue;
        }
        let (piece, rest) = bytes.split_at(room.min(bytes.len()));
        stream.write(piece)?;
        bytes = rest;
    }
    stream.blocking_flush()
}

fn error(code: ErrorCode) -> io::Error {
    let kind = match code {
        ErrorCode::Access | ErrorCode::NotPermitted => ErrorKind::PermissionDenied,
        ErrorCode::InsufficientSpace => ErrorKind::StorageFull,
        ErrorCode::Quota => ErrorKind::QuotaExceeded,
        ErrorCode::FileTooLarge => ErrorKind::FileTooLarge,
        ErrorCode::NoEntry => ErrorKind::NotFound,
        ErrorCode::IsDirectory => ErrorKind::IsADirectory,
        ErrorCode::ReadOnly => ErrorKind::ReadOnlyFilesystem,
        ErrorCode::Busy => ErrorKind::ResourceBusy,
        _ => ErrorKind::Other,
    };
    // "Is a directory, similar to `EISDIR` in POSIX."
    let text = code.message();
    io::Error::new(kind, text.split(", similar to").next().unwrap_or(text))
}
