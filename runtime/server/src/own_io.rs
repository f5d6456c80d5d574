//! Threads for the worker's own files: offsets, connectors, uploaded plugins. Nothing else runs on them. What waits for a broker that
//! does not answer, which a connector's configuration may name, keeps other threads busy, and no offset from being stored.

use std::sync::LazyLock;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

/// Most of them. A file is written by one at a time.
const MAX_THREADS: usize = 16;

/// Only its threads for blocking calls are used. `None` if the system refuses it.
static THREADS: LazyLock<Option<Runtime>> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().max_blocking_threads(MAX_THREADS).thread_name("weir-files").build();
    runtime.inspect_err(|error| tracing::error!(%error, "cannot set up threads for the worker's own files")).ok()
});

/// As tokio's function of this name, on these threads.
pub(crate) fn spawn_blocking<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> JoinHandle<R> {
    match &*THREADS {
        Some(threads) => threads.spawn_blocking(work),
        None => tokio::task::spawn_blocking(work),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use crate::offsets::{Limits, OffsetFile};

    const LIMITS: Limits = Limits { partitions: 10, bytes: 1000, total: 1000 };

    #[test]
    fn offsets_are_stored_while_all_other_threads_wait() {
        let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).build().expect("a runtime");
        let folder = tempfile::tempdir().expect("folder");
        let (release, hold) = mpsc::channel::<()>();
        runtime.block_on(async {
            let waiting = tokio::task::spawn_blocking(move || hold.recv().is_err());
            let file = OffsetFile::open(&folder.path().join("offsets"), LIMITS).expect("a file");
            file.set("c", vec![("{}".to_owned(), Some("{\"at\":1}".to_owned()))]).await.expect("stored");
            drop(release);
            assert!(waiting.await.expect("it ended"));
        });
        let again = OffsetFile::open(&folder.path().join("offsets"), LIMITS).expect("a file");
        assert_eq!(again.get("c", "{}").as_deref(), Some("{\"at\":1}"));
    }
}
