//! Where source offsets are stored: a standalone worker stores them in a file.

mod document;
mod file;
mod limits;
mod memory;
mod partition;
mod state;
mod store;

pub use file::{Error, OffsetFile};
pub use limits::{Exceeded, Limits};
pub use memory::MemoryOffsets;
pub use partition::canonical;
pub use store::{ConnectorOffsets, OffsetStore, StoreFuture};

/// One stored offset: the source partition and the offset, both JSON objects as the source wrote them. Without an offset the
/// partition's entry is removed.
pub type Entry = (String, Option<String>);
