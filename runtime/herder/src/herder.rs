//! The herder of a worker. Every REST request about connectors calls a method of [`Herder`].

use std::collections::HashSet;
use std::sync::Arc;

use crate::error::Error;
use crate::put::Put;
use crate::services::{Options, Services};
use crate::snapshot::ConnectorSnapshot;
use crate::standalone::Standalone;
use crate::stores::ConfigStore;
use weir_api::{
    ConnectorInfo, ConnectorOffset, ConnectorOffsets, ConnectorStateInfo, Message, TargetState, TaskInfo, TaskState,
};
use weir_plugin::{ComponentId, ConfigMap};

/// Owns the connectors of a worker. Cheap to clone; the connectors end with the last clone.
#[derive(Clone)]
pub struct Herder(Kind);

/// The kinds of herders. The set is closed, so this is not a trait.
#[derive(Clone)]
enum Kind {
    Standalone(Arc<Standalone>),
}

/// Calls a method of the herder, of whatever kind it is.
macro_rules! each {
    ($herder:expr, $method:ident ( $($argument:expr),* )) => {
        match &$herder.0 {
            Kind::Standalone(herder) => herder.$method($($argument),*),
        }
    };
}

impl Herder {
    /// Creates the herder of a standalone worker. Its connectors are the stored ones; they are not started yet.
    pub fn standalone(options: Options, configs: Arc<dyn ConfigStore>) -> Self {
        let services = Arc::new(Services::new(options));
        Self(Kind::Standalone(Arc::new(Standalone::new(services, configs))))
    }

    /// Returns what the connectors and tasks of this worker share.
    pub fn services(&self) -> &Services {
        each!(self, services())
    }

    /// Returns the names of all connectors, sorted.
    pub fn connectors(&self) -> Vec<String> {
        each!(self, connectors())
    }

    /// Returns a connector's configuration and tasks.
    pub fn connector_info(&self, name: &str) -> Result<ConnectorInfo, Error> {
        each!(self, connector_info(name))
    }

    /// Returns the states of a connector and its tasks.
    pub fn connector_status(&self, name: &str) -> Result<ConnectorStateInfo, Error> {
        each!(self, connector_status(name))
    }

    /// Returns the configurations of a connector's tasks.
    pub fn task_infos(&self, name: &str) -> Result<Vec<TaskInfo>, Error> {
        each!(self, task_infos(name))
    }

    /// Returns the state of one task.
    pub fn task_status(&self, name: &str, task: i32) -> Result<TaskState, Error> {
        each!(self, task_status(name, task))
    }

    /// Creates a connector, or with `replace` changes the configuration of an existing one. Returns once the connector itself has started,
    /// before its tasks have; it is stored by then if connectors are stored.
    pub async fn put_connector(
        &self,
        name: &str,
        config: ConfigMap,
        replace: bool,
        initial: Option<TargetState>,
    ) -> Result<Put, Error> {
        each!(self, put_connector(name, config, replace, initial)).await
    }

    /// Changes single keys of a connector's configuration; a value of `None` removes a key.
    pub async fn patch_connector(
        &self,
        name: &str,
        patch: impl IntoIterator<Item = (String, Option<String>)>,
    ) -> Result<Put, Error> {
        each!(self, patch_connector(name, patch)).await
    }

    /// Stops a connector and deletes it. Its offsets stay.
    pub async fn delete_connector(&self, name: &str) -> Result<(), Error> {
        each!(self, delete_connector(name)).await
    }

    /// Restarts the connector itself, not its tasks.
    pub async fn restart_connector(&self, name: &str) -> Result<(), Error> {
        each!(self, restart_connector(name)).await
    }

    /// Restarts the connector, and its tasks if requested; only failed ones if requested. Returns afterwards the states from before the
    /// restart, with RESTARTING for what was restarted.
    pub async fn restart(
        &self,
        name: &str,
        include_tasks: bool,
        only_failed: bool,
    ) -> Result<ConnectorStateInfo, Error> {
        each!(self, restart(name, include_tasks, only_failed)).await
    }

    /// Restarts one task.
    pub async fn restart_task(&self, name: &str, task: i32) -> Result<(), Error> {
        each!(self, restart_task(name, task)).await
    }

    /// Starts, pauses or stops a connector. Returns when stopping is done; starting continues after that.
    pub async fn set_target_state(&self, name: &str, target: TargetState) -> Result<(), Error> {
        each!(self, set_target_state(name, target)).await
    }

    /// Returns a connector's offsets: a source's from the worker's store, a sink's from its consumer group.
    pub async fn connector_offsets(&self, name: &str) -> Result<ConnectorOffsets, Error> {
        each!(self, connector_offsets(name)).await
    }

    /// Alters the given offsets of a stopped connector, or resets all if none are given.
    pub async fn modify_offsets(&self, name: &str, change: Option<Vec<ConnectorOffset>>) -> Result<Message, Error> {
        each!(self, modify_offsets(name, change)).await
    }

    /// Returns the topics that a connector has written to or read from. If it does not exist, the list is empty.
    pub fn active_topics(&self, name: &str) -> Vec<String> {
        each!(self, active_topics(name))
    }

    /// Forgets the topics that a connector has written to or read from.
    pub fn reset_active_topics(&self, name: &str) {
        each!(self, reset_active_topics(name));
    }

    /// Returns all connectors and tasks with their states and counters, by name.
    pub fn snapshots(&self) -> Vec<ConnectorSnapshot> {
        each!(self, snapshots())
    }

    /// Returns the connectors that use a component, as connector or as transform.
    pub fn connectors_using(&self, id: &ComponentId) -> Vec<String> {
        each!(self, connectors_using(id))
    }

    /// Returns once every lock that requests need has been available. Used for `GET /health`.
    pub async fn health_check(&self) -> Result<(), Error> {
        let herder = self.clone();
        Ok(tokio::task::spawn_blocking(move || each!(herder, check_health())).await?)
    }

    /// Starts the connectors that an earlier run has stored, except those that are named on the command line. One that cannot start is
    /// FAILED. Called once.
    pub async fn start_stored(&self, command_line: &HashSet<String>) -> Result<(), Error> {
        each!(self, start_stored(command_line)).await
    }

    /// Creates a connector that is named on the command line. `initial` takes precedence over the target state that was stored.
    pub async fn create_named(
        &self,
        name: &str,
        config: ConfigMap,
        initial: Option<TargetState>,
    ) -> Result<Put, Error> {
        each!(self, create_named(name, config, initial)).await
    }

    /// Stops all connectors, each within the timeout for its tasks.
    pub async fn shut_down(&self) {
        each!(self, shut_down()).await;
    }
}
