//! One task of this worker, created from its connector's configuration and one of the task configurations that the connector requested.

use std::sync::Arc;

use tokio::sync::Notify;

use super::report::TaskReporter;
use crate::restarts::{Generation, Health, Observation, Part};
use crate::services::Services;
use weir_api::{ConnectorType, State};
use weir_config::ConnectorConfig;
use weir_metrics::TaskMetrics;
use weir_plugin::{ConfigMap, TaskFacts};
use weir_task::active_topics::ActiveTopics;
use weir_task::control::{OnFailure, Status, TaskHandle, Wanted};
use weir_task::{Common, DeadLetterClients, TaskId, sink, source};

/// The parts that the tasks of a connector share.
pub(super) struct Environment<'a> {
    pub(super) services: &'a Arc<Services>,
    pub(super) active_topics: &'a Arc<ActiveTopics>,
    pub(super) failed: &'a Arc<Notify>,
}

/// A task.
pub(super) struct Task {
    /// The task configuration for the plugin.
    config: ConfigMap,
    /// The task configuration for display, with references to config providers instead of their values.
    pub(super) shown: ConfigMap,
    /// The connector's configuration from which the task was created.
    pub(super) config_of: Arc<ConnectorConfig>,
    /// Whether a requested restart is in progress.
    pub(super) restarting: bool,
    generation: Generation,
    run: Option<Run>,
}

/// A started task loop.
struct Run {
    handle: TaskHandle,
    reporter: Arc<TaskReporter>,
}

impl Task {
    pub(super) fn new(config_of: Arc<ConnectorConfig>, config: ConfigMap, shown: ConfigMap) -> Self {
        Self { config, shown, config_of, restarting: false, generation: Generation::begin(), run: None }
    }

    /// Whether it runs with these configurations.
    pub(super) fn runs(&self, config_of: &Arc<ConnectorConfig>, config: &ConfigMap) -> bool {
        self.config == *config && Arc::ptr_eq(&self.config_of, config_of) && self.run.is_some()
    }

    pub(super) fn status(&self) -> Status {
        match &self.run {
            _ if self.restarting => Status { state: State::Restarting, trace: None },
            Some(run) => run.handle.status(),
            None => Status { state: State::Unassigned, trace: None },
        }
    }

    pub(super) fn observe(&self, id: u32) -> Observation {
        let permanent = self.run.as_ref().is_some_and(|run| run.handle.is_permanent());
        let health = Health::of(self.status().state == State::Failed, permanent);
        Observation { part: Part::Task(id), generation: self.generation, health }
    }

    pub(super) fn metrics(&self) -> Option<Arc<TaskMetrics>> {
        self.run.as_ref().map(|run| Arc::clone(run.handle.metrics()))
    }

    pub(super) fn want(&self, wanted: Wanted) {
        if let Some(run) = &self.run {
            run.handle.want(wanted);
        }
    }

    /// Takes the handle, to stop the task. Its statuses are not stored any more.
    pub(super) fn take_handle(&mut self) -> Option<TaskHandle> {
        let run = self.run.take()?;
        run.reporter.retire();
        Some(run.handle)
    }

    /// Starts the task's loop.
    pub(super) fn start(&mut self, environment: &Environment<'_>, task: u32, wanted: Wanted) {
        let (services, config) = (environment.services, &self.config_of);
        let id = TaskId { connector: config.name.clone(), task };
        let reporter = TaskReporter::new(Arc::clone(services), id.clone(), config.plugin.version.clone());
        let handle = spawn(environment, config, id, &self.config, wanted, &reporter);
        (self.run, self.generation) = (Some(Run { handle, reporter }), Generation::begin());
    }
}

fn spawn(
    environment: &Environment<'_>,
    config: &Arc<ConnectorConfig>,
    id: TaskId,
    task_config: &ConfigMap,
    wanted: Wanted,
    reporter: &Arc<TaskReporter>,
) -> TaskHandle {
    let Environment { services, active_topics, failed } = environment;
    let metrics = Arc::new(TaskMetrics::new(services.worker.sampling, Arc::clone(services.metrics())));
    let common = Common {
        id: id.clone(),
        component: Arc::clone(&config.component),
        class: config.class.clone(),
        config: config.for_plugin(task_config),
        facts: TaskFacts {
            generation: services.task_generation(),
            consumer_group: config.consumer_group().to_owned(),
            defines_transactions: false,
        },
        limits: config.limits,
        allowed: services.worker.allowed.clone(),
        transforms: config.transforms.clone(),
        converters: config.converters.clone(),
        errors: config.errors.clone(),
        flush_interval: services.worker.offset_flush_interval,
        flush_timeout: services.worker.offset_flush_timeout,
        metrics: Arc::clone(&metrics),
        memory: services.in_flight.clone(),
        active_topics: services.worker.topic_tracking.then(|| Arc::clone(active_topics)),
    };
    let task = id.task;
    let on_failure = OnFailure { secrets: Arc::clone(config.resolved.secrets()), failed: Arc::clone(failed) };
    let listener = Arc::clone(reporter) as _;
    match config.kind {
        ConnectorType::Sink => {
            let Some(subscription) = config.subscription.clone() else {
                let trace = "the sink connector has neither topics nor topics.regex".to_owned();
                return TaskHandle::failed(id, trace, metrics, listener);
            };
            let (producer, admin) = config.dead_letter_properties(task);
            let options = sink::Options {
                common,
                subscription,
                consumer: config.consumer_properties(task),
                max_poll_records: config.max_poll_records,
                connections: services.admins.connections().clone(),
                dead_letters: DeadLetterClients {
                    producer,
                    admin,
                    producers: services.producers.clone(),
                    admins: services.admins.clone(),
                },
            };
            TaskHandle::spawn(id, wanted, metrics, on_failure, listener, |control| sink::run(options, control))
        }
        ConnectorType::Source | ConnectorType::Unknown => {
            let options = source::Options {
                common,
                producer: config.producer_properties(),
                producers: services.producers.clone(),
                topic_creation: config.topic_creation.clone().filter(|_| services.worker.topic_creation),
                admin: config.admin_properties(),
                admins: services.admins.clone(),
                offsets: Arc::clone(&services.offsets),
                topics_max: services.worker.task_topics_max,
            };
            TaskHandle::spawn(id, wanted, metrics, on_failure, listener, |control| source::run(options, control))
        }
    }
}
