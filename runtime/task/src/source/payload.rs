//! The converted records of a batch, kept until Kafka has acknowledged them: a record that was not accepted is sent again.

use weir_data::record_starts::Starts;
use weir_data::records::{Column, Records};

use crate::convert::{Outgoing, RecordHeaders};

/// The memory of a record in addition to its bytes: librdkafka's message, its tracking, and its position.
const RECORD_OVERHEAD: usize = 256;
/// The same for a header.
const HEADER_OVERHEAD: usize = 64;

/// A converted batch of which any record can be reached.
pub(super) struct Payload {
    outgoing: Outgoing,
    /// The beginning of each record's key. Empty if all keys are null.
    keys: Starts,
    /// The same of values.
    values: Starts,
    /// `None` if no record has headers.
    headers: Option<HeaderStarts>,
}

/// One record as Kafka gets it.
pub(super) struct Bytes<'a> {
    pub(super) key: Option<&'a [u8]>,
    pub(super) value: Option<&'a [u8]>,
    pub(super) headers: RecordHeaders<'a>,
    /// -1 if the partitioner chooses.
    pub(super) partition: i32,
    /// Milliseconds since 1970; `None` for now.
    pub(super) timestamp: Option<i64>,
}

impl Bytes<'_> {
    /// Bytes of key, value and headers, without what the protocol adds.
    pub(super) fn size(&self) -> usize {
        let headers = self.headers.iter().map(|(name, value)| name.len() + value.map_or(0, <[u8]>::len));
        self.key.map_or(0, <[u8]>::len) + self.value.map_or(0, <[u8]>::len) + headers.sum::<usize>()
    }
}

struct HeaderStarts {
    /// The number of each record's first header.
    first: Vec<usize>,
    names: Starts,
    values: Starts,
}

impl Payload {
    pub(super) fn new(outgoing: Outgoing) -> Self {
        let counts = &outgoing.records.headers.counts;
        let headers = counts.iter().any(|count| *count > 0).then(|| HeaderStarts {
            first: first_headers(counts),
            names: starts(&outgoing.records.headers.names),
            values: starts(&outgoing.header_values),
        });
        let (keys, values) = (starts(&outgoing.keys), starts(&outgoing.values));
        Self { outgoing, keys, values, headers }
    }

    /// The records, without keys, values and header values.
    pub(super) fn records(&self) -> &Records {
        &self.outgoing.records
    }

    /// Returns the memory of the records: here, and copied in the producer's queue.
    pub(super) fn weight(&self) -> usize {
        let Outgoing { records, keys, values, header_values } = &self.outgoing;
        let headers = self.headers.as_ref().map_or(0, |places| places.names.entries() * HEADER_OVERHEAD);
        let own = records.size() + keys.size() + values.size() + header_values.size() + headers;
        own * 2 + records.count as usize * RECORD_OVERHEAD
    }

    /// The names of the topics that records of this batch go to.
    pub(super) fn topics(&self) -> &[String] {
        &self.outgoing.records.topics.names
    }

    /// Returns a record, by its number in the converted batch.
    pub(super) fn record(&self, number: u32) -> Bytes<'_> {
        let number = number as usize;
        let records = &self.outgoing.records;
        Bytes {
            key: bytes(&self.outgoing.keys, &self.keys, number),
            value: bytes(&self.outgoing.values, &self.values, number),
            headers: self.headers.as_ref().map(|places| self.headers(places, number)).unwrap_or_default(),
            partition: records.partitions.get(number).copied().unwrap_or(-1),
            timestamp: records.timestamp(number),
        }
    }

    fn headers(&self, places: &HeaderStarts, number: usize) -> RecordHeaders<'_> {
        let first = places.first.get(number).copied().unwrap_or(0);
        let count = self.outgoing.records.headers.counts.get(number).map_or(0, |&count| count as usize);
        let names = &self.outgoing.records.headers.names;
        let header = |header| {
            let name = bytes(names, &places.names, header).and_then(|name| std::str::from_utf8(name).ok());
            (name.unwrap_or_default(), bytes(&self.outgoing.header_values, &places.values, header))
        };
        (first..first + count).map(header).collect()
    }
}

/// Returns for each record the number of headers before its own.
fn first_headers(counts: &[u32]) -> Vec<usize> {
    let mut sum = 0usize;
    let before = |&count: &u32| {
        let before = sum;
        sum = sum.saturating_add(count as usize);
        before
    };
    counts.iter().map(before).collect()
}

fn starts(column: &Column) -> Starts {
    Starts::of(&column.lengths)
}

fn bytes<'a>(column: &'a Column, starts: &Starts, number: usize) -> Option<&'a [u8]> {
    starts.entry(&column.lengths, &column.bytes, number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_data::records::{Headers, Records};

    #[test]
    fn each_record_is_what_walking_the_columns_gives() {
        let records = Records {
            count: 4,
            partitions: vec![-1, 3, -1, 0],
            timestamps: vec![-1, 7, 8, -1],
            headers: Headers {
                counts: vec![0, 2, 0, 1],
                names: Column::from_entries([Some("a"), Some("b"), Some("c")]),
                ..Headers::default()
            },
            ..Records::default()
        };
        let payload = Payload::new(Outgoing {
            records,
            keys: Column::default(),
            values: Column::from_entries([Some("v"), None, Some(""), Some("www")]),
            header_values: Column::from_entries([None, Some("x"), Some("yz")]),
        });
        let outgoing = &payload.outgoing;
        let (mut values, mut headers) = (outgoing.values.iter(4), outgoing.headers());
        for number in 0..4 {
            let record = payload.record(number);
            assert_eq!(record.key, None);
            assert_eq!(record.value, values.next().unwrap());
            assert_eq!(record.headers, headers.next().unwrap().unwrap_or_default());
        }
        assert_eq!(payload.record(1).partition, 3);
        assert_eq!((payload.record(2).timestamp, payload.record(3).timestamp), (Some(8), None));
        assert_eq!([0, 1, 2, 3].map(|number| payload.record(number).size()), [1, 3, 0, 6]);
    }
}
