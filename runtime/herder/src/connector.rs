//! One connector of this worker: its configuration, its state, its own instance and its tasks. Changes are made one at a time;
//! reading never waits for them. `connector/restart.rs` restarts it, `connector/refresh.rs` looks at its config providers,
//! `connector/heal.rs` restarts by itself what has failed, `connector/kept.rs` is what outlives it.

mod heal;
mod kept;
mod refresh;
mod restart;

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{Mutex as AsyncMutex, Notify};
use tokio_util::task::AbortOnDropHandle;
use tracing::{info, warn};
use weir_data::text::{MAX_TRACE, bounded};
use weir_plugin::{ComponentId, GuestStats};

use super::error::Error;
use super::restarts::{Book, Life, Part};
use super::snapshot::{ConnectorSnapshot, TaskSnapshot};
use super::standalone::Shared;
use super::watch::{self, Refused, Watch};
use super::{reload, tasks, watch::Started};
use weir_api::{
    ConnectorInfo, ConnectorState, ConnectorStateInfo, ConnectorTaskId, ConnectorType, State, TargetState, TaskInfo,
    TaskState,
};
use weir_config::ConnectorConfig;
use weir_plugin::ConfigMap;
use weir_task::active_topics::ActiveTopics;
use weir_task::control::{Status, TaskHandle, Wanted};

/// A connector.
pub(super) struct Connector {
    name: String,
    shared: Arc<Shared>,
    /// Counts of its own instance, of one after the other.
    guest: Arc<GuestStats>,
    /// Held by whoever changes the connector.
    changing: AsyncMutex<()>,
    data: Mutex<Data>,
    active_topics: Arc<ActiveTopics>,
    /// Told of each failure.
    failed: Arc<Notify>,
}

struct Data {
    submitted: ConfigMap,
    /// None = not validated yet, or not valid any more.
    config: Option<Arc<ConnectorConfig>>,
    /// Its configuration is the one of a file of the command line.
    command_line: bool,
    /// It was kept from an earlier run and has not been started yet.
    waiting: bool,
    target: TargetState,
    status: Status,
    /// Of its own instance.
    life: Life,
    /// Its own instance has failed, and only another configuration can mend it.
    hopeless: bool,
    tasks: Vec<Task>,
    watch: Option<Watch>,
    /// Looks the values of config providers up again.
    reload: Option<AbortOnDropHandle<()>>,
    /// What has failed and is to be restarted.
    book: Book,
    /// Restarts it.
    supervisor: Option<AbortOnDropHandle<()>>,
    /// It is being deleted, or the worker stops.
    ended: bool,
}

struct Task {
    /// As the plugin gets it.
    config: ConfigMap,
    /// As others may see it: references to config providers in place of their values.
    shown: ConfigMap,
    /// The connector's configuration that it was made of.
    of: Arc<ConnectorConfig>,
    life: Life,
    handle: Option<TaskHandle>,
    /// A restart was asked for and is under way.
    restarting: bool,
}

impl Task {
    fn status(&self) -> Status {
        match &self.handle {
            _ if self.restarting => Status { state: State::Restarting, trace: None },
            Some(handle) => handle.status(),
            None => Status { state: State::Unassigned, trace: None },
        }
    }
}

impl Connector {
    pub(super) fn new(name: &str, shared: Arc<Shared>, target: TargetState) -> Self {
        let book = Book::new(name, shared.worker.restarts, Arc::clone(&shared.metrics.restarts_given_up));
        Self {
            name: name.to_owned(),
            shared,
            guest: Arc::default(),
            changing: AsyncMutex::new(()),
            data: Mutex::new(Data {
                submitted: ConfigMap::new(),
                config: None,
                command_line: false,
                waiting: false,
                target,
                status: Status { state: State::Unassigned, trace: None },
                life: Life::begin(),
                hopeless: false,
                tasks: Vec::new(),
                watch: None,
                reload: None,
                book,
                supervisor: None,
                ended: false,
            }),
            active_topics: Arc::default(),
            failed: Arc::default(),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Where its own instance is counted.
    pub(super) fn guest(&self) -> Arc<GuestStats> {
        Arc::clone(&self.guest)
    }

    /// What metrics show of it.
    pub(super) fn snapshot(&self) -> ConnectorSnapshot {
        let data = self.data.lock();
        let tasks = (0..).zip(&data.tasks).filter_map(|(id, task)| {
            let (config, handle) = (data.config.as_ref()?, task.handle.as_ref()?);
            let (state, metrics) = (task.status().state, Arc::clone(handle.metrics()));
            Some(TaskSnapshot { id, state, config: Arc::clone(config), metrics })
        });
        ConnectorSnapshot {
            name: self.name.clone(),
            state: data.status.state,
            config: data.config.clone(),
            guest: self.guest(),
            tasks: tasks.collect(),
        }
    }

    /// What `GET /connectors/{c}` answers.
    pub(super) fn info(&self) -> ConnectorInfo {
        let data = self.data.lock();
        ConnectorInfo {
            name: self.name.clone(),
            config: data.submitted.clone(),
            tasks: (0..data.tasks.len()).map(|task| self.task_id(task)).collect(),
            kind: data.kind(),
        }
    }

    /// What `GET /connectors/{c}/tasks` answers.
    pub(super) fn task_infos(&self) -> Vec<TaskInfo> {
        let data = self.data.lock();
        let tasks = data.tasks.iter().enumerate();
        tasks.map(|(task, running)| TaskInfo { id: self.task_id(task), config: running.shown.clone() }).collect()
    }

    /// What `GET /connectors/{c}/status` answers.
    pub(super) fn status(&self) -> ConnectorStateInfo {
        let data = self.data.lock();
        let version = data.config.as_ref().map(|config| config.plugin.version.clone());
        let worker_id = &self.shared.worker_id;
        ConnectorStateInfo {
            name: self.name.clone(),
            connector: ConnectorState {
                state: data.status.state,
                worker_id: worker_id.clone(),
                version: version.clone(),
                trace: data.trace(Part::Connector, data.status.trace.clone()),
            },
            tasks: data
                .tasks
                .iter()
                .enumerate()
                .map(|(id, task)| {
                    let (id, status) = (u32::try_from(id).unwrap_or(u32::MAX), task.status());
                    TaskState {
                        id,
                        state: status.state,
                        worker_id: worker_id.clone(),
                        version: version.clone(),
                        trace: data.trace(Part::Task(id), status.trace),
                    }
                })
                .collect(),
            kind: data.kind(),
        }
    }

    /// True = the connector or one of its transforms lives in this component.
    pub(super) fn uses(&self, id: &ComponentId) -> bool {
        self.data.lock().config.as_ref().is_some_and(|config| config.uses(id))
    }

    fn task_id(&self, task: usize) -> ConnectorTaskId {
        ConnectorTaskId { connector: self.name.clone(), task: u32::try_from(task).unwrap_or(u32::MAX) }
    }

    /// Takes a new configuration and starts with it. The target state is kept.
    pub(super) async fn configure(
        self: &Arc<Self>,
        submitted: ConfigMap,
        config: ConnectorConfig,
        command_line: bool,
    ) -> Result<(), Error> {
        let _changing = self.changing.lock().await;
        if self.data.lock().ended {
            return Err(Error::Conflict(format!(
                "Connector {} is being deleted; try again when it is gone",
                self.name
            )));
        }
        self.stop_everything().await;
        {
            let mut data = self.data.lock();
            data.submitted = submitted;
            // Once named on the command line it is the command line's, whoever changes it meanwhile.
            data.command_line |= command_line;
        }
        self.take(config);
        self.start().await
    }

    /// Makes a configuration the connector's.
    fn take(self: &Arc<Self>, config: ConnectorConfig) {
        let reload = reload::watch(self, &config);
        // The lock on changes is held, so the one that goes is not within a reload.
        self.data.lock().reload = reload;
        self.supervise(config.restarts);
        self.use_config(config);
    }

    fn use_config(&self, config: ConnectorConfig) {
        self.shared.levels.add_connector(&self.name, &config.class);
        self.data.lock().config = Some(Arc::new(config));
    }

    /// Starts the connector's own instance and the tasks it asks for, if the target state is STARTED. What was kept from an earlier
    /// run is validated first.
    async fn start(self: &Arc<Self>) -> Result<(), Error> {
        let unchecked = {
            let mut data = self.data.lock();
            data.waiting = false;
            data.config.is_none().then(|| data.submitted.clone())
        };
        if let Some(submitted) = unchecked {
            match self.shared.validate(&self.name, &submitted).await {
                Ok(config) => self.take(config),
                Err(error) => {
                    if self.data.lock().supervisor.is_none() {
                        // What its configuration says about restarts is not known.
                        self.supervise(self.shared.worker.restarts);
                    }
                    self.fail(error.to_string());
                    return Err(error);
                }
            }
        }
        let (target, config) = {
            let data = self.data.lock();
            (data.target, data.config.clone().filter(|_| !data.ended))
        };
        let Some(config) = config else { return Ok(()) };
        match target {
            TargetState::Stopped => self.set_status(State::Stopped),
            TargetState::Paused => self.set_status(State::Paused),
            TargetState::Started => {
                let started = self.start_instance(&config).await?;
                self.replace_tasks(&config, started.task_configs).await;
            }
        }
        Ok(())
    }

    /// Starts the connector's own instance and asks it for task configurations. A failure becomes the connector's status.
    async fn start_instance(self: &Arc<Self>, config: &Arc<ConnectorConfig>) -> Result<Started, Error> {
        match watch::start(self, &self.shared, config).await {
            Ok((started, watch)) => {
                let mut data = self.data.lock();
                data.status = Status { state: State::Running, trace: None };
                (data.life, data.hopeless) = (Life::begin(), false);
                data.watch = watch;
                drop(data);
                self.shared.metrics.connectors.record(true);
                info!(connector = self.name, tasks = started.task_configs.len(), "connector started");
                Ok(started)
            }
            Err(Refused { trace, hopeless }) => {
                {
                    let mut data = self.data.lock();
                    (data.life, data.hopeless) = (Life::begin(), hopeless);
                }
                self.shared.metrics.connectors.record(false);
                let trace = self.fail(trace);
                Err(Error::Internal(format!("Failed to start connector: {}\nCaused by: {trace}", self.name)))
            }
        }
    }

    /// Marks the connector itself as failed; its tasks go on. Gives the trace without values of config providers.
    pub(super) fn fail(&self, trace: String) -> String {
        let config = self.data.lock().config.clone();
        let trace = match config {
            Some(config) => config.resolved.secrets().hide(&trace).into_owned(),
            None => trace,
        };
        let trace = bounded(trace, MAX_TRACE);
        tracing::error!(connector = self.name, trace, "connector failed");
        self.data.lock().status = Status { state: State::Failed, trace: Some(trace.clone()) };
        self.failed.notify_one();
        trace
    }

    fn set_status(&self, state: State) {
        self.data.lock().status = Status { state, trace: None };
    }

    /// Runs exactly these tasks. If they are the ones that run already, nothing is touched.
    async fn replace_tasks(self: &Arc<Self>, config: &Arc<ConnectorConfig>, configs: Vec<ConfigMap>) {
        let old = {
            let mut data = self.data.lock();
            let same =
                data.tasks.len() == configs.len()
                    && data.tasks.iter().zip(&configs).all(|(task, new)| {
                        task.config == *new && Arc::ptr_eq(&task.of, config) && task.handle.is_some()
                    });
            if same {
                return;
            }
            std::mem::take(&mut data.tasks)
        };
        self.stop_tasks(old).await;
        let tasks = configs
            .into_iter()
            .zip(0..)
            .map(|(task_config, task)| Task {
                handle: Some(tasks::spawn(
                    &self.shared,
                    config,
                    task,
                    &task_config,
                    Wanted::Running,
                    &self.active_topics,
                    &self.failed,
                )),
                shown: config.resolved.task_config_as_shown(&task_config),
                config: task_config,
                of: Arc::clone(config),
                life: Life::begin(),
                restarting: false,
            })
            .collect();
        self.data.lock().tasks = tasks;
    }

    /// The connector has found out by itself that its tasks changed.
    pub(super) async fn task_configs_changed(self: &Arc<Self>, config: &Arc<ConnectorConfig>, configs: Vec<ConfigMap>) {
        let _changing = self.changing.lock().await;
        let current = {
            let data = self.data.lock();
            data.target == TargetState::Started && data.config.as_ref().is_some_and(|now| Arc::ptr_eq(now, config))
        };
        // Something else may have happened while this waited for its turn.
        if current {
            self.replace_tasks(config, configs).await;
        }
    }

    /// Follows a request to start, pause or stop.
    pub(super) async fn set_target(self: &Arc<Self>, target: TargetState) {
        let before = std::mem::replace(&mut self.data.lock().target, target);
        match target {
            TargetState::Stopped => {
                let _changing = self.changing.lock().await;
                self.stop_everything().await;
                self.set_status(State::Stopped);
            }
            TargetState::Paused => {
                let _changing = self.changing.lock().await;
                self.stop_instance().await;
                let mut data = self.data.lock();
                // As in Kafka Connect, a connector that has failed stays so; its tasks follow all the same.
                if data.status.state != State::Failed {
                    data.status = Status { state: State::Paused, trace: None };
                }
                data.tasks.iter().filter_map(|task| task.handle.as_ref()).for_each(|task| task.want(Wanted::Paused));
            }
            TargetState::Started if before == TargetState::Started => {}
            TargetState::Started => {
                let this = Arc::clone(self);
                tokio::spawn(async move {
                    let _changing = this.changing.lock().await;
                    if this.data.lock().target != TargetState::Started {
                        return;
                    }
                    for task in &this.data.lock().tasks {
                        if let Some(handle) = &task.handle {
                            handle.want(Wanted::Running);
                        }
                    }
                    if let Err(error) = this.refresh().await {
                        warn!(connector = this.name, %error, "the connector is resumed with the values of config providers that it had");
                    }
                    if let Err(error) = this.start().await {
                        warn!(connector = this.name, %error, "the connector could not be resumed");
                    }
                    // What had failed before is to be looked at again.
                    this.failed.notify_one();
                });
            }
        }
    }

    /// Ends for good.
    pub(super) async fn shut_down(&self) {
        let _changing = self.changing.lock().await;
        {
            let mut data = self.data.lock();
            data.ended = true;
            (data.reload, data.supervisor) = (None, None);
        }
        self.stop_everything().await;
        self.set_status(State::Unassigned);
    }

    async fn stop_everything(&self) {
        self.stop_instance().await;
        let tasks = std::mem::take(&mut self.data.lock().tasks);
        self.stop_tasks(tasks).await;
    }

    async fn stop_instance(&self) {
        let watch = self.data.lock().watch.take();
        if let Some(watch) = watch {
            watch.stop().await;
        }
    }

    /// All at once: the time they are given is for all together.
    async fn stop_tasks(&self, tasks: Vec<Task>) {
        let patience = self.shared.worker.task_shutdown_graceful_timeout;
        let stops = tasks.into_iter().filter_map(|task| task.handle).map(|task| task.stop(patience));
        futures_util::future::join_all(stops).await;
    }
}

impl Data {
    fn kind(&self) -> ConnectorType {
        self.config.as_ref().map_or(ConnectorType::Unknown, |config| config.kind)
    }
}
