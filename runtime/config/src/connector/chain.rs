//! The transforms and predicates of a connector, with their components.

use std::sync::Arc;

use weir_plugin::{Component, PluginConfig};

/// A predicate of a connector's configuration.
#[derive(Clone)]
pub struct Predicate {
    /// The alias in the configuration.
    pub alias: String,
    /// The full class name.
    pub class: String,
    /// The component that contains the class.
    pub component: Arc<Component>,
    /// The settings, without prefix.
    pub config: PluginConfig,
    /// Whether the transform applies to the records for which the predicate is false.
    pub negate: bool,
}

/// A transform of a connector's configuration.
#[derive(Clone)]
pub struct Step {
    /// The alias in the configuration.
    pub alias: String,
    /// The full class name.
    pub class: String,
    /// The component that contains the class.
    pub component: Arc<Component>,
    /// The settings, without prefix.
    pub config: PluginConfig,
    /// The condition for applying the transform; `None` if it applies to all records.
    pub predicate: Option<Predicate>,
}
