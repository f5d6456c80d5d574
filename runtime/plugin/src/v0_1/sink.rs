//! `sink`.

use wasmtime::Store;

use super::data::{self, FormatMemory, fault};
use super::exports::sink as wit;
use crate::batch::{ConfigMap, RowFailure, SinkBatch, TimestampType, TopicPartition, TopicPartitionOffset};
use crate::call::CallError;
use crate::log::Identity;
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
        identity: &Identity,
        config: &ConfigMap,
    ) -> wasmtime::Result<Result<(), CallError>> {
        let context = wit::TaskContext {
            connector: identity.connector.clone(),
            class: identity.class.clone(),
            task: identity.task.unwrap_or(0),
            config: data::to_config(config),
        };
        Ok(self.guest.call_start(&mut *store, &context).await?.map_err(fault(store)))
    }

    pub(crate) async fn open(
        &self,
        store: &mut Store<StoreState>,
        partitions: &[TopicPartition],
    ) -> wasmtime::Result<Result<(), CallError>> {
        Ok(self.guest.call_open(&mut *store, &data::to_partitions(partitions)).await?.map_err(fault(store)))
    }

    /// The columns of `batch` are lent to the guest and are back in it afterwards.
    pub(crate) async fn put(
        &mut self,
        store: &mut Store<StoreState>,
        batch: &mut SinkBatch,
    ) -> wasmtime::Result<Result<Vec<RowFailure>, CallError>> {
        let lent = wit::SinkBatch {
            records: data::lend(&mut batch.records, &mut self.formats),
            topic_partitions: data::to_partitions(&batch.topic_partitions),
            topic_partition: std::mem::take(&mut batch.topic_partition),
            offsets: std::mem::take(&mut batch.offsets),
            timestamp_types: batch.timestamp_types.iter().map(|kind| to_timestamp_type(*kind)).collect(),
        };
        let answer = self.guest.call_put(&mut *store, &lent).await;
        data::give_back(lent.records, &mut batch.records, &mut self.formats);
        batch.topic_partition = lent.topic_partition;
        batch.offsets = lent.offsets;
        Ok(answer?.map(|failures| failures.into_iter().map(data::row_failure).collect()).map_err(fault(store)))
    }

    pub(crate) async fn pre_commit(
        &self,
        store: &mut Store<StoreState>,
        offsets: &[TopicPartitionOffset],
    ) -> wasmtime::Result<Result<Vec<TopicPartitionOffset>, CallError>> {
        let safe = self.guest.call_pre_commit(&mut *store, &data::to_offsets(offsets)).await?;
        Ok(safe.map(|offsets| offsets.into_iter().map(data::offset).collect()).map_err(fault(store)))
    }

    pub(crate) async fn close(
        &self,
        store: &mut Store<StoreState>,
        partitions: &[TopicPartition],
    ) -> wasmtime::Result<Result<(), CallError>> {
        Ok(self.guest.call_close(&mut *store, &data::to_partitions(partitions)).await?.map_err(fault(store)))
    }

    pub(crate) async fn stop(&self, store: &mut Store<StoreState>) -> wasmtime::Result<()> {
        self.guest.call_stop(store).await
    }
}

fn to_timestamp_type(kind: TimestampType) -> wit::TimestampType {
    match kind {
        TimestampType::None => wit::TimestampType::None,
        TimestampType::CreateTime => wit::TimestampType::CreateTime,
        TimestampType::LogAppendTime => wit::TimestampType::LogAppendTime,
    }
}
