//! The outcome of a source's records.

use crate::bindings::host::weir::connect::data::TopicPartition;
use crate::bindings::source_acknowledgements::interface::SettledRecords;

/// Settled records, ordered by their numbers within each source partition. The numbers are those that
/// [`RecordBuilder::push`](crate::batch::RecordBuilder::push) returned.
#[derive(Clone, Debug)]
pub struct Settled {
    records: SettledRecords,
}

/// A settled record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SettledRecord<'a> {
    /// The number of the record.
    pub number: u64,
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
    pub(crate) fn new(records: SettledRecords) -> Settled {
        Settled { records }
    }

    /// Returns an iterator over the records.
    pub fn records(&self) -> impl Iterator<Item = SettledRecord<'_>> {
        let records = &self.records;
        (0..records.numbers.len()).map(move |index| {
            let outcome = match records.topic_partition_index[index] {
                -1 => Outcome::Dropped,
                -2 => Outcome::Skipped,
                partition => Outcome::Written {
                    topic_partition: &records.topic_partitions[partition as usize],
                    offset: Some(records.offsets[index]).filter(|offset| *offset >= 0),
                },
            };
            SettledRecord { number: records.numbers[index], outcome }
        })
    }

    /// Returns the number of records.
    pub fn len(&self) -> usize {
        self.records.numbers.len()
    }

    /// Returns whether there are no records.
    pub fn is_empty(&self) -> bool {
        self.records.numbers.is_empty()
    }
}
