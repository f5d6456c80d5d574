//! The transforms of a connector, as its configuration names them.

use std::sync::Arc;

use weir_plugin::{Component, ConfigMap};

/// A predicate, as the connector's configuration names it.
#[derive(Clone)]
pub struct Predicate {
    /// The name the user gave it.
    pub alias: String,
    /// The class, as its component calls it.
    pub class: String,
    /// Where it lives.
    pub component: Arc<Component>,
    /// Its settings.
    pub config: ConfigMap,
    /// True = the step is for rows for which it is false.
    pub negate: bool,
}

/// A transform, as the connector's configuration names it.
#[derive(Clone)]
pub struct Step {
    /// The name the user gave it.
    pub alias: String,
    /// The class, as its component calls it.
    pub class: String,
    /// Where it lives.
    pub component: Arc<Component>,
    /// Its settings.
    pub config: ConfigMap,
    /// A condition on it.
    pub predicate: Option<Predicate>,
}
