//! Collects what the consumer has fetched into columns. A record's key and value are copied once, out of librdkafka's buffers.

use futures_util::FutureExt as _;
use weir_data::records::{Column, Headers, Records, Topics, Values};
use weir_plugin::{TimestampType, TopicPartition};

use super::options::PUT_BYTES;
use crate::chain::pick;
use crate::convert::RawColumns;
use weir_kafka::consumer::SinkConsumer;
use weir_kafka::consumer_fault::ConsumerError;
use weir_kafka::native::{FetchedRecord, RecordQueue};

/// Records of the first call into librdkafka; how many the next ones ask for depends on the size of these.
const FIRST_CHUNK: usize = 64;

/// Records as they were fetched from Kafka.
#[derive(Default, Clone)]
pub(super) struct FetchedBatch {
    /// Topics, partitions, timestamps and header names; keys and values are in `raw`.
    pub(super) records: Records,
    pub(super) raw: RawColumns,
    /// The partitions that occur.
    pub(super) partitions: Vec<Partition>,
    /// For each record an index into `partitions`.
    pub(super) partition: Vec<u32>,
    pub(super) offsets: Vec<i64>,
}

#[derive(Clone)]
pub(super) struct Partition {
    pub(super) id: TopicPartition,
    /// The index of its topic in the batch's table of topics.
    topic: u32,
    pub(super) timestamp_type: TimestampType,
    /// The first offset in the batch.
    pub(super) first: i64,
    /// The offset after the last one in the batch.
    pub(super) next: i64,
}

/// The fetched batches, and the error after their records, which librdkafka does not repeat.
pub(super) type Fetched = (Vec<FetchedBatch>, Option<ConsumerError>);

/// Waits for records or an error, then takes what else is there without waiting. There is more than one batch if the last records taken
/// were large: each except the last has [`PUT_BYTES`]. Safe to drop while it waits.
pub(super) async fn fetch(consumer: &SinkConsumer, max_records: usize) -> Fetched {
    // librdkafka's own events are in another queue, which a constant stream of records must not starve.
    let mut error = std::pin::pin!(consumer.next_error());
    if let Some(error) = error.as_mut().now_or_never() {
        return (Vec::new(), Some(error));
    }
    loop {
        let taken = take(consumer, max_records);
        if !taken.0.is_empty() || taken.1.is_some() {
            return taken;
        }
        tokio::select! {
            () = consumer.records().ready() => {}
            error = &mut error => return (Vec::new(), Some(error)),
        }
    }
}

/// Takes the available records.
fn take(consumer: &SinkConsumer, max_records: usize) -> Fetched {
    let mut batches = Vec::new();
    let mut fetched = FetchedBatch::default();
    let mut failure = None;
    let (mut records, mut chunk) = (0, FIRST_CHUNK);
    while records < max_records && batches.is_empty() && failure.is_none() {
        let mut last = None;
        let wanted = chunk.min(max_records - records).min(RecordQueue::MOST);
        let (taken, error) = consumer.records().take(wanted, |record| {
            if fetched.bytes() >= PUT_BYTES {
                batches.push(std::mem::take(&mut fetched));
                last = None;
            }
            fetched.push(&record, &mut last);
        });
        failure = error;
        records += taken;
        if taken < wanted || fetched.bytes() >= PUT_BYTES {
            break;
        }
        // The next chunk is to reach the limit, judging by the records so far.
        let average = (fetched.bytes() / records.max(1)).max(1);
        chunk = (PUT_BYTES.saturating_sub(fetched.bytes()) / average).max(1);
    }
    if !fetched.offsets.is_empty() {
        batches.push(fetched);
    }
    batches.iter_mut().for_each(FetchedBatch::compact);
    (batches, failure)
}

/// The partition of the previous record: its [`FetchedRecord::run`], and its index in [`FetchedBatch::partitions`].
type LastRun = Option<((usize, i32), usize)>;

impl FetchedBatch {
    /// The bytes that the records take in memory.
    pub(super) fn size(&self) -> usize {
        let raw = self.raw.keys.size() + self.raw.values.size() + self.raw.header_values.size();
        self.records.size() + raw + size_of_val(self.offsets.as_slice()) + size_of_val(self.partition.as_slice())
    }

    /// Bytes of keys and values.
    fn bytes(&self) -> usize {
        self.raw.keys.bytes.len() + self.raw.values.bytes.len()
    }

    fn push(&mut self, message: &FetchedRecord<'_>, last: &mut LastRun) {
        let (timestamp_type, timestamp) = message.timestamp();
        let offset = message.offset();
        let index = match *last {
            // Records of a partition come in runs.
            Some((run, index)) if run == message.run() => index,
            _ => self.partition_index(message, timestamp_type),
        };
        *last = Some((message.run(), index));
        let partition = &mut self.partitions[index];
        partition.next = offset + 1;
        let topic = partition.topic;
        let number = self.offsets.len();
        let records = &mut self.records;
        records.count += 1;
        records.topics.name_index.push(topic);
        records.partitions.push(message.partition());
        records.timestamps.push(timestamp);
        self.partition.push(u32::try_from(index).unwrap_or(u32::MAX));
        self.offsets.push(offset);
        push(&mut self.raw.keys, message.key(), number);
        push(&mut self.raw.values, message.value(), number);
        let mut headers = 0;
        for (name, value) in message.headers() {
            records.headers.names.push(Some(name));
            self.raw.header_values.push(value);
            headers += 1;
        }
        if headers > 0 {
            records.headers.counts.resize(number, 0);
            records.headers.counts.push(headers);
        }
    }

    fn partition_index(&mut self, message: &FetchedRecord<'_>, timestamp_type: TimestampType) -> usize {
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

    /// The first offset of each partition.
    pub(super) fn starts(&self) -> Vec<(TopicPartition, i64)> {
        let begun = self.partitions.iter().filter(|partition| partition.first < partition.next);
        begun.map(|partition| (partition.id.clone(), partition.first)).collect()
    }

    /// Returns the records of all partitions except these; `None` if there are none.
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

    /// The first `count` records without those that `left_out` names by partition and offset, and the records after them, if there are any.
    /// Copies the records; partitions keep their indexes.
    pub(super) fn split(self, count: usize, left_out: impl Fn(&Self, u32, i64) -> bool) -> (Self, Option<Self>) {
        let locations = || self.partition.iter().copied().zip(self.offsets.iter().copied());
        let kept: Vec<u32> = (0u32..)
            .zip(locations())
            .take(count)
            .filter(|(_, (partition, offset))| !left_out(&self, *partition, *offset))
            .map(|(index, _)| index)
            .collect();
        let after: Vec<u32> = (0u32..).zip(locations()).skip(count).map(|(index, _)| index).collect();
        let mut partitions = (self.partitions.clone(), self.partitions.clone());
        for (index, (front, rest)) in partitions.0.iter_mut().zip(&mut partitions.1).enumerate() {
            // Where this partition continues after the front.
            let first = locations().skip(count).find(|(partition, _)| *partition as usize == index);
            let cut = first.map_or(front.next, |(_, offset)| offset);
            (front.next, rest.first) = (cut, cut);
        }
        if after.is_empty() && kept.len() == self.offsets.len() {
            return (self, None);
        }
        // The header values belong to the names of the same record, so all columns are selected from together.
        let mut whole = self.records;
        let values = |column: Column| Values { lengths: column.lengths, bytes: column.bytes, formats: Vec::new() };
        (whole.keys, whole.values) = (values(self.raw.keys), values(self.raw.values));
        whole.headers.values = values(self.raw.header_values);
        let part = |indexes: &[u32], partitions: Vec<Partition>| {
            let mut records = whole.select(indexes);
            let raw = RawColumns {
                keys: std::mem::take(&mut records.keys).into_column(),
                values: std::mem::take(&mut records.values).into_column(),
                header_values: std::mem::take(&mut records.headers.values).into_column(),
            };
            let (partition, offsets) = (pick(&self.partition, indexes), pick(&self.offsets, indexes));
            Self { records, raw, partitions, partition, offsets }
        };
        let rest = (!after.is_empty()).then(|| part(&after, partitions.1));
        (part(&kept, partitions.0), rest)
    }

    /// Puts the columns into their short forms.
    fn compact(&mut self) {
        let count = self.offsets.len();
        let Topics { names, name_index: topics } = &mut self.records.topics;
        if names.len() == 1 {
            topics.clear();
        }
        let Headers { counts, .. } = &mut self.records.headers;
        if !counts.is_empty() {
            counts.resize(count, 0);
        }
        finish(&mut self.raw.keys, count);
        finish(&mut self.raw.values, count);
    }
}

/// Adds a value; as long as all are null the column stays empty, its short form.
fn push(column: &mut Column, value: Option<&[u8]>, index: usize) {
    if value.is_some() && column.lengths.len() < index {
        column.lengths.resize(index, -1);
    }
    if value.is_some() || !column.lengths.is_empty() {
        column.push(value);
    }
}

/// Adds the nulls at the end of a column in which not all values are null.
fn finish(column: &mut Column, count: usize) {
    if !column.lengths.is_empty() {
        column.lengths.resize(count, -1);
    }
}

/// A partition of which one record was read.
#[cfg(test)]
pub(super) fn partition(id: TopicPartition, first: i64) -> Partition {
    Partition { id, topic: 0, timestamp_type: TimestampType::CreateTime, first, next: first + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_partitions_that_are_gone_do_not_come_back_with_the_others() {
        let [gone, other] = [0, 1].map(|number| TopicPartition::new("t", number));
        let fetched = FetchedBatch {
            partitions: vec![partition(gone.clone(), 5), partition(other.clone(), 7)],
            partition: vec![0, 1, 0],
            offsets: vec![5, 7, 6],
            ..FetchedBatch::default()
        };
        let kept = fetched.clone().without(std::slice::from_ref(&gone)).expect("records of the other one");
        assert_eq!((kept.partition.as_slice(), kept.offsets.as_slice()), ([1].as_slice(), [7].as_slice()));
        assert_eq!(kept.starts(), [(other.clone(), 7)]);
        assert_eq!(fetched.clone().without(&[gone, other]).map(|left| left.offsets), None);
        let elsewhere = TopicPartition::new("u", 0);
        assert_eq!(fetched.without(&[elsewhere]).map(|left| left.offsets), Some(vec![5, 7, 6]));
    }
}
