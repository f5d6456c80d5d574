//! Where source offsets are stored: a standalone worker stores them in a file, a distributed one in topics.

mod document;
mod file;
mod limits;
mod memory;
mod partition;
pub(crate) mod state;
mod store;
mod topic;
mod union;

pub use file::{Error, OffsetFile};
pub(crate) use limits::check_texts;
pub use limits::{Exceeded, Limits};
pub use memory::MemoryOffsets;
pub use partition::canonical;
pub use store::{ConnectorOffsets, OffsetStore, StoreFuture};
pub use topic::TopicOffsets;
pub use union::UnionOffsets;

/// One stored offset: the source partition and the offset, both JSON objects as the source wrote them. Without an offset the
/// partition's entry is removed.
pub type Entry = (String, Option<String>);
