//! Threads for blocking operations of guests: files and name lookups. The worker writes its own files on other threads. Each task has only
//! a few of them, so that a file system or a name server that does not respond affects only the connectors that use it.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, LazyLock, Weak};

use parking_lot::Mutex;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::Semaphore;

use crate::log::Identity;

/// The maximum number of threads for all guests.
const MAX_THREADS: usize = 512;
/// The maximum number of concurrent blocking operations of a task. An operation that never returns keeps its slot, even after the instance
/// has ended, so a restarted task does not get more.
const MAX_CALLS: usize = 4;

/// The threads of this process.
static THREADS: LazyLock<Threads> = LazyLock::new(Threads::start);

struct Threads {
    /// Only its threads for blocking operations are used. `None` if the system cannot create it.
    runtime: Option<Runtime>,
    turns: Mutex<Turns>,
}

/// Connector, number of the task, and class.
type Owner = (String, Option<u32>, String);

/// The slots of each task, as long as an instance or an unfinished operation uses them.
#[derive(Default)]
struct Turns {
    of: HashMap<Owner, Weak<Semaphore>>,
    /// The number of entries at which those of ended tasks are removed.
    sweep_at: usize,
}

impl Threads {
    fn start() -> Self {
        let runtime = Builder::new_current_thread()
            .max_blocking_threads(MAX_THREADS)
            .thread_name("weir-guest-io")
            .build()
            .inspect_err(|error| tracing::error!(%error, "cannot set up threads for the files of plugins"))
            .ok();
        Self { runtime, turns: Mutex::default() }
    }
}

/// The access of a task to the threads. Clones share its slots.
#[derive(Debug, Clone)]
pub(crate) struct Blocking {
    threads: Option<Handle>,
    turns: Arc<Semaphore>,
}

impl Blocking {
    /// Returns the access of this task, which all its instances share.
    pub(crate) fn of(identity: &Identity) -> Self {
        let threads = &*THREADS;
        let owner: Owner = (identity.connector.clone(), identity.task, identity.class.clone());
        let mut turns = threads.turns.lock();
        let known = turns.of.get(&owner).and_then(Weak::upgrade);
        let semaphore = known.unwrap_or_else(|| {
            if turns.of.len() >= turns.sweep_at {
                turns.of.retain(|_, turns| turns.strong_count() > 0);
                turns.sweep_at = 2 * turns.of.len() + 64;
            }
            let semaphore = Arc::new(Semaphore::new(MAX_CALLS));
            turns.of.insert(owner, Arc::downgrade(&semaphore));
            semaphore
        });
        Self { threads: threads.runtime.as_ref().map(|runtime| runtime.handle().clone()), turns: semaphore }
    }

    /// Runs a function on one of the threads, once the task has a slot. If the caller stops waiting, the function continues, and keeps the
    /// slot until it returns.
    pub(crate) fn run<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> impl Future<Output = R> + Send + 'static {
        let Self { threads, turns } = self.clone();
        async move {
            // The semaphore is never closed.
            let turn = turns.acquire_owned().await;
            let work = move || {
                let result = work();
                drop(turn);
                result
            };
            let Some(threads) = threads else { return work() };
            match threads.spawn_blocking(work).await {
                Ok(result) => result,
                Err(error) => match error.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    // The process is ending, and no caller waits.
                    Err(_) => std::future::pending().await,
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    fn identity(connector: &str) -> Identity {
        Identity { connector: connector.to_owned(), task: Some(0), class: "test.Blocked".to_owned() }
    }

    #[tokio::test]
    async fn calls_that_do_not_return_keep_their_places_and_stop_nobody_else() {
        let (release, hold) = mpsc::channel::<()>();
        let hold = Arc::new(Mutex::new(hold));
        for _ in 0..MAX_CALLS {
            // Each operation is started by its own instance, which ends while the operation runs.
            let hold = Arc::clone(&hold);
            let call = Blocking::of(&identity("stuck")).run(move || hold.lock().recv().is_ok());
            assert!(tokio::time::timeout(Duration::from_millis(50), call).await.is_err());
        }
        let again = Blocking::of(&identity("stuck")).run(|| ());
        assert!(tokio::time::timeout(Duration::from_millis(100), again).await.is_err(), "there was a fifth place");
        Blocking::of(&identity("other")).run(|| ()).await;
        tokio::task::spawn_blocking(|| ()).await.unwrap();
        drop(release);
        Blocking::of(&identity("stuck")).run(|| ()).await;
    }

    #[tokio::test]
    async fn tasks_that_have_ended_are_forgotten() {
        for number in 0..1000 {
            drop(Blocking::of(&identity(&format!("ended-{number}"))));
        }
        assert!(THREADS.turns.lock().of.len() < 300);
    }
}
