//! The configurations and target states of connectors.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;

use parking_lot::RwLock;

use weir_api::TargetState;
use weir_plugin::ConfigMap;

/// The origin of a connector's configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Origin {
    /// The REST API.
    #[default]
    Rest,
    /// A file named on the command line. It is read again at each start of the worker.
    CommandLine,
}

/// A stored connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredConnector {
    /// The configuration as submitted, with references to config providers; empty before the first one is accepted.
    pub config: ConfigMap,
    /// The target state.
    pub target: TargetState,
    /// The origin of the configuration.
    pub origin: Origin,
}

/// A change that is active but not durable.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct StoreError(#[from] pub Box<dyn std::error::Error + Send + Sync>);

/// The answer of [`ConfigStore::save`].
pub type SaveFuture<'a> = Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send + 'a>>;

/// Stores the connectors. A change is visible at once, and durable after the next [`ConfigStore::save`] has returned.
pub trait ConfigStore: Send + Sync + 'static {
    /// Returns all connectors.
    fn connectors(&self) -> BTreeMap<String, StoredConnector>;

    /// Returns one connector.
    fn connector(&self, name: &str) -> Option<StoredConnector>;

    /// Returns the target state of a connector.
    fn target(&self, name: &str) -> Option<TargetState>;

    /// Adds a connector or replaces it.
    fn put(&self, name: &str, connector: StoredConnector);

    /// Sets the target state of a connector, and returns the previous one; `None` if there is no such connector.
    fn set_target(&self, name: &str, target: TargetState) -> Option<TargetState>;

    /// Removes a connector.
    fn remove(&self, name: &str);

    /// Makes all previous changes durable.
    fn save(&self) -> SaveFuture<'_>;
}

/// Connectors that are stored only in memory.
#[derive(Debug, Default)]
pub struct MemoryConfigs(RwLock<BTreeMap<String, StoredConnector>>);

impl From<BTreeMap<String, StoredConnector>> for MemoryConfigs {
    fn from(connectors: BTreeMap<String, StoredConnector>) -> Self {
        Self(RwLock::new(connectors))
    }
}

impl ConfigStore for MemoryConfigs {
    fn connectors(&self) -> BTreeMap<String, StoredConnector> {
        self.0.read().clone()
    }

    fn connector(&self, name: &str) -> Option<StoredConnector> {
        self.0.read().get(name).cloned()
    }

    fn target(&self, name: &str) -> Option<TargetState> {
        self.0.read().get(name).map(|connector| connector.target)
    }

    fn put(&self, name: &str, connector: StoredConnector) {
        self.0.write().insert(name.to_owned(), connector);
    }

    fn set_target(&self, name: &str, target: TargetState) -> Option<TargetState> {
        let mut connectors = self.0.write();
        connectors.get_mut(name).map(|connector| std::mem::replace(&mut connector.target, target))
    }

    fn remove(&self, name: &str) {
        self.0.write().remove(name);
    }

    fn save(&self) -> SaveFuture<'_> {
        Box::pin(std::future::ready(Ok(())))
    }
}
