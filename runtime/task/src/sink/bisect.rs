//! A `put` that fails as a whole, with `errors.tolerance=all`: isolates the records that it fails for, so that the others are processed.
//!
//! After a failure the instance is not called any more. A new one starts with the same configuration and partitions, and everything since
//! the last committed offset is read again: what the old one had accepted and not made durable is lost with it. The records of the batch
//! that failed then come in smaller pieces (`bisection.rs`). Before each piece, everything that was passed so far is committed. Where the
//! plugin's `pre-commit` permits all of it, a further failure has lost nothing, and the piece is passed again from memory; going back in
//! Kafka costs a request that may wait for `fetch.max.wait.ms`.

use std::time::Duration;

use tracing::{error, warn};
use weir_plugin::CallError;

use super::SinkTask;
use super::bisection::{RecordId, Verdict};
use super::commit::{Commit, Which};
use super::fetch::FetchedBatch;
use super::in_hand::Pending;
use super::prepare::locations;
use crate::Error;
use crate::errors::Failure;

/// The target of log lines about isolated records.
pub(super) const LOG_TARGET: &str = module_path!();

impl SinkTask<'_> {
    /// Handles a `put` of these records that failed after `took`.
    pub(super) async fn bisect(&mut self, pending: Pending, error: CallError, took: Duration) -> Result<(), Error> {
        let records = record_ids(&pending);
        let ids = &pending.batch.topic_partitions;
        match self.bisection.put_failed(ids, &records, took, self.common.limits.call_timeout) {
            Verdict::Split => warn!(
                %error,
                records = records.len(),
                failed_puts = self.bisection.effort.failed,
                "sink rejected a batch without naming records; isolating them with a new instance"
            ),
            Verdict::Bad(_) => {
                // All records that the transforms made of this one.
                self.report_put(&pending, 0, &Failure::of_put(&error.to_string())).await?;
                warn!(
                    failed_puts = self.bisection.effort.failed,
                    records = self.bisection.effort.bad,
                    "isolated a record that the sink rejects"
                );
            }
            Verdict::GiveUp(limit) => {
                error!(limit, "isolation abandoned; failing the task");
                return Err(Error::Bisect { limit, cause: error });
            }
        }
        if pending.retries > 0 {
            self.resume(&self.commits.positions.partitions()).await?;
        }
        self.replace_instance(&error, pending.fetched).await
    }

    /// Replaces the instance, and reads again what the old one may have lost. `rejected` are the records that it failed for.
    async fn replace_instance(&mut self, error: &CallError, rejected: Option<FetchedBatch>) -> Result<(), Error> {
        self.plugin.replace(self.common, error).await?;
        let paused = self.flow.take_paused_by_plugin();
        self.resume(&paused).await?;
        let partitions = self.commits.positions.partitions();
        match rejected.filter(|_| self.commits.positions.is_all_committed()) {
            Some(rejected) => self.in_hand.queued.push_front(rejected),
            None => {
                self.go_back().await?;
                // Records that were fetched together with those that failed are read again with the others.
                self.flow.invalidated = true;
                for id in &partitions {
                    self.flow.rewound.redirect(id);
                }
            }
        }
        self.apply_requests().await?;
        if !partitions.is_empty() {
            self.plugin.instance.assigned(&partitions).await?;
        }
        // After that: the offsets of a sink that stores its own take precedence.
        self.apply_requests().await
    }

    /// Returns those of the fetched records, from the front, that may be passed together. The others are queued until these are accepted.
    /// Skips records that are known to have failed.
    pub(super) async fn next_piece(&mut self, fetched: FetchedBatch) -> Result<Option<FetchedBatch>, Error> {
        let cut = self.bisection.cut(&fetched);
        if cut.risky {
            self.commit(Which::All, Commit::Final).await?;
            if self.flow.invalidated {
                // The plugin rewound or paused partitions in its `pre-commit`.
                self.give_back(fetched.starts())?;
                return Ok(None);
            }
        }
        let bisection = &self.bisection;
        let (front, rest) =
            fetched.split(cut.records, |fetched, partition, offset| bisection.has_failed(fetched, partition, offset));
        if let Some(rest) = rest {
            self.in_hand.queued.push_front(rest);
        }
        Ok(Some(front))
    }

    /// Reads the queued records again later: the plugin, or the group, wants others first.
    pub(super) fn release_queued(&mut self) -> Result<(), Error> {
        for fetched in std::mem::take(&mut self.in_hand.queued) {
            let mut starts = fetched.starts();
            starts.retain(|(id, _)| self.commits.positions.contains(id));
            self.give_back(starts)?;
        }
        Ok(())
    }
}

/// Returns the records of a batch without duplicates: transforms may make several records of one.
fn record_ids(pending: &Pending) -> Vec<RecordId> {
    let locations = locations(&pending.batch);
    let mut records: Vec<RecordId> = (0..pending.batch.records.count)
        .filter_map(|record| locations.of(record))
        .map(|(partition, offset)| (partition as usize, offset))
        .collect();
    records.dedup();
    records
}
