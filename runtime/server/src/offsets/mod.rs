//! Where source offsets are kept. Standalone workers keep them in a file.

mod document;
mod file;
pub mod partition;

pub use file::{ConnectorOffsets, Error, OffsetFile};

/// One stored offset: the source partition and the offset, both JSON objects as the source wrote them. No offset = forget it.
pub type Entry = (String, Option<String>);
