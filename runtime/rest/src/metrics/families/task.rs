//! Families of a task: `connector-task-metrics`, `task-error-metrics`, `source-task-metrics`, `sink-task-metrics`.

use std::time::Duration;

use super::word;
use crate::metrics::family::Family;
use crate::metrics::text::Kind::{Counter, Gauge};
use weir_herder::TaskSnapshot;

/// The families of every task.
pub(in crate::metrics) const TASK: &[Family<TaskSnapshot>] = &[
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
        help: "Fraction of time that the task has been running, from 0 to 1.",
        attributes: &["connector-task-metrics/running-ratio"],
        write: |task, samples| samples.one(task.metrics.state_ratios().running),
    },
    Family {
        name: "kafka_connect_connector_task_pause_ratio",
        kind: Gauge,
        help: "Fraction of time that the task has been paused, from 0 to 1.",
        attributes: &["connector-task-metrics/pause-ratio"],
        write: |task, samples| samples.one(task.metrics.state_ratios().paused),
    },
    Family {
        name: "kafka_connect_connector_task_batch_size_max",
        kind: Gauge,
        help: "Number of records in the largest batch within the sample window.",
        attributes: &["connector-task-metrics/batch-size-max"],
        write: |task, samples| samples.one(task.metrics.batch_size.summary().max),
    },
    Family {
        name: "kafka_connect_connector_task_batch_size_avg",
        kind: Gauge,
        help: "Average number of records per batch within the sample window.",
        attributes: &["connector-task-metrics/batch-size-avg"],
        write: |task, samples| samples.one(task.metrics.batch_size.summary().average()),
    },
    Family {
        name: "kafka_connect_connector_task_offset_commit_max_time_ms",
        kind: Gauge,
        help: "Longest time of a successful offset commit within the sample window, in milliseconds.",
        attributes: &["connector-task-metrics/offset-commit-max-time-ms"],
        write: |task, samples| samples.one(task.metrics.commit_time.summary().max),
    },
    Family {
        name: "kafka_connect_connector_task_offset_commit_avg_time_ms",
        kind: Gauge,
        help: "Average time of the successful offset commits within the sample window, in milliseconds.",
        attributes: &["connector-task-metrics/offset-commit-avg-time-ms"],
        write: |task, samples| samples.one(task.metrics.commit_time.summary().average()),
    },
    Family {
        name: "kafka_connect_connector_task_offset_commit_success_percentage",
        kind: Gauge,
        help: "Fraction of the offset commits within the sample window that succeeded, from 0 to 1; NaN if there were none.",
        attributes: &["connector-task-metrics/offset-commit-success-percentage"],
        write: |task, samples| samples.one(task.metrics.commit_success.share_of_ones()),
    },
    Family {
        name: "kafka_connect_connector_task_offset_commit_failure_percentage",
        kind: Gauge,
        help: "Fraction of the offset commits within the sample window that failed, from 0 to 1.",
        attributes: &["connector-task-metrics/offset-commit-failure-percentage"],
        write: |task, samples| samples.one(task.metrics.commit_success.share_of_zeros()),
    },
    Family {
        name: "kafka_connect_task_error_total_record_failures",
        kind: Counter,
        help: "Failed operations on records, including operations that were retried.",
        attributes: &["task-error-metrics/total-record-failures"],
        write: |task, samples| samples.one(task.metrics.errors.failures.get()),
    },
    Family {
        name: "kafka_connect_task_error_total_record_errors",
        kind: Counter,
        help: "Records that failed permanently and were not tolerated.",
        attributes: &["task-error-metrics/total-record-errors"],
        write: |task, samples| samples.one(task.metrics.errors.errors.get()),
    },
    Family {
        name: "kafka_connect_task_error_total_records_skipped",
        kind: Counter,
        help: "Records that failed and were skipped, as errors.tolerance allows.",
        attributes: &["task-error-metrics/total-records-skipped"],
        write: |task, samples| samples.one(task.metrics.errors.skipped.get()),
    },
    Family {
        name: "kafka_connect_task_error_total_retries",
        kind: Counter,
        help: "Operations that were retried.",
        attributes: &["task-error-metrics/total-retries"],
        write: |task, samples| samples.one(task.metrics.errors.retries.get()),
    },
    Family {
        name: "kafka_connect_task_error_total_errors_logged",
        kind: Counter,
        help: "Errors that were logged because errors.log.enable is set.",
        attributes: &["task-error-metrics/total-errors-logged"],
        write: |task, samples| samples.one(task.metrics.errors.logged.get()),
    },
    Family {
        name: "kafka_connect_task_error_deadletterqueue_produce_requests",
        kind: Counter,
        help: "Records that were sent to the dead letter queue.",
        attributes: &["task-error-metrics/deadletterqueue-produce-requests"],
        write: |task, samples| samples.one(task.metrics.errors.dead_letter_requests.get()),
    },
    Family {
        name: "kafka_connect_task_error_deadletterqueue_produce_failures",
        kind: Counter,
        help: "Records that could not be written to the dead letter queue.",
        attributes: &["task-error-metrics/deadletterqueue-produce-failures"],
        write: |task, samples| samples.one(task.metrics.errors.dead_letter_failures.get()),
    },
    Family {
        name: "kafka_connect_task_error_last_error_timestamp",
        kind: Gauge,
        help: "When a record last failed permanently, in milliseconds since 1970; 0 if none has.",
        attributes: &["task-error-metrics/last-error-timestamp"],
        write: |task, samples| samples.one(task.metrics.errors.last.get()),
    },
    Family {
        name: "weir_task_offset_commit_last_timestamp_seconds",
        kind: Gauge,
        help: "When the task last committed offsets, or had nothing new to commit, in seconds since 1970. Absent until then.",
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
        help: "0 if one of the task's Kafka clients cannot reach any broker, in which case the task's status says why; 1 if not.",
        attributes: &[],
        write: |task, samples| samples.one(u64::from(task.metrics.connections.outage().is_none())),
    },
];

/// The families of a source task.
pub(in crate::metrics) const SOURCE: &[Family<TaskSnapshot>] = &[
    Family {
        name: "kafka_connect_source_task_source_record_poll_total",
        kind: Counter,
        help: "Records that the source returned, before the transforms.",
        attributes: &["source-task-metrics/source-record-poll-total"],
        write: |task, samples| samples.one(task.metrics.source.polled.get()),
    },
    Family {
        name: "kafka_connect_source_task_source_record_write_total",
        kind: Counter,
        help: "Records that Kafka has acknowledged, after the transforms.",
        attributes: &["source-task-metrics/source-record-write-total"],
        write: |task, samples| samples.one(task.metrics.source.written.get()),
    },
    Family {
        name: "kafka_connect_source_task_poll_batch_max_time_ms",
        kind: Gauge,
        help: "Longest time of a poll that returned records within the sample window, in milliseconds.",
        attributes: &["source-task-metrics/poll-batch-max-time-ms"],
        write: |task, samples| samples.one(task.metrics.source.poll_time.summary().max),
    },
    Family {
        name: "kafka_connect_source_task_poll_batch_avg_time_ms",
        kind: Gauge,
        help: "Average time of the polls that returned records within the sample window, in milliseconds.",
        attributes: &["source-task-metrics/poll-batch-avg-time-ms"],
        write: |task, samples| samples.one(task.metrics.source.poll_time.summary().average()),
    },
    Family {
        name: "kafka_connect_source_task_source_record_active_count",
        kind: Gauge,
        help: "Records that the source returned and that Kafka has not acknowledged, counted by whole batches.",
        attributes: &["source-task-metrics/source-record-active-count"],
        write: |task, samples| samples.one(task.metrics.source.active.get()),
    },
    Family {
        name: "kafka_connect_source_task_source_record_active_count_max",
        kind: Gauge,
        help: "Largest number of these records at once within the sample window.",
        attributes: &["source-task-metrics/source-record-active-count-max"],
        write: |task, samples| samples.one(task.metrics.source.active_window.summary().max),
    },
    Family {
        name: "kafka_connect_source_task_source_record_active_count_avg",
        kind: Gauge,
        help: "Average number of these records within the sample window.",
        attributes: &["source-task-metrics/source-record-active-count-avg"],
        write: |task, samples| samples.one(task.metrics.source.active_window.summary().average()),
    },
];

/// The families of a sink task.
pub(in crate::metrics) const SINK: &[Family<TaskSnapshot>] = &[
    Family {
        name: "kafka_connect_sink_task_sink_record_read_total",
        kind: Counter,
        help: "Records that were read from Kafka, before the transforms.",
        attributes: &["sink-task-metrics/sink-record-read-total"],
        write: |task, samples| samples.one(task.metrics.sink.read.get()),
    },
    Family {
        name: "kafka_connect_sink_task_sink_record_send_total",
        kind: Counter,
        help: "Records that were passed to the sink and that it accepted, after the transforms.",
        attributes: &["sink-task-metrics/sink-record-send-total"],
        write: |task, samples| samples.one(task.metrics.sink.sent.get()),
    },
    Family {
        name: "kafka_connect_sink_task_sink_record_active_count",
        kind: Gauge,
        help: "Records that were read and whose offsets are not committed.",
        attributes: &["sink-task-metrics/sink-record-active-count"],
        write: |task, samples| samples.one(task.metrics.sink.active.get()),
    },
    Family {
        name: "kafka_connect_sink_task_sink_record_active_count_max",
        kind: Gauge,
        help: "Largest number of these records at once within the sample window.",
        attributes: &["sink-task-metrics/sink-record-active-count-max"],
        write: |task, samples| samples.one(task.metrics.sink.active_window.summary().max),
    },
    Family {
        name: "kafka_connect_sink_task_sink_record_active_count_avg",
        kind: Gauge,
        help: "Average number of these records within the sample window.",
        attributes: &["sink-task-metrics/sink-record-active-count-avg"],
        write: |task, samples| samples.one(task.metrics.sink.active_window.summary().average()),
    },
    Family {
        name: "kafka_connect_sink_task_partition_count",
        kind: Gauge,
        help: "Partitions that are currently assigned to the task.",
        attributes: &["sink-task-metrics/partition-count"],
        write: |task, samples| samples.one(task.metrics.sink.partitions.get()),
    },
    Family {
        name: "kafka_connect_sink_task_offset_commit_seq_no",
        kind: Gauge,
        help: "Sequence number of the last offset commit that was started, beginning with 1.",
        attributes: &["sink-task-metrics/offset-commit-seq-no"],
        write: |task, samples| samples.one(task.metrics.sink.commit_seq_no.get()),
    },
    Family {
        name: "kafka_connect_sink_task_offset_commit_completion_total",
        kind: Counter,
        help: "Offset commits that succeeded.",
        attributes: &["sink-task-metrics/offset-commit-completion-total"],
        write: |task, samples| samples.one(task.metrics.sink.commits.get()),
    },
    Family {
        name: "kafka_connect_sink_task_put_batch_max_time_ms",
        kind: Gauge,
        help: "Longest time of a put of records within the sample window, in milliseconds.",
        attributes: &["sink-task-metrics/put-batch-max-time-ms"],
        write: |task, samples| samples.one(task.metrics.sink.put_time.summary().max),
    },
    Family {
        name: "kafka_connect_sink_task_put_batch_avg_time_ms",
        kind: Gauge,
        help: "Average time of the puts of records within the sample window, in milliseconds.",
        attributes: &["sink-task-metrics/put-batch-avg-time-ms"],
        write: |task, samples| samples.one(task.metrics.sink.put_time.summary().average()),
    },
    Family {
        name: "weir_sink_lag_records",
        kind: Gauge,
        help: "Records in the task's partitions that it has not read yet, for all partitions together. Absent until the end offsets are \
               known.",
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
        help: "Records not read yet in the partition that has the most of them.",
        attributes: &[],
        write: |task, samples| {
            if let Some(lag) = task.metrics.connections.lag() {
                samples.one(lag.largest);
            }
        },
    },
];
