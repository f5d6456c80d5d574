//! Prepares a submitted configuration: resolves the references to config providers, validates the result, and removes the resolved
//! values from the errors.

use std::sync::Arc;

use super::ConnectorConfig;
use crate::error::Error;
use crate::providers::{self, Resolved};
use crate::validation::{self, ConfigInfos, InvalidConfig, Validated};
use crate::worker::WorkerConfig;
use weir_api::json::{StringMap, without_nulls};
use weir_catalogue::Plugins;
use weir_plugin::ConfigMap;

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// A config provider cannot read what a reference names. Kafka Connect answers with 500.
    #[error(transparent)]
    Unresolved(#[from] providers::Error),
    /// The configuration is invalid. Kafka Connect answers with 400. The text contains no value of a config provider.
    #[error(transparent)]
    Invalid(InvalidConfig),
}

impl ConnectorConfig {
    /// Resolves the references of a configuration and validates it.
    pub async fn prepare(
        name: &str,
        submitted: &ConfigMap,
        worker: &WorkerConfig,
        plugins: &Plugins,
    ) -> Result<Self, PrepareError> {
        let resolved = worker.providers.resolve(submitted).await?;
        Self::of_resolved(name, resolved, worker, plugins).await
    }

    /// Validates a configuration whose references are resolved.
    pub async fn of_resolved(
        name: &str,
        resolved: Resolved,
        worker: &WorkerConfig,
        plugins: &Plugins,
    ) -> Result<Self, PrepareError> {
        if !resolved.missing().is_empty() {
            return Err(PrepareError::Invalid(InvalidConfig::Unresolved(resolved.missing().to_vec())));
        }
        match Self::validate(name, &resolved, worker, plugins).await {
            Ok(mut config) => {
                config.resolved = Arc::new(resolved);
                Ok(config)
            }
            Err(invalid) => Err(PrepareError::Invalid(hidden(invalid, &resolved))),
        }
    }

    /// Whether to restart the connector when a value of a config provider has changed (`config.action.reload`).
    pub fn reloads(&self) -> bool {
        let action = self.resolved.config().get("config.action.reload").map(|action| action.trim());
        action != Some("none")
    }
}

/// Why a validation has no result.
#[derive(Debug, thiserror::Error)]
pub enum ValidateError {
    /// A config provider cannot read what a reference names.
    #[error(transparent)]
    Unresolved(#[from] providers::Error),
    /// There is no connector class with which the configuration could be validated.
    #[error(transparent)]
    Invalid(#[from] InvalidConfig),
}

/// Resolves the references of a configuration and returns what is known about its keys, without values of config providers.
pub async fn validate(
    submitted: &StringMap,
    worker: &WorkerConfig,
    plugins: &Plugins,
) -> Result<ConfigInfos, ValidateError> {
    let resolved = worker.providers.resolve(&without_nulls(submitted.clone()).0).await?;
    let config =
        submitted.iter().map(|(key, value)| (key.clone(), value.as_ref().and(resolved.config().get(key).cloned())));
    match validation::validate(&config.collect(), &resolved, worker, plugins).await {
        Ok(Validated { mut infos, .. }) => {
            infos.hide(&resolved);
            infos.add_errors(resolved.missing());
            Ok(infos)
        }
        Err(InvalidConfig::NoClass(_)) => Err(InvalidConfig::no_class(submitted).into()),
        Err(invalid) => Err(hidden(invalid, &resolved).into()),
    }
}

/// Removes values of config providers from an error.
fn hidden(invalid: InvalidConfig, resolved: &Resolved) -> InvalidConfig {
    match invalid {
        InvalidConfig::Keys(mut infos) => {
            infos.hide(resolved);
            InvalidConfig::Keys(infos)
        }
        InvalidConfig::NoClass(_) => {
            let config = resolved.config().iter().map(|(key, value)| {
                (key.clone(), Some(resolved.submitted(key).map_or_else(|| value.clone(), str::to_owned)))
            });
            InvalidConfig::no_class(&config.collect())
        }
        // The text contains the class or the version.
        InvalidConfig::Class(_) | InvalidConfig::Version(_) => {
            let key =
                if matches!(invalid, InvalidConfig::Class(_)) { "connector.class" } else { "connector.plugin.version" };
            InvalidConfig::Hidden(match resolved.submitted(key) {
                Some(_) => resolved.hide_error(Error::other(key, "")).to_string(),
                None => resolved.secrets().hide(&invalid.to_string()).into_owned(),
            })
        }
        InvalidConfig::Unresolved(_) | InvalidConfig::Hidden(_) => invalid,
    }
}
