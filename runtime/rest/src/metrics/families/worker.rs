//! Families of the worker as a whole: `connect-worker-metrics`, `app-info`, the engine and the process.

use crate::metrics::family::Family;
use crate::metrics::page::Survey;
use crate::metrics::process;
use crate::metrics::text::Kind::{Counter, Gauge};

/// The families of the worker.
pub(in crate::metrics) const WORKER: &[Family<Survey>] = &[
    Family {
        name: "kafka_connect_worker_connector_count",
        kind: Gauge,
        help: "Number of connectors of this worker.",
        attributes: &["connect-worker-metrics/connector-count"],
        write: |survey, samples| samples.one(survey.connectors.len()),
    },
    Family {
        name: "kafka_connect_worker_task_count",
        kind: Gauge,
        help: "Number of tasks of this worker.",
        attributes: &["connect-worker-metrics/task-count"],
        write: |survey, samples| {
            samples.one(survey.connectors.iter().map(|connector| connector.tasks.len()).sum::<usize>());
        },
    },
    Family {
        name: "kafka_connect_worker_connector_startup_attempts_total",
        kind: Counter,
        help: "Completed connector starts, successful or not.",
        attributes: &["connect-worker-metrics/connector-startup-attempts-total"],
        write: |survey, samples| samples.one(survey.worker.connectors.attempts()),
    },
    Family {
        name: "kafka_connect_worker_connector_startup_success_total",
        kind: Counter,
        help: "Successful connector starts.",
        attributes: &["connect-worker-metrics/connector-startup-success-total"],
        write: |survey, samples| samples.one(survey.worker.connectors.succeeded.get()),
    },
    Family {
        name: "kafka_connect_worker_connector_startup_failure_total",
        kind: Counter,
        help: "Failed connector starts.",
        attributes: &["connect-worker-metrics/connector-startup-failure-total"],
        write: |survey, samples| samples.one(survey.worker.connectors.failed.get()),
    },
    Family {
        name: "kafka_connect_worker_connector_startup_success_percentage",
        kind: Gauge,
        help: "Fraction of the connector starts within the sample window that succeeded, from 0 to 1; NaN if there were none.",
        attributes: &["connect-worker-metrics/connector-startup-success-percentage"],
        write: |survey, samples| samples.one(survey.worker.connectors.results.share_of_ones()),
    },
    Family {
        name: "kafka_connect_worker_connector_startup_failure_percentage",
        kind: Gauge,
        help: "Fraction of the connector starts within the sample window that failed, from 0 to 1.",
        attributes: &["connect-worker-metrics/connector-startup-failure-percentage"],
        write: |survey, samples| samples.one(survey.worker.connectors.results.share_of_zeros()),
    },
    Family {
        name: "kafka_connect_worker_task_startup_attempts_total",
        kind: Counter,
        help: "Completed task starts, successful or not.",
        attributes: &["connect-worker-metrics/task-startup-attempts-total"],
        write: |survey, samples| samples.one(survey.worker.tasks.attempts()),
    },
    Family {
        name: "kafka_connect_worker_task_startup_success_total",
        kind: Counter,
        help: "Successful task starts.",
        attributes: &["connect-worker-metrics/task-startup-success-total"],
        write: |survey, samples| samples.one(survey.worker.tasks.succeeded.get()),
    },
    Family {
        name: "kafka_connect_worker_task_startup_failure_total",
        kind: Counter,
        help: "Failed task starts.",
        attributes: &["connect-worker-metrics/task-startup-failure-total"],
        write: |survey, samples| samples.one(survey.worker.tasks.failed.get()),
    },
    Family {
        name: "kafka_connect_worker_task_startup_success_percentage",
        kind: Gauge,
        help: "Fraction of the task starts within the sample window that succeeded, from 0 to 1; NaN if there were none.",
        attributes: &["connect-worker-metrics/task-startup-success-percentage"],
        write: |survey, samples| samples.one(survey.worker.tasks.results.share_of_ones()),
    },
    Family {
        name: "kafka_connect_worker_task_startup_failure_percentage",
        kind: Gauge,
        help: "Fraction of the task starts within the sample window that failed, from 0 to 1.",
        attributes: &["connect-worker-metrics/task-startup-failure-percentage"],
        write: |survey, samples| samples.one(survey.worker.tasks.results.share_of_zeros()),
    },
    Family {
        name: "kafka_connect_version_info",
        kind: Gauge,
        help: "1, with the version of Kafka Connect that the worker implements as a label, as returned by `GET /`.",
        attributes: &["app-info/version"],
        write: |_, samples| samples.with(&[("version", weir_api::KAFKA_CONNECT)], 1_u64),
    },
    Family {
        name: "kafka_connect_commit_id_info",
        kind: Gauge,
        help: "1, with the commit of that version of Kafka Connect as a label.",
        attributes: &["app-info/commit-id"],
        write: |_, samples| samples.with(&[("commit_id", weir_api::KAFKA_COMMIT)], 1_u64),
    },
    Family {
        name: "weir_build_info",
        kind: Gauge,
        help: "1, with Weir's version and the commit from which it was built as labels.",
        attributes: &[],
        write: |survey, samples| {
            samples.with(&[("version", survey.build.version), ("commit", survey.build.commit)], 1_u64);
        },
    },
    Family {
        name: "kafka_connect_start_time_seconds",
        kind: Gauge,
        help: "When the worker started, in seconds since 1970.",
        attributes: &["app-info/start-time-ms"],
        write: |survey, samples| samples.one(survey.worker.started().as_secs_f64()),
    },
    Family {
        name: "weir_log_lines_dropped_total",
        kind: Counter,
        help: "Log lines of the worker that were dropped because standard error was not read fast enough.",
        attributes: &[],
        write: |_, samples| samples.one(weir_logging::dropped_lines()),
    },
    Family {
        name: "weir_components",
        kind: Gauge,
        help: "Loaded components, each with one or more plugins.",
        attributes: &[],
        write: |survey, samples| samples.one(survey.components),
    },
    Family {
        name: "weir_component_compilations_total",
        kind: Counter,
        help: "Components that were compiled.",
        attributes: &[],
        write: |survey, samples| samples.one(survey.engine.compiled()),
    },
    Family {
        name: "weir_component_compile_seconds_total",
        kind: Counter,
        help: "Time spent compiling components, in seconds.",
        attributes: &[],
        write: |survey, samples| samples.one(survey.engine.compile_time().as_secs_f64()),
    },
    Family {
        name: "weir_component_cache_hits_total",
        kind: Counter,
        help: "Components that were found already compiled on disk (weir.plugin.cache).",
        attributes: &[],
        write: |survey, samples| samples.one(survey.engine.from_cache()),
    },
    Family {
        name: "weir_instances",
        kind: Gauge,
        help: "Sandboxes that currently exist.",
        attributes: &[],
        write: |survey, samples| samples.one(survey.engine.instances()),
    },
    Family {
        name: "weir_instances_created_total",
        kind: Counter,
        help: "Sandboxes that were created, including those that only answered one question about a configuration.",
        attributes: &[],
        write: |survey, samples| samples.one(survey.engine.instantiated()),
    },
    Family {
        name: "weir_instances_cpu_seconds_total",
        kind: Counter,
        help: "Processor time of all sandboxes together, in seconds.",
        attributes: &[],
        write: |survey, samples| samples.one(survey.engine.cpu().as_secs_f64()),
    },
    Family {
        name: "weir_instances_traps_total",
        kind: Counter,
        help: "Number of times any sandbox trapped, by kind, as in weir_guest_traps_total.",
        attributes: &[],
        write: |survey, samples| survey.engine.traps().for_each(|(kind, count)| samples.with(&[("kind", kind)], count)),
    },
    Family {
        name: "weir_producers",
        kind: Gauge,
        help: "Open Kafka producers. Tasks with equal client settings share one.",
        attributes: &[],
        write: |survey, samples| samples.one(survey.producers),
    },
    Family {
        name: "weir_kafka_connections",
        kind: Gauge,
        help: "Open connections to Kafka brokers, by kind of client: producer, consumer.",
        attributes: &[],
        write: |survey, samples| {
            survey.connections.iter().for_each(|(client, up)| samples.with(&[("client", client)], *up));
        },
    },
    Family {
        name: "weir_records_in_flight_bytes",
        kind: Gauge,
        help: "Memory used by records between plugins and Kafka, as counted for weir.records.in.flight.max.bytes.",
        attributes: &[],
        write: |survey, samples| samples.one(survey.in_flight),
    },
    Family {
        name: "weir_restarts_given_up_total",
        kind: Counter,
        help: "Connectors and tasks that were left FAILED after as many unsuccessful restarts as weir.restart.max.attempts allows.",
        attributes: &[],
        write: |survey, samples| samples.one(survey.worker.restarts_given_up.get()),
    },
    Family {
        name: "weir_config_provider_failures_total",
        kind: Counter,
        help: "Configurations that could not be resolved because a config provider failed.",
        attributes: &[],
        write: |survey, samples| samples.one(survey.provider_failures),
    },
    Family {
        name: "weir_offset_file_failures_total",
        kind: Counter,
        help: "Failed writes of the offset file (offset.storage.file.filename). What was not written is written with the next commit, or \
               read again after a restart.",
        attributes: &[],
        write: |survey, samples| samples.one(survey.offset_failures),
    },
    Family {
        name: "weir_rest_answers_total",
        kind: Counter,
        help: "Responses of the REST server by HTTP status, including those of access control. Except for 401, 403, 429, 500 and 503, a \
               status that has not occurred yet is absent.",
        attributes: &[],
        write: |survey, samples| {
            for (status, count) in survey.worker.rest.answers() {
                samples.with(&[("status", &status.to_string())], count);
            }
        },
    },
    Family {
        name: "weir_rest_failed_logins_total",
        kind: Counter,
        help: "Requests with invalid credentials, all of which were answered with 401.",
        attributes: &[],
        write: |survey, samples| samples.one(survey.worker.rest.failed_logins.get()),
    },
    Family {
        name: "weir_rest_failed_handshakes_total",
        kind: Counter,
        help: "Failed TLS handshakes with clients of the REST server, except those that the client aborted.",
        attributes: &[],
        write: |survey, samples| samples.one(survey.worker.rest.failed_handshakes.get()),
    },
    Family {
        name: "weir_rest_certificate_expiry_time_seconds",
        kind: Gauge,
        help: "When the certificate of the https listeners expires, in seconds since 1970. The label listeners is the key that lists \
               them.",
        attributes: &[],
        write: |survey, samples| {
            let rest = &survey.worker.rest;
            for (key, time) in [("listeners", &rest.certificate), ("admin.listeners", &rest.admin_certificate)] {
                if time.get() > 0 {
                    samples.with(&[("listeners", key)], time.get());
                }
            }
        },
    },
    Family {
        name: "process_cpu_seconds_total",
        kind: Counter,
        help: "Processor time of the worker process, in seconds.",
        attributes: &[],
        write: |_, samples| samples.one(process::cpu().as_secs_f64()),
    },
    Family {
        name: "process_resident_memory_bytes",
        kind: Gauge,
        help: "Memory of the worker process that is in RAM, in bytes.",
        attributes: &[],
        write: |_, samples| {
            if let Some(bytes) = process::resident_memory() {
                samples.one(bytes);
            }
        },
    },
    Family {
        name: "process_open_fds",
        kind: Gauge,
        help: "Open file descriptors of the worker process.",
        attributes: &[],
        write: |_, samples| {
            if let Some(count) = process::open_files() {
                samples.one(count);
            }
        },
    },
];
