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
pub fn spawn_blocking<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> JoinHandle<R> {
    match &*THREADS {
        Some(threads) => threads.spawn_blocking(work),
        None => tokio::task::spawn_blocking(work),
    }
}
