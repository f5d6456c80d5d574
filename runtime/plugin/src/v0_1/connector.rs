//! `connector`.

use std::time::Duration;

use wasmtime::Store;

use super::data::{self, fault, said};
use super::exports::connector as wit;
use crate::batch::{ConfigMap, ConnectorStarted, OffsetChange};
use crate::call::CallError;
use crate::log::Identity;
use crate::store::StoreState;

pub(crate) struct Connector(pub(super) wit::Guest);

impl Connector {
    pub(crate) async fn start(
        &self,
        store: &mut Store<StoreState>,
        identity: &Identity,
        config: &ConfigMap,
    ) -> wasmtime::Result<Result<ConnectorStarted, CallError>> {
        let context = wit::ConnectorContext {
            name: identity.connector.clone(),
            class: identity.class.clone(),
            config: data::to_config(config),
        };
        let started = self.0.call_start(&mut *store, &context).await?;
        let started = started.map(|wit::Started { check_interval_ms }| ConnectorStarted {
            check_interval: check_interval_ms.map(|millis| Duration::from_millis(millis.into())),
        });
        Ok(started.map_err(fault(store)))
    }

    pub(crate) async fn task_configs(
        &self,
        store: &mut Store<StoreState>,
        max_tasks: u32,
    ) -> wasmtime::Result<Result<Vec<ConfigMap>, CallError>> {
        let configs = self.0.call_task_configs(&mut *store, max_tasks).await?;
        let config =
            |config: wit::TaskConfig| config.entries.into_iter().map(|entry| (entry.key, entry.value)).collect();
        Ok(configs.map(|configs| configs.into_iter().map(config).collect()).map_err(fault(store)))
    }

    pub(crate) async fn check(&self, store: &mut Store<StoreState>) -> wasmtime::Result<Result<bool, CallError>> {
        Ok(self.0.call_check(&mut *store).await?.map_err(fault(store)))
    }

    pub(crate) async fn stop(&self, store: &mut Store<StoreState>) -> wasmtime::Result<()> {
        self.0.call_stop(store).await
    }

    pub(crate) async fn exactly_once_support(
        &self,
        store: &mut Store<StoreState>,
        class: &str,
        config: &ConfigMap,
    ) -> wasmtime::Result<bool> {
        let support = self.0.call_exactly_once_support(store, class, &data::to_config(config)).await?;
        Ok(matches!(support, wit::Support::Supported))
    }

    pub(crate) async fn transaction_boundary_support(
        &self,
        store: &mut Store<StoreState>,
        class: &str,
        config: &ConfigMap,
    ) -> wasmtime::Result<bool> {
        let support = self.0.call_transaction_boundary_support(store, class, &data::to_config(config)).await?;
        Ok(matches!(support, wit::Support::Supported))
    }

    pub(crate) async fn alter_offsets(
        &self,
        store: &mut Store<StoreState>,
        class: &str,
        config: &ConfigMap,
        change: &OffsetChange,
    ) -> wasmtime::Result<Result<bool, String>> {
        let change = match change {
            OffsetChange::Sink(offsets) => wit::OffsetChange::Sink(data::to_offsets(offsets)),
            OffsetChange::Source(offsets) => wit::OffsetChange::Source(
                offsets
                    .iter()
                    .map(|(partition, offset)| wit::SourceOffset {
                        partition: partition.clone(),
                        offset: offset.clone(),
                    })
                    .collect(),
            ),
        };
        Ok(self.0.call_alter_offsets(store, class, &data::to_config(config), &change).await?.map_err(said))
    }
}
