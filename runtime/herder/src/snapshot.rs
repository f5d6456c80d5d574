//! The herder as metrics see it: all connectors and tasks with their states and counts, at one time.

use std::sync::Arc;

use weir_plugin::GuestStats;

use super::connector::Connector;
use super::standalone::Herder;
use weir_api::State;
use weir_config::ConnectorConfig;
use weir_metrics::{TaskMetrics, WorkerMetrics};

/// One connector.
pub struct ConnectorSnapshot {
    /// Its name.
    pub name: String,
    /// Its own state.
    pub state: State,
    /// What it runs with; none before its first start.
    pub config: Option<Arc<ConnectorConfig>>,
    /// Counts of its own instance.
    pub guest: Arc<GuestStats>,
    /// Its tasks, by number. A task whose predecessor is just being stopped is not among them.
    pub tasks: Vec<TaskSnapshot>,
}

/// One task.
pub struct TaskSnapshot {
    /// Its number.
    pub id: u32,
    /// Its state.
    pub state: State,
    /// What its connector runs with.
    pub config: Arc<ConnectorConfig>,
    /// What it counts.
    pub metrics: Arc<TaskMetrics>,
}

impl Herder {
    /// All connectors, by name.
    pub fn snapshots(&self) -> Vec<ConnectorSnapshot> {
        self.all().iter().map(|connector| Connector::snapshot(connector)).collect()
    }

    /// What this worker counts beside its tasks.
    pub fn metrics(&self) -> &Arc<WorkerMetrics> {
        &self.shared().metrics
    }

    /// Bytes of records in flight, all tasks together.
    pub fn in_flight_bytes(&self) -> u64 {
        self.shared().in_flight.used()
    }

    /// Writes of the offset file that failed.
    pub fn offset_failures(&self) -> u64 {
        self.shared().offsets.failures()
    }

    /// Configurations that a config provider could not resolve.
    pub fn provider_failures(&self) -> u64 {
        self.shared().worker.providers.failures()
    }

    /// Connections to Kafka brokers that are up, by kind of client.
    pub fn kafka_connections(&self) -> [(&'static str, u64); 2] {
        self.shared().admins.connections().up()
    }

    /// Kafka producers that are open.
    pub fn open_producers(&self) -> usize {
        self.shared().producers.open()
    }
}
