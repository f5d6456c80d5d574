//! The offset file of a standalone worker. It is replaced as a whole, by a rename of a file that is already on disk, so that a
//! crash leaves the old one or the new one. Commits that arrive while one is written share the next write.
//!
//! A change is in memory only once it is in the file: one that was answered with an error does not come back with a later write.
//! Changes are written in the order in which they were made, whether or not their callers still wait for them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use tokio::sync::{Mutex as AsyncMutex, oneshot};

use super::Entry;
use super::limits::{self, Exceeded, Limits};
use super::state::{State, one_line};
use super::store::{OffsetStore, StoreFuture};
use crate::own_io;
use crate::replace_file::{Replace, replace_file};
use weir_metrics::Counter;

/// Why offsets cannot be read or written.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The file is there, and not one that this worker wrote whole.
    #[error("the offset file {path} cannot be used: {reason} (offset.storage.file.filename)")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        reason: String,
    },
    /// The system refused.
    #[error("cannot {action} the offset file {path} (offset.storage.file.filename): {cause}")]
    Io {
        /// `read` or `write`.
        action: &'static str,
        /// Which file.
        path: PathBuf,
        /// The system's answer.
        #[source]
        cause: Arc<std::io::Error>,
    },
    /// The connector has too many offsets, or too large ones. Trying again does not help.
    #[error(transparent)]
    Exceeded(#[from] Exceeded),
}

struct Shared {
    path: PathBuf,
    limits: Limits,
    replace: Replace,
    /// What is in the file. Changed by the caller that writes.
    state: RwLock<State>,
    /// Changes that are not written yet, in their order.
    waiting: Mutex<Vec<Change>>,
    /// Held by the caller that writes, and by the write itself, which ends later than its caller if that has a timeout.
    writing: Arc<AsyncMutex<()>>,
    /// Writes that failed.
    failures: Counter,
}

/// A change of one connector's offsets.
struct Change {
    connector: String,
    entries: Vec<Entry>,
    done: oneshot::Sender<Result<(), Error>>,
}

/// An open offset file. Cheap to clone.
#[derive(Clone)]
pub struct OffsetFile(Arc<Shared>);

impl Shared {
    fn io(&self, cause: std::io::Error) -> Error {
        Error::Io { action: "write", path: self.path.clone(), cause: Arc::new(cause) }
    }

    /// Writes what waits, and answers.
    fn write(&self) {
        let waiting = std::mem::take(&mut *self.waiting.lock());
        let mut accepted = Vec::new();
        let (draft, text) = {
            let state = self.state.read();
            let mut draft = state.draft();
            // A caller that no longer waits takes the change as failed, and tries again with newer offsets.
            for Change { connector, entries, done } in waiting.into_iter().filter(|change| !change.done.is_closed()) {
                match draft.add(&state, &self.limits, &connector, entries) {
                    Ok(()) => accepted.push(done),
                    Err(exceeded) => drop(done.send(Err(exceeded.into()))),
                }
            }
            let text = (!draft.is_empty()).then(|| state.render(&draft));
            (draft, text)
        };
        let written = match text {
            Some(text) => (self.replace)(&self.path, text.as_bytes()).map_err(|cause| self.io(cause)),
            None => Ok(()),
        };
        match &written {
            Ok(()) => self.state.write().apply(draft),
            Err(_) => self.failures.increment(),
        }
        for done in accepted {
            // A caller that has left meanwhile commits again, later.
            let _ = done.send(written.clone());
        }
    }
}

impl OffsetFile {
    /// Reads the file; one that is missing or empty holds no offsets.
    pub fn open(path: &Path, limits: Limits) -> Result<Self, Error> {
        Self::open_with(path, limits, Arc::new(replace_file))
    }

    fn open_with(path: &Path, limits: Limits, replace: Replace) -> Result<Self, Error> {
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(cause) => return Err(Error::Io { action: "read", path: path.to_owned(), cause: Arc::new(cause) }),
        };
        let state = if text.is_empty() {
            State::default()
        } else {
            let damaged =
                "Put back a copy that is whole, or move it away to let all source connectors start from the beginning";
            State::parse(&text)
                .map_err(|problem| Error::Damaged { path: path.to_owned(), reason: problem.with_next(damaged) })?
        };
        Ok(Self(Arc::new(Shared {
            path: path.to_owned(),
            limits,
            replace,
            state: RwLock::new(state),
            waiting: Mutex::default(),
            writing: Arc::default(),
            failures: Counter::default(),
        })))
    }

    /// Sets the Kafka cluster that has the records from now on; its id is written with the next change. Returns the id of another one, if that
    /// is what the file said and there are offsets.
    pub fn belong_to(&self, cluster_id: &str) -> Option<String> {
        let mut state = self.0.state.write();
        let before = state.cluster_id.replace(cluster_id.to_owned());
        before.filter(|before| before != cluster_id && !state.is_empty())
    }

    /// The offset stored for a source partition of a connector. A partition that is stored under another text, because an operator
    /// wrote it, is found.
    pub(super) fn get(&self, connector: &str, partition: &str) -> Option<String> {
        self.0.state.read().get(connector, partition).map(str::to_owned)
    }

    /// The text under which a source partition is stored.
    pub(super) fn text(&self, connector: &str, partition: &str) -> Option<String> {
        self.0.state.read().text(connector, partition).map(str::to_owned)
    }

    /// All source partitions of a connector and their offsets, sorted by their texts.
    pub(super) fn all(&self, connector: &str) -> Vec<(String, String)> {
        let state = self.0.state.read();
        state.all(connector).map(|(partition, offset)| (partition.to_owned(), offset.to_owned())).collect()
    }

    /// Waits for a write whose caller no longer waits for it: a task that is cut off may leave one in progress. Call this before you list
    /// what is to be changed as a whole.
    async fn settle(&self) {
        // What has not been taken up by now is dropped by the next write.
        drop(self.0.writing.lock().await);
    }

    /// Stores offsets; they are durable when this returns. After an error nothing has changed. Whether a change is made whose
    /// caller does not wait for the answer is open, but it is never made after a later one.
    async fn set(&self, connector: &str, entries: Vec<Entry>) -> Result<(), Error> {
        limits::check_texts(connector, &entries)?;
        let entries = entries.into_iter().map(|(partition, offset)| (one_line(partition), offset.map(one_line)));
        let (done, mut answer) = oneshot::channel();
        let change = Change { connector: connector.to_owned(), entries: entries.collect(), done };
        {
            let mut waiting = self.0.waiting.lock();
            // While the disk does not answer, abandoned changes must not pile up.
            waiting.retain(|change| !change.done.is_closed());
            waiting.push(change);
        }
        let writing = Arc::clone(&self.0.writing).lock_owned().await;
        // The write before this one may have taken the change along.
        if let Ok(answer) = answer.try_recv() {
            return answer;
        }
        let shared = Arc::clone(&self.0);
        own_io::spawn_blocking(move || {
            shared.write();
            drop(writing);
        });
        let lost = || self.0.io(std::io::Error::other("the write was interrupted"));
        answer.await.unwrap_or_else(|_| Err(lost()))
    }
}

impl OffsetStore for OffsetFile {
    fn get<'a>(&'a self, connector: &'a str, partitions: &'a [String]) -> StoreFuture<'a, Vec<Option<String>>> {
        let offsets = partitions.iter().map(|partition| self.get(connector, partition)).collect();
        Box::pin(std::future::ready(Ok(offsets)))
    }

    fn all<'a>(&'a self, connector: &'a str) -> StoreFuture<'a, Vec<(String, String)>> {
        Box::pin(async move {
            self.settle().await;
            let (file, connector) = (self.clone(), connector.to_owned());
            // The source has chosen how many there are, so it is not done on a thread that tasks run on.
            let all = tokio::task::spawn_blocking(move || file.all(&connector)).await;
            all.map_err(|panic| self.0.io(std::io::Error::other(panic)))
        })
    }

    fn texts<'a>(&'a self, connector: &'a str, partitions: Vec<String>) -> StoreFuture<'a, Vec<String>> {
        Box::pin(async move {
            self.settle().await;
            let stored = |partition: String| self.text(connector, &partition).unwrap_or(partition);
            Ok(partitions.into_iter().map(stored).collect())
        })
    }

    fn set<'a>(&'a self, connector: &'a str, entries: Vec<Entry>) -> StoreFuture<'a, ()> {
        Box::pin(self.set(connector, entries))
    }

    fn failures(&self) -> u64 {
        self.0.failures.get()
    }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
