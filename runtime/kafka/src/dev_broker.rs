//! The broker of `weir dev`: librdkafka's mock cluster, in this process. It speaks Kafka's protocol on a loopback port, knows
//! groups and transactions, keeps about 5 MB or 100,000 messages a partition, and nothing after the process ends.
//!
//! It has no request to create topics. The admin clients of this process find it by its address, and create them here.

use std::collections::HashMap;
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, Sender, channel};

use parking_lot::Mutex;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use tokio::sync::oneshot;

use super::admin::NewTopic;

/// The partitions of a topic for which the broker's default was requested.
const PARTITIONS: i32 = 4;

/// The running brokers of this process, by their addresses.
static RUNNING: LazyLock<Mutex<HashMap<String, Sender<Creation>>>> = LazyLock::new(Mutex::default);

/// A topic that is to be created.
struct Creation {
    topic: NewTopic,
    answer: oneshot::Sender<Result<(), KafkaError>>,
}

/// A running in-process broker; dropped = stopped.
pub struct DevBroker {
    bootstrap: String,
}

impl DevBroker {
    /// Starts one broker on a free loopback port. Takes some 10 ms.
    pub fn start() -> Result<Self, KafkaError> {
        let (started, starting) = channel();
        let (sender, creations) = channel();
        // The cluster can be used on one thread only.
        let thread = std::thread::Builder::new().name("dev-broker".to_owned());
        let thread = thread.spawn(move || match MockCluster::new(1) {
            Ok(cluster) => {
                let _ = started.send(Ok(cluster.bootstrap_servers()));
                serve(&cluster, &creations);
            }
            Err(error) => drop(started.send(Err(error))),
        });
        let failed = || KafkaError::ClientCreation("cannot start a thread for the in-process broker".to_owned());
        thread.map_err(|_| failed())?;
        let bootstrap = starting.recv().map_err(|_| failed())??;
        RUNNING.lock().insert(bootstrap.clone(), sender);
        Ok(Self { bootstrap })
    }

    /// `host:port` for `bootstrap.servers`.
    pub fn bootstrap_servers(&self) -> String {
        self.bootstrap.clone()
    }
}

impl Drop for DevBroker {
    fn drop(&mut self) {
        // The thread ends with the last sender, and the cluster with it.
        RUNNING.lock().remove(&self.bootstrap);
    }
}

fn serve(cluster: &MockCluster<'static, DefaultProducerContext>, creations: &Receiver<Creation>) {
    while let Ok(Creation { topic, answer }) = creations.recv() {
        let partitions = if topic.partitions < 0 { PARTITIONS } else { topic.partitions };
        let _ = answer.send(cluster.create_topic(&topic.name, partitions, 1));
    }
}

/// Creates a topic, if the in-process broker is at this address. Returns `None` if it is not.
pub(super) async fn create_topic(bootstrap: &str, topic: &NewTopic) -> Option<Result<(), KafkaError>> {
    let creations = RUNNING.lock().get(bootstrap).cloned()?;
    let (answer, answered) = oneshot::channel();
    // Without an answer the broker is being stopped.
    let stopped = Err(KafkaError::AdminOp(RDKafkaErrorCode::BrokerTransportFailure));
    Some(match creations.send(Creation { topic: topic.clone(), answer }) {
        Ok(()) => answered.await.unwrap_or(stopped),
        Err(_) => stopped,
    })
}
