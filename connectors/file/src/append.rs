//! A file that is appended to, with errors that say what is the matter. The standard library tells a component only that a write failed:
//! its C library does not ask the runtime for the reason. So a component uses WASI itself here, and a test the standard library.

#[cfg(not(target_family = "wasm"))]
mod native;
#[cfg(target_family = "wasm")]
mod wasi;

use std::io;

#[cfg(not(target_family = "wasm"))]
pub(crate) use native::Appender;
#[cfg(target_family = "wasm")]
pub(crate) use wasi::Appender;

/// Whether the same write may succeed later: somebody makes room.
pub(crate) fn may_pass(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, ResourceBusy, StorageFull, TimedOut};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge | TimedOut | ResourceBusy)
}

/// What an error means for whoever has to do something about it.
pub(crate) fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull => "the disk is full".to_owned(),
        io::ErrorKind::QuotaExceeded => "the disk quota of the worker's user is used up".to_owned(),
        io::ErrorKind::FileTooLarge => {
            "the file cannot grow any more: the limit of the worker's process or of the file system is reached"
                .to_owned()
        }
        _ => error.to_string(),
    }
}
