//! Takes records from a consumer, many in one call. rdkafka delivers each record as a separate event: a lock, two reads of the clock and
//! an allocation per record. Here the partitions of a consumer are forwarded to one queue, which is emptied in chunks.
#![expect(unsafe_code, reason = "calls librdkafka's C interface, see each SAFETY comment")]

use std::ffi::{CStr, CString, c_void};
use std::ptr::{self, NonNull};
use std::sync::Arc;

use rdkafka::bindings as sys;
use rdkafka::consumer::{Consumer as _, ConsumerContext, StreamConsumer};
use rdkafka::error::{IsError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::TopicPartitionList;
use tokio::sync::Notify;
use weir_data::timestamp::TimestampType;

use crate::consumer::Events;
use crate::consumer_fault::{ConsumerError, ConsumerFault};

/// Maximum number of messages in a chunk.
const MOST: usize = 256;

/// The records that a consumer has fetched and nobody has taken yet.
pub struct RecordQueue<C: ConsumerContext + 'static = Events> {
    queue: NonNull<sys::rd_kafka_queue_t>,
    /// Notified when the queue is no longer empty. librdkafka has its address.
    wake: Arc<Notify>,
    // Keeps the client alive: the queue must be destroyed before it.
    client: Arc<StreamConsumer<C>>,
}

// SAFETY: librdkafka's queues have a lock of their own and may be used from any thread (rdkafka.h, "thread-safe").
unsafe impl<C: ConsumerContext> Send for RecordQueue<C> {}
// SAFETY: as above; no method needs exclusive access.
unsafe impl<C: ConsumerContext> Sync for RecordQueue<C> {}

impl RecordQueue {
    /// Maximum number of records that one [`RecordQueue::take`] returns. librdkafka's limits do not apply to them, so this bounds the
    /// memory of a chunk of large records.
    pub const MOST: usize = MOST;
}

impl<C: ConsumerContext> RecordQueue<C> {
    /// An empty queue, to which nothing is forwarded yet.
    pub(crate) fn new(client: &Arc<StreamConsumer<C>>) -> Self {
        // SAFETY: the client is alive, and stays so for as long as the queue.
        let queue = unsafe { sys::rd_kafka_queue_new(client.client().native_ptr()) };
        let queue = NonNull::new(queue).expect("rd_kafka_queue_new allocates, and never returns null");
        let wake = Arc::new(Notify::new());
        // SAFETY: the address stays valid until the callback is removed in `drop`, which waits for a call in progress: librdkafka calls
        // it while it holds the lock of the queue.
        unsafe {
            sys::rd_kafka_queue_cb_event_enable(queue.as_ptr(), Some(notify), Arc::as_ptr(&wake).cast_mut().cast());
        }
        Self { queue, wake, client: Arc::clone(client) }
    }

    /// Forwards the records of these partitions to this queue from now on, instead of the consumer's own. Call this each time before they
    /// are assigned.
    pub(crate) fn forward(&self, partitions: &TopicPartitionList) {
        for element in partitions.elements() {
            // A name from librdkafka contains no zero byte.
            let Ok(topic) = CString::new(element.topic()) else { continue };
            // SAFETY: the client is alive and the name is a C string; both queues are valid during the call, which takes its own
            // reference to each.
            unsafe {
                let native = self.client.client().native_ptr();
                let partition = sys::rd_kafka_queue_get_partition(native, topic.as_ptr(), element.partition());
                if !partition.is_null() {
                    sys::rd_kafka_queue_forward(partition, self.queue.as_ptr());
                    sys::rd_kafka_queue_destroy(partition);
                }
            }
        }
    }

    /// Returns when records may be there. Safe to drop while it waits.
    pub async fn ready(&self) {
        self.wake.notified().await;
    }

    /// Takes the available records, at most `most` and [`RecordQueue::MOST`], without waiting, and passes each to `each`. Returns their
    /// number, and the error that was in place of a record: the first one that is not transient, or else the last.
    ///
    /// No record is passed to `each` after an error that is not transient. librdkafka skips what it could not read and continues after it,
    /// so committing the offset of such a record would lose the records that the error is about.
    pub fn take(&self, most: usize, each: impl FnMut(FetchedRecord<'_>)) -> (usize, Option<ConsumerError>) {
        give(self.chunk(most).messages(), each)
    }

    /// Takes what is available, at most `most` and [`RecordQueue::MOST`], without waiting, and passes all of it to `each`, also what is in
    /// place of records. Returns the number. For consumers with `enable.partition.eof`.
    pub(crate) fn take_all(&self, most: usize, mut each: impl FnMut(Fetched<'_>)) -> usize {
        let chunk = self.chunk(most);
        for message in chunk.messages() {
            each(match message.err {
                sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__PARTITION_EOF => {
                    Fetched::End { partition: message.partition, offset: message.offset }
                }
                code if code.is_error() => Fetched::Error(error(message)),
                _ => Fetched::Record(FetchedRecord { message }),
            });
        }
        chunk.count
    }

    fn chunk(&self, most: usize) -> Chunk {
        let mut chunk = Chunk { messages: [ptr::null_mut(); MOST], count: 0 };
        let most = most.min(MOST);
        // SAFETY: the queue is valid, and the array has room for as many messages as the call is told.
        let taken =
            unsafe { sys::rd_kafka_consume_batch_queue(self.queue.as_ptr(), 0, chunk.messages.as_mut_ptr(), most) };
        chunk.count = usize::try_from(taken).unwrap_or(0);
        chunk
    }
}

/// What a queue has.
pub(crate) enum Fetched<'a> {
    /// A record.
    Record(FetchedRecord<'a>),
    /// There is nothing more to read in a partition at the moment. The offset is that of the next record; it includes what a consumer
    /// skips, such as the ends of transactions.
    End { partition: i32, offset: i64 },
    /// An error in place of a record.
    Error(ConsumerError),
}

/// Passes records to `each`, up to the first error that is not transient. See [`RecordQueue::take`].
fn give<'a>(
    messages: impl Iterator<Item = &'a sys::rd_kafka_message_t>,
    mut each: impl FnMut(FetchedRecord<'a>),
) -> (usize, Option<ConsumerError>) {
    let (mut records, mut transient) = (0, None);
    for message in messages {
        if !message.err.is_error() {
            each(FetchedRecord { message });
            records += 1;
            continue;
        }
        let error = error(message);
        if error.fault() != ConsumerFault::Transient {
            return (records, Some(error));
        }
        transient = Some(error);
    }
    (records, transient)
}

/// An error in place of a record.
fn error(message: &sys::rd_kafka_message_t) -> ConsumerError {
    // SAFETY: the message is valid, and has an error. Both texts are C strings that live as long; one without a topic has none.
    let (topic, reason) = unsafe {
        let topic = (!message.rkt.is_null()).then(|| CStr::from_ptr(sys::rd_kafka_topic_name(message.rkt)));
        let reason = sys::rd_kafka_message_errstr(message);
        (topic, (!reason.is_null()).then(|| CStr::from_ptr(reason)))
    };
    let reason = reason.map_or_else(String::new, |reason| reason.to_string_lossy().into_owned());
    let place = topic.map(|topic| format!("{}-{}: ", topic.to_string_lossy(), message.partition));
    let reason = format!("{}{reason}", place.unwrap_or_default());
    ConsumerError { code: RDKafkaErrorCode::from(message.err), reason, is_fatal: false }
}

impl<C: ConsumerContext> Drop for RecordQueue<C> {
    fn drop(&mut self) {
        // SAFETY: the queue is destroyed once, its callback is gone before the address it was given is, and its client is alive.
        unsafe {
            sys::rd_kafka_queue_cb_event_enable(self.queue.as_ptr(), None, ptr::null_mut());
            sys::rd_kafka_queue_destroy(self.queue.as_ptr());
        }
    }
}

/// Called on a thread of librdkafka.
unsafe extern "C" fn notify(_: *mut sys::rd_kafka_t, wake: *mut c_void) {
    // SAFETY: `wake` is the address that `RecordQueue::new` gave, see there for how long it is valid.
    let wake = unsafe { &*wake.cast::<Notify>() };
    wake.notify_one();
}

/// Messages that are destroyed together: as long as they live no topic's address is used again.
struct Chunk {
    messages: [*mut sys::rd_kafka_message_t; MOST],
    count: usize,
}

impl Chunk {
    fn messages(&self) -> impl Iterator<Item = &sys::rd_kafka_message_t> {
        // SAFETY: librdkafka filled the first `count` places with messages that are ours until they are destroyed.
        self.messages[..self.count].iter().map(|&message| unsafe { &*message })
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        for &message in &self.messages[..self.count] {
            // SAFETY: each message is ours, and destroyed once.
            unsafe { sys::rd_kafka_message_destroy(message) }
        }
    }
}

/// A record, valid during the call it is passed to.
pub struct FetchedRecord<'a> {
    message: &'a sys::rd_kafka_message_t,
}

impl<'a> FetchedRecord<'a> {
    /// Returns a value that records have in common only if they are of the same partition and the same [`RecordQueue::take`].
    pub fn run(&self) -> (usize, i32) {
        (self.message.rkt.addr(), self.message.partition)
    }

    /// Returns the topic.
    pub fn topic(&self) -> &'a str {
        // SAFETY: a message without an error has a topic, which lives as long as the message; its name is a C string.
        let name = unsafe { CStr::from_ptr(sys::rd_kafka_topic_name(self.message.rkt)) };
        // Kafka allows letters, digits, '.', '_' and '-' only.
        name.to_str().unwrap_or_default()
    }

    /// Returns the partition.
    pub fn partition(&self) -> i32 {
        self.message.partition
    }

    /// Returns the offset in the partition.
    pub fn offset(&self) -> i64 {
        self.message.offset
    }

    /// Milliseconds since 1970, -1 for none.
    pub fn timestamp(&self) -> (TimestampType, i64) {
        let mut kind = sys::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        // SAFETY: the message is valid, and `kind` may be written to.
        let timestamp = unsafe { sys::rd_kafka_message_timestamp(self.message, &mut kind) };
        match kind {
            sys::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE => (TimestampType::None, -1),
            sys::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_CREATE_TIME => (TimestampType::CreateTime, timestamp),
            sys::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME => {
                (TimestampType::LogAppendTime, timestamp)
            }
        }
    }

    /// Returns the key; `None` if it is null.
    pub fn key(&self) -> Option<&'a [u8]> {
        // SAFETY: the message's key is this long, and lives as long as the message.
        unsafe { bytes(self.message.key, self.message.key_len) }
    }

    /// Returns the value; `None` if it is null.
    pub fn value(&self) -> Option<&'a [u8]> {
        // SAFETY: as for the key.
        unsafe { bytes(self.message.payload, self.message.len) }
    }

    /// Name and value of each header.
    pub fn headers(&self) -> impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)> + use<'a> {
        let mut list = ptr::null_mut();
        // SAFETY: the message is valid and `list` may be written to; the list stays the message's. librdkafka parses the headers
        // here, for the first time, which is why the call takes a message that others may read.
        let error = unsafe { sys::rd_kafka_message_headers(self.message, &mut list) };
        let list = if error.is_error() { ptr::null_mut() } else { list };
        (0..).map_while(move |index| {
            let (mut name, mut value, mut length) = (ptr::null(), ptr::null(), 0);
            if list.is_null() {
                return None;
            }
            // SAFETY: the list lives as long as the message; an index beyond its end is an error. Name and value are the list's,
            // the name is a C string.
            unsafe {
                let error = sys::rd_kafka_header_get_all(list, index, &mut name, &mut value, &mut length);
                (!error.is_error()).then(|| (CStr::from_ptr(name).to_bytes(), bytes(value, length)))
            }
        })
    }
}

/// # Safety
///
/// `start` is null, or `length` bytes are there for as long as `'a`.
unsafe fn bytes<'a>(start: *const c_void, length: usize) -> Option<&'a [u8]> {
    // SAFETY: guaranteed by the caller.
    (!start.is_null()).then(|| unsafe { std::slice::from_raw_parts(start.cast(), length) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sys::rd_kafka_resp_err_t as Code;

    fn message(offset: i64, err: Code) -> sys::rd_kafka_message_t {
        sys::rd_kafka_message_t {
            err,
            rkt: ptr::null_mut(),
            partition: 0,
            payload: ptr::null_mut(),
            len: 0,
            key: ptr::null_mut(),
            key_len: 0,
            offset,
            _private: ptr::null_mut(),
        }
    }

    /// The offsets that were given, and the code of the error.
    fn given(messages: &[sys::rd_kafka_message_t]) -> (Vec<i64>, Option<RDKafkaErrorCode>) {
        let mut offsets = Vec::new();
        let (count, error) = give(messages.iter(), |record| offsets.push(record.offset()));
        assert_eq!(count, offsets.len());
        (offsets, error.map(|error| error.code))
    }

    #[test]
    fn no_record_is_given_after_one_that_could_not_be_read() {
        let ok = Code::RD_KAFKA_RESP_ERR_NO_ERROR;
        let damaged = Code::RD_KAFKA_RESP_ERR__BAD_MSG;
        let away = Code::RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
        let messages = [message(0, ok), message(1, damaged), message(2, ok), message(3, away)];
        assert_eq!(given(&messages), (vec![0], Some(RDKafkaErrorCode::BadMessage)));
        assert_eq!(given(&messages[1..]), (vec![], Some(RDKafkaErrorCode::BadMessage)));
        assert_eq!(given(&messages[2..]), (vec![2], Some(RDKafkaErrorCode::LeaderNotAvailable)));
        let messages = [message(0, away), message(1, ok), message(2, damaged), message(3, ok)];
        assert_eq!(given(&messages), (vec![1], Some(RDKafkaErrorCode::BadMessage)));
    }
}
