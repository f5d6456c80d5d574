//! The one call that rdkafka's own `send` does not fit: it makes a C string of the topic's name for every record, and looks the
//! topic up by it. Here a topic is looked up once, and a record costs librdkafka's copy of its bytes and nothing else.
#![expect(unsafe_code, reason = "calls librdkafka's C interface, see each SAFETY comment")]

use std::ffi::{CStr, CString, c_void};
use std::ptr::{self, NonNull};
use std::sync::Arc;

use rdkafka::bindings as sys;
use rdkafka::error::{IsError, KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, Producer as _, ProducerContext};

use crate::producer::Reports;

/// A topic of one producer, looked up.
pub(crate) struct Topic {
    handle: NonNull<sys::rd_kafka_topic_t>,
    // Keeps the client alive: the handle must be destroyed before it.
    producer: Arc<BaseProducer<Reports>>,
}

// SAFETY: librdkafka's topic handles are reference counted and may be used from any thread (rdkafka.h, "thread-safe").
unsafe impl Send for Topic {}
// SAFETY: as above; no method needs exclusive access.
unsafe impl Sync for Topic {}

/// A record, ready to be sent.
pub(crate) struct OutgoingMessage<'a> {
    /// The partition; -1 if the partitioner chooses.
    pub(crate) partition: i32,
    pub(crate) key: Option<&'a [u8]>,
    pub(crate) value: Option<&'a [u8]>,
    /// Milliseconds since 1970; `None` for now.
    pub(crate) timestamp: Option<i64>,
    pub(crate) headers: &'a [(&'a str, Option<&'a [u8]>)],
    /// Returned with the delivery report.
    pub(crate) opaque: <Reports as ProducerContext>::DeliveryOpaque,
}

impl Topic {
    pub(crate) fn new(producer: &Arc<BaseProducer<Reports>>, name: &str) -> Result<Self, KafkaError> {
        let c_name = CString::new(name)?;
        // SAFETY: the client outlives the call, the name is a C string, and a null configuration means the client's defaults.
        let handle =
            unsafe { sys::rd_kafka_topic_new(producer.client().native_ptr(), c_name.as_ptr(), ptr::null_mut()) };
        match NonNull::new(handle) {
            Some(handle) => Ok(Self { handle, producer: Arc::clone(producer) }),
            None => Err(KafkaError::MessageProduction(RDKafkaErrorCode::InvalidTopic)),
        }
    }

    pub(crate) fn name(&self) -> String {
        // SAFETY: the handle is alive, and its name is a C string that lives as long.
        let name = unsafe { CStr::from_ptr(sys::rd_kafka_topic_name(self.handle.as_ptr())) };
        name.to_string_lossy().into_owned()
    }

    /// Puts a record into the producer's queue. Exactly one delivery report follows an `Ok`, none an error. Never blocks; after
    /// `QueueFull`, send the record again later.
    pub(crate) fn produce(&self, message: &OutgoingMessage<'_>) -> Result<(), RDKafkaErrorCode> {
        fn raw(bytes: Option<&[u8]>) -> (*mut c_void, usize) {
            bytes.map_or((ptr::null_mut(), 0), |bytes| (bytes.as_ptr().cast_mut().cast(), bytes.len()))
        }
        let (value, value_length) = raw(message.value);
        let (key, key_length) = raw(message.key);
        let headers = HeaderList::new(message.headers);
        // SAFETY: the handle and its client are alive; with RD_KAFKA_MSG_F_COPY key and value are only read during the call;
        // the argument list has the types that rd_kafka_producev documents for each tag and ends with VTYPE_END.
        let error = unsafe {
            sys::rd_kafka_producev(
                self.producer.client().native_ptr(),
                sys::rd_kafka_vtype_t::RD_KAFKA_VTYPE_RKT,
                self.handle.as_ptr(),
                sys::rd_kafka_vtype_t::RD_KAFKA_VTYPE_PARTITION,
                message.partition,
                sys::rd_kafka_vtype_t::RD_KAFKA_VTYPE_MSGFLAGS,
                sys::RD_KAFKA_MSG_F_COPY,
                sys::rd_kafka_vtype_t::RD_KAFKA_VTYPE_VALUE,
                value,
                value_length,
                sys::rd_kafka_vtype_t::RD_KAFKA_VTYPE_KEY,
                key,
                key_length,
                sys::rd_kafka_vtype_t::RD_KAFKA_VTYPE_OPAQUE,
                message.opaque as *mut c_void,
                sys::rd_kafka_vtype_t::RD_KAFKA_VTYPE_TIMESTAMP,
                message.timestamp.unwrap_or(0),
                sys::rd_kafka_vtype_t::RD_KAFKA_VTYPE_HEADERS,
                headers.0,
                sys::rd_kafka_vtype_t::RD_KAFKA_VTYPE_END,
            )
        };
        if error.is_error() {
            return Err(RDKafkaErrorCode::from(error));
        }
        // librdkafka owns the headers after a success.
        std::mem::forget(headers);
        Ok(())
    }
}

impl Drop for Topic {
    fn drop(&mut self) {
        // SAFETY: the handle came from rd_kafka_topic_new, is destroyed once, and its client is still alive.
        unsafe { sys::rd_kafka_topic_destroy(self.handle.as_ptr()) }
    }
}

/// librdkafka's list of headers; null for a record without any.
struct HeaderList(*mut sys::rd_kafka_headers_t);

impl HeaderList {
    fn new(headers: &[(&str, Option<&[u8]>)]) -> Self {
        if headers.is_empty() {
            return Self(ptr::null_mut());
        }
        // SAFETY: a list is made, filled while this function owns it, and handed on; name and value are copied by the call, which
        // is told their lengths. A null value with length 0 is a null header value (rdkafka.h, rd_kafka_header_add).
        unsafe {
            let list = sys::rd_kafka_headers_new(headers.len());
            for (name, value) in headers {
                sys::rd_kafka_header_add(
                    list,
                    name.as_ptr().cast(),
                    isize::try_from(name.len()).unwrap_or(0),
                    value.map_or(ptr::null(), |value| value.as_ptr().cast()),
                    value.map_or(0, |value| isize::try_from(value.len()).unwrap_or(0)),
                );
            }
            Self(list)
        }
    }
}

impl Drop for HeaderList {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: the list is ours: librdkafka takes it only with a success, after which it is forgotten.
            unsafe { sys::rd_kafka_headers_destroy(self.0) }
        }
    }
}
