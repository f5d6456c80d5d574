//! Families of a connector: its state, and the number of its tasks in each state.

use super::word;
use crate::metrics::family::Family;
use crate::metrics::text::Kind::Gauge;
use weir_api::State;
use weir_herder::ConnectorSnapshot;

fn tasks(connector: &ConnectorSnapshot, state: State) -> usize {
    connector.tasks.iter().filter(|task| task.state == state).count()
}

/// The families of a connector.
pub(in crate::metrics) const CONNECTOR: &[Family<ConnectorSnapshot>] = &[
    Family {
        name: "kafka_connect_connector_state",
        kind: Gauge,
        help: "1, with the connector's own state as a label: unassigned, running, paused, stopped, failed or restarting.",
        attributes: &["connector-metrics/status"],
        write: |connector, samples| samples.with(&[("status", word(connector.state))], 1_u64),
    },
    Family {
        name: "kafka_connect_worker_connector_total_task_count",
        kind: Gauge,
        help: "Number of tasks of the connector.",
        attributes: &["connect-worker-metrics/connector-total-task-count"],
        write: |connector, samples| samples.one(connector.tasks.len()),
    },
    Family {
        name: "kafka_connect_worker_connector_running_task_count",
        kind: Gauge,
        help: "Number of running tasks of the connector.",
        attributes: &["connect-worker-metrics/connector-running-task-count"],
        write: |connector, samples| samples.one(tasks(connector, State::Running)),
    },
    Family {
        name: "kafka_connect_worker_connector_paused_task_count",
        kind: Gauge,
        help: "Number of paused tasks of the connector.",
        attributes: &["connect-worker-metrics/connector-paused-task-count"],
        write: |connector, samples| samples.one(tasks(connector, State::Paused)),
    },
    Family {
        name: "kafka_connect_worker_connector_failed_task_count",
        kind: Gauge,
        help: "Number of failed tasks of the connector.",
        attributes: &["connect-worker-metrics/connector-failed-task-count"],
        write: |connector, samples| samples.one(tasks(connector, State::Failed)),
    },
    Family {
        name: "kafka_connect_worker_connector_unassigned_task_count",
        kind: Gauge,
        help: "Number of tasks of the connector that have not started yet or have ended.",
        attributes: &["connect-worker-metrics/connector-unassigned-task-count"],
        write: |connector, samples| samples.one(tasks(connector, State::Unassigned)),
    },
    Family {
        name: "kafka_connect_worker_connector_restarting_task_count",
        kind: Gauge,
        help: "Number of tasks of the connector that are being restarted.",
        attributes: &["connect-worker-metrics/connector-restarting-task-count"],
        write: |connector, samples| samples.one(tasks(connector, State::Restarting)),
    },
];
