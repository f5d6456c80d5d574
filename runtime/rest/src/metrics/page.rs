//! The response of `GET /metrics`: collects all values once, then writes family after family.

use std::sync::Arc;

use weir_plugin::{EngineStats, GuestStats};

use super::families::{CONNECTOR, CONNECTOR_INFO, GUEST, SINK, SOURCE, TASK, TASK_INFO, WORKER};
use super::family::write;
use super::text::{Labels, Text};
use crate::Build;
use weir_api::ConnectorType;
use weir_catalogue::Plugins;
use weir_herder::{ConnectorSnapshot, Herder, TaskSnapshot};
use weir_metrics::WorkerMetrics;

/// A snapshot of the worker.
pub(super) struct Survey {
    pub(super) build: Build,
    pub(super) connectors: Vec<ConnectorSnapshot>,
    pub(super) worker: Arc<WorkerMetrics>,
    pub(super) engine: Arc<EngineStats>,
    pub(super) components: usize,
    pub(super) producers: usize,
    pub(super) in_flight: u64,
    /// The numbers of failed writes of the offset file and of failed lookups in config providers.
    pub(super) offset_failures: u64,
    pub(super) provider_failures: u64,
    pub(super) connections: [(&'static str, u64); 2],
}

/// Returns all metrics in Prometheus' text format. Takes a few microseconds per task; with many tasks, do not call it on a thread that
/// runs them.
pub(super) fn page(build: Build, herder: &Herder, plugins: &Plugins) -> String {
    let (connectors, services) = (herder.snapshots(), herder.services());
    Survey {
        build,
        connectors,
        worker: Arc::clone(services.metrics()),
        engine: Arc::clone(plugins.engine_stats()),
        components: plugins.components().len(),
        producers: services.open_producers(),
        in_flight: services.in_flight_bytes(),
        offset_failures: services.offset_failures(),
        provider_failures: services.provider_failures(),
        connections: services.kafka_connections(),
    }
    .write()
}

/// A task with its labels.
struct LabeledTask<'a> {
    labels: Labels,
    kind: ConnectorType,
    task: &'a TaskSnapshot,
}

impl Survey {
    fn write(&self) -> String {
        let mut text = Text::default();
        write(&mut text, WORKER, std::iter::once((&Labels::none(), self)));
        let connectors: Vec<(Labels, &ConnectorSnapshot)> = self
            .connectors
            .iter()
            .map(|connector| (Labels::none().with("connector", &connector.name), connector))
            .collect();
        let of_connectors = connectors.iter().map(|(labels, connector)| (labels, *connector));
        write(&mut text, CONNECTOR, of_connectors.clone());
        write(&mut text, CONNECTOR_INFO, of_connectors);
        let tasks: Vec<LabeledTask<'_>> = connectors
            .iter()
            .flat_map(|(labels, connector)| {
                connector.tasks.iter().map(|task| LabeledTask {
                    labels: labels.clone().with("task", &task.id.to_string()),
                    kind: task.config.kind,
                    task,
                })
            })
            .collect();
        let all = tasks.iter().map(|labeled| (&labeled.labels, labeled.task));
        write(&mut text, TASK, all.clone());
        write(&mut text, TASK_INFO, all);
        let of = |kind| {
            tasks.iter().filter(move |labeled| labeled.kind == kind).map(|labeled| (&labeled.labels, labeled.task))
        };
        write(&mut text, SOURCE, of(ConnectorType::Source));
        write(&mut text, SINK, of(ConnectorType::Sink));
        let of_connectors = connectors.iter().map(|(labels, connector)| {
            (labels.clone().with("task", "").with("sandbox", "connector"), Arc::clone(&connector.guest))
        });
        let of_tasks = tasks.iter().flat_map(|labeled| {
            let guests = labeled.task.metrics.guests();
            guests.into_iter().map(|(sandbox, guest)| (labeled.labels.clone().with("sandbox", &sandbox), guest))
        });
        let guests: Vec<(Labels, Arc<GuestStats>)> = of_connectors.chain(of_tasks).collect();
        write(&mut text, GUEST, guests.iter().map(|(labels, guest)| (labels, guest.as_ref())));
        text.finish()
    }
}
