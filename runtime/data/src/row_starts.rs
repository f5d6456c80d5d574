//! Where each row of a batch begins, found in one pass. Columns are made to be walked; whoever wants single rows of them, in any
//! order, would otherwise walk from the start for each.

use crate::records::{HeaderIter, Headers, Rows, Values};

/// The beginnings of all rows in the columns of a batch.
#[derive(Debug, Default)]
pub struct RowStarts {
    keys: Vec<usize>,
    values: Vec<usize>,
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
        Self { keys: starts(&keys.lengths), headers: headers.collect(), values: starts(&values.lengths) }
    }

    /// The key of a row, out of the batch's keys.
    pub fn key<'a>(&self, keys: &'a Values, row: usize) -> Option<&'a [u8]> {
        bytes(&self.keys, keys, row)
    }

    /// The value of a row, out of the batch's values.
    pub fn value<'a>(&self, values: &'a Values, row: usize) -> Option<&'a [u8]> {
        bytes(&self.values, values, row)
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

fn starts(lengths: &[i32]) -> Vec<usize> {
    let mut at = 0;
    let start = |&length: &i32| {
        let start = at;
        at += length.max(0) as usize;
        start
    };
    lengths.iter().map(start).collect()
}

fn bytes<'a>(starts: &[usize], values: &'a Values, row: usize) -> Option<&'a [u8]> {
    let start = *starts.get(row)?;
    let length = usize::try_from(*values.lengths.get(row)?).ok()?;
    values.bytes.get(start..start + length)
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
