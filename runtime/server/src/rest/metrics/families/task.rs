//! Families of a task: `connector-task-metrics`, `task-error-metrics`, `source-task-metrics`, `sink-task-metrics`.

use std::time::Duration;

use super::word;
use crate::herder::TaskSnapshot;
use crate::rest::metrics::family::Family;
use crate::rest::metrics::text::Kind::{Counter, Gauge};

/// Of every task.
pub(in crate::rest::metrics) const TASK: &[Family<TaskSnapshot>] = &[
    Family {
        name: "kafka_connect_connector_status",
        kind: Gauge,
        help: "1, with the task's state as a label: unassigned, running, paused, failed or restarting.",
        attributes: &["connector-task-metrics/status"],
        write: |task, samples| samples.with(&[("status", word(task.state))], 1_u64),
    },
    Family {
        name: "kafka_connect_connector_task_running_ratio",
        kind: Gauge,
        help: "The fraction of its time that the task has been running, from 0 to 1.",
        attributes: &["connector-task-metrics/running-ratio"],
        write: |task, samples| samples.one(task.metrics.state_ratios().running),
    },
    Family {
        name: "kafka_connect_connector_task_pause_ratio",
        kind: Gauge,
        help: "The fraction of its time that the task has been paused, from 0 to 1.",
        attributes: &["connector-task-metrics/pause-ratio"],
        write: |task, samples| samples.one(task.metrics.state_ratios().paused),
    },
    Family {
        name: "kafka_connect_connector_task_batch_size_max",
        kind: Gauge,
        help: "Rows in the largest batch within the sample window.",
        attributes: &["connector-task-metrics/batch-size-max"],
        write: |task, samples| samples.one(task.metrics.batch_size.summary().max),
    },
    Family {
        name: "kafka_connect_connector_task_batch_size_avg",
        kind: Gauge,
        help: "Mean number of rows of the batches within the sample window.",
        attributes: &["connector-task-metrics/batch-size-avg"],
        write: |task, samples| samples.one(task.metrics.batch_size.summary().average()),
    },
    Family {
        name: "kafka_connect_connector_task_offset_commit_max_time_ms",
        kind: Gauge,
        help: "The longest successful commit of offsets within the sample window, in milliseconds.",
        attributes: &["connector-task-metrics/offset-commit-max-time-ms"],
        write: |task, samples| samples.one(task.metrics.commit_time.summary().max),
    },
    Family {
        name: "kafka_connect_connector_task_offset_commit_avg_time_ms",
        kind: Gauge,
        help: "Mean time of the successful commits of offsets within the sample window, in milliseconds.",
        attributes: &["connector-task-metrics/offset-commit-avg-time-ms"],
        write: |task, samples| samples.one(task.metrics.commit_time.summary().average()),
    },
    Family {
        name: "kafka_connect_connector_task_offset_commit_success_percentage",
        kind: Gauge,
        help: "The fraction of the commits of offsets within the sample window that succeeded, from 0 to 1; NaN where there was none.",
        attributes: &["connector-task-metrics/offset-commit-success-percentage"],
        write: |task, samples| samples.one(task.metrics.commit_success.share_of_ones()),
    },
    Family {
        name: "kafka_connect_connector_task_offset_commit_failure_percentage",
        kind: Gauge,
        help: "The fraction of the commits of offsets within the sample window that failed, from 0 to 1.",
        attributes: &["connector-task-metrics/offset-commit-failure-percentage"],
        write: |task, samples| samples.one(task.metrics.commit_success.share_of_zeros()),
    },
    Family {
        name: "kafka_connect_task_error_total_record_failures",
        kind: Counter,
        help: "Operations on rows that failed, those that were tried again included.",
        attributes: &["task-error-metrics/total-record-failures"],
        write: |task, samples| samples.one(task.metrics.errors.failures.get()),
    },
    Family {
        name: "kafka_connect_task_error_total_record_errors",
        kind: Counter,
        help: "Rows that failed for good and were not tolerated.",
        attributes: &["task-error-metrics/total-record-errors"],
        write: |task, samples| samples.one(task.metrics.errors.errors.get()),
    },
    Family {
        name: "kafka_connect_task_error_total_records_skipped",
        kind: Counter,
        help: "Rows that failed and were left out, as errors.tolerance allows.",
        attributes: &["task-error-metrics/total-records-skipped"],
        write: |task, samples| samples.one(task.metrics.errors.skipped.get()),
    },
    Family {
        name: "kafka_connect_task_error_total_retries",
        kind: Counter,
        help: "Operations that were tried again.",
        attributes: &["task-error-metrics/total-retries"],
        write: |task, samples| samples.one(task.metrics.errors.retries.get()),
    },
    Family {
        name: "kafka_connect_task_error_total_errors_logged",
        kind: Counter,
        help: "Errors that were logged because errors.log.enable says so.",
        attributes: &["task-error-metrics/total-errors-logged"],
        write: |task, samples| samples.one(task.metrics.errors.logged.get()),
    },
    Family {
        name: "kafka_connect_task_error_deadletterqueue_produce_requests",
        kind: Counter,
        help: "Rows that were sent to the dead letter queue.",
        attributes: &["task-error-metrics/deadletterqueue-produce-requests"],
        write: |task, samples| samples.one(task.metrics.errors.dead_letter_requests.get()),
    },
    Family {
        name: "kafka_connect_task_error_deadletterqueue_produce_failures",
        kind: Counter,
        help: "Rows that the dead letter queue did not take.",
        attributes: &["task-error-metrics/deadletterqueue-produce-failures"],
        write: |task, samples| samples.one(task.metrics.errors.dead_letter_failures.get()),
    },
    Family {
        name: "kafka_connect_task_error_last_error_timestamp",
        kind: Gauge,
        help: "When a row last failed for good, in milliseconds since 1970; 0 = never.",
        attributes: &["task-error-metrics/last-error-timestamp"],
        write: |task, samples| samples.one(task.metrics.errors.last.get()),
    },
    Family {
        name: "weir_task_offset_commit_last_timestamp_seconds",
        kind: Gauge,
        help: "When offsets of the task were last committed, or there was nothing new to commit, in seconds since 1970. Absent until then.",
        attributes: &[],
        write: |task, samples| {
            let last = task.metrics.last_commit.get();
            if last > 0 {
                samples.one(Duration::from_millis(last).as_secs_f64());
            }
        },
    },
    Family {
        name: "weir_task_kafka_reachable",
        kind: Gauge,
        help: "0 = one of the task's Kafka clients reaches no broker; the task's status says why. 1 = not so.",
        attributes: &[],
        write: |task, samples| samples.one(u64::from(task.metrics.connections.outage().is_none())),
    },
];

/// Of a source's task.
pub(in crate::rest::metrics) const SOURCE: &[Family<TaskSnapshot>] = &[
    Family {
        name: "kafka_connect_source_task_source_record_poll_total",
        kind: Counter,
        help: "Rows that the source brought, before the transforms.",
        attributes: &["source-task-metrics/source-record-poll-total"],
        write: |task, samples| samples.one(task.metrics.source.polled.get()),
    },
    Family {
        name: "kafka_connect_source_task_source_record_write_total",
        kind: Counter,
        help: "Rows that Kafka has acknowledged, after the transforms.",
        attributes: &["source-task-metrics/source-record-write-total"],
        write: |task, samples| samples.one(task.metrics.source.written.get()),
    },
    Family {
        name: "kafka_connect_source_task_poll_batch_max_time_ms",
        kind: Gauge,
        help: "The longest poll that brought rows within the sample window, in milliseconds.",
        attributes: &["source-task-metrics/poll-batch-max-time-ms"],
        write: |task, samples| samples.one(task.metrics.source.poll_time.summary().max),
    },
    Family {
        name: "kafka_connect_source_task_poll_batch_avg_time_ms",
        kind: Gauge,
        help: "Mean time of the polls that brought rows within the sample window, in milliseconds.",
        attributes: &["source-task-metrics/poll-batch-avg-time-ms"],
        write: |task, samples| samples.one(task.metrics.source.poll_time.summary().average()),
    },
    Family {
        name: "kafka_connect_source_task_source_record_active_count",
        kind: Gauge,
        help: "Rows that the source brought and that Kafka has not acknowledged, counted by whole batches.",
        attributes: &["source-task-metrics/source-record-active-count"],
        write: |task, samples| samples.one(task.metrics.source.active.get()),
    },
    Family {
        name: "kafka_connect_source_task_source_record_active_count_max",
        kind: Gauge,
        help: "The most of these at once within the sample window.",
        attributes: &["source-task-metrics/source-record-active-count-max"],
        write: |task, samples| samples.one(task.metrics.source.active_window.summary().max),
    },
    Family {
        name: "kafka_connect_source_task_source_record_active_count_avg",
        kind: Gauge,
        help: "The mean of these within the sample window.",
        attributes: &["source-task-metrics/source-record-active-count-avg"],
        write: |task, samples| samples.one(task.metrics.source.active_window.summary().average()),
    },
];

/// Of a sink's task.
pub(in crate::rest::metrics) const SINK: &[Family<TaskSnapshot>] = &[
    Family {
        name: "kafka_connect_sink_task_sink_record_read_total",
        kind: Counter,
        help: "Rows that were read from Kafka, before the transforms.",
        attributes: &["sink-task-metrics/sink-record-read-total"],
        write: |task, samples| samples.one(task.metrics.sink.read.get()),
    },
    Family {
        name: "kafka_connect_sink_task_sink_record_send_total",
        kind: Counter,
        help: "Rows that the sink was given and took, after the transforms.",
        attributes: &["sink-task-metrics/sink-record-send-total"],
        write: |task, samples| samples.one(task.metrics.sink.sent.get()),
    },
    Family {
        name: "kafka_connect_sink_task_sink_record_active_count",
        kind: Gauge,
        help: "Rows that were read and whose offsets are not committed.",
        attributes: &["sink-task-metrics/sink-record-active-count"],
        write: |task, samples| samples.one(task.metrics.sink.active.get()),
    },
    Family {
        name: "kafka_connect_sink_task_sink_record_active_count_max",
        kind: Gauge,
        help: "The most of these at once within the sample window.",
        attributes: &["sink-task-metrics/sink-record-active-count-max"],
        write: |task, samples| samples.one(task.metrics.sink.active_window.summary().max),
    },
    Family {
        name: "kafka_connect_sink_task_sink_record_active_count_avg",
        kind: Gauge,
        help: "The mean of these within the sample window.",
        attributes: &["sink-task-metrics/sink-record-active-count-avg"],
        write: |task, samples| samples.one(task.metrics.sink.active_window.summary().average()),
    },
    Family {
        name: "kafka_connect_sink_task_partition_count",
        kind: Gauge,
        help: "Partitions that are the task's now.",
        attributes: &["sink-task-metrics/partition-count"],
        write: |task, samples| samples.one(task.metrics.sink.partitions.get()),
    },
    Family {
        name: "kafka_connect_sink_task_offset_commit_seq_no",
        kind: Gauge,
        help: "The number of the last commit of offsets that was begun, from 1.",
        attributes: &["sink-task-metrics/offset-commit-seq-no"],
        write: |task, samples| samples.one(task.metrics.sink.commit_seq_no.get()),
    },
    Family {
        name: "kafka_connect_sink_task_offset_commit_completion_total",
        kind: Counter,
        help: "Commits of offsets that succeeded.",
        attributes: &["sink-task-metrics/offset-commit-completion-total"],
        write: |task, samples| samples.one(task.metrics.sink.commits.get()),
    },
    Family {
        name: "kafka_connect_sink_task_put_batch_max_time_ms",
        kind: Gauge,
        help: "The longest put of rows within the sample window, in milliseconds.",
        attributes: &["sink-task-metrics/put-batch-max-time-ms"],
        write: |task, samples| samples.one(task.metrics.sink.put_time.summary().max),
    },
    Family {
        name: "kafka_connect_sink_task_put_batch_avg_time_ms",
        kind: Gauge,
        help: "Mean time of the puts of rows within the sample window, in milliseconds.",
        attributes: &["sink-task-metrics/put-batch-avg-time-ms"],
        write: |task, samples| samples.one(task.metrics.sink.put_time.summary().average()),
    },
    Family {
        name: "weir_sink_lag_records",
        kind: Gauge,
        help: "Records in the task's partitions that it has not read yet, all partitions together. Absent until the ends are known.",
        attributes: &[],
        write: |task, samples| {
            if let Some(lag) = task.metrics.connections.lag() {
                samples.one(lag.total);
            }
        },
    },
    Family {
        name: "weir_sink_lag_records_max",
        kind: Gauge,
        help: "The same of the partition that has most of them.",
        attributes: &[],
        write: |task, samples| {
            if let Some(lag) = task.metrics.connections.lag() {
                samples.one(lag.largest);
            }
        },
    },
];
