//! What the config topic says about all connectors (`ClusterConfigState`). Clones share the configurations.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_api::{ConnectorTaskId, TargetState};

use super::{Properties, SessionKey};

/// The state after the records that were read so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigState {
    pub(super) offset: i64,
    pub(super) session_key: Option<SessionKey>,
    pub(super) connectors: BTreeMap<String, Arc<Connector>>,
}

/// What is known about a connector. Some of it remains when the connector is deleted, and applies to the next one with its name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Connector {
    /// `None` if it does not exist.
    pub(super) config: Option<Arc<Properties>>,
    pub(super) target: Option<TargetState>,
    pub(super) task_count: Option<u32>,
    /// The committed configurations of tasks. Those from `task_count` on are of earlier tasks.
    pub(super) tasks: BTreeMap<u32, Arc<Properties>>,
    /// Configurations of tasks that are not committed; `None` if there were none since the connector was created.
    pub(super) deferred: Option<BTreeMap<u32, Arc<Properties>>>,
    pub(super) fenced_tasks: Option<u32>,
    pub(super) generation: Option<u32>,
    pub(super) applied: Option<Arc<Properties>>,
    pub(super) is_fencing_pending: bool,
    pub(super) is_inconsistent: bool,
}

impl Default for ConfigState {
    fn default() -> Self {
        Self { offset: Self::NO_OFFSET, session_key: None, connectors: BTreeMap::new() }
    }
}

impl ConfigState {
    /// The offset before any record was read.
    pub const NO_OFFSET: i64 = -1;

    fn get(&self, connector: &str) -> Option<&Connector> {
        self.connectors.get(connector).map(Arc::as_ref)
    }

    /// Returns the offset after the last record that was read.
    pub fn offset(&self) -> i64 {
        self.offset
    }

    /// Returns the key with which workers sign requests.
    pub fn session_key(&self) -> Option<&SessionKey> {
        self.session_key.as_ref()
    }

    /// Returns the names of the connectors in alphabetical order.
    pub fn connectors(&self) -> impl Iterator<Item = &str> {
        let existing = self.connectors.iter().filter(|(_, connector)| connector.config.is_some());
        existing.map(|(name, _)| name.as_str())
    }

    /// Returns the configuration of a connector; `None` if it does not exist.
    pub fn config(&self, connector: &str) -> Option<&Arc<Properties>> {
        self.get(connector)?.config.as_ref()
    }

    /// Returns the target state of a connector, which may have been written before the connector.
    pub fn target(&self, connector: &str) -> Option<TargetState> {
        self.get(connector)?.target
    }

    /// Returns the number of tasks of the last commit, complete or not; `None` if there was none.
    pub fn task_count(&self, connector: &str) -> Option<u32> {
        self.get(connector)?.task_count
    }

    /// Returns the tasks of a connector; none if the last set of their configurations is not complete.
    pub fn tasks(&self, connector: &str) -> impl Iterator<Item = ConnectorTaskId> {
        let count = if self.is_inconsistent(connector) { 0 } else { self.task_count(connector).unwrap_or(0) };
        let connector = connector.to_owned();
        (0..count).map(move |task| ConnectorTaskId { connector: connector.clone(), task })
    }

    /// Returns the committed configuration of a task.
    pub fn task_config(&self, connector: &str, task: u32) -> Option<&Arc<Properties>> {
        self.get(connector)?.tasks.get(&task)
    }

    /// Returns the connectors of whose tasks the last set of configurations is not complete, because the topic was compacted. The worker
    /// that runs such a connector has to write a new set.
    pub fn inconsistent(&self) -> impl Iterator<Item = &str> {
        let inconsistent = self.connectors.iter().filter(|(_, connector)| connector.is_inconsistent);
        inconsistent.map(|(name, _)| name.as_str())
    }

    /// Whether the last set of configurations of a connector's tasks is not complete.
    pub fn is_inconsistent(&self, connector: &str) -> bool {
        self.get(connector).is_some_and(|connector| connector.is_inconsistent)
    }

    /// Returns the number of tasks that the next round of fencing has to consider; `None` if no round has been recorded.
    pub fn fenced_tasks(&self, connector: &str) -> Option<u32> {
        self.get(connector)?.fenced_tasks
    }

    /// Whether configurations of tasks were committed after the last round of fencing.
    pub fn is_fencing_pending(&self, connector: &str) -> bool {
        self.get(connector).is_some_and(|connector| connector.is_fencing_pending)
    }

    /// Returns how many sets of configurations of its tasks were committed, from 0. It depends on where reading began, so that it can only
    /// be compared with an earlier value of the same reader.
    pub fn generation(&self, connector: &str) -> Option<u32> {
        self.get(connector)?.generation
    }

    /// Returns the configuration that the connector had when its tasks' configurations were committed.
    pub fn applied_config(&self, connector: &str) -> Option<&Arc<Properties>> {
        self.get(connector)?.applied.as_ref()
    }
}
