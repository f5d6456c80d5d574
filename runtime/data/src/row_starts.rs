//! Where each row of a batch begins, found in one pass. Columns are made to be walked; whoever wants single rows of them, in any
//! order, would otherwise walk from the start for each.

use crate::records::{HeaderIter, Headers, Rows, Values};

/// Where each entry of one column begins.
#[derive(Debug, Default)]
pub struct Starts(Vec<usize>);

impl Starts {
    /// Those of a column with these lengths, where a negative one is null.
    pub fn of(lengths: &[i32]) -> Self {
        let mut at = 0usize;
        let start = |&length: &i32| {
            let start = at;
            at = at.saturating_add(usize::try_from(length).unwrap_or(0));
            start
        };
        Self(lengths.iter().map(start).collect())
    }

    /// How many there are.
    pub fn entries(&self) -> usize {
        self.0.len()
    }

    /// An entry of that column.
    pub fn entry<'a>(&self, lengths: &[i32], bytes: &'a [u8], number: usize) -> Option<&'a [u8]> {
        let start = *self.0.get(number)?;
        let length = usize::try_from(*lengths.get(number)?).ok()?;
        bytes.get(start..start.checked_add(length)?)
    }
}

/// The beginnings of all rows in the columns of a batch.
#[derive(Debug, Default)]
pub struct RowStarts {
    keys: Starts,
    values: Starts,
    /// For each row its first header, and where that one's name and value begin.
    headers: Vec<(usize, usize, usize)>,
}

impl RowStarts {
    /// Those of a batch with these columns.
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

    /// The key of a row, out of the batch's keys.
    pub fn key<'a>(&self, keys: &'a Values, row: usize) -> Option<&'a [u8]> {
        self.keys.entry(&keys.lengths, &keys.bytes, row)
    }

    /// The value of a row, out of the batch's values.
    pub fn value<'a>(&self, values: &'a Values, row: usize) -> Option<&'a [u8]> {
        self.values.entry(&values.lengths, &values.bytes, row)
    }

    /// The headers of a row, out of the batch's headers.
    pub fn headers<'a>(&self, headers: &'a Headers, row: usize) -> std::iter::Take<HeaderIter<'a>> {
        let (index, name, value) = self.headers.get(row).copied().unwrap_or_default();
        let own = headers.counts.get(row).map_or(0, |&own| own as usize);
        let Headers { names, values, .. } = headers;
        let left = headers.total().saturating_sub(u32::try_from(index).unwrap_or(u32::MAX));
        let rest = |lengths: &'a [i32], bytes: &'a [u8], at: usize| {
            Rows::new(lengths.get(index..).unwrap_or_default(), bytes.get(at..).unwrap_or_default(), left)
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

    fn values(rows: &[Option<&str>]) -> Values {
        Values::from_column(Column::from_rows(rows.iter().copied()), rows.len() as u32, 0)
    }

    #[test]
    fn each_row_is_what_a_walk_gives() {
        let keys = values(&[Some("a"), None, Some(""), Some("bc")]);
        let headers = Headers {
            counts: vec![0, 2, 0, 1],
            names: Column::from_rows([Some("x"), Some("yy"), Some("z")]),
            values: values(&[None, Some("1"), Some("23")]),
        };
        let nulls = Values::default();
        let starts = RowStarts::of(&keys, &nulls, &headers);
        for row in 0..4 {
            assert_eq!(starts.key(&keys, row), keys.iter(4).nth(row).flatten());
            assert_eq!(starts.value(&nulls, row), None);
            let walked: Vec<_> = headers.rows(4).nth(row).into_iter().flatten().collect();
            assert_eq!(starts.headers(&headers, row).collect::<Vec<_>>(), walked);
        }
    }

    #[test]
    fn header_values_that_are_all_null_are_that() {
        let names = Column::from_rows([Some("x"), Some("y")]);
        let headers = Headers { counts: vec![1, 1], names, values: Values::default() };
        let starts = RowStarts::of(&Values::default(), &Values::default(), &headers);
        let last: Vec<_> = starts.headers(&headers, 1).map(|header| (header.name, header.value)).collect();
        assert_eq!(last, [(&b"y"[..], None)]);
    }
}
