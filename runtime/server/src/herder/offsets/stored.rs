//! A source's offsets, in the worker's store.

use std::collections::HashMap;

use serde_json::Value;
use weir_plugin::OffsetChange;

use super::super::api::{ConnectorOffset, Error};
use super::super::standalone::Shared;
use super::request;
use crate::config::ConnectorConfig;
use crate::offsets::partition::canonical;

pub(super) fn list(shared: &Shared, config: &ConnectorConfig) -> Result<Vec<ConnectorOffset>, Error> {
    let parsed = |text: &str| {
        serde_json::from_str::<Value>(text)
            .map_err(|_| Error::Internal(format!("Failed to retrieve offsets for source connector {}", config.name)))
    };
    shared
        .offsets
        .all(&config.name)
        .into_iter()
        .map(|(partition, offset)| Ok(ConnectorOffset { partition: parsed(&partition)?, offset: parsed(&offset)? }))
        .collect()
}

pub(super) async fn modify(
    shared: &Shared,
    config: &ConnectorConfig,
    change: Option<Vec<ConnectorOffset>>,
) -> Result<bool, Error> {
    let stored = shared.offsets.all(&config.name);
    let entries = match change {
        Some(offsets) => {
            let mut entries = request::source(offsets)?;
            // What is stored already keeps the source's own text.
            let mut texts: HashMap<String, String> =
                stored.into_iter().map(|(partition, _)| (canonical(&partition), partition)).collect();
            for (partition, _) in &mut entries {
                if let Some(text) = texts.remove(&canonical(partition)) {
                    *partition = text;
                }
            }
            entries
        }
        None => stored.into_iter().map(|(partition, _)| (partition, None)).collect(),
    };
    let told = super::ask_plugin(shared, config, OffsetChange::Source(entries.clone())).await?;
    if !entries.is_empty() {
        shared.offsets.set(&config.name, entries).await.map_err(|error| super::failed(config, &error))?;
    }
    Ok(told)
}
