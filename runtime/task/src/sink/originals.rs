//! What rows were when they were consumed: for the log and the dead letter queue, should one of them fail. Kept while their
//! batch is on its way, and only by tasks that would tell of them.

use std::collections::HashMap;
use std::sync::OnceLock;

use weir_data::records::{Headers, Values};
use weir_data::row_starts::RowStarts;
use weir_plugin::TimestampType;

use super::gather::Gathered;
use crate::errors::Letter;

/// The rows of one batch, in the order in which they were read.
pub(super) struct Originals {
    /// For each row an index into the batch's partitions.
    partition: Vec<u32>,
    offsets: Vec<i64>,
    timestamps: Vec<i64>,
    /// None = only the log wants to know of them.
    bytes: Option<Bytes>,
    /// Made when the first row is looked for: rows by partition and offset.
    rows: OnceLock<HashMap<(u32, i64), usize>>,
}

struct Bytes {
    keys: Values,
    values: Values,
    headers: Headers,
    /// Made when the first row is asked for.
    starts: OnceLock<RowStarts>,
}

impl Originals {
    /// Copies what converters and transforms are about to change. `bytes` = keys, values and headers too: one copy of each column.
    pub(super) fn of(gathered: &Gathered, bytes: bool) -> Self {
        let Gathered { records, raw, partition, offsets, .. } = gathered;
        let values = |column: &weir_data::records::Column| Values {
            lengths: column.lengths.clone(),
            bytes: column.bytes.clone(),
            formats: Vec::new(),
        };
        Self {
            partition: partition.clone(),
            offsets: offsets.clone(),
            timestamps: records.timestamps.clone(),
            bytes: bytes.then(|| Bytes {
                keys: values(&raw.keys),
                values: values(&raw.values),
                headers: Headers {
                    counts: records.headers.counts.clone(),
                    names: records.headers.names.clone(),
                    values: values(&raw.header_values),
                },
                starts: OnceLock::new(),
            }),
            rows: OnceLock::new(),
        }
    }

    /// The bytes that the rows take in memory.
    pub(super) fn size(&self) -> usize {
        let places = size_of_val(self.partition.as_slice()) + size_of_val(self.offsets.as_slice());
        let values = |values: &Values| size_of_val(values.lengths.as_slice()) + values.bytes.len();
        let bytes = self.bytes.as_ref().map_or(0, |Bytes { keys, values: own, headers, .. }| {
            values(keys) + values(own) + headers.names.size() + values(&headers.values)
        });
        places + size_of_val(self.timestamps.as_slice()) + bytes
    }

    /// The row that stood at this offset of this partition.
    pub(super) fn find(&self, partition: u32, offset: i64) -> Option<usize> {
        let places = || self.partition.iter().copied().zip(self.offsets.iter().copied());
        self.rows.get_or_init(|| places().zip(0..).collect()).get(&(partition, offset)).copied()
    }

    /// The timestamp as consumed.
    pub(super) fn timestamp(&self, row: usize, kind: TimestampType) -> Option<(TimestampType, i64)> {
        self.timestamps.get(row).map(|&timestamp| (kind, timestamp))
    }

    /// The row as consumed.
    pub(super) fn letter(&self, row: usize) -> Option<Letter<'_>> {
        let Bytes { keys, values, headers, starts } = self.bytes.as_ref()?;
        let starts = starts.get_or_init(|| RowStarts::of(keys, values, headers));
        Some(Letter {
            key: starts.key(keys, row),
            value: starts.value(values, row),
            timestamp: self.timestamps.get(row).copied().filter(|&timestamp| timestamp >= 0),
            headers: starts
                .headers(headers, row)
                .map(|header| (std::str::from_utf8(header.name).unwrap_or_default(), header.value))
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_data::records::{Column, Records};

    use crate::convert::RawColumns;

    #[test]
    fn a_row_is_given_as_it_was_consumed() {
        let gathered = Gathered {
            records: Records {
                count: 3,
                timestamps: vec![5, -1, 7],
                headers: Headers {
                    counts: vec![0, 2, 0],
                    names: Column::from_rows([Some("a"), Some("b")]),
                    ..Headers::default()
                },
                ..Records::default()
            },
            raw: RawColumns {
                keys: Column::default(),
                values: Column::from_rows([Some("x"), Some("yy"), None]),
                header_values: Column::from_rows([None, Some("v")]),
            },
            partitions: Vec::new(),
            partition: vec![0, 1, 0],
            offsets: vec![10, 10, 11],
        };
        let originals = Originals::of(&gathered, true);
        assert_eq!(originals.find(1, 10), Some(1));
        assert_eq!(originals.find(1, 11), None);
        let letter = originals.letter(1).expect("bytes were kept");
        assert_eq!((letter.key, letter.value, letter.timestamp), (None, Some(&b"yy"[..]), None));
        assert_eq!(letter.headers, [("a", None), ("b", Some(&b"v"[..]))]);
        assert_eq!(originals.letter(2).map(|letter| (letter.value, letter.timestamp)), Some((None, Some(7))));
        assert_eq!(originals.timestamp(0, TimestampType::CreateTime), Some((TimestampType::CreateTime, 5)));
        assert_eq!(Originals::of(&gathered, false).letter(1), None);
    }
}
