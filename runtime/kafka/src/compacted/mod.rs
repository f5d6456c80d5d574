//! Compacted topics that contain the state of a cluster of workers.
//!
//! - [`CompactedTopic`] creates a topic, or checks that an existing one has the right settings.
//! - [`TopicReader`] reads a topic from its beginning and continues with each new record, in the order of the offsets of each partition.
//! - [`TopicWriter`] writes records. [`FencedWriter`] does so in transactions: it fails as soon as another worker has claimed the right to
//!   write.

mod fenced_writer;
mod reader;
mod reading;
mod topic;
mod writer;

pub use fenced_writer::{Error as FencedWriteError, FencedWriter};
pub use reader::{Error as ReadError, ReaderOptions, TopicReader};
pub use reading::{TopicHandler, TopicRecord};
pub use topic::{CompactedTopic, Error as TopicError, TopicKeys};
pub use writer::{Error as WriteError, KeyValue, Position, TopicWriter};
