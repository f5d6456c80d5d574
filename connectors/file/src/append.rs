//! A file opened for appending, with errors that name their cause. The standard library only tells a component that a write failed,
//! because its C library does not ask the runtime for the cause. A component therefore calls WASI directly; tests use the standard library.

#[cfg(not(target_family = "wasm"))]
mod native;
#[cfg(target_family = "wasm")]
mod wasi;

use std::io;

#[cfg(not(target_family = "wasm"))]
pub(crate) use native::Appender;
#[cfg(target_family = "wasm")]
pub(crate) use wasi::Appender;

/// Whether the same write may succeed later, when there is space again.
pub(crate) fn is_transient(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, ResourceBusy, StorageFull, TimedOut};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge | TimedOut | ResourceBusy)
}

/// Returns the error with what to do about it.
pub(crate) fn describe(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull => "the disk is full".to_owned(),
        io::ErrorKind::QuotaExceeded => "the disk quota of the worker's user is exceeded".to_owned(),
        io::ErrorKind::FileTooLarge => {
            "the file has reached the size limit of the worker's process or of the file system".to_owned()
        }
        _ => error.to_string(),
    }
}
