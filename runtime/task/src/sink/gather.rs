//! Collects what the consumer has into columns. A row's key and value are copied once, out of librdkafka's buffers.

use futures_util::FutureExt as _;
use weir_data::records::{Column, Headers, Records, Topics, Values};
use weir_plugin::{TimestampType, TopicPartition};

use super::options::PUT_BYTES;
use crate::chain::pick;
use crate::convert::RawColumns;
use weir_kafka::consumer::SinkConsumer;
use weir_kafka::consumer_fault::ConsumerError;
use weir_kafka::native::{Row, RowQueue};

/// Rows of the first call into librdkafka; what the next ones ask for depends on how large these are.
const FIRST_CHUNK: usize = 64;

/// Rows as they came from Kafka.
#[derive(Default, Clone)]
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

#[derive(Clone)]
pub(super) struct Partition {
    pub(super) id: TopicPartition,
    /// Index of its topic in the batch's table of topics.
    topic: u32,
    pub(super) timestamp_type: TimestampType,
    pub(super) first: i64,
    pub(super) next: i64,
}

/// What was taken: batches, and an error that stood behind their rows, which librdkafka does not repeat.
pub(super) type Taken = (Vec<Gathered>, Option<ConsumerError>);

/// Waits for rows or an error, then takes what else is there without waiting. More than one batch comes of it when the last rows taken
/// were large: each but the last has [`PUT_BYTES`]. Safe to drop while it waits.
pub(super) async fn gather(consumer: &SinkConsumer, most_rows: usize) -> Taken {
    // librdkafka's own events wait in a queue of their own, which rows that never end must not starve.
    let mut trouble = std::pin::pin!(consumer.trouble());
    if let Some(error) = trouble.as_mut().now_or_never() {
        return (Vec::new(), Some(error));
    }
    loop {
        let taken = take(consumer, most_rows);
        if !taken.0.is_empty() || taken.1.is_some() {
            return taken;
        }
        tokio::select! {
            () = consumer.rows().ready() => {}
            error = &mut trouble => return (Vec::new(), Some(error)),
        }
    }
}

/// Takes what is there.
fn take(consumer: &SinkConsumer, most_rows: usize) -> Taken {
    let mut batches = Vec::new();
    let mut gathered = Gathered::default();
    let mut failure = None;
    let (mut rows, mut chunk) = (0, FIRST_CHUNK);
    while rows < most_rows && batches.is_empty() && failure.is_none() {
        let mut place = None;
        let wanted = chunk.min(most_rows - rows).min(RowQueue::MOST);
        let (taken, error) = consumer.rows().take(wanted, |row| {
            if gathered.bytes() >= PUT_BYTES {
                batches.push(std::mem::take(&mut gathered));
                place = None;
            }
            gathered.push(&row, &mut place);
        });
        failure = error;
        rows += taken;
        if taken < wanted || gathered.bytes() >= PUT_BYTES {
            break;
        }
        // The next chunk is to reach the limit, as far as the rows so far can tell.
        let average = (gathered.bytes() / rows.max(1)).max(1);
        chunk = (PUT_BYTES.saturating_sub(gathered.bytes()) / average).max(1);
    }
    if !gathered.offsets.is_empty() {
        batches.push(gathered);
    }
    batches.iter_mut().for_each(Gathered::compact);
    (batches, failure)
}

/// The row before was of this partition: what [`Row::place`] said, and its index in [`Gathered::partitions`].
type LastPlace = Option<((usize, i32), usize)>;

impl Gathered {
    /// The bytes that the rows take in memory.
    pub(super) fn size(&self) -> usize {
        let raw = self.raw.keys.size() + self.raw.values.size() + self.raw.header_values.size();
        self.records.size() + raw + size_of_val(self.offsets.as_slice()) + size_of_val(self.partition.as_slice())
    }

    /// Bytes of keys and values.
    fn bytes(&self) -> usize {
        self.raw.keys.bytes.len() + self.raw.values.bytes.len()
    }

    fn push(&mut self, message: &Row<'_>, last: &mut LastPlace) {
        let (timestamp_type, timestamp) = message.timestamp();
        let offset = message.offset();
        let index = match *last {
            // Rows of a partition come in runs.
            Some((place, index)) if place == message.place() => index,
            _ => self.partition_index(message, timestamp_type),
        };
        *last = Some((message.place(), index));
        let partition = &mut self.partitions[index];
        partition.next = offset + 1;
        let topic = partition.topic;
        let row = self.offsets.len();
        let records = &mut self.records;
        records.count += 1;
        records.topics.rows.push(topic);
        records.partitions.push(message.partition());
        records.timestamps.push(timestamp);
        self.partition.push(u32::try_from(index).unwrap_or(u32::MAX));
        self.offsets.push(offset);
        push(&mut self.raw.keys, message.key(), row);
        push(&mut self.raw.values, message.value(), row);
        let mut headers = 0;
        for (name, value) in message.headers() {
            records.headers.names.push(Some(name));
            self.raw.header_values.push(value);
            headers += 1;
        }
        if headers > 0 {
            records.headers.counts.resize(row, 0);
            records.headers.counts.push(headers);
        }
    }

    fn partition_index(&mut self, message: &Row<'_>, timestamp_type: TimestampType) -> usize {
        let (topic, number) = (message.topic(), message.partition());
        let same = |partition: &Partition| partition.id.partition == number && partition.id.topic == topic;
        self.partitions.iter().position(same).unwrap_or_else(|| {
            let names = &mut self.records.topics.names;
            let index = names.iter().position(|name| name == topic).unwrap_or_else(|| {
                names.push(topic.to_owned());
                names.len() - 1
            });
            self.partitions.push(Partition {
                id: TopicPartition { topic: topic.to_owned(), partition: number },
                topic: u32::try_from(index).unwrap_or(u32::MAX),
                timestamp_type,
                first: message.offset(),
                next: message.offset(),
            });
            self.partitions.len() - 1
        })
    }

    /// Where the rows of each partition begin.
    pub(super) fn starts(&self) -> Vec<(TopicPartition, i64)> {
        let begun = self.partitions.iter().filter(|partition| partition.first < partition.next);
        begun.map(|partition| (partition.id.clone(), partition.first)).collect()
    }

    /// The records of other partitions than these. `None` if there are none.
    pub(super) fn without(self, gone: &[TopicPartition]) -> Option<Self> {
        if !self.partitions.iter().any(|partition| gone.contains(&partition.id)) {
            return Some(self);
        }
        let is_gone: Vec<bool> = self.partitions.iter().map(|partition| gone.contains(&partition.id)).collect();
        let count = self.offsets.len();
        let (mut kept, _) =
            self.split(count, |_, partition, _| is_gone.get(partition as usize).is_some_and(|gone| *gone));
        for (partition, _) in kept.partitions.iter_mut().zip(is_gone).filter(|(_, is_gone)| *is_gone) {
            // It is read from nowhere, and does not advance.
            partition.next = partition.first;
        }
        (!kept.offsets.is_empty()).then_some(kept)
    }

    /// The first `rows` rows without those that `left_out` names by partition and offset, and the rows behind them, if there are any.
    /// Copies the rows; partitions keep their indexes.
    pub(super) fn split(self, rows: usize, left_out: impl Fn(&Self, u32, i64) -> bool) -> (Self, Option<Self>) {
        let places = || self.partition.iter().copied().zip(self.offsets.iter().copied());
        let kept: Vec<u32> = (0u32..)
            .zip(places())
            .take(rows)
            .filter(|(_, (partition, offset))| !left_out(&self, *partition, *offset))
            .map(|(row, _)| row)
            .collect();
        let behind: Vec<u32> = (0u32..).zip(places()).skip(rows).map(|(row, _)| row).collect();
        let mut partitions = (self.partitions.clone(), self.partitions.clone());
        for (index, (front, rest)) in partitions.0.iter_mut().zip(&mut partitions.1).enumerate() {
            // Where this partition goes on behind the front.
            let first = places().skip(rows).find(|(partition, _)| *partition as usize == index);
            let cut = first.map_or(front.next, |(_, offset)| offset);
            (front.next, rest.first) = (cut, cut);
        }
        if behind.is_empty() && kept.len() == self.offsets.len() {
            return (self, None);
        }
        // Row for row the header values belong to the names, so all columns are picked from together.
        let mut whole = self.records;
        let values = |column: Column| Values { lengths: column.lengths, bytes: column.bytes, formats: Vec::new() };
        (whole.keys, whole.values) = (values(self.raw.keys), values(self.raw.values));
        whole.headers.values = values(self.raw.header_values);
        let part = |rows: &[u32], partitions: Vec<Partition>| {
            let mut records = whole.select(rows);
            let raw = RawColumns {
                keys: std::mem::take(&mut records.keys).into_column(),
                values: std::mem::take(&mut records.values).into_column(),
                header_values: std::mem::take(&mut records.headers.values).into_column(),
            };
            let (partition, offsets) = (pick(&self.partition, rows), pick(&self.offsets, rows));
            Self { records, raw, partitions, partition, offsets }
        };
        let rest = (!behind.is_empty()).then(|| part(&behind, partitions.1));
        (part(&kept, partitions.0), rest)
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

/// A partition of which one row was read.
#[cfg(test)]
pub(super) fn partition(id: TopicPartition, first: i64) -> Partition {
    Partition { id, topic: 0, timestamp_type: TimestampType::CreateTime, first, next: first + 1 }
}
