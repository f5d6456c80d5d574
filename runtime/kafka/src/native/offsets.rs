//! The end offsets of all partitions of a topic, in one request for each broker.
#![expect(unsafe_code, reason = "calls librdkafka's C interface, see each SAFETY comment")]

use std::time::Duration;

use rdkafka::bindings as sys;
use rdkafka::error::{IsError, KafkaError, KafkaResult};
use rdkafka::producer::{BaseProducer, Producer as _, ProducerContext};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

/// Asks for the end offsets of partitions 0 to `partitions` - 1. They depend on the client's `isolation.level`.
pub(crate) fn end_offsets<C: ProducerContext>(
    client: &BaseProducer<C>,
    topic: &str,
    partitions: usize,
    limit: Duration,
) -> KafkaResult<Vec<i64>> {
    let mut list = TopicPartitionList::with_capacity(partitions);
    for partition in 0..i32::try_from(partitions).unwrap_or(i32::MAX) {
        // In a request by time, the time of the end is the same number as the logical offset of the end.
        list.add_partition_offset(topic, partition, Offset::End)?;
    }
    let millis = i32::try_from(limit.as_millis()).unwrap_or(i32::MAX);
    // SAFETY: the client is alive, and the list is valid and not used elsewhere during the call, which writes the offsets into it.
    let error = unsafe { sys::rd_kafka_offsets_for_times(client.client().native_ptr(), list.ptr(), millis) };
    if error.is_error() {
        return Err(KafkaError::OffsetFetch(error.into()));
    }
    let elements = list.elements();
    let ends = elements.iter().map(|element| {
        element.error()?;
        match element.offset() {
            Offset::Offset(end) => Ok(end),
            // Java and librdkafka say so if a partition is empty, although its end is known.
            _ => Ok(0),
        }
    });
    ends.collect()
}
