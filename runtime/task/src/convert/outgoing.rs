//! A batch in Kafka's bytes.

use weir_data::records::{Column, Records};

/// A batch in Kafka's bytes. `records` keeps what is not bytes: topics, partitions, timestamps, header names.
pub struct Outgoing {
    /// The batch, without keys, values and header values.
    pub records: Records,
    /// The keys' bytes.
    pub keys: Column,
    /// The values' bytes.
    pub values: Column,
    /// The header values' bytes, for all headers of all records.
    pub header_values: Column,
}

/// The headers of one record.
pub type RecordHeaders<'a> = Vec<(&'a str, Option<&'a [u8]>)>;

impl Outgoing {
    /// Returns the headers of each record; `None` for a record without any. A record without headers allocates nothing.
    pub fn headers(&self) -> impl Iterator<Item = Option<RecordHeaders<'_>>> {
        let headers = &self.records.headers;
        let total: u32 = headers.counts.iter().sum();
        let mut names = headers.names.iter(total);
        let mut values = self.header_values.iter(total);
        (0..self.records.count as usize).map(move |index| match headers.counts.get(index).copied().unwrap_or(0) {
            0 => None,
            count => Some(
                (0..count)
                    .map(|_| {
                        let name = names.next().flatten().and_then(|name| std::str::from_utf8(name).ok());
                        (name.unwrap_or_default(), values.next().flatten())
                    })
                    .collect(),
            ),
        })
    }
}
