//! Kafka Connect's `FileStreamSource` and `FileStreamSink` as one component: the same class names, keys, defaults, source
//! partition and offset. `docs/file-connectors.md` says how they behave, and where they differ.
//!
//! [`FileStreamSource`] makes records of the lines that `lines` cuts and keeps its place by `offsets`; [`FileStreamSink`]
//! appends what `line`, with `weir-data`, makes of a record's value, by `append`. `path` says which directory either needs.

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
