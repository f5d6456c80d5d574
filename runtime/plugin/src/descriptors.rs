//! Open files and sockets: limits for each instance, and for all plugins together, so that the worker always has some for Kafka, its REST
//! API and its own files.

use std::sync::{Arc, LazyLock};

use rustix::process::{Resource, getrlimit};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The worker's key for [`Limits::files_max`](crate::Limits::files_max).
pub(crate) const FILES_MAX: &str = "weir.task.files.max";
/// The worker's key for [`Limits::sockets_max`](crate::Limits::sockets_max).
pub(crate) const SOCKETS_MAX: &str = "weir.task.sockets.max";

/// The limit for all plugins: half of the limit of the process.
static TOGETHER: LazyLock<(Arc<Semaphore>, usize)> = LazyLock::new(|| {
    let process = getrlimit(Resource::Nofile).current.and_then(|limit| usize::try_from(limit).ok());
    let half = (process.unwrap_or(usize::MAX) / 2).min(Semaphore::MAX_PERMITS);
    (Arc::new(Semaphore::new(half)), half)
});

/// The limit of an instance for files or for sockets.
#[derive(Debug)]
pub(crate) struct Descriptors {
    own: Arc<Semaphore>,
    max: usize,
    kind: &'static str,
    key: &'static str,
}

/// The slot of an open file or socket.
#[derive(Debug)]
pub(crate) struct Open {
    _own: OwnedSemaphorePermit,
    _together: Shared,
}

/// A slot in the limit for all plugins. A granted directory has one as long as the grant exists.
#[derive(Debug)]
pub(crate) struct Shared(#[expect(dead_code, reason = "held for its drop")] OwnedSemaphorePermit);

impl Shared {
    /// # Errors
    ///
    /// All slots are in use; the text of the error.
    pub(crate) fn take() -> Result<Self, String> {
        let (together, most) = &*TOGETHER;
        let place = Arc::clone(together).try_acquire_owned();
        let full = |_| {
            format!("limit of {most} open files and sockets of all plugins (half of the process' limit, ulimit -n)")
        };
        place.map(Self).map_err(full)
    }
}

impl Descriptors {
    pub(crate) fn new(max: u32, kind: &'static str, key: &'static str) -> Self {
        let max = max as usize;
        Self { own: Arc::new(Semaphore::new(max)), max, kind, key }
    }

    /// # Errors
    ///
    /// The limit that is reached; the text of the error.
    pub(crate) fn open(&self) -> Result<Open, String> {
        let Self { max, kind, key, .. } = self;
        let own = Arc::clone(&self.own).try_acquire_owned();
        let own = own.map_err(|_| format!("limit of {max} open {kind} of an instance ({key})"))?;
        Ok(Open { _own: own, _together: Shared::take()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_it_was_closed() {
        let files = Descriptors::new(2, "files", FILES_MAX);
        let first = files.open().unwrap();
        let _second = files.open().unwrap();
        let full = files.open().unwrap_err();
        assert_eq!(full, "limit of 2 open files of an instance (weir.task.files.max)");
        drop(first);
        assert!(files.open().is_ok());
    }
}
