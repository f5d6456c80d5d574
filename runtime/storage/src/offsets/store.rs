//! The interface to stored source offsets, whichever kind of worker runs the tasks.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::{Entry, Error};

/// The future that a store returns.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// Stores the offsets of source connectors. A source partition and an offset are JSON objects as the source wrote them.
pub trait OffsetStore: Send + Sync + 'static {
    /// Returns the offsets of source partitions of a connector, one result for each, in order. A partition is also found if it is stored
    /// as another text that means the same, because an operator wrote it.
    fn get<'a>(&'a self, connector: &'a str, partitions: &'a [String]) -> StoreFuture<'a, Vec<Option<String>>>;

    /// Returns all source partitions of a connector and their offsets, sorted by their texts, as they are after the changes that are
    /// being written.
    fn all<'a>(&'a self, connector: &'a str) -> StoreFuture<'a, Vec<(String, String)>>;

    /// Returns the texts under which source partitions of a connector are stored; for a partition that is not stored, its own text.
    fn texts<'a>(&'a self, connector: &'a str, partitions: Vec<String>) -> StoreFuture<'a, Vec<String>>;

    /// Stores offsets; they are durable when this returns. After an error nothing has changed in a file; in a topic, some of the offsets
    /// may be stored, or be stored later. If the caller does not wait for the answer, the change may be made, but never after a later one.
    fn set<'a>(&'a self, connector: &'a str, entries: Vec<Entry>) -> StoreFuture<'a, ()>;

    /// Returns the number of writes that failed since the store was opened.
    fn failures(&self) -> u64;
}

/// Gives a plugin read access to the offsets of its connector.
pub struct ConnectorOffsets {
    /// The store that contains them.
    pub store: Arc<dyn OffsetStore>,
    /// The connector's name.
    pub connector: String,
}

impl ConnectorOffsets {
    /// How many partitions are looked up before other tasks of the thread run. The plugin chooses the total number.
    const PARTITIONS_AT_ONCE: usize = 64;
    /// How many bytes of partitions are looked up before other tasks of the thread run.
    const BYTES_AT_ONCE: usize = 64 << 10;

    async fn look_up(&self, partitions: Vec<String>) -> Result<Vec<Option<String>>, Error> {
        let mut offsets = Vec::with_capacity(partitions.len());
        let mut rest = partitions.as_slice();
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = |partition: &&String| {
                let before = bytes;
                bytes += partition.len();
                before < Self::BYTES_AT_ONCE
            };
            let count = rest.iter().take(Self::PARTITIONS_AT_ONCE).take_while(fits).count();
            let (now, later) = rest.split_at(count);
            offsets.extend(self.store.get(&self.connector, now).await?);
            rest = later;
            if !rest.is_empty() {
                tokio::task::yield_now().await;
            }
        }
        Ok(offsets)
    }
}

impl weir_plugin::StoredOffsets for ConnectorOffsets {
    fn stored_offsets(&self, partitions: Vec<String>) -> weir_plugin::OffsetsFuture<'_> {
        Box::pin(async move { self.look_up(partitions).await.map_err(|error| error.to_string()) })
    }
}
