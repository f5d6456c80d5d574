//! The herder of a standalone worker: all connectors run here. [`ConfigStore`] has the configurations and target states,
//! `crate::executor` runs the connectors, and `crate::restarts` restarts failed parts.

mod auto_restart;
mod connector;
mod offsets;
mod refresh;
mod restart;
mod start_stored;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use parking_lot::RwLock;
use tracing::{info, warn};
use weir_plugin::{ComponentId, ConfigMap};

use crate::error::{Error, Purpose};
use crate::put::Put;
use crate::services::Services;
use crate::size;
use crate::snapshot::ConnectorSnapshot;
use crate::stores::{ConfigStore, Origin, StoredConnector};
use connector::Connector;
use weir_api::{
    ConnectorInfo, ConnectorOffset, ConnectorOffsets, ConnectorStateInfo, Message, TargetState, TaskInfo, TaskState,
};

/// The connectors of a standalone worker. Dropping it ends them.
pub(crate) struct Standalone {
    services: Arc<Services>,
    configs: Arc<dyn ConfigStore>,
    connectors: RwLock<BTreeMap<String, Arc<Connector>>>,
}

/// Options for putting a configuration.
struct PutOptions {
    /// Whether a connector with this name may exist.
    replace: bool,
    origin: Origin,
    /// The target state of a new connector; `None` if it is to run.
    initial: Option<TargetState>,
}

/// Applies a patch: sets the keys that have a value, and removes the others.
fn patched(mut config: ConfigMap, patch: impl IntoIterator<Item = (String, Option<String>)>) -> ConfigMap {
    let mut removed = HashSet::new();
    for (key, value) in patch {
        match value {
            Some(value) => drop(config.insert(key, value)),
            None => drop(removed.insert(key)),
        }
    }
    // All at once: each removal of a single one moves those after it.
    config.retain(|key, _| !removed.contains(key));
    config
}

impl Standalone {
    /// Creates a herder with the stored connectors. [`Standalone::start_stored`] starts them.
    pub(crate) fn new(services: Arc<Services>, configs: Arc<dyn ConfigStore>) -> Self {
        let connectors = configs.connectors().into_keys().map(|name| {
            let connector = Connector::new(&name, Arc::clone(&services), Arc::clone(&configs), true);
            (name, Arc::new(connector))
        });
        let connectors = RwLock::new(connectors.collect());
        Self { services, configs, connectors }
    }

    pub(crate) fn services(&self) -> &Arc<Services> {
        &self.services
    }

    /// Returns the names of all connectors, sorted.
    pub(crate) fn connectors(&self) -> Vec<String> {
        self.connectors.read().keys().cloned().collect()
    }

    fn all(&self) -> Vec<Arc<Connector>> {
        self.connectors.read().values().cloned().collect()
    }

    fn find(&self, name: &str) -> Option<Arc<Connector>> {
        self.connectors.read().get(name).cloned()
    }

    fn connector(&self, name: &str) -> Result<Arc<Connector>, Error> {
        self.find_for(name, Purpose::Other)
    }

    fn find_for(&self, name: &str, purpose: Purpose) -> Result<Arc<Connector>, Error> {
        self.find(name).ok_or_else(|| Error::no_connector(name, purpose))
    }

    pub(crate) fn connector_info(&self, name: &str) -> Result<ConnectorInfo, Error> {
        Ok(self.connector(name)?.info())
    }

    pub(crate) fn connector_status(&self, name: &str) -> Result<ConnectorStateInfo, Error> {
        Ok(self.find_for(name, Purpose::Status)?.status())
    }

    pub(crate) fn task_infos(&self, name: &str) -> Result<Vec<TaskInfo>, Error> {
        Ok(self.connector(name)?.task_infos())
    }

    pub(crate) fn task_status(&self, name: &str, task: i32) -> Result<TaskState, Error> {
        self.find(name)
            .and_then(|connector| {
                connector.status().tasks.into_iter().find(|state| i64::from(state.id) == i64::from(task))
            })
            .ok_or_else(|| Error::NoTaskStatus { connector: name.to_owned(), task })
    }

    pub(crate) async fn put_connector(
        &self,
        name: &str,
        config: ConfigMap,
        replace: bool,
        initial: Option<TargetState>,
    ) -> Result<Put, Error> {
        self.put(name, config, PutOptions { replace, origin: Origin::Rest, initial }).await
    }

    async fn put(&self, name: &str, config: ConfigMap, options: PutOptions) -> Result<Put, Error> {
        if self.services.stopping.is_cancelled() {
            return Err(Error::ShuttingDown);
        }
        size::check_name(name)?;
        size::check_config(&config)?;
        let parsed = self.services.validate(name, &config).await?;
        let (connector, created) = {
            let mut connectors = self.connectors.write();
            match connectors.get(name) {
                // After the validation, as in Kafka Connect: an invalid configuration is reported whether or not the name exists.
                Some(_) if !options.replace => return Err(Error::AlreadyExists { connector: name.to_owned() }),
                Some(connector) => (Arc::clone(connector), false),
                None => {
                    let target = options.initial.unwrap_or(TargetState::Started);
                    let stored = StoredConnector { config: ConfigMap::new(), target, origin: options.origin };
                    self.configs.put(name, stored);
                    let (services, configs) = (Arc::clone(&self.services), Arc::clone(&self.configs));
                    let connector = Arc::new(Connector::new(name, services, configs, false));
                    connectors.insert(name.to_owned(), Arc::clone(&connector));
                    (connector, true)
                }
            }
        };
        info!(connector = name, created, "connector configured");
        let started = connector.configure(config, parsed, options.origin).await;
        // A connector that fails to start exists nevertheless.
        self.save().await?;
        started?;
        Ok(Put { created, info: connector.info() })
    }

    pub(crate) async fn patch_connector(
        &self,
        name: &str,
        patch: impl IntoIterator<Item = (String, Option<String>)>,
    ) -> Result<Put, Error> {
        let config = patched(self.connector_info(name)?.config, patch);
        if !config.contains_key("name") {
            return Err(Error::NameMissing);
        }
        if let Some(configured) = config.get("name").filter(|configured| *configured != name) {
            return Err(Error::NameMismatch { configured: configured.clone(), connector: name.to_owned() });
        }
        self.put_connector(name, config, true, None).await
    }

    pub(crate) async fn delete_connector(&self, name: &str) -> Result<(), Error> {
        let connector = self.connector(name)?;
        // It keeps its name until its tasks have ended, so that two generations never run at the same time.
        connector.shut_down().await;
        {
            // The lock is held so that this does not delete what is stored for a new connector with this name.
            let mut connectors = self.connectors.write();
            let is_same = connectors.get(name).is_some_and(|now| Arc::ptr_eq(now, &connector));
            if is_same {
                connectors.remove(name);
                self.configs.remove(name);
                self.services.statuses.remove(name);
                self.services.levels().remove_connector(name);
            }
        }
        info!(connector = name, "connector deleted");
        self.save().await
    }

    pub(crate) async fn restart_connector(&self, name: &str) -> Result<(), Error> {
        let restarted = self.find_for(name, Purpose::Restart)?.restart().await;
        // Kafka Connect does not answer with the cause, which is in the status.
        restarted.map_err(|_| Error::NotStarted { connector: name.to_owned(), trace: None })
    }

    pub(crate) async fn restart(
        &self,
        name: &str,
        include_tasks: bool,
        only_failed: bool,
    ) -> Result<ConnectorStateInfo, Error> {
        let connector = self.find_for(name, Purpose::Restart)?;
        Ok(connector.restart_with(include_tasks, only_failed).await)
    }

    pub(crate) async fn restart_task(&self, name: &str, task: i32) -> Result<(), Error> {
        let connector = self.connector(name)?;
        let task = u32::try_from(task).map_err(|_| Error::no_task(name, task))?;
        connector.restart_task(task).await
    }

    pub(crate) async fn set_target_state(&self, name: &str, target: TargetState) -> Result<(), Error> {
        let purpose = match target {
            TargetState::Stopped => Purpose::Stop,
            TargetState::Started | TargetState::Paused => Purpose::PauseOrResume,
        };
        let connector = self.find_for(name, purpose)?;
        connector.set_target(target).await;
        self.save().await
    }

    pub(crate) async fn connector_offsets(&self, name: &str) -> Result<ConnectorOffsets, Error> {
        self.connector(name)?.offsets().await
    }

    pub(crate) async fn modify_offsets(
        &self,
        name: &str,
        change: Option<Vec<ConnectorOffset>>,
    ) -> Result<Message, Error> {
        self.connector(name)?.modify_offsets(change).await
    }

    pub(crate) fn active_topics(&self, name: &str) -> Vec<String> {
        self.find(name).map(|connector| connector.active_topics()).unwrap_or_default()
    }

    pub(crate) fn reset_active_topics(&self, name: &str) {
        if let Some(connector) = self.find(name) {
            connector.reset_active_topics();
        }
    }

    pub(crate) fn snapshots(&self) -> Vec<ConnectorSnapshot> {
        self.all().iter().map(|connector| connector.snapshot()).collect()
    }

    /// Acquires every lock that requests need, once.
    pub(crate) fn check_health(&self) {
        self.all().iter().for_each(|connector| drop(connector.info()));
    }

    pub(crate) fn connectors_using(&self, id: &ComponentId) -> Vec<String> {
        let connectors = self.connectors.read();
        connectors
            .values()
            .filter(|connector| connector.uses(id))
            .map(|connector| connector.name().to_owned())
            .collect()
    }

    /// Makes the stored connectors durable. Every change of them is followed by this before it is acknowledged.
    async fn save(&self) -> Result<(), Error> {
        self.configs.save().await.map_err(|error| {
            warn!(%error, "connector change not saved; it is lost if the worker restarts before the next change");
            Error::NotSaved(error)
        })
    }

    pub(crate) async fn shut_down(&self) {
        self.services.stopping.cancel();
        let connectors: Vec<_> = std::mem::take(&mut *self.connectors.write()).into_values().collect();
        futures_util::future::join_all(connectors.iter().map(|connector| connector.shut_down())).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_sets_and_removes_keys_and_keeps_their_order() {
        let text = |text: &str| text.to_owned();
        let config: ConfigMap = ["a", "b", "c", "d"].iter().map(|key| (text(key), text("1"))).collect();
        let patch = [(text("b"), None), (text("e"), Some(text("2"))), (text("c"), Some(text("2"))), (text("x"), None)];
        let patched: Vec<(String, String)> = patched(config, patch).into_iter().collect();
        let expected = [("a", "1"), ("c", "2"), ("d", "1"), ("e", "2")];
        assert_eq!(patched, expected.map(|(key, value)| (text(key), text(value))));
    }

    /// If each removal moved the keys after it, this would take hours.
    #[test]
    fn very_many_keys_are_removed() {
        let keys = || (0..300_000).map(|number| number.to_string());
        let config: ConfigMap = keys().map(|key| (key, String::new())).collect();
        assert!(patched(config, keys().map(|key| (key, None))).is_empty());
    }
}
