//! A source's offsets, in the worker's store.

use serde_json::Value;
use tracing::error;
use weir_plugin::OffsetChange;

use super::super::error::Error;
use super::super::standalone::Shared;
use super::request;
use weir_api::ConnectorOffset;
use weir_config::ConnectorConfig;
use weir_storage::offsets;

pub(super) async fn list(shared: &Shared, config: &ConnectorConfig) -> Result<Vec<ConnectorOffset>, Error> {
    let (file, name) = (shared.offsets.clone(), config.name.clone());
    // The source has chosen how many there are, so it is not done on a thread that tasks run on.
    let listed = tokio::task::spawn_blocking(move || {
        let parsed = |(partition, offset): (String, String)| {
            let (partition, offset) = (serde_json::from_str::<Value>(&partition)?, serde_json::from_str(&offset)?);
            Ok::<_, serde_json::Error>(ConnectorOffset { partition, offset })
        };
        file.all(&name).into_iter().map(parsed).collect::<Result<Vec<_>, _>>()
    });
    let failed = || Error::Internal(format!("Failed to retrieve offsets for source connector {}", config.name));
    listed.await.map_err(|_| failed())?.map_err(|_| failed())
}

pub(super) async fn modify(
    shared: &Shared,
    config: &ConnectorConfig,
    change: Option<Vec<ConnectorOffset>>,
) -> Result<bool, Error> {
    let entries = match change {
        Some(offsets) => {
            let mut entries = request::source(offsets)?;
            for (partition, _) in &mut entries {
                // What is stored already keeps the source's own text.
                if let Some(text) = shared.offsets.text(&config.name, partition) {
                    *partition = text;
                }
            }
            entries
        }
        None => {
            let stored = shared.offsets.all(&config.name);
            stored.into_iter().map(|(partition, _)| (partition, None)).collect()
        }
    };
    let told = super::ask_plugin(shared, config, OffsetChange::Source(entries.clone())).await?;
    if !entries.is_empty() {
        shared.offsets.set(&config.name, entries).await.map_err(|cause| match cause {
            offsets::Error::Exceeded(exceeded) => {
                error!(connector = config.name, %exceeded, "offsets could not be modified");
                Error::BadRequest(exceeded.to_string())
            }
            cause => super::failed(config, &cause),
        })?;
    }
    Ok(told)
}
