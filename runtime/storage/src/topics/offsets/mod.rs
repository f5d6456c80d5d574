//! The offsets topics (`offset.storage.topic`, and `offsets.storage.topic` of a connector): their records, and what a reader knows after a
//! number of them.

mod record;
mod state;

pub use record::{SourceOffset, read, source_offset};
pub use state::OffsetsState;
