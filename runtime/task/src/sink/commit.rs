//! Commits the offsets that the plugin reports as safe.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;
use tracing::{info, warn};
use weir_plugin::{CallError, TopicPartition, TopicPartitionOffset};

use super::positions::Positions;
use super::{LOG_TARGET, SinkTask};
use crate::Error;
use crate::errors::OnStop;

/// The offsets of the task, and when they are committed.
pub(super) struct Commits {
    pub(super) positions: Positions,
    /// Time between two commits.
    interval: Duration,
    /// When the next one is due.
    pub(super) next: Instant,
    /// When the commit began that Kafka has not answered yet.
    unanswered: Option<Instant>,
}

impl Commits {
    pub(super) fn new(interval: Duration) -> Self {
        Self { positions: Positions::default(), interval, next: Instant::now() + interval, unanswered: None }
    }
}

/// How offsets are committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Commit {
    /// The result is handled when it arrives. If the plugin fails, the task reads again from the committed offsets. A stop shortens it.
    Periodic,
    /// Waits for the result, because a stop, a revocation or a new instance follows. If the plugin fails, nothing is read again.
    Final,
}

/// Of which partitions offsets are committed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Which<'a> {
    All,
    Of(&'a [TopicPartition]),
}

impl Which<'_> {
    pub(super) fn contains(self, id: &TopicPartition) -> bool {
        match self {
            Self::All => true,
            Self::Of(partitions) => partitions.contains(id),
        }
    }
}

impl SinkTask<'_> {
    /// Asks the plugin which offsets are safe, and commits them.
    pub(super) async fn commit(&mut self, which: Which<'_>, commit: Commit) -> Result<(), Error> {
        self.commits.next = Instant::now() + self.commits.interval;
        let given = self.commits.positions.given(which);
        // As in Kafka Connect, one at a time.
        if given.is_empty() || (self.commits.unanswered.is_some() && commit == Commit::Periodic) {
            return Ok(());
        }
        // A stop and a rebalance are to end within their own timeouts, with what can be committed until then.
        let (patience, on_stop) = match commit {
            Commit::Periodic => (self.common.flush_timeout, OnStop::End),
            Commit::Final => (self.common.flush_timeout / 4, OnStop::Continue),
        };
        if !self.settle_dead_letters(patience, on_stop).await? {
            warn!(
                target: LOG_TARGET,
                "dead letter queue has unacknowledged records; committing only what was consumed before them"
            );
        }
        let deadline = Instant::now() + patience;
        if self.commits.unanswered.is_some() {
            // Its answer is noted before what this commit changes. If there is none, this commit does not wait for ever either.
            let _ = tokio::time::timeout_at(deadline, self.consumer.commit_answered()).await;
            self.note_commits();
        }
        let began = Instant::now();
        self.metrics.sink.commit_seq_no.increment();
        let mut safe = match self.plugin.instance.pre_commit(&given).await {
            Ok(safe) => safe,
            Err(trap @ CallError::Trapped(_)) => return Err(trap.into()),
            Err(error) => {
                if let Some(left_out) = self.errors.may_log() {
                    warn!(target: LOG_TARGET, %error, left_out, "sink failed in `pre-commit`; nothing is committed");
                }
                self.metrics.commit_failed();
                if commit == Commit::Periodic {
                    self.go_back().await?;
                }
                return Ok(());
            }
        };
        if let Some(dead_letters) = self.errors.dead_letters() {
            clip(&mut safe, dead_letters.unsettled());
        }
        let offsets = self.commits.positions.to_commit(safe);
        if offsets.is_empty() {
            // As in Kafka Connect, a commit without anything new succeeds.
            self.metrics.sink_commit_succeeded(began.elapsed());
            return self.apply_requests().await;
        }
        let result = match commit {
            Commit::Periodic => {
                let result = self.consumer.commit_later(offsets);
                if result.is_ok() {
                    self.commits.unanswered = Some(began);
                }
                result
            }
            Commit::Final => {
                let result = self.consumer.commit_now(offsets.clone(), deadline - Instant::now()).await;
                if result.is_ok() {
                    self.are_committed(offsets);
                    self.metrics.sink_commit_succeeded(began.elapsed());
                }
                result
            }
        };
        if let Err(error) = result {
            warn!(target: LOG_TARGET, %error, "offset commit failed; records may be sent to the sink again");
            self.metrics.commit_failed();
        }
        self.apply_requests().await
    }

    /// Waits for the dead letter queue. Returns whether it has acknowledged all records.
    pub(super) async fn settle_dead_letters(&mut self, patience: Duration, on_stop: OnStop) -> Result<bool, Error> {
        match self.errors.dead_letters() {
            Some(queue) => queue.settle(patience, on_stop).await,
            None => Ok(true),
        }
    }

    /// Notes the answers to periodic commits.
    pub(super) fn note_commits(&mut self) {
        for result in self.consumer.committed() {
            let time = self.commits.unanswered.take().map_or(Duration::ZERO, |began| began.elapsed());
            match result {
                Ok(offsets) => {
                    self.are_committed(offsets);
                    self.metrics.sink_commit_succeeded(time);
                    self.metrics.sink.set_active(self.commits.positions.active());
                }
                Err(error) => {
                    warn!(target: LOG_TARGET, %error, "offset commit failed; retrying with the next commit");
                    self.metrics.commit_failed();
                }
            }
        }
    }

    /// Kafka has committed these offsets.
    fn are_committed(&mut self, offsets: Vec<TopicPartitionOffset>) {
        for committed in offsets {
            let (id, offset) = committed.into_parts();
            self.commits.positions.committed(&id, offset);
            if !self.bisection.is_idle() && self.bisection.committed(&id, offset) {
                let effort = self.bisection.effort;
                info!(
                    target: super::bisect::LOG_TARGET,
                    records = effort.bad,
                    failed_puts = effort.failed,
                    "isolation complete: the rejected batch is committed"
                );
            }
        }
    }

    /// Reads again from the committed offsets.
    pub(super) async fn go_back(&mut self) -> Result<(), Error> {
        self.in_hand.queued.clear();
        if let Some(pending) = self.in_hand.pending.take()
            && pending.retries > 0
        {
            self.resume(&self.commits.positions.partitions()).await?;
        }
        for offset in self.commits.positions.go_back() {
            self.seek(&offset)?;
        }
        Ok(())
    }

    pub(super) fn seek(&self, to: &TopicPartitionOffset) -> Result<(), Error> {
        self.consumer.seek(to).map_err(|cause| Error::Kafka { what: "cannot go back to an offset", cause })
    }
}

/// Lowers offsets so that none is above a record that is not in the dead letter queue yet.
fn clip<'a>(offsets: &mut [TopicPartitionOffset], unsettled: impl Iterator<Item = (&'a TopicPartition, i64)>) {
    let mut first: HashMap<(&str, i32), i64> = HashMap::new();
    for (id, offset) in unsettled {
        let known = first.entry((id.topic.as_str(), id.partition)).or_insert(offset);
        *known = offset.min(*known);
    }
    for safe in offsets {
        if let Some(&bound) = first.get(&(safe.topic.as_str(), safe.partition)) {
            safe.offset = safe.offset.min(bound);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_offset_is_above_a_record_that_is_not_in_the_dead_letter_queue() {
        let id = |partition| TopicPartition::new("t", partition);
        let mut offsets = [id(0).at(9), id(1).at(9), id(2).at(3)];
        let unsettled = [(id(0), 7), (id(0), 4), (id(2), 8)];
        clip(&mut offsets, unsettled.iter().map(|(id, offset)| (id, *offset)));
        assert_eq!(offsets, [id(0).at(4), id(1).at(9), id(2).at(3)]);
    }
}
