//! The positions at which the records of a batch begin, found in one pass. Columns are made to be read in order: without these
//! positions, reading a single record means reading all records before it.

use crate::records::{Entries, HeaderIter, Headers, Values};

/// The positions at which the entries of a column begin.
#[derive(Debug, Default)]
pub struct Starts(Vec<usize>);

impl Starts {
    /// Finds the positions in a column with these lengths. A negative length is null.
    pub fn of(lengths: &[i32]) -> Self {
        let mut at = 0usize;
        let start = |&length: &i32| {
            let start = at;
            at = at.saturating_add(usize::try_from(length).unwrap_or(0));
            start
        };
        Self(lengths.iter().map(start).collect())
    }

    /// Returns the number of entries.
    pub fn entries(&self) -> usize {
        self.0.len()
    }

    /// Returns an entry of the column.
    pub fn entry<'a>(&self, lengths: &[i32], bytes: &'a [u8], number: usize) -> Option<&'a [u8]> {
        let start = *self.0.get(number)?;
        let length = usize::try_from(*lengths.get(number)?).ok()?;
        bytes.get(start..start.checked_add(length)?)
    }
}

/// The positions at which records begin in the columns of a batch.
#[derive(Debug, Default)]
pub struct RecordStarts {
    keys: Starts,
    values: Starts,
    /// For each record the index of its first header, and the positions at which that header's name and value begin.
    headers: Vec<(usize, usize, usize)>,
}

impl RecordStarts {
    /// Finds the positions in a batch with these columns.
    pub fn of(keys: &Values, values: &Values, headers: &Headers) -> Self {
        let length = |lengths: &[i32], index: usize| lengths.get(index).map_or(0, |&length| length.max(0) as usize);
        let mut next = (0, 0, 0);
        let headers = headers.counts.iter().map(|&own| {
            let start = next;
            for _ in 0..own {
                next.1 += length(&headers.names.lengths, next.0);
                next.2 += length(&headers.values.lengths, next.0);
                next.0 += 1;
            }
            start
        });
        Self { keys: Starts::of(&keys.lengths), headers: headers.collect(), values: Starts::of(&values.lengths) }
    }

    /// Returns the key of a record of the batch.
    pub fn key<'a>(&self, keys: &'a Values, record: usize) -> Option<&'a [u8]> {
        self.keys.entry(&keys.lengths, &keys.bytes, record)
    }

    /// Returns the value of a record of the batch.
    pub fn value<'a>(&self, values: &'a Values, record: usize) -> Option<&'a [u8]> {
        self.values.entry(&values.lengths, &values.bytes, record)
    }

    /// Returns the headers of a record of the batch.
    pub fn headers<'a>(&self, headers: &'a Headers, record: usize) -> std::iter::Take<HeaderIter<'a>> {
        let (index, name, value) = self.headers.get(record).copied().unwrap_or_default();
        let own = headers.counts.get(record).map_or(0, |&own| own as usize);
        let Headers { names, values, .. } = headers;
        let left = headers.total().saturating_sub(u32::try_from(index).unwrap_or(u32::MAX));
        let rest = |lengths: &'a [i32], bytes: &'a [u8], at: usize| {
            Entries::new(lengths.get(index..).unwrap_or_default(), bytes.get(at..).unwrap_or_default(), left)
        };
        HeaderIter {
            names: rest(&names.lengths, &names.bytes, name),
            values: rest(&values.lengths, &values.bytes, value),
            formats: &values.formats,
            index,
        }
        .take(own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Column;

    fn values(records: &[Option<&str>]) -> Values {
        Values::from_column(Column::from_entries(records.iter().copied()), records.len() as u32, 0)
    }

    #[test]
    fn each_record_is_the_one_that_an_iterator_returns() {
        let keys = values(&[Some("a"), None, Some(""), Some("bc")]);
        let headers = Headers {
            counts: vec![0, 2, 0, 1],
            names: Column::from_entries([Some("x"), Some("yy"), Some("z")]),
            values: values(&[None, Some("1"), Some("23")]),
        };
        let nulls = Values::default();
        let starts = RecordStarts::of(&keys, &nulls, &headers);
        for record in 0..4 {
            assert_eq!(starts.key(&keys, record), keys.iter(4).nth(record).flatten());
            assert_eq!(starts.value(&nulls, record), None);
            let expected: Vec<_> = headers.per_record(4).nth(record).into_iter().flatten().collect();
            assert_eq!(starts.headers(&headers, record).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn header_values_that_are_all_null_are_null() {
        let names = Column::from_entries([Some("x"), Some("y")]);
        let headers = Headers { counts: vec![1, 1], names, values: Values::default() };
        let starts = RecordStarts::of(&Values::default(), &Values::default(), &headers);
        let last: Vec<_> = starts.headers(&headers, 1).map(|header| (header.name, header.value)).collect();
        assert_eq!(last, [(&b"y"[..], None)]);
    }
}
