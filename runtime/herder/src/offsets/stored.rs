//! A source's offsets, in the worker's store.

use serde_json::Value;
use tracing::error;
use weir_plugin::OffsetChange;

use super::super::services::Services;
use super::error::OffsetsError;
use super::request;
use weir_api::ConnectorOffset;
use weir_config::ConnectorConfig;
use weir_storage::offsets;

pub(super) async fn list(services: &Services, config: &ConnectorConfig) -> Result<Vec<ConnectorOffset>, OffsetsError> {
    let failed = || OffsetsError::SourceUnreadable { connector: config.name.clone() };
    let stored = services.offsets.all(&config.name).await.map_err(|_| failed())?;
    // The source determines how many there are, so they are not parsed on a thread that runs tasks.
    let listed = tokio::task::spawn_blocking(move || {
        let parsed = |(partition, offset): (String, String)| {
            let (partition, offset) = (serde_json::from_str::<Value>(&partition)?, serde_json::from_str(&offset)?);
            Ok::<_, serde_json::Error>(ConnectorOffset { partition, offset })
        };
        stored.into_iter().map(parsed).collect::<Result<Vec<_>, _>>()
    });
    listed.await.map_err(|_| failed())?.map_err(|_| failed())
}

pub(super) async fn modify(
    services: &Services,
    config: &ConnectorConfig,
    change: Option<Vec<ConnectorOffset>>,
) -> Result<bool, OffsetsError> {
    let unreadable = |cause: offsets::Error| super::failed(config, &cause);
    let entries: Vec<offsets::Entry> = match change {
        Some(offsets) => {
            let (partitions, offsets): (Vec<_>, Vec<_>) = request::source(offsets)?.into_iter().unzip();
            // Offsets that are stored already keep the source's own text.
            let texts = services.offsets.texts(&config.name, partitions).await.map_err(unreadable)?;
            texts.into_iter().zip(offsets).collect()
        }
        None => {
            let stored = services.offsets.all(&config.name).await.map_err(unreadable)?;
            stored.into_iter().map(|(partition, _)| (partition, None)).collect()
        }
    };
    let is_complete = super::ask_plugin(services, config, OffsetChange::Source(entries.clone())).await?;
    if !entries.is_empty() {
        services.offsets.set(&config.name, entries).await.map_err(|cause| match cause {
            offsets::Error::Exceeded(exceeded) => {
                error!(connector = config.name, %exceeded, "modifying offsets failed");
                OffsetsError::Exceeded(exceeded)
            }
            cause => super::failed(config, &cause),
        })?;
    }
    Ok(is_complete)
}
