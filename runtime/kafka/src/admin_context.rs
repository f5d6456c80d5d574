//! The context of the clients with which the worker asks and changes something, rather than reads and writes records.

use std::sync::Arc;

use parking_lot::Mutex;
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::message::DeliveryResult;
use rdkafka::producer::ProducerContext;
use tracing::warn;

use super::connection::Connection;
use super::refusal::refusal;

/// Logs the errors of a client, and remembers why a broker refuses it.
pub(super) struct AdminContext {
    pub(super) connection: Arc<Connection>,
    refusal: Mutex<Option<String>>,
}

impl AdminContext {
    pub(super) fn new(connection: &Arc<Connection>) -> Self {
        Self { connection: Arc::clone(connection), refusal: Mutex::default() }
    }

    /// Takes the reason why a broker has refused the client since the last call, and what to do.
    pub(super) fn take_refusal(&self) -> Option<String> {
        self.refusal.lock().take()
    }
}

impl ClientContext for AdminContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.connection.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        match refusal(&error, reason) {
            Some(reason) => {
                warn!(reason, "Kafka refuses the admin client");
                *self.refusal.lock() = Some(reason);
            }
            None => {
                if !self.connection.failed(&error, reason) {
                    warn!(%error, reason, "Kafka admin client error; retrying");
                }
            }
        }
    }
}

impl ProducerContext for AdminContext {
    type DeliveryOpaque = ();

    fn delivery(&self, _: &DeliveryResult<'_>, (): ()) {}
}
