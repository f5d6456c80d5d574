//! Builds the batch that a source hands over, row by row, straight into the columns it travels in.
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

/// What one `poll` may take at the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Rows; more of them fail the task.
    pub rows: u32,
    /// Bytes of keys and values together; the row that crosses it may be the last one.
    pub bytes: u32,
    /// How long `poll` may wait for rows. Stop, pause and reconfiguration wait for it.
    pub wait: Duration,
}

/// What the harness gives; the runtime chooses its own.
impl Default for Budget {
    fn default() -> Budget {
        Budget { rows: 1000, bytes: 1 << 20, wait: Duration::ZERO }
    }
}

/// The batch being built.
#[derive(Debug)]
pub struct BatchBuilder {
    budget: Budget,
    first_row: u64,
    count: u32,
    topics: Names,
    topic_rows: Vec<u32>,
    /// Empty as long as no row chose one.
    partitions: Vec<i32>,
    /// Empty as long as no row had one.
    timestamps: Vec<i64>,
    formats: Formats,
    keys: ValuesWriter,
    values: ValuesWriter,
    /// Empty as long as no row had any.
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
    /// An empty batch, whose first row will have this number. The runtime's part of the SDK makes one for each `poll`.
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

    /// Starts a row for this topic. It becomes part of the batch when [`RecordBuilder::push`] is called, and is forgotten
    /// when it is not.
    pub fn record(&mut self, topic: &str) -> RecordBuilder<'_> {
        RecordBuilder::new(self, topic)
    }

    /// What this `poll` may take.
    pub fn budget(&self) -> Budget {
        self.budget
    }

    /// True = one more row may be pushed.
    pub fn has_room(&self) -> bool {
        self.count < self.budget.rows && self.size() < self.budget.bytes as usize
    }

    /// Rows pushed.
    pub fn len(&self) -> u32 {
        self.count
    }

    /// True = no row was pushed.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Bytes of the keys and values pushed.
    pub fn size(&self) -> usize {
        self.keys.size() + self.values.size()
    }

    /// The number that the next row gets, see [`Settled`](crate::source::Settled).
    pub fn next_row(&self) -> u64 {
        self.first_row + u64::from(self.count)
    }

    /// A transaction ends behind the rows pushed so far. Counts with `transaction.boundary=connector` only.
    pub fn commit_transaction(&mut self) {
        self.boundary(false);
    }

    /// As [`commit_transaction`](BatchBuilder::commit_transaction), but the transaction's rows vanish; their offsets are
    /// stored all the same.
    pub fn abort_transaction(&mut self) {
        self.boundary(true);
    }

    fn boundary(&mut self, abort: bool) {
        self.boundaries.push(TransactionBoundary { row: self.count.checked_sub(1), abort });
    }

    /// Something is wrong with what the source gave. The first reason fails the call.
    fn fail(&mut self, reason: impl Display) {
        self.error.get_or_insert_with(|| Error::task(reason));
    }

    /// The columns; an error if more rows were pushed than the budget allows, or one that cannot be written.
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

/// The short form of an index column.
fn unless_all_first(rows: Vec<u32>) -> Vec<u32> {
    if rows.iter().all(|index| *index == 0) { Vec::new() } else { rows }
}
