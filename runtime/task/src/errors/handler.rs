//! Handles a record that has failed for good: reports it, counts it, and then skips it or fails the task.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tracing::{error, warn};

use super::dead_letters::{DeadLetter, DeadLetters};
use super::log::{RecordLocation, cut};
use super::retry::Retries;
use super::{Exception, Failure, SINK_TASK, SOURCE_TASK, Stage};
use crate::control::Stopping;
use crate::{Error, TaskId};
use weir_config::Errors;
use weir_kafka::producer::SendFailure;
use weir_logging::Throttle;
use weir_metrics::TaskMetrics;

/// The record that failed.
pub(crate) enum Record<'a> {
    /// A record of a sink: where it was consumed, and the record as it was consumed, if that was kept.
    Consumed(RecordLocation<'a>, Option<DeadLetter<'a>>),
    /// A record of a source.
    Polled {
        /// `SourceRecord.toString`, if the record was kept.
        text: Option<String>,
        /// Its source partition, a JSON object.
        partition: &'a str,
        /// Its offset, a JSON object.
        offset: &'a str,
    },
}

impl std::fmt::Display for Record<'_> {
    /// Writes which record it is, for a trace.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Consumed(location, _) => write!(f, "consumed record {location}"),
            Self::Polled { partition, offset, .. } => {
                write!(f, "source record of partition {} with offset {}", cut(partition), cut(offset))
            }
        }
    }
}

/// How a task handles records that fail.
pub(crate) struct Handler {
    id: TaskId,
    tolerate: bool,
    log: bool,
    log_records: bool,
    retries: Retries,
    metrics: Arc<TaskMetrics>,
    dead_letters: Option<DeadLetters>,
    skips: Skips,
    throttle: Throttle,
}

/// Records that Kafka did not accept and that were skipped since the last line of the log about them.
#[derive(Default)]
struct Skips {
    count: u64,
    last: Option<Instant>,
}

/// The minimum time between two log lines about skipped records.
const SKIP_LOG_INTERVAL: Duration = Duration::from_secs(10);

impl Skips {
    /// Counts another skipped record. Returns the number for the log line, if one is to be written now.
    fn another(&mut self, now: Instant) -> Option<u64> {
        self.count += 1;
        if self.last.is_some_and(|last| now.duration_since(last) < SKIP_LOG_INTERVAL) {
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.count))
    }
}

impl Handler {
    /// `dead_letters` is the queue for records that a sink could not process.
    pub(crate) fn new(
        id: TaskId,
        errors: &Errors,
        metrics: Arc<TaskMetrics>,
        stopping: Stopping,
        dead_letters: Option<DeadLetters>,
    ) -> Self {
        Self {
            id,
            tolerate: errors.tolerate_all,
            log: errors.log,
            log_records: errors.log && errors.log_records,
            retries: Retries::new(errors, stopping),
            metrics,
            dead_letters,
            skips: Skips::default(),
            throttle: Throttle::default(),
        }
    }

    /// Asked before a line that the plugin can cause with each call: `Some` with the number of lines that were left out.
    pub(crate) fn may_log(&mut self) -> Option<u64> {
        self.throttle.pass()
    }

    /// `errors.tolerance=all`.
    pub(crate) fn tolerates(&self) -> bool {
        self.tolerate
    }

    /// Returns whether the log contains the record itself, and not only what failed.
    pub(crate) fn logs_records(&self) -> bool {
        self.log_records
    }

    /// Returns whether a record that fails is needed as it was consumed.
    pub(crate) fn keeps_originals(&self) -> bool {
        self.dead_letters.is_some()
    }

    /// For operations that may succeed later.
    pub(crate) fn retries(&self) -> (&Retries, &TaskMetrics) {
        (&self.retries, &self.metrics)
    }

    /// The dead letter queue.
    pub(crate) fn dead_letters(&mut self) -> Option<&mut DeadLetters> {
        self.dead_letters.as_mut()
    }

    /// Returns when [`Handler::serve_dead_letters`] has something to do. Safe to drop.
    pub(crate) fn dead_letters_stuck(&self) -> impl Future<Output = ()> + Send + use<> {
        let ended = self.dead_letters.as_ref().map(DeadLetters::producer_ended);
        async move {
            match ended {
                Some(ended) => ended.await,
                None => std::future::pending().await,
            }
        }
    }

    /// Sends unacknowledged dead letters again whose producer has failed.
    ///
    /// # Errors
    ///
    /// A broker refuses the producer.
    pub(crate) fn serve_dead_letters(&mut self) -> Result<(), Error> {
        self.dead_letters.as_mut().map_or(Ok(()), DeadLetters::serve)
    }

    /// A record has failed for good. Runs the reporters, also when the task is about to fail because of it.
    ///
    /// # Errors
    ///
    /// `errors.tolerance` is `none`, or the dead letter queue does not accept records.
    pub(crate) async fn fail(&mut self, failure: &Failure, record: Record<'_>) -> Result<(), Error> {
        let reported = failure.stage.is_reported();
        self.metrics.record_failure();
        if !reported {
            self.metrics.record_error();
        }
        self.log(failure, &record);
        if let (Some(queue), Record::Consumed(location, Some(letter))) = (&mut self.dead_letters, &record) {
            queue.send(&self.id, failure, location, letter).await?;
        }
        if self.tolerate {
            if !reported {
                self.metrics.record_skipped();
            }
            if failure.stage == Stage::KafkaProduce
                && let Some(records) = self.skips.another(Instant::now())
            {
                let error = failure.exception.trace();
                warn!(
                    records,
                    error = error.trim_end(),
                    "skipped records that Kafka did not accept (errors.tolerance=all)"
                );
            }
            return Ok(());
        }
        if reported {
            self.metrics.record_error();
        }
        Err(Error::Tolerance {
            what: failure.what(),
            place: record.to_string(),
            trace: failure.exception.trace().trim_end().to_owned(),
        })
    }

    fn log(&self, failure: &Failure, record: &Record<'_>) {
        if !self.log {
            tracing::debug!(what = failure.what(), exception = failure.exception.trace(), "a record failed");
            return;
        }
        let more = match record {
            _ if !self.log_records => String::new(),
            Record::Consumed(location, _) => format!(", where consumed record is {location}"),
            Record::Polled { text: Some(text), .. } => format!(", where source record is = {text}"),
            Record::Polled { text: None, .. } => String::new(),
        };
        // The sentence is exactly Kafka Connect's, because alerts look for it.
        error!(
            exception = failure.exception.trace().trim_end(),
            "Error encountered in task {}. {}{more}.",
            self.id,
            failure.what()
        );
        self.metrics.error_logged();
    }
}

impl Failure {
    /// A record that a sink reported, or that its `put` failed for.
    pub(crate) fn of_put(text: &str) -> Self {
        Self { stage: Stage::TaskPut, class: SINK_TASK.to_owned(), exception: Exception::of_sink(text) }
    }

    /// A record that Kafka did not accept.
    pub(crate) fn of_send(failure: SendFailure) -> Self {
        let exception = Exception::of_send(failure.code, failure.message);
        Self { stage: Stage::KafkaProduce, class: SOURCE_TASK.to_owned(), exception }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_skip_is_logged_at_once_and_the_next_ones_together() {
        let mut skips = Skips::default();
        let now = Instant::now();
        assert_eq!(skips.another(now), Some(1));
        assert_eq!(skips.another(now + SKIP_LOG_INTERVAL / 2), None);
        assert_eq!(skips.another(now + SKIP_LOG_INTERVAL), Some(2));
    }
}
