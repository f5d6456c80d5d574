//! Builds the batch that a source returns. Records are written directly into the columns of the batch.
//!
//! ```
//! use weir_sdk::batch::{BatchBuilder, Budget};
//! use weir_sdk::source::SourcePartition;
//!
//! let partition = SourcePartition::new().with("filename", "/data/in.txt");
//! let mut batch = BatchBuilder::new(Budget::default(), 0);
//! for (line, text) in ["first", "second"].into_iter().enumerate() {
//!     batch
//!         .record("lines")
//!         .value_text(text)
//!         .header_text("origin", "in.txt")
//!         .offset(&partition, |offset| offset.set("line", line + 1))
//!         .push();
//! }
//! assert_eq!(batch.len(), 2);
//! ```

mod columns;
mod formats;
mod names;
mod row;

use std::fmt::Display;
use std::time::Duration;

use columns::{ColumnWriter, ValuesWriter};
use formats::Formats;
use names::Names;
pub use row::RecordBuilder;

use crate::Error;
use crate::bindings::host::weir::connect::data::{HeaderColumns, Records, TopicColumn};
use crate::bindings::source::interface::{SourceBatch, TransactionBoundary};

/// Limits for the batch of one `poll`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Maximum number of records. Returning more fails the task.
    pub rows: u32,
    /// Bytes of keys and values together. This is a soft limit: the record that exceeds it may still be included, as the
    /// last one.
    pub bytes: u32,
    /// How long `poll` may wait for records. Stop, pause and reconfiguration wait until `poll` returns.
    pub wait: Duration,
}

/// The budget of the test harness. The runtime chooses its own values.
impl Default for Budget {
    fn default() -> Budget {
        Budget { rows: 1000, bytes: 1 << 20, wait: Duration::ZERO }
    }
}

/// A builder for the batch of a source.
#[derive(Debug)]
pub struct BatchBuilder {
    budget: Budget,
    first_row: u64,
    count: u32,
    topics: Names,
    topic_rows: Vec<u32>,
    /// Empty until a record sets a partition.
    partitions: Vec<i32>,
    /// Empty until a record sets a timestamp.
    timestamps: Vec<i64>,
    formats: Formats,
    keys: ValuesWriter,
    values: ValuesWriter,
    /// Empty until a record has headers.
    header_counts: Vec<u32>,
    header_names: ColumnWriter,
    header_values: ValuesWriter,
    source_partitions: Names,
    source_partition: Vec<u32>,
    offsets: ColumnWriter,
    boundaries: Vec<TransactionBoundary>,
    error: Option<Error>,
}

impl BatchBuilder {
    /// Creates an empty batch whose first record has this number. The SDK calls this for each `poll`.
    pub fn new(budget: Budget, first_row: u64) -> BatchBuilder {
        BatchBuilder {
            budget,
            first_row,
            count: 0,
            topics: Names::default(),
            topic_rows: Vec::new(),
            partitions: Vec::new(),
            timestamps: Vec::new(),
            formats: Formats::default(),
            keys: ValuesWriter::default(),
            values: ValuesWriter::default(),
            header_counts: Vec::new(),
            header_names: ColumnWriter::default(),
            header_values: ValuesWriter::default(),
            source_partitions: Names::default(),
            source_partition: Vec::new(),
            offsets: ColumnWriter::default(),
            boundaries: Vec::new(),
            error: None,
        }
    }

    /// Starts a record for this topic. [`RecordBuilder::push`] adds it to the batch; without that call it is discarded.
    pub fn record(&mut self, topic: &str) -> RecordBuilder<'_> {
        RecordBuilder::new(self, topic)
    }

    /// Returns the limits of this `poll`.
    pub fn budget(&self) -> Budget {
        self.budget
    }

    /// Returns whether another record may be pushed.
    pub fn has_room(&self) -> bool {
        self.count < self.budget.rows && self.size() < self.budget.bytes as usize
    }

    /// Returns the number of records pushed.
    pub fn len(&self) -> u32 {
        self.count
    }

    /// Returns whether no record was pushed.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Returns the number of bytes of the keys and values pushed.
    pub fn size(&self) -> usize {
        self.keys.size() + self.values.size()
    }

    /// Returns the number of the next record, see [`Settled`](crate::source::Settled).
    pub fn next_row(&self) -> u64 {
        self.first_row + u64::from(self.count)
    }

    /// Ends a transaction after the records pushed so far. Has an effect only with `transaction.boundary=connector`.
    pub fn commit_transaction(&mut self) {
        self.boundary(false);
    }

    /// Aborts the transaction of the records pushed so far: they are discarded, but their offsets are still stored.
    /// Otherwise like [`commit_transaction`](BatchBuilder::commit_transaction).
    pub fn abort_transaction(&mut self) {
        self.boundary(true);
    }

    fn boundary(&mut self, abort: bool) {
        self.boundaries.push(TransactionBoundary { row: self.count.checked_sub(1), abort });
    }

    /// Records an error in the source's data. The first one fails the call.
    fn fail(&mut self, reason: impl Display) {
        self.error.get_or_insert_with(|| Error::task(reason));
    }

    /// Returns the columns, or an error if more records were pushed than the budget allows or if a record cannot be
    /// written.
    #[doc(hidden)]
    pub fn finish(mut self) -> Result<SourceBatch, Error> {
        if self.count > self.budget.rows {
            let (count, rows) = (self.count, self.budget.rows);
            self.fail(format_args!(
                "poll pushed {count} rows, {rows} were asked for: end the loop when `batch.has_room()` is false"
            ));
        }
        if let Some(error) = self.error {
            return Err(error);
        }
        Ok(SourceBatch {
            records: Records {
                count: self.count,
                topics: TopicColumn { names: self.topics.into_list(), rows: unless_all_first(self.topic_rows) },
                partitions: self.partitions,
                timestamps: self.timestamps,
                formats: self.formats.into_list(),
                keys: self.keys.finish(),
                values: self.values.finish(),
                headers: HeaderColumns {
                    counts: self.header_counts,
                    names: self.header_names.finish(),
                    values: self.header_values.finish(),
                },
            },
            source_partitions: self.source_partitions.into_list(),
            source_partition: unless_all_first(self.source_partition),
            source_offsets: self.offsets.finish(),
            boundaries: self.boundaries,
        })
    }
}

/// Returns the short form of an index column: empty if all indexes are 0.
fn unless_all_first(rows: Vec<u32>) -> Vec<u32> {
    if rows.iter().all(|index| *index == 0) { Vec::new() } else { rows }
}
