//! From a connector's configuration as submitted to one that tasks can be made of: its references to config providers are
//! resolved, then it is validated, and what is wrong with it is said without the values.

use std::sync::Arc;

use super::connector::{ConnectorConfig, Invalid};
use super::error::Error;
use super::providers::{self, Resolved};
use super::worker::WorkerConfig;
use crate::herder::api::ConfigMap;
use crate::plugins::Plugins;

/// Why a configuration is not taken.
#[derive(Debug, thiserror::Error)]
pub enum Unprepared {
    /// A config provider cannot read what a reference names; Kafka Connect answers with 500.
    #[error(transparent)]
    Unresolved(#[from] providers::Error),
    /// It is wrong, for which Kafka Connect answers with 400. No value of a config provider is in the text.
    #[error("{0}")]
    Invalid(String),
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

/// The text without values that config providers gave.
fn hidden(invalid: Invalid, resolved: &Resolved) -> String {
    let invalid = match invalid {
        Invalid::Keys(errors) => Invalid::Keys(errors.into_iter().map(|error| resolved.hide_error(error)).collect()),
        // The text names the class.
        Invalid::Class(_) if resolved.submitted("connector.class").is_some() => {
            return resolved.hide_error(Error::other("connector.class", "")).to_string();
        }
        other => other,
    };
    resolved.secrets().hide(&invalid.to_string()).into_owned()
}
