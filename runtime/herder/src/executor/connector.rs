//! The running parts of one connector on this worker: its own instance, and tasks. The herder makes changes one at a time; reading
//! never waits for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tracing::info;
use weir_data::text::{MAX_TRACE, bounded};
use weir_plugin::{ConfigMap, GuestStats};

use super::instance::{self, Monitor, Refusal, TasksChanged};
use super::task::{self, Task};
use crate::error::Error;
use crate::restarts::{Generation, Health, Observation, Part};
use crate::services::Services;
use crate::snapshot::{ConnectorSnapshot, TaskSnapshot};
use crate::stores::PartStatus;
use weir_api::State;
use weir_config::ConnectorConfig;
use weir_task::active_topics::ActiveTopics;
use weir_task::control::{Status, Wanted};

/// The running parts of a connector on this worker.
pub(crate) struct RunningConnector {
    name: String,
    services: Arc<Services>,
    /// Counters of the connector's own instance. They continue when it is replaced.
    guest: Arc<GuestStats>,
    active_topics: Arc<ActiveTopics>,
    /// Notified of each failure.
    failed: Arc<Notify>,
    running: Mutex<Running>,
}

struct Running {
    own: Own,
    /// Present if the instance checks for changes.
    monitor: Option<Monitor>,
    tasks: BTreeMap<u32, Task>,
}

/// The connector's own instance.
struct Own {
    state: State,
    generation: Generation,
    /// Whether it has failed for a reason that only a new configuration can remove.
    permanent: bool,
}

impl RunningConnector {
    pub(crate) fn new(name: &str, services: Arc<Services>) -> Self {
        let own = Own { state: State::Unassigned, generation: Generation::begin(), permanent: false };
        let running = Running { own, monitor: None, tasks: BTreeMap::new() };
        let connector = Self {
            name: name.to_owned(),
            services,
            guest: Arc::default(),
            active_topics: Arc::default(),
            failed: Arc::default(),
            running: Mutex::new(running),
        };
        connector.report(None, Status { state: State::Unassigned, trace: None });
        connector
    }

    pub(crate) fn services(&self) -> &Arc<Services> {
        &self.services
    }

    /// Returns what is notified of each failure.
    pub(crate) fn failed(&self) -> &Arc<Notify> {
        &self.failed
    }

    /// Returns the counters of the connector's own instance.
    pub(super) fn guest(&self) -> Arc<GuestStats> {
        Arc::clone(&self.guest)
    }

    /// Returns the topics that the tasks have written to or read from.
    pub(crate) fn active_topics(&self) -> &Arc<ActiveTopics> {
        &self.active_topics
    }

    /// Returns the connector's own state.
    pub(crate) fn state(&self) -> State {
        self.running.lock().own.state
    }

    /// Returns what metrics show about the connector.
    pub(crate) fn snapshot(&self, config: Option<Arc<ConnectorConfig>>) -> ConnectorSnapshot {
        let running = self.running.lock();
        let tasks = running.tasks.iter().filter_map(|(id, task)| {
            let (config, metrics) = (config.as_ref()?, task.metrics()?);
            Some(TaskSnapshot { id: *id, state: task.status().state, config: Arc::clone(config), metrics })
        });
        ConnectorSnapshot {
            name: self.name.clone(),
            state: running.own.state,
            tasks: tasks.collect(),
            config: config.clone(),
            guest: self.guest(),
        }
    }

    /// Returns the numbers of the tasks, and their configurations without values of config providers.
    pub(crate) fn task_configs(&self) -> Vec<(u32, ConfigMap)> {
        self.running.lock().tasks.iter().map(|(id, task)| (*id, task.shown.clone())).collect()
    }

    /// Returns the numbers of the tasks.
    pub(crate) fn tasks(&self) -> Vec<u32> {
        self.running.lock().tasks.keys().copied().collect()
    }

    /// Returns the status of a task that runs here. It may be newer than its last report.
    pub(crate) fn task_status(&self, task: u32) -> Option<Status> {
        self.running.lock().tasks.get(&task).map(Task::status)
    }

    /// Returns the health of the connector and its tasks.
    pub(crate) fn observe(&self) -> Vec<Observation> {
        let running = self.running.lock();
        let own = &running.own;
        let health = Health::of(own.state == State::Failed, own.permanent);
        let itself = Observation { part: Part::Connector, generation: own.generation, health };
        std::iter::once(itself).chain(running.tasks.iter().map(|(id, task)| task.observe(*id))).collect()
    }

    /// Starts the connector's own instance, and returns the task configurations that it requests. A failure becomes its status.
    /// `changed` is called when the instance requests other tasks.
    pub(crate) async fn start_instance(
        self: &Arc<Self>,
        config: &Arc<ConnectorConfig>,
        changed: TasksChanged,
    ) -> Result<Vec<ConfigMap>, Error> {
        match instance::start(self, config, changed).await {
            Ok((task_configs, monitor)) => {
                {
                    let mut running = self.running.lock();
                    (running.own.generation, running.own.permanent) = (Generation::begin(), false);
                    running.monitor = monitor;
                    self.set(&mut running, Some(config), Status { state: State::Running, trace: None });
                }
                self.services.metrics().connectors.record(true);
                info!(connector = self.name, tasks = task_configs.len(), "connector started");
                Ok(task_configs)
            }
            Err(Refusal { trace, permanent }) => {
                {
                    let mut running = self.running.lock();
                    (running.own.generation, running.own.permanent) = (Generation::begin(), permanent);
                }
                self.services.metrics().connectors.record(false);
                let trace = self.fail(Some(config), trace);
                Err(Error::NotStarted { connector: self.name.clone(), trace: Some(trace) })
            }
        }
    }

    /// Marks the connector itself as failed; its tasks continue. Returns the trace without values of config providers.
    pub(crate) fn fail(&self, config: Option<&Arc<ConnectorConfig>>, trace: String) -> String {
        let trace = match config {
            Some(config) => config.resolved.secrets().hide(&trace).into_owned(),
            None => trace,
        };
        let trace = bounded(trace, MAX_TRACE);
        tracing::error!(connector = self.name, trace, "connector failed");
        let status = Status { state: State::Failed, trace: Some(trace.clone()) };
        self.set(&mut self.running.lock(), config, status);
        self.failed.notify_one();
        trace
    }

    /// Sets the connector's own state without a trace.
    pub(crate) fn set_state(&self, config: Option<&Arc<ConnectorConfig>>, state: State) {
        self.set(&mut self.running.lock(), config, Status { state, trace: None });
    }

    /// Sets the connector's own status and stores it. The caller holds the lock, so that the last status is the one that is stored.
    fn set(&self, running: &mut Running, config: Option<&Arc<ConnectorConfig>>, status: Status) {
        running.own.state = status.state;
        self.report(config, status);
    }

    fn report(&self, config: Option<&Arc<ConnectorConfig>>, status: Status) {
        let status = PartStatus {
            state: status.state,
            trace: status.trace,
            worker_id: self.services.worker_id.clone(),
            version: config.map(|config| config.plugin.version.clone()),
        };
        self.services.statuses.put_connector(&self.name, status);
    }

    /// Runs exactly these tasks. If they are running already, nothing changes.
    pub(crate) async fn run_tasks(&self, config: &Arc<ConnectorConfig>, configs: BTreeMap<u32, ConfigMap>) {
        let same = {
            let running = self.running.lock();
            let as_configured = |(task, config_now): (&Task, &ConfigMap)| task.runs(config, config_now);
            running.tasks.keys().eq(configs.keys()) && running.tasks.values().zip(configs.values()).all(as_configured)
        };
        if same {
            return;
        }
        self.stop_tasks().await;
        let tasks = configs.into_iter().map(|(id, task_config)| {
            let shown = config.resolved.task_config_as_shown(&task_config);
            let mut task = Task::new(Arc::clone(config), task_config, shown);
            self.start(&mut task, id, Wanted::Running);
            (id, task)
        });
        let tasks = tasks.collect();
        self.running.lock().tasks = tasks;
    }

    fn start(&self, task: &mut Task, id: u32, wanted: Wanted) {
        let environment =
            task::Environment { services: &self.services, active_topics: &self.active_topics, failed: &self.failed };
        task.start(&environment, id, wanted);
    }

    /// Stops a task and starts it again with `config` and its previous task configuration.
    pub(crate) async fn restart_task(
        &self,
        id: u32,
        config: Arc<ConnectorConfig>,
        wanted: Wanted,
    ) -> Result<(), Error> {
        let missing = || Error::no_task(&self.name, id);
        let old = {
            let mut running = self.running.lock();
            running.tasks.get_mut(&id).ok_or_else(missing)?.take_handle()
        };
        if let Some(old) = old {
            old.stop(self.services.worker.task_shutdown_graceful_timeout).await;
        }
        if let Some(task) = self.running.lock().tasks.get_mut(&id) {
            task.config_of = config;
            self.start(task, id, wanted);
            task.restarting = false;
        }
        Ok(())
    }

    /// Marks tasks as being restarted, or as not being restarted any more.
    pub(crate) fn set_restarting(&self, chosen: impl Fn(u32) -> bool, restarting: bool) {
        let mut running = self.running.lock();
        for (_, task) in running.tasks.iter_mut().filter(|(id, _)| chosen(**id)) {
            task.restarting = restarting;
        }
    }

    /// Whether a task is marked as being restarted.
    pub(crate) fn is_restarting(&self, task: u32) -> bool {
        self.running.lock().tasks.get(&task).is_some_and(|task| task.restarting)
    }

    /// Resumes or pauses all tasks.
    pub(crate) fn want(&self, wanted: Wanted) {
        self.running.lock().tasks.values().for_each(|task| task.want(wanted));
    }

    /// Stops the connector's own instance.
    pub(crate) async fn stop_instance(&self) {
        let monitor = self.running.lock().monitor.take();
        if let Some(monitor) = monitor {
            monitor.stop().await;
        }
    }

    /// Stops all tasks at the same time, so that the timeout applies to all of them together.
    pub(crate) async fn stop_tasks(&self) {
        let handles: Vec<_> = {
            let mut running = self.running.lock();
            let tasks = std::mem::take(&mut running.tasks);
            let handles = tasks.into_values().filter_map(|mut task| task.take_handle()).collect();
            // After the handles, because a task stores statuses until its handle is taken.
            self.services.statuses.remove_tasks(&self.name);
            handles
        };
        let patience = self.services.worker.task_shutdown_graceful_timeout;
        futures_util::future::join_all(handles.into_iter().map(|handle| handle.stop(patience))).await;
    }
}
