//! Where source offsets are kept. Standalone workers keep them in a file.

mod document;
mod file;
mod limits;
mod partition;
mod state;

pub use file::{ConnectorOffsets, Error, OffsetFile};
pub use limits::{Exceeded, Limits};
pub use partition::canonical;

/// One stored offset: the source partition and the offset, both JSON objects as the source wrote them. Without an offset the
/// partition is forgotten.
pub type Entry = (String, Option<String>);
