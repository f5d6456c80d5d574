//! Gives rows to the plugin, and gives them again when it asks for that.

use std::time::Duration;

use tokio::task::coop::consume_budget;
use tokio::time::Instant;
use tracing::{debug, info, warn};
use weir_plugin::{CallError, SinkBatch};

use super::options::RETRY_DELAYS;
use super::prepare::places;
use super::{Pending, SinkTask};
use crate::Error;
use crate::common::retry_delay;
use crate::errors::Failure;

impl SinkTask<'_> {
    pub(super) async fn put_pending(&mut self) -> Result<(), Error> {
        let Some(mut pending) = self.pending.take() else { return Ok(()) };
        if pending.batch.records.count > 0 {
            self.next_empty_put = None;
            let (began, rows) = (Instant::now(), pending.batch.records.count);
            match self.instance.put(&mut pending.batch).await {
                Ok(failures) => {
                    self.metrics.sink.put_time.record_time(began.elapsed());
                    self.metrics.sink.sent.add(rows.into());
                    self.metrics.batch_size.record(rows.into());
                    for failure in failures {
                        consume_budget().await;
                        self.report_put(&pending, failure.row, &Failure::of_put(&failure.message)).await?;
                    }
                }
                Err(CallError::Retry { message, after }) => return self.retry(pending, message, after).await,
                Err(error) if self.errors.tolerates() => return self.bisect(pending, error, began.elapsed()).await,
                Err(error) => return Err(error.into()),
            }
        }
        for (topic, partition, first, next) in &pending.read {
            self.positions.advance(topic, *partition, *first, *next);
        }
        self.metrics.sink.set_active(self.positions.active());
        if pending.retries > 0 {
            info!(retries = pending.retries, "the sink has taken its rows");
            self.flow(self.all_partitions(), true).await?;
        }
        self.apply_requests().await
    }

    /// A row of the batch failed in the plugin.
    pub(super) async fn report_put(&mut self, pending: &Pending, row: u32, failure: &Failure) -> Result<(), Error> {
        let places = places(&pending.batch);
        let Some((index, offset)) = places.of(row) else { return Ok(()) };
        let (Some(id), Some(kind)) = (places.ids.get(index as usize), places.kinds.get(index as usize)) else {
            return Ok(());
        };
        self.report(id, *kind, (index, offset), pending.originals.as_ref(), failure).await
    }

    /// Keeps the rows and stops reading until the plugin is to be asked again.
    async fn retry(&mut self, mut pending: Pending, message: String, after: Option<Duration>) -> Result<(), Error> {
        let delay = retry_delay(after, pending.retries, RETRY_DELAYS);
        if let Some(left_out) = self.errors.may_log() {
            warn!(message, delay_ms = delay.as_millis(), left_out, "the sink asks for the same records again later");
        }
        if pending.retries == 0 {
            self.flow(self.all_partitions(), false).await?;
        }
        pending.retries = pending.retries.saturating_add(1);
        pending.due = Instant::now() + delay;
        self.pending = Some(pending);
        self.apply_requests().await
    }

    /// Tells the plugin that time has passed.
    pub(super) async fn put_nothing(&mut self) -> Result<(), Error> {
        self.next_empty_put = None;
        if self.paused || self.pending.is_some() {
            return Ok(());
        }
        match self.instance.put(&mut SinkBatch::default()).await {
            Ok(_) => {}
            Err(CallError::Retry { message, .. }) => {
                debug!(message, "the sink has nothing to take and asks to be called later")
            }
            Err(error) => return Err(error.into()),
        }
        self.apply_requests().await
    }
}
