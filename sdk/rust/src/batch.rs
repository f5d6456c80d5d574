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
mod record;

use std::fmt::Display;
use std::time::Duration;

use columns::{ColumnWriter, ValuesWriter};
use formats::Formats;
use names::Names;
pub use record::RecordBuilder;

use crate::Error;
use crate::bindings::host::weir::connect::data::{HeaderColumns, Records, TopicColumn};
use crate::bindings::source::interface::SourceBatch;
use crate::host;

/// Limits for the batch of one `poll`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Maximum number of records. Returning more fails the task.
    pub max_records: u32,
    /// Bytes of keys and values together. This is a soft limit: the record that exceeds it may still be included, as the
    /// last one.
    pub max_bytes: u32,
    /// How long `poll` may wait for records. Stop, pause and reconfiguration wait until `poll` returns.
    pub max_wait: Duration,
}

/// The budget of the test harness. The runtime chooses its own values.
impl Default for Budget {
    fn default() -> Budget {
        Budget { max_records: 1000, max_bytes: 1 << 20, max_wait: Duration::ZERO }
    }
}

/// A builder for the batch of a source.
#[derive(Debug)]
pub struct BatchBuilder {
    budget: Budget,
    first_number: u64,
    count: u32,
    topics: Names,
    topic_index: Vec<u32>,
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
    /// The last record of each transaction that ends in this batch, and whether it is aborted.
    transaction_ends: Vec<(Option<u32>, bool)>,
    error: Option<Error>,
}

impl BatchBuilder {
    /// Creates an empty batch whose first record has this number. The SDK calls this for each `poll`.
    pub fn new(budget: Budget, first_number: u64) -> BatchBuilder {
        BatchBuilder {
            budget,
            first_number,
            count: 0,
            topics: Names::default(),
            topic_index: Vec::new(),
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
            transaction_ends: Vec::new(),
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
        self.count < self.budget.max_records && self.size() < self.budget.max_bytes as usize
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
    pub fn next_number(&self) -> u64 {
        self.first_number + u64::from(self.count)
    }

    /// Ends a transaction after the last record pushed to this batch; before the first one, after the last record of the
    /// batch. Has an effect only with `transaction.boundary=connector`, and none if `poll` fails.
    pub fn commit_transaction(&mut self) {
        self.transaction_ends.push((self.count.checked_sub(1), false));
    }

    /// Aborts the transaction of the records pushed so far: they are discarded, but their offsets are still stored.
    /// Otherwise like [`commit_transaction`](BatchBuilder::commit_transaction).
    pub fn abort_transaction(&mut self) {
        self.transaction_ends.push((self.count.checked_sub(1), true));
    }

    /// Records an error in the source's data. The first one fails the call.
    fn fail(&mut self, reason: impl Display) {
        self.error.get_or_insert_with(|| Error::fatal(reason));
    }

    /// Returns the columns, or an error if more records were pushed than the budget allows or if a record cannot be
    /// written.
    #[doc(hidden)]
    pub fn finish(mut self) -> Result<SourceBatch, Error> {
        if self.count > self.budget.max_records {
            let (count, most) = (self.count, self.budget.max_records);
            self.fail(format_args!(
                "poll pushed {count} records, but at most {most} are allowed: end the loop when `batch.has_room()` is false"
            ));
        }
        if let Some(error) = self.error {
            return Err(error);
        }
        // The runtime traps a task that ends transactions although it was not asked to.
        if !self.transaction_ends.is_empty() && host::defines_transactions() {
            for (index, abort) in self.transaction_ends {
                if abort { host::abort_transaction(index) } else { host::commit_transaction(index) }
            }
        }
        Ok(SourceBatch {
            records: Records {
                count: self.count,
                topics: TopicColumn { names: self.topics.into_list(), name_index: unless_all_first(self.topic_index) },
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
            source_partition_index: unless_all_first(self.source_partition),
            source_offsets: self.offsets.finish(),
        })
    }
}

/// Returns the short form of an index column: empty if all indexes are 0.
fn unless_all_first(indexes: Vec<u32>) -> Vec<u32> {
    if indexes.iter().all(|index| *index == 0) { Vec::new() } else { indexes }
}
