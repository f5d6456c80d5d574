//! The rows that a sink is given, and those it could not handle.

use std::ops::Deref;

use super::{TimestampType, TopicPartition};
use crate::RowError;
use crate::bindings::host::weir::connect::data::RowFailure;
use crate::bindings::sink::interface as wit;
use crate::record::{Record, Rows, pick};

/// Rows out of Kafka.
#[derive(Clone, Debug)]
pub struct SinkBatch {
    batch: wit::SinkBatch,
}

impl SinkBatch {
    pub(crate) fn new(batch: wit::SinkBatch) -> SinkBatch {
        SinkBatch { batch }
    }

    /// One after the other, in offset order for each partition.
    pub fn records(&self) -> impl ExactSizeIterator<Item = SinkRecord<'_>> {
        Rows::new(&self.batch.records).map(|record| SinkRecord { batch: &self.batch, record })
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.batch.records.count as usize
    }

    /// True = time has passed and nothing arrived.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A row out of Kafka: a [`Record`] that knows where it was read.
#[derive(Clone, Copy, Debug)]
pub struct SinkRecord<'a> {
    batch: &'a wit::SinkBatch,
    record: Record<'a>,
}

impl<'a> SinkRecord<'a> {
    /// The partition it was read from. This and not [`topic`](Record::topic), which a transform may have changed,
    /// identifies the row together with [`offset`](SinkRecord::offset).
    pub fn topic_partition(&self) -> &'a TopicPartition {
        &self.batch.topic_partitions[self.source()]
    }

    /// Its offset there.
    pub fn offset(&self) -> i64 {
        self.batch.offsets[self.row() as usize]
    }

    /// What its timestamp means.
    pub fn timestamp_type(&self) -> TimestampType {
        self.batch.timestamp_types.get(self.source()).copied().unwrap_or(TimestampType::None)
    }

    fn source(&self) -> usize {
        pick(&self.batch.topic_partition, self.row() as usize)
    }
}

impl<'a> Deref for SinkRecord<'a> {
    type Target = Record<'a>;

    fn deref(&self) -> &Record<'a> {
        &self.record
    }
}

/// The rows of a batch that could not be handled while the others could.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowFailures {
    failures: Vec<RowFailure>,
}

impl RowFailures {
    /// All rows were taken.
    pub fn none() -> RowFailures {
        RowFailures::default()
    }

    /// This row was not.
    pub fn add(&mut self, record: &Record<'_>, error: RowError) {
        self.failures.push(RowFailure { row: record.row(), message: error.message });
    }

    /// True = all rows were taken.
    pub fn is_empty(&self) -> bool {
        self.failures.is_empty()
    }

    pub(crate) fn into_list(self) -> Vec<RowFailure> {
        self.failures
    }
}
