//! Records as they were consumed: for the log and the dead letter queue, should one of them fail. Kept while their batch is in hand, and
//! only by tasks that would report them.

use std::collections::HashMap;
use std::sync::OnceLock;

use weir_data::record_starts::RecordStarts;
use weir_data::records::{Headers, Values};
use weir_plugin::TimestampType;

use super::fetch::FetchedBatch;
use crate::errors::DeadLetter;

/// The records of one batch, in the order in which they were read.
pub(super) struct Originals {
    /// For each record an index into the batch's partitions.
    partition: Vec<u32>,
    offsets: Vec<i64>,
    timestamps: Vec<i64>,
    /// `None` if only the log needs them.
    bytes: Option<Bytes>,
    /// Made when the first record is looked for: records by partition and offset.
    indexes: OnceLock<HashMap<(u32, i64), usize>>,
}

struct Bytes {
    keys: Values,
    values: Values,
    headers: Headers,
    /// Made when the first record is asked for.
    starts: OnceLock<RecordStarts>,
}

impl Originals {
    /// Copies what converters and transforms are about to change. With `bytes` keys, values and headers too: one copy of each column.
    pub(super) fn of(fetched: &FetchedBatch, bytes: bool) -> Self {
        let FetchedBatch { records, raw, partition, offsets, .. } = fetched;
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
            indexes: OnceLock::new(),
        }
    }

    /// The bytes that the records take in memory.
    pub(super) fn size(&self) -> usize {
        let locations = size_of_val(self.partition.as_slice()) + size_of_val(self.offsets.as_slice());
        let values = |values: &Values| size_of_val(values.lengths.as_slice()) + values.bytes.len();
        let bytes = self.bytes.as_ref().map_or(0, |Bytes { keys, values: own, headers, .. }| {
            values(keys) + values(own) + headers.names.size() + values(&headers.values)
        });
        locations + size_of_val(self.timestamps.as_slice()) + bytes
    }

    /// The record at this offset of this partition.
    pub(super) fn find(&self, partition: u32, offset: i64) -> Option<usize> {
        let locations = || self.partition.iter().copied().zip(self.offsets.iter().copied());
        self.indexes.get_or_init(|| locations().zip(0..).collect()).get(&(partition, offset)).copied()
    }

    /// The timestamp as consumed.
    pub(super) fn timestamp(&self, record: usize, kind: TimestampType) -> Option<(TimestampType, i64)> {
        self.timestamps.get(record).map(|&timestamp| (kind, timestamp))
    }

    /// The record as consumed.
    pub(super) fn dead_letter(&self, record: usize) -> Option<DeadLetter<'_>> {
        let Bytes { keys, values, headers, starts } = self.bytes.as_ref()?;
        let starts = starts.get_or_init(|| RecordStarts::of(keys, values, headers));
        Some(DeadLetter {
            key: starts.key(keys, record),
            value: starts.value(values, record),
            timestamp: self.timestamps.get(record).copied().filter(|&timestamp| timestamp >= 0),
            headers: starts
                .headers(headers, record)
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
    fn a_record_is_given_as_it_was_consumed() {
        let fetched = FetchedBatch {
            records: Records {
                count: 3,
                timestamps: vec![5, -1, 7],
                headers: Headers {
                    counts: vec![0, 2, 0],
                    names: Column::from_entries([Some("a"), Some("b")]),
                    ..Headers::default()
                },
                ..Records::default()
            },
            raw: RawColumns {
                keys: Column::default(),
                values: Column::from_entries([Some("x"), Some("yy"), None]),
                header_values: Column::from_entries([None, Some("v")]),
            },
            partitions: Vec::new(),
            partition: vec![0, 1, 0],
            offsets: vec![10, 10, 11],
        };
        let originals = Originals::of(&fetched, true);
        assert_eq!(originals.find(1, 10), Some(1));
        assert_eq!(originals.find(1, 11), None);
        let letter = originals.dead_letter(1).expect("bytes were kept");
        assert_eq!((letter.key, letter.value, letter.timestamp), (None, Some(&b"yy"[..]), None));
        assert_eq!(letter.headers, [("a", None), ("b", Some(&b"v"[..]))]);
        assert_eq!(originals.dead_letter(2).map(|letter| (letter.value, letter.timestamp)), Some((None, Some(7))));
        assert_eq!(originals.timestamp(0, TimestampType::CreateTime), Some((TimestampType::CreateTime, 5)));
        assert_eq!(Originals::of(&fetched, false).dead_letter(1), None);
    }
}
