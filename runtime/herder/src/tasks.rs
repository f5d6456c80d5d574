//! Makes tasks out of a connector's configuration and one of the task configurations it asked for.

use std::sync::Arc;

use tokio::sync::Notify;

use super::standalone::Shared;
use weir_api::ConnectorType;
use weir_config::ConnectorConfig;
use weir_metrics::TaskMetrics;
use weir_plugin::ConfigMap;
use weir_task::active_topics::ActiveTopics;
use weir_task::control::{OnFailure, TaskHandle, Wanted};
use weir_task::{Common, DeadLetterClients, TaskId, sink, source};

/// Starts a task.
pub(super) fn spawn(
    shared: &Shared,
    config: &Arc<ConnectorConfig>,
    task: u32,
    task_config: &ConfigMap,
    wanted: Wanted,
    active_topics: &Arc<ActiveTopics>,
    failed: &Arc<Notify>,
) -> TaskHandle {
    let id = TaskId { connector: config.name.clone(), task };
    let metrics = Arc::new(TaskMetrics::new(shared.worker.sampling, Arc::clone(&shared.metrics)));
    let common = Common {
        id: id.clone(),
        component: Arc::clone(&config.component),
        class: config.class.clone(),
        config: task_config.clone(),
        limits: config.limits,
        allowed: shared.worker.allowed.clone(),
        transforms: config.transforms.clone(),
        converters: config.converters.clone(),
        errors: config.errors.clone(),
        flush_interval: shared.worker.offset_flush_interval,
        flush_timeout: shared.worker.offset_flush_timeout,
        metrics: Arc::clone(&metrics),
        memory: shared.in_flight.clone(),
        active_topics: shared.worker.topic_tracking.then(|| Arc::clone(active_topics)),
    };
    let on_failure = OnFailure { secrets: Arc::clone(config.resolved.secrets()), failed: Arc::clone(failed) };
    match config.kind {
        ConnectorType::Sink => {
            let Some(subscription) = config.subscription.clone() else {
                return TaskHandle::failed(
                    id,
                    "the sink connector has neither topics nor topics.regex".to_owned(),
                    metrics,
                );
            };
            let (producer, admin) = config.dead_letter_properties(task);
            let options = sink::Options {
                common,
                subscription,
                consumer: config.consumer_properties(task),
                max_poll_records: config.max_poll_records,
                connections: shared.admins.connections().clone(),
                dead_letters: DeadLetterClients {
                    producer,
                    admin,
                    producers: shared.producers.clone(),
                    admins: shared.admins.clone(),
                },
            };
            TaskHandle::spawn(id, wanted, metrics, on_failure, |control| sink::run(options, control))
        }
        ConnectorType::Source | ConnectorType::Unknown => {
            let options = source::Options {
                common,
                producer: config.producer_properties(),
                producers: shared.producers.clone(),
                topic_creation: config.topic_creation.clone().filter(|_| shared.worker.topic_creation),
                admin: config.admin_properties(),
                admins: shared.admins.clone(),
                offsets: shared.offsets.clone(),
                topics_max: shared.worker.task_topics_max,
            };
            TaskHandle::spawn(id, wanted, metrics, on_failure, |control| source::run(options, control))
        }
    }
}
