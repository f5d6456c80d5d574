//! What a worker wants to know about the Kafka cluster itself.

use std::time::Duration;

use parking_lot::RwLock;
use rdkafka::ClientContext;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::error::KafkaError;
use rdkafka::producer::Producer as _;
use rdkafka::producer::{BaseProducer, ProducerContext};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::refusal::refusal;
use super::{Properties, client_config};

/// The id of the cluster, learned in the background: a worker starts and answers before its Kafka does.
#[derive(Clone, Default)]
pub struct ClusterId(Arc<RwLock<Option<String>>>);

/// A client that nobody hears of unless it has trouble.
pub(super) struct Quiet;

impl ClientContext for Quiet {
    fn error(&self, error: KafkaError, reason: &str) {
        match refusal(&error, reason) {
            Some(reason) => warn!(reason, "Kafka refuses the worker's own client; trying again"),
            None => warn!(%error, reason, "Kafka cannot be reached; trying again"),
        }
    }
}

impl ProducerContext for Quiet {
    type DeliveryOpaque = ();

    fn delivery(&self, _: &rdkafka::message::DeliveryResult<'_>, (): ()) {}
}

impl ClusterId {
    /// The id, once it is known.
    pub fn get(&self) -> Option<String> {
        self.0.read().clone()
    }

    /// Asks the cluster until it answers or `stop` is cancelled. The client is closed after the answer.
    pub fn learn(&self, properties: &Properties, stop: CancellationToken) {
        let (known, properties) = (Arc::clone(&self.0), properties.clone());
        tokio::task::spawn_blocking(move || {
            let client: BaseProducer<Quiet> =
                match BaseProducer::from_config_and_context(&client_config(&properties), Quiet) {
                    Ok(client) => client,
                    Err(error) => {
                        warn!(%error, "no Kafka client can be made of the worker's settings");
                        return;
                    }
                };
            while !stop.is_cancelled() {
                client.poll(Duration::ZERO);
                if let Some(id) = client.client().fetch_cluster_id(Duration::from_secs(1)) {
                    info!(kafka_cluster_id = id, "connected to Kafka");
                    *known.write() = Some(id);
                    return;
                }
            }
        });
    }
}
