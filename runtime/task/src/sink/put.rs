//! Passes records to the plugin, and passes them again when it asks for a retry.

use std::time::Duration;

use tokio::task::coop::consume_budget;
use tokio::time::Instant;
use tracing::{debug, info, warn};
use weir_plugin::{CallError, SinkBatch};

use super::SinkTask;
use super::in_hand::{Pending, Read};
use super::options::RETRY_DELAYS;
use super::prepare::locations;
use crate::Error;
use crate::common::retry_delay;
use crate::errors::Failure;

impl SinkTask<'_> {
    /// Passes the records that are ready: all at once, or one part after the other if they are larger than a batch may be.
    pub(super) async fn put_pending(&mut self) -> Result<(), Error> {
        let mut is_divided = false;
        while let Some(mut pending) = self.in_hand.pending.take() {
            if let Some(mut rest) = pending.cut(self.plugin.instance.batch_max()) {
                rest.rest = pending.rest.take();
                pending.rest = Some(Box::new(rest));
            }
            let Some(rest) = self.put(pending).await? else { break };
            is_divided = true;
            if self.flow.invalidated {
                // The plugin wants other records first, or none of a partition.
                self.give_back(rest.starts())?;
                break;
            }
            self.in_hand.pending = Some(rest);
        }
        if is_divided && self.in_hand.pending.is_none() {
            // What the plugin resumed while there was a rest.
            self.resume(&self.commits.positions.partitions()).await?;
        }
        Ok(())
    }

    /// Passes these records, and returns those that come after them. They stay pending if the plugin wants to have them later.
    async fn put(&mut self, mut pending: Pending) -> Result<Option<Pending>, Error> {
        if pending.batch.records.count > 0 {
            self.plugin.next_empty_put = None;
            let (began, records) = (Instant::now(), pending.batch.records.count);
            match self.plugin.instance.put(&mut pending.batch).await {
                Ok(failures) => {
                    self.metrics.sink.put_time.record_time(began.elapsed());
                    self.metrics.sink.sent.add(records.into());
                    self.metrics.batch_size.record(records.into());
                    for failure in failures {
                        consume_budget().await;
                        self.report_put(&pending, failure.index, &Failure::of_put(&failure.message)).await?;
                    }
                }
                Err(CallError::Retry { message, after }) => {
                    self.retry(pending, message, after).await?;
                    return Ok(None);
                }
                Err(error) if self.errors.tolerates() => {
                    self.bisect(pending, error, began.elapsed()).await?;
                    return Ok(None);
                }
                Err(error) => return Err(error.into()),
            }
        }
        for Read { id, first, next } in &pending.read {
            self.commits.positions.advance(id, *first, *next);
        }
        self.metrics.sink.set_active(self.commits.positions.active());
        if pending.retries > 0 {
            info!(retries = pending.retries, "the sink accepted the records");
            self.resume(&self.commits.positions.partitions()).await?;
        }
        // The rest has to be known, should the plugin ask for other records of the same partitions.
        self.in_hand.pending = pending.rest.map(|rest| *rest);
        self.apply_requests().await?;
        Ok(self.in_hand.pending.take())
    }

    /// A record of the batch failed in the plugin.
    pub(super) async fn report_put(&mut self, pending: &Pending, record: u32, failure: &Failure) -> Result<(), Error> {
        let locations = locations(&pending.batch);
        let Some((index, offset)) = locations.of(record) else { return Ok(()) };
        let (Some(id), Some(kind)) = (locations.ids.get(index as usize), locations.kinds.get(index as usize)) else {
            return Ok(());
        };
        self.report(id, *kind, (index, offset), pending.originals.as_deref(), failure).await
    }

    /// Keeps the records, and stops reading until it is time to call the plugin again.
    async fn retry(&mut self, mut pending: Pending, message: String, after: Option<Duration>) -> Result<(), Error> {
        let delay = retry_delay(after, pending.retries, RETRY_DELAYS);
        if let Some(left_out) = self.errors.may_log() {
            warn!(message, delay_ms = delay.as_millis(), left_out, "the sink asks for the same records again later");
        }
        if pending.retries == 0 {
            self.pause(&self.commits.positions.partitions()).await?;
        }
        pending.retries = pending.retries.saturating_add(1);
        pending.due = Instant::now() + delay;
        self.in_hand.pending = Some(pending);
        self.apply_requests().await
    }

    /// Calls `put` without records, so that the plugin knows that time has passed.
    pub(super) async fn put_empty(&mut self) -> Result<(), Error> {
        self.plugin.next_empty_put = None;
        if self.flow.paused || self.in_hand.pending.is_some() {
            return Ok(());
        }
        match self.plugin.instance.put(&mut SinkBatch::default()).await {
            Ok(_) => {}
            Err(CallError::Retry { message, .. }) => {
                debug!(message, "the sink asks for a retry of a `put` without records")
            }
            Err(error) => return Err(error.into()),
        }
        self.apply_requests().await
    }
}
