//! Collects what the consumer has into columns. A row's key and value are copied once, out of librdkafka's buffers.

use futures_util::{FutureExt as _, StreamExt as _};
use rdkafka::Timestamp;
use rdkafka::consumer::StreamConsumer;
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};
use weir_data::records::{Column, Headers, Records, Topics};
use weir_plugin::{TimestampType, TopicPartition};

use super::options::PUT_BYTES;
use crate::kafka::consumer::Events;
use crate::task::convert::RawColumns;

/// Rows as they came from Kafka.
#[derive(Default)]
pub(super) struct Gathered {
    /// Topics, partitions, timestamps and header names; keys and values are in `raw`.
    pub(super) records: Records,
    pub(super) raw: RawColumns,
    /// The partitions that occur, and for each the kind of its timestamps, its first offset here, and the one after its last.
    pub(super) partitions: Vec<Partition>,
    /// For each row an index into `partitions`.
    pub(super) partition: Vec<u32>,
    pub(super) offsets: Vec<i64>,
}

pub(super) struct Partition {
    pub(super) id: TopicPartition,
    pub(super) timestamp_type: TimestampType,
    pub(super) first: i64,
    pub(super) next: i64,
}

/// Waits for a row, then takes what else is there without waiting. Safe to drop while it waits.
pub(super) async fn gather(consumer: &StreamConsumer<Events>, most_rows: usize) -> Result<Gathered, KafkaError> {
    let mut stream = consumer.stream();
    let mut gathered = Gathered::default();
    let mut next = stream.next().await;
    while let Some(message) = next {
        match message {
            Ok(message) => gathered.push(&message),
            Err(error) if gathered.offsets.is_empty() => return Err(error),
            // The rows before the error come first; the error is not lost for good if it matters, librdkafka repeats it.
            Err(error) => {
                tracing::warn!(%error, "the Kafka consumer has trouble");
                break;
            }
        }
        let bytes = gathered.raw.keys.bytes.len() + gathered.raw.values.bytes.len();
        if gathered.offsets.len() >= most_rows || bytes >= PUT_BYTES {
            break;
        }
        next = stream.next().now_or_never().flatten();
    }
    gathered.compact();
    Ok(gathered)
}

impl Gathered {
    fn push(&mut self, message: &BorrowedMessage<'_>) {
        let index = self.partition_index(message);
        let partition = &mut self.partitions[index];
        partition.next = message.offset() + 1;
        let row = self.offsets.len();
        let records = &mut self.records;
        records.count += 1;
        let topic = records.topics.names.iter().position(|name| name == message.topic()).unwrap_or_else(|| {
            records.topics.names.push(message.topic().to_owned());
            records.topics.names.len() - 1
        });
        records.topics.rows.push(u32::try_from(topic).unwrap_or(u32::MAX));
        records.partitions.push(message.partition());
        records.timestamps.push(message.timestamp().to_millis().unwrap_or(-1));
        self.partition.push(u32::try_from(index).unwrap_or(u32::MAX));
        self.offsets.push(message.offset());
        push(&mut self.raw.keys, message.key(), row);
        push(&mut self.raw.values, message.payload(), row);
        if let Some(headers) = message.headers() {
            let counts = &mut records.headers.counts;
            counts.resize(row, 0);
            counts.push(u32::try_from(headers.count()).unwrap_or(u32::MAX));
            for header in headers.iter() {
                records.headers.names.push(Some(header.key.as_bytes()));
                self.raw.header_values.push(header.value);
            }
        }
    }

    fn partition_index(&mut self, message: &BorrowedMessage<'_>) -> usize {
        // Rows of a partition come in runs, so the last one is nearly always the right one.
        let same = |partition: &Partition| {
            partition.id.partition == message.partition() && partition.id.topic == message.topic()
        };
        if let Some(&last) = self.partition.last()
            && self.partitions.get(last as usize).is_some_and(same)
        {
            return last as usize;
        }
        self.partitions.iter().position(same).unwrap_or_else(|| {
            self.partitions.push(Partition {
                id: TopicPartition { topic: message.topic().to_owned(), partition: message.partition() },
                timestamp_type: match message.timestamp() {
                    Timestamp::NotAvailable => TimestampType::None,
                    Timestamp::CreateTime(_) => TimestampType::CreateTime,
                    Timestamp::LogAppendTime(_) => TimestampType::LogAppendTime,
                },
                first: message.offset(),
                next: message.offset(),
            });
            self.partitions.len() - 1
        })
    }

    /// Puts the columns into their short forms.
    fn compact(&mut self) {
        let rows = self.offsets.len();
        let Topics { names, rows: topics } = &mut self.records.topics;
        if names.len() == 1 {
            topics.clear();
        }
        let Headers { counts, .. } = &mut self.records.headers;
        if !counts.is_empty() {
            counts.resize(rows, 0);
        }
        finish(&mut self.raw.keys, rows);
        finish(&mut self.raw.values, rows);
    }
}

/// Adds a row; as long as all are null the column stays empty, its short form.
fn push(column: &mut Column, value: Option<&[u8]>, row: usize) {
    if value.is_some() && column.lengths.len() < row {
        column.lengths.resize(row, -1);
    }
    if value.is_some() || !column.lengths.is_empty() {
        column.push(value);
    }
}

/// Nulls at the end of a column that is not all null.
fn finish(column: &mut Column, rows: usize) {
    if !column.lengths.is_empty() {
        column.lengths.resize(rows, -1);
    }
}
