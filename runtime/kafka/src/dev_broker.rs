//! The broker of `weir dev`: librdkafka's mock cluster, in this process. It speaks Kafka's protocol on a loopback port, knows
//! groups and transactions, keeps about 5 MB or 100,000 messages a partition, and nothing after the process ends.

use rdkafka::error::KafkaError;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;

/// A running in-process broker; dropped = stopped.
pub struct DevBroker {
    cluster: MockCluster<'static, DefaultProducerContext>,
}

impl DevBroker {
    /// Starts one broker on a free loopback port. Takes some 10 ms.
    pub fn start() -> Result<Self, KafkaError> {
        Ok(Self { cluster: MockCluster::new(1)? })
    }

    /// `host:port` for `bootstrap.servers`.
    pub fn bootstrap_servers(&self) -> String {
        self.cluster.bootstrap_servers()
    }
}
