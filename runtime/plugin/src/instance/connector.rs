//! The instance of a connector.

use std::sync::Arc;
use std::time::Duration;

use super::call;
use crate::batch::{ConfigMap, ConnectorRequests, PluginConfig};
use crate::call::{CallError, Sandbox};
use crate::contract::{Connector, ConnectorCheck, each};
use crate::metrics::Metrics;

/// The maximum number of bytes of all task configurations of a connector, which are kept as long as it runs.
const TASK_CONFIGS_MAX: usize = 16 << 20;

/// The number of bytes of an entry apart from its key and value.
const ENTRY_BYTES: usize = 64;

/// A connector, created by [`Component::connector`](crate::Component::connector). The calls are in the order of `wit/connector.wit`.
pub struct ConnectorInstance {
    sandbox: Sandbox,
    guest: Connector,
    check: Option<ConnectorCheck>,
}

impl ConnectorInstance {
    pub(crate) fn new(sandbox: Sandbox, guest: Connector, check: Option<ConnectorCheck>) -> Self {
        Self { sandbox, guest, check }
    }

    /// Returns the metrics of the guest, at any time.
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(self.sandbox.store.data().stats.metrics())
    }

    /// Call this once, as the first call.
    ///
    /// # Errors
    ///
    /// The plugin returned an error, or trapped. In both cases the connector has failed.
    pub async fn start(&mut self, config: &PluginConfig) -> Result<(), CallError> {
        let class = self.sandbox.store.data().log.identity().class.clone();
        call!(self.sandbox, "connector.start", |store| each!(&self.guest, |guest| guest.start(store, &class, config)))?
    }

    /// Returns the configurations of the tasks. Call this after `start` and when the plugin requests it. The plugin is asked for at most
    /// `max_tasks`; the caller decides what to do if there are more.
    ///
    /// # Errors
    ///
    /// The plugin returned an error, trapped, or returned too large configurations.
    pub async fn task_configs(&mut self, max_tasks: u32) -> Result<Vec<ConfigMap>, CallError> {
        let guest = &self.guest;
        let configs = call!(self.sandbox, "connector.task-configs", |store| each!(guest, |guest| guest
            .task_configs(store, max_tasks)))??;
        let bytes: usize = configs.iter().flatten().map(|(key, value)| key.len() + value.len() + ENTRY_BYTES).sum();
        if bytes > TASK_CONFIGS_MAX {
            let violation = format!("the task configurations have {bytes} bytes; the limit is {TASK_CONFIGS_MAX}");
            return Err(self.sandbox.contract_violation("connector.task-configs", violation));
        }
        Ok(configs)
    }

    /// Returns whether the plugin has checks. If not, the instance is not needed after `task_configs`.
    pub fn has_check(&self) -> bool {
        self.check.is_some()
    }

    /// Lets the plugin look for changes. Returns the time until the next check, or `None` if there is none. Requests of the plugin are in
    /// [`ConnectorInstance::take_requests`].
    ///
    /// # Errors
    ///
    /// A retriable error (log it, and check again later), a fatal one, or a trap.
    pub async fn check(&mut self) -> Result<Option<Duration>, CallError> {
        let Some(check) = &self.check else { return Ok(None) };
        call!(self.sandbox, "connector-check.check", |store| each!(check, |guest| guest.check(store)))?
    }

    /// Returns what the guest requested through `connector-context` since the last time. Call this after each other call.
    pub fn take_requests(&mut self) -> ConnectorRequests {
        std::mem::take(&mut self.sandbox.store.data_mut().requests.connector)
    }

    /// Call this once, as the last call, unless the instance trapped.
    ///
    /// # Errors
    ///
    /// It trapped.
    pub async fn stop(&mut self) -> Result<(), CallError> {
        call!(self.sandbox, "connector.stop", |store| each!(&self.guest, |guest| guest.stop(store)))
    }
}
