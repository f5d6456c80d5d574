//! What became of a source's rows.

use crate::bindings::host::weir::connect::data::TopicPartition;
use crate::bindings::source::interface::SettledRows;

/// Rows that are done with, in the order of their numbers for each source partition. Numbers are those that
/// [`RecordBuilder::push`](crate::batch::RecordBuilder::push) returned.
#[derive(Clone, Debug)]
pub struct Settled {
    rows: SettledRows,
}

/// One row that is done with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SettledRow<'a> {
    /// The row's number.
    pub row: u64,
    /// What became of it.
    pub outcome: Outcome<'a>,
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome<'a> {
    /// Kafka has it, there.
    Written {
        /// The topic and partition it was written to.
        topic_partition: &'a TopicPartition,
        /// Its offset there; `None` = Kafka did not say.
        offset: Option<i64>,
    },
    /// A transform dropped it.
    Dropped,
    /// It failed, and `errors.tolerance` skipped it.
    Skipped,
}

impl Settled {
    pub(crate) fn new(rows: SettledRows) -> Settled {
        Settled { rows }
    }

    /// One after the other.
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

    /// How many.
    pub fn len(&self) -> usize {
        self.rows.rows.len()
    }

    /// True = none.
    pub fn is_empty(&self) -> bool {
        self.rows.rows.is_empty()
    }
}
