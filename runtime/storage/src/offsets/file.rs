//! The offset file of a standalone worker. It is replaced as a whole, by renaming a file that is already on disk, so that a crash
//! leaves either the old or the new file. Commits that arrive during a write share the next write.
//!
//! A change is applied in memory only once it is in the file: a change that failed is not written by a later write. Changes are
//! written in the order in which they were made, whether or not their callers still wait for them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use tokio::sync::{Mutex as AsyncMutex, oneshot};

use super::Entry;
use super::limits::{self, Exceeded, Limits};
use super::state::{State, one_line};
use super::store::{OffsetStore, StoreFuture};
use crate::checksummed_lines::Facts;
use crate::own_io;
use crate::replace_file::{Replace, replace_file};
use weir_metrics::Counter;

/// Why offsets cannot be read or written.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The file exists, but is not a complete offset file of this worker.
    #[error("the offset file {path} cannot be used: {reason} (offset.storage.file.filename)")]
    Damaged {
        /// The path of the file.
        path: PathBuf,
        /// What is wrong with the file, and what to do.
        reason: String,
    },
    /// The operating system reported an error.
    #[error("cannot {action} the offset file {path} (offset.storage.file.filename): {cause}")]
    Io {
        /// `read` or `write`.
        action: &'static str,
        /// The path of the file.
        path: PathBuf,
        /// The operating system's error.
        #[source]
        cause: Arc<std::io::Error>,
    },
    /// The offsets topic cannot be read or written.
    #[error("cannot {action} the offsets topic {topic}: {cause}")]
    Topic {
        /// `read` or `write`.
        action: &'static str,
        /// The topic.
        topic: String,
        /// The error of the Kafka client.
        #[source]
        cause: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// The connector has too many offsets, or too large ones. Retrying does not help.
    #[error(transparent)]
    Exceeded(#[from] Exceeded),
}

struct Shared {
    path: PathBuf,
    limits: Limits,
    replace: Replace,
    /// The content of the file. Changed by the caller that writes.
    state: RwLock<State>,
    /// Changes that are not written yet, in order.
    waiting: Mutex<Vec<Change>>,
    /// Held by the caller that writes and by the write itself, which may outlive a caller that has a timeout.
    writing: Arc<AsyncMutex<()>>,
    /// The number of writes that failed.
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

    /// Writes the number of one more start.
    fn begin_epoch(&self) -> Result<u64, Error> {
        let (facts, text) = {
            let state = self.state.read();
            let facts = Facts { epoch: state.facts.epoch + 1, ..state.facts.clone() };
            let text = state.render_with(&facts, &state.draft());
            (facts, text)
        };
        (self.replace)(&self.path, text.as_bytes()).map_err(|cause| self.io(cause))?;
        let epoch = facts.epoch;
        self.state.write().facts.epoch = epoch;
        Ok(epoch)
    }

    /// Writes the waiting changes, and answers their callers.
    fn write(&self) {
        let waiting = std::mem::take(&mut *self.waiting.lock());
        let mut accepted = Vec::new();
        let (draft, text) = {
            let state = self.state.read();
            let mut draft = state.draft();
            // A caller that no longer waits considers the change failed, and retries with newer offsets.
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
            // A caller that stopped waiting meanwhile commits again later.
            let _ = done.send(written.clone());
        }
    }
}

impl OffsetFile {
    /// Reads the file. A missing or empty file contains no offsets.
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
                "Restore an intact copy, or move the file away to let all source connectors start from the beginning";
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

    /// Begins another epoch and returns its number, which is greater than that of all before. It is durable when this returns. Called once,
    /// when a worker starts.
    pub async fn begin_epoch(&self) -> Result<u64, Error> {
        let writing = Arc::clone(&self.0.writing).lock_owned().await;
        let shared = Arc::clone(&self.0);
        let written = tokio::task::spawn_blocking(move || {
            let written = shared.begin_epoch();
            drop(writing);
            written
        });
        written.await.unwrap_or_else(|panic| Err(self.0.io(std::io::Error::other(panic))))
    }

    /// Sets the Kafka cluster that has the records from now on; its id is written with the next change. If the file has offsets of another
    /// cluster, returns the id of that cluster.
    pub fn belong_to(&self, cluster_id: &str) -> Option<String> {
        let mut state = self.0.state.write();
        let before = state.facts.cluster_id.replace(cluster_id.to_owned());
        before.filter(|before| before != cluster_id && !state.is_empty())
    }

    /// Returns the offset stored for a source partition of a connector, also if the partition is stored as another text that means the
    /// same, because an operator wrote it.
    pub(super) fn get(&self, connector: &str, partition: &str) -> Option<String> {
        self.0.state.read().get(connector, partition).map(str::to_owned)
    }

    /// Returns the text under which a source partition is stored.
    pub(super) fn text(&self, connector: &str, partition: &str) -> Option<String> {
        self.0.state.read().text(connector, partition).map(str::to_owned)
    }

    /// Returns all source partitions of a connector and their offsets, sorted by their texts.
    pub(super) fn all(&self, connector: &str) -> Vec<(String, String)> {
        let state = self.0.state.read();
        state.all(connector).map(|(partition, offset)| (partition.to_owned(), offset.to_owned())).collect()
    }

    /// Waits for a write whose caller no longer waits for it: an aborted task may leave one in progress. Call this before you list
    /// offsets that are to be changed as a whole.
    async fn settle(&self) {
        // Changes whose write has not begun by now are dropped by the next write.
        drop(self.0.writing.lock().await);
    }

    /// Stores offsets; they are durable when this returns. After an error nothing has changed. If the caller does not wait for the
    /// answer, the change may or may not be made, but never after a later one.
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
        // The previous write may have included the change.
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
            // The source determines how many there are, so this does not run on a thread that runs tasks.
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
mod tests;
