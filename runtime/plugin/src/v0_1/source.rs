//! `source`.

use std::time::Duration;

use wasmtime::Store;

use super::data::{self, FormatMemory, fault};
use super::exports::source as wit;
use crate::batch::{Budget, ConfigMap, Polled, SettledRows, SourceBatch, SourceStarted, TransactionBoundary};
use crate::call::CallError;
use crate::log::Identity;
use crate::store::StoreState;

pub(crate) struct Source {
    guest: wit::Guest,
    formats: FormatMemory,
}

impl Source {
    pub(super) fn new(guest: wit::Guest) -> Self {
        Self { guest, formats: FormatMemory::default() }
    }

    pub(crate) async fn start(
        &self,
        store: &mut Store<StoreState>,
        identity: &Identity,
        config: &ConfigMap,
    ) -> wasmtime::Result<Result<SourceStarted, CallError>> {
        let context = wit::TaskContext {
            connector: identity.connector.clone(),
            class: identity.class.clone(),
            task: identity.task.unwrap_or(0),
            config: data::to_config(config),
        };
        let started = self.guest.call_start(&mut *store, &context).await?;
        Ok(started
            .map(|wit::Started { wants_settled, wants_committed }| SourceStarted { wants_settled, wants_committed })
            .map_err(fault(store)))
    }

    pub(crate) async fn poll(
        &mut self,
        store: &mut Store<StoreState>,
        budget: Budget,
    ) -> wasmtime::Result<Result<Polled, CallError>> {
        let Budget { rows, bytes, wait } = budget;
        let budget = wit::Budget { rows, bytes, wait_ms: data::to_millis(wait) };
        let polled = self.guest.call_poll(&mut *store, budget).await?;
        Ok(polled.map(|wit::Polled { batch, idle_ms }| self.polled(batch, idle_ms)).map_err(fault(store)))
    }

    fn polled(&mut self, batch: wit::SourceBatch, idle_ms: u32) -> Polled {
        let boundary = |wit::TransactionBoundary { row, abort }| TransactionBoundary { row, abort };
        let batch = SourceBatch {
            records: data::records(batch.records, &mut self.formats),
            source_partitions: batch.source_partitions,
            source_partition: batch.source_partition,
            source_offsets: data::column(batch.source_offsets),
            boundaries: batch.boundaries.into_iter().map(boundary).collect(),
        };
        Polled { batch, idle: Duration::from_millis(idle_ms.into()) }
    }

    pub(crate) async fn settled(
        &self,
        store: &mut Store<StoreState>,
        rows: SettledRows,
    ) -> wasmtime::Result<Result<(), CallError>> {
        let rows = wit::SettledRows {
            rows: rows.rows,
            topic_partitions: data::to_partitions(&rows.topic_partitions),
            topic_partition: rows.topic_partition,
            offsets: rows.offsets,
        };
        Ok(self.guest.call_settled(&mut *store, &rows).await?.map_err(fault(store)))
    }

    pub(crate) async fn committed(
        &self,
        store: &mut Store<StoreState>,
        row: u64,
    ) -> wasmtime::Result<Result<(), CallError>> {
        Ok(self.guest.call_committed(&mut *store, row).await?.map_err(fault(store)))
    }

    pub(crate) async fn stop(&self, store: &mut Store<StoreState>) -> wasmtime::Result<()> {
        self.guest.call_stop(store).await
    }
}
