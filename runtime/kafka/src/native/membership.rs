//! The id and the generation of a consumer in its group, which rdkafka does not show.
#![expect(unsafe_code, reason = "calls librdkafka's C interface, see each SAFETY comment")]

use std::ffi::CStr;
use std::ptr::NonNull;

use rdkafka::bindings as sys;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};

/// Returns the member id and the generation of a consumer. `None` if it is not a member of a group. Waits for librdkafka's main thread.
pub(crate) fn membership<C: ConsumerContext>(consumer: &BaseConsumer<C>) -> Option<(String, i32)> {
    // SAFETY: the client is alive.
    let metadata = unsafe { sys::rd_kafka_consumer_group_metadata(consumer.client().native_ptr()) };
    let metadata = Metadata(NonNull::new(metadata)?);
    // SAFETY: the metadata is valid, and its member id is a C string that lives as long.
    let (id, generation) = unsafe {
        let id = sys::rd_kafka_consumer_group_metadata_member_id(metadata.0.as_ptr());
        let generation = sys::rd_kafka_consumer_group_metadata_generation_id(metadata.0.as_ptr());
        let id = if id.is_null() { String::new() } else { CStr::from_ptr(id).to_string_lossy().into_owned() };
        (id, generation)
    };
    (!id.is_empty() && generation >= 0).then_some((id, generation))
}

struct Metadata(NonNull<sys::rd_kafka_consumer_group_metadata_t>);

impl Drop for Metadata {
    fn drop(&mut self) {
        // SAFETY: the metadata is destroyed once, after everything that was read of it.
        unsafe { sys::rd_kafka_consumer_group_metadata_destroy(self.0.as_ptr()) }
    }
}
