//! Divides a batch that is larger than a plugin may get in one call.

use std::ops::Range;

use crate::records::Records;

impl Records {
    /// Returns the number of bytes of keys, values and headers.
    pub fn payload(&self) -> u64 {
        let headers = self.headers.names.bytes.len() + self.headers.values.bytes.len();
        (self.keys.bytes.len() + self.values.bytes.len() + headers) as u64
    }

    /// Divides the records into pieces of at most `max` bytes of keys, values and headers. A larger record is a piece of its own.
    pub fn pieces(&self, max: u64) -> Vec<Range<u32>> {
        if self.count <= 1 || self.payload() <= max {
            return std::iter::once(0..self.count).collect();
        }
        let length = |lengths: &[i32], record: usize| {
            lengths.get(record).map_or(0, |&length| u64::try_from(length).unwrap_or(0))
        };
        let (mut pieces, mut start, mut bytes, mut header) = (Vec::new(), 0, 0, 0);
        for record in 0..self.count {
            let index = record as usize;
            let headers = self.headers.counts.get(index).map_or(0, |&count| count as usize);
            let of_headers = (header..header + headers).map(|header| {
                length(&self.headers.names.lengths, header) + length(&self.headers.values.lengths, header)
            });
            let size =
                length(&self.keys.lengths, index) + length(&self.values.lengths, index) + of_headers.sum::<u64>();
            header += headers;
            if record > start && bytes + size > max {
                pieces.push(start..record);
                (start, bytes) = (record, 0);
            }
            bytes += size;
        }
        pieces.push(start..self.count);
        pieces
    }

    /// Returns the records with these indexes.
    pub fn piece(&self, records: Range<u32>) -> Records {
        self.select(&records.collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::{Headers, Topics, Values};

    fn records(values: &[i32], counts: Vec<u32>, headers: Headers) -> Records {
        let bytes = vec![b'v'; values.iter().map(|&length| length.max(0) as usize).sum()];
        Records {
            count: values.len() as u32,
            topics: Topics::all("t"),
            values: Values { lengths: values.to_vec(), bytes, formats: vec![] },
            headers: Headers { counts, ..headers },
            ..Records::default()
        }
    }

    /// Returns the end of each piece. A piece begins at the end of the one before it.
    fn ends(records: &Records, max: u64) -> Vec<u32> {
        let pieces = records.pieces(max);
        assert!(pieces.windows(2).all(|pair| pair[0].end == pair[1].start) && pieces[0].start == 0);
        pieces.iter().map(|piece| piece.end).collect()
    }

    #[test]
    fn pieces_are_full_and_a_large_record_is_alone() {
        let batch = records(&[4, 4, 4, 20, -1, 1], vec![], Headers::default());
        assert_eq!(ends(&batch, 8), [2, 3, 4, 6]);
        assert_eq!(ends(&batch, 33), [6]);
        assert_eq!(ends(&batch, 0), [1, 2, 3, 4, 5, 6]);
        assert_eq!(ends(&records(&[100], vec![], Headers::default()), 8), [1]);
        assert_eq!(ends(&records(&[], vec![], Headers::default()), 8), [0]);
        assert_eq!(batch.piece(1..4).values.lengths, [4, 4, 20]);
    }

    #[test]
    fn headers_count() {
        let mut headers = Headers::default();
        for value in [Some(&b"123456"[..]), None, Some(b"1")] {
            headers.names.push(Some(b"h"));
            headers.values.push_bytes(value);
        }
        let batch = records(&[1, 1, 1], vec![1, 0, 2], headers);
        assert_eq!(batch.payload(), 13);
        assert_eq!(ends(&batch, 9), [2, 3]);
    }
}
