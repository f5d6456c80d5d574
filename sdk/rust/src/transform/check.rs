//! Checks a batch from the runtime against the rules of `wit/data.wit`, as far as reading it depends on them.

use crate::bindings::host::weir::connect::data::{Records, Values};

/// Returns an error if a batch cannot be read. This takes one pass over the lengths.
pub(super) fn check(records: &Records, offsets: &[i64]) -> Result<(), String> {
    let count = records.count as usize;
    let fits = |name: &str, length: usize, rows: usize| {
        if length == 0 || length == rows { Ok(()) } else { Err(format!("{length} {name} for {rows} rows")) }
    };
    fits("topics", records.topics.rows.len(), count)?;
    fits("partitions", records.partitions.len(), count)?;
    fits("timestamps", records.timestamps.len(), count)?;
    fits("offsets", offsets.len(), count)?;
    fits("header counts", records.headers.counts.len(), count)?;
    inside("topics", &records.topics.rows, records.topics.names.len())?;
    values("keys", &records.keys, count, records)?;
    values("values", &records.values, count, records)?;
    let headers = records.headers.counts.iter().map(|count| *count as usize).sum();
    column("header names", &records.headers.names.lengths, &records.headers.names.bytes, headers)?;
    values("header values", &records.headers.values, headers, records)
}

fn values(name: &str, values: &Values, rows: usize, records: &Records) -> Result<(), String> {
    column(name, &values.lengths, &values.bytes, rows)?;
    if !values.formats.is_empty() && values.formats.len() != rows {
        return Err(format!("{} formats of {name} for {rows} rows", values.formats.len()));
    }
    // An empty table stands for one format.
    inside(name, &values.formats, records.formats.len().max(1))
}

fn column(name: &str, lengths: &[i32], bytes: &[u8], rows: usize) -> Result<(), String> {
    let total: u64 = lengths.iter().map(|length| u64::try_from(*length).unwrap_or(0)).sum();
    let rows_fit = lengths.is_empty() || lengths.len() == rows;
    if rows_fit && total == bytes.len() as u64 {
        return Ok(());
    }
    Err(format!("{} lengths of {name} with {total} bytes for {rows} rows with {} bytes", lengths.len(), bytes.len()))
}

fn inside(name: &str, indexes: &[u32], table: usize) -> Result<(), String> {
    match indexes.iter().max() {
        Some(most) if *most as usize >= table => Err(format!("an index {most} of {name} into a table of {table}")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::host::weir::connect::data::{Column, HeaderColumns, TopicColumn};

    fn batch() -> Records {
        let values = || Values { lengths: vec![1, -1], bytes: vec![b'1'], formats: vec![] };
        Records {
            count: 2,
            topics: TopicColumn { names: vec!["a".into()], rows: vec![] },
            partitions: vec![],
            timestamps: vec![],
            formats: vec![],
            keys: values(),
            values: values(),
            headers: HeaderColumns {
                counts: vec![0, 1],
                names: Column { lengths: vec![1], bytes: vec![b'h'] },
                values: Values { lengths: vec![], bytes: vec![], formats: vec![0] },
            },
        }
    }

    #[test]
    fn a_batch_in_order_passes_and_each_lie_is_told() {
        type Lie = (fn(&mut Records), &'static str);
        assert_eq!(check(&batch(), &[1, 2]), Ok(()));
        let lies: [Lie; 9] = [
            (|batch| batch.topics.rows = vec![0, 1], "an index 1 of topics into a table of 1"),
            (|batch| batch.topics.rows = vec![0], "1 topics for 2 rows"),
            (|batch| batch.partitions = vec![0; 3], "3 partitions for 2 rows"),
            (|batch| batch.keys.lengths = vec![2, -1], "2 lengths of keys with 2 bytes for 2 rows with 1 bytes"),
            (|batch| batch.values.lengths = vec![1], "1 lengths of values with 1 bytes for 2 rows with 1 bytes"),
            (|batch| batch.values.formats = vec![0], "1 formats of values for 2 rows"),
            (|batch| batch.values.formats = vec![0, 1], "an index 1 of values into a table of 1"),
            (
                |batch| batch.headers.counts = vec![1, 1],
                "1 lengths of header names with 1 bytes for 2 rows with 1 bytes",
            ),
            (|batch| batch.headers.counts = vec![1], "1 header counts for 2 rows"),
        ];
        for (lie, told) in lies {
            let mut batch = batch();
            lie(&mut batch);
            assert_eq!(check(&batch, &[]), Err(told.to_string()));
        }
        assert_eq!(check(&batch(), &[1]), Err("1 offsets for 2 rows".into()));
    }
}
