//! Makes tasks out of a connector's configuration and one of the task configurations it asked for.

use std::sync::Arc;

use super::api::{ConfigMap, ConnectorType};
use super::standalone::Shared;
use crate::config::ConnectorConfig;
use crate::task::control::{TaskHandle, Wanted};
use crate::task::{TaskId, sink, source};

/// Starts a task.
pub(super) fn spawn(
    shared: &Shared,
    config: &Arc<ConnectorConfig>,
    task: u32,
    task_config: &ConfigMap,
    wanted: Wanted,
) -> TaskHandle {
    let id = TaskId { connector: config.name.clone(), task };
    let component = Arc::clone(&config.component);
    let (class, limits) = (config.class.clone(), config.limits);
    let (transforms, converters) = (config.transforms.clone(), config.converters.clone());
    let allowed = shared.worker.allowed.clone();
    let tolerate = config.errors.tolerate_all;
    let task_config = task_config.clone();
    match config.kind {
        ConnectorType::Sink => {
            let Some(subscription) = config.subscription.clone() else {
                return TaskHandle::failed(id, "the sink connector has neither topics nor topics.regex".to_owned());
            };
            let options = sink::Options {
                id: id.clone(),
                component,
                class,
                config: task_config,
                limits,
                allowed,
                transforms,
                converters,
                tolerate,
                subscription,
                consumer: config.consumer_properties(task),
                max_poll_records: config.max_poll_records,
                flush_interval: shared.worker.offset_flush_interval,
            };
            TaskHandle::spawn(id, wanted, |control| sink::run(options, control))
        }
        ConnectorType::Source | ConnectorType::Unknown => {
            let options = source::Options {
                id: id.clone(),
                component,
                class,
                config: task_config,
                limits,
                allowed,
                transforms,
                converters,
                tolerate,
                producer: config.producer_properties(),
                producers: shared.producers.clone(),
                offsets: shared.offsets.clone(),
                flush_interval: shared.worker.offset_flush_interval,
                flush_timeout: shared.worker.offset_flush_timeout,
            };
            TaskHandle::spawn(id, wanted, |control| source::run(options, control))
        }
    }
}
