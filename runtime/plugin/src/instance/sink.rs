//! A sink task in its sandbox.

use std::collections::HashMap;
use std::sync::Arc;

use super::call;
use crate::batch::{PluginConfig, RowFailure, SinkBatch, SinkRequests, TopicPartition, TopicPartitionOffset};
use crate::call::{CallError, Sandbox};
use crate::contract::{Sink, SinkCommit, SinkPartitions, each};
use crate::metrics::Metrics;

/// A sink task. Made by [`Component::sink`](crate::Component::sink); the calls follow the order of `wit/sink.wit`.
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

    /// What the guest counts; may be read at any time.
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(self.sandbox.store.data().stats.metrics())
    }

    /// The most bytes of keys, values and headers of a batch, unless it has a single record.
    pub fn batch_max(&self) -> u64 {
        self.sandbox.batch_max()
    }

    /// Called once, first.
    ///
    /// # Errors
    ///
    /// The plugin refuses, or trapped. Either way the task has failed.
    pub async fn start(&mut self, config: &PluginConfig) -> Result<(), CallError> {
        let class = self.sandbox.store.data().log.identity().class.clone();
        call!(self.sandbox, "sink.start", |store| each!(&self.guest, |guest| guest.start(store, &class, config)))?
    }

    /// These partitions are now the task's too. `partitions` must not be empty. A plugin that does not want to know is not called.
    ///
    /// # Errors
    ///
    /// The plugin refuses, or trapped.
    pub async fn assigned(&mut self, partitions: &[TopicPartition]) -> Result<(), CallError> {
        let Some(guest) = &self.partitions else { return Ok(()) };
        call!(self.sandbox, "sink-partitions.assigned", |store| each!(guest, |guest| guest
            .assigned(store, partitions)))?
    }

    /// Passes records; the answer lists those that failed, each once, in order. The batch is the same after the call as before,
    /// however it ended, so that it can be given again. Only a caller that drops the future before it is done loses the batch.
    ///
    /// # Errors
    ///
    /// The plugin asks for the same rows later, gave up, trapped, or its answer breaks the contract.
    pub async fn put(&mut self, batch: &mut SinkBatch) -> Result<Vec<RowFailure>, CallError> {
        let count = batch.records.count;
        let mut failures =
            call!(self.sandbox, "sink.put", |store| each!(&mut self.guest, |guest| guest.put(store, batch)))??;
        if let Some(failure) = failures.iter().find(|failure| failure.row >= count) {
            let row = failure.row;
            return Err(self.sandbox.lie("sink.put", format_args!("record {row} failed of a batch of {count}")));
        }
        failures.sort_by_key(|failure| failure.row);
        failures.dedup_by_key(|failure| failure.row);
        Ok(failures)
    }

    /// Asks which offsets may be committed. The answer names only partitions of `offsets`, each once, none above what was asked. For a
    /// plugin that does not buffer, what `put` accepted is durable.
    ///
    /// # Errors
    ///
    /// The plugin has nothing durable now, gave up, trapped, or its answer breaks the contract.
    pub async fn pre_commit(
        &mut self,
        offsets: &[TopicPartitionOffset],
    ) -> Result<Vec<TopicPartitionOffset>, CallError> {
        let Some(guest) = &self.commit else { return Ok(offsets.to_vec()) };
        let safe = call!(self.sandbox, "sink-commit.pre-commit", |store| each!(guest, |guest| guest
            .pre_commit(store, offsets)))??;
        match check_safe(offsets, &safe) {
            Ok(()) => Ok(safe),
            Err(lie) => Err(self.sandbox.lie("sink-commit.pre-commit", lie)),
        }
    }

    /// These partitions are no longer the task's; what could be committed is committed. `partitions` must not be empty.
    ///
    /// # Errors
    ///
    /// The plugin could not, or trapped.
    pub async fn revoked(&mut self, partitions: &[TopicPartition]) -> Result<(), CallError> {
        let Some(guest) = &self.partitions else { return Ok(()) };
        call!(self.sandbox, "sink-partitions.revoked", |store| each!(guest, |guest| guest.revoked(store, partitions)))?
    }

    /// These partitions are no longer the task's, and may be another's already: nothing was committed. `partitions` must not be empty.
    ///
    /// # Errors
    ///
    /// The plugin could not, or trapped.
    pub async fn lost(&mut self, partitions: &[TopicPartition]) -> Result<(), CallError> {
        let Some(guest) = &self.partitions else { return Ok(()) };
        call!(self.sandbox, "sink-partitions.lost", |store| each!(guest, |guest| guest.lost(store, partitions)))?
    }

    /// Called once, last, unless the instance trapped.
    ///
    /// # Errors
    ///
    /// It trapped while stopping.
    pub async fn stop(&mut self) -> Result<(), CallError> {
        call!(self.sandbox, "sink.stop", |store| each!(&self.guest, |guest| guest.stop(store)))
    }

    /// What the guest asked for through `sink-context` since this was called last. To be looked at after each call. Whether a
    /// rewound partition is one of the task's is for the caller to check.
    pub fn take_requests(&mut self) -> SinkRequests {
        self.sandbox.store.data_mut().requests.sink.take()
    }
}

fn check_safe(asked: &[TopicPartitionOffset], safe: &[TopicPartitionOffset]) -> Result<(), String> {
    let mut left: HashMap<(&str, i32), i64> =
        asked.iter().map(|asked| ((asked.topic.as_str(), asked.partition), asked.offset)).collect();
    for TopicPartitionOffset { topic, partition, offset } in safe {
        match left.remove(&(topic.as_str(), *partition)) {
            None => return Err(format!("{topic}-{partition} was not asked for, or is there twice")),
            Some(asked) if *offset > asked => {
                return Err(format!("offset {offset} of {topic}-{partition} is above {asked}, which was asked for"));
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
            (vec![at(0, 11)], "above 10"),
            (vec![at(2, 1)], "not asked for"),
            (vec![at(0, 1), at(0, 2)], "twice"),
            (vec![at(0, -1)], "negative"),
        ] {
            let lie = check_safe(&asked, &safe).unwrap_err();
            assert!(lie.contains(expected), "{expected:?} in {lie:?}");
        }
    }
}
