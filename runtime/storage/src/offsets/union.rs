//! The offsets of a connector that has an offsets topic of its own (`offsets.storage.topic`), together with those in the worker's store.
//!
//! The worker's store is where the offsets are from before the connector got its topic, and where they are looked for if it loses the topic
//! again. So the connector's store takes precedence, and each offset is copied to the worker's, but nothing depends on the copy. A deleted
//! offset is another matter: it is deleted in the worker's store first, since it would otherwise come back from there.

use std::sync::Arc;

use indexmap::IndexMap;
use parking_lot::Mutex;
use tokio::sync::Mutex as AsyncMutex;
use tracing::warn;

use super::store::{OffsetStore, StoreFuture};
use super::{Entry, Error, canonical};

/// The stores of one connector.
pub struct UnionOffsets {
    own: Arc<dyn OffsetStore>,
    copies: Arc<Copies>,
}

/// Copies the offsets to the worker's store, in order.
struct Copies {
    worker: Arc<dyn OffsetStore>,
    waiting: Mutex<Waiting>,
    /// Held while something is written to the worker's store.
    writing: AsyncMutex<()>,
}

/// What is not copied yet.
#[derive(Default)]
struct Waiting {
    /// The latest offset of each connector and source partition.
    offsets: IndexMap<(String, String), String>,
    /// Whether a task copies them.
    is_copying: bool,
}

impl UnionOffsets {
    /// Creates the union of a connector's own store and the worker's.
    pub fn new(own: Arc<dyn OffsetStore>, worker: Arc<dyn OffsetStore>) -> Self {
        let copies = Copies { worker, waiting: Mutex::default(), writing: AsyncMutex::default() };
        Self { own, copies: Arc::new(copies) }
    }

    async fn get(&self, connector: &str, partitions: &[String]) -> Result<Vec<Option<String>>, Error> {
        let worker = self.copies.worker.get(connector, partitions).await?;
        let own = self.own.get(connector, partitions).await?;
        Ok(own.into_iter().zip(worker).map(|(own, worker)| own.or(worker)).collect())
    }

    async fn all(&self, connector: &str) -> Result<Vec<(String, String)>, Error> {
        let mut all = self.own.all(connector).await?;
        let own: std::collections::HashSet<String> = all.iter().map(|(partition, _)| canonical(partition)).collect();
        let worker = self.copies.worker.all(connector).await?.into_iter();
        all.extend(worker.filter(|(partition, _)| !own.contains(&canonical(partition))));
        all.sort();
        Ok(all)
    }

    async fn texts(&self, connector: &str, partitions: Vec<String>) -> Result<Vec<String>, Error> {
        // If the connector's store does not have a partition, its text is looked for in the worker's.
        let worker = self.copies.worker.texts(connector, partitions).await?;
        self.own.texts(connector, worker).await
    }

    async fn set(&self, connector: &str, entries: Vec<Entry>) -> Result<(), Error> {
        let mut deleted = Vec::new();
        let mut stored = Vec::new();
        for (partition, offset) in &entries {
            match offset {
                None => deleted.push((partition.clone(), None)),
                Some(offset) => stored.push((partition.clone(), offset.clone())),
            }
        }
        if !deleted.is_empty() {
            self.copies.delete(connector, deleted).await?;
        }
        self.own.set(connector, entries).await?;
        self.copies.add(connector, stored);
        Ok(())
    }
}

impl Copies {
    async fn delete(&self, connector: &str, entries: Vec<Entry>) -> Result<(), Error> {
        {
            let mut waiting = self.waiting.lock();
            for (partition, _) in &entries {
                waiting.offsets.shift_remove(&(connector.to_owned(), partition.clone()));
            }
        }
        let _writing = self.writing.lock().await;
        self.worker.set(connector, entries).await
    }

    /// Copies the offsets, without waiting for it.
    fn add(self: &Arc<Self>, connector: &str, entries: Vec<(String, String)>) {
        let mut waiting = self.waiting.lock();
        let entries = entries.into_iter().map(|(partition, offset)| ((connector.to_owned(), partition), offset));
        waiting.offsets.extend(entries);
        if !waiting.is_copying && !waiting.offsets.is_empty() {
            waiting.is_copying = true;
            drop(tokio::spawn(Arc::clone(self).copy()));
        }
    }

    async fn copy(self: Arc<Self>) {
        loop {
            let _writing = self.writing.lock().await;
            let mut by_connector: IndexMap<String, Vec<Entry>> = IndexMap::new();
            {
                let mut waiting = self.waiting.lock();
                for ((connector, partition), offset) in std::mem::take(&mut waiting.offsets) {
                    by_connector.entry(connector).or_default().push((partition, Some(offset)));
                }
                waiting.is_copying = !by_connector.is_empty();
            }
            if by_connector.is_empty() {
                return;
            }
            for (connector, entries) in by_connector {
                if let Err(error) = self.worker.set(&connector, entries).await {
                    warn!(connector, %error, "cannot copy source offsets to the worker's offsets topic");
                }
            }
        }
    }
}

impl OffsetStore for UnionOffsets {
    fn get<'a>(&'a self, connector: &'a str, partitions: &'a [String]) -> StoreFuture<'a, Vec<Option<String>>> {
        Box::pin(self.get(connector, partitions))
    }

    fn all<'a>(&'a self, connector: &'a str) -> StoreFuture<'a, Vec<(String, String)>> {
        Box::pin(self.all(connector))
    }

    fn texts<'a>(&'a self, connector: &'a str, partitions: Vec<String>) -> StoreFuture<'a, Vec<String>> {
        Box::pin(self.texts(connector, partitions))
    }

    fn set<'a>(&'a self, connector: &'a str, entries: Vec<Entry>) -> StoreFuture<'a, ()> {
        Box::pin(self.set(connector, entries))
    }

    fn failures(&self) -> u64 {
        self.own.failures()
    }
}
