//! Threads for what a guest makes the host wait for: files and name look-ups. They are not the threads on which the worker writes its
//! own files, and each task of a connector has a few of them at most, so that a file system or a name server that does not answer
//! holds up nobody but the connectors that use it.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, LazyLock, Weak};

use parking_lot::Mutex;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::Semaphore;

use crate::log::Identity;

/// Most threads for all guests together.
const MAX_THREADS: usize = 512;
/// Most blocking calls of one task that are under way at once. A call that never returns keeps its place, also after the instance that
/// made it has ended: a task that is restarted does not get more.
const MAX_CALLS: usize = 4;

/// The threads of this process.
static THREADS: LazyLock<Threads> = LazyLock::new(Threads::start);

struct Threads {
    /// Only its threads for blocking calls are used; nothing else runs on it. `None` if the system refuses it.
    runtime: Option<Runtime>,
    turns: Mutex<Turns>,
}

/// Connector, number of the task, class.
type Owner = (String, Option<u32>, String);

/// The places of each task, for as long as an instance or an unfinished call has them.
#[derive(Default)]
struct Turns {
    of: HashMap<Owner, Weak<Semaphore>>,
    /// How many entries there may be before those of ended tasks are looked for.
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

/// The way of one task to the threads. Clones share its places.
#[derive(Debug, Clone)]
pub(crate) struct Blocking {
    threads: Option<Handle>,
    turns: Arc<Semaphore>,
}

impl Blocking {
    /// The way of this task, the same one for each of its instances.
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

    /// Runs this on one of the threads, once the task has a place. Whoever stops waiting does not stop the call: it keeps the place
    /// until it has ended.
    pub(crate) fn run<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> impl Future<Output = R> + Send + 'static {
        let Self { threads, turns } = self.clone();
        async move {
            // Never closed.
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
                    // The process is ending, and nobody waits for this any more.
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
            // Each through an instance of its own that ends while the call is under way.
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
