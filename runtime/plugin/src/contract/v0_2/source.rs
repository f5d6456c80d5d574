//! `source` and the optional interfaces of sources.

use std::time::Duration;

use wasmtime::Store;

use super::data::{self, FormatMemory, fatal, fault};
use super::exports::{source as wit, source_acknowledgements as acknowledgements, source_offsets, source_transactions};
use crate::batch::{Acknowledgements, Budget, PluginConfig, Polled, SettledRecords, SourceBatch};
use crate::call::CallError;
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
        class: &str,
        config: &PluginConfig,
    ) -> wasmtime::Result<Result<(), CallError>> {
        Ok(self.guest.call_start(&mut *store, class, &data::to_config(config)).await?.map_err(fatal(store)))
    }

    pub(crate) async fn poll(
        &mut self,
        store: &mut Store<StoreState>,
        budget: Budget,
    ) -> wasmtime::Result<Result<Polled, CallError>> {
        let Budget { max_records, max_bytes, max_wait } = budget;
        let budget = wit::Budget { max_records, max_bytes, max_wait_ms: data::to_millis(max_wait) };
        let polled = self.guest.call_poll(&mut *store, budget).await?;
        let polled = polled.map(|wit::Polled { batch, idle_ms }| Polled {
            batch: batch.map(|batch| self.batch(batch)),
            idle: Duration::from_millis(idle_ms.into()),
        });
        Ok(polled.map_err(fault(store)))
    }

    fn batch(&mut self, batch: wit::SourceBatch) -> SourceBatch {
        SourceBatch {
            records: data::records(batch.records, &mut self.formats),
            source_partitions: batch.source_partitions,
            source_partition: batch.source_partition_index,
            source_offsets: data::column(batch.source_offsets),
            boundaries: Vec::new(),
        }
    }

    pub(crate) async fn stop(&self, store: &mut Store<StoreState>) -> wasmtime::Result<()> {
        self.guest.call_stop(store).await
    }
}

pub(crate) struct SourceAcknowledgements(pub(super) acknowledgements::Guest);

impl SourceAcknowledgements {
    pub(crate) async fn wanted(&self, store: &mut Store<StoreState>) -> wasmtime::Result<Acknowledgements> {
        let wanted = self.0.call_wanted(store).await?;
        Ok(Acknowledgements {
            settled: wanted.contains(acknowledgements::Acknowledgements::SETTLED),
            committed: wanted.contains(acknowledgements::Acknowledgements::COMMITTED),
        })
    }

    pub(crate) async fn settled(
        &self,
        store: &mut Store<StoreState>,
        records: SettledRecords,
    ) -> wasmtime::Result<Result<(), CallError>> {
        let records = acknowledgements::SettledRecords {
            numbers: records.numbers,
            topic_partitions: data::to_partitions(&records.topic_partitions),
            topic_partition_index: records.topic_partition,
            offsets: records.offsets,
        };
        Ok(self.0.call_settled(&mut *store, &records).await?.map_err(fatal(store)))
    }

    pub(crate) async fn committed(
        &self,
        store: &mut Store<StoreState>,
        number: u64,
    ) -> wasmtime::Result<Result<(), CallError>> {
        Ok(self.0.call_committed(&mut *store, number).await?.map_err(fatal(store)))
    }
}

pub(crate) struct SourceTransactions(pub(super) source_transactions::Guest);

impl SourceTransactions {
    pub(crate) async fn supports_exactly_once(
        &self,
        store: &mut Store<StoreState>,
        class: &str,
        config: &PluginConfig,
    ) -> wasmtime::Result<bool> {
        self.0.call_supports_exactly_once(store, class, &data::to_config(config)).await
    }

    pub(crate) async fn can_define_transactions(
        &self,
        store: &mut Store<StoreState>,
        class: &str,
        config: &PluginConfig,
    ) -> wasmtime::Result<bool> {
        self.0.call_can_define_transactions(store, class, &data::to_config(config)).await
    }
}

pub(crate) struct SourceOffsets(pub(super) source_offsets::Guest);

impl SourceOffsets {
    /// The source partition and offset of each, as JSON. `None` deletes the offset.
    pub(crate) async fn alter(
        &self,
        store: &mut Store<StoreState>,
        class: &str,
        config: &PluginConfig,
        offsets: &[(String, Option<String>)],
    ) -> wasmtime::Result<Result<bool, CallError>> {
        let offset = |(partition, offset): &(String, Option<String>)| source_offsets::SourceOffset {
            partition: partition.clone(),
            offset: offset.clone(),
        };
        let offsets: Vec<_> = offsets.iter().map(offset).collect();
        let answer = self.0.call_alter(&mut *store, class, &data::to_config(config), &offsets).await?;
        Ok(answer.map_err(fatal(store)))
    }
}
