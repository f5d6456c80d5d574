//! The instance of a sink task.

use std::collections::HashMap;
use std::sync::Arc;

use super::call;
use crate::batch::{PluginConfig, RecordFailure, SinkBatch, SinkRequests, TopicPartition, TopicPartitionOffset};
use crate::call::{CallError, Sandbox};
use crate::contract::{Sink, SinkCommit, SinkPartitions, each};
use crate::metrics::Metrics;

/// A sink task, created by [`Component::sink`](crate::Component::sink). The calls are in the order of `wit/sink.wit`.
pub struct SinkInstance {
    sandbox: Sandbox,
    guest: Sink,
    commit: Option<SinkCommit>,
    partitions: Option<SinkPartitions>,
}

impl SinkInstance {
    pub(crate) fn new(
        sandbox: Sandbox,
        guest: Sink,
        commit: Option<SinkCommit>,
        partitions: Option<SinkPartitions>,
    ) -> Self {
        Self { sandbox, guest, commit, partitions }
    }

    /// Returns the metrics of the guest, at any time.
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(self.sandbox.store.data().stats.metrics())
    }

    /// Returns the maximum number of bytes of keys, values and headers in a batch with more than one record.
    pub fn batch_max(&self) -> u64 {
        self.sandbox.batch_max()
    }

    /// Call this once, as the first call.
    ///
    /// # Errors
    ///
    /// The plugin returned an error, or trapped. In both cases the task has failed.
    pub async fn start(&mut self, config: &PluginConfig) -> Result<(), CallError> {
        let class = self.sandbox.store.data().log.identity().class.clone();
        call!(self.sandbox, "sink.start", |store| each!(&self.guest, |guest| guest.start(store, &class, config)))?
    }

    /// Assigns these partitions to the task. `partitions` must not be empty. Does nothing if the plugin does not export `sink-partitions`.
    ///
    /// # Errors
    ///
    /// The plugin returned an error, or trapped.
    pub async fn assigned(&mut self, partitions: &[TopicPartition]) -> Result<(), CallError> {
        let Some(guest) = &self.partitions else { return Ok(()) };
        call!(self.sandbox, "sink-partitions.assigned", |store| each!(guest, |guest| guest
            .assigned(store, partitions)))?
    }

    /// Passes records. Returns those that failed, each once, in order. The batch is unchanged after the call, even after an error, so that
    /// it can be passed again, unless the caller drops the future before it is done.
    ///
    /// # Errors
    ///
    /// A retriable error (pass the same records later), a fatal one, a trap, or a result that violates the contract.
    pub async fn put(&mut self, batch: &mut SinkBatch) -> Result<Vec<RecordFailure>, CallError> {
        let count = batch.records.count;
        let mut failures =
            call!(self.sandbox, "sink.put", |store| each!(&mut self.guest, |guest| guest.put(store, batch)))??;
        if let Some(failure) = failures.iter().find(|failure| failure.index >= count) {
            let index = failure.index;
            return Err(self.sandbox.contract_violation(
                "sink.put",
                format_args!("record {index} failed, but the batch has {count} records"),
            ));
        }
        failures.sort_by_key(|failure| failure.index);
        failures.dedup_by_key(|failure| failure.index);
        Ok(failures)
    }

    /// Asks which offsets may be committed. The result contains only partitions of `offsets`, each at most once, and no greater offsets.
    /// For a plugin that does not export `sink-commit`, all offsets may be committed.
    ///
    /// # Errors
    ///
    /// The plugin returned an error, trapped, or its result violates the contract.
    pub async fn pre_commit(
        &mut self,
        offsets: &[TopicPartitionOffset],
    ) -> Result<Vec<TopicPartitionOffset>, CallError> {
        let Some(guest) = &self.commit else { return Ok(offsets.to_vec()) };
        let safe = call!(self.sandbox, "sink-commit.pre-commit", |store| each!(guest, |guest| guest
            .pre_commit(store, offsets)))??;
        match check_safe(offsets, &safe) {
            Ok(()) => Ok(safe),
            Err(violation) => Err(self.sandbox.contract_violation("sink-commit.pre-commit", violation)),
        }
    }

    /// Revokes these partitions. What could be committed is committed. `partitions` must not be empty.
    ///
    /// # Errors
    ///
    /// The plugin returned an error, or trapped.
    pub async fn revoked(&mut self, partitions: &[TopicPartition]) -> Result<(), CallError> {
        let Some(guest) = &self.partitions else { return Ok(()) };
        call!(self.sandbox, "sink-partitions.revoked", |store| each!(guest, |guest| guest.revoked(store, partitions)))?
    }

    /// Reports that these partitions were lost: another task may already read them, and nothing was committed. `partitions` must not be
    /// empty.
    ///
    /// # Errors
    ///
    /// The plugin returned an error, or trapped.
    pub async fn lost(&mut self, partitions: &[TopicPartition]) -> Result<(), CallError> {
        let Some(guest) = &self.partitions else { return Ok(()) };
        call!(self.sandbox, "sink-partitions.lost", |store| each!(guest, |guest| guest.lost(store, partitions)))?
    }

    /// Call this once, as the last call, unless the instance trapped.
    ///
    /// # Errors
    ///
    /// It trapped.
    pub async fn stop(&mut self) -> Result<(), CallError> {
        call!(self.sandbox, "sink.stop", |store| each!(&self.guest, |guest| guest.stop(store)))
    }

    /// Returns what the guest requested through `sink-context` since the last time. Call this after each other call. The caller must check
    /// that partitions to rewind are assigned to the task.
    pub fn take_requests(&mut self) -> SinkRequests {
        self.sandbox.store.data_mut().requests.sink.take()
    }
}

fn check_safe(asked: &[TopicPartitionOffset], safe: &[TopicPartitionOffset]) -> Result<(), String> {
    let mut left: HashMap<(&str, i32), i64> =
        asked.iter().map(|asked| ((asked.topic.as_str(), asked.partition), asked.offset)).collect();
    for TopicPartitionOffset { topic, partition, offset } in safe {
        match left.remove(&(topic.as_str(), *partition)) {
            None => return Err(format!("{topic}-{partition} was not requested, or is listed twice")),
            Some(asked) if *offset > asked => {
                return Err(format!("offset {offset} of {topic}-{partition} is greater than the requested {asked}"));
            }
            Some(_) if *offset < 0 => return Err(format!("offset {offset} of {topic}-{partition} is negative")),
            Some(_) => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(partition: i32, offset: i64) -> TopicPartitionOffset {
        TopicPartitionOffset { topic: "t".into(), partition, offset }
    }

    #[test]
    fn safe_offsets_are_some_of_those_asked_for_and_not_above_them() {
        let asked = [at(0, 10), at(1, 20)];
        assert_eq!(check_safe(&asked, &asked), Ok(()));
        assert_eq!(check_safe(&asked, &[at(1, 0)]), Ok(()));
        assert_eq!(check_safe(&asked, &[]), Ok(()));
        for (safe, expected) in [
            (vec![at(0, 11)], "greater than the requested 10"),
            (vec![at(2, 1)], "was not requested"),
            (vec![at(0, 1), at(0, 2)], "twice"),
            (vec![at(0, -1)], "negative"),
        ] {
            let violation = check_safe(&asked, &safe).unwrap_err();
            assert!(violation.contains(expected), "{expected:?} in {violation:?}");
        }
    }
}
