//! The services that all connectors and tasks of a worker use. It does not refer to connectors, so that they can own it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio_util::sync::CancellationToken;

use super::error::Error;
use super::stores::StatusStore;
use weir_catalogue::Plugins;
use weir_config::{ConnectorConfig, WorkerConfig};
use weir_kafka::admin::Admins;
use weir_kafka::connection::Connections;
use weir_kafka::producer::Producers;
use weir_logging::Levels;
use weir_metrics::WorkerMetrics;
use weir_plugin::ConfigMap;
use weir_storage::offsets::OffsetStore;
use weir_task::memory::InFlightMemory;

/// The parts of a herder.
pub struct Options {
    /// The worker's configuration.
    pub worker: Arc<WorkerConfig>,
    /// The plugins.
    pub plugins: Plugins,
    /// The store of source offsets.
    pub offsets: Arc<dyn OffsetStore>,
    /// The store of statuses.
    pub statuses: Arc<dyn StatusStore>,
    /// The `host:port` of this worker in statuses.
    pub worker_id: String,
    /// The log levels.
    pub levels: Levels,
    /// The id of the Kafka cluster.
    pub kafka_cluster_id: Option<String>,
    /// The number of this start of the worker, greater than that of all before with the same offsets.
    pub epoch: u64,
    /// The open connections of all Kafka clients of the worker.
    pub connections: Connections,
}

/// The services that the connectors and tasks of a worker share.
pub struct Services {
    pub(crate) worker: Arc<WorkerConfig>,
    pub(crate) plugins: Plugins,
    pub(crate) offsets: Arc<dyn OffsetStore>,
    pub(crate) statuses: Arc<dyn StatusStore>,
    pub(crate) worker_id: String,
    pub(crate) producers: Producers,
    pub(crate) admins: Admins,
    /// The memory budget for records in flight.
    pub(crate) in_flight: InFlightMemory,
    pub(crate) stopping: CancellationToken,
    metrics: Arc<WorkerMetrics>,
    levels: Levels,
    kafka_cluster_id: Option<String>,
    epoch: u64,
    /// Starts of tasks since the worker was started.
    task_starts: AtomicU32,
}

impl Services {
    pub(crate) fn new(options: Options) -> Self {
        Self {
            in_flight: InFlightMemory::new(options.worker.in_flight_max_bytes),
            metrics: Arc::new(WorkerMetrics::new(options.worker.sampling)),
            worker: options.worker,
            plugins: options.plugins,
            offsets: options.offsets,
            statuses: options.statuses,
            worker_id: options.worker_id,
            producers: Producers::new(options.connections.clone()),
            admins: Admins::new(options.connections),
            stopping: CancellationToken::new(),
            levels: options.levels,
            kafka_cluster_id: options.kafka_cluster_id,
            epoch: options.epoch,
            task_starts: AtomicU32::new(0),
        }
    }

    /// Resolves a configuration's references to config providers, validates it, and finds the plugins that it names.
    pub(crate) async fn validate(&self, name: &str, config: &ConfigMap) -> Result<ConnectorConfig, Error> {
        Ok(ConnectorConfig::prepare(name, config, &self.worker, &self.plugins).await?)
    }

    /// Returns the id of the Kafka cluster.
    pub fn kafka_cluster_id(&self) -> Option<&str> {
        self.kafka_cluster_id.as_deref()
    }

    /// Returns a number for a start of a task that is greater than that of all starts before, also before this start of the worker.
    pub(crate) fn task_generation(&self) -> u64 {
        self.epoch << 32 | u64::from(self.task_starts.fetch_add(1, Ordering::Relaxed))
    }

    /// Returns the log levels.
    pub fn levels(&self) -> &Levels {
        &self.levels
    }

    /// Returns the counters of this worker that do not belong to tasks.
    pub fn metrics(&self) -> &Arc<WorkerMetrics> {
        &self.metrics
    }

    /// Returns the number of bytes of records in flight, of all tasks together.
    pub fn in_flight_bytes(&self) -> u64 {
        self.in_flight.used()
    }

    /// Returns the number of failed writes of source offsets.
    pub fn offset_failures(&self) -> u64 {
        self.offsets.failures()
    }

    /// Returns the number of configurations that a config provider could not resolve.
    pub fn provider_failures(&self) -> u64 {
        self.worker.providers.failures()
    }

    /// Returns the number of open connections to Kafka brokers, by kind of client.
    pub fn kafka_connections(&self) -> [(&'static str, u64); 2] {
        self.admins.connections().up()
    }

    /// Returns the number of open Kafka producers.
    pub fn open_producers(&self) -> usize {
        self.producers.open()
    }
}
