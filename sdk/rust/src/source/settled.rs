//! The outcome of a source's records.

use crate::bindings::host::weir::connect::data::TopicPartition;
use crate::bindings::source::interface::SettledRows;

/// Settled records, ordered by their numbers within each source partition. The numbers are those that
/// [`RecordBuilder::push`](crate::batch::RecordBuilder::push) returned.
#[derive(Clone, Debug)]
pub struct Settled {
    rows: SettledRows,
}

/// A settled record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SettledRow<'a> {
    /// The number of the record.
    pub row: u64,
    /// The outcome.
    pub outcome: Outcome<'a>,
}

/// The outcome of a record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome<'a> {
    /// Kafka acknowledged the record.
    Written {
        /// The topic and partition that the record was written to.
        topic_partition: &'a TopicPartition,
        /// The offset of the record in that partition, or `None` if Kafka did not return one.
        offset: Option<i64>,
    },
    /// A transform dropped the record.
    Dropped,
    /// The record failed and was skipped because of `errors.tolerance`.
    Skipped,
}

impl Settled {
    pub(crate) fn new(rows: SettledRows) -> Settled {
        Settled { rows }
    }

    /// Returns an iterator over the records.
    pub fn rows(&self) -> impl Iterator<Item = SettledRow<'_>> {
        let rows = &self.rows;
        (0..rows.rows.len()).map(move |index| {
            let outcome = match rows.topic_partition[index] {
                -1 => Outcome::Dropped,
                -2 => Outcome::Skipped,
                partition => Outcome::Written {
                    topic_partition: &rows.topic_partitions[partition as usize],
                    offset: Some(rows.offsets[index]).filter(|offset| *offset >= 0),
                },
            };
            SettledRow { row: rows.rows[index], outcome }
        })
    }

    /// Returns the number of records.
    pub fn len(&self) -> usize {
        self.rows.rows.len()
    }

    /// Returns whether there are no records.
    pub fn is_empty(&self) -> bool {
        self.rows.rows.is_empty()
    }
}
