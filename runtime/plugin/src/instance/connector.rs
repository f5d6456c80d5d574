//! A connector as a whole in its sandbox.

use std::sync::Arc;
use std::time::Duration;

use super::call;
use crate::batch::{ConfigMap, ConnectorRequests, PluginConfig};
use crate::call::{CallError, Sandbox};
use crate::contract::{Connector, ConnectorCheck, each};
use crate::metrics::Metrics;

/// What the configurations of all tasks of a connector may have together, in bytes: they are held and shown as long as it runs.
const TASK_CONFIGS_MAX: usize = 16 << 20;

/// What an entry costs beside its key and its value.
const ENTRY_BYTES: usize = 64;

/// A connector. Made by [`Component::connector`](crate::Component::connector); the calls follow the order of `wit/connector.wit`.
pub struct ConnectorInstance {
    sandbox: Sandbox,
    guest: Connector,
    check: Option<ConnectorCheck>,
}

impl ConnectorInstance {
    pub(crate) fn new(sandbox: Sandbox, guest: Connector, check: Option<ConnectorCheck>) -> Self {
        Self { sandbox, guest, check }
    }

    /// What the guest counts; may be read at any time.
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(self.sandbox.store.data().stats.metrics())
    }

    /// Called once, first.
    ///
    /// # Errors
    ///
    /// The plugin refuses, or trapped. Either way the connector has failed.
    pub async fn start(&mut self, config: &PluginConfig) -> Result<(), CallError> {
        let class = self.sandbox.store.data().log.identity().class.clone();
        call!(self.sandbox, "connector.start", |store| each!(&self.guest, |guest| guest.start(store, &class, config)))?
    }

    /// The configurations of the tasks. Called after `start` and whenever the plugin requested it. The plugin is asked for at most
    /// `max_tasks`; the caller decides what follows if there are more.
    ///
    /// # Errors
    ///
    /// The plugin returned an error, trapped, or returned too large ones.
    pub async fn task_configs(&mut self, max_tasks: u32) -> Result<Vec<ConfigMap>, CallError> {
        let guest = &self.guest;
        let configs = call!(self.sandbox, "connector.task-configs", |store| each!(guest, |guest| guest
            .task_configs(store, max_tasks)))??;
        let bytes: usize = configs.iter().flatten().map(|(key, value)| key.len() + value.len() + ENTRY_BYTES).sum();
        if bytes > TASK_CONFIGS_MAX {
            let lie = format!("the task configurations have {bytes} bytes together; the limit is {TASK_CONFIGS_MAX}");
            return Err(self.sandbox.lie("connector.task-configs", lie));
        }
        Ok(configs)
    }

    /// Whether the plugin looks for changes while the connector runs. If not, the instance is of no use after `task_configs`.
    pub fn has_check(&self) -> bool {
        self.check.is_some()
    }

    /// Lets the plugin look for changes. The answer is the time until the next check; none = no other. What is to be done about changes is
    /// in [`ConnectorInstance::take_requests`].
    ///
    /// # Errors
    ///
    /// The plugin could not look now (log it, and check again later), gave up, or trapped.
    pub async fn check(&mut self) -> Result<Option<Duration>, CallError> {
        let Some(check) = &self.check else { return Ok(None) };
        call!(self.sandbox, "connector-check.check", |store| each!(check, |guest| guest.check(store)))?
    }

    /// What the guest asked for through `connector-context` since this was called last. To be looked at after each call.
    pub fn take_requests(&mut self) -> ConnectorRequests {
        std::mem::take(&mut self.sandbox.store.data_mut().requests.connector)
    }

    /// Called once, last, unless the instance trapped.
    ///
    /// # Errors
    ///
    /// It trapped while stopping.
    pub async fn stop(&mut self) -> Result<(), CallError> {
        call!(self.sandbox, "connector.stop", |store| each!(&self.guest, |guest| guest.stop(store)))
    }
}
