//! The records that are passed to a sink, and the records that it failed to process.

use std::ops::Deref;

use super::{TimestampType, TopicPartition};
use crate::RecordError;
use crate::bindings::host::weir::connect::data::RecordFailure;
use crate::bindings::sink::interface as wit;
use crate::record::{Record, RecordIter, pick};

/// A batch of records from Kafka.
#[derive(Clone, Debug)]
pub struct SinkBatch {
    batch: wit::SinkBatch,
}

impl SinkBatch {
    pub(crate) fn new(batch: wit::SinkBatch) -> SinkBatch {
        SinkBatch { batch }
    }

    /// Returns an iterator over the records, in offset order within each partition.
    pub fn records(&self) -> impl ExactSizeIterator<Item = SinkRecord<'_>> {
        RecordIter::new(&self.batch.records).map(|record| SinkRecord { batch: &self.batch, record })
    }

    /// Returns the number of records.
    pub fn len(&self) -> usize {
        self.batch.records.count as usize
    }

    /// Returns whether the batch is empty because no records arrived for some time.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A record from Kafka: a [`Record`] with the position that it was read from.
#[derive(Clone, Copy, Debug)]
pub struct SinkRecord<'a> {
    batch: &'a wit::SinkBatch,
    record: Record<'a>,
}

impl<'a> SinkRecord<'a> {
    /// Returns the partition that the record was read from. Together with [`offset`](SinkRecord::offset) it identifies
    /// the record; [`topic`](Record::topic) does not, because a transform may have changed it.
    pub fn topic_partition(&self) -> &'a TopicPartition {
        &self.batch.topic_partitions[self.source()]
    }

    /// Returns the offset of the record in that partition.
    pub fn offset(&self) -> i64 {
        self.batch.offsets[self.index() as usize]
    }

    /// Returns the type of the record's timestamp.
    pub fn timestamp_type(&self) -> TimestampType {
        self.batch.timestamp_types.get(self.source()).copied().unwrap_or(TimestampType::None)
    }

    fn source(&self) -> usize {
        pick(&self.batch.topic_partition_index, self.index() as usize)
    }
}

impl<'a> Deref for SinkRecord<'a> {
    type Target = Record<'a>;

    fn deref(&self) -> &Record<'a> {
        &self.record
    }
}

/// The records of a batch that could not be processed, although the others could.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecordFailures {
    failures: Vec<RecordFailure>,
}

impl RecordFailures {
    /// Creates an empty list: all records were accepted.
    pub fn none() -> RecordFailures {
        RecordFailures::default()
    }

    /// Adds a record that could not be processed.
    pub fn add(&mut self, record: &Record<'_>, error: RecordError) {
        self.failures.push(RecordFailure { index: record.index(), message: error.message });
    }

    /// Returns whether all records were accepted.
    pub fn is_empty(&self) -> bool {
        self.failures.is_empty()
    }

    pub(crate) fn into_list(self) -> Vec<RecordFailure> {
        self.failures
    }
}
