//! Kafka Connect's `FileStreamSource` and `FileStreamSink` in one component, with the same class names, keys, defaults, source partition
//! and offset. `docs/file-connectors.md` describes their behaviour and the differences.
//!
//! [`FileStreamSource`] makes a record of each line. `lines` finds the lines, and `offsets` handles the source partition and offset.
//! [`FileStreamSink`] appends record values, which `line` and `weir-data` convert to lines, with `append`. `path` determines which
//! directory a task needs.

mod append;
mod line;
mod lines;
mod offsets;
mod path;
mod schema;
mod sink;
mod source;

pub use sink::{FileSinkConfig, FileStreamSink};
pub use source::{FileSourceConfig, FileStreamSource};

weir_sdk::export!(
    sources: [FileStreamSource],
    transactions: [FileStreamSource],
    source_offsets: [FileStreamSource],
    sinks: [FileStreamSink],
    commit: [FileStreamSink],
    sink_offsets: [FileStreamSink],
);
