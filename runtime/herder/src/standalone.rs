//! The herder of a standalone worker: all connectors run here, their configurations and states live in memory, source
//! offsets in a file. Every request of the REST API that is about connectors ends in a method of [`Herder`].

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::RwLock;
use tokio_util::sync::CancellationToken;
use tracing::info;
use weir_plugin::ComponentId;

use super::connector::Connector;
use super::error::Error;
use super::size;
use super::state_file::StateFile;
use weir_api::{
    ConnectorInfo, ConnectorOffset, ConnectorOffsets, ConnectorStateInfo, Message, TargetState, TaskInfo, TaskState,
};
use weir_catalogue::Plugins;
use weir_config::error::Error as KeyError;
use weir_config::{ConnectorConfig, WorkerConfig};
use weir_kafka::admin::Admins;
use weir_kafka::connection::Connections;
use weir_kafka::producer::Producers;
use weir_logging::Levels;
use weir_metrics::WorkerMetrics;
use weir_plugin::ConfigMap;
use weir_storage::offsets::OffsetFile;
use weir_task::memory::InFlightMemory;

/// What a herder works with.
pub struct Options {
    /// The worker's configuration.
    pub worker: Arc<WorkerConfig>,
    /// Where plugins are looked up.
    pub plugins: Plugins,
    /// Where source offsets are stored.
    pub offsets: OffsetFile,
    /// `host:port` under which this worker is reported.
    pub worker_id: String,
    /// The levels of the log.
    pub levels: Levels,
    /// Where connectors are kept across restarts; none = nowhere.
    pub state: Option<StateFile>,
    /// The id of the Kafka cluster.
    pub kafka_cluster_id: Option<String>,
    /// The connections of all Kafka clients of the worker.
    pub connections: Connections,
}

/// What every connector of this worker shares.
pub(super) struct Shared {
    pub(super) worker: Arc<WorkerConfig>,
    pub(super) plugins: Plugins,
    pub(super) offsets: OffsetFile,
    pub(super) worker_id: String,
    pub(super) producers: Producers,
    pub(super) admins: Admins,
    /// The memory of records in flight.
    pub(super) in_flight: InFlightMemory,
    pub(super) metrics: Arc<WorkerMetrics>,
    pub(super) levels: Levels,
    pub(super) state: Option<StateFile>,
    kafka_cluster_id: Option<String>,
    pub(super) stopping: CancellationToken,
    pub(super) connectors: RwLock<BTreeMap<String, Arc<Connector>>>,
}

impl Shared {
    /// Resolves a configuration's references to config providers, checks it, and finds what it names.
    pub(super) async fn validate(&self, name: &str, config: &ConfigMap) -> Result<ConnectorConfig, Error> {
        Ok(ConnectorConfig::prepare(name, config, &self.worker, &self.plugins).await?)
    }
}

/// Owns the connectors of this worker. Cheap to clone.
#[derive(Clone)]
pub struct Herder(pub(super) Arc<Shared>);

/// How a configuration is put.
pub(super) struct Mode {
    /// A connector of this name may be there.
    pub(super) replace: bool,
    /// It comes from a file of the command line.
    pub(super) command_line: bool,
    /// The state of a new connector; none = it runs.
    pub(super) initial: Option<TargetState>,
}

/// What [`Herder::put_connector`] did.
#[derive(Debug)]
pub struct Put {
    /// True = there was no connector of this name before.
    pub created: bool,
    /// The connector as it is now.
    pub info: ConnectorInfo,
}

impl Herder {
    /// A herder whose connectors are those that were kept, not started yet.
    pub fn start(options: Options) -> Self {
        let metrics = Arc::new(WorkerMetrics::new(options.worker.sampling));
        let stopping = CancellationToken::new();
        let kept = options.state.as_ref().map(StateFile::take).unwrap_or_default();
        let in_flight = InFlightMemory::new(options.worker.in_flight_max_bytes);
        let herder = Self(Arc::new(Shared {
            in_flight,
            worker: options.worker,
            plugins: options.plugins,
            offsets: options.offsets,
            worker_id: options.worker_id,
            producers: Producers::new(options.connections.clone()),
            admins: Admins::new(options.connections),
            metrics,
            kafka_cluster_id: options.kafka_cluster_id,
            stopping,
            levels: options.levels,
            state: options.state,
            connectors: RwLock::default(),
        }));
        herder.adopt(kept);
        herder
    }

    /// The Kafka cluster's id.
    pub fn kafka_cluster_id(&self) -> Option<String> {
        self.0.kafka_cluster_id.clone()
    }

    /// The names of all connectors, sorted.
    pub fn connectors(&self) -> Vec<String> {
        self.0.connectors.read().keys().cloned().collect()
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.0
    }

    pub(super) fn all(&self) -> Vec<Arc<Connector>> {
        self.0.connectors.read().values().cloned().collect()
    }

    pub(super) fn find(&self, name: &str) -> Option<Arc<Connector>> {
        self.0.connectors.read().get(name).cloned()
    }

    fn connector(&self, name: &str) -> Result<Arc<Connector>, Error> {
        self.find(name).ok_or_else(|| Error::NotFound(format!("Connector {name} not found")))
    }

    /// A connector's configuration and tasks.
    pub fn connector_info(&self, name: &str) -> Result<ConnectorInfo, Error> {
        Ok(self.connector(name)?.info())
    }

    /// A connector's state and its tasks'.
    pub fn connector_status(&self, name: &str) -> Result<ConnectorStateInfo, Error> {
        let connector = self.find(name);
        let connector = connector.ok_or_else(|| Error::NotFound(format!("No status found for connector {name}")))?;
        Ok(connector.status())
    }

    /// The configurations of a connector's tasks.
    pub fn task_infos(&self, name: &str) -> Result<Vec<TaskInfo>, Error> {
        Ok(self.connector(name)?.task_infos())
    }

    /// The state of one task.
    pub fn task_status(&self, name: &str, task: i32) -> Result<TaskState, Error> {
        self.find(name)
            .and_then(|connector| {
                connector.status().tasks.into_iter().find(|state| i64::from(state.id) == i64::from(task))
            })
            .ok_or_else(|| Error::NotFound(format!("No status found for task {name}-{task}")))
    }

    /// Creates a connector, or replaces the configuration of one that exists (`replace`). Answers once the connector, not yet
    /// its tasks, has started, and is kept if connectors are.
    pub async fn put_connector(
        &self,
        name: &str,
        config: ConfigMap,
        replace: bool,
        initial: Option<TargetState>,
    ) -> Result<Put, Error> {
        self.put(name, config, Mode { replace, command_line: false, initial }).await
    }

    pub(super) async fn put(&self, name: &str, config: ConfigMap, mode: Mode) -> Result<Put, Error> {
        if self.0.stopping.is_cancelled() {
            return Err(Error::Internal("Worker is shutting down".to_owned()));
        }
        size::check_name(name)?;
        size::check_config(&config)?;
        let parsed = self.0.validate(name, &config).await?;
        let (connector, created) = {
            let mut connectors = self.0.connectors.write();
            match connectors.get(name) {
                // Only now, as in Kafka Connect: a configuration that is wrong is said to be so whether or not the name is taken.
                Some(_) if !mode.replace => return Err(Error::AlreadyExists(name.to_owned())),
                Some(connector) => (Arc::clone(connector), false),
                None => {
                    let target = mode.initial.unwrap_or(TargetState::Started);
                    let connector = Arc::new(Connector::new(name, Arc::clone(&self.0), target));
                    connectors.insert(name.to_owned(), Arc::clone(&connector));
                    (connector, true)
                }
            }
        };
        info!(connector = name, created, "connector configured");
        let started = connector.configure(config, parsed, mode.command_line).await;
        // One that does not start is there all the same.
        self.save().await?;
        started?;
        Ok(Put { created, info: connector.info() })
    }

    /// Changes single keys of a connector's configuration; null removes one.
    pub async fn patch_connector(
        &self,
        name: &str,
        patch: impl IntoIterator<Item = (String, Option<String>)>,
    ) -> Result<Put, Error> {
        let mut config = self.connector_info(name)?.config;
        for (key, value) in patch {
            match value {
                Some(value) => drop(config.insert(key, value)),
                None => drop(config.shift_remove(&key)),
            }
        }
        if !config.contains_key("name") {
            return Err(Error::BadRequest(format!(
                "Connector configuration is invalid and contains the following 1 error(s):\n{}\nYou can also find the above \
                 list of errors at the endpoint `/connector-plugins/{{connectorType}}/config/validate`",
                KeyError::missing("name")
            )));
        }
        if let Some(inner) = config.get("name").filter(|inner| *inner != name) {
            return Err(Error::BadRequest(format!(
                "Connector name configuration ({inner}) doesn't match connector name in the URL ({name})"
            )));
        }
        self.put_connector(name, config, true, None).await
    }

    /// Stops a connector and forgets it. Its offsets stay.
    pub async fn delete_connector(&self, name: &str) -> Result<(), Error> {
        let connector = self.connector(name)?;
        // It keeps its name until its tasks have ended: two generations must not run side by side.
        connector.shut_down().await;
        self.0.connectors.write().remove(name);
        self.0.levels.remove_connector(name);
        info!(connector = name, "connector deleted");
        self.save().await
    }

    /// Restarts the connector itself, not its tasks.
    pub async fn restart_connector(&self, name: &str) -> Result<(), Error> {
        let connector = self.find(name);
        let connector = connector.ok_or_else(|| Error::NotFound(format!("Unknown connector: {name}")))?;
        connector.restart().await.map_err(|_| Error::Internal(format!("Failed to start connector: {name}")))
    }

    /// Restarts the connector, and its tasks if asked; only what has failed if asked. Answers when it is done, with the states as
    /// they were and RESTARTING for what was restarted.
    pub async fn restart(
        &self,
        name: &str,
        include_tasks: bool,
        only_failed: bool,
    ) -> Result<ConnectorStateInfo, Error> {
        let connector = self.find(name);
        let connector = connector.ok_or_else(|| Error::NotFound(format!("Unknown connector: {name}")))?;
        Ok(connector.restart_with(include_tasks, only_failed).await)
    }

    /// Restarts one task.
    pub async fn restart_task(&self, name: &str, task: i32) -> Result<(), Error> {
        let connector = self.connector(name)?;
        let task = u32::try_from(task).map_err(|_| Error::NotFound(format!("Task {name}-{task} not found")))?;
        connector.restart_task(task).await
    }

    /// Starts, pauses or stops a connector. Answers when stopping is done; starting goes on behind the answer.
    pub async fn set_target_state(&self, name: &str, target: TargetState) -> Result<(), Error> {
        let connector = self.find(name).ok_or_else(|| match target {
            // Kafka Connect's standalone herder answers so, and its clients know it.
            TargetState::Stopped => Error::Internal(format!("No connector `{name}` configured")),
            TargetState::Started | TargetState::Paused => Error::NotFound(format!("Unknown connector {name}")),
        })?;
        connector.set_target(target).await;
        self.save().await
    }

    /// A connector's offsets: a source's in the worker's store, a sink's in its consumer group.
    pub async fn connector_offsets(&self, name: &str) -> Result<ConnectorOffsets, Error> {
        self.connector(name)?.offsets().await
    }

    /// Alters the given offsets of a stopped connector, or resets all (none given).
    pub async fn modify_offsets(&self, name: &str, change: Option<Vec<ConnectorOffset>>) -> Result<Message, Error> {
        self.connector(name)?.modify_offsets(change).await
    }

    /// The topics that a connector has written to or read from; none for one that does not exist.
    pub fn active_topics(&self, name: &str) -> Vec<String> {
        self.find(name).map(|connector| connector.active_topics()).unwrap_or_default()
    }

    /// Forgets them.
    pub fn reset_active_topics(&self, name: &str) {
        if let Some(connector) = self.find(name) {
            connector.reset_active_topics();
        }
    }

    /// The levels of the log.
    pub fn levels(&self) -> &Levels {
        &self.0.levels
    }

    /// Returns when everything that requests need has been free for a moment: it answers to `GET /health`.
    pub async fn health_check(&self) -> Result<(), Error> {
        let shared = Arc::clone(&self.0);
        let looked = tokio::task::spawn_blocking(move || {
            let connectors: Vec<_> = shared.connectors.read().values().cloned().collect();
            connectors.iter().for_each(|connector| drop(connector.info()));
        });
        looked.await.map_err(|panic| Error::Internal(panic.to_string()))
    }

    /// The connectors that use a component, as connector or as transform.
    pub fn connectors_using(&self, id: &ComponentId) -> Vec<String> {
        let connectors = self.0.connectors.read();
        connectors
            .values()
            .filter(|connector| connector.uses(id))
            .map(|connector| connector.name().to_owned())
            .collect()
    }

    /// Stops everything, each connector within the time that its tasks are given.
    pub async fn shut_down(&self) {
        self.0.stopping.cancel();
        let connectors: Vec<_> = std::mem::take(&mut *self.0.connectors.write()).into_values().collect();
        futures_util::future::join_all(connectors.iter().map(|connector| connector.shut_down())).await;
    }
}
