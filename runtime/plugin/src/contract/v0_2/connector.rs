//! `connector` and `connector-check`.

use std::time::Duration;

use wasmtime::Store;

use super::data::{self, fatal, fault};
use super::exports::{connector as wit, connector_check};
use crate::batch::{ConfigMap, PluginConfig};
use crate::call::CallError;
use crate::store::StoreState;

pub(crate) struct Connector(pub(super) wit::Guest);

impl Connector {
    pub(crate) async fn start(
        &self,
        store: &mut Store<StoreState>,
        class: &str,
        config: &PluginConfig,
    ) -> wasmtime::Result<Result<(), CallError>> {
        Ok(self.0.call_start(&mut *store, class, &data::to_config(config)).await?.map_err(fatal(store)))
    }

    pub(crate) async fn task_configs(
        &self,
        store: &mut Store<StoreState>,
        max_tasks: u32,
    ) -> wasmtime::Result<Result<Vec<ConfigMap>, CallError>> {
        let configs = self.0.call_task_configs(&mut *store, max_tasks).await?;
        let config = |wit::TaskConfig { entries }| entries.into_iter().collect();
        Ok(configs.map(|configs| configs.into_iter().map(config).collect()).map_err(fatal(store)))
    }

    pub(crate) async fn stop(&self, store: &mut Store<StoreState>) -> wasmtime::Result<()> {
        self.0.call_stop(store).await
    }
}

pub(crate) struct ConnectorCheck(pub(super) connector_check::Guest);

impl ConnectorCheck {
    /// Returns the time until the next check, or `None` if there is none.
    pub(crate) async fn check(
        &self,
        store: &mut Store<StoreState>,
    ) -> wasmtime::Result<Result<Option<Duration>, CallError>> {
        let next = self.0.call_check(&mut *store).await?;
        Ok(next.map(|millis| millis.map(|millis| Duration::from_millis(millis.into()))).map_err(fault(store)))
    }
}
