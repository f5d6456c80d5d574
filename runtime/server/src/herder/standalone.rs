//! The herder of a standalone worker: all connectors run here, their configurations and states live in memory, source
//! offsets in a file. Every request of the REST API that is about connectors ends in a method of [`Herder`].

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::RwLock;
use tokio_util::sync::CancellationToken;
use tracing::info;
use weir_plugin::ComponentId;

use super::api::{ConfigMap, ConnectorInfo, ConnectorStateInfo, Error, TargetState, TaskInfo, TaskState};
use super::connector::Connector;
use crate::config::{ConnectorConfig, WorkerConfig};
use crate::kafka::cluster::ClusterId;
use crate::kafka::producer::Producers;
use crate::metrics::WorkerMetrics;
use crate::offsets::OffsetFile;
use crate::plugins::Plugins;

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
}

/// What every connector of this worker shares.
pub(super) struct Shared {
    pub(super) worker: Arc<WorkerConfig>,
    pub(super) plugins: Plugins,
    pub(super) offsets: OffsetFile,
    pub(super) worker_id: String,
    pub(super) producers: Producers,
    pub(super) metrics: Arc<WorkerMetrics>,
    cluster_id: ClusterId,
    stopping: CancellationToken,
    connectors: RwLock<BTreeMap<String, Arc<Connector>>>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        // The search for the cluster must not outlive the herder, however it ends.
        self.stopping.cancel();
    }
}

/// Owns the connectors of this worker. Cheap to clone.
#[derive(Clone)]
pub struct Herder(Arc<Shared>);

/// What [`Herder::put_connector`] did.
#[derive(Debug)]
pub struct Put {
    /// True = there was no connector of this name before.
    pub created: bool,
    /// The connector as it is now.
    pub info: ConnectorInfo,
}

impl Herder {
    /// A herder without connectors. Begins to look for the Kafka cluster.
    pub fn start(options: Options) -> Self {
        let cluster_id = ClusterId::default();
        let stopping = CancellationToken::new();
        cluster_id.learn(&options.worker.admin_properties(), stopping.clone());
        Self(Arc::new(Shared {
            worker: options.worker,
            plugins: options.plugins,
            offsets: options.offsets,
            worker_id: options.worker_id,
            producers: Producers::default(),
            metrics: Arc::default(),
            cluster_id,
            stopping,
            connectors: RwLock::default(),
        }))
    }

    /// The Kafka cluster's id, once the cluster has answered.
    pub fn kafka_cluster_id(&self) -> Option<String> {
        self.0.cluster_id.get()
    }

    /// The names of all connectors, sorted.
    pub fn connectors(&self) -> Vec<String> {
        self.0.connectors.read().keys().cloned().collect()
    }

    fn find(&self, name: &str) -> Option<Arc<Connector>> {
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
    pub fn task_status(&self, name: &str, task: u32) -> Result<TaskState, Error> {
        self.find(name)
            .and_then(|connector| connector.status().tasks.into_iter().find(|state| state.id == task))
            .ok_or_else(|| Error::NotFound(format!("No status found for task {name}-{task}")))
    }

    /// Creates a connector, or replaces the configuration of one that exists (`replace`). Answers once the connector, not yet
    /// its tasks, has started.
    pub async fn put_connector(
        &self,
        name: &str,
        config: ConfigMap,
        replace: bool,
        initial: Option<TargetState>,
    ) -> Result<Put, Error> {
        if self.0.stopping.is_cancelled() {
            return Err(Error::Internal("Worker is shutting down".to_owned()));
        }
        let parsed = ConnectorConfig::validate(name, &config, &self.0.worker, &self.0.plugins)
            .await
            .map_err(|errors| Error::BadRequest(errors.to_string()))?;
        let (connector, created) = {
            let mut connectors = self.0.connectors.write();
            match connectors.get(name) {
                // Only now, as in Kafka Connect: a configuration that is wrong is said to be so whether or not the name is taken.
                Some(_) if !replace => return Err(Error::AlreadyExists(name.to_owned())),
                Some(connector) => (Arc::clone(connector), false),
                None => {
                    let target = initial.unwrap_or(TargetState::Started);
                    let connector = Arc::new(Connector::new(name, Arc::clone(&self.0), target));
                    connectors.insert(name.to_owned(), Arc::clone(&connector));
                    (connector, true)
                }
            }
        };
        info!(connector = name, created, "connector configured");
        connector.configure(config, parsed).await?;
        Ok(Put { created, info: connector.info() })
    }

    /// Stops a connector and forgets it. Its offsets stay.
    pub async fn delete_connector(&self, name: &str) -> Result<(), Error> {
        let connector = self.connector(name)?;
        // It keeps its name until its tasks have ended: two generations must not run side by side.
        connector.shut_down().await;
        self.0.connectors.write().remove(name);
        info!(connector = name, "connector deleted");
        Ok(())
    }

    /// Restarts the connector itself, not its tasks.
    pub async fn restart_connector(&self, name: &str) -> Result<(), Error> {
        let connector = self.find(name);
        let connector = connector.ok_or_else(|| Error::NotFound(format!("Unknown connector: {name}")))?;
        connector.restart().await.map_err(|_| Error::Internal(format!("Failed to start connector: {name}")))
    }

    /// Restarts the connector, and its tasks if asked; only what has failed if asked. Answers at once, with the state in which
    /// everything that will be restarted is RESTARTING.
    pub fn restart(&self, name: &str, include_tasks: bool, only_failed: bool) -> Result<ConnectorStateInfo, Error> {
        let connector = self.find(name);
        let connector = connector.ok_or_else(|| Error::NotFound(format!("Unknown connector: {name}")))?;
        Ok(connector.restart_later(include_tasks, only_failed))
    }

    /// Restarts one task.
    pub async fn restart_task(&self, name: &str, task: u32) -> Result<(), Error> {
        self.connector(name)?.restart_task(task).await
    }

    /// Starts, pauses or stops a connector. Answers when stopping is done; starting goes on behind the answer.
    pub async fn set_target_state(&self, name: &str, target: TargetState) -> Result<(), Error> {
        let connector = self.find(name).ok_or_else(|| match target {
            // Kafka Connect's standalone herder answers so, and its clients know it.
            TargetState::Stopped => Error::Internal(format!("No connector `{name}` configured")),
            TargetState::Started | TargetState::Paused => Error::NotFound(format!("Unknown connector {name}")),
        })?;
        connector.set_target(target).await;
        Ok(())
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
