//! The imports of guests of this version: `host` and the contexts.

use std::sync::Arc;
use std::time::Duration;

use tracing::Level;

use super::data;
use super::imports::{connector_context, context, data as wit, host, sink_context, source_context};
use crate::batch::TransactionBoundary;
use crate::log::is_enabled;
use crate::store::StoreState;

impl wit::Host for StoreState {}

impl host::Host for StoreState {
    fn max_level(&mut self) -> wasmtime::Result<host::Level> {
        Ok(if is_enabled(Level::TRACE) {
            host::Level::Trace
        } else if is_enabled(Level::DEBUG) {
            host::Level::Debug
        } else if is_enabled(Level::INFO) {
            host::Level::Info
        } else if is_enabled(Level::WARN) {
            host::Level::Warn
        } else {
            host::Level::Error
        })
    }

    fn log(&mut self, level: host::Level, target: String, message: String) -> wasmtime::Result<()> {
        let level = match level {
            host::Level::Error => Level::ERROR,
            host::Level::Warn => Level::WARN,
            host::Level::Info => Level::INFO,
            host::Level::Debug => Level::DEBUG,
            host::Level::Trace => Level::TRACE,
        };
        Ok(self.log.line(level, &target, &message)?)
    }

    fn counter_add(&mut self, name: String, value: u64) -> wasmtime::Result<()> {
        self.stats.metrics().add(name, value);
        Ok(())
    }

    fn gauge_set(&mut self, name: String, value: f64) -> wasmtime::Result<()> {
        self.stats.metrics().set(name, value);
        Ok(())
    }
}

impl context::Host for StoreState {
    fn connector_name(&mut self) -> wasmtime::Result<String> {
        Ok(self.log.identity().connector.clone())
    }

    fn task_number(&mut self) -> wasmtime::Result<Option<u32>> {
        Ok(self.log.identity().task)
    }

    fn task_generation(&mut self) -> wasmtime::Result<u64> {
        Ok(self.task.generation)
    }
}

impl connector_context::Host for StoreState {
    fn request_task_reconfiguration(&mut self) -> wasmtime::Result<()> {
        self.requests.connector.reconfigure();
        Ok(())
    }

    fn raise_error(&mut self, message: String) -> wasmtime::Result<()> {
        self.requests.connector.raise_error(data::said(message));
        Ok(())
    }
}

impl source_context::Host for StoreState {
    async fn stored_offsets(&mut self, partitions: Vec<String>) -> wasmtime::Result<Vec<Option<String>>> {
        let asked = partitions.len();
        let offsets = Arc::clone(&self.offsets);
        let answer = offsets.stored_offsets(partitions).await;
        let offsets = answer.map_err(|error| wasmtime::format_err!("the stored offsets cannot be read: {error}"))?;
        if offsets.len() != asked {
            return Err(wasmtime::format_err!("{} answers for {asked} source partitions", offsets.len()));
        }
        Ok(offsets)
    }

    fn defines_transactions(&mut self) -> wasmtime::Result<bool> {
        Ok(self.task.defines_transactions)
    }

    fn commit_transaction(&mut self, index: Option<u32>) -> wasmtime::Result<()> {
        self.end_transaction(TransactionBoundary { index, abort: false })
    }

    fn abort_transaction(&mut self, index: Option<u32>) -> wasmtime::Result<()> {
        self.end_transaction(TransactionBoundary { index, abort: true })
    }
}

impl StoreState {
    fn end_transaction(&mut self, boundary: TransactionBoundary) -> wasmtime::Result<()> {
        if !self.task.defines_transactions {
            return Err(wasmtime::format_err!("a transaction was ended, but transaction.boundary is not connector"));
        }
        Ok(self.requests.transactions.end(boundary)?)
    }
}

impl sink_context::Host for StoreState {
    fn consumer_group(&mut self) -> wasmtime::Result<String> {
        Ok(self.task.consumer_group.clone())
    }

    fn rewind(&mut self, offsets: Vec<wit::TopicPartitionOffset>) -> wasmtime::Result<()> {
        Ok(offsets.into_iter().map(data::offset).try_for_each(|offset| self.requests.sink.rewind(offset))?)
    }

    fn pause(&mut self, partitions: Vec<wit::TopicPartition>) -> wasmtime::Result<()> {
        Ok(partitions.into_iter().map(data::partition).try_for_each(|partition| self.requests.sink.pause(partition))?)
    }

    fn resume(&mut self, partitions: Vec<wit::TopicPartition>) -> wasmtime::Result<()> {
        Ok(partitions
            .into_iter()
            .map(data::partition)
            .try_for_each(|partition| self.requests.sink.resume(partition))?)
    }

    fn request_commit(&mut self) -> wasmtime::Result<()> {
        self.requests.sink.commit();
        Ok(())
    }

    fn timeout(&mut self, milliseconds: u32) -> wasmtime::Result<()> {
        self.requests.sink.timeout(Duration::from_millis(milliseconds.into()));
        Ok(())
    }
}
