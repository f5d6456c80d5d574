//! From a connector's configuration as submitted to one that tasks can be made of: its references to config providers are
//! resolved, then it is validated, and what is wrong with it is said without the values.

use std::sync::Arc;

use super::connector::{ConnectorConfig, Invalid};
use super::error::Error;
use super::providers::{self, Resolved};
use super::validation::{self, ConfigInfos, Validated};
use super::worker::WorkerConfig;
use weir_api::json::{StringMap, without_nulls};
use weir_catalogue::Plugins;
use weir_plugin::ConfigMap;

/// Why a configuration is not taken.
#[derive(Debug, thiserror::Error)]
pub enum Unprepared {
    /// A config provider cannot read what a reference names; Kafka Connect answers with 500.
    #[error(transparent)]
    Unresolved(#[from] providers::Error),
    /// It is wrong, for which Kafka Connect answers with 400. No value of a config provider is in the text.
    #[error(transparent)]
    Invalid(Invalid),
}

impl ConnectorConfig {
    /// Resolves the references of a configuration and validates it.
    pub async fn prepare(
        name: &str,
        submitted: &ConfigMap,
        worker: &WorkerConfig,
        plugins: &Plugins,
    ) -> Result<Self, Unprepared> {
        let resolved = worker.providers.resolve(submitted).await?;
        Self::of_resolved(name, resolved, worker, plugins).await
    }

    /// Validates a configuration whose references are resolved.
    pub async fn of_resolved(
        name: &str,
        resolved: Resolved,
        worker: &WorkerConfig,
        plugins: &Plugins,
    ) -> Result<Self, Unprepared> {
        if !resolved.missing().is_empty() {
            return Err(Unprepared::Invalid(Invalid::Unresolved(resolved.missing().to_vec())));
        }
        match Self::validate(name, resolved.config(), worker, plugins).await {
            Ok(mut config) => {
                config.resolved = Arc::new(resolved);
                Ok(config)
            }
            Err(invalid) => Err(Unprepared::Invalid(hidden(invalid, &resolved))),
        }
    }

    /// Whether the connector is to be restarted when a value of a config provider has changed (`config.action.reload`).
    pub fn reloads(&self) -> bool {
        let action = self.resolved.config().get("config.action.reload").map(|action| action.trim());
        action != Some("none")
    }
}

/// Why nothing is known about a configuration's keys.
#[derive(Debug, thiserror::Error)]
pub enum Unvalidated {
    /// A config provider cannot read what a reference names.
    #[error(transparent)]
    Unresolved(#[from] providers::Error),
    /// There is nothing that the configuration could be held against.
    #[error(transparent)]
    Invalid(#[from] Invalid),
}

/// Resolves the references of a configuration and says what is known about its keys, without values of config providers.
pub async fn validate(
    submitted: &StringMap,
    worker: &WorkerConfig,
    plugins: &Plugins,
) -> Result<ConfigInfos, Unvalidated> {
    let resolved = worker.providers.resolve(&without_nulls(submitted.clone()).0).await?;
    let config =
        submitted.iter().map(|(key, value)| (key.clone(), value.as_ref().and(resolved.config().get(key).cloned())));
    match validation::validate(&config.collect(), worker, plugins).await {
        Ok(Validated { mut infos, .. }) => {
            infos.hide(&resolved);
            for missing in resolved.missing() {
                infos.add_error(missing.key(), missing.to_string());
            }
            Ok(infos)
        }
        Err(Invalid::NoClass(_)) => Err(Invalid::no_class(submitted).into()),
        Err(invalid) => Err(hidden(invalid, &resolved).into()),
    }
}

/// The error without values that config providers gave.
fn hidden(invalid: Invalid, resolved: &Resolved) -> Invalid {
    match invalid {
        Invalid::Keys(mut infos) => {
            infos.hide(resolved);
            Invalid::Keys(infos)
        }
        Invalid::NoClass(_) => {
            let config = resolved.config().iter().map(|(key, value)| {
                (key.clone(), Some(resolved.submitted(key).map_or_else(|| value.clone(), str::to_owned)))
            });
            Invalid::no_class(&config.collect())
        }
        // The text names the class, or the version.
        Invalid::Class(_) | Invalid::Version(_) => {
            let key = if matches!(invalid, Invalid::Class(_)) { "connector.class" } else { "connector.plugin.version" };
            Invalid::Hidden(match resolved.submitted(key) {
                Some(_) => resolved.hide_error(Error::other(key, "")).to_string(),
                None => resolved.secrets().hide(&invalid.to_string()).into_owned(),
            })
        }
        Invalid::Unresolved(_) | Invalid::Hidden(_) => invalid,
    }
}
