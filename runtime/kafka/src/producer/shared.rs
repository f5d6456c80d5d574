//! Producers, shared by all tasks whose client settings are equal, and librdkafka's reports about them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use rdkafka::ClientContext;
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::producer::{BaseProducer, NoCustomPartitioner, Producer as _, ProducerContext};
use tokio::sync::watch;
use tracing::{debug, error, info, warn};

use super::LOG_TARGET;
use super::tracking::{Batches, Deliveries};
use crate::connection::{Connection, Connections};
use crate::native::Events;
use crate::refusal::refusal;
use crate::{Properties, client_config};

/// Why a producer can no longer be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// A broker refuses this client; the text says what to check.
    Refused(String),
    /// librdkafka raised a fatal error. Unacknowledged records are lost with the client, and have to be sent with another one.
    Fatal,
}

/// Receives delivery reports and client errors on the producer's polling thread.
pub struct Reports {
    pub(super) batches: Batches,
    /// `None` while the producer works.
    pub(super) end: watch::Sender<Option<End>>,
    connection: Arc<Connection>,
}

impl ClientContext for Reports {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.connection.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let end = if let Some(text) = refusal(&error, reason) {
            Some(End::Refused(text))
        } else if matches!(error.rdkafka_error_code(), Some(RDKafkaErrorCode::Fatal)) {
            Some(End::Fatal)
        } else {
            None
        };
        let Some(end) = end else {
            if !self.connection.failed(&error, reason) {
                warn!(target: LOG_TARGET, %error, reason, "Kafka producer error; retrying");
            }
            return;
        };
        if end == End::Fatal {
            error!(target: LOG_TARGET, %error, reason, "Kafka producer failed with a fatal error; its tasks replace it");
        }
        note_end(&self.end, end);
    }

    fn stats_raw(&self, statistics: &[u8]) {
        self.connection.statistics(statistics);
    }
}

/// The first reason counts.
fn note_end(noted: &watch::Sender<Option<End>>, end: End) {
    noted.send_if_modified(|known| {
        let is_news = known.is_none();
        known.get_or_insert(end);
        is_news
    });
}

impl ProducerContext<NoCustomPartitioner> for Reports {
    type DeliveryOpaque = usize;

    /// rdkafka calls it only for records that are dropped with a producer; `Events` handles all others.
    fn delivery(&self, result: &DeliveryResult<'_>, opaque: usize) {
        let mut deliveries = self.deliveries();
        match result {
            Ok(message) => deliveries.acknowledged(opaque, message.partition(), message.offset()),
            Err((error, message)) => {
                let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown);
                deliveries.failed(opaque, message.topic(), message.partition(), code);
            }
        }
    }
}

impl Reports {
    fn new(connection: Arc<Connection>) -> Self {
        Self { batches: Batches::new(), end: watch::Sender::new(None), connection }
    }

    /// Takes reports that arrive together.
    pub(crate) fn deliveries(&self) -> Deliveries<'_> {
        self.batches.deliveries()
    }
}

/// How long the thread that serves a producer's events waits for one.
const EVENT_WAIT: Duration = Duration::from_secs(10);

/// A producer that several tasks use.
pub struct SharedProducer {
    // Above the client: the queue of its events goes first.
    events: Arc<Events>,
    pub(super) client: Arc<BaseProducer<Reports>>,
    polling: Option<std::thread::JoinHandle<()>>,
    stopping: Arc<AtomicBool>,
}

impl SharedProducer {
    fn new(properties: &Properties, connections: &Connections) -> Result<Self, KafkaError> {
        let reports = Reports::new(connections.open("producer", properties));
        let client: Arc<BaseProducer<Reports>> =
            Arc::new(BaseProducer::from_config_and_context(&client_config(properties), reports)?);
        let stopping = Arc::new(AtomicBool::new(false));
        let events = Arc::new(Events::new(&client));
        let polling = std::thread::Builder::new()
            .name("kafka-producer".to_owned())
            .spawn({
                let (events, stopping) = (Arc::clone(&events), Arc::clone(&stopping));
                let guard = PollingGuard(client.context().end.clone());
                move || {
                    let _guard = guard;
                    while !stopping.load(Ordering::Acquire) {
                        events.serve(EVENT_WAIT);
                    }
                }
            })
            .map_err(|error| KafkaError::ClientCreation(format!("cannot start the polling thread: {error}")))?;
        Ok(Self { events, client, polling: Some(polling), stopping })
    }

    /// Returns why this producer can no longer be used; `None` while it works.
    pub fn end(&self) -> Option<End> {
        let noted = self.client.context().end.borrow().clone();
        noted.or_else(|| self.fatal_error().map(|_| End::Fatal))
    }

    /// Returns the state of its connections.
    pub fn connection(&self) -> &Arc<Connection> {
        &self.client.context().connection
    }

    /// Returns librdkafka's fatal error: its cause, and a text.
    pub fn fatal_error(&self) -> Option<(RDKafkaErrorCode, String)> {
        self.client.client().fatal_error()
    }
}

/// Ends a producer whose polling thread panics: no report of it would ever arrive.
struct PollingGuard(watch::Sender<Option<End>>);

impl Drop for PollingGuard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            error!(
                target: LOG_TARGET,
                "the polling thread of a Kafka producer panicked (bug in Weir); its tasks replace the producer"
            );
            note_end(&self.0, End::Fatal);
        }
    }
}

impl Drop for SharedProducer {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Release);
        self.events.wake();
        if let Some(polling) = self.polling.take() {
            // A panic is in the log already.
            let _ = polling.join();
        }
        debug!(target: LOG_TARGET, "closed a Kafka producer");
    }
}

/// All producers of this worker. Cheap to clone.
#[derive(Clone, Default)]
pub struct Producers {
    open: Arc<Mutex<HashMap<Properties, Weak<SharedProducer>>>>,
    connections: Connections,
}

impl Producers {
    /// Opens none yet. Their connections are counted among these.
    pub fn new(connections: Connections) -> Self {
        Self { open: Arc::default(), connections }
    }

    /// The producer for these settings: one that another task has open, or a new one. It is closed when the last task
    /// has dropped it.
    pub fn get(&self, properties: &Properties) -> Result<Arc<SharedProducer>, KafkaError> {
        let mut open = self.open.lock();
        open.retain(|_, producer| producer.strong_count() > 0);
        if let Some(producer) = open.get(properties).and_then(Weak::upgrade)
            && producer.end().is_none()
        {
            return Ok(producer);
        }
        let producer = Arc::new(SharedProducer::new(properties, &self.connections)?);
        info!(target: LOG_TARGET, shared_with_equal_settings = true, "opened a Kafka producer");
        open.insert(properties.clone(), Arc::downgrade(&producer));
        Ok(producer)
    }

    /// Returns how many are open.
    pub fn open(&self) -> usize {
        self.open.lock().values().filter(|producer| producer.strong_count() > 0).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_producer_whose_polling_thread_panics_is_replaced() {
        let (end, ended) = watch::channel(None);
        let guard = PollingGuard(end.clone());
        let thread = std::thread::spawn(move || {
            let _guard = guard;
            panic!("as the test wants");
        });
        assert!(thread.join().is_err());
        assert_eq!(*ended.borrow(), Some(End::Fatal));
        let (end, ended) = watch::channel(None);
        drop(PollingGuard(end));
        assert_eq!(*ended.borrow(), None);
    }

    #[test]
    fn a_producer_that_waits_for_events_is_closed_at_once() {
        let properties = Properties::from([("bootstrap.servers".to_owned(), "127.0.0.1:1".to_owned())]);
        let producer = Producers::default().get(&properties).expect("a producer needs no broker to begin with");
        // Long enough for its thread to wait. If it is not, the thread does not wait, and the test does not fail.
        std::thread::sleep(Duration::from_millis(50));
        let begin = std::time::Instant::now();
        drop(producer);
        // A thread that is not woken ends after all of the rest of its wait.
        assert!(begin.elapsed() < EVENT_WAIT - Duration::from_secs(1), "{:?}", begin.elapsed());
    }
}
