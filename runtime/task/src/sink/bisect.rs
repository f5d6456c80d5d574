//! A `put` that fails as a whole, with `errors.tolerance=all`: looks for the rows that it fails for, so that the others go on.
//!
//! After a failure the instance is not asked anything more. A fresh one starts with the same configuration and partitions, and
//! everything since the last committed offset is read again: what the old one had taken and not made durable is gone with it. The
//! rows of the batch that failed come in smaller pieces then (`suspects.rs`). Before each piece all that was given so far is
//! committed. Where the plugin's `pre-commit` lets all of it be, a further failure has lost nothing, and the piece is given again
//! out of memory; going back in Kafka costs a request that may wait for `fetch.max.wait.ms`.

use std::time::Duration;

use tracing::{error, info, warn};
use weir_plugin::{CallError, Grants, SinkInstance, TopicPartition};

use super::gather::Gathered;
use super::prepare::places;
use super::suspects::{RowId, Verdict};
use super::{Pending, SinkTask};
use crate::errors::Failure;
use crate::{Common, Error};
use weir_kafka::consumer::Position;

/// An instance that is started.
pub(super) async fn instance(common: &Common, grants: &Grants) -> Result<SinkInstance, Error> {
    let mut instance = common.component.sink(common.identity(), &common.limits, grants).await?;
    instance.start(&common.config).await?;
    Ok(instance)
}

impl SinkTask<'_> {
    /// A `put` of these rows failed after so long.
    pub(super) async fn bisect(&mut self, pending: Pending, error: CallError, took: Duration) -> Result<(), Error> {
        let rows = rows(&pending);
        let ids = &pending.batch.topic_partitions;
        match self.suspects.failed(ids, &rows, took, self.common.limits.call_timeout) {
            Verdict::Divide => warn!(
                %error,
                rows = rows.len(),
                tries = self.suspects.effort.failed,
                "the sink failed for a batch and does not say for which rows; looking for them with a fresh instance"
            ),
            Verdict::Bad(_) => {
                // All rows that the transforms made of this one.
                self.report_put(&pending, 0, &Failure::of_put(&error.to_string())).await?;
                warn!(
                    tries = self.suspects.effort.failed,
                    rows = self.suspects.effort.bad,
                    "found a row that the sink fails for"
                );
            }
            Verdict::GiveUp(limit) => {
                error!(limit, "the sink goes on failing; the task gives up");
                return Err(Error::Bisect { limit, cause: error });
            }
        }
        if pending.retries > 0 {
            self.flow(self.all_partitions(), true).await?;
        }
        self.start_over(&error, pending.again).await
    }

    /// Replaces the instance, and reads again what the old one may have lost. `rows` are those that it failed for.
    async fn start_over(&mut self, error: &CallError, rows: Option<Gathered>) -> Result<(), Error> {
        if !error.is_trap() {
            // It failed; what it says at its end changes nothing.
            let _ = self.instance.stop().await;
        }
        self.instance = instance(self.common, &self.grants).await?;
        self.next_empty_put = None;
        let paused = std::mem::take(&mut self.paused_by_plugin);
        self.flow(paused, true).await?;
        let ids: Vec<TopicPartition> = self
            .positions
            .partitions()
            .map(|(topic, partition)| TopicPartition { topic: topic.to_owned(), partition })
            .collect();
        match rows.filter(|_| self.positions.is_all_committed()) {
            Some(rows) => self.held.push_front(rows),
            None => {
                self.go_back().await?;
                // Rows that were read together with those that failed come again with the others.
                self.disturbed = true;
                for id in &ids {
                    self.rewound.redirect(id);
                }
            }
        }
        self.apply_requests().await?;
        if !ids.is_empty() {
            self.instance.open(&ids).await?;
        }
        // After that: a sink that keeps its own offsets knows better.
        self.apply_requests().await
    }

    /// Of rows that were read, those from the front that may be given together. The others are held until these are taken. Rows that
    /// are known to have failed are left out.
    pub(super) async fn choose_carefully(&mut self, gathered: Gathered) -> Result<Option<Gathered>, Error> {
        let cut = self.suspects.cut(&gathered);
        if cut.risky {
            self.commit(|_, _| true, true).await?;
            if self.disturbed {
                // The plugin went elsewhere in its `pre-commit`.
                self.give_back(gathered.starts())?;
                return Ok(None);
            }
        }
        let suspects = &self.suspects;
        let (front, rest) =
            gathered.split(cut.rows, |gathered, partition, offset| suspects.is_known(gathered, partition, offset));
        if let Some(rest) = rest {
            self.held.push_front(rest);
        }
        Ok(Some(front))
    }

    /// Reads the held rows again later: the plugin, or the group, wants others first.
    pub(super) fn release_held(&mut self) -> Result<(), Error> {
        for gathered in std::mem::take(&mut self.held) {
            self.give_back(
                gathered
                    .starts()
                    .into_iter()
                    .filter(|(id, _)| self.positions.contains(&id.topic, id.partition))
                    .collect::<Vec<_>>(),
            )?;
        }
        Ok(())
    }

    /// Kafka has these offsets.
    pub(super) fn are_committed(&mut self, positions: &[Position]) {
        self.positions.committed(positions);
        if self.suspects.is_idle() {
            return;
        }
        for (topic, partition, offset) in positions {
            let id = TopicPartition { topic: topic.clone(), partition: *partition };
            if self.suspects.committed(&id, *offset) {
                let effort = self.suspects.effort;
                info!(
                    rows = effort.bad,
                    failed_puts = effort.failed,
                    "the batch that the sink failed for is behind a commit"
                );
            }
        }
    }
}

/// The rows of a batch, each once: transforms may make several of one.
fn rows(pending: &Pending) -> Vec<RowId> {
    let places = places(&pending.batch);
    let mut rows: Vec<RowId> = (0..pending.batch.records.count)
        .filter_map(|row| places.of(row))
        .map(|(partition, offset)| (partition as usize, offset))
        .collect();
    rows.dedup();
    rows
}
