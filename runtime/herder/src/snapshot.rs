//! The herder as metrics see it: all connectors and tasks with their states and counts, at one time.

use std::sync::Arc;

use weir_plugin::GuestStats;

use weir_api::State;
use weir_config::ConnectorConfig;
use weir_metrics::TaskMetrics;

/// One connector.
pub struct ConnectorSnapshot {
    /// The name of the connector.
    pub name: String,
    /// The connector's own state.
    pub state: State,
    /// The configuration it runs with; `None` before its first start.
    pub config: Option<Arc<ConnectorConfig>>,
    /// Counts of the connector's own instance.
    pub guest: Arc<GuestStats>,
    /// The connector's tasks, by number. A task whose predecessor is just being stopped is not among them.
    pub tasks: Vec<TaskSnapshot>,
}

/// One task.
pub struct TaskSnapshot {
    /// The number of the task.
    pub id: u32,
    /// The state of the task.
    pub state: State,
    /// The configuration that the connector runs with.
    pub config: Arc<ConnectorConfig>,
    /// The counters of the task.
    pub metrics: Arc<TaskMetrics>,
}
