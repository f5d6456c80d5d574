//! Threads for the worker's own files: offsets, connectors, uploaded plugins. Nothing else runs on them, so that calls that wait for an
//! unreachable broker, which a connector's configuration may name, block other threads and never prevent offsets from being stored.

use std::sync::LazyLock;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

/// Maximum number of threads. Each file is written by one of them at a time.
const MAX_THREADS: usize = 16;

/// A runtime of which only the threads for blocking calls are used. `None` if the operating system cannot start it.
static THREADS: LazyLock<Option<Runtime>> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().max_blocking_threads(MAX_THREADS).thread_name("weir-files").build();
    runtime.inspect_err(|error| tracing::error!(%error, "cannot set up threads for the worker's own files")).ok()
});

/// Like tokio's function of the same name, on these threads.
pub fn spawn_blocking<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> JoinHandle<R> {
    match &*THREADS {
        Some(threads) => threads.spawn_blocking(work),
        None => tokio::task::spawn_blocking(work),
    }
}
