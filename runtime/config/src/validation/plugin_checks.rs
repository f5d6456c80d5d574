//! The plugins' own checks of a configuration, beyond their definitions, and whether the access that they need is granted.

use std::sync::Arc;

use weir_plugin::{CallError, Component, ConfigValue, GrantError, Grants, Limits, PluginInfo};

use crate::error::Error;
use crate::worker::WorkerConfig;
use weir_catalogue::Plugin;
use weir_plugin::PluginConfig;

/// Lets a connector check its configuration. The error says why it could not be called.
pub(super) async fn connector(
    plugin: &Plugin,
    config: &PluginConfig,
    limits: &Limits,
    worker: &WorkerConfig,
) -> Result<Vec<ConfigValue>, Error> {
    let (component, info) = (plugin.component(), plugin.info());
    let failed = |error: CallError| Error::other("connector.class", error.to_string());
    let needed = component.capabilities(&info.class, config, limits).await.map_err(failed)?;
    let grants = worker
        .allowed
        .grant(&needed)
        .await
        .map_err(|refusal| Error::other(key_of(&refusal, info, config), refusal.to_string()))?;
    component.validate(&info.class, config, limits, &grants).await.map_err(failed)
}

/// Lets a transform or predicate check its configuration; it has no access to anything. `prefix` is the prefix of its keys.
pub(super) async fn step(
    plugin: &Plugin,
    config: &PluginConfig,
    limits: &Limits,
    prefix: &str,
) -> Result<Vec<ConfigValue>, Error> {
    let component: &Arc<Component> = plugin.component();
    let values = component.validate(&plugin.info().class, config, limits, &Grants::none()).await;
    let mut values = values.map_err(|error| Error::other(format!("{prefix}type"), error.to_string()))?;
    for value in &mut values {
        value.key.insert_str(0, prefix);
    }
    Ok(values)
}

/// Finds the plugin's key that asks for the refused access: the first one whose value contains it. A plugin reports what it needs,
/// but not from which key.
fn key_of(refusal: &GrantError, info: &PluginInfo, config: &PluginConfig) -> String {
    let (GrantError::Directory { asked: wanted, .. }
    | GrantError::Unusable { asked: wanted, .. }
    | GrantError::Guarded { asked: wanted, .. }
    | GrantError::Changed { asked: wanted }
    | GrantError::Host { host: wanted, .. }) = refusal
    else {
        return "connector.class".to_owned();
    };
    let holds = |key: &&weir_plugin::ConfigKey| {
        config.get(&key.name).is_some_and(|value| !wanted.is_empty() && value.contains(wanted.as_str()))
    };
    info.config.iter().find(holds).map_or_else(|| "connector.class".to_owned(), |key| key.name.clone())
}
