//! `sink` and the optional interfaces of sinks.

use wasmtime::Store;

use super::data::{self, FormatMemory, fatal, fault};
use super::exports::{sink as wit, sink_commit, sink_offsets, sink_partitions};
use crate::batch::{PluginConfig, RecordFailure, SinkBatch, TimestampType, TopicPartition, TopicPartitionOffset};
use crate::call::CallError;
use crate::store::StoreState;

pub(crate) struct Sink {
    guest: wit::Guest,
    formats: FormatMemory,
}

impl Sink {
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

    /// The columns of `batch` are moved to the guest and back.
    pub(crate) async fn put(
        &mut self,
        store: &mut Store<StoreState>,
        batch: &mut SinkBatch,
    ) -> wasmtime::Result<Result<Vec<RecordFailure>, CallError>> {
        let lent = wit::SinkBatch {
            records: data::lend(&mut batch.records, &mut self.formats),
            topic_partitions: data::to_partitions(&batch.topic_partitions),
            timestamp_types: batch.timestamp_types.iter().map(|kind| to_timestamp_type(*kind)).collect(),
            topic_partition_index: std::mem::take(&mut batch.topic_partition),
            offsets: std::mem::take(&mut batch.offsets),
        };
        let answer = self.guest.call_put(&mut *store, &lent).await;
        data::give_back(lent.records, &mut batch.records, &mut self.formats);
        batch.topic_partition = lent.topic_partition_index;
        batch.offsets = lent.offsets;
        Ok(answer?.map(|failures| failures.into_iter().map(data::record_failure).collect()).map_err(fault(store)))
    }

    pub(crate) async fn stop(&self, store: &mut Store<StoreState>) -> wasmtime::Result<()> {
        self.guest.call_stop(store).await
    }
}

pub(crate) struct SinkCommit(pub(super) sink_commit::Guest);

impl SinkCommit {
    pub(crate) async fn pre_commit(
        &self,
        store: &mut Store<StoreState>,
        offsets: &[TopicPartitionOffset],
    ) -> wasmtime::Result<Result<Vec<TopicPartitionOffset>, CallError>> {
        let safe = self.0.call_pre_commit(&mut *store, &data::to_offsets(offsets)).await?;
        Ok(safe.map(|offsets| offsets.into_iter().map(data::offset).collect()).map_err(fatal(store)))
    }
}

pub(crate) struct SinkPartitions(pub(super) sink_partitions::Guest);

impl SinkPartitions {
    pub(crate) async fn assigned(
        &self,
        store: &mut Store<StoreState>,
        partitions: &[TopicPartition],
    ) -> wasmtime::Result<Result<(), CallError>> {
        Ok(self.0.call_assigned(&mut *store, &data::to_partitions(partitions)).await?.map_err(fatal(store)))
    }

    pub(crate) async fn revoked(
        &self,
        store: &mut Store<StoreState>,
        partitions: &[TopicPartition],
    ) -> wasmtime::Result<Result<(), CallError>> {
        Ok(self.0.call_revoked(&mut *store, &data::to_partitions(partitions)).await?.map_err(fatal(store)))
    }

    pub(crate) async fn lost(
        &self,
        store: &mut Store<StoreState>,
        partitions: &[TopicPartition],
    ) -> wasmtime::Result<Result<(), CallError>> {
        Ok(self.0.call_lost(&mut *store, &data::to_partitions(partitions)).await?.map_err(fatal(store)))
    }
}

pub(crate) struct SinkOffsets(pub(super) sink_offsets::Guest);

impl SinkOffsets {
    /// An offset of -1 deletes the offset.
    pub(crate) async fn alter(
        &self,
        store: &mut Store<StoreState>,
        class: &str,
        config: &PluginConfig,
        offsets: &[TopicPartitionOffset],
    ) -> wasmtime::Result<Result<bool, CallError>> {
        let offsets = data::to_offsets(offsets);
        let answer = self.0.call_alter(&mut *store, class, &data::to_config(config), &offsets).await?;
        Ok(answer.map_err(fatal(store)))
    }
}

fn to_timestamp_type(kind: TimestampType) -> wit::TimestampType {
    match kind {
        TimestampType::None => wit::TimestampType::None,
        TimestampType::CreateTime => wit::TimestampType::CreateTime,
        TimestampType::LogAppendTime => wit::TimestampType::LogAppendTime,
    }
}
