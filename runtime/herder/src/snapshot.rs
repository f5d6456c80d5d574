//! A snapshot of the herder for metrics: all connectors and tasks with their states and counters.

use std::sync::Arc;

use weir_plugin::GuestStats;

use weir_api::State;
use weir_config::ConnectorConfig;
use weir_metrics::TaskMetrics;

/// A connector in a snapshot.
pub struct ConnectorSnapshot {
    /// The name of the connector.
    pub name: String,
    /// The connector's own state.
    pub state: State,
    /// The configuration it runs with; `None` before its first start.
    pub config: Option<Arc<ConnectorConfig>>,
    /// The counters of the connector's own instance.
    pub guest: Arc<GuestStats>,
    /// The connector's tasks, by number. A task whose predecessor is still being stopped is left out.
    pub tasks: Vec<TaskSnapshot>,
}

/// A task in a snapshot.
pub struct TaskSnapshot {
    /// The number of the task.
    pub id: u32,
    /// The state of the task.
    pub state: State,
    /// The connector's configuration.
    pub config: Arc<ConnectorConfig>,
    /// The counters of the task.
    pub metrics: Arc<TaskMetrics>,
}
