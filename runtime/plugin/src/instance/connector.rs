//! A connector as a whole in its sandbox.

use std::sync::Arc;

use super::call;
use crate::batch::{ConfigMap, ConnectorStarted};
use crate::call::{CallError, Sandbox};
use crate::metrics::Metrics;
use crate::v0_1;

/// What the configurations of all tasks of a connector may have together, in bytes: they are held and shown as long as it runs.
const TASK_CONFIGS_MAX: usize = 16 << 20;

/// What an entry costs beside its key and its value.
const ENTRY_BYTES: usize = 64;

/// A connector. Made by [`Component::connector`](crate::Component::connector); the calls follow the order of `wit/connector.wit`.
pub struct ConnectorInstance {
    sandbox: Sandbox,
    guest: v0_1::Connector,
}

impl ConnectorInstance {
    pub(crate) fn new(sandbox: Sandbox, guest: v0_1::Connector) -> Self {
        Self { sandbox, guest }
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
    pub async fn start(&mut self, config: &ConfigMap) -> Result<ConnectorStarted, CallError> {
        let identity = self.sandbox.store.data().log.identity().clone();
        call!(self.sandbox, "connector.start", |store| self.guest.start(store, &identity, config))?
    }

    /// The configurations of the tasks, at most `max_tasks`. Called after `start` and whenever `check` says that they changed.
    ///
    /// # Errors
    ///
    /// The plugin asks to be called later, gave up, trapped, or made too many or too large ones.
    pub async fn task_configs(&mut self, max_tasks: u32) -> Result<Vec<ConfigMap>, CallError> {
        let guest = &self.guest;
        let configs = call!(self.sandbox, "connector.task-configs", |store| guest.task_configs(store, max_tasks))??;
        if configs.len() > max_tasks as usize {
            let lie = format!("{} task configurations where tasks.max is {max_tasks}", configs.len());
            return Err(self.sandbox.lie("connector.task-configs", lie));
        }
        let bytes: usize = configs.iter().flatten().map(|(key, value)| key.len() + value.len() + ENTRY_BYTES).sum();
        if bytes > TASK_CONFIGS_MAX {
            let lie = format!("the task configurations have {bytes} bytes together; the limit is {TASK_CONFIGS_MAX}");
            return Err(self.sandbox.lie("connector.task-configs", lie));
        }
        Ok(configs)
    }

    /// Whether `task_configs` would answer differently now. Called as often as `start` asked for.
    ///
    /// # Errors
    ///
    /// The plugin could not look now (log it, ask again later), gave up, or trapped.
    pub async fn check(&mut self) -> Result<bool, CallError> {
        call!(self.sandbox, "connector.check", |store| self.guest.check(store))?
    }

    /// Called once, last, unless the instance trapped.
    ///
    /// # Errors
    ///
    /// It trapped while stopping.
    pub async fn stop(&mut self) -> Result<(), CallError> {
        call!(self.sandbox, "connector.stop", |store| self.guest.stop(store))
    }
}
