//! A sink task in its sandbox.

use std::collections::HashMap;
use std::sync::Arc;

use super::call;
use crate::batch::{ConfigMap, RowFailure, SinkBatch, SinkRequests, TopicPartition, TopicPartitionOffset};
use crate::call::{CallError, Sandbox};
use crate::metrics::Metrics;
use crate::v0_1;

/// A sink task. Made by [`Component::sink`](crate::Component::sink); the calls follow the order of `wit/sink.wit`.
pub struct SinkInstance {
    sandbox: Sandbox,
    guest: v0_1::Sink,
}

impl SinkInstance {
    pub(crate) fn new(sandbox: Sandbox, guest: v0_1::Sink) -> Self {
        Self { sandbox, guest }
    }

    /// What the guest counts; may be read at any time.
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(self.sandbox.store.data().stats.metrics())
    }

    /// Called once, first.
    ///
    /// # Errors
    ///
    /// The plugin refuses, or trapped. Either way the task has failed.
    pub async fn start(&mut self, config: &ConfigMap) -> Result<(), CallError> {
        let identity = self.sandbox.store.data().log.identity().clone();
        call!(self.sandbox, "sink.start", |store| self.guest.start(store, &identity, config))?
    }

    /// These partitions are now the task's too. `partitions` must not be empty.
    ///
    /// # Errors
    ///
    /// The plugin refuses, or trapped.
    pub async fn open(&mut self, partitions: &[TopicPartition]) -> Result<(), CallError> {
        call!(self.sandbox, "sink.open", |store| self.guest.open(store, partitions))?
    }

    /// Gives rows; the answer lists those that failed, each once, in row order. The batch is the same after the call as before,
    /// however it ended, so that it can be given again. Only a caller that drops the future before it is done loses the batch.
    ///
    /// # Errors
    ///
    /// The plugin asks for the same rows later, gave up, trapped, or its answer breaks the contract.
    pub async fn put(&mut self, batch: &mut SinkBatch) -> Result<Vec<RowFailure>, CallError> {
        let count = batch.records.count;
        let mut failures = call!(self.sandbox, "sink.put", |store| self.guest.put(store, batch))??;
        if let Some(failure) = failures.iter().find(|failure| failure.row >= count) {
            let row = failure.row;
            return Err(self.sandbox.lie("sink.put", format_args!("record {row} failed of a batch of {count}")));
        }
        failures.sort_by_key(|failure| failure.row);
        failures.dedup_by_key(|failure| failure.row);
        Ok(failures)
    }

    /// Asks which offsets may be committed. The answer names only partitions of `offsets`, each once, none above what was asked.
    ///
    /// # Errors
    ///
    /// The plugin has nothing durable now, gave up, trapped, or its answer breaks the contract.
    pub async fn pre_commit(
        &mut self,
        offsets: &[TopicPartitionOffset],
    ) -> Result<Vec<TopicPartitionOffset>, CallError> {
        let safe = call!(self.sandbox, "sink.pre-commit", |store| self.guest.pre_commit(store, offsets))??;
        match check_safe(offsets, &safe) {
            Ok(()) => Ok(safe),
            Err(lie) => Err(self.sandbox.lie("sink.pre-commit", lie)),
        }
    }

    /// These partitions are no longer the task's. `partitions` must not be empty.
    ///
    /// # Errors
    ///
    /// The plugin could not, or trapped.
    pub async fn close(&mut self, partitions: &[TopicPartition]) -> Result<(), CallError> {
        call!(self.sandbox, "sink.close", |store| self.guest.close(store, partitions))?
    }

    /// Called once, last, unless the instance trapped.
    ///
    /// # Errors
    ///
    /// It trapped while stopping.
    pub async fn stop(&mut self) -> Result<(), CallError> {
        call!(self.sandbox, "sink.stop", |store| self.guest.stop(store))
    }

    /// What the guest asked for through `sink-context` since this was called last. To be looked at after each call. Whether a
    /// rewound partition is one of the task's is for the caller to check.
    pub fn take_requests(&mut self) -> SinkRequests {
        self.sandbox.store.data_mut().requests.take()
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
