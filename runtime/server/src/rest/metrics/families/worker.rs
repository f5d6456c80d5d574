//! Families of the worker as a whole: `connect-worker-metrics`, `app-info`, the engine and the process.

use crate::rest::metrics::family::Family;
use crate::rest::metrics::page::Survey;
use crate::rest::metrics::process;
use crate::rest::metrics::text::Kind::{Counter, Gauge};
use crate::version;

/// The table.
pub(in crate::rest::metrics) const WORKER: &[Family<Survey>] = &[
    Family {
        name: "kafka_connect_worker_connector_count",
        kind: Gauge,
        help: "Connectors of this worker.",
        attributes: &["connect-worker-metrics/connector-count"],
        write: |survey, samples| samples.one(survey.connectors.len()),
    },
    Family {
        name: "kafka_connect_worker_task_count",
        kind: Gauge,
        help: "Tasks of this worker.",
        attributes: &["connect-worker-metrics/task-count"],
        write: |survey, samples| {
            samples.one(survey.connectors.iter().map(|connector| connector.tasks.len()).sum::<usize>());
        },
    },
    Family {
        name: "kafka_connect_worker_connector_startup_attempts_total",
        kind: Counter,
        help: "Starts of connectors that have ended, well or not.",
        attributes: &["connect-worker-metrics/connector-startup-attempts-total"],
        write: |survey, samples| samples.one(survey.worker.connectors.attempts()),
    },
    Family {
        name: "kafka_connect_worker_connector_startup_success_total",
        kind: Counter,
        help: "Starts of connectors that succeeded.",
        attributes: &["connect-worker-metrics/connector-startup-success-total"],
        write: |survey, samples| samples.one(survey.worker.connectors.succeeded.get()),
    },
    Family {
        name: "kafka_connect_worker_connector_startup_failure_total",
        kind: Counter,
        help: "Starts of connectors that failed.",
        attributes: &["connect-worker-metrics/connector-startup-failure-total"],
        write: |survey, samples| samples.one(survey.worker.connectors.failed.get()),
    },
    Family {
        name: "kafka_connect_worker_connector_startup_success_percentage",
        kind: Gauge,
        help: "The fraction of the starts of connectors within the sample window that succeeded, from 0 to 1; NaN where there was none.",
        attributes: &["connect-worker-metrics/connector-startup-success-percentage"],
        write: |survey, samples| samples.one(survey.worker.connectors.results.share_of_ones()),
    },
    Family {
        name: "kafka_connect_worker_connector_startup_failure_percentage",
        kind: Gauge,
        help: "The fraction of the starts of connectors within the sample window that failed, from 0 to 1.",
        attributes: &["connect-worker-metrics/connector-startup-failure-percentage"],
        write: |survey, samples| samples.one(survey.worker.connectors.results.share_of_zeros()),
    },
    Family {
        name: "kafka_connect_worker_task_startup_attempts_total",
        kind: Counter,
        help: "Starts of tasks that have ended, well or not.",
        attributes: &["connect-worker-metrics/task-startup-attempts-total"],
        write: |survey, samples| samples.one(survey.worker.tasks.attempts()),
    },
    Family {
        name: "kafka_connect_worker_task_startup_success_total",
        kind: Counter,
        help: "Starts of tasks that succeeded.",
        attributes: &["connect-worker-metrics/task-startup-success-total"],
        write: |survey, samples| samples.one(survey.worker.tasks.succeeded.get()),
    },
    Family {
        name: "kafka_connect_worker_task_startup_failure_total",
        kind: Counter,
        help: "Starts of tasks that failed.",
        attributes: &["connect-worker-metrics/task-startup-failure-total"],
        write: |survey, samples| samples.one(survey.worker.tasks.failed.get()),
    },
    Family {
        name: "kafka_connect_worker_task_startup_success_percentage",
        kind: Gauge,
        help: "The fraction of the starts of tasks within the sample window that succeeded, from 0 to 1; NaN where there was none.",
        attributes: &["connect-worker-metrics/task-startup-success-percentage"],
        write: |survey, samples| samples.one(survey.worker.tasks.results.share_of_ones()),
    },
    Family {
        name: "kafka_connect_worker_task_startup_failure_percentage",
        kind: Gauge,
        help: "The fraction of the starts of tasks within the sample window that failed, from 0 to 1.",
        attributes: &["connect-worker-metrics/task-startup-failure-percentage"],
        write: |survey, samples| samples.one(survey.worker.tasks.results.share_of_zeros()),
    },
    Family {
        name: "kafka_connect_version_info",
        kind: Gauge,
        help: "1, with the version of Kafka Connect that the worker implements as a label, as `GET /` tells it.",
        attributes: &["app-info/version"],
        write: |_, samples| samples.with(&[("version", version::KAFKA_CONNECT)], 1_u64),
    },
    Family {
        name: "kafka_connect_commit_id_info",
        kind: Gauge,
        help: "1, with the commit of that version of Kafka Connect as a label.",
        attributes: &["app-info/commit-id"],
        write: |_, samples| samples.with(&[("commit_id", version::KAFKA_COMMIT)], 1_u64),
    },
    Family {
        name: "weir_build_info",
        kind: Gauge,
        help: "1, with Weir's version and the commit that it was built from as labels.",
        attributes: &[],
        write: |_, samples| samples.with(&[("version", version::WEIR), ("commit", version::COMMIT)], 1_u64),
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
        help: "Components that are loaded, each with one or more plugins.",
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
        help: "Time that compiling took, in seconds.",
        attributes: &[],
        write: |survey, samples| samples.one(survey.engine.compile_time().as_secs_f64()),
    },
    Family {
        name: "weir_component_cache_hits_total",
        kind: Counter,
        help: "Components that were found compiled on the disk (weir.plugin.cache).",
        attributes: &[],
        write: |survey, samples| samples.one(survey.engine.from_cache()),
    },
    Family {
        name: "weir_instances",
        kind: Gauge,
        help: "Sandboxes that live now.",
        attributes: &[],
        write: |survey, samples| samples.one(survey.engine.instances()),
    },
    Family {
        name: "weir_instances_created_total",
        kind: Counter,
        help: "Sandboxes that were made, those that only answer one question about a configuration included.",
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
        help: "How often any sandbox died, by kind, as weir_guest_traps_total.",
        attributes: &[],
        write: |survey, samples| survey.engine.traps().for_each(|(kind, count)| samples.with(&[("kind", kind)], count)),
    },
    Family {
        name: "weir_producers",
        kind: Gauge,
        help: "Kafka producers that are open. Tasks with equal client settings share one.",
        attributes: &[],
        write: |survey, samples| samples.one(survey.producers),
    },
    Family {
        name: "weir_kafka_connections",
        kind: Gauge,
        help: "Connections to Kafka brokers that are up, by kind of client: producer, consumer.",
        attributes: &[],
        write: |survey, samples| {
            survey.connections.iter().for_each(|(client, up)| samples.with(&[("client", client)], *up));
        },
    },
    Family {
        name: "weir_records_in_flight_bytes",
        kind: Gauge,
        help: "Memory of records between plugins and Kafka, as weir.records.in.flight.max.bytes counts it.",
        attributes: &[],
        write: |survey, samples| samples.one(survey.in_flight),
    },
    Family {
        name: "weir_restarts_given_up_total",
        kind: Counter,
        help: "Connectors and tasks that were restarted in vain as often as weir.restart.max.attempts allows, and left FAILED.",
        attributes: &[],
        write: |survey, samples| samples.one(survey.worker.restarts_given_up.get()),
    },
    Family {
        name: "weir_config_provider_failures_total",
        kind: Counter,
        help: "Configurations that could not be resolved, because a config provider failed.",
        attributes: &[],
        write: |survey, samples| samples.one(survey.provider_failures),
    },
    Family {
        name: "weir_offset_file_failures_total",
        kind: Counter,
        help: "Writes of the offset file (offset.storage.file.filename) that failed. What was not written is written with the next \
               commit, or read again after a restart.",
        attributes: &[],
        write: |survey, samples| samples.one(survey.offset_failures),
    },
    Family {
        name: "weir_rest_answers_total",
        kind: Counter,
        help: "Answers of the REST server by HTTP status, those that access control gave included. Apart from 401, 403, 429, 500 and 503, a \
               status that there was not yet is missing.",
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
        help: "Requests with credentials that prove no name, all of which were answered with 401.",
        attributes: &[],
        write: |survey, samples| samples.one(survey.worker.rest.failed_logins.get()),
    },
    Family {
        name: "weir_rest_failed_handshakes_total",
        kind: Counter,
        help: "TLS handshakes with clients of the REST server that failed, those aside that the client broke off.",
        attributes: &[],
        write: |survey, samples| samples.one(survey.worker.rest.failed_handshakes.get()),
    },
    Family {
        name: "weir_rest_certificate_expiry_time_seconds",
        kind: Gauge,
        help: "When the certificate of https listeners expires, in seconds since 1970. The label listeners is the key that names them.",
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
        help: "Processor time of the worker's process, in seconds.",
        attributes: &[],
        write: |_, samples| samples.one(process::cpu().as_secs_f64()),
    },
    Family {
        name: "process_resident_memory_bytes",
        kind: Gauge,
        help: "Memory of the worker's process that is in RAM, in bytes.",
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
        help: "File descriptors that the worker's process has open.",
        attributes: &[],
        write: |_, samples| {
            if let Some(count) = process::open_files() {
                samples.one(count);
            }
        },
    },
];
