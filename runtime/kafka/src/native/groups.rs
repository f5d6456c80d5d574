//! The requests about a consumer group that rdkafka's admin client does not have: listing, altering and deleting single offsets, and
//! deleting the group. Each blocks until the broker has answered.
#![expect(unsafe_code, reason = "calls librdkafka's C interface, see each SAFETY comment")]

use std::ffi::{CStr, CString, c_char};
use std::ptr::{self, NonNull};
use std::time::{Duration, Instant};

use rdkafka::bindings as sys;
use rdkafka::error::{IsError, KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, Producer as _, ProducerContext};
use rdkafka::topic_partition_list::TopicPartitionList;
use weir_data::topic_partition::{TopicPartition, TopicPartitionOffset};

/// How much longer than the timeout of the request to wait for the result: librdkafka answers each request, at the latest when its
/// own timeout expires.
const PATIENCE: Duration = Duration::from_secs(5);

/// A request about a group.
#[derive(Clone, Copy)]
pub(crate) enum Request<'a> {
    /// List all committed offsets.
    List,
    /// Commit these offsets.
    Alter(&'a TopicPartitionList),
    /// Delete the offsets of these partitions.
    Forget(&'a TopicPartitionList),
    /// Delete the group with all its offsets.
    Delete,
}

/// Sends a request and waits for the result: the listed offsets, or nothing. Fails if one of the partitions has an error.
pub(crate) fn request<C: ProducerContext>(
    client: &BaseProducer<C>,
    group: &str,
    request: Request<'_>,
    limit: Duration,
) -> KafkaResult<Vec<TopicPartitionOffset>> {
    let group = CString::new(group)?;
    let native = client.client().native_ptr();
    let queue = Queue::new(native);
    let options = Options::new(native, limit)?;
    // SAFETY: client, queue and options are alive during the calls; the group is a C string; the lists are valid, and copied by
    // the `_new` functions. Each call reads its array of one element and copies it, so that the element is destroyed after it.
    unsafe {
        match request {
            Request::List => {
                let mut element = sys::rd_kafka_ListConsumerGroupOffsets_new(group.as_ptr(), ptr::null());
                sys::rd_kafka_ListConsumerGroupOffsets(native, &mut element, 1, options.0.as_ptr(), queue.0.as_ptr());
                sys::rd_kafka_ListConsumerGroupOffsets_destroy(element);
            }
            Request::Alter(offsets) => {
                let mut element = sys::rd_kafka_AlterConsumerGroupOffsets_new(group.as_ptr(), offsets.ptr());
                sys::rd_kafka_AlterConsumerGroupOffsets(native, &mut element, 1, options.0.as_ptr(), queue.0.as_ptr());
                sys::rd_kafka_AlterConsumerGroupOffsets_destroy(element);
            }
            Request::Forget(partitions) => {
                let mut element = sys::rd_kafka_DeleteConsumerGroupOffsets_new(group.as_ptr(), partitions.ptr());
                sys::rd_kafka_DeleteConsumerGroupOffsets(native, &mut element, 1, options.0.as_ptr(), queue.0.as_ptr());
                sys::rd_kafka_DeleteConsumerGroupOffsets_destroy(element);
            }
            Request::Delete => {
                let mut element = sys::rd_kafka_DeleteGroup_new(group.as_ptr());
                sys::rd_kafka_DeleteGroups(native, &mut element, 1, options.0.as_ptr(), queue.0.as_ptr());
                sys::rd_kafka_DeleteGroup_destroy(element);
            }
        }
    }
    queue.answer(limit + PATIENCE)?.read(request)
}

struct Queue(NonNull<sys::rd_kafka_queue_t>);

impl Queue {
    fn new(client: *mut sys::rd_kafka_t) -> Self {
        // SAFETY: the client is alive for as long as the caller holds it, and the queue does not outlive the call.
        let queue = unsafe { sys::rd_kafka_queue_new(client) };
        Self(NonNull::new(queue).expect("rd_kafka_queue_new allocates, and never returns null"))
    }

    fn answer(&self, wait: Duration) -> KafkaResult<Answer> {
        let deadline = Instant::now() + wait;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let millis = i32::try_from(left.as_millis()).unwrap_or(i32::MAX);
            // SAFETY: the queue is valid.
            let event = unsafe { sys::rd_kafka_queue_poll(self.0.as_ptr(), millis) };
            match NonNull::new(event) {
                Some(event) => return Ok(Answer(event)),
                None if left.is_zero() => return Err(KafkaError::AdminOp(RDKafkaErrorCode::OperationTimedOut)),
                None => {}
            }
        }
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: the queue is destroyed once; librdkafka drops a result that arrives later.
        unsafe { sys::rd_kafka_queue_destroy(self.0.as_ptr()) }
    }
}

struct Options(NonNull<sys::rd_kafka_AdminOptions_t>);

impl Options {
    fn new(client: *mut sys::rd_kafka_t, limit: Duration) -> KafkaResult<Self> {
        // SAFETY: the client is alive.
        let options =
            unsafe { sys::rd_kafka_AdminOptions_new(client, sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_ANY) };
        let options = Self(NonNull::new(options).expect("rd_kafka_AdminOptions_new allocates, and never returns null"));
        let mut text: [c_char; 256] = [0; 256];
        let millis = i32::try_from(limit.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: the options are valid, and the text has the given length.
        let error = unsafe {
            sys::rd_kafka_AdminOptions_set_request_timeout(options.0.as_ptr(), millis, text.as_mut_ptr(), text.len())
        };
        if error.is_error() { Err(KafkaError::AdminOp(error.into())) } else { Ok(options) }
    }
}

impl Drop for Options {
    fn drop(&mut self) {
        // SAFETY: the options are destroyed once.
        unsafe { sys::rd_kafka_AdminOptions_destroy(self.0.as_ptr()) }
    }
}

struct Answer(NonNull<sys::rd_kafka_event_t>);

impl Answer {
    fn read(&self, request: Request<'_>) -> KafkaResult<Vec<TopicPartitionOffset>> {
        let event = self.0.as_ptr();
        let mut count = 0;
        // SAFETY: the event is valid; a result of another type than the event's is null, which the functions that take it do not
        // allow and which is looked at first. The groups live as long as the event.
        let groups = unsafe {
            let error = sys::rd_kafka_event_error(event);
            if error.is_error() {
                return Err(KafkaError::AdminOp(error.into()));
            }
            match request {
                Request::List => {
                    let result = sys::rd_kafka_event_ListConsumerGroupOffsets_result(event);
                    NonNull::new(result.cast_mut())
                        .map(|result| sys::rd_kafka_ListConsumerGroupOffsets_result_groups(result.as_ptr(), &mut count))
                }
                Request::Alter(_) => {
                    let result = sys::rd_kafka_event_AlterConsumerGroupOffsets_result(event);
                    NonNull::new(result.cast_mut()).map(|result| {
                        sys::rd_kafka_AlterConsumerGroupOffsets_result_groups(result.as_ptr(), &mut count)
                    })
                }
                Request::Forget(_) => {
                    let result = sys::rd_kafka_event_DeleteConsumerGroupOffsets_result(event);
                    NonNull::new(result.cast_mut()).map(|result| {
                        sys::rd_kafka_DeleteConsumerGroupOffsets_result_groups(result.as_ptr(), &mut count)
                    })
                }
                Request::Delete => {
                    let result = sys::rd_kafka_event_DeleteGroups_result(event);
                    NonNull::new(result.cast_mut())
                        .map(|result| sys::rd_kafka_DeleteGroups_result_groups(result.as_ptr(), &mut count))
                }
            }
        };
        let Some(groups) = groups.filter(|groups| !groups.is_null()) else {
            return Err(KafkaError::AdminOp(RDKafkaErrorCode::BadMessage));
        };
        let mut offsets = Vec::new();
        for index in 0..count {
            // SAFETY: there are `count` groups, each valid for as long as the event.
            unsafe { read_group(*groups.add(index), &mut offsets)? };
        }
        Ok(offsets)
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        // SAFETY: the event is destroyed once, after everything that was read of it.
        unsafe { sys::rd_kafka_event_destroy(self.0.as_ptr()) }
    }
}

/// # Safety
///
/// The group is valid.
unsafe fn read_group(
    group: *const sys::rd_kafka_group_result_t,
    offsets: &mut Vec<TopicPartitionOffset>,
) -> KafkaResult<()> {
    // SAFETY: the group is valid, and its error and its list live as long. The list has `cnt` elements, whose topics are C strings.
    unsafe {
        let error = sys::rd_kafka_group_result_error(group);
        if !error.is_null() {
            return Err(KafkaError::AdminOp(sys::rd_kafka_error_code(error).into()));
        }
        let list = sys::rd_kafka_group_result_partitions(group);
        if list.is_null() {
            return Ok(());
        }
        for index in 0..usize::try_from((*list).cnt).unwrap_or(0) {
            let element = &*(*list).elems.add(index);
            if element.err.is_error() {
                return Err(KafkaError::AdminOp(element.err.into()));
            }
            let topic = CStr::from_ptr(element.topic).to_string_lossy().into_owned();
            offsets.push(TopicPartition::new(topic, element.partition).at(element.offset));
        }
    }
    Ok(())
}
