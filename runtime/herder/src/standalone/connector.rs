//! One connector of a standalone worker. It makes the executor run what the stored configuration and target state require. Changes are
//! made one at a time; reading never waits for them. `restart.rs` restarts the connector, `refresh.rs` reads values of config providers
//! again, `auto_restart.rs` restarts failed parts, `offsets.rs` returns and changes its offsets.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Mutex as AsyncMutex;
use tokio_util::task::AbortOnDropHandle;
use tracing::warn;
use weir_plugin::{ComponentId, ConfigMap};

use crate::error::Error;
use crate::executor::{RunningConnector, TasksChanged};
use crate::restarts::{Part, RestartHistory};
use crate::services::Services;
use crate::snapshot::ConnectorSnapshot;
use crate::stores::{ConfigStore, Origin, PartStatus, StoredConnector};
use weir_api::{
    ConnectorInfo, ConnectorState, ConnectorStateInfo, ConnectorTaskId, ConnectorType, State, TargetState, TaskInfo,
    TaskState,
};
use weir_config::ConnectorConfig;
use weir_task::control::Wanted;

/// A connector of a standalone worker.
pub(super) struct Connector {
    pub(super) name: String,
    pub(super) services: Arc<Services>,
    pub(super) configs: Arc<dyn ConfigStore>,
    /// Its running parts.
    pub(super) running: Arc<RunningConnector>,
    /// Locked during each change of the connector.
    pub(super) changing: AsyncMutex<()>,
    pub(super) data: Mutex<Data>,
    /// Automatic restarts.
    pub(super) restarts: Mutex<Restarts>,
}

pub(super) struct Data {
    /// `None` if the configuration has not been validated yet, or is not valid any more.
    config: Option<Arc<ConnectorConfig>>,
    /// Whether it is from an earlier run of the worker and has not been started yet.
    not_started: bool,
    /// The task that reads the values of config providers again.
    reload: Option<AbortOnDropHandle<()>>,
    /// Whether it is being deleted, or the worker is stopping.
    pub(super) ended: bool,
}

/// The failures of the connector and its tasks.
pub(super) struct Restarts {
    pub(super) history: RestartHistory,
    /// The task that restarts failed parts.
    pub(super) supervisor: Option<AbortOnDropHandle<()>>,
}

impl Connector {
    /// Creates a connector that is stored but not started.
    pub(super) fn new(name: &str, services: Arc<Services>, configs: Arc<dyn ConfigStore>, not_started: bool) -> Self {
        let given_up = Arc::clone(&services.metrics().restarts_given_up);
        let history = RestartHistory::new(name, services.worker.restarts, given_up);
        Self {
            name: name.to_owned(),
            running: Arc::new(RunningConnector::new(name, Arc::clone(&services))),
            services,
            configs,
            changing: AsyncMutex::new(()),
            data: Mutex::new(Data { config: None, not_started, reload: None, ended: false }),
            restarts: Mutex::new(Restarts { history, supervisor: None }),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Returns the configuration as submitted; empty before the first one is accepted.
    pub(super) fn submitted(&self) -> ConfigMap {
        self.configs.connector(&self.name).map(|stored| stored.config).unwrap_or_default()
    }

    /// Returns the target state.
    pub(super) fn target(&self) -> TargetState {
        self.configs.target(&self.name).unwrap_or(TargetState::Started)
    }

    /// Returns the validated configuration, if there is one.
    pub(super) fn config(&self) -> Option<Arc<ConnectorConfig>> {
        self.data.lock().config.clone()
    }

    pub(super) fn has_ended(&self) -> bool {
        self.data.lock().ended
    }

    /// Whether it is from an earlier run and has not been started yet.
    pub(super) fn is_not_started(&self) -> bool {
        self.data.lock().not_started
    }

    fn kind(&self) -> ConnectorType {
        self.data.lock().config.as_ref().map_or(ConnectorType::Unknown, |config| config.kind)
    }

    /// Returns what metrics show about the connector.
    pub(super) fn snapshot(&self) -> ConnectorSnapshot {
        self.running.snapshot(self.config())
    }

    /// Returns the response of `GET /connectors/{c}`.
    pub(super) fn info(&self) -> ConnectorInfo {
        ConnectorInfo {
            name: self.name.clone(),
            config: self.submitted(),
            tasks: self.running.tasks().into_iter().map(|task| self.task_id(task)).collect(),
            kind: self.kind(),
        }
    }

    /// Returns the response of `GET /connectors/{c}/tasks`.
    pub(super) fn task_infos(&self) -> Vec<TaskInfo> {
        let tasks = self.running.task_configs().into_iter();
        tasks.map(|(task, config)| TaskInfo { id: self.task_id(task), config }).collect()
    }

    fn task_id(&self, task: u32) -> ConnectorTaskId {
        ConnectorTaskId { connector: self.name.clone(), task }
    }

    /// Returns the response of `GET /connectors/{c}/status`: the reported statuses, or newer ones of the tasks that run here.
    pub(super) fn status(&self) -> ConnectorStateInfo {
        let statuses = self.services.statuses.get(&self.name).unwrap_or_default();
        let unassigned = || PartStatus {
            state: State::Unassigned,
            trace: None,
            worker_id: self.services.worker_id.clone(),
            version: None,
        };
        let own = statuses.connector.unwrap_or_else(unassigned);
        let tasks = statuses.tasks.into_iter().map(|(id, reported)| {
            let now = self.running.task_status(id);
            let (state, trace) = now.map_or((reported.state, reported.trace), |now| (now.state, now.trace));
            let trace = self.trace(Part::Task(id), trace);
            TaskState { id, state, worker_id: reported.worker_id, version: reported.version, trace }
        });
        ConnectorStateInfo {
            name: self.name.clone(),
            connector: ConnectorState {
                state: own.state,
                worker_id: own.worker_id,
                version: own.version,
                trace: self.trace(Part::Connector, own.trace),
            },
            tasks: tasks.collect(),
            kind: self.kind(),
        }
    }

    /// Whether the connector or one of its transforms is in this component.
    pub(super) fn uses(&self, id: &ComponentId) -> bool {
        self.data.lock().config.as_ref().is_some_and(|config| config.uses(id))
    }

    /// Accepts a new configuration and starts with it. The target state is kept.
    pub(super) async fn configure(
        self: &Arc<Self>,
        submitted: ConfigMap,
        config: ConnectorConfig,
        origin: Origin,
    ) -> Result<(), Error> {
        let _changing = self.changing.lock().await;
        if self.has_ended() {
            return Err(Error::BeingDeleted { connector: self.name.clone() });
        }
        self.stop_everything().await;
        let before = self.configs.connector(&self.name);
        let (target, before) = before.map_or((TargetState::Started, origin), |before| (before.target, before.origin));
        // A connector that was once named on the command line keeps that origin, also if it is changed over REST.
        let origin = if before == Origin::CommandLine { before } else { origin };
        self.configs.put(&self.name, StoredConnector { config: submitted, target, origin });
        self.accept(config);
        self.start().await
    }

    /// Sets the connector's configuration.
    fn accept(self: &Arc<Self>, config: ConnectorConfig) {
        let reload = self.spawn_refresh(&config);
        // The lock for changes is held, so the replaced task is not in the middle of a refresh.
        self.data.lock().reload = reload;
        self.supervise(config.restarts);
        self.use_config(config);
    }

    pub(super) fn use_config(&self, config: ConnectorConfig) {
        self.services.levels().add_connector(&self.name, &config.class);
        self.data.lock().config = Some(Arc::new(config));
    }

    /// Starts a connector from an earlier run, unless a client has started it in the meantime. A failure becomes its status.
    pub(super) async fn start_stored(self: &Arc<Self>) -> Result<(), Error> {
        let _changing = self.changing.lock().await;
        if !self.is_not_started() {
            return Ok(());
        }
        self.start().await
    }

    /// Starts the connector's own instance and the tasks that it requests, if the target state is STARTED. A connector from an earlier run
    /// is validated first.
    pub(super) async fn start(self: &Arc<Self>) -> Result<(), Error> {
        let is_valid = {
            let mut data = self.data.lock();
            data.not_started = false;
            data.config.is_some()
        };
        if !is_valid {
            match self.services.validate(&self.name, &self.submitted()).await {
                Ok(config) => self.accept(config),
                Err(error) => {
                    if self.restarts.lock().supervisor.is_none() {
                        // Its restart policy is not known.
                        self.supervise(self.services.worker.restarts);
                    }
                    self.running.fail(None, error.to_string());
                    return Err(error);
                }
            }
        }
        let Some(config) = self.config().filter(|_| !self.has_ended()) else { return Ok(()) };
        match self.target() {
            TargetState::Stopped => self.running.set_state(Some(&config), State::Stopped),
            TargetState::Paused => self.running.set_state(Some(&config), State::Paused),
            TargetState::Started => {
                let task_configs = self.running.start_instance(&config, self.on_tasks_changed()).await?;
                self.running.run_tasks(&config, numbered(task_configs)).await;
            }
        }
        Ok(())
    }

    /// Returns what is called when the connector requests other tasks.
    fn on_tasks_changed(self: &Arc<Self>) -> TasksChanged {
        let connector = Arc::downgrade(self);
        Arc::new(move |config, configs| {
            let Some(connector) = connector.upgrade() else { return };
            // Not awaited: stopping the old tasks may take long, and stopping the instance must not wait for that.
            tokio::spawn(async move { connector.tasks_changed(&config, configs).await });
        })
    }

    async fn tasks_changed(&self, config: &Arc<ConnectorConfig>, configs: Vec<ConfigMap>) {
        let _changing = self.changing.lock().await;
        // The connector may have changed while this waited for the lock.
        let is_current = self.config().is_some_and(|now| Arc::ptr_eq(&now, config));
        if is_current && self.target() == TargetState::Started {
            self.running.run_tasks(config, numbered(configs)).await;
        }
    }

    /// Changes the target state: starts, pauses or stops the connector.
    pub(super) async fn set_target(self: &Arc<Self>, target: TargetState) {
        let before = self.configs.set_target(&self.name, target);
        match target {
            TargetState::Stopped => {
                let _changing = self.changing.lock().await;
                self.stop_everything().await;
                self.running.set_state(self.config().as_ref(), State::Stopped);
            }
            TargetState::Paused => {
                let _changing = self.changing.lock().await;
                self.running.stop_instance().await;
                // As in Kafka Connect, a failed connector stays FAILED, but its tasks are paused.
                if self.running.state() != State::Failed {
                    self.running.set_state(self.config().as_ref(), State::Paused);
                }
                self.running.want(Wanted::Paused);
            }
            TargetState::Started if before == Some(TargetState::Started) => {}
            TargetState::Started => {
                let this = Arc::clone(self);
                tokio::spawn(async move { this.resume().await });
            }
        }
    }

    async fn resume(self: &Arc<Self>) {
        let _changing = self.changing.lock().await;
        if self.target() != TargetState::Started {
            return;
        }
        self.running.want(Wanted::Running);
        if let Err(error) = self.refresh().await {
            warn!(connector = self.name, %error, "config provider lookup failed; resuming with the previous values");
        }
        if let Err(error) = self.start().await {
            warn!(connector = self.name, %error, "resuming the connector failed");
        }
        // Parts that had failed before are checked again.
        self.running.failed().notify_one();
    }

    /// Stops the connector for ever.
    pub(super) async fn shut_down(&self) {
        let _changing = self.changing.lock().await;
        {
            let mut data = self.data.lock();
            data.ended = true;
            data.reload = None;
        }
        self.restarts.lock().supervisor = None;
        self.stop_everything().await;
        self.running.set_state(self.config().as_ref(), State::Unassigned);
    }

    async fn stop_everything(&self) {
        self.running.stop_instance().await;
        self.running.stop_tasks().await;
    }
}

fn numbered(configs: Vec<ConfigMap>) -> std::collections::BTreeMap<u32, ConfigMap> {
    (0..).zip(configs).collect()
}
