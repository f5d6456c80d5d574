//! What plugins themselves say about a configuration, beyond their definitions, and whether they may have what they ask for.

use std::sync::Arc;

use weir_plugin::{CallError, Component, ConfigValue, GrantError, Grants, Limits, PluginInfo};

use crate::WorkerConfig;
use crate::error::Error;
use weir_catalogue::Plugin;
use weir_plugin::ConfigMap;

/// Asks a connector. Its answer, or why it could not be asked, which is an error of one key.
pub(super) async fn connector(
    plugin: &Plugin,
    config: &ConfigMap,
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

/// Asks a transform or predicate, which is granted nothing. `prefix` is that of its keys.
pub(super) async fn step(
    plugin: &Plugin,
    config: &ConfigMap,
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

/// The plugin's key that what was refused stands in: the first whose value has it in it. A plugin says what it needs, not where it
/// has that from.
fn key_of(refusal: &GrantError, info: &PluginInfo, config: &ConfigMap) -> String {
    let (GrantError::Folder { asked: wanted, .. }
    | GrantError::Unusable { asked: wanted, .. }
    | GrantError::Guarded { asked: wanted, .. }
    | GrantError::Changed { asked: wanted }
    | GrantError::Host { host: wanted, .. }) = refusal
    else {
        return "connector.class".to_owned();
    };
    let holds = |key: &&weir_plugin::ConfigKey| {
        let value = config.get(&key.name).or(key.default.as_ref());
        value.is_some_and(|value| !wanted.is_empty() && value.contains(wanted.as_str()))
    };
    info.config.iter().find(holds).map_or_else(|| "connector.class".to_owned(), |key| key.name.clone())
}
