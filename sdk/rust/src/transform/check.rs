//! Checks a batch from the runtime against the rules of `wit/data.wit`, as far as reading it depends on them.

use crate::bindings::host::weir::connect::data::{Records, Values};

/// Returns an error if a batch cannot be read. This takes one pass over the lengths.
pub(super) fn check(records: &Records, offsets: &[i64]) -> Result<(), String> {
    let count = records.count as usize;
    let fits = |name: &str, length: usize, records: usize| {
        if length == 0 || length == records { Ok(()) } else { Err(format!("{length} {name} for {records} records")) }
    };
    fits("topics", records.topics.name_index.len(), count)?;
    fits("partitions", records.partitions.len(), count)?;
    fits("timestamps", records.timestamps.len(), count)?;
    fits("offsets", offsets.len(), count)?;
    fits("header counts", records.headers.counts.len(), count)?;
    inside("topics", &records.topics.name_index, records.topics.names.len())?;
    values("keys", &records.keys, count, records)?;
    values("values", &records.values, count, records)?;
    let headers = records.headers.counts.iter().map(|count| *count as usize).sum();
    column("header names", &records.headers.names.lengths, &records.headers.names.bytes, headers)?;
    values("header values", &records.headers.values, headers, records)
}

fn values(name: &str, values: &Values, count: usize, records: &Records) -> Result<(), String> {
    column(name, &values.lengths, &values.bytes, count)?;
    if !values.format_index.is_empty() && values.format_index.len() != count {
        return Err(format!("{} formats of {name} for {count} records", values.format_index.len()));
    }
    // An empty table stands for one format.
    inside(name, &values.format_index, records.formats.len().max(1))
}

fn column(name: &str, lengths: &[i32], bytes: &[u8], count: usize) -> Result<(), String> {
    let total: u64 = lengths.iter().map(|length| u64::try_from(*length).unwrap_or(0)).sum();
    let lengths_fit = lengths.is_empty() || lengths.len() == count;
    if lengths_fit && total == bytes.len() as u64 {
        return Ok(());
    }
    Err(format!(
        "{} lengths of {name} with {total} bytes for {count} records with {} bytes",
        lengths.len(),
        bytes.len()
    ))
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
        let values = || Values { lengths: vec![1, -1], bytes: vec![b'1'], format_index: vec![] };
        Records {
            count: 2,
            topics: TopicColumn { names: vec!["a".into()], name_index: vec![] },
            partitions: vec![],
            timestamps: vec![],
            formats: vec![],
            keys: values(),
            values: values(),
            headers: HeaderColumns {
                counts: vec![0, 1],
                names: Column { lengths: vec![1], bytes: vec![b'h'] },
                values: Values { lengths: vec![], bytes: vec![], format_index: vec![0] },
            },
        }
    }

    #[test]
    fn each_violation_is_reported() {
        type Violation = (fn(&mut Records), &'static str);
        assert_eq!(check(&batch(), &[1, 2]), Ok(()));
        let violations: [Violation; 9] = [
            (|batch| batch.topics.name_index = vec![0, 1], "an index 1 of topics into a table of 1"),
            (|batch| batch.topics.name_index = vec![0], "1 topics for 2 records"),
            (|batch| batch.partitions = vec![0; 3], "3 partitions for 2 records"),
            (|batch| batch.keys.lengths = vec![2, -1], "2 lengths of keys with 2 bytes for 2 records with 1 bytes"),
            (|batch| batch.values.lengths = vec![1], "1 lengths of values with 1 bytes for 2 records with 1 bytes"),
            (|batch| batch.values.format_index = vec![0], "1 formats of values for 2 records"),
            (|batch| batch.values.format_index = vec![0, 1], "an index 1 of values into a table of 1"),
            (
                |batch| batch.headers.counts = vec![1, 1],
                "1 lengths of header names with 1 bytes for 2 records with 1 bytes",
            ),
            (|batch| batch.headers.counts = vec![1], "1 header counts for 2 records"),
        ];
        for (violate, message) in violations {
            let mut batch = batch();
            violate(&mut batch);
            assert_eq!(check(&batch, &[]), Err(message.to_string()));
        }
        assert_eq!(check(&batch(), &[1]), Err("1 offsets for 2 records".into()));
    }
}
