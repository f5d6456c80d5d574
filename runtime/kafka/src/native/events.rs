//! The events of a producer, mainly delivery reports. rdkafka's own `poll` creates an object for each report, and busy-waits for the last
//! millisecond of each wait.
#![expect(unsafe_code, reason = "calls librdkafka's C interface, see each SAFETY comment")]

use std::ffi::{CStr, c_char};
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::time::Duration;

use rdkafka::ClientContext as _;
use rdkafka::bindings as sys;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{IsError, KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, Producer as _};

use crate::producer::{Deliveries, Reports};

/// The queue of a producer's events.
pub(crate) struct Events {
    queue: NonNull<sys::rd_kafka_queue_t>,
    // Keeps the client alive: the queue must be released before the client is dropped.
    client: Arc<BaseProducer<Reports>>,
}

// SAFETY: librdkafka's queues have a lock of their own and may be used from any thread (rdkafka.h, "thread-safe").
unsafe impl Send for Events {}
// SAFETY: as above; no method needs exclusive access.
unsafe impl Sync for Events {}

impl Events {
    pub(crate) fn new(client: &Arc<BaseProducer<Reports>>) -> Self {
        // SAFETY: the client is alive, and stays so for as long as the queue.
        let queue = unsafe { sys::rd_kafka_queue_get_main(client.client().native_ptr()) };
        let queue = NonNull::new(queue).expect("every client has a main queue");
        Self { queue, client: Arc::clone(client) }
    }

    /// Makes a [`Events::serve`] that waits, or the next one, return at once.
    pub(crate) fn wake(&self) {
        // SAFETY: the queue is valid.
        unsafe { sys::rd_kafka_queue_yield(self.queue.as_ptr()) }
    }

    /// Waits for an event for as long as `wait`, and passes it to the producer's context.
    pub(crate) fn serve(&self, wait: Duration) {
        let wait = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: the queue is valid.
        let event = unsafe { sys::rd_kafka_queue_poll(self.queue.as_ptr(), wait) };
        let Some(event) = NonNull::new(event).map(Event) else { return };
        let reports = self.client.context();
        match event.kind() {
            sys::RD_KAFKA_EVENT_DR => event.deliveries(reports.deliveries()),
            sys::RD_KAFKA_EVENT_ERROR => {
                let (code, reason) = event.error();
                reports.error(KafkaError::Global(code), &reason);
            }
            sys::RD_KAFKA_EVENT_LOG => {
                if let Some((level, facility, message)) = event.log() {
                    reports.log(level, &facility, &message);
                }
            }
            sys::RD_KAFKA_EVENT_STATS => reports.stats_raw(event.statistics()),
            _ => {}
        }
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        // SAFETY: the reference to the queue is released once, and its client is alive.
        unsafe { sys::rd_kafka_queue_destroy(self.queue.as_ptr()) }
    }
}

struct Event(NonNull<sys::rd_kafka_event_t>);

impl Event {
    fn kind(&self) -> i32 {
        // SAFETY: the event is valid until it is dropped, here and below.
        unsafe { sys::rd_kafka_event_type(self.0.as_ptr()) }
    }

    fn deliveries(&self, mut deliveries: Deliveries<'_>) {
        loop {
            // SAFETY: each call gives the next message, which the event owns, and null after the last.
            let message = unsafe { sys::rd_kafka_event_message_next(self.0.as_ptr()).as_ref() };
            let Some(message) = message else { return };
            let opaque = message._private.addr();
            if message.err.is_error() {
                deliveries.failed(opaque, &topic(message), message.partition, RDKafkaErrorCode::from(message.err));
            } else {
                deliveries.acknowledged(opaque, message.partition, message.offset);
            }
        }
    }

    fn error(&self) -> (RDKafkaErrorCode, String) {
        // SAFETY: both calls only read the event, whose text lives as long.
        unsafe {
            let code = RDKafkaErrorCode::from(sys::rd_kafka_event_error(self.0.as_ptr()));
            (code, text(sys::rd_kafka_event_error_string(self.0.as_ptr())))
        }
    }

    fn statistics(&self) -> &[u8] {
        // SAFETY: the call only reads the event, whose text is a C string that lives as long, or null.
        unsafe {
            let start = sys::rd_kafka_event_stats(self.0.as_ptr());
            if start.is_null() { &[] } else { CStr::from_ptr(start).to_bytes() }
        }
    }

    fn log(&self) -> Option<(RDKafkaLogLevel, String, String)> {
        let (mut facility, mut message, mut level) = (ptr::null(), ptr::null(), 0);
        // SAFETY: the three places may be written to; the texts live as long as the event.
        unsafe {
            let result = sys::rd_kafka_event_log(self.0.as_ptr(), &mut facility, &mut message, &mut level);
            (result == 0).then(|| (log_level(level), text(facility), text(message)))
        }
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: the event is ours, and destroyed once.
        unsafe { sys::rd_kafka_event_destroy(self.0.as_ptr()) }
    }
}

fn topic(message: &sys::rd_kafka_message_t) -> String {
    // SAFETY: a message of a delivery report has a topic, which lives as long; its name is a C string.
    unsafe { text(sys::rd_kafka_topic_name(message.rkt)) }
}

/// librdkafka's levels are syslog's.
fn log_level(level: i32) -> RDKafkaLogLevel {
    match level {
        ..=0 => RDKafkaLogLevel::Emerg,
        1 => RDKafkaLogLevel::Alert,
        2 => RDKafkaLogLevel::Critical,
        3 => RDKafkaLogLevel::Error,
        4 => RDKafkaLogLevel::Warning,
        5 => RDKafkaLogLevel::Notice,
        6 => RDKafkaLogLevel::Info,
        7.. => RDKafkaLogLevel::Debug,
    }
}

/// # Safety
///
/// `start` is null, or a C string.
unsafe fn text(start: *const c_char) -> String {
    if start.is_null() {
        return String::new();
    }
    // SAFETY: guaranteed by the caller.
    unsafe { CStr::from_ptr(start) }.to_string_lossy().trim().to_owned()
}
