//! One plugin of the worker.

use std::sync::Arc;

use weir_plugin::{Component, PluginInfo};

/// One plugin and the component that contains it.
#[derive(Clone)]
pub struct Plugin {
    component: Arc<Component>,
    /// Its index in the component's list.
    index: usize,
    /// See [`Plugin::is_installed`].
    installed: bool,
}

impl Plugin {
    /// Returns the plugins of a component, in its order.
    pub(super) fn of(component: &Arc<Component>, installed: bool) -> impl Iterator<Item = Self> {
        let plugin = move |index| Self { component: Arc::clone(component), index, installed };
        (0..component.plugins().len()).map(plugin)
    }

    /// Returns the component that contains it.
    pub fn component(&self) -> &Arc<Component> {
        &self.component
    }

    /// Returns the component's description of it.
    pub fn info(&self) -> &PluginInfo {
        &self.component.plugins()[self.index]
    }

    /// Whether it counts as installed by the operator: it is on `plugin.path`, or uploads may override what is there.
    pub(super) fn is_installed(&self) -> bool {
        self.installed
    }
}
