//! The offsets of a connector, shown and changed for the REST API (KIP-875): a source's in the worker's store, a sink's in its
//! consumer group. Texts and order of the checks are Kafka Connect's (`Worker.modifyConnectorOffsets`).

mod error;
mod group;
mod request;
mod stored;

use tracing::error;
use weir_plugin::{CallError, Identity, OffsetChange};

use super::services::Services;
use weir_api::{ConnectorOffset, ConnectorOffsets, ConnectorType, Message};
use weir_config::ConnectorConfig;

pub use error::{Change, OffsetsError};
pub use request::RequestError;

/// Returns the current offsets.
pub(super) async fn list(services: &Services, config: &ConnectorConfig) -> Result<ConnectorOffsets, OffsetsError> {
    let offsets = match config.kind {
        ConnectorType::Sink => group::list(services, config).await?,
        ConnectorType::Source | ConnectorType::Unknown => stored::list(services, config).await?,
    };
    Ok(ConnectorOffsets { offsets })
}

/// Alters the given offsets, or resets all if `change` is `None`. The connector is stopped, and is not started meanwhile.
pub(super) async fn modify(
    services: &Services,
    config: &ConnectorConfig,
    change: Option<Vec<ConnectorOffset>>,
) -> Result<Message, OffsetsError> {
    let done = if change.is_some() { "altered" } else { "reset" };
    let is_complete = match config.kind {
        ConnectorType::Sink => group::modify(services, config, change).await?,
        ConnectorType::Source | ConnectorType::Unknown => stored::modify(services, config, change).await?,
    };
    Ok(Message {
        message: match is_complete {
            true => format!("The offsets for this connector have been {done} successfully"),
            false => format!(
                "The Connect framework-managed offsets for this connector have been {done} successfully. However, if this connector \
                 manages offsets externally, they will need to be manually {done} in the system that the connector uses."
            ),
        },
    })
}

/// Asks the plugin whether these offsets are acceptable. Returns whether the plugin has no offsets in another system.
async fn ask_plugin(services: &Services, config: &ConnectorConfig, change: OffsetChange) -> Result<bool, OffsetsError> {
    let received = config.for_plugin(&config.plugin_config);
    let needed = config.component.capabilities(&config.class, &received, &config.limits).await;
    let needed = needed.map_err(|error| failed(config, &error))?;
    // The client must not see values from config providers.
    let refused = |text: String| OffsetsError::Refused(config.resolved.secrets().hide(&text).into_owned());
    let grants = services.worker.allowed.grant(&needed).await.map_err(|refusal| refused(refusal.to_string()))?;
    let identity = Identity { connector: config.name.clone(), task: None, class: config.class.clone() };
    let answer = config.component.alter_offsets(identity, &received, &change, &config.limits, &grants).await;
    answer.map_err(|error| match error {
        // The client can act on each of these.
        CallError::Fatal(_) | CallError::NoSuchClass(_) | CallError::Host(_) => refused(error.to_string()),
        CallError::Retry { .. } | CallError::Trapped(_) => failed(config, &error),
    })
}

/// Logs a failure other than a refusal by the connector, and returns the answer to it.
fn failed(config: &ConnectorConfig, cause: &dyn std::fmt::Display) -> OffsetsError {
    let cause = config.resolved.secrets().hide(&cause.to_string()).into_owned();
    error!(connector = config.name, cause, "modifying offsets failed");
    OffsetsError::failed(config)
}
