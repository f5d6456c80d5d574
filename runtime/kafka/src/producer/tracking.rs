//! The tracking of records that a producer has and has not acknowledged.
//!
//! A record is identified to librdkafka by one machine word: the position of its batch in a slab and its index in the batch.
//! A delivery report costs two atomic stores, and a lock-free look-up for each run of records of a batch; no record takes a lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicI64, AtomicU32, Ordering};

use parking_lot::Mutex;
use rdkafka::error::RDKafkaErrorCode;
use sharded_slab::{Config, Entry, Slab};
use tokio::sync::Notify;
use tracing::{debug, error};

use super::{LOG_TARGET, in_words};

/// Maximum number of records of one tracked batch: the index of a record shares a word with the batch's position in the slab.
pub const MAX_RECORDS: usize = 1 << INDEX_BITS;
const INDEX_BITS: u32 = 16;

struct SlabConfig;

// 10 bits for threads and 26 for positions leave 12 to distinguish successive users of a position, next to 16 for the index.
impl Config for SlabConfig {
    const MAX_THREADS: usize = 1024;
    const MAX_PAGES: usize = 20;
    const INITIAL_PAGE_SIZE: usize = 32;
    const RESERVED_BITS: usize = INDEX_BITS as usize;
}

/// A record that has not been acknowledged.
const PENDING: i64 = -1;
/// A record that will not be acknowledged.
const FAILED: i64 = -2;

/// Records that were passed to a producer together, and the outcome of each.
pub struct Outstanding {
    /// For each record its offset, or [`PENDING`], or [`FAILED`].
    offsets: Box<[AtomicI64]>,
    /// For each record the partition it went to.
    partitions: Box<[AtomicI32]>,
    remaining: AtomicU32,
    /// Records that failed, in the order of their reports. Locked only when a record fails.
    failures: Mutex<Vec<SendFailure>>,
    has_failures: AtomicBool,
    /// The task that waits for these records.
    wake: Arc<Notify>,
}

impl Outstanding {
    /// Tracks this many records; `wake` is notified when the last of them is settled, and when one fails.
    pub fn new(records: usize, wake: Arc<Notify>) -> Self {
        assert!(records <= MAX_RECORDS, "a tracked batch has at most {MAX_RECORDS} records");
        Self {
            offsets: (0..records).map(|_| AtomicI64::new(PENDING)).collect(),
            partitions: (0..records).map(|_| AtomicI32::new(-1)).collect(),
            remaining: AtomicU32::new(u32::try_from(records).unwrap_or(u32::MAX)),
            failures: Mutex::new(Vec::new()),
            has_failures: AtomicBool::new(false),
            wake,
        }
    }

    /// Whether each record was acknowledged or has failed.
    pub fn is_settled(&self) -> bool {
        self.remaining.load(Ordering::Acquire) == 0
    }

    /// Takes the records that failed since the last call, and why. Once [`Outstanding::is_settled`] was true, none follows.
    pub fn take_failures(&self) -> Vec<SendFailure> {
        if !self.has_failures.load(Ordering::Acquire) {
            return Vec::new();
        }
        let mut failures = self.failures.lock();
        self.has_failures.store(false, Ordering::Release);
        std::mem::take(&mut failures)
    }

    /// Counts this many records at the end as settled: they were not sent after all, and no report will name them.
    pub fn leave_out(&self, records: u32) {
        self.count(records);
    }

    /// Returns the outcome of one record; `None` if it is not known yet.
    pub fn outcome(&self, index: usize) -> Option<Outcome> {
        match self.offsets[index].load(Ordering::Acquire) {
            PENDING => None,
            FAILED => Some(Outcome::Failed),
            offset => Some(Outcome::Acknowledged { partition: self.partitions[index].load(Ordering::Relaxed), offset }),
        }
    }

    /// Acknowledges a record like Kafka. For tests of callers.
    #[doc(hidden)]
    pub fn acknowledge(&self, index: usize, partition: i32, offset: i64) {
        let records = self.note(index, partition, offset);
        self.count(records);
    }

    /// Records the outcome of a record. [`Outstanding::count`] has to follow: until then the batch is not settled.
    fn note(&self, index: usize, partition: i32, offset: i64) -> u32 {
        let (Some(offset_cell), Some(partition_cell)) = (self.offsets.get(index), self.partitions.get(index)) else {
            error!(target: LOG_TARGET, index, "delivery report for a record that was not sent (bug in Weir)");
            return 0;
        };
        partition_cell.store(partition, Ordering::Relaxed);
        offset_cell.store(offset, Ordering::Release);
        1
    }

    /// Counts records that were noted.
    fn count(&self, records: u32) {
        if records > 0 && self.remaining.fetch_sub(records, Ordering::AcqRel) == records {
            self.wake.notify_one();
        }
    }

    /// Notes that Kafka does not have a record, and wakes the task.
    pub fn fail(&self, failure: SendFailure) {
        let index = failure.index;
        self.failures.lock().push(failure);
        self.has_failures.store(true, Ordering::Release);
        let records = self.note(index, -1, FAILED);
        self.count(records);
        self.wake.notify_one();
    }
}

/// Why Kafka does not have a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendFailure {
    /// Index of the record in its tracked batch.
    pub index: usize,
    /// The partition that it was sent to; -1 if it was not sent to any yet.
    pub partition: i32,
    /// What Kafka or librdkafka answered.
    pub code: RDKafkaErrorCode,
    /// The same as text.
    pub message: String,
    /// Whether librdkafka refused the record before it was in a request with others.
    pub alone: bool,
}

/// The outcome of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Kafka has acknowledged it.
    Acknowledged {
        /// The partition it went to.
        partition: i32,
        /// Its offset in the partition.
        offset: i64,
    },
    /// Kafka has not accepted it, and it is no longer retried.
    Failed,
}

/// The batches that one producer has not acknowledged to the end.
pub(super) struct Batches(Slab<Arc<Outstanding>, SlabConfig>);

impl Batches {
    pub(super) fn new() -> Self {
        Self(Slab::new_with_config())
    }

    /// Adds a batch; `None` if there are too many.
    pub(super) fn insert(&self, batch: Arc<Outstanding>) -> Option<usize> {
        self.0.insert(batch)
    }

    /// Removes a batch. Later reports about its records are ignored.
    pub(super) fn remove(&self, key: usize) {
        self.0.remove(key);
    }

    /// Takes reports that arrive together.
    pub(super) fn deliveries(&self) -> Deliveries<'_> {
        Deliveries { batches: self, batch: None, noted: 0 }
    }
}

/// Delivery reports that arrive together. Those of one batch follow each other, so it is looked up, and its count changed, once for all
/// of them.
pub(crate) struct Deliveries<'a> {
    batches: &'a Batches,
    batch: Option<(usize, Entry<'a, Arc<Outstanding>, SlabConfig>)>,
    /// Records of the batch that were noted and not yet counted.
    noted: u32,
}

impl Deliveries<'_> {
    /// Kafka has the record.
    pub(crate) fn acknowledged(&mut self, opaque: usize, partition: i32, offset: i64) {
        let (key, index) = key_and_index(opaque);
        let noted = self.batch(key).map_or(0, |batch| batch.note(index, partition, offset.max(0)));
        self.noted += noted;
    }

    /// Kafka has not accepted it, and it is no longer retried.
    pub(crate) fn failed(&mut self, opaque: usize, topic: &str, partition: i32, code: RDKafkaErrorCode) {
        let (key, index) = key_and_index(opaque);
        if let Some(batch) = self.batch(key) {
            batch.fail(SendFailure { index, partition, code, message: in_words(topic, code), alone: false });
        }
    }

    fn batch(&mut self, key: usize) -> Option<&Outstanding> {
        if self.batch.as_ref().is_none_or(|(current, _)| *current != key) {
            self.count();
            self.batch = self.batches.0.get(key).map(|batch| (key, batch));
        }
        if self.batch.is_none() {
            // The task was cut off, or sends the records again with another producer.
            debug!(target: LOG_TARGET, key, "delivery report for a batch whose task no longer waits for it");
        }
        self.batch.as_ref().map(|(_, batch)| batch.as_ref())
    }

    fn count(&mut self) {
        if let Some((_, batch)) = &self.batch {
            batch.count(std::mem::take(&mut self.noted));
        }
    }
}

impl Drop for Deliveries<'_> {
    fn drop(&mut self) {
        self.count();
    }
}

/// Returns the word that identifies a record: its batch's position in the slab, and its index in the batch.
pub(super) fn opaque(key: usize, index: usize) -> usize {
    (index << (usize::BITS - INDEX_BITS)) | key
}

fn key_and_index(opaque: usize) -> (usize, usize) {
    (opaque & (usize::MAX >> INDEX_BITS), opaque >> (usize::BITS - INDEX_BITS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_and_its_batch_fit_into_one_word() {
        let slab: Slab<u8, SlabConfig> = Slab::new_with_config();
        for value in 0..200 {
            let key = slab.insert(value).expect("there is room");
            assert_eq!(key >> (usize::BITS - INDEX_BITS), 0, "the slab leaves the index's bits free");
        }
    }

    #[test]
    fn a_batch_is_settled_by_its_last_record() {
        let outstanding = Outstanding::new(2, Arc::new(Notify::new()));
        outstanding.acknowledge(1, 3, 42);
        assert!(!outstanding.is_settled());
        assert_eq!(outstanding.outcome(0), None);
        assert_eq!(outstanding.outcome(1), Some(Outcome::Acknowledged { partition: 3, offset: 42 }));
        let failure = SendFailure {
            index: 0,
            partition: 3,
            code: RDKafkaErrorCode::MessageTimedOut,
            message: "gone".to_owned(),
            alone: false,
        };
        outstanding.fail(failure.clone());
        assert!(outstanding.is_settled());
        assert_eq!(outstanding.outcome(0), Some(Outcome::Failed));
        assert_eq!(outstanding.take_failures(), [failure]);
        assert_eq!(outstanding.take_failures(), []);
    }

    #[test]
    fn reports_that_come_together_settle_each_batch_once() {
        let tracker = Batches::new();
        let wake = Arc::new(Notify::new());
        let batches: Vec<_> = (0..2).map(|_| Arc::new(Outstanding::new(3, Arc::clone(&wake)))).collect();
        let keys: Vec<_> =
            batches.iter().map(|batch| tracker.insert(Arc::clone(batch)).expect("there is room")).collect();
        let opaque = |batch: usize, index: usize| opaque(keys[batch], index);

        let mut deliveries = tracker.deliveries();
        deliveries.acknowledged(opaque(0, 0), 0, 7);
        deliveries.acknowledged(opaque(0, 1), 0, 8);
        // Records of different partitions are acknowledged in any order.
        deliveries.acknowledged(opaque(1, 2), 1, 5);
        deliveries.failed(opaque(0, 2), "t", 0, RDKafkaErrorCode::MessageSizeTooLarge);
        drop(deliveries);
        assert!(batches[0].is_settled());
        assert!(!batches[1].is_settled());
        assert_eq!(batches[0].outcome(1), Some(Outcome::Acknowledged { partition: 0, offset: 8 }));
        assert_eq!(batches[0].outcome(2), Some(Outcome::Failed));
        assert!(batches[0].take_failures()[0].message.starts_with("topic t: "));
        assert_eq!(batches[1].outcome(2), Some(Outcome::Acknowledged { partition: 1, offset: 5 }));

        // A batch that no task waits for any more takes nothing with it.
        tracker.remove(keys[0]);
        let mut deliveries = tracker.deliveries();
        deliveries.acknowledged(opaque(1, 0), 1, 3);
        deliveries.acknowledged(opaque(0, 0), 0, 7);
        deliveries.acknowledged(opaque(1, 1), 1, 4);
        drop(deliveries);
        assert!(batches[1].is_settled());
    }
}
